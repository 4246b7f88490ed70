"""Agreement of the readers: over all, by task, by label, by reader, and on what they rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grandrounds.records.review_event import ReviewEvent
from grandrounds.review.agreement import CATEGORIES
from grandrounds.review.figures.table import Cell, Table
from grandrounds.review.policy import Ruling
from grandrounds.statistics.agreement import (
    Agreement,
    cohen,
    fleiss,
    gwet,
    krippendorff,
    percent,
    specific,
    with_intervals,
)
from grandrounds.statistics.agreement_sums import Ratings, Statistic

_PART_RESAMPLES = 1000
_SCORES = (1, 2, 3, 4, 5)
_COLUMNS = ("scope", "of", "statistic", "value", "low", "high", "items")


def agreement_table(ruled: Sequence[Ruling]) -> Table:
    """Every coefficient with the ends of its 95% interval. ``items`` are those that two readers or more
    decided; by reader, pairs of that reader's verdict and another's on the same item."""
    read = [ruling for ruling in sorted(ruled, key=lambda one: one.candidate_id) if ruling.readers]
    rows: list[tuple[Cell, ...]] = []
    rows += _rows("all", "", _whole(read))
    for scope, groups in (("task", _by_task(read)), ("label", _by_label(read))):
        for name, part in sorted(groups.items()):
            rows += _rows(scope, name, _part([_verdicts(ruling) for ruling in part]))
    for name, pairs in sorted(_by_reader(read).items()):
        rows += _rows("reviewer", name, _part(pairs))
    return Table(name="agreement", columns=_COLUMNS, rows=tuple(rows))


def ratings_table(ruled: Sequence[Ruling]) -> Table:
    """How far readers agree on the scores they give, by criterion: neighbours count as nearly the same."""
    by_criterion: dict[str, list[list[int]]] = {}
    for ruling in sorted(ruled, key=lambda one: one.candidate_id):
        scores: dict[str, list[int]] = {}
        for event in ruling.readers:
            for rating in event.ratings:
                scores.setdefault(rating.criterion, []).append(rating.score)
        for criterion, given in scores.items():
            by_criterion.setdefault(criterion, []).append(given)
    rows: list[tuple[Cell, ...]] = []
    for criterion, scored in sorted(by_criterion.items()):
        found = with_intervals(
            [percent(), gwet("quadratic"), krippendorff("ordinal")],
            scored,
            categories=_SCORES,
            resamples=_PART_RESAMPLES,
        )
        rows += _rows("criterion", criterion, found)
    return Table(name="ratings", columns=_COLUMNS, rows=tuple(rows))


def _whole(read: Sequence[Ruling]) -> Sequence[Agreement]:
    rows = [_verdicts(ruling) for ruling in read]
    statistics: list[Statistic] = [percent(), gwet(), fleiss(), krippendorff()]
    statistics += [specific(category) for category in CATEGORIES]
    found = list(with_intervals(statistics, rows, categories=CATEGORIES))
    people = sorted({event.reviewer for ruling in read for event in ruling.readers})
    if len(people) == 2:
        said = [{event.reviewer: event.decision for event in ruling.readers} for ruling in read]
        pairs: Ratings = [[each.get(who) for who in people] for each in said]
        found += with_intervals([cohen()], pairs, categories=CATEGORIES)
    return found


def _part(rows: Ratings) -> Sequence[Agreement]:
    return with_intervals([percent(), gwet()], rows, categories=CATEGORIES, resamples=_PART_RESAMPLES)


def _rows(scope: str, of: str, found: Sequence[Agreement]) -> list[tuple[Cell, ...]]:
    return [
        (
            scope,
            of,
            each.name,
            each.value,
            each.interval.low if each.interval else None,
            each.interval.high if each.interval else None,
            each.items,
        )
        for each in found
        if each.items
    ]


def _verdicts(ruling: Ruling) -> list[str]:
    return [event.decision for event in ruling.readers]


def _by_task(read: Sequence[Ruling]) -> Mapping[str, list[Ruling]]:
    found: dict[str, list[Ruling]] = {}
    for ruling in read:
        found.setdefault(ruling.candidate.task, []).append(ruling)
    return found


def _by_label(read: Sequence[Ruling]) -> Mapping[str, list[Ruling]]:
    """By the first step of each label: what lies deeper has too few items to say anything."""
    found: dict[str, list[Ruling]] = {}
    for ruling in read:
        for name in sorted(
            {f"{each.scheme}: {each.path[0]}" for each in ruling.candidate.labels if each.path}
        ):
            found.setdefault(name, []).append(ruling)
    return found


def _by_reader(read: Sequence[Ruling]) -> Mapping[str, list[list[str]]]:
    """For each reader, their verdict beside each other one's on the same item."""
    found: dict[str, list[list[str]]] = {}
    for ruling in read:
        readers: Sequence[ReviewEvent] = ruling.readers
        for one in readers:
            for other in readers:
                if other.reviewer != one.reviewer:
                    found.setdefault(one.reviewer, []).append([one.decision, other.decision])
    return found
