"""A stored text as a reader sees it: its sections, what the solver sees, and quotes, which may overlap."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from grandrounds.records.case import Case
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import Span
from grandrounds.review.web.views.evidence_pictures import PictureShown, pictures_of

_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_KNOWN_ROLES = ("stem", "answer", "support")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A quote of the item. ``number`` counts from 1 in the order of the item's evidence; ``found`` is false
    where the words don't stand at the place that the item gives; ``whole`` tells that the quote has no
    place in this text (a frame, a slice)."""

    number: int
    role: str
    words: str
    span: Span | None
    found: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Characters that the same marks lie on. ``quotes`` are the numbers of those, ``roles`` their roles;
    ``starts`` are the quotes that begin here; ``seen`` tells that the solver sees it."""

    text: str
    seen: bool = False
    quotes: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph; ``gap`` tells that words before it are not shown."""

    segments: tuple[Segment, ...]
    gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A section of the text: its printed title (empty for the first), its kind, its paragraphs."""

    title: str
    kind: str
    paragraphs: tuple[Paragraph, ...]
    other_patient: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPane:
    """The text of a case, and the pictures that the solver sees with it. ``blind`` tells that only what the
    solver sees is shown."""

    parts: tuple[Part, ...]
    pictures: tuple[PictureShown, ...]
    quotes: tuple[Quote, ...]
    language: str
    citation: str
    blind: bool
    kind: str = "case"
    template: str = "evidence/text.html"

    @property
    def has_seen(self) -> bool:
        """Whether anything of it is seen by the solver."""
        return any(s.seen for part in self.parts for p in part.paragraphs for s in p.segments)


def text_pane(case: Case, candidate: Candidate, *, blind: bool) -> TextPane:
    """The pane of a case. Blind, the words that the solver doesn't see are left out, and no quote
    is marked: where they lie would tell the answer."""
    quotes = () if blind else quotes_of(candidate, case.text, evidence_id=case.evidence_id)
    seen = tuple(span for span in candidate.visible_spans if span.end <= len(case.text))
    parts = []
    for title, kind, span, other in _areas(case):
        paragraphs = marked(case.text, span, quotes=quotes, seen=seen, only_seen=blind)
        if paragraphs:
            parts.append(Part(title=title, kind=kind, paragraphs=paragraphs, other_patient=other))
    return TextPane(
        parts=tuple(parts),
        pictures=pictures_of(candidate),
        quotes=quotes,
        language=case.language,
        citation=case.citation or candidate.citation,
        blind=blind,
    )


def quotes_of(candidate: Candidate, text: str, *, evidence_id: str) -> tuple[Quote, ...]:
    """The item's quotes from ``text``, numbered among all of the item's evidence."""
    made = []
    for number, evidence in enumerate(candidate.evidence, start=1):
        if evidence.evidence_id != evidence_id or not evidence.quote:
            continue
        span = evidence.locator.span
        found = span is not None and span.end <= len(text) and _same(span.of(text), evidence.quote)
        role = evidence.role if evidence.role in _KNOWN_ROLES else "support"
        made.append(Quote(number=number, role=role, words=evidence.quote, span=span, found=found))
    return tuple(made)


def marked(
    text: str,
    span: Span,
    *,
    quotes: Sequence[Quote] = (),
    seen: Sequence[Span] = (),
    only_seen: bool = False,
) -> tuple[Paragraph, ...]:
    """The characters of ``span`` in paragraphs, cut wherever a mark begins or ends, so that no mark is lost
    where several overlap. The segments' texts joined are the paragraph's own characters."""
    placed = [quote for quote in quotes if quote.found and quote.span is not None]
    made: list[Paragraph] = []
    left_out = False
    for start, end in _paragraphs(text, span):
        segments = tuple(_segments(text, start, end, placed, seen))
        kept = tuple(s for s in segments if s.seen) if only_seen else segments
        if any(segment.text.strip() for segment in kept):
            made.append(Paragraph(segments=kept, gap=left_out or kept[:1] != segments[:1]))
            left_out = kept[-1:] != segments[-1:]
        else:
            left_out = left_out or only_seen
    return tuple(made)


def _segments(
    text: str, start: int, end: int, quotes: Sequence[Quote], seen: Sequence[Span]
) -> Iterable[Segment]:
    spans = [(quote.span.start, quote.span.end) for quote in quotes if quote.span is not None]
    spans += [(one.start, one.end) for one in seen]
    cuts = {start, end} | {place for pair in spans for place in pair if start < place < end}
    places = sorted(cuts)
    begun: set[int] = set()
    for first, last in pairwise(places):
        here = [
            quote for quote in quotes if quote.span and quote.span.start < last and quote.span.end > first
        ]
        starts = tuple(q.number for q in here if q.number not in begun and q.span and q.span.start >= start)
        begun.update(starts)
        yield Segment(
            text=text[first:last],
            seen=any(one.start < last and one.end > first for one in seen),
            quotes=tuple(quote.number for quote in here),
            roles=tuple(sorted({quote.role for quote in here})),
            starts=starts,
        )


def _paragraphs(text: str, span: Span) -> Iterable[tuple[int, int]]:
    """Where the paragraphs of a span stand, without the blank lines between them."""
    start, stop = span.start, min(span.end, len(text))
    for gap in _PARAGRAPHS.finditer(text, start, stop):
        if gap.start() > start:
            yield start, gap.start()
        start = gap.end()
    if start < stop:
        yield start, stop


def _areas(case: Case) -> list[tuple[str, str, Span, bool]]:
    """The text from its first to its last character: sections, and what lies between them."""
    made: list[tuple[str, str, Span, bool]] = []
    place = 0
    for section in sorted(case.sections, key=lambda one: (one.span.start, one.span.end)):
        start, end = max(section.span.start, place), min(section.span.end, len(case.text))
        if start >= end:
            continue
        if case.text[place:start].strip():
            made.append(("", "other", Span(start=place, end=start), False))
        other = section.case_number not in (None, case.case_number)
        made.append((section.title, section.kind, Span(start=start, end=end), other))
        place = end
    if case.text[place:].strip():
        made.append(("", "other", Span(start=place, end=len(case.text)), False))
    return made


def _same(one: str, other: str) -> bool:
    return one.split() == other.split()
