"""Evidence beside the item: its panes, and the media, slices and pages that they show.

Every address is below the item's: who may not see the item now gets "not found", as for what isn't there.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from grandrounds.errors import GrandRoundsError, LakeError
from grandrounds.fingerprint import sha256_value
from grandrounds.lake import Lake
from grandrounds.lake_rows import LakeRows
from grandrounds.records.volume import VolumeRecord, Window
from grandrounds.review.web.context import render
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.guard import signed_in
from grandrounds.review.web.views.evidence_media import KEPT, media_response
from grandrounds.review.web.views.evidence_pages import DPI, Pages, SourceFiles, outlines_on
from grandrounds.review.web.views.evidence_panes import EvidenceView, evidence_view
from grandrounds.review.web.views.evidence_rights import Sight, sight
from grandrounds.review.web.views.evidence_slices import Slices, Wanted, presets_for
from grandrounds.review.web.views.evidence_values import Rests, rests
from grandrounds.review.web.views.evidence_volume import boxes_of

router = APIRouter(prefix="/evidence/{recipe}/{item_id}")
_MAKING = Lock()
_WIDEST = 1e30


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What evidence is taken from, one for a server."""

    lake: Lake
    rows: LakeRows
    slices: Slices
    pages: Pages


@dataclass(frozen=True, slots=True)
class _Of:
    """A volume of an item."""

    recipe: str
    item_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _At:
    """A voxel."""

    i: int
    j: int
    k: int
    time: int = 0


@dataclass(frozen=True, slots=True)
class _Look:
    """How to look at a slice; ``center`` and ``width`` are in the volume's own units."""

    axis: int
    index: int
    time: int = 0
    center: Annotated[float | None, Query(allow_inf_nan=False)] = None
    width: Annotated[float | None, Query(allow_inf_nan=False)] = None
    mask: str = ""
    opacity: Annotated[float, Query(ge=0, le=1)] = 0.4

    def window(self) -> Window | None:
        """The window, where both its numbers were given and show anything."""
        if self.center is None or self.width is None or not 0 < self.width < _WIDEST:
            return None
        return Window(center=self.center, width=self.width) if abs(self.center) < _WIDEST else None


def shelf_of(request: Request) -> Shelf:
    """The server's shelf, made when first needed."""
    return shelf_in(request.app)


def shelf_in(app: Any) -> Shelf:
    """The shelf of an app."""
    state = app.state
    with _MAKING:
        if getattr(state, "evidence", None) is None:
            folder = state.settings.sources
            state.evidence = Shelf(
                lake=state.lake,
                rows=LakeRows(state.lake),
                slices=Slices(state.lake),
                pages=Pages(SourceFiles(Path(folder) if folder else None)),
            )
        shelf: Shelf = state.evidence
        return shelf


def evidence_of(request: Request, seen: Sight) -> EvidenceView:
    """The panes of an item that somebody may see, for a page that includes them."""
    return evidence_view(rests(shelf_of(request).rows, seen.candidate), blind=seen.hidden)


@router.get("")
def panes(request: Request, recipe: str, item_id: str) -> Response:
    """The panes alone, to be put into a page."""
    seen = _seen(request, recipe, item_id)
    return render(request, "evidence/panes.html", evidence=evidence_of(request, seen))


@router.api_route("/media/{sha256}", methods=["GET", "HEAD"])
def media(request: Request, recipe: str, item_id: str, sha256: str) -> Response:
    """Media of the item, whole or in pieces."""
    seen, found = _rests(request, recipe, item_id)
    if sha256 not in found.media(hidden=seen.hidden):
        return _nothing()
    try:
        return media_response(shelf_of(request).lake, sha256, request.headers)
    except LakeError:
        return _nothing()


