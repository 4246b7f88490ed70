"""Is an item on a figure what its figure gives: picture, place, quotes and stem? Gates and ``verify`` ask.

Every function yields sentences, in words that follow the item ("its stem ...").
"""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.figures.stem import figure_stem
from grandrounds.records.envelope import Envelope
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Evidence, Locator, Span

ANSWER = "answer"
_IMAGE, _PAGE_BOX = "image", "page_box"
_TAKEN_OVER = ("source_id", "licence", "language", "citation", "protected")


def origin_faults(row: FigureRow, item: Envelope) -> Iterator[str]:
    """What an item takes over from its figure: source, licence, citation, stem."""
    for name in _TAKEN_OVER:
        said, own = getattr(item, name), getattr(row, name)
        if said != own:
            yield f"its {name} is {said!r}, but its figure says {own!r}"
    if item.source_published != row.published:
        yield f"its source was published on {item.source_published}, but its figure says {row.published}"
    if item.stem != figure_stem(row, item.subject):
        yield "its stem is not the fixed sentence on its figure"
    if item.visible_spans:
        yield "it shows pieces of the figure's text"


def picture_faults(row: FigureRow, item: Envelope) -> Iterator[str]:
    """The one picture of an item: the figure's own, with its page and box, and without a word beside it."""
    if len(item.media) != 1:
        yield f"it shows {len(item.media)} media instead of one picture"
        return
    (media,) = item.media
    if media.kind != _IMAGE or media.sha256 != row.sha256 or not row.sha256:
        yield "its picture is not that of its figure"
    if (media.mime, media.width, media.height) != (row.mime, row.width, row.height):
        yield "its picture is said to have another type or size than its figure's"
    if media.locator != picture_place(row):
        yield "its picture is said to stand at another page or box than its figure's"
    if media.caption or media.label:
        yield "its picture has a caption or a label, which the solver would see"


def picture_place(row: FigureRow) -> Locator | None:
    """Page and box of a figure's picture; ``None`` for markup."""
    return None if row.page is None else Locator(kind=_PAGE_BOX, page=row.page, box=row.box)


def quote_faults(row: FigureRow, item: Envelope) -> Iterator[str]:
    """The quotes of an item: of its figure's text, at their place, said to stand where the text does."""
    if not any(part.role == ANSWER for part in item.evidence):
        yield "no quote shows that its answer is right"
    for part in item.evidence:
        fault = _quote_fault(row, part)
        if fault:
            yield f"the quote {_short(part.quote)!r} {fault}"


def place_of(row: FigureRow, span: Span) -> tuple[int | None, tuple[float, ...]]:
    """Page and box of the caption or paragraph that holds ``span``; none where neither does."""
    if row.caption_span is not None and row.caption_span.contains(span):
        return row.caption_page, row.caption_box
    for mention in row.mentions:
        if mention.span.contains(span):
            return mention.page, mention.box
    return None, ()


def _quote_fault(row: FigureRow, part: Evidence) -> str:
    if part.role != ANSWER:
        return f"has the role {part.role!r}; of a figure's text the solver sees nothing"
    if (part.evidence_id, part.source_id) != (row.evidence_id, row.source_id):
        return "is of another figure or source"
    span = part.locator.span
    if span is None:
        return "has no place in the text"
    if not part.quote or span.end > len(row.text) or span.of(row.text) != part.quote:
        return f"does not stand at {span.start}-{span.end} of the stored text"
    if (part.locator.page, part.locator.box) != place_of(row, span):
        return "is said to stand at another page or box than its caption or paragraph"
    return ""


def _short(quote: str) -> str:
    return " ".join(quote.split())[:60]
