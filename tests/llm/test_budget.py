"""Rates are kept, and a budget is never exceeded: not by a request, a token or a cent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import ModelError
from grandrounds.llm.answering import Pair
from grandrounds.llm.buckets import Bucket
from grandrounds.llm.budget import Budget, BudgetReached, Limits, Use, most_use, usual_use
from grandrounds.llm.client import ModelClient
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.prices import Prices
from grandrounds.llm.request import Message
from tests.llm.helpers import ask, asks, backend
from tests.support.stub_openai import StubProcess, StubServer

PRICES = Prices(prompt_per_million=1_000_000, completion_per_million=10_000_000, currency="EUR")
PAID = 100 * 1 + 10 * 10  # what the stub says that it used, at these prices


def limited(base_url: str, folder: Path, *, concurrency: int = 8, **limits: Any) -> ModelClient:
    return ModelClient(
        Ledger(folder / "ledger.sqlite"),
        backend(base_url, timeout_seconds=0.5),
        model="stub",
        concurrency=concurrency,
        prices=PRICES,
        limits=Limits(**limits),
    )


# Rates --------------------------------------------------------------------------------------------


def test_a_bucket_lets_through_its_rate() -> None:
    now = 0.0
    bucket = Bucket(120, clock=lambda: now)
    taken = 0
    while now < 60:
        wait = bucket.wait(1)
        if wait:
            now += wait
        else:
            bucket.take(1)
            taken += 1

    assert 120 <= taken <= 120 + 2  # a second's worth more at the beginning


@given(
    per_minute=st.floats(0.5, 1e6),
    amounts=st.lists(st.tuples(st.floats(0.1, 1e5), st.floats(0.0, 1.0)), min_size=1, max_size=50),
)
def test_a_bucket_never_lets_through_more_than_its_rate(
    per_minute: float, amounts: list[tuple[float, float]]
) -> None:
    now = used = 0.0
    bucket = Bucket(per_minute, clock=lambda: now)
    size = max(1.0, per_minute / 60)
    for estimate, share in amounts:
        while (wait := bucket.wait(estimate)) > 0:
            now += max(wait, 1e-9)
        # What goes now was covered by the time passed, but for one bucketful.
        assert used <= per_minute / 60 * now + size + 1e-6 * (1 + size + used)
        bucket.take(estimate)
        bucket.give_back(estimate * (1 - share))
        used += estimate * share


def test_a_long_wait_ends_though_time_is_not_exact() -> None:
    now = 2.0**33  # where the next number a clock can show is 2 microseconds on
    bucket = Bucket(0.7, clock=lambda: now)
    bucket.take(0.3)
    bucket.take(1e5)
    for _ in range(4):
        now += bucket.wait(1)
    assert bucket.wait(1) == 0


def test_a_request_larger_than_a_bucket_goes_and_the_next_waits_for_its_debt() -> None:
    now = 0.0
    bucket = Bucket(600, clock=lambda: now)
    assert bucket.wait(1000) == 0
    bucket.take(1000)

    assert bucket.wait(1) == pytest.approx((1000 - 10 + 1) / 10)


def test_requests_a_minute_are_kept_on_the_wire(tmp_path: Path) -> None:
    with StubServer() as stub, limited(stub.base_url, tmp_path, requests_per_minute=1200) as asking:
        began = time.monotonic()
        assert len(asking.answer_all(asks(40))) == 40
        passed = time.monotonic() - began

    assert passed > (40 - 20) / 20 * 0.95


def test_tokens_a_minute_are_estimated_and_then_put_right(tmp_path: Path) -> None:
    with StubServer() as stub, limited(stub.base_url, tmp_path, tokens_per_minute=110 * 60 * 10) as asking:
        began = time.monotonic()
        assert len(asking.answer_all(asks(25))) == 25  # 110 tokens each, so ten a second
        passed = time.monotonic() - began

    # Ten go at once; of the rest, the eight under way may have been estimated too low. Without being put right,
    # what a request may use at most would hold them up for minutes.
    assert (25 - 10 - 8) / 10 < passed < 60


# What a request may use ---------------------------------------------------------------------------


@given(st.text(max_size=300))
def test_no_byte_of_a_request_is_forgotten(text: str) -> None:
    request = ask("x", messages=(Message(role="user", content=text),))

    most = most_use(request, Limits())
    assert most.prompt_tokens >= len(text.encode()) + len(request.schema)
    assert most.completion_tokens == request.max_tokens
    assert usual_use(request).tokens <= most.tokens


_SPENDINGS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1), st.booleans()), max_size=60
)


@given(
    spendings=_SPENDINGS,
    requests=st.none() | st.integers(1, 30),
    tokens=st.none() | st.integers(1, 2000),
    cost=st.none() | st.floats(0.01, 5000),
    at_once=st.integers(1, 8),
)
def test_a_budget_is_never_exceeded(
    spendings: list[tuple[int, int, float, bool]],
    requests: int | None,
    tokens: int | None,
    cost: float | None,
    at_once: int,
) -> None:
    budget = Budget(Limits(requests=requests, tokens=tokens, cost=cost), PRICES)
    open_: list[tuple[Use, Use, bool]] = []
    sent, used, paid = 0, 0, 0.0
    for prompt, completion, share, unknown in spendings:
        most = Use(prompt_tokens=prompt, completion_tokens=completion)
        while open_ and (len(open_) >= at_once or budget.lacks(most)):
            reserved, real, told = open_.pop(0)
            budget.settle(reserved, real if told else None)
        if not budget.reserve(most):
            continue
        sent += 1
        real = Use(prompt_tokens=prompt, completion_tokens=int(completion * share))
        used += real.tokens
        paid += PRICES.cost(prompt_tokens=real.prompt_tokens, completion_tokens=real.completion_tokens)
        open_.append((most, real, not unknown))

    assert requests is None or sent <= requests
    assert tokens is None or used <= tokens
    assert cost is None or paid <= cost + 1e-6


# The whole run ------------------------------------------------------------------------------------


def until_reached(asking: ModelClient, requests: list[Any]) -> tuple[list[Pair], str]:
    """What a run gives before it says that its budget is reached, and how it says so."""
    given_: list[Pair] = []
    with pytest.raises(BudgetReached) as caught:
        given_.extend(asking.answers(requests))
    return given_, str(caught.value)


def test_at_the_limit_of_requests_the_rest_waits_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    requests = asks(50)
    with StubServer(latency_ms=5) as stub:
        with limited(stub.base_url, tmp_path, requests=10) as first:
            pairs, said = until_reached(first, requests)
            assert stub.stats()["received"] == first.sent == 10
        with limited(stub.base_url, tmp_path, requests=15) as second:
            again, _ = until_reached(second, requests)
            assert (second.served, second.sent, second.tally.waiting) == (10, 15, 25)
        with limited(stub.base_url, tmp_path) as third:
            assert all(answer.ok for answer in third.answer_all(requests).values())
        assert stub.stats()["answered_twice"] == 0

    assert [request for request, _ in pairs] == requests
    assert [answer.status for _, answer in pairs].count("ok") == 10
    assert {answer.error_class for _, answer in pairs if not answer.ok} == {"budget"}
    assert [answer.status for _, answer in again].count("waiting") == 25
    for words in (
        "10 requests",
        "1,000 prompt and 100 completion tokens",
        "2,000.00 EUR",
        "40 wait",
        "run again",
    ):
        assert words in said
    assert issubclass(BudgetReached, ModelError)


@pytest.mark.parametrize(("limit", "used"), [({"cost": 9000.0}, PAID), ({"tokens": 5000}, 110)])
def test_money_and_tokens_are_never_exceeded_and_used_up(
    tmp_path: Path, limit: dict[str, float], used: int
) -> None:
    requests = asks(200)
    most = max(most_use(request, Limits()).tokens for request in requests)
    dearest = (most - 64) + 64 * 10 if "cost" in limit else most
    (allowed,) = limit.values()
    with (
        StubServer(latency_ms=2) as stub,
        limited(stub.base_url, tmp_path, concurrency=16, **limit) as asking,
    ):
        until_reached(asking, requests)
        received = stub.stats()["received"]

    assert allowed - dearest - used <= received * used <= allowed
    assert asking.cost == pytest.approx(received * PAID)


def test_what_the_ledger_holds_is_served_to_the_end(tmp_path: Path) -> None:
    requests = asks(60)
    with StubServer() as stub:
        with limited(stub.base_url, tmp_path) as first:
            first.answer_all(requests[::2])
        with limited(stub.base_url, tmp_path, requests=3) as second:
            pairs, _ = until_reached(second, requests)

    assert [answer.from_ledger for _, answer in pairs[::2]] == [True] * 30
    assert [answer.status for _, answer in pairs[1::2]].count("waiting") == 27


def test_retries_are_paid_from_the_budget_too(tmp_path: Path) -> None:
    with StubServer() as stub, limited(stub.base_url, tmp_path, requests=25) as asking:
        until_reached(asking, asks(50, "[[500*2]]"))
        assert stub.stats()["received"] == asking.tally.tries == 25


def test_a_try_that_nobody_answered_may_have_been_paid(tmp_path: Path) -> None:
    requests = asks(30, "[[hang]]")
    dearest = most_use(requests[-1], Limits())
    limit = 6.5 * PRICES.cost(prompt_tokens=dearest.prompt_tokens, completion_tokens=64)
    with StubServer() as stub, limited(stub.base_url, tmp_path, cost=limit) as asking:
        until_reached(asking, requests)
        assert stub.stats()["received"] == 6
        assert asking.cost == 0


def test_a_budget_is_for_the_clients_life(tmp_path: Path) -> None:
    with StubServer() as stub, limited(stub.base_url, tmp_path, requests=10) as asking:
        asking.answer_all(asks(6))
        until_reached(asking, [ask(f"more {number}") for number in range(6)])
        assert stub.stats()["received"] == 10


def test_a_budget_that_is_enough_is_not_mentioned(tmp_path: Path) -> None:
    with StubServer() as stub, limited(stub.base_url, tmp_path, requests=10, cost=1e9) as asking:
        answers = asking.answer_all(asks(10))

    assert {answer.cost for answer in answers.values()} == {PAID}


@pytest.mark.slow
def test_a_large_run_stops_at_its_budget_to_the_request(tmp_path: Path) -> None:
    with (
        StubProcess(share_429=0.02, latency_ms=5) as stub,
        limited(stub.base_url, tmp_path, concurrency=64, requests=500) as asking,
    ):
        pairs, _ = until_reached(asking, asks(3000))
        assert stub.stats()["received"] == 500

    assert len(pairs) == 3000
