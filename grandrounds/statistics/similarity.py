"""Near duplicates among many texts: MinHash, bands, then the true Jaccard similarity. numpy only.

A text is the set of its runs of five normalised words ("shingles"). 128 hash minima estimate how
much two sets share; texts that agree in a whole band of minima are compared for real, so a pair is
never called alike on an estimate. Sources: A. Z. Broder, SEQUENCES '97, 21 (MinHash); J. Leskovec,
A. Rajaraman, J. Ullman, Mining of Massive Datasets, chapter 3 (bands).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING, Any

from grandrounds.text import words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]

WORDS_IN_SHINGLE = 5
PERMUTATIONS = 128
# The share of pairs exactly at the threshold that bands may miss.
_MISS = 1e-3
# An estimate that lies this far below the threshold (over 4 standard errors) spares the comparison.
_MARGIN = 0.17
# How many already refused texts a band remembers, so that chains of likeness are seen.
_REMEMBERED = 16
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What was found. ``kept_instead`` says for each refused text which earlier one is like it, and
    ``links`` holds every pair (earlier, later, similarity) that was found alike."""

    kept_instead: dict[int, int]
    links: tuple[tuple[int, int, float], ...]


def near_duplicates(texts: Sequence[str], *, threshold: float) -> Likeness:
    """Which of ``texts`` are like an earlier one: Jaccard similarity of shingles >= ``threshold``.

    Texts come in the order in which they may stay: a text is refused when one that *stays* before
    it is alike. Texts without a word are like no other. Time grows with the number of texts, not
    of pairs, as long as those that stay differ.
    """
    shingled = _Shingles(texts)
    signatures = _signatures(shingled)
    bands = _bands(signatures, threshold)
    buckets: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
    kept_instead: dict[int, int] = {}
    links: list[tuple[int, int, float]] = []
    for position, keys in bands.items():
        places = [buckets.setdefault((band, key), ([], [])) for band, key in keys]
        stayed = {other for kept, _ in places for other in kept}
        refused = {other for _, gone in places for other in gone}
        alike = _alike(position, sorted(stayed | refused), shingled, signatures, threshold)
        links += [(other, position, similarity) for other, similarity in alike]
        best = min(((-similarity, other) for other, similarity in alike if other in stayed), default=None)
        if best is not None:
            kept_instead[position] = best[1]
        for kept, gone in places:
            if best is None:
                kept.append(position)
            elif len(gone) < _REMEMBERED:
                gone.append(position)
    return Likeness(kept_instead=kept_instead, links=tuple(sorted(links)))


def similarity(one: str, other: str) -> float:
    """The Jaccard similarity of two texts' shingles; 0 when either has no word."""
    shingled = _Shingles([one, other])
    return _jaccard(shingled.of(0), shingled.of(1))


class _Shingles:
    """The shingles of all texts as 64-bit hashes in one array; ``starts`` says where each text begins."""

    def __init__(self, texts: Sequence[str]) -> None:
        import numpy as np

        vocabulary: defaultdict[str, int] = defaultdict(count().__next__)
        numbers: list[int] = []
        lengths = np.zeros(len(texts), dtype=np.int64)
        for position, text in enumerate(texts):
            row = words(text)
            lengths[position] = len(row)
            numbers.extend(map(vocabulary.__getitem__, row))
        hashed = np.array([_word_hash(word) for word in vocabulary], dtype=np.uint64)
        flat = hashed[np.array(numbers, dtype=np.int64)] if numbers else np.zeros(0, dtype=np.uint64)
        self.counts = np.where(lengths == 0, 0, np.maximum(lengths - WORDS_IN_SHINGLE + 1, 1))
        self.starts = np.concatenate([[0], np.cumsum(self.counts)])
        self.hashes = _roll(flat, lengths, self.counts)
        self._sets: dict[int, frozenset[int]] = {}

    def of(self, position: int) -> frozenset[int]:
        """The shingles of one text as a set."""
        if position not in self._sets:
            area = self.hashes[self.starts[position] : self.starts[position + 1]]
            self._sets[position] = frozenset(area.tolist())
        return self._sets[position]


