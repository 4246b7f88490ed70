"""Releases of figures for tests: little libraries asked about, judged and published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grandrounds.funnel import FigureRows, build_funnel
from grandrounds.gates.run import judge
from grandrounds.gates.status import reject_drafts, reject_revisions
from grandrounds.release.evidence import FigureEvidence
from grandrounds.release.items import preview_items
from grandrounds.release.splits import assign_splits, groups_of
from grandrounds.release.writer import ReleaseRequest, ReleaseResult, write_release
from tests.support.figures import Library, make_library


def request_of(made: Library, **more: Any) -> ReleaseRequest:
    """What a preview of ``made`` is published from: gates, funnel and splits are the real ones."""
    recipe = made.recipe
    judged = judge(made.revisions, evidence=made.by_id, recipe=recipe, get_picture=made.get_media)
    rejections = [
        *made.refused,
        *reject_drafts(made.drafts),
        *reject_revisions(made.revisions),
        *judged.rejections,
    ]
    groups = groups_of(judged.candidates, stratify_by=recipe.splits.stratify_by)
    splits = assign_splits(groups, shares=recipe.splits, previous={})
    items = preview_items(judged.candidates, splits=splits)
    values: dict[str, Any] = {
        "recipe": recipe,
        "items": items,
        "evidence": FigureEvidence(figures=made.figures, scores=more.pop("scores", ())),
        "sources": made.sources,
        "rejections": rejections,
        "funnel": build_funnel(
            recipe,
            sources=made.sources,
            evidence=FigureRows(figures=made.figures, admitted=made.taken),
            drafts=made.drafts,
            revisions=made.revisions,
            candidates=judged.candidates,
            rejections=rejections,
            items=items,
        ),
        "get_media": made.get_media,
    }
    return ReleaseRequest(**(values | more))


def publish_figures(root: Path, made: Library | None = None, **more: Any) -> ReleaseResult:
    """Publish a library under ``root``."""
    return write_release(request_of(made or make_library(), **more), root=root)
