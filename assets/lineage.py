"""Which column comes from which: shown in Dagster's column lineage."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from grandrounds.contracts import contract
from grandrounds.recipe import Recipe

_CASE_TO_ENVELOPE = {
    "evidence_id": ("evidence_id",),
    "source_id": ("source_id",),
    "group_id": ("group_id",),
    "stem": ("text", "sections", "marks"),
    "options": ("text", "title"),
    "answer": ("text", "sections", "title"),
    "answer_aliases": ("abbreviations", "text"),
    "rationale": ("text",),
    "visible_spans": ("sections", "marks"),
    "evidence": ("text", "sections"),
    "media": ("figures",),
    "rubric": ("text", "sections"),
    "disclosures": ("text", "sections"),
    "labels": ("text", "title"),
    "language": ("language",),
    "licence": ("licence",),
    "citation": ("citation",),
    "protected": ("protected",),
    "source_published": ("published",),
}
_SCAN_TO_ENVELOPE = {
    "evidence_id": [("volumes", "volume_id")],
    "source_id": [("volumes", "source_ids")],
    "group_id": [("volumes", "group_id")],
    "subject": [("structures", "structure_id"), ("measurements", "measurement_id")],
    "stem": [("volumes", "modality"), ("volumes", "shape"), ("volumes", "spacing")],
    "options": [("structures", "name"), ("structures", "box"), ("measurements", "finding")],
    "answer": [("structures", "name"), ("structures", "box"), ("measurements", "finding")],
    "rationale": [("structures", "name"), ("measurements", "number")],
    "evidence": [("volumes", "instances"), ("structures", "box")],
    "media": [("volumes", "sha256"), ("structures", "largest")],
    "boxes": [("structures", "box"), ("structures", "box_millimetres"), ("structures", "origin")],
    "measurements": [("measurements", "number"), ("measurements", "unit"), ("measurements", "status")],
    "chain": [("measurements", "chain")],
    "licence": [("volumes", "licence")],
    "citation": [("volumes", "citation")],
    "protected": [("volumes", "protected")],
    "source_published": [("volumes", "published")],
}
_FIGURE_TO_ENVELOPE = {
    "evidence_id": ("evidence_id",),
    "source_id": ("source_id",),
    "group_id": ("group_id", "family"),
    "subject": ("panels",),
    "stem": ("origin",),
    "question": ("panels",),
    "options": ("text", "panels"),
    "answer": ("text", "panels"),
    "rationale": ("text",),
    "evidence": ("text", "mentions"),
    "media": ("sha256", "page", "box"),
    "labels": ("text",),
    "language": ("language",),
    "licence": ("licence",),
    "citation": ("citation",),
    "protected": ("protected",),
    "source_published": ("published",),
}
_CLIP_TO_ENVELOPE = {
    "evidence_id": ("evidence_id",),
    "source_id": ("source_id",),
    "group_id": ("group_id",),
    "subject": ("frames", "cues", "poses"),
    "question": ("frames", "cues", "poses"),
    "options": ("frames", "cues", "poses"),
    "answer": ("frames", "cues", "poses"),
    "rationale": ("frames", "text"),
    "evidence": ("text", "cues", "frames"),
    "media": ("frames",),
    "measurements": ("frames", "poses"),
    "labels": ("medical",),
    "language": ("language",),
    "licence": ("licence",),
    "citation": ("citation",),
    "protected": ("protected",),
    "source_published": ("published",),
}
_SOURCE_TO_VIDEO = [
    "source_id",
    "title",
    "licence",
    "citation",
    "identifiers",
    "published",
    "group_id",
    "protected",
]
_VIDEO_TO_CLIP = {
    "source_id": ("source_id",),
    "source_sha256": ("source_sha256",),
    "video_id": ("video_id",),
    "group_id": ("group_id",),
    "frames": ("looked_at", "cuts"),
    "text": ("text",),
    "cues": ("cues", "offset_seconds"),
    "poses": ("pose",),
    "medical": ("topics",),
    "language": ("language",),
    "licence": ("licence",),
    "citation": ("citation",),
    "published": ("published",),
    "protected": ("protected",),
}
_SOURCE_TO_FIGURE = [
    "source_id",
    "licence",
    "citation",
    "identifiers",
    "language",
    "published",
    "group_id",
    "protected",
]
_SOURCE_TO_VOLUME = {
    "source_ids": "source_id",
    "licence": "licence",
    "citation": "citation",
    "published": "published",
    "protected": "protected",
    "group_id": "group_id",
}
_SOURCE_TO_CASE = [
    "source_id",
    "title",
    "licence",
    "citation",
    "identifiers",
    "journal",
    "article_type",
    "language",
    "published",
    "group_id",
    "protected",
]


def column_lineage(recipe: Recipe, table: str) -> dg.TableColumnLineage | None:
    """The column lineage of a recipe's table, or ``None`` where columns have no single origin."""
    if table == "cases":
        pairs = {name: [("sources", name)] for name in _SOURCE_TO_CASE}
    elif table == "volumes":
        pairs = {name: [("sources", origin)] for name, origin in _SOURCE_TO_VOLUME.items()}
    elif table == "figures":
        pairs = {name: [("sources", name)] for name in _SOURCE_TO_FIGURE}
        pairs["book"] = [("sources", "title")]
    elif table == "videos":
        pairs = {name: [("sources", name)] for name in _SOURCE_TO_VIDEO}
        pairs["source_sha256"] = [("sources", "sha256")]
    elif table == "clips":
        pairs = _of("videos", _VIDEO_TO_CLIP)
    elif table == "drafts":
        pairs = _TO_ENVELOPE[recipe.evidence.kind]
    elif table in _PARENTS:
        pairs = _inherited(table, _PARENTS[table])
    else:
        return None
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey([recipe.name, parent]), column_name=name)
                for parent, name in deps
            ]
            for column, deps in pairs.items()
        }
    )


def _of(parent: str, columns: Mapping[str, tuple[str, ...]]) -> dict[str, list[tuple[str, str]]]:
    """Columns that come from those of one table."""
    return {name: [(parent, origin) for origin in origins] for name, origins in columns.items()}


_TO_ENVELOPE = {
    "cases": _of("cases", _CASE_TO_ENVELOPE),
    "volumes": _SCAN_TO_ENVELOPE,
    "figures": _of("figures", _FIGURE_TO_ENVELOPE),
    "clips": _of("clips", _CLIP_TO_ENVELOPE),
}
_PARENTS = {"revisions": "drafts", "candidates": "revisions", "items": "candidates"}


def _inherited(table: str, parent: str) -> dict[str, list[tuple[str, str]]]:
    """Columns that both tables have come from the parent's column of the same name."""
    known = {column.name for column in contract(parent).columns}
    return {
        column.name: [(parent, column.name)] for column in contract(table).columns if column.name in known
    }
