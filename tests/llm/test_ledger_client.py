"""A client that only knows the ledger: what isn't there waits, and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grandrounds.llm.answer import FAILED, OK, REFUSED, TRUNCATED, WAITING
from grandrounds.llm.answering import Answering, Progress
from grandrounds.llm.config import client_from_settings
from grandrounds.llm.ledger import Filed, Ledger
from grandrounds.llm.ledger_client import LedgerClient
from grandrounds.llm.reply import Reply, judge
from grandrounds.llm.request import ModelRequest
from grandrounds.settings import resolve
from tests.llm.helpers import ask, asks


def file(ledger: Ledger, request: ModelRequest, **reply: str) -> None:
    answer = judge(request, Reply(**{"text": '{"diagnosis": "gout", "quotes": []}', **reply}))
    ledger.write([Filed(request=request, answer=answer, backend="test")])


@pytest.fixture
def client(tmp_path: Path) -> Iterator[LedgerClient]:
    with LedgerClient(Ledger(tmp_path / "ledger.sqlite"), model="stub") as made:
        yield made


def test_what_the_ledger_holds_is_served_and_the_rest_waits(client: LedgerClient) -> None:
    answering: Answering = client
    file(client.ledger, asks(3)[1])

    pairs = list(answering.answers(asks(3)))

    assert [request for request, _ in pairs] == asks(3)
    assert [answer.status for _, answer in pairs] == [WAITING, OK, WAITING]
    assert pairs[1][1].from_ledger
    assert "no answer" in pairs[0][1].error
    tally = client.tally
    assert (tally.done, tally.served, tally.waiting, tally.not_ok, tally.sent) == (3, 1, 2, 2, 0)
    assert client.ledger.stats().answers == 1, "waiting is never filed"


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ({"refusal": "no"}, REFUSED),
        ({"finish_reason": "length"}, TRUNCATED),
        ({"error_class": "timeout", "error": "no reply in time"}, WAITING),
    ],
)
def test_an_answer_that_is_no_use_is_given_with_its_own_status(
    client: LedgerClient, reply: dict[str, str], status: str
) -> None:
    file(client.ledger, ask("a"), **reply)

    assert client.answer_all([ask("a")])[ask("a").request_id].status == status

    file(client.ledger, ask("a"))
    assert client.answer_all([ask("a")])[ask("a").request_id].status == OK


def test_equal_requests_get_equal_answers_in_their_places(client: LedgerClient) -> None:
    file(client.ledger, ask("a"))

    answers = [answer.status for _, answer in client.answers([ask("a"), ask("b"), ask("a")])]

    assert answers == [OK, WAITING, OK]


def test_requests_are_read_a_few_at_a_time_and_progress_is_told(client: LedgerClient) -> None:
    read, told = [], []

    def many() -> Iterator[ModelRequest]:
        for number in range(2000):
            read.append(number)
            yield ask(f"case {number}")

    def tell(progress: Progress) -> None:
        told.append((progress.done, progress.waiting, progress.total))

    stream = client.answers(many(), on_progress=tell)
    next(stream)
    assert len(read) <= 500
    assert len(list(stream)) == 1999
    assert told[-1] == (2000, 2000, None)


def test_the_settings_need_a_model_and_no_address(tmp_path: Path) -> None:
    home = {"GRANDROUNDS_HOME": str(tmp_path), "GRANDROUNDS_LLM_BACKEND": "files"}
    named = {**home, "GRANDROUNDS_LLM_MODEL": "m"}

    assert client_from_settings(resolve(home, environ={})) is None
    with client_from_settings(resolve(named, environ={})) as made:
        assert isinstance(made, LedgerClient)
        assert made.model == "m"
        assert repr(made).startswith("LedgerClient(model='m'")
    with client_from_settings(resolve(named, environ={}), model="n") as made:
        assert made.model == "n"


def test_failed_is_never_shown_for_an_answer(client: LedgerClient) -> None:
    """A live run that failed says nothing about an export."""
    file(client.ledger, ask("a"), error_class="http_500", error="the server answered 500")

    assert client.ledger.stats().by_status == {FAILED: 1}
    assert next(client.answers([ask("a")]))[1].status == WAITING
