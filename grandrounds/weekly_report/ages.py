"""How old items are: days from the publication of their source to the end of the week."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median

from grandrounds.weekly_report.note import AgeNote
from grandrounds.weekly_report.release_facts import ItemFact

BINS = (
    (7, "a week", "1 w"),
    (30, "30 days", "30 d"),
    (91, "3 months", "3 m"),
    (182, "6 months", "6 m"),
    (365, "a year", "1 y"),
    (730, "2 years", "2 y"),
    (1826, "5 years", "5 y"),
)
"""The most days of each bin, in words, and short; what is older has a last bin of its own."""


def ages_of(items: Sequence[ItemFact], *, end: date, first_public: Mapping[str, date]) -> AgeNote:
    """The ages of ``items`` in days at ``end`` (the day after the week), by ``first_public`` of their
    source where it is told, else by its publication.

    An item dated later than ``end`` (of an issue that is yet to come) is counted as ``ahead`` and has
    no age.
    """
    days: list[tuple[int, bool]] = []
    undated = ahead = 0
    for item in items:
        born = first_public.get(item.source_id, item.born)
        if born is None:
            undated += 1
        elif born > end:
            ahead += 1
        else:
            days.append(((end - born).days, item.new))
    bins = [[0, 0] for _ in range(len(BINS) + 1)]
    for age, new in days:
        bins[bisect_left([most for most, _, _ in BINS], age)][int(new)] += 1
    every = [age for age, _ in days]
    fresh = [age for age, new in days if new]
    return AgeNote(
        bins=tuple((older, new) for older, new in bins),
        dated=len(days),
        undated=undated,
        ahead=ahead,
        median=float(median(every)) if every else None,
        median_new=float(median(fresh)) if fresh else None,
        youngest=min(every, default=None),
        oldest=max(every, default=None),
    )
