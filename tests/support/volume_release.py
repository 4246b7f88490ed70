"""Releases of volumes for tests: two little torsos read, measured, asked about, judged and published."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from grandrounds.funnel import VolumeRows, build_funnel
from grandrounds.gates.run import judge
from grandrounds.gates.status import reject_drafts, reject_revisions
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.release.evidence import VolumeEvidence
from grandrounds.release.items import preview_items
from grandrounds.release.splits import assign_splits, groups_of
from grandrounds.release.writer import ReleaseRequest
from tests.support.volume_builds import Torso, authored, make_recipe, read_torso, write_torso

FEW = {"kind": "volumes", "questions_each": 2}


def torsos(folder: Path, lake: Lake, *, patients: int = 2, recipe: Recipe | None = None) -> Torso:
    """Torsos of some patients, with drafts and revisions."""
    for number in range(patients):
        # The same masks would be the same files, which are read once.
        higher = partial(np.roll, shift=number, axis=2)
        name = f"sub-{number + 1}"
        group = f"patient-{number + 1}"
        write_torso(folder, name, seed=number + 1, spine=higher, viscera=higher, group=group)
    made = recipe or make_recipe(evidence=FEW)
    return authored(read_torso(folder, lake, recipe=made))


def request_of(made: Torso, **more: Any) -> ReleaseRequest:
    """What a preview of ``made`` is published from: the gates, the funnel and the splits are the real ones."""
    recipe = made.recipe
    judged = judge(made.revisions, evidence=made.evidence, recipe=recipe, open_volume=made.open)
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
        "evidence": VolumeEvidence(
            volumes=made.volumes, structures=made.structures, measurements=made.measurements
        ),
        "sources": made.sources,
        "rejections": rejections,
        "funnel": build_funnel(
            recipe,
            sources=made.sources,
            evidence=VolumeRows(volumes=made.volumes, scans=made.scans),
            drafts=made.drafts,
            revisions=made.revisions,
            candidates=judged.candidates,
            rejections=rejections,
            items=items,
        ),
        "get_media": made.lake.get_media,
    }
    return ReleaseRequest(**(values | more))
