"""Near copies: texts whose words were put in another order, or some of them changed.

MinHash on the words, weighted by rarity: each stretch of 80 words of a text keeps its eight words with the
smallest hash, the rarest first (bottom-k sketches: E. Cohen, H. Kaplan, PODC 2007). A sketch is kept as all
pairs of its words. A document that holds three pairs of one text, close together in any order, may hold a
copy; what is then counted are the words themselves: the share of the text's words, each as often as there,
in the stretch of the document of the text's length that has most of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grandrounds.contamination.hashing import Tokens, mixed, tokenise
from grandrounds.contamination.table import HashTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grandrounds.contamination.hashing import Hashes, Places

SHORTEST = 16
"""Fewest words of a text that near copies are looked for of."""
STRETCH = 80
SKETCH = 8
PAIRS = 3
"""So many pairs of one text have to be in a document before its words are counted."""

# Each word of a sketch in a document is paired with so many next ones, and not further than so many words.
_NEXT = 8
_FAR = 2 * STRETCH
# A pair in more texts than this says too little of any of them.
_MOST_TEXTS = 32
# Words that say nothing of what a text is about.
_FUNCTION_WORDS = (
    b"a about after all also an and any are as at be been before both but by can could did do does during "
    b"each for from had has have he her his if in into is it its may more most no not of on one or other "
    b"our over she should so some such than that the their them then there these they this those through "
    b"to two under up was we were what when where which while who with within without would you your"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How much of a text's words a stretch of a document has: ``containment`` is their share, ``first`` and
    ``end`` are words of the document."""

    containment: float
    first: int
    end: int

    @property
    def jaccard(self) -> float:
        """Shared words over all words of text and stretch, which are of one length."""
        return self.containment / (2 - self.containment)


class NearIndex:
    """The sketches of all texts: ``add`` them block by block, then ``build``. ``tested`` says of each text
    whether it has pairs enough to be found by."""

    def __init__(self) -> None:
        self._blocks: list[tuple[Hashes, Places]] = []
        self._text_of_stretch: list[Places] = [np.zeros(0, dtype=np.int64)]
        self._stretches = 0
        self._function_words = np.sort(tokenise(_FUNCTION_WORDS).hashes)

    @property
    def size(self) -> int:
        """Bytes that the sketches take of the memory."""
        return self._words.size + self._pairs.size + self._pair_text.nbytes

    def add(self, tokens: Tokens, first: int) -> None:
        """Take the texts of ``tokens``, the first of which has number ``first``."""
        lengths = np.diff(tokens.text_starts)
        text = np.repeat(np.arange(len(lengths)), lengths)
        new = (np.arange(len(text)) - tokens.text_starts[text]) % STRETCH == 0
        stretch = np.cumsum(new) - 1 + self._stretches
        self._text_of_stretch.append(text[new] + first)
        self._stretches += int(new.sum())
        kept = (lengths >= SHORTEST)[text] & ~_among(self._function_words, tokens.hashes)
        numbers, stretch = tokens.hashes[kept], stretch[kept]
        order = np.lexsort((numbers, stretch))
        numbers, stretch = numbers[order], stretch[order]
        once = _changes(stretch) | _changes(numbers)
        self._blocks.append((numbers[once], stretch[once]))

    def build(self, texts: int) -> None:
        """Make the tables out of what was taken."""
        numbers = np.concatenate([np.zeros(0, np.uint64), *(block[0] for block in self._blocks)])
        stretch = np.concatenate([np.zeros(0, np.int64), *(block[1] for block in self._blocks)])
        self._blocks.clear()
        numbers, stretch = _sketches(numbers, stretch)
        pairs, pair_text = _pairs(numbers, stretch, np.concatenate(self._text_of_stretch))
        kept = _rare(pairs)
        self._pairs, self._pair_text = HashTable(pairs[kept]), pair_text[kept]
        self._words = HashTable(np.unique(numbers))
        self.tested = np.bincount(self._pair_text, minlength=texts) >= PAIRS

    def candidates(self, tokens: Tokens) -> list[tuple[int, int, int, int]]:
        """Which texts may have a near copy where: number of the document in ``tokens``, text, and the first
        and last word of the pairs found."""
        at, _ = self._words.which(tokens.hashes)
        if len(at) < 2:
            return []
        numbers, document = tokens.hashes[at], tokens.text_of(at)
        # Of each pair found: document, text, entry of the pair's number, first and last word.
        found: list[tuple[Places, ...]] = []
        for step in range(1, min(_NEXT, len(at) - 1) + 1):
            close = np.flatnonzero((document[step:] == document[:-step]) & (at[step:] - at[:-step] <= _FAR))
            sums = mixed(numbers[close] + numbers[close + step])
            hit, entries = self._pairs.which(sums)
            if len(hit):
                which, places = self._pairs.places(entries)
                own = close[hit][which]
                found.append(
                    (document[own], self._pair_text[places], entries[which], at[own], at[own + step])
                )
        if not found:
            return []
        return _grouped(tuple(np.concatenate(column) for column in zip(*found, strict=True)))


