"""Which column comes from which: shown in Dagster's column lineage."""

from __future__ import annotations

import dagster as dg

from grandrounds.contracts import contract

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
    "labels": ("text", "title"),
    "language": ("language",),
    "licence": ("licence",),
    "citation": ("citation",),
    "protected": ("protected",),
    "source_published": ("published",),
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


def column_lineage(recipe: str, table: str) -> dg.TableColumnLineage | None:
    """The column lineage of a recipe's table, or ``None`` where columns have no single origin."""
    if table == "cases":
        pairs = {name: [("sources", name)] for name in _SOURCE_TO_CASE}
    elif table == "drafts":
        pairs = {name: [("cases", c) for c in columns] for name, columns in _CASE_TO_ENVELOPE.items()}
    elif table in _PARENTS:
        pairs = _inherited(table, _PARENTS[table])
    else:
        return None
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey([recipe, parent]), column_name=name)
                for parent, name in deps
            ]
            for column, deps in pairs.items()
        }
    )


_PARENTS = {"revisions": "drafts", "candidates": "revisions", "items": "candidates"}


def _inherited(table: str, parent: str) -> dict[str, list[tuple[str, str]]]:
    """Columns that both tables have come from the parent's column of the same name."""
    known = {column.name for column in contract(parent).columns}
    return {
        column.name: [(parent, column.name)] for column in contract(table).columns if column.name in known
    }
