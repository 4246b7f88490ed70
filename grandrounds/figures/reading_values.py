"""What a reading of a figure's words comes to, and the parts of its text that are read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from grandrounds.figures.taxonomy import NodePath
from grandrounds.figures.vocabulary import Fired
from grandrounds.records.figure import FigurePanel, FigureRow
from grandrounds.records.parts import Span
from grandrounds.text import sentences

CAPTION, MENTION = "caption", "mention"
#: From this confidence on a panel and its part of the caption belong together.
PANEL_SURE = 0.5
_REFERENCE = re.compile(r"\b(?:figs?|figures?|panels?|plates?)\b\.?\s*\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer that the words give.

    ``path`` is its node in ``scheme`` (empty for what no taxonomy names), ``title`` the answer as an
    option. ``words`` fired; ``source`` is where: the caption, or a mention. ``rule`` names the reason why
    this and no other phrase was taken. ``subject`` is the panel that alone is meant, if so.
    """

    scheme: str
    path: NodePath
    title: str
    words: tuple[Fired, ...]
    source: str = CAPTION
    rule: str
    subject: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Untold:
    """Why the words give no answer."""

    reason: str


def caption_area(row: FigureRow) -> Span | None:
    """The caption in the row's text; ``None`` where it has none."""
    if row.caption_span is not None and row.caption_span.end > row.caption_span.start:
        return row.caption_span
    return None


def panel_areas(row: FigureRow) -> tuple[tuple[FigurePanel, Span], ...]:
    """The panels that were found in picture and caption, each with its part of the caption."""
    return tuple(
        (panel, panel.span)
        for panel in row.panels
        if panel.span is not None and panel.pixels and panel.label and panel.confidence >= PANEL_SURE
    )


def mention_clauses(row: FigureRow) -> Iterator[Span]:
    """The clauses of the running text that refer to the figure: from the reference before it, or the
    beginning of the sentence, up to the reference."""
    for mention in row.mentions:
        paragraph = mention.span.of(row.text)
        for sentence in sentences(paragraph):
            told = sentence.of(paragraph)
            reference = (
                re.search(rf"{re.escape(mention.words)}(?!\d|\.\d)", told) if mention.words else None
            )
            if reference is None:
                continue
            at = reference.start()
            start = max((match.end() for match in _REFERENCE.finditer(told, 0, at)), default=0)
            end = at if told[:at].strip(" (") else len(told)
            yield Span(
                start=mention.span.start + sentence.start + start,
                end=mention.span.start + sentence.start + max(end, start),
            )


def sentence_around(row: FigureRow, span: Span) -> Span:
    """The sentence of the row's text that holds ``span``."""
    for sentence in sentences(row.text):
        if sentence.start <= span.start < sentence.end:
            return Span(start=sentence.start, end=max(sentence.end, span.end))
    return span
