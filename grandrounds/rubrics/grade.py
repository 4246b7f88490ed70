"""Responses to a release's consultations, marked: scores an item, an axis and in all, with intervals.

A response file is JSON Lines: ``{"item_id": ..., "response": ...}``, one line an item. An item without a
line is marked as an empty answer, so leaving hard ones out gains nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grandrounds.errors import GrandRoundsError
from grandrounds.records.envelope import Item
from grandrounds.rubrics.judge import Judge, Judgement, Marking, parse_failure_rate
from grandrounds.rubrics.score import AXES, Interval, interval


class GradeError(GrandRoundsError):
    """Responses or a release that can't be graded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedItem:
    """One item: its judgement, score (``None`` where a verdict failed) and the scores of its axes."""

    item_id: str
    task: str
    group_id: str
    answered: bool
    score: float | None
    axes: Mapping[str, float]
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """All of it. ``parse_failures`` is the share of criteria without a verdict; ``unscored`` are items
    with such.

    Intervals are bootstrap intervals over groups (patients, articles), which may share several items.
    """

    judge: str
    judge_version: str
    model: str
    prompt_sha256: str
    items: tuple[GradedItem, ...]
    missing: int
    unscored: int
    parse_failures: float
    score: Interval | None
    axes: Mapping[str, Interval]
    tasks: Mapping[str, Interval]


def read_items(release: Path, *, split: str = "") -> list[Item]:
    """The consultations of a release folder, in the order of its files; of one ``split`` where it is named.

    Raises ``GradeError`` where there is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from grandrounds.records.table import from_table

    files = sorted(release.glob(f"data/*/{split or '*'}-*.parquet"))
    if not files:
        raise GradeError(
            f"{release} holds no items{f' of the split {split}' if split else ''}.",
            remedy="Give the folder of a release: the one with manifest.json in it.",
        )
    items: list[Item] = []
    for path in files:
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as exc:
            raise GradeError(
                f"{path} can't be read: {exc}.", remedy="`grandrounds verify` says more."
            ) from exc
        items += [item for item in from_table(Item, table) if item.rubric and item.retired_at is None]
    if not items:
        raise GradeError(f"{release} has no item with a rubric.", remedy="Only consultations are graded.")
    return items


def read_responses(path: Path, items: Sequence[Item]) -> dict[str, str]:
    """The responses of a file by item id. Raises ``GradeError`` naming the line that is wrong."""
    known = {item.item_id for item in items}
    found: dict[str, str] = {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise GradeError(f"{path} can't be read: {exc}.") from exc
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        item_id, response = _response(line, where=f"{path}, line {number}")
        if item_id not in known:
            raise GradeError(
                f"{path}, line {number}: the release has no consultation {item_id[:80]!r}.",
                remedy="Were the responses made from another version, or another split?",
            )
        if item_id in found:
            raise GradeError(f"{path}, line {number}: {item_id} was answered before; one answer each.")
        found[item_id] = response
    return found


def grade(items: Sequence[Item], responses: Mapping[str, str], *, judge: Judge) -> Grades:
    """Mark ``responses`` (by item id) to ``items``."""
    markings = [
        Marking(
            item_id=item.item_id,
            question=f"{item.stem}\n\n{item.question}",
            rubric=item.rubric,
            response=responses.get(item.item_id, ""),
            group_id=item.group_id,
            protected=item.protected,
        )
        for item in items
    ]
    judgements = list(judge.judge(markings))
    graded = tuple(
        GradedItem(
            item_id=item.item_id,
            task=item.task,
            group_id=item.group_id,
            answered=item.item_id in responses,
            score=judged.score(item.rubric),
            axes=judged.axes(item.rubric),
            judgement=judged,
        )
        for item, judged in zip(items, judgements, strict=True)
    )
    axes = {axis: _mean((each, each.axes.get(axis)) for each in graded) for axis in AXES}
    tasks = {
        name: _mean((each, each.score) for each in graded if each.task == name) for name in _tasks(graded)
    }
    last = judgements[-1]
    return Grades(
        judge=last.judge,
        judge_version=last.judge_version,
        model=last.model,
        prompt_sha256=last.prompt_sha256,
        items=graded,
        missing=sum(not each.answered for each in graded),
        unscored=sum(each.score is None for each in graded),
        parse_failures=parse_failure_rate(judgements),
        score=_mean((each, each.score) for each in graded),
        axes={name: value for name, value in axes.items() if value is not None},
        tasks={name: value for name, value in tasks.items() if value is not None},
    )


def _mean(values: Iterable[tuple[GradedItem, float | None]]) -> Interval | None:
    known = [(each.group_id, value) for each, value in values if value is not None]
    return interval([value for _, value in known], groups=[group for group, _ in known])


def _tasks(graded: Sequence[GradedItem]) -> list[str]:
    return sorted({each.task for each in graded})


def _response(line: str, *, where: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise GradeError(f"{where} is not JSON: {exc}.") from exc
    if not isinstance(row, dict) or not isinstance(row.get("item_id"), str):
        raise GradeError(
            f"{where} has no `item_id`.", remedy='A line is {"item_id": "...", "response": "..."}.'
        )
    if not isinstance(row.get("response"), str):
        raise GradeError(
            f"{where} has no `response` that is text.", remedy="An empty answer is an empty text."
        )
    return row["item_id"], row["response"]
