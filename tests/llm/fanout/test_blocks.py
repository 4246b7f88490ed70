"""What travels between a run and its workers arrives as it left."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import EngineError, GrandRoundsError, LedgerError, ModelError
from grandrounds.llm.answer import OK, ModelAnswer
from grandrounds.llm.answering import Tally
from grandrounds.llm.budget import BudgetReached
from grandrounds.llm.fanout.blocks import (
    Report,
    pack_report,
    pack_requests,
    unpack_report,
    unpack_requests,
)
from grandrounds.llm.request import MediaPart, Message
from tests.llm.helpers import SCHEMA, ask

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    st.lists(st.tuples(text, st.booleans(), st.none() | st.floats(0, 2), st.integers(1, 9999)), max_size=5)
)
def test_requests_arrive_with_the_ids_that_they_left_with(
    asked: list[tuple[str, bool, float | None, int]],
) -> None:
    sent = [
        ask(words, protected=protected, temperature=temperature, max_tokens=tokens)
        for words, protected, temperature, tokens in asked
    ]
    arrived = unpack_requests(pack_requests(sent))
    assert arrived == sent
    assert [request.request_id for request in arrived] == [request.request_id for request in sent]


def test_pictures_travel_as_their_hashes() -> None:
    picture = MediaPart(sha256="a" * 64, media_type="image/png")
    sent = ask("", messages=(Message(role="user", content="What is it?", media=(picture,)),))
    assert unpack_requests(pack_requests([sent])) == [sent]


def test_a_schema_that_many_share_travels_once() -> None:
    other = {**SCHEMA, "required": ["diagnosis"]}
    block = pack_requests([ask("one"), ask("two"), ask("three", schema=other)])
    assert len(orjson.loads(block)["schemas"]) == 2
    assert unpack_requests(block)[2].schema == ask("three", schema=other).schema


def test_a_request_that_means_something_else_here_is_not_asked() -> None:
    block = orjson.loads(pack_requests([ask("one")]))
    block["requests"][0]["messages"][1][1] = "two"
    with pytest.raises(EngineError, match="same version"):
        unpack_requests(orjson.dumps(block))


def test_a_report_arrives_whole() -> None:
    answer = ModelAnswer(request_id="req-1", status=OK, text="{}", parsed="{}", cost=0.25, from_ledger=True)
    report = Report(
        block=3, answers=(answer,), tally=Tally(sent=1, cost=0.25), spent="The budget is reached."
    )
    assert unpack_report(pack_report(report)) == report


@pytest.mark.parametrize("kind", [ModelError, LedgerError, BudgetReached, EngineError])
def test_an_error_keeps_its_class_and_words(kind: type[GrandRoundsError]) -> None:
    trouble = unpack_report(
        pack_report(Report(block=0, trouble=kind("It broke.", remedy="Mend it.")))
    ).trouble
    assert type(trouble) is kind
    assert str(trouble) == "It broke. Mend it."
