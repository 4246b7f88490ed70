"""From passages and what a file says of itself to an article: shared by all readers of case reports."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grandrounds.errors import SourceError
from grandrounds.records.case import CaseTable, Figure, Section
from grandrounds.records.parts import Span
from grandrounds.sources import mentions
from grandrounds.sources.passages import CAPTIONS, SEPARATOR, TABLES, Passage, Stored, join
from grandrounds.sources.section_titles import case_label
from grandrounds.sources.sections import type_passages

_CAPTION_CASE = re.compile(r"\b(?:[Cc]ase|[Pp]atient)\s*(?:no\.?\s*|#)?(\d{1,2}|[IVX]{1,4})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePart:
    """A figure before it is placed; its caption passages carry the anchor ``caption:ID``."""

    figure_id: str
    label: str
    graphics: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePart:
    """A table before it is placed; its passages carry the anchor ``table:ID``."""

    table_id: str
    label: str
    caption: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A stored text with its figures and tables placed in it."""

    stored: Stored
    figures: tuple[Figure, ...]
    tables: tuple[CaseTable, ...]
    case_count: int


def assemble(
    passages: Sequence[Passage],
    *,
    figures: Sequence[FigurePart],
    tables: Sequence[TablePart],
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Assembled:
    """Type, mark and join ``passages``. ``groups`` gives the members of figure and table groups by id.

    Raises ``SourceError`` when there is no prose at all.
    """
    if not any(passage.spot.area not in (CAPTIONS, TABLES, "title") for passage in passages):
        raise SourceError(
            "The article has no text: neither abstract nor body.",
            remedy="Get the full text; a record of metadata alone can't be used.",
        )
    labels = _labels(figures, tables)
    for passage in passages:
        mentions.complete(passage.words)
        if passage.spot.area != TABLES:
            mentions.mark_unlinked(passage.words, labels)
    count = type_passages(passages)
    stored = join(passages)
    named = mentions.mentions_of(
        stored.marks, [f.figure_id for f in figures], "figure", stored.text, groups or {}
    )
    tabled = mentions.mentions_of(
        stored.marks, [t.table_id for t in tables], "table", stored.text, groups or {}
    )
    made = tuple(_figure(part, stored, named[part.figure_id], count) for part in figures)
    return Assembled(
        stored=_numbered(stored, made) if count > 1 else stored,
        figures=made,
        tables=tuple(
            CaseTable(
                table_id=part.table_id,
                label=part.label,
                caption=part.caption,
                span=stored.anchors.get(f"table:{part.table_id}", Span(start=0, end=0)),
                rows=part.rows,
                mentions=tabled[part.table_id],
            )
            for part in tables
        ),
        case_count=count,
    )


def _labels(figures: Sequence[FigurePart], tables: Sequence[TablePart]) -> Mapping[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for figure in figures:
        number = mentions.label_number(figure.label)
        if number:
            found.setdefault(("figure", number), figure.figure_id)
    for table in tables:
        number = mentions.label_number(table.label)
        if number:
            found.setdefault(("table", number), table.table_id)
    return found


def _figure(part: FigurePart, stored: Stored, named: tuple[Span, ...], count: int) -> Figure:
    span = stored.anchors.get(f"caption:{part.figure_id}")
    caption = span.of(stored.text) if span else ""
    return Figure(
        figure_id=part.figure_id,
        label=part.label,
        caption=caption.replace(SEPARATOR, " "),
        caption_span=span,
        graphics=part.graphics,
        mentions=named,
        case_number=_figure_case(caption, stored.sections, named, count) if count > 1 else None,
    )


def _figure_case(
    caption: str, sections: Sequence[Section], named: Sequence[Span], count: int
) -> int | None:
    """The patient whom a figure shows: as its caption says, else the only one whose text mentions it."""
    said = {case_label(match.group()) for match in _CAPTION_CASE.finditer(caption)}
    if len(said) == 1:
        number = said.pop()
        return number if number is not None and number <= count else None
    if said:
        return None
    starts = [section.span.start for section in sections]
    owners = {sections[bisect_right(starts, span.start) - 1].case_number for span in named} - {None}
    return owners.pop() if len(owners) == 1 else None


def _numbered(stored: Stored, figures: Sequence[Figure]) -> Stored:
    """The caption of one patient's figure belongs to that patient."""
    starts = [section.span.start for section in stored.sections]
    sections = list(stored.sections)
    for figure in figures:
        if figure.caption_span is not None and figure.case_number is not None:
            place = bisect_right(starts, figure.caption_span.start) - 1
            sections[place] = replace(sections[place], case_number=figure.case_number)
    return replace(stored, sections=tuple(sections))
