"""Gate ``duplicates``: no two items of a task ask the same.

Exact: the same stem and question after normalising. Near: the Jaccard similarity of the stems'
five-word runs reaches the recipe's limit. Of several, the earliest published stays, then the one
with the smallest item id. The open and the multiple-choice item of one case are no duplicates.

Items made from volumes share their stems by design, so only exact ones count: the same stem, question,
pictures and answer. Where all is the same but the answer, and one's answer is offered as wrong by the
other, nobody can tell which is right: both go.

Items made from figures are told apart by question and picture, and pictures by their perceptual hash: the
same question on the same picture (up to the recipe's ``near_picture`` bits: another size or a crop) with
the same answer is a duplicate; with answers that exclude one another both go.

Items made from clips of one video are compared as those of volumes. Of clips of different videos that look
alike (most frames look the same: one video under two names, or coded anew) the same question is a
duplicate, whatever the answers: they name frames by letters, which each item has in an order of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, product

from grandrounds.gates.gate import Evidence
from grandrounds.recipe import Recipe
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Revision, item_id
from grandrounds.records.figure import FigureRow
from grandrounds.statistics.similarity import near_duplicates
from grandrounds.text import normalise

NAME = "duplicates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """``problems`` says, by position of the row, which row stays instead; ``pairs`` are all rows
    (by position) found alike, for the groups that splits must not cut."""

    problems: dict[int, str]
    pairs: tuple[tuple[int, int], ...]


def find_duplicates(
    rows: Sequence[Revision], recipe: Recipe, evidence: Mapping[str, Evidence] | None = None
) -> Duplicates:
    """Look for duplicates among ``rows``, task by task. ``evidence`` is by evidence id; of figures, whose
    pictures it describes, it must be given."""
    problems: dict[int, str] = {}
    pairs: list[tuple[int, int]] = []
    look = _LOOKS[recipe.evidence.kind]
    for task in sorted({row.task for row in rows}):
        order = sorted(
            (position for position, row in enumerate(rows) if row.task == task),
            key=lambda position: (_published(rows[position]), item_id(rows[position]), position),
        )
        found = look(rows, order, recipe, evidence or {})
        problems |= found.problems
        pairs += found.pairs
    return Duplicates(problems=problems, pairs=tuple(sorted(pairs)))


def _same_stems(
    rows: Sequence[Revision], order: Sequence[int], recipe: Recipe, _: Mapping[str, Evidence]
) -> Duplicates:
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


def _same_pictures(
    rows: Sequence[Revision], order: Sequence[int], _: Recipe, _evidence: Mapping[str, Evidence]
) -> Duplicates:
    """Duplicates among items made from volumes: the same words, pictures and answer; and contradictions."""
    asked: dict[tuple[object, ...], list[int]] = {}
    for position in order:
        row = rows[position]
        media = tuple(sorted(media.sha256 for media in row.media))
        asked.setdefault((normalise(row.stem), normalise(row.question), media), []).append(position)
    return _compared(rows, (pair for places in asked.values() for pair in combinations(places, 2)))


def _near_pictures(
    rows: Sequence[Revision], order: Sequence[int], recipe: Recipe, evidence: Mapping[str, Evidence]
) -> Duplicates:
    """Duplicates among items made from figures: the same question on pictures that look alike."""
    from grandrounds.figures.hashes import near_pairs

    asked: dict[tuple[object, ...], list[int]] = {}
    for position in order:
        row = rows[position]
        asked.setdefault((normalise(row.stem), normalise(row.question)), []).append(position)

    def pairs() -> Iterator[tuple[int, int]]:
        for places in asked.values():
            hashes = [_hash_of(evidence.get(rows[place].evidence_id)) for place in places]
            for one, other in near_pairs(hashes, bits=recipe.figures.near_picture):
                yield places[one], places[other]

    return _compared(rows, pairs(), how="on a picture that looks the same")


def _near_clips(
    rows: Sequence[Revision], order: Sequence[int], recipe: Recipe, evidence: Mapping[str, Evidence]
) -> Duplicates:
    """Duplicates among items made from clips: the same question on clips of two videos that look alike."""
    from grandrounds.videos.alike import alike_clips

    same = _same_pictures(rows, order, recipe, evidence)
    own = {position: evidence.get(rows[position].evidence_id) for position in order}
    clips = sorted({row.evidence_id: row for row in own.values() if isinstance(row, ClipRow)}.items())
    asking: dict[tuple[str, str, str], list[int]] = {}
    for position in order:
        row = rows[position]
        key = (row.evidence_id, normalise(row.stem), normalise(row.question))
        asking.setdefault(key, []).append(position)
    by_clip: dict[str, list[tuple[str, str, str]]] = {}
    for key in asking:
        by_clip.setdefault(key[0], []).append(key)
    problems, pairs, rank = dict(same.problems), list(same.pairs), {at: n for n, at in enumerate(order)}
    for one, other in alike_clips([row for _, row in clips], bits=recipe.clips.near_frame):
        for first, second in product(by_clip[clips[one][0]], by_clip[clips[other][0]]):
            if first[1:] != second[1:]:
                continue
            for pair in product(asking[first], asking[second]):
                kept, later = sorted(pair, key=rank.__getitem__)
                pairs.append((later, kept))
                if kept not in problems:
                    problems.setdefault(
                        later, f"It asks the same as {_named(rows[kept])}, on frames that look the same."
                    )
    return Duplicates(problems=problems, pairs=tuple(pairs))


def _hash_of(evidence: Evidence | None) -> str:
    return evidence.perceptual_hash if isinstance(evidence, FigureRow) else ""


def _compared(
    rows: Sequence[Revision], alike: Iterable[tuple[int, int]], *, how: str = "word for word"
) -> Duplicates:
    """What becomes of pairs that ask the same of the same pictures, the one that stays first."""
    problems: dict[int, str] = {}
    pairs: list[tuple[int, int]] = []
    contradictions: list[tuple[int, int]] = []
    for one, other in alike:
        if rows[one].answer == rows[other].answer:
            if one not in problems:  # what goes itself can't be what another is given up for
                problems.setdefault(other, f"It asks the same as {_named(rows[one])}, {how}.")
            pairs.append((other, one))
        elif _contradict(rows[one], rows[other]):
            contradictions.append((one, other))
    for one, other in contradictions:
        problems[one] = f"It asks the same as {_named(rows[other])}, which answers otherwise."
        problems[other] = f"It asks the same as {_named(rows[one])}, which answers otherwise."
        pairs.append((other, one))
    return Duplicates(problems=problems, pairs=tuple(pairs))


_LOOKS = {"cases": _same_stems, "volumes": _same_pictures, "figures": _near_pictures, "clips": _near_clips}


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
