"""A figure as a reader sees it: its picture and panels, the page it stands on, caption and mentions."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.records.envelope import Candidate
from grandrounds.records.figure import FigureRow
from grandrounds.records.parts import Span
from grandrounds.review.web.views.evidence_text import Paragraph, Quote, marked, quotes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelShown:
    """A panel: its letter, its box in the picture (x, y, width, height in pixels), its words."""

    label: str
    x: int
    y: int
    width: int
    height: int
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionShown:
    """A paragraph of the running text that speaks of the figure."""

    words: str
    page: int | None
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePane:
    """The pane of a figure. ``media`` names the picture (empty: there is none). ``page`` is the page of the
    PDF, ``None`` where the source has no pages. ``blind`` tells that words and panels are left out."""

    media: str
    width: int
    height: int
    label: str
    caption: tuple[Paragraph, ...]
    mentions: tuple[MentionShown, ...]
    panels: tuple[PanelShown, ...]
    quotes: tuple[Quote, ...]
    page: int | None
    where: tuple[str, ...]
    origin: str
    alignment: float
    notes: tuple[str, ...]
    language: str
    citation: str
    blind: bool
    kind: str = "figure"
    template: str = "evidence/figure.html"


def figure_pane(figure: FigureRow, candidate: Candidate, *, blind: bool) -> FigurePane:
    """The pane of a figure. Blind, only what the solver sees of caption and mentions is shown."""
    quotes = () if blind else quotes_of(candidate, figure.text, evidence_id=figure.evidence_id)
    seen = tuple(span for span in candidate.visible_spans if span.end <= len(figure.text))
    mentions = []
    for mention in figure.mentions:
        shown = marked(figure.text, mention.span, quotes=quotes, seen=seen, only_seen=blind)
        if shown:
            mentions.append(MentionShown(words=mention.words, page=mention.page, paragraphs=shown))
    return FigurePane(
        media=figure.sha256,
        width=figure.width or 0,
        height=figure.height or 0,
        label=figure.label,
        caption=_caption(figure, quotes=quotes, seen=seen, blind=blind),
        mentions=tuple(mentions),
        panels=() if blind else _panels(figure),
        quotes=quotes,
        page=None if blind else (figure.page if figure.page is not None else figure.caption_page),
        where=tuple(words for words in (figure.book, figure.chapter, *figure.section) if words),
        origin=figure.origin,
        alignment=figure.alignment,
        notes=() if blind else figure.notes,
        language=figure.language,
        citation="" if blind else figure.citation or candidate.citation,
        blind=blind,
    )


def _caption(
    figure: FigureRow, *, quotes: tuple[Quote, ...], seen: tuple[Span, ...], blind: bool
) -> tuple[Paragraph, ...]:
    span = figure.caption_span
    if span is None:
        first = min((mention.span.start for mention in figure.mentions), default=len(figure.text))
        span = Span(start=0, end=first)
    return marked(figure.text, span, quotes=quotes, seen=seen, only_seen=blind)


def _panels(figure: FigureRow) -> tuple[PanelShown, ...]:
    made = []
    for panel in figure.panels:
        if (
            len(panel.pixels) == 4
            and panel.pixels[0] < panel.pixels[2]
            and panel.pixels[1] < panel.pixels[3]
        ):
            x0, y0, x1, y1 = panel.pixels
            made.append(
                PanelShown(
                    label=panel.label, x=x0, y=y0, width=x1 - x0, height=y1 - y0, caption=panel.caption
                )
            )
    return tuple(made)
