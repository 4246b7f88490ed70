"""What is found: a text of an item, in a document, to some extent; and when that counts as a copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

COPIED = "copied"
OVERLAPS = "overlaps"

RUNS = "runs"
WORDS = "words"
SHORT = "short"


class Piece(NamedTuple):
    """A stretch of a document: a field of a row of a file (both by number), and where in it it begins.

    A named tuple, for there are millions of them.
    """

    file: int
    row: int
    field: str
    start: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a hit counts as a copy. Every other hit overlaps, and is shown.

    ``share`` of the text's runs of 13 words in one document, ``span`` the longest run of words that both
    have, ``containment`` the share of the text's words in a stretch of the document of the text's length,
    in whatever order.
    """

    share: float = 0.5
    span: int = 50
    containment: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One text of the items (by number) in one document.

    ``method``: ``runs`` of 13 words, ``words`` in whatever order, or the whole of a ``short`` text.
    ``offset`` and ``end`` are code points of the field; ``words`` is what stands there, as it is spelt.
    ``containment`` and ``jaccard`` are 0 where runs said enough.
    """

    text: int
    file: int
    row: int
    field: str
    offset: int
    end: int
    method: str
    share: float
    containment: float = 0.0
    jaccard: float = 0.0
    span: int
    words: str

    def verdict(self, limits: Limits) -> str:
        """``copied`` or ``overlaps``."""
        if self.method == WORDS:
            return COPIED  # fewer words than the limit are no hit
        reached = self.share >= limits.share or self.span >= limits.span
        return COPIED if self.method == RUNS and reached else OVERLAPS
