"""What a reader makes of one file: the article, before it becomes a source row and case rows.

It depends on the file's bytes alone, never on its name or neighbours, so it can be kept and reused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grandrounds.records.case import CaseTable, Figure, Mark, Section
from grandrounds.records.parts import Identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A case report as read.

    ``text`` is the stored text; all spans count its code points. ``group`` and ``protected`` are
    what the file says itself (a Markdown head can). ``notes`` tell what was met and tolerated.
    """

    title: str
    text: str
    sections: tuple[Section, ...]
    marks: tuple[Mark, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[CaseTable, ...] = ()
    case_count: int = 1
    keywords: tuple[str, ...] = ()
    abbreviations: tuple[str, ...] = ()
    language: str
    licence: str = "unknown"
    licence_evidence: str = ""
    identifiers: tuple[Identifier, ...] = ()
    journal: str | None = None
    article_type: str | None = None
    published: date | None = None
    published_origin: str = ""
    citation: str = ""
    group: str = ""
    protected: bool = False
    notes: tuple[str, ...] = ()
