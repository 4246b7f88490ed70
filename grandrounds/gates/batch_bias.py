"""Gate ``batch_bias``: options in an order that tells nothing, the same on every machine.

Each item's own id decides the order of its options. Should the whole batch still favour a letter
by more than the recipe allows (and more than luck explains), all are shuffled again with the next
salt. Lengths can't be shuffled away: they are reported, and flagged on the items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grandrounds.fingerprint import unit_interval
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.statistics.bias import bias_reports

_SALTS = 16


def shuffled(options: Sequence[str], *, item_id: str, salt: int = 0) -> tuple[str, ...]:
    """``options`` in the order that ``item_id`` decides, whatever order they come in."""
    salted = (item_id,) if salt == 0 else (item_id, str(salt))
    return tuple(sorted(options, key=lambda option: (unit_interval(*salted, option), option)))


def shuffle_options(candidates: Sequence[Candidate], recipe: Recipe) -> list[Candidate]:
    """The candidates with their options shuffled; those of a task that failed, with another salt.

    The salt with the least excess is taken when none of sixteen is within the limit.
    """
    by_task: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_task.setdefault(candidate.task, []).append(candidate)
    made = {row.item_id: row for task in sorted(by_task) for row in _shuffle_task(by_task[task], recipe)}
    return [made[candidate.item_id] for candidate in candidates]


def _shuffle_task(rows: list[Candidate], recipe: Recipe) -> list[Candidate]:
    best: list[Candidate] = rows
    least = float("inf")
    for salt in range(_SALTS):
        made = [_shuffle(row, salt) for row in rows]
        reports = bias_reports(made, recipe.gates)
        if not reports or reports[0].position.verdict != "fail":
            return made
        if reports[0].position.over_chance < least:
            best, least = made, reports[0].position.over_chance
    return best


def _shuffle(row: Candidate, salt: int) -> Candidate:
    if not row.options:
        return row
    options = shuffled(row.options, item_id=row.item_id, salt=salt)
    origins = {origin.option: origin for origin in row.option_origins}
    return replace(
        row,
        options=options,
        answer_index=options.index(row.answer),
        option_origins=tuple(origins[option] for option in options if option in origins),
    )