@router.get("/page/{number}")
def page(request: Request, recipe: str, item_id: str, number: int) -> Response:
    """The page of a PDF that the item's figure, caption or a mention stands on."""
    seen, found = _rests(request, recipe, item_id)
    figure, source = found.figure, found.source
    if seen.hidden or figure is None or source is None or not source.sha256:
        return _nothing()
    known = {figure.page, figure.caption_page, *(mention.page for mention in figure.mentions)}
    if number not in known:
        return _nothing()
    tag = f'"{sha256_value([source.sha256, number, figure.evidence_id, DPI])[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    try:
        drawn = shelf_of(request).pages.picture(
            source.sha256, size=source.bytes, page=number, outlines=outlines_on(figure, number)
        )
    except GrandRoundsError:
        return _nothing()
    return _nothing() if drawn is None else _picture(drawn, tag)


@router.get("/volume/{sha256}")
def about(request: Request, of: Annotated[_Of, Depends()]) -> Response:
    """In which windows to look at a volume."""
    _, found, volume = _volume(request, of)
    if volume is None:
        return _nothing()
    names = [box.name for box in found.candidate.boxes]
    window = shelf_of(request).slices.opened(volume).window_for(names)
    return JSONResponse(
        [{"name": w.name, "center": w.center, "width": w.width} for w in presets_for(volume, window)]
    )


@router.get("/volume/{sha256}/value/{i}/{j}/{k}")
def value(request: Request, of: Annotated[_Of, Depends()], at: Annotated[_At, Depends()]) -> Response:
    """The value of a voxel, in the volume's own units."""
    volume = _volume(request, of)[2]
    if volume is None:
        return _nothing()
    place = (at.i, at.j, at.k)
    return JSONResponse({"value": shelf_of(request).slices.value(volume, place, time=at.time)})


@router.get("/volume/{sha256}/slice/{axis}/{index}")
def slice_(request: Request, of: Annotated[_Of, Depends()], look: Annotated[_Look, Depends()]) -> Response:
    """A slice of a volume as PNG, in a window, with a mask tinted where asked."""
    seen, found, volume = _volume(request, of)
    if volume is None or (look.mask and seen.hidden):
        return _nothing()
    labels = next((one for one in found.masks if one.sha256 == look.mask), None) if look.mask else None
    if look.mask and labels is None:
        return _nothing()
    wanted = Wanted(
        axis=look.axis,
        index=look.index,
        time=look.time,
        window=look.window(),
        opacity=look.opacity,
        names=tuple(box.name for box in found.candidate.boxes),
        colours={box.label: box.colour for box in reversed(boxes_of(found.candidate, blind=False))},
    )
    named = [volume.volume_id, volume.sha256, found.candidate.content_sha256, asdict(look)]
    tag = f'"{sha256_value(named)[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    try:
        drawn = shelf_of(request).slices.picture(volume, wanted, mask=labels)
    except GrandRoundsError:
        return _nothing()
    return _picture(drawn, tag)


def _seen(request: Request, recipe: str, item_id: str) -> Sight:
    account = signed_in(request)
    seen = sight(request.app.state.store, account, recipe=recipe, item_id=item_id)
    if seen is None:
        raise RefusedError(404, "error.no_evidence")
    return seen


def _rests(request: Request, recipe: str, item_id: str) -> tuple[Sight, Rests]:
    seen = _seen(request, recipe, item_id)
    return seen, rests(shelf_of(request).rows, seen.candidate)


def _volume(request: Request, of: _Of) -> tuple[Sight, Rests, VolumeRecord | None]:
    seen, found = _rests(request, of.recipe, of.item_id)
    volume = found.volume
    return seen, found, volume if volume is not None and volume.sha256 == of.sha256 else None


def _picture(png: bytes, tag: str) -> Response:
    return Response(
        png,
        media_type="image/png",
        headers={
            "etag": tag,
            "cache-control": KEPT.removesuffix(", immutable"),
            "vary": "Cookie",
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )


def _nothing() -> Response:
    return Response(status_code=404)
