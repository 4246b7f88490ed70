"""The stem: the part of a stored text that the solver sees, and where each of its words came from.

A stem is made of *pieces*, spans of the stored text in order. Between two pieces something was left
out (a cross-reference, a sentence that tells the answer). ``render`` is the only way a stem is made
from pieces, so anybody who holds the stored text and the spans can make it again and compare.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grandrounds.records.parts import Span

_PARAGRAPH = "\n\n"
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
# A space before closing punctuation goes, except before a bare decimal ("dose .5 mg").
_CLOSING = re.compile(r" +([.,;:)\]])(?!\d)")


def render(text: str, pieces: Sequence[Span]) -> str:
    """The stem that ``pieces`` of ``text`` make.

    Pieces are joined by a blank line where the stored text has one between (or around) them, by a
    space otherwise; white space inside becomes single; a space before closing punctuation goes.
    """
    stem = ""
    last = None
    for piece in pieces:
        words = _tidy(piece.of(text))
        if not words:
            continue
        if last is not None:
            stem += _join(text, last, piece)
        stem += words
        last = piece
    return _CLOSING.sub(r"\1", stem)


def visible_quote(text: str, pieces: Sequence[Span], quote: Span) -> bool:
    """Whether the solver sees ``quote`` (a span of ``text``) whole and unbroken."""
    return quote.end <= len(text) and any(piece.contains(quote) for piece in pieces)


def locate(text: str, quote: str, within: Sequence[Span] | None = None) -> Span | None:
    """Where ``quote`` stands in ``text`` word for word; white space may differ, nothing else.

    With ``within``, only inside one of those spans. The answer is the first such place.
    """
    parts = [re.escape(part) for part in quote.split()]
    if not parts:
        return None
    pattern = re.compile(r"\s+".join(parts))
    for area in within if within is not None else (Span(start=0, end=len(text)),):
        match = pattern.search(text, area.start, area.end)
        if match:
            return Span(start=match.start(), end=match.end())
    return None


def subtract(area: Span, holes: Sequence[Span]) -> tuple[Span, ...]:
    """What is left of ``area`` when ``holes`` are cut out of it."""
    left: list[Span] = []
    start = area.start
    for hole in sorted(holes, key=lambda span: span.start):
        if hole.end <= start or hole.start >= area.end or hole.start == hole.end:
            continue
        if hole.start > start:
            left.append(Span(start=start, end=hole.start))
        start = max(start, hole.end)
    if start < area.end:
        left.append(Span(start=start, end=area.end))
    return tuple(left)


def _join(text: str, last: Span, piece: Span) -> str:
    """What joins two pieces: nothing where they touch inside a line, else a blank line or a space."""
    end = last.start + len(last.of(text).rstrip())
    start = piece.end - len(piece.of(text).lstrip())
    gap = text[end:start]
    if _BLANK_LINE.search(gap):
        return _PARAGRAPH
    return " " if gap or start < end else ""


def _tidy(words: str) -> str:
    paragraphs = [" ".join(paragraph.split()) for paragraph in _BLANK_LINE.split(words)]
    return _PARAGRAPH.join(paragraph for paragraph in paragraphs if paragraph)
