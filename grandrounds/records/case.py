"""One row of the ``cases`` table: a sectioned case report with character spans into its stored text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grandrounds.records.parts import Identifier, Span

SECTION_KINDS = (
    "title",
    "abstract",
    "background",
    "presentation",
    "history",
    "examination",
    "investigations",
    "diagnosis",
    "treatment",
    "outcome",
    "discussion",
    "conclusion",
    "captions",
    "tables",
    "back",
    "other",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the stored text.

    ``kind`` is one of ``SECTION_KINDS``; ``path`` holds the printed titles from the outermost to
    this one; ``span`` covers the section's own text (title excluded, subsections excluded);
    ``case_number`` is set where an article reports several patients (1-based), else ``None``.
    """

    kind: str
    title: str
    path: tuple[str, ...]
    span: Span
    case_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Markup that lies in the text but is not prose.

    ``kind``: ``figure``, ``table``, ``reference``, ``supplement`` (a printed cross-reference such
    as "Figure 2(a)"; ``target`` is the id it points to) or ``formula``.
    """

    kind: str
    span: Span
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of an article: label ("Figure 1"), caption and its span, the graphic names the
    article gives, and the media found beside the article (``media_sha256``, same order; empty when
    absent)."""

    figure_id: str
    label: str
    caption: str
    caption_span: Span | None = None
    graphics: tuple[str, ...] = ()
    media_sha256: tuple[str, ...] = ()
    media_mime: tuple[str, ...] = ()
    mentions: tuple[Span, ...] = ()
    case_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTable:
    """A printed table: label, caption, span of its text, and its cells by row (spans repeated)."""

    table_id: str
    label: str
    caption: str
    span: Span
    rows: tuple[tuple[str, ...], ...] = ()
    mentions: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One patient's case. Articles that report several patients give several rows over one text.

    ``text`` is the stored text; every span of the row counts code points in it. ``case_number`` is
    1-based. ``keywords`` and ``abbreviations`` ("short=long") are as the article gives them.
    """

    evidence_id: str
    source_id: str
    case_number: int
    case_count: int
    title: str
    text: str
    text_sha256: str
    sections: tuple[Section, ...]
    marks: tuple[Mark, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[CaseTable, ...] = ()
    keywords: tuple[str, ...] = ()
    abbreviations: tuple[str, ...] = ()
    language: str
    licence: str
    citation: str = ""
    identifiers: tuple[Identifier, ...] = ()
    journal: str | None = None
    article_type: str | None = None
    published: date | None = None
    group_id: str
    protected: bool = False

    def own_sections(self) -> tuple[Section, ...]:
        """The sections of this patient, and those shared by all, in reading order."""
        return tuple(s for s in self.sections if s.case_number in (None, self.case_number))
