"""The patient tells what it is asked for, once, word for word, and nothing else."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from grandrounds.records.envelope import Envelope, Item, content_sha256, item_id
from grandrounds.records.parts import ReviewSummary
from grandrounds.rubrics.dialogue import ALREADY, NOTHING, DialogueError, Patient, serve
from grandrounds.rubrics.judge import verdict
from tests.support.consultations import make_case, make_recipe, revised

CASE = make_case()


def item_of(task: str) -> Item:
    (row,) = revised(CASE, make_recipe(task))
    envelope = {field.name: getattr(row, field.name) for field in fields(Envelope)}
    return Item(
        **envelope, item_id=item_id(row), candidate_id=item_id(row), revision_id=row.revision_id, draft_id=row.draft_id,
        content_sha256=content_sha256(row), split="test", reviewed=False, review=ReviewSummary(status="not-reviewed"),
        available_from=date(2026, 1, 5),
    )  # fmt: skip


ITEM = item_of("consultation_turns")


def test_the_opening_holds_no_finding_that_is_to_be_asked_for() -> None:
    opening = Patient(ITEM).opening
    assert "farmer" in opening and opening.endswith(ITEM.question)
    assert not any(told.text in opening for told in ITEM.disclosures)
    assert len(ITEM.disclosures) >= 4


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What did you find on examination?", "a firm node of 3 cm"),
        ("May I see the ultrasound?", "necrotic centre"),
        ("Any imaging?", "hypoechoic node"),
        ("What do the blood tests say?", "Serum ferritin was 210"),
        ("Please give me the vital signs.", "118/74"),
    ],
)
def test_a_finding_is_told_when_it_is_asked_for(question: str, told: str) -> None:
    assert told in Patient(ITEM).ask(question)


def test_what_was_told_is_not_told_again_and_what_is_not_there_is_not_made_up() -> None:
    patient = Patient(ITEM)
    first = patient.ask("What does the ultrasound show?")
    assert patient.ask("And the ultrasound?") == ALREADY
    assert patient.ask("What is your favourite colour?") == NOTHING
    assert patient.ask("I don't need an examination.") == NOTHING
    assert all(sentence in CASE.text for sentence in (first,))
    assert patient.asked == 4


def test_asking_for_a_test_counts_as_asking_for_it() -> None:
    patient = Patient(ITEM)
    patient.ask("I would like serology and an ultrasound of the neck.")
    whole = patient.response("It is tularemia.")
    met = {each.text for each in ITEM.rubric if verdict(each, whole).verdict == "met"}
    assert {"Advises serology.", "Advises an ultrasound of the neck."} <= met


def test_nobody_may_ask_for_ever() -> None:
    patient = Patient(ITEM, most_questions=2)
    patient.ask("History?")
    patient.ask("History?")
    with pytest.raises(DialogueError, match="More than 2"):
        patient.ask("History?")


@pytest.fixture
def url() -> Iterator[str]:
    server = serve([ITEM])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/ask"
    server.shutdown()
    server.server_close()


def post(url: str, body: Any) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method="POST")) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as exc:
        return exc.code, json.load(exc)


def test_over_http_sessions_are_apart(url: str) -> None:
    def ask(session: str, message: str) -> dict[str, Any]:
        return post(url, {"session": session, "item_id": ITEM.item_id, "message": message})[1]

    assert ITEM.stem in ask("a", "")["reply"]
    assert "necrotic" in ask("a", "Ultrasound?")["reply"]
    assert ask("a", "Ultrasound?") == {"reply": ALREADY, "asked": 2}
    assert "necrotic" in ask("b", "Ultrasound?")["reply"]


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"[1]",
        b'{"session": 1}',
        b'{"session": "a", "item_id": "x", "message": "?"}',
        b"[" * 100000,
    ],
)
def test_hostile_bodies_are_refused_in_words(url: str, body: bytes) -> None:
    status, told = post(url, body)
    assert status == 400 and told["error"]
