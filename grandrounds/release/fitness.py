"""What must hold before a release is begun. ``verify`` checks the rest on the finished files."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from grandrounds.errors import ReleaseError
from grandrounds.licences import allowed, known
from grandrounds.needed_readers import readers_needed
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Item
from grandrounds.records.funnel import problems as funnel_problems
from grandrounds.records.parts import UNREAD
from grandrounds.release.clipcheck import row_faults as clip_faults
from grandrounds.release.evidence import ClipEvidence, FigureEvidence, VolumeEvidence, cited_ids
from grandrounds.release.figurecheck import row_faults as figure_faults
from grandrounds.release.items import NOT_REVIEWED
from grandrounds.release.volumecheck import row_faults

if TYPE_CHECKING:
    from grandrounds.release.writer import ReleaseRequest


def refuse_unfit(request: ReleaseRequest) -> None:
    """Raise ``ReleaseError`` for a request that must not become a release, naming the item and rule."""
    if not request.items:
        raise ReleaseError(
            f"{request.recipe.name} has no items, so there is nothing to publish.",
            remedy=f"Refused so far: {_refusals(request) or 'nothing'}. See the rejections table.",
        )
    _refuse_wrong_days(request)
    if request.evidence.kind != request.recipe.evidence.kind:
        raise ReleaseError(
            f"{request.recipe.name} is made from {request.recipe.evidence.kind}, but "
            f"{request.evidence.kind} were given as evidence.",
            remedy="Give the evidence of the recipe's kind.",
        )
    ids = request.evidence.ids
    tasks: set[str] = {task.name for task in request.recipe.tasks}
    for item in request.items:
        fault = _fault(item, request) or _reference_fault(item, ids, tasks, request.recipe)
        if fault:
            raise ReleaseError(
                f"Item {item.item_id} can't be released: {fault}",
                remedy="No gate should have let it through.",
            )
    _refuse_unfit_volumes(request)
    _refuse_unfit_figures(request)
    _refuse_unfit_clips(request)
    unsound = funnel_problems(request.funnel)
    if unsound:
        raise ReleaseError(
            f"The funnel of {request.recipe.name} does not add up: {unsound[0]}.",
            remedy="Something was lost quietly; build the recipe again and report it if it stays.",
        )


def _refuse_unfit_volumes(request: ReleaseRequest) -> None:
    """Before gigabytes are packed: no volume that may not be shown."""
    cited = request.evidence.cited(request.items)
    if not isinstance(cited, VolumeEvidence):
        return
    by_id = {row.volume_id: row for row in cited.volumes}
    for row in cited.volumes:
        fault = next(row_faults(row, by_id, profile=request.recipe.release.profile), "")
        if fault:
            raise ReleaseError(
                f"Volume {row.volume_id} can't be released: {fault}.",
                remedy="No gate should have let items of it through.",
            )


def _refuse_unfit_figures(request: ReleaseRequest) -> None:
    cited = request.evidence.cited(request.items)
    if not isinstance(cited, FigureEvidence):
        return
    for row in cited.figures:
        fault = next(figure_faults(row, profile=request.recipe.release.profile), "")
        if fault:
            raise ReleaseError(
                f"Figure {row.evidence_id} can't be released: {fault}.",
                remedy="No gate should have let items of it through.",
            )


def _refuse_unfit_clips(request: ReleaseRequest) -> None:
    cited = request.evidence.cited(request.items)
    if not isinstance(cited, ClipEvidence):
        return
    videos = {row.video_id: row for row in cited.videos}
    for row in cited.clips:
        fault = next(clip_faults(row, videos, profile=request.recipe.release.profile), "")
        if fault:
            raise ReleaseError(
                f"Clip {row.evidence_id} can't be released: {fault}.",
                remedy="No gate should have let items of it through.",
            )


def _refuse_wrong_days(request: ReleaseRequest) -> None:
    if request.recipe.preview and request.released is not None:
        raise ReleaseError(
            f"{request.recipe.name} is a preview, and previews carry no release day.",
            remedy="Leave `released` away, or set review.policy to readers.",
        )
    if not request.recipe.preview and request.released is None:
        raise ReleaseError(
            f"A reviewed release of {request.recipe.name} needs the day of its release.",
            remedy="Give `released`; the clock is never asked: the same inputs give the same bytes.",
        )


def _fault(item: Item, request: ReleaseRequest) -> str:
    recipe = request.recipe
    named_only = item.evidence_id in request.evidence.index_only and known(item.licence)
    if not (named_only or allowed(item.licence, profile=recipe.release.profile)):
        return f"its licence {item.licence} may not stand in a release of profile {recipe.release.profile}."
    if item.protected and recipe.release.profile != "private":
        return "its evidence is protected and may stand only in a release of profile private."
    if recipe.preview:
        return "it is marked as reviewed in a preview." if item.reviewed else _early(item)
    if item.review.status == UNREAD:
        if item.reviewed or readers_needed(item.candidate_id, recipe.review, split=item.split):
            return "it was taken unread, and the recipe asks for a reader."
    elif not item.reviewed or item.review.status == NOT_REVIEWED:
        return "it was not reviewed, and the recipe asks for review."
    if item.available_from is None or (request.released and item.available_from > request.released):
        return f"it is available from {item.available_from}, which is not by {request.released}."
    return ""


def _early(item: Item) -> str:
    return "it has a day of release in a preview." if item.available_from else ""


def _reference_fault(item: Item, known: frozenset[str], tasks: set[str], recipe: Recipe) -> str:
    if item.recipe != recipe.name:
        return f"it belongs to recipe {item.recipe!r}."
    # Task names become folder names, so only those the recipe model allows get in.
    if item.task not in tasks:
        return f"its task {item.task!r} is not one of the recipe's ({', '.join(sorted(tasks))})."
    missing = sorted(cited_ids([item]) - known)
    kind = recipe.evidence.kind
    return f"it rests on {missing[0]}, which is not among the {kind}." if missing else ""


def _refusals(request: ReleaseRequest) -> str:
    gates = Counter(f"{rejection.stage}/{rejection.gate}" for rejection in request.rejections)
    return ", ".join(f"{name} {number}" for name, number in sorted(gates.items()))
