"""Releases for tests: made from the factories' world, published, tampered with and sealed again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from grandrounds.fingerprint import sha256_file
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.envelope import Candidate, Item
from grandrounds.records.funnel import ReasonCount
from grandrounds.records.parts import ReviewSummary
from grandrounds.release.evidence import CaseEvidence
from grandrounds.release.integrity import SUMS, sums
from grandrounds.release.items import preview_items, reviewed_items
from grandrounds.release.manifest import NAME, Manifest, read_manifest
from grandrounds.release.splits import assign_splits, groups_of
from grandrounds.release.writer import ReleaseRequest, ReleaseResult, write_release
from tests.support.factories import World, make_reviews, world

DAY = date(2025, 6, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An accepted candidate, as review hands it over."""

    candidate: Candidate
    candidate_id: str
    review: ReviewSummary


def make_recipe(*, reviewed: bool = False, **more: Any) -> Recipe:
    """The recipe of the factories' world."""
    attributes = {
        "name": "case_diagnosis",
        "title": "Case diagnosis",
        "description": "Find the diagnosis of a written case.",
        "tasks": [{"name": "diagnosis_open"}, {"name": "diagnosis_mcq"}],
        "review": {"policy": "readers" if reviewed else "none"},
        **more,
    }
    return parse_recipe(attributes, where="test")


def make_items(made: World, recipe: Recipe, *, day: date = DAY) -> list[Item]:
    """The items of a world: a preview's, or reviewed ones available from ``day``."""
    groups = groups_of(made.candidates, stratify_by=recipe.splits.stratify_by)
    splits = assign_splits(groups, shares=recipe.splits, previous={})
    if recipe.preview:
        return preview_items(made.candidates, splits=splits)
    summary = ReviewSummary(
        status="accepted", readers=2, accepted=2, reviewers=("reviewer-a", "reviewer-b")
    )
    return reviewed_items(
        (Accepted(candidate=c, candidate_id=c.item_id, review=summary) for c in made.candidates),
        splits=splits,
        available_from={c.item_id: day for c in made.candidates},
    )


def make_request(
    groups: int = 6, *, reviewed: bool = False, made: World | None = None, **more: Any
) -> ReleaseRequest:
    """A sound request for a preview, or for a reviewed release of ``DAY``."""
    made = made or world(groups)
    recipe = more.pop("recipe", None) or make_recipe(reviewed=reviewed)
    values: dict[str, Any] = {
        "recipe": recipe,
        "items": make_items(made, recipe),
        "evidence": CaseEvidence(cases=made.cases),
        "sources": made.sources,
        "rejections": made.rejections,
        "funnel": made.funnel,
        "get_media": made.get_media,
        "reviews": () if recipe.preview else make_reviews(made.candidates),
        "released": None if recipe.preview else DAY,
    }
    return ReleaseRequest(**(values | more))


def publish(root: Path, groups: int = 6, **more: Any) -> ReleaseResult:
    """Publish a world under ``root``."""
    return write_release(make_request(groups, **more), root=root)


def without(request: ReleaseRequest, item: Item) -> ReleaseRequest:
    """``request`` with one item refused by the readers instead, the funnel kept sound."""
    *steps, review, last = request.funnel
    left = review.left - 1
    refused = (*review.refused, ReasonCount(reason="readers", count=1))
    rejection = replace(
        request.rejections[0],
        rejection_id=f"rejection-{item.item_id}",
        stage="review",
        gate="readers",
        subject_id=item.candidate_id,
    )
    return replace(
        request,
        items=[each for each in request.items if each.item_id != item.item_id],
        rejections=[*request.rejections, rejection],
        funnel=(
            *steps,
            replace(review, left=left, refused=refused),
            replace(last, entered=left, left=left, expected=left),
        ),
    )


def files_of(directory: Path) -> dict[str, bytes]:
    """Every file below ``directory`` by relative path."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def writable(directory: Path) -> None:
    """Take the read-only marks away, as somebody who tampers would."""
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o644)


def change_cell(path: Path, column: str, change: Callable[[Any], Any], *, row: int = 0) -> None:
    """Change one value of a Parquet file and write it again under the same schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    values = table.column(column).to_pylist()
    values[row] = change(values[row])
    place = table.schema.get_field_index(column)
    changed = table.set_column(
        place, table.schema.field(place), pa.array(values, table.schema.field(place).type)
    )
    pq.write_table(changed.cast(table.schema), path, compression="zstd")


def change_manifest(directory: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change ``manifest.json`` as JSON."""
    path = directory / NAME
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(
        json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def seal_again(directory: Path) -> Manifest:
    """Make all checksums fit the files again, as a careful forger would."""

    def refresh(value: dict[str, Any]) -> None:
        for file in value["files"]:
            path = directory / file["path"]
            if path.is_file():
                file["sha256"], file["bytes"] = sha256_file(path), path.stat().st_size

    change_manifest(directory, refresh)
    manifest = read_manifest(directory)
    (directory / SUMS).write_bytes(sums(manifest, sha256_file(directory / NAME)))
    return manifest
