"""The items as an index in memory: every run of 13 words, and what near copies are found by.

Everything that grows is here and grows with the items; documents only pass by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grandrounds.contamination.hashing import Hashes, Places, Tokens, run_hashes, tokenise
from grandrounds.contamination.near import NearIndex
from grandrounds.contamination.table import HashTable
from grandrounds.contamination.texts import HEAD, RUN, ItemText
from grandrounds.contamination.words import joined

# A run in the texts of more groups than this is a phrase of the benchmark, not a text of its own.
COMMON = 10
_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An item and its field whose text is looked for."""

    item_id: str
    task: str
    group: str
    field: str


class Index:
    """The distinct texts of all items.

    ``owners`` says by text whose it is, ``lengths`` how many words it has, ``runs`` how many of its runs
    count: all but those that more than ``COMMON`` groups share. Without ``near`` no near copy is found.
    """

    def __init__(self, texts: Iterable[ItemText], *, near: bool = True) -> None:
        self.items: set[str] = set()
        self._words: list[bytes] = []
        self.owners: list[list[Owner]] = []
        self._add(texts)
        self.lengths = np.zeros(len(self._words), dtype=np.int64)
        self.near = NearIndex()
        self._build(near=near)

    def __len__(self) -> int:
        return len(self._words)

    @property
    def size(self) -> int:
        """Bytes that tables and texts take of the memory, without Python's own objects."""
        return (
            sum(map(len, self._words))
            + self.table.size
            + self.heads.size
            + self.near.size
            + self._run_text.nbytes
            + self._run_place.nbytes
        )

    @cached_property
    def too_short(self) -> int:
        """How many texts have too few words to be looked for."""
        return int((self.lengths < HEAD).sum())

    @cached_property
    def only_common(self) -> int:
        """How many texts are made of common runs alone."""
        return int(((self.lengths >= RUN) & (self.runs == 0)).sum())

    def words(self, text: int) -> list[bytes]:
        """The words of a text."""
        return self._words[text].split()

    def runs_at(self, entries: Places) -> tuple[Places, Places, Places]:
        """All places of entries of the run table: which entry, text, and the word the run begins at."""
        which, runs = self.table.places(entries)
        return which, self._run_text[runs].astype(np.int64), self._run_place[runs].astype(np.int64)

    def heads_at(self, entries: Places) -> tuple[Places, Places]:
        """All short texts of entries of the table of heads: which entry, and text."""
        which, heads = self.heads.places(entries)
        return which, self._head_text[heads]

    def _add(self, texts: Iterable[ItemText]) -> None:
        numbers: dict[bytes, int] = {}
        for item in texts:
            self.items.add(item.item_id)
            normal = b" ".join(joined([item.text]).split())
            number = numbers.setdefault(normal, len(self._words))
            if number == len(self._words):
                self._words.append(normal)
                self.owners.append([])
            self.owners[number].append(
                Owner(item_id=item.item_id, task=item.task, group=item.group, field=item.field)
            )

    def _build(self, *, near: bool) -> None:
        runs: list[tuple[Hashes, Places, Places]] = []
        heads: list[tuple[Hashes, Places]] = []
        for first, tokens in self._blocks():
            counts = np.diff(tokens.text_starts)
            self.lengths[first : first + len(counts)] = counts
            hashed = run_hashes(tokens.hashes, (HEAD, RUN))
            at = _run_starts(tokens, RUN)
            text = tokens.text_of(at)
            runs.append((hashed[RUN][at], text + first, at - tokens.text_starts[text]))
            short = np.flatnonzero((counts >= HEAD) & (counts < RUN))
            heads.append((hashed[HEAD][tokens.text_starts[short]], short + first))
            if near:
                self.near.add(tokens, first)
        numbers, text, place = _joined(runs, 3)
        own = self._own(numbers, text)
        self.table = HashTable(numbers[own])
        self._run_text, self._run_place = text[own].astype(np.int32), place[own].astype(np.int32)
        self.runs = np.bincount(text[own], minlength=len(self._words))
        head_numbers, self._head_text = _joined(heads, 2)
        self.heads = HashTable(head_numbers)
        self.near.build(len(self._words))

    def _own(self, numbers: Hashes, text: Places) -> Places:
        """The runs that at most ``COMMON`` groups have."""
        groups: dict[str, int] = {}
        group = np.array(
            [groups.setdefault(owners[0].group, len(groups)) for owners in self.owners] or [0],
            dtype=np.int64,
        )[text]
        order = np.lexsort((group, numbers))
        ordered, in_order = numbers[order], group[order]
        if not len(order):
            return np.zeros(0, dtype=np.int64)
        new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        other = new | np.concatenate([[True], in_order[1:] != in_order[:-1]])
        entry = np.cumsum(new) - 1
        common = np.bincount(entry, weights=other) > COMMON
        kept: Places = np.sort(order[~common[entry]])
        return kept

    def _blocks(self) -> Iterator[tuple[int, Tokens]]:
        """The texts, some megabytes of them at a time, with the number of the first."""
        first = size = 0
        for number, text in enumerate(self._words):
            if size and size + len(text) > _BLOCK:
                yield first, tokenise(b"\0".join(self._words[first:number]))
                first, size = number, 0
            size += len(text) + 1
        if first < len(self._words):
            yield first, tokenise(b"\0".join(self._words[first:]))


def _run_starts(tokens: Tokens, length: int) -> Places:
    """The words at which a run of ``length`` begins that does not cross the end of its text."""
    count = max(0, len(tokens.hashes) - length + 1)
    left = np.repeat(tokens.text_starts[1:], np.diff(tokens.text_starts))[:count] - np.arange(count)
    return np.flatnonzero(left >= length)


def _joined(parts: Sequence[tuple[np.ndarray, ...]], width: int) -> tuple[np.ndarray, ...]:
    if not parts:
        return (np.zeros(0, np.uint64), *(np.zeros(0, np.int64) for _ in range(width - 1)))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
