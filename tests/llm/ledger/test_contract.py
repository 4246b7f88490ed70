"""What a ledger promises, whatever database it is in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grandrounds.errors import LedgerError
from grandrounds.fingerprint import content_id
from grandrounds.llm.answer import STATUSES, ModelAnswer
from grandrounds.llm.ledger import Ledger, open_ledger
from grandrounds.llm.request import KEY_VERSION, MediaPart, Message
from tests.llm.helpers import ask, asks
from tests.llm.ledger.support import GOOD, OTHER_GOOD, filed

FILED_STATUSES = [status for status in STATUSES if status != "waiting"]


def test_what_was_filed_is_served_by_the_next_process(where: str) -> None:
    request = ask("a")
    with Ledger(where) as ledger:
        ledger.write([filed(request)])

    with Ledger(where) as again:
        assert again.lookup([request, ask("b")]) == {
            request.request_id: replace(filed(request).answer, from_ledger=True)
        }


@pytest.mark.parametrize("status", FILED_STATUSES[1:])
def test_only_good_answers_are_served_and_the_others_are_kept(ledger: Ledger, status: str) -> None:
    request = ask("a")
    ledger.write([filed(request, status)])

    assert ledger.lookup([request]) == {}
    assert ledger.stats().by_status == {status: 1}
    assert ledger.lookup([request], statuses=("ok", status))[request.request_id].status == status


def test_a_request_that_waits_has_no_answer_to_file(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="waits for its answer"):
        ledger.write([filed(ask("b")), filed(ask("a"), "waiting")])

    assert ledger.stats().answers == 0


def test_refusals_are_served_when_asked_for_and_a_good_answer_wins(ledger: Ledger) -> None:
    request = ask("a")
    ledger.write([filed(request, "refused", text="first"), filed(request, "refused", text="second")])
    served = ledger.lookup([request], statuses=("ok", "refused"))
    assert served[request.request_id].text == "second"

    ledger.write([filed(request), filed(request, "refused")])
    served = ledger.lookup([request], statuses=("ok", "refused"))
    assert served[request.request_id].status == "ok"


def test_the_first_good_answer_counts_and_is_the_one_handed_back(where: str) -> None:
    request, fresh = ask("a"), ask("b")
    with Ledger(where) as one, Ledger(where) as two:
        one.write([filed(request)])
        counted = two.write(
            [filed(fresh, text=OTHER_GOOD), filed(request, text=OTHER_GOOD), filed(request, "failed")]
        )

        assert [answer.text for answer in counted] == [OTHER_GOOD, GOOD, "no"]
        assert [answer.from_ledger for answer in counted] == [False, True, False]
        assert counted[1].value()["diagnosis"] == "measles"
        assert two.stats().by_status == {"failed": 1, "ok": 2}


def test_of_two_good_answers_in_one_batch_the_first_counts(ledger: Ledger) -> None:
    request = ask("a")
    counted = ledger.write([filed(request), filed(request, text=OTHER_GOOD)])

    assert [answer.text for answer in counted] == [GOOD, GOOD]
    assert ledger.lookup([request])[request.request_id].text == GOOD


def test_an_answer_damaged_in_the_database_is_asked_again_and_replaced(ledger: Ledger) -> None:
    request = ask("a")
    ledger.write([filed(request)])
    ledger._database.write(
        lambda session: session.change("UPDATE ledger_answers SET text = ?", ['{"diagnosis": "mea'])
    )
    assert ledger.lookup([request]) == {}

    (counted,) = ledger.write([filed(request)])
    assert counted == filed(request).answer
    assert ledger.lookup([request])[request.request_id].ok
    assert ledger.stats().by_status == {"ok": 1, "unparsable": 1}


def test_a_stored_request_hashes_to_its_id(ledger: Ledger) -> None:
    picture = MediaPart(sha256="a" * 64, media_type="image/png")
    request = ask(
        "",
        messages=(Message(role="user", content="naïve 𝒳 \x00 \U0010fffd0 text", media=(picture,)),),
        temperature=0.7,
        protected=True,
    )
    ledger.write([filed(request)])
    stored = ledger.show(request.request_id)

    assert content_id("req", stored.key) == stored.request_id
    assert stored.key == request.key()
    assert stored.key_version == KEY_VERSION
    assert "a" * 64 in str(stored.key["messages"])
    assert stored.protected


def test_every_field_of_an_answer_is_kept(ledger: Ledger) -> None:
    texts = {"text", "finish_reason", "refusal", "model", "error", "error_class"}
    values = {name: f"{name} \x00 \U0010fffd1 é 𝒳\n" for name in texts}
    answer = ModelAnswer(
        request_id=ask("a").request_id,
        status="failed",
        prompt_tokens=2**53,
        completion_tokens=3,
        seconds=0.1 + 0.2,
        attempts=4,
        cost=1e-9,
        **values,
    )
    assert {field.name for field in fields(ModelAnswer)} - {"parsed", "from_ledger"} == {
        "request_id", "status", "prompt_tokens", "completion_tokens", "seconds", "attempts", "cost", *texts
    }  # fmt: skip
    ledger.write([replace(filed(ask("a")), answer=answer)])

    (kept,) = ledger.lookup([ask("a")], statuses=("failed",)).values()
    assert kept == replace(answer, from_ledger=True)


def test_half_a_character_from_a_server_does_not_end_the_run(ledger: Ledger) -> None:
    ledger.write([filed(ask("a"), "failed", text="half \ud83d", error="\udfff")])

    (kept,) = ledger.lookup([ask("a")], statuses=("failed",)).values()
    assert (kept.text, kept.error) == ("half ?", "?")


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_as_it_was(ledger: Ledger, texts: list[str]) -> None:
    requests = [ask(text) for text in texts]
    ledger.write(
        [filed(request, "failed", text=text) for request, text in zip(requests, texts, strict=True)]
    )

    found = ledger.lookup(requests, statuses=("failed",))
    assert [found[request.request_id].text for request in requests] == [text or "no" for text in texts]
    assert [ledger.show(request.request_id).key for request in requests] == [
        request.key() for request in requests
    ]


def test_protection_stays_once_it_is_given(ledger: Ledger) -> None:
    for protected in (False, True, False):
        ledger.write([filed(ask("a", protected=protected), "failed")])

    assert ledger.show(ask("a").request_id).protected


def test_a_schema_is_kept_once(ledger: Ledger) -> None:
    ledger.write([filed(request) for request in asks(5)])

    kept = ledger._database.read(lambda session: session.rows("SELECT schema FROM ledger_schemas"))
    assert kept == [(ask("a").schema,)]
    keys = ledger._database.read(lambda session: session.rows("SELECT key FROM ledger_requests"))
    assert not any("additionalProperties" in key for (key,) in keys)


def test_stats_count_what_was_paid_for(ledger: Ledger) -> None:
    assert (ledger.stats().answers, ledger.stats().oldest) == (0, "")
    before = datetime.now(UTC).isoformat(timespec="milliseconds")
    first, second = ask("a"), ask("b", prompt_name="vote", model="other")
    ledger.write([filed(first, "unparsable"), filed(first), filed(second, "truncated")])
    stats = ledger.stats()

    assert (stats.requests, stats.answers) == (2, 3)
    assert (stats.prompt_tokens, stats.completion_tokens, stats.cost) == (21, 9, 0.375)
    assert stats.by_status == {"ok": 1, "truncated": 1, "unparsable": 1}
    assert [(group.model, group.prompt_name, group.status, group.answers) for group in stats.groups] == [
        ("other", "vote", "truncated", 1),
        ("stub", "draft", "ok", 1),
        ("stub", "draft", "unparsable", 1),
    ]
    assert before <= stats.oldest <= stats.newest
    assert stats.bytes > 0


def test_lookups_of_any_size_are_answered(ledger: Ledger) -> None:
    requests = asks(1234)
    ledger.write([filed(request) for request in requests])

    assert set(ledger.lookup(requests)) == {request.request_id for request in requests}
    assert ledger.lookup([]) == {}
    assert ledger.write([]) == []


def test_threads_write_and_read_at_once(ledger: Ledger) -> None:
    requests = asks(100)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda request: ledger.write([filed(request)]), requests))
        found = list(pool.map(lambda request: len(ledger.lookup([request])), requests))

    assert found == [1] * 100


def test_many_openings_of_a_new_ledger_make_one(where: str) -> None:
    requests = asks(16)

    def open_and_write(position: int) -> None:
        with open_ledger(where) as ledger:
            ledger.write([filed(requests[position])])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_and_write, range(16)))

    with Ledger(where) as ledger:
        assert len(ledger.lookup(requests)) == 16
        assert ledger.check() == []


def test_writers_that_file_the_same_agree_on_what_counts(where: str) -> None:
    """Two machines ask the same: both are told the answer that stands, whoever was first."""
    requests = asks(40)

    def race(word: str) -> list[str]:
        text = f'{{"diagnosis": "{word}", "quotes": []}}'
        ordered = requests if word == "a" else requests[::-1]
        told: dict[str, str] = {}
        with Ledger(where) as ledger:
            for start in range(0, 40, 4):
                batch = [filed(request, text=text) for request in ordered[start : start + 4]]
                told |= {answer.request_id: answer.text for answer in ledger.write(batch)}
        return [told[request.request_id] for request in requests]

    Ledger(where).close()
    with ThreadPoolExecutor(3) as pool:
        one, two, three = pool.map(race, ["a", "b", "c"])

    assert one == two == three
    with Ledger(where) as ledger:
        assert [ledger.lookup([request])[request.request_id].text for request in requests] == one


def test_all_is_read_in_order_while_others_write(ledger: Ledger) -> None:
    requests = asks(450)
    ledger.write([filed(request) for request in requests])
    seen = []
    for number, stored in enumerate(ledger.stored()):
        seen.append(stored.request_id)
        if number == 10:
            ledger.write([filed(ask("late"))])

    assert set(seen) == {request.request_id for request in [*requests, ask("late")]}
    assert len(seen) == 451


def test_a_request_is_found_by_the_beginning_of_its_id(ledger: Ledger) -> None:
    requests = asks(40)
    ledger.write([filed(request) for request in requests])
    ledger.write([filed(requests[0], "failed")])
    wanted = requests[0].request_id

    stored = ledger.show(wanted[4:20])

    assert stored.request_id == wanted
    assert [one.answer.status for one in stored.answers] == ["ok", "failed"]
    assert stored.answers[0].backend == "http://localhost/v1"
    assert ledger.show(f" {wanted} ") == stored
    with pytest.raises(LedgerError, match="No request in the ledger"):
        ledger.show("req-" + "0" * 24)
    digits = [request.request_id[4] for request in requests]
    common = next(digit for digit in digits if digits.count(digit) > 1)
    with pytest.raises(LedgerError, match=f"Several requests start with req-{common}"):
        ledger.show(common)


@pytest.mark.parametrize("prefix", ["", "req-", "%", "_", "REQ-1", "'; DROP TABLE", "req-zz", "a" * 10_000])
def test_what_is_no_beginning_of_an_id_is_refused(ledger: Ledger, prefix: str) -> None:
    ledger.write([filed(ask("a"))])

    with pytest.raises(LedgerError, match="not the beginning of a request id") as caught:
        ledger.show(prefix)
    assert len(str(caught.value)) < 300


def test_protected_requests_are_left_out_unless_they_are_asked_for(ledger: Ledger) -> None:
    ledger.write(
        [filed(ask("a")), filed(ask("b", protected=True)), filed(ask("b", protected=True), "failed")]
    )

    assert [stored.request_id for stored in ledger.stored()] == [ask("a").request_id]
    assert len(list(ledger.stored(include_protected=True))) == 3
