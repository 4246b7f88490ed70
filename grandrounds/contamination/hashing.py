"""Words and runs of words as 64-bit numbers, many at once. numpy only.

A word's number is made of its bytes, eight at a time; a run's of its words' numbers as the value of a
polynomial, put together from runs of half the length (Karp and Rabin's rolling hash, by doubling). A number
says where to look and never that two texts are the same: that is decided on the words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grandrounds.contamination.words import BOUNDARY, SPACE

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

# Of longer words only the first bytes and the length count; the words themselves are compared later.
_COUNTED_BYTES = 64
_BASE = 0x9E3779B97F4A7C15  # odd, its bits without a pattern: 2^64 over the golden ratio
_ALL = (1 << 64) - 1
_MASKS = np.array([(1 << 8 * length) - 1 for length in range(8)] + [_ALL], dtype=np.uint64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The words of many texts: where each begins and ends in ``data``, and its number.

    ``text_starts`` says at which word each text begins; the last entry is the number of words.
    """

    data: bytes
    starts: Places
    ends: Places
    hashes: Hashes
    text_starts: Places

    def text_of(self, word: Places) -> Places:
        """The number of the text that each word stands in."""
        return np.searchsorted(self.text_starts, word, side="right") - 1

    def words(self, first: int, end: int) -> list[bytes]:
        """The words ``first`` to ``end`` themselves."""
        if first >= end:
            return []
        return self.data[int(self.starts[first]) : int(self.ends[end - 1])].replace(b"\0", b" ").split()


def tokenise(data: bytes) -> Tokens:
    """The words in ``data`` as ``words.joined`` makes it."""
    # Room before the first word, and behind the last for reading eight bytes at once.
    padded = b" " + data + bytes(8)
    codes = np.frombuffer(padded, dtype=np.uint8)
    inside = codes > SPACE
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    starts, ends = edges[0::2], edges[1::2]
    cuts = np.flatnonzero(codes[1 : len(data) + 1] == BOUNDARY) + 1
    text_starts = np.concatenate([[0], np.searchsorted(starts, cuts), [len(starts)]])
    return Tokens(
        data=padded,
        starts=starts,
        ends=ends,
        hashes=_word_hashes(padded, starts, ends - starts),
        text_starts=text_starts.astype(np.int64),
    )


def run_hashes(hashes: Hashes, lengths: tuple[int, ...]) -> dict[int, Hashes]:
    """The number of every run of so many words, for each of ``lengths``; runs may cross texts."""
    doubled = {1: hashes}
    size = 1
    while size * 2 <= max(lengths):
        doubled[size * 2] = _append(doubled[size], doubled[size], size, size)
        size *= 2
    return {length: _finished(_of_length(doubled, length)) for length in lengths}


def mixed(values: Hashes) -> Hashes:
    """Spread every bit over all."""
    values = (values ^ (values >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    result: Hashes = values ^ (values >> np.uint64(32))
    return result


def _word_hashes(data: bytes, starts: Places, lengths: Places) -> Hashes:
    # Every eight bytes of the data as a number, wherever they begin; the view copies nothing.
    eights: Hashes = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    short = np.minimum(lengths, _COUNTED_BYTES)
    numbers = eights[starts] & _MASKS[np.minimum(short, 8)]
    numbers = mixed(numbers * np.uint64(_BASE))
    done = 8
    left = np.flatnonzero(lengths > done)
    while len(left) and done < _COUNTED_BYTES:
        more = eights[starts[left] + done] & _MASKS[np.minimum(short[left] - done, 8)]
        numbers[left] = mixed((numbers[left] ^ more) * np.uint64(_BASE) + np.uint64(done))
        done += 8
        left = left[lengths[left] > done]
    if len(left):
        numbers[left] ^= lengths[left].astype(np.uint64)
    return numbers


def _of_length(doubled: dict[int, Hashes], length: int) -> Hashes:
    size = 1 << (length.bit_length() - 1)
    made, done = doubled[size], size
    while done < length:
        size >>= 1
        if done + size <= length:
            made = _append(made, doubled[size], done, size)
            done += size
    return made


def _append(one: Hashes, other: Hashes, before: int, behind: int) -> Hashes:
    """Runs of ``before`` words and, behind each, a run of ``behind`` words."""
    count = max(0, len(other) - before)
    result: Hashes = one[:count] * np.uint64(pow(_BASE, behind, 1 << 64))
    result += other[before : before + count]
    return result


def _finished(values: Hashes) -> Hashes:
    result: Hashes = (values ^ (values >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
    return result
