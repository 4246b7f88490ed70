"""Passages: the paragraphs of an article in reading order, before they are typed and joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grandrounds.records.case import Mark, Section
from grandrounds.records.parts import Span
from grandrounds.sources.marked_text import MarkedText

TITLE, ABSTRACT, BODY, BACK, CAPTIONS, TABLES, OTHER = (
    "title",
    "abstract",
    "body",
    "back",
    "captions",
    "tables",
    "other",
)
SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where in an article a paragraph stands: its part, printed titles, outermost first, and the
    type that the markup gives the innermost section (``hint``)."""

    area: str
    path: tuple[str, ...] = ()
    hint: str = ""

    def below(self, title: str, hint: str = "") -> Spot:
        """The place one section deeper; without a hint of its own it keeps the outer one."""
        return Spot(area=self.area, path=(*self.path, title), hint=hint or self.hint)


@dataclass(slots=True, kw_only=True)
class Passage:
    """One paragraph, list item, caption or table.

    ``anchors`` name things whose span the passage is part of (``caption:fig1``, ``table:tab1``).
    ``kind`` and ``case_number`` are filled when the passage is typed.
    """

    spot: Spot
    words: MarkedText
    anchors: tuple[str, ...] = ()
    kind: str = ""
    case_number: int | None = None

    @property
    def citations(self) -> int:
        """How many works the passage cited."""
        return self.words.cited

    @property
    def text(self) -> str:
        """The words of the passage."""
        return self.words.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored text with its sections, marks and the spans of its anchors."""

    text: str
    sections: tuple[Section, ...]
    marks: tuple[Mark, ...]
    anchors: dict[str, Span] = field(default_factory=dict)


def join(passages: Sequence[Passage]) -> Stored:
    """The stored text of typed ``passages``: a blank line between each two.

    Sections never overlap, and cover everything but the blank lines between them. A section whose
    text is interrupted by another appears twice. Empty passages must have been left out.
    """
    pieces: list[str] = []
    sections: list[Section] = []
    marks: list[Mark] = []
    anchors: dict[str, Span] = {}
    length = 0
    before: tuple[object, ...] | None = None
    for passage in passages:
        if pieces:
            pieces.append(SEPARATOR)
            length += len(SEPARATOR)
        text = passage.text
        span = Span(start=length, end=length + len(text))
        pieces.append(text)
        length = span.end
        same = (passage.spot, passage.kind, passage.case_number)
        if same == before:
            last = sections[-1]
            sections[-1] = _section(passage, Span(start=last.span.start, end=span.end))
        else:
            sections.append(_section(passage, span))
        before = same
        marks += [
            Mark(
                kind=place.kind,
                span=Span(start=span.start + place.start, end=span.start + place.end),
                target=place.target,
            )
            for place in passage.words.places
        ]
        for anchor in passage.anchors:
            known = anchors.get(anchor, span)
            anchors[anchor] = Span(start=known.start, end=span.end)
    marks.sort(key=lambda mark: (mark.span.start, mark.span.end, mark.kind, mark.target))
    return Stored(text="".join(pieces), sections=tuple(sections), marks=tuple(marks), anchors=anchors)


def _section(passage: Passage, span: Span) -> Section:
    path = passage.spot.path
    return Section(
        kind=passage.kind,
        title=path[-1] if path else "",
        path=path,
        span=span,
        case_number=passage.case_number,
    )
