"""Gate ``duplicates``: no two items of a task ask the same.

Exact: the same stem and question after normalising. Near: the Jaccard similarity of the stems'
five-word runs reaches the recipe's limit. Of several, the earliest published stays, then the one
with the smallest item id. The open and the multiple-choice item of one case are no duplicates.

Items made from volumes share their stems by design, so only exact ones count: the same stem, question,
pictures and answer. Where all is the same but the answer, and one's answer is offered as wrong by the
other, nobody can tell which is right: both go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Revision, item_id
from grandrounds.statistics.similarity import near_duplicates
from grandrounds.text import normalise

NAME = "duplicates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """``problems`` says, by position of the row, which row stays instead; ``pairs`` are all rows
    (by position) found alike, for the groups that splits must not cut."""

    problems: dict[int, str]
    pairs: tuple[tuple[int, int], ...]


def find_duplicates(rows: Sequence[Revision], recipe: Recipe) -> Duplicates:
    """Look for duplicates among ``rows``, task by task."""
    problems: dict[int, str] = {}
    pairs: list[tuple[int, int]] = []
    look = _same_pictures if recipe.evidence.kind == "volumes" else _same_stems
    for task in sorted({row.task for row in rows}):
        order = sorted(
            (position for position, row in enumerate(rows) if row.task == task),
            key=lambda position: (_published(rows[position]), item_id(rows[position]), position),
        )
        found = look(rows, order, recipe)
        problems |= found.problems
        pairs += found.pairs
    return Duplicates(problems=problems, pairs=tuple(sorted(pairs)))


def _same_stems(rows: Sequence[Revision], order: Sequence[int], recipe: Recipe) -> Duplicates:
    """Duplicates among items made from texts: word for word, then nearly."""
    stay, exact = _exact(rows, order)
    problems = {
        position: f"It asks the same as {_named(rows[kept])}, word for word."
        for position, kept in exact.items()
    }
    alike = near_duplicates(
        [rows[position].stem for position in stay], threshold=recipe.gates.near_duplicate
    )
    sizes = {(one, other): share for one, other, share in alike.links}
    for later, kept in alike.kept_instead.items():
        share = sizes[kept, later]
        problems[stay[later]] = f"Its stem is {share:.0%} the same as that of {_named(rows[stay[kept]])}."
    links = [(stay[one], stay[other]) for one, other, _ in alike.links]
    return Duplicates(problems=problems, pairs=(*exact.items(), *links))


def _same_pictures(rows: Sequence[Revision], order: Sequence[int], _: Recipe) -> Duplicates:
    """Duplicates among items made from volumes: the same words, pictures and answer; and contradictions."""
    asked: dict[tuple[object, ...], list[int]] = {}
    for position in order:
        row = rows[position]
        media = tuple(sorted(media.sha256 for media in row.media))
        asked.setdefault((normalise(row.stem), normalise(row.question), media), []).append(position)
    problems: dict[int, str] = {}
    pairs: list[tuple[int, int]] = []
    for places in asked.values():
        for one, other in combinations(places, 2):
            if rows[one].answer == rows[other].answer:
                problems.setdefault(other, f"It asks the same as {_named(rows[one])}, word for word.")
                pairs.append((other, one))
        for one, other in combinations(places, 2):
            if _contradict(rows[one], rows[other]):
                problems[one] = f"It asks the same as {_named(rows[other])}, which answers otherwise."
                problems[other] = f"It asks the same as {_named(rows[one])}, which answers otherwise."
                pairs.append((other, one))
    return Duplicates(problems=problems, pairs=tuple(pairs))


def _contradict(one: Revision, other: Revision) -> bool:
    """Whether the answer of one is offered as wrong by the other."""
    return one.answer != other.answer and (one.answer in other.options or other.answer in one.options)


def _exact(rows: Sequence[Revision], order: Sequence[int]) -> tuple[list[int], dict[int, int]]:
    first: dict[tuple[str, str], int] = {}
    repeated: dict[int, int] = {}
    for position in order:
        key = (normalise(rows[position].stem), normalise(rows[position].question))
        kept = first.setdefault(key, position)
        if kept != position:
            repeated[position] = kept
    return list(first.values()), repeated


def _published(row: Revision) -> date:
    return row.source_published or date.max


def _named(row: Revision) -> str:
    return f"{item_id(row)} (source {row.source_id})"
