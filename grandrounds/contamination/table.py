"""A table of 64-bit numbers that most questions leave early: a filter of bits, then a sorted array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from grandrounds.contamination.hashing import Hashes, Places

# Bits a number: with two bits set for each, one of some 250 strange numbers passes the filter.
_BITS_EACH = 32
_LEAST_BITS, _MOST_BITS = 16, 33
_SECOND = np.uint64(0xD6E8FEB86659FD93)


class HashTable:
    """Numbers, each with the places it was put under. Memory is some 16 bytes a place and 4 a number."""

    def __init__(self, numbers: Hashes) -> None:
        """``numbers`` by place; the same number may stand at many."""
        order = np.argsort(numbers, kind="stable")
        ordered = numbers[order]
        first = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, bool)
        self._order: Places = order
        self._numbers: Hashes = ordered[first]
        self._begins: Places = np.concatenate([np.flatnonzero(first), [len(ordered)]])
        self._size = min(max((len(self._numbers) * _BITS_EACH).bit_length(), _LEAST_BITS), _MOST_BITS)
        self._bits = np.zeros(1 << (self._size - 3), dtype=np.uint8)
        for places in (self._first(self._numbers), self._second(self._numbers)):
            # Not in one step: several numbers may set bits of one byte.
            np.bitwise_or.at(self._bits, places >> 3, _bit(places))

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def size(self) -> int:
        """Bytes that the table takes of the memory."""
        return sum(each.nbytes for each in (self._order, self._numbers, self._begins, self._bits))

    def which(self, asked: Hashes) -> tuple[Places, Places]:
        """Which of ``asked`` stand in the table (positions in ``asked``, rising), and as which entry."""
        if not len(self._numbers):
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty
        maybe = np.flatnonzero(self._set(self._first(asked)))
        maybe = maybe[self._set(self._second(asked[maybe]))]
        numbers = asked[maybe]
        entries = np.searchsorted(self._numbers, numbers)
        entries[entries == len(self._numbers)] = 0
        right = self._numbers[entries] == numbers
        return maybe[right], entries[right]

    def places(self, entries: Places) -> tuple[Places, Places]:
        """All places of ``entries``: for each place which of ``entries`` it is of, and the place."""
        begins = self._begins[entries]
        counts = self._begins[entries + 1] - begins
        which = np.repeat(np.arange(len(entries)), counts)
        within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return which, self._order[begins[which] + within]

    def _first(self, numbers: Hashes) -> Places:
        return (numbers >> np.uint64(64 - self._size)).astype(np.int64)

    def _second(self, numbers: Hashes) -> Places:
        return ((numbers * _SECOND) >> np.uint64(64 - self._size)).astype(np.int64)

    def _set(self, places: Places) -> NDArray[np.bool_]:
        result: NDArray[np.bool_] = (self._bits[places >> 3] & _bit(places)) != 0
        return result


def _bit(places: Places) -> NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (places & 7).astype(np.uint8))
