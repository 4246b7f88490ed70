"""How often readers' own answers, given before they saw the marked one, were the marked one.

An option is compared letter for letter with the answer that was marked when it was read. Words that answer
an open question are counted as answered; whether they mean the same is not judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ReviewEvent
from grandrounds.review.figures.table import Cell, Table
from grandrounds.review.policy import Ruling
from grandrounds.statistics.intervals import wilson

_Given = tuple[Candidate, ReviewEvent]


def answers_table(ruled: Sequence[Ruling], asked: Iterable[Candidate]) -> Table:
    """Over all, by task and by reviewer; ``asked`` are the items of ``ruled`` as they were read. ``share``
    is of those with options, with the ends of Wilson's 95% interval."""
    given = [
        (candidate, event)
        for ruling, candidate in zip(ruled, asked, strict=True)
        for event in ruling.readers
        if event.answer
    ]
    by_task: dict[str, list[_Given]] = {}
    by_reader: dict[str, list[_Given]] = {}
    for candidate, event in given:
        by_task.setdefault(candidate.task, []).append((candidate, event))
        by_reader.setdefault(event.reviewer, []).append((candidate, event))
    rows = [_row("all", "", given)] if given else []
    rows += [_row("task", name, part) for name, part in sorted(by_task.items())]
    rows += [_row("reviewer", name, part) for name, part in sorted(by_reader.items())]
    return Table(
        name="answers",
        columns=("scope", "of", "answered", "with_options", "as_marked", "share", "low", "high"),
        rows=tuple(rows),
    )


def _row(scope: str, of: str, given: Sequence[_Given]) -> tuple[Cell, ...]:
    compared = [(candidate, event) for candidate, event in given if candidate.options]
    same = sum(event.answer == candidate.answer for candidate, event in compared)
    if not compared:
        return (scope, of, len(given), 0, 0, None, None, None)
    interval = wilson(same, len(compared))
    share = same / len(compared)
    return (scope, of, len(given), len(compared), same, share, interval.low, interval.high)
