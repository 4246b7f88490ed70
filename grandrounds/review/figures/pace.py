"""How fast the review goes, and when it will be done if it goes on like this."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from grandrounds.records.review_event import ReviewEvent
from grandrounds.review.checks import REVIEWER, VERDICTS
from grandrounds.review.figures.table import Table
from grandrounds.review.policy import Outcome, Ruling

_WINDOW = 14  # days looked back on: two whole weeks, weekends and all
_RESAMPLES = 2000
_CONFIDENCE = 0.9
_FARTHEST = 3650.0  # days; beyond, a forecast is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """``missing`` decisions of readers, ``a_day`` on the days looked back on (``days`` of them), with a 90%
    range, and the days when the last would be made. ``None`` where nothing can be told."""

    missing: int
    days: int
    a_day: float | None = None
    slowest: float | None = None
    fastest: float | None = None
    done: date | None = None
    earliest: date | None = None
    latest: date | None = None

    def as_table(self) -> Table:
        """The forecast as a table of one row."""
        dates = [
            None if day is None else day.isoformat() for day in (self.done, self.earliest, self.latest)
        ]
        return Table(
            name="forecast",
            columns=("missing", "days", "a_day", "slowest", "fastest", "done", "earliest", "latest"),
            rows=((self.missing, self.days, self.a_day, self.slowest, self.fastest, *dates),),
        )


def missing(ruled: Sequence[Ruling]) -> int:
    """How many decisions of readers are still to be made."""
    return sum(ruling.wanted - len(ruling.readers) for ruling in ruled if ruling.outcome is Outcome.PENDING)


def days_table(events: Sequence[ReviewEvent]) -> Table:
    """Readers' decisions by day, days without any included."""
    counts = _by_day(events)
    return Table(
        name="days",
        columns=("day", "decisions"),
        rows=tuple((day.isoformat(), counts[day]) for day in _days(min(counts), max(counts)))
        if counts
        else (),
    )


def forecast(left: int, events: Sequence[ReviewEvent], *, now: datetime) -> Forecast:
    """When ``left`` decisions will be made at the pace of the last two weeks.

    The range comes from drawing those days again with replacement, so a review that goes by fits and
    starts has a wide one. Today counts only when it is the first day. The same events on the same day
    give the same forecast.
    """
    counts = _by_day(events)
    today = now.astimezone(UTC).date()
    known = [day for day in counts if day <= today]
    if not known:
        return Forecast(missing=left, days=0)
    first = max(min(known), today - timedelta(days=_WINDOW))
    looked = [day for day in _days(first, today) if day < today] or [today]
    series = np.array([counts[day] for day in looked], dtype=float)
    pace = float(series.mean())
    slow, fast = _range(series)
    return Forecast(
        missing=left,
        days=len(looked),
        a_day=pace,
        slowest=slow,
        fastest=fast,
        done=_day(left, pace, today),
        earliest=_day(left, fast, today),
        latest=_day(left, slow, today),
    )


def _range(series: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float | None, float | None]:
    if len(series) < 2:
        return None, None
    # The bare bit generator: its stream is fixed by numpy's promise, those of distributions are not.
    raw = np.random.PCG64(0).random_raw(_RESAMPLES * len(series)) >> np.uint64(11)
    picks = (raw % np.uint64(len(series))).astype(np.int64).reshape(_RESAMPLES, len(series))
    means = np.sort(series[picks].mean(axis=1))
    tail = (1 - _CONFIDENCE) / 2
    return float(means[round(tail * (_RESAMPLES - 1))]), float(means[round((1 - tail) * (_RESAMPLES - 1))])


def _day(left: int, pace: float | None, today: date) -> date | None:
    if left == 0:
        return today
    if not pace or left / pace > _FARTHEST:
        return None
    return today + timedelta(days=math.ceil(left / pace))


def _by_day(events: Sequence[ReviewEvent]) -> Counter[date]:
    return Counter(
        event.created_at.astimezone(UTC).date()
        for event in events
        if event.role == REVIEWER and event.decision in VERDICTS
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
