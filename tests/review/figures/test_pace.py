"""Pace and forecast: from recent days, with a range, and never a promise out of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.records.review_event import ReviewEvent
from grandrounds.review.figures.pace import days_table, forecast

NOW = datetime(2026, 5, 20, 15, tzinfo=UTC)


def made(
    by_days_ago: Sequence[tuple[int, int]], *, role: str = "reviewer", decision: str = "accept"
) -> list[ReviewEvent]:
    """Events: ``(days ago, how many)``."""
    return [
        ReviewEvent(
            event_id=f"event-{ago}-{number}", recipe="r", item_id=f"item-{ago}-{number}", content_sha256="c",
            reviewer="reviewer-a", role=role, decision=decision, created_at=NOW - timedelta(days=ago),
        )
        for ago, count in by_days_ago
        for number in range(count)
    ]  # fmt: skip


def test_an_even_pace_gives_a_day_and_no_range() -> None:
    found = forecast(50, made([(ago, 10) for ago in range(1, 15)]), now=NOW)
    assert (found.a_day, found.slowest, found.fastest, found.days) == (10, 10, 10, 14)
    assert found.done == found.earliest == found.latest == date(2026, 5, 25)


def test_fits_and_starts_make_a_wide_range() -> None:
    found = forecast(50, made([(2, 70), (9, 70)]), now=NOW)
    assert found.a_day is not None and found.slowest is not None and found.fastest is not None
    assert found.slowest < found.a_day < found.fastest
    assert found.earliest is not None and found.done is not None
    assert found.earliest < found.done
    assert found.latest is None or found.latest > found.done


def test_today_and_what_is_long_ago_don_t_count() -> None:
    found = forecast(50, made([(0, 500), (1, 5), (40, 900)]), now=NOW)
    assert found.a_day == pytest.approx(5 / 14)


def test_on_the_first_day_today_is_all_there_is() -> None:
    found = forecast(20, made([(0, 5)]), now=NOW)
    assert (found.a_day, found.done, found.earliest, found.latest) == (5, date(2026, 5, 24), None, None)


def test_without_decisions_nothing_is_told() -> None:
    found = forecast(20, made([(1, 5)], role="adjudicator") + made([(1, 5)], decision="comment"), now=NOW)
    assert (found.a_day, found.done) == (None, None)
    assert days_table([]).rows == ()


def test_a_pace_of_nothing_lasts_for_ever() -> None:
    assert forecast(20, made([(60, 5)]), now=NOW).done is None


def test_nothing_missing_is_done() -> None:
    assert forecast(0, made([(3, 5)]), now=NOW).done == NOW.date()


def test_days_without_decisions_are_days() -> None:
    assert days_table(made([(1, 2), (4, 1)])).rows == (
        ("2026-05-16", 1), ("2026-05-17", 0), ("2026-05-18", 0), ("2026-05-19", 2),
    )  # fmt: skip


@given(st.integers(0, 500), st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=10))
def test_a_forecast_is_the_same_every_time_and_in_order(left: int, days: list[tuple[int, int]]) -> None:
    found = forecast(left, made(days), now=NOW)
    assert found == forecast(left, list(reversed(made(days))), now=NOW)
    if found.done and found.earliest and found.latest:
        assert NOW.date() <= found.earliest <= found.done <= found.latest