def likeness(text: list[bytes], document: list[bytes]) -> Likeness:
    """The stretch of ``document`` of the length of ``text`` that has most of its words. Linear in both."""
    left = Counter(text)
    wanted = dict(left)
    length = len(text)
    shared = best = at = 0
    for position, word in enumerate(document):
        if word in wanted:
            left[word] -= 1
            shared += left[word] >= 0
        if position >= length:
            gone = document[position - length]
            if gone in wanted:
                shared -= left[gone] >= 0
                left[gone] += 1
        if shared > best:
            best, at = shared, position + 1
    first = max(0, at - length)
    return Likeness(containment=best / length if length else 0.0, first=first, end=at)


def _sketches(numbers: Hashes, stretch: Places) -> tuple[Hashes, Places]:
    """Of each stretch the words with the smallest hash among the rarest."""
    _, entry, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    rarity = np.floor(np.log2(counts)).astype(np.int64)[entry]
    # One key: how rare (6 bits), then the word's hash.
    weight = (rarity.astype(np.uint64) << np.uint64(58)) | (mixed(numbers) >> np.uint64(6))
    order = np.lexsort((weight, stretch))
    numbers, stretch = numbers[order], stretch[order]
    begins = np.flatnonzero(_changes(stretch))
    rank = np.arange(len(numbers)) - np.repeat(begins, np.diff(np.append(begins, len(numbers))))
    return numbers[rank < SKETCH], stretch[rank < SKETCH]


def _pairs(numbers: Hashes, stretch: Places, text_of: Places) -> tuple[Hashes, Places]:
    """The number of each pair of words in a sketch, whatever their order, and its text; once a text."""
    pairs, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for step in range(1, SKETCH):
        same = np.flatnonzero(stretch[step:] == stretch[:-step])
        pairs.append(mixed(numbers[same] + numbers[same + step]))
        owners.append(text_of[stretch[same]])
    made, owner = np.concatenate(pairs), np.concatenate(owners)
    order = np.lexsort((made, owner))
    made, owner = made[order], owner[order]
    once = _changes(made) | _changes(owner)
    return made[once], owner[once]


def _changes(values: Hashes | Places) -> NDArray[np.bool_]:
    """Where a value is another than the one before it; the first is."""
    changes = np.ones(len(values), dtype=bool)
    changes[1:] = values[1:] != values[:-1]
    return changes


def _rare(pairs: Hashes) -> Places:
    if not len(pairs):
        return np.zeros(0, dtype=np.int64)
    _, entry, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    return np.flatnonzero(counts[entry] <= _MOST_TEXTS)


def _grouped(found: tuple[Places, ...]) -> list[tuple[int, int, int, int]]:
    """The documents and texts with enough different pairs between them."""
    document, text, pair, first, last = found
    order = np.lexsort((first, pair, text, document))
    document, text, pair, first, last = (column[order] for column in (document, text, pair, first, last))
    new = _changes(document) | _changes(text)
    other = new | _changes(pair)
    begins = np.flatnonzero(new)
    enough = np.add.reduceat(other.astype(np.int64), begins) >= PAIRS
    low, high = np.minimum.reduceat(first, begins), np.maximum.reduceat(last, begins)
    return [
        (int(document[begins[at]]), int(text[begins[at]]), int(low[at]), int(high[at]))
        for at in np.flatnonzero(enough)
    ]


def _among(ordered: Hashes, asked: Hashes) -> NDArray[np.bool_]:
    places = np.searchsorted(ordered, asked)
    places[places == len(ordered)] = 0
    result: NDArray[np.bool_] = ordered[places] == asked
    return result
