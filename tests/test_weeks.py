"""Weeks: names, order, ends in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import GrandRoundsError
from grandrounds.weeks import Week

DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 20))


def test_a_week_is_named_by_its_iso_year_and_number():
    assert str(Week.of(date(2026, 11, 18))) == "2026-W47"
    assert Week.parse("2026-W47").monday == date(2026, 11, 16)


def test_the_first_days_of_january_may_belong_to_the_year_before():
    assert str(Week.of(date(2027, 1, 1))) == "2026-W53"
    assert str(Week.parse("2026-W53").after) == "2027-W01"


@pytest.mark.parametrize(
    "name",
    ["2026-47", "2026-W00", "2025-W53", "2026-W54", "2026-W047", "0000-W01", "2026-W47 ", "٢٠٢٦-W47", ""],
)
def test_what_is_not_a_week_is_refused(name):
    with pytest.raises(GrandRoundsError):
        Week.parse(name)


@given(DAYS)
def test_every_day_lies_in_its_week(day):
    week = Week.of(day)
    assert week.monday <= day < week.after.monday
    assert Week.parse(str(week)) == week
    assert week.after.before == week


@given(DAYS, DAYS)
def test_weeks_sort_as_their_days_do(one, other):
    assert (Week.of(one) < Week.of(other)) == (Week.of(one).monday < Week.of(other).monday)


@given(DAYS)
def test_every_moment_lies_in_one_week_of_a_zone(day):
    moment = datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)
    week = Week.at(moment, "Asia/Tokyo")
    assert week.begins("Asia/Tokyo") <= moment < week.ends("Asia/Tokyo")


def test_a_week_of_summer_time_s_end_is_an_hour_longer():
    week = Week.parse("2026-W43")  # ends with Sunday 25 October
    zone = "Europe/Berlin"
    assert week.ends(zone).astimezone(UTC) - week.begins(zone).astimezone(UTC) == timedelta(days=7, hours=1)


def test_sunday_night_may_be_next_week_elsewhere():
    moment = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
    assert str(Week.at(moment, "UTC")) == "2026-W47"
    assert str(Week.at(moment, "Europe/Berlin")) == "2026-W48"


def test_a_moment_without_a_zone_and_a_zone_that_is_none_are_refused():
    with pytest.raises(GrandRoundsError, match="time zone"):
        Week.at(datetime(2026, 1, 1), "UTC")
    with pytest.raises(GrandRoundsError, match="not a time zone"):
        Week.parse("2026-W47").begins("Middle/Earth")
