"""Captions that stand under each other's pictures, told by the words that are printed inside the pictures.

A drawing whose labels say "rib", "sternum" and "clavicle" above a caption with none of these words, beside
a figure whose caption has them all, whose own picture speaks of the first caption: the two were swapped.
Many pictures have no words inside; of those nothing is known here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grandrounds.records.figure import PAIRED, FigureRow
from grandrounds.text import words

_SHORTEST = 4
_FEWEST = 2
"""Words that a picture must share with the other caption, and none with its own."""
_ONE_SIDED = 3
"""The same where the other picture has no words that could bear it out."""
_COMMONEST = 0.2
"""Words in a larger share of a book's captions (and in more than two) tell nothing."""
_IDLE = frozenset({
    "about", "above", "after", "along", "also", "anterior", "before", "below", "between", "both",
    "from", "figure", "have", "image", "inferior", "into", "left", "lateral", "medial", "more",
    "other", "panel", "picture", "posterior", "right", "scale", "shown", "shows", "superior",
    "than", "that", "their", "then", "there", "these", "this", "through", "under", "view", "were",
    "when", "where", "which", "with", "without",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """That a picture fits the caption of another figure (``other``, an evidence id) and not its own.
    ``certain`` where the other's picture says the same the other way round."""

    other: str
    certain: bool
    words: tuple[str, ...]


def find_swaps(rows: Iterable[FigureRow]) -> dict[str, Swap]:
    """By evidence id, the figures of one source whose captions seem to be another's."""
    by_source: defaultdict[str, list[FigureRow]] = defaultdict(list)
    for row in rows:
        if row.status == PAIRED:
            by_source[row.source_id].append(row)
    found: dict[str, Swap] = {}
    for source in sorted(by_source):
        found |= _of_source(by_source[source])
    return found


def _of_source(rows: Sequence[FigureRow]) -> dict[str, Swap]:
    captions = [_telling(row.caption) for row in rows]
    common = _common(captions)
    captions = [caption - common for caption in captions]
    inside = [_telling(" ".join(row.words_inside)) - common for row in rows]
    holders = _holders(captions)
    better: dict[int, dict[int, frozenset[str]]] = {}
    for place, told in enumerate(inside):
        if told and not told & captions[place]:
            better[place] = dict(_fits(place, told, captions, holders))
    found = {}
    for place, others in better.items():
        swap = _best(place, others, better, inside, rows)
        if swap is not None:
            found[rows[place].evidence_id] = swap
    return found


def _fits(
    place: int,
    told: frozenset[str],
    captions: Sequence[frozenset[str]],
    holders: Mapping[str, Sequence[int]],
) -> Iterator[tuple[int, frozenset[str]]]:
    """The other captions that share enough words with a picture."""
    for other in sorted({holder for word in told for holder in holders.get(word, ())} - {place}):
        shared = told & captions[other]
        if len(shared) >= _FEWEST:
            yield other, shared


def _best(
    place: int,
    others: Mapping[int, frozenset[str]],
    better: Mapping[int, Mapping[int, frozenset[str]]],
    inside: Sequence[frozenset[str]],
    rows: Sequence[FigureRow],
) -> Swap | None:
    ranked = sorted(others, key=lambda other: (-len(others[other]), other))
    for other in ranked:
        if place in better.get(other, {}):
            return Swap(other=rows[other].evidence_id, certain=True, words=tuple(sorted(others[other])))
    for other in ranked:
        if not inside[other] and len(others[other]) >= _ONE_SIDED:
            return Swap(other=rows[other].evidence_id, certain=False, words=tuple(sorted(others[other])))
    return None


def _telling(text: str) -> frozenset[str]:
    return frozenset(
        word for word in words(text) if len(word) >= _SHORTEST and word.isalpha() and word not in _IDLE
    )


def _common(captions: Sequence[frozenset[str]]) -> frozenset[str]:
    counted = Counter(word for caption in captions for word in caption)
    most = max(2, int(_COMMONEST * len(captions)))
    return frozenset(word for word, number in counted.items() if number > most)


def _holders(captions: Sequence[frozenset[str]]) -> dict[str, list[int]]:
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for place, caption in enumerate(captions):
        for word in sorted(caption):
            holders[word].append(place)
    return dict(holders)