def _word_hash(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _roll(flat: Hashes, lengths: NDArray[Any], counts: NDArray[Any]) -> Hashes:
    """The hash of every shingle. A text shorter than a shingle is one shingle."""
    import numpy as np

    begins = np.concatenate([[0], np.cumsum(lengths)])[:-1]
    offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    first = np.repeat(begins, counts) + offsets
    last = np.repeat(begins + lengths, counts)
    total = np.zeros(len(first), dtype=np.uint64)
    for step in range(WORDS_IN_SHINGLE):
        at = first + step
        inside = at < last
        word = np.where(
            inside, flat[np.minimum(at, max(len(flat) - 1, 0))] if len(flat) else 0, np.uint64(step + 1)
        )
        total = _mix(total * np.uint64(0x9E3779B97F4A7C15) + word.astype(np.uint64))
    return total


def _mix(value: Hashes) -> Hashes:
    """Spread every bit over all (the finaliser of SplitMix64, S. Vigna)."""
    import numpy as np

    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Hashes = value ^ (value >> np.uint64(31))
    return result


def _signatures(shingled: _Shingles) -> NDArray[np.uint32]:
    """128 minima a text; texts without shingles get all ones and are skipped later.

    32-bit arithmetic, for it is twice as fast: likeness is verified on the 64-bit hashes anyway.
    """
    import numpy as np

    seeds = np.array(
        [_word_hash(f"permutation {number}") for number in range(PERMUTATIONS)], dtype=np.uint64
    )
    masks = (seeds >> np.uint64(32)).astype(np.uint32)
    factors = seeds.astype(np.uint32) | np.uint32(1)
    signatures = np.full((PERMUTATIONS, len(shingled.counts)), 0xFFFFFFFF, dtype=np.uint32)
    filled = np.flatnonzero(shingled.counts)
    low = 0
    while low < len(filled):
        base = shingled.starts[filled[low]]
        high = max(low + 1, int(np.searchsorted(shingled.starts[filled], base + _BLOCK)))
        block = filled[low:high]
        values = shingled.hashes[base : shingled.starts[block[-1] + 1]].astype(np.uint32)
        edges = shingled.starts[block] - base
        for number in range(PERMUTATIONS):
            permuted = (values ^ masks[number]) * factors[number]
            signatures[number, block] = np.minimum.reduceat(permuted ^ (permuted >> np.uint32(15)), edges)
        low = high
    return np.ascontiguousarray(signatures.T)


@cache
def band_shape(threshold: float) -> tuple[int, int]:
    """(bands, rows): the longest bands that still find a pair at ``threshold`` 999 times in 1000.

    A pair of similarity s meets in some band with probability 1 - (1 - s^rows)^bands.
    """
    for rows in range(16, 1, -1):
        bands = PERMUTATIONS // rows
        if (1 - threshold**rows) ** bands <= _MISS:
            return bands, rows
    return PERMUTATIONS, 1


def _bands(signatures: NDArray[np.uint32], threshold: float) -> dict[int, list[tuple[int, int]]]:
    """For each text that meets another in a band: its (band, key) pairs. Others can't be alike."""
    import numpy as np

    bands, rows = band_shape(threshold)
    empty = (signatures == 0xFFFFFFFF).all(axis=1)
    found: dict[int, list[tuple[int, int]]] = {}
    for band in range(bands):
        key = np.zeros(len(signatures), dtype=np.uint64)
        for row in range(band * rows, (band + 1) * rows):
            key = _mix(key * np.uint64(0x9E3779B97F4A7C15) + signatures[:, row].astype(np.uint64))
        order = np.argsort(key, kind="stable")
        same = key[order][1:] == key[order][:-1]
        shared = np.zeros(len(key), dtype=bool)
        shared[order[1:][same]] = True
        shared[order[:-1][same]] = True
        for position in np.flatnonzero(shared & ~empty).tolist():
            found.setdefault(position, []).append((band, int(key[position])))
    return dict(sorted(found.items()))


def _alike(
    position: int,
    others: list[int],
    shingled: _Shingles,
    signatures: NDArray[np.uint32],
    threshold: float,
) -> list[tuple[int, float]]:
    """Those of ``others`` whose true similarity to ``position`` reaches the threshold."""
    import numpy as np

    if not others:
        return []
    candidates = np.array(others)
    estimates = (signatures[candidates] == signatures[position]).mean(axis=1)
    mine = shingled.of(position)
    found = []
    for other in candidates[estimates >= threshold - _MARGIN].tolist():
        value = _jaccard(mine, shingled.of(other))
        if value >= threshold and value > 0:
            found.append((other, value))
    return found


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0
