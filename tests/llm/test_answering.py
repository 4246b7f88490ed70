"""Progress tells counts of one call, a smoothed rate and the time left."""

from __future__ import annotations

import pytest

from grandrounds.llm.answer import REFUSED, WAITING, ModelAnswer
from grandrounds.llm.answering import Meter, Tally
from tests.llm.helpers import asks


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_only_what_was_added_since_counts() -> None:
    tally = Tally(done=7, sent=5, served=2, prompt_tokens=70, cost=0.5)
    meter = Meter(tally, asks(4))
    tally.done, tally.sent, tally.cost = 9, 6, 0.75
    now = meter.progress()

    assert (now.done, now.total, now.sent, now.served, now.prompt_tokens, now.cost) == (2, 4, 1, 0, 0, 0.25)


def test_a_list_without_a_length_has_no_total_and_no_end() -> None:
    now = Meter(Tally(), iter(asks(4))).progress()

    assert (now.total, now.seconds_left, now.rate) == (None, None, 0.0)


def test_a_steady_rate_is_told_from_the_first_moment() -> None:
    tally, clock = Tally(), Clock()
    meter = Meter(tally, asks(1) * 1000, clock=clock)
    for _ in range(50):
        clock.now += 0.2
        tally.done += 2
        now = meter.progress()
        assert now.rate == pytest.approx(10)
        assert now.seconds_left == pytest.approx((1000 - tally.done) / 10)


def test_a_pause_is_smoothed_and_a_new_rate_soon_counts() -> None:
    tally, clock = Tally(), Clock()
    meter = Meter(tally, asks(1) * 100_000, clock=clock)
    rates = []
    for second in range(120):
        clock.now += 1
        tally.done += 100 if second < 60 else 10
        rates.append(meter.progress().rate)

    assert rates[59] == pytest.approx(100)
    assert 80 < rates[61] < 100
    assert 10 < rates[-1] < 13


def test_asking_twice_in_one_moment_changes_nothing() -> None:
    tally, clock = Tally(), Clock()
    meter = Meter(tally, asks(10), clock=clock)
    clock.now += 1
    tally.done = 5

    assert meter.progress() == meter.progress()


def test_a_tally_tells_answers_apart() -> None:
    tally = Tally()
    tally.count(ModelAnswer(request_id="a", status="ok", from_ledger=True))
    tally.count(ModelAnswer(request_id="b", status=REFUSED))
    tally.count(ModelAnswer(request_id="c", status=WAITING))

    assert (tally.done, tally.served, tally.not_ok, tally.waiting) == (3, 1, 2, 1)
