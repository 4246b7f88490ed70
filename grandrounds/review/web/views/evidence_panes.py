"""The evidence of a candidate, ready to be drawn: a page includes each pane's ``template``."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.records.envelope import Candidate
from grandrounds.review.web.views.evidence_clip import ClipPane, clip_pane
from grandrounds.review.web.views.evidence_figure import FigurePane, figure_pane
from grandrounds.review.web.views.evidence_pictures import PictureShown, pictures_of
from grandrounds.review.web.views.evidence_text import Quote, TextPane, text_pane
from grandrounds.review.web.views.evidence_values import Rests
from grandrounds.review.web.views.evidence_volume import VolumePane, volume_pane


@dataclass(frozen=True, slots=True, kw_only=True)
class GonePane:
    """What is known of evidence that is no longer in the lake: the item's own quotes and pictures."""

    quotes: tuple[Quote, ...]
    pictures: tuple[PictureShown, ...]
    citation: str
    blind: bool
    kind: str = "gone"
    template: str = "evidence/gone.html"


Pane = TextPane | FigurePane | ClipPane | VolumePane | GonePane


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """The panes of an item. ``base`` is the address (without the server's prefix) that its media are below;
    ``blind`` tells that what would give the answer away is left out."""

    base: str
    panes: tuple[Pane, ...]
    blind: bool


def evidence_view(rests: Rests, *, blind: bool) -> EvidenceView:
    """What to show beside an item."""
    candidate = rests.candidate
    return EvidenceView(
        base=f"/evidence/{candidate.recipe}/{candidate.item_id}", panes=(_pane(rests, blind),), blind=blind
    )


def _pane(rests: Rests, blind: bool) -> Pane:
    candidate = rests.candidate
    if rests.case is not None:
        return text_pane(rests.case, candidate, blind=blind)
    if rests.figure is not None:
        return figure_pane(rests.figure, candidate, blind=blind)
    if rests.clip is not None:
        return clip_pane(rests.clip, candidate, blind=blind)
    if rests.volume is not None:
        return volume_pane(rests.volume, rests.masks, candidate, blind=blind)
    return _gone(candidate, blind)


def _gone(candidate: Candidate, blind: bool) -> GonePane:
    return GonePane(
        quotes=()
        if blind
        else tuple(
            Quote(number=n, role=e.role, words=e.quote, span=None, found=False)
            for n, e in enumerate(candidate.evidence, start=1)
            if e.quote
        ),
        pictures=pictures_of(candidate, captions=not blind),
        citation="" if blind else candidate.citation,
        blind=blind,
    )
