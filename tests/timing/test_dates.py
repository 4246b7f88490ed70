"""Stretches of time that meet share no day and miss none; periods follow one another."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import TimingError
from grandrounds.timing.dates import PERIODS, DateFilter, period_of, periods_between

DAYS = st.dates(date(1990, 1, 1), date(2035, 12, 31))


@given(DAYS, DAYS)
def test_before_and_after_a_day_are_all_days_once(day: date, cut: date) -> None:
    assert DateFilter(before=cut).keeps(day) != DateFilter(after=cut).keeps(day)


def test_the_first_day_counts_and_the_last_does_not() -> None:
    year = DateFilter(after=date(2026, 1, 1), before=date(2027, 1, 1))
    assert year.keeps(date(2026, 1, 1))
    assert year.keeps(date(2026, 12, 31))
    assert not year.keeps(date(2027, 1, 1))
    assert not year.keeps(None)


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("No date was given", {}),
        ("No day is", {"after": date(2026, 1, 1), "before": date(2026, 1, 1)}),
        ("no date 'made'", {"by": "made", "after": date(2026, 1, 1)}),
    ],
)
def test_an_empty_stretch_is_refused(words: str, values: dict[str, date]) -> None:
    with pytest.raises(TimingError, match=words):
        DateFilter(**values)


@given(DAYS, st.integers(0, 1500), st.sampled_from(PERIODS))
def test_the_periods_between_two_days_are_those_of_all_days_between(
    first: date, days: int, kind: str
) -> None:
    last = first + timedelta(days=days)
    every = dict.fromkeys(period_of(first + timedelta(days=at), kind) for at in range(days + 1))
    assert list(periods_between(first, last, kind)) == list(every)


def test_a_week_belongs_to_its_own_year() -> None:
    assert period_of(date(2027, 1, 1), "week") == "2026-W53"
    assert period_of(date(2026, 4, 1), "quarter") == "2026-Q2"
