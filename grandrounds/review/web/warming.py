"""What the first request would otherwise wait for, and fifty at once would each do again: done before the
first one is let in."""

from __future__ import annotations

import pyarrow as pa
from fastapi import FastAPI

from grandrounds.errors import GrandRoundsError
from grandrounds.lake_rows import LakeRows
from grandrounds.records.case import Case
from grandrounds.records.envelope import Draft, Revision
from grandrounds.records.source import Source
from grandrounds.records.table import from_table
from grandrounds.review.rows import candidate_adapter
from grandrounds.review.store import ReviewStore
from grandrounds.review.web.context import environment
from grandrounds.review.web.pages.evidence import shelf_in
from grandrounds.review.web.words import DEFAULT

_READ = (
    ("cases", Case, "evidence_id"),
    ("sources", Source, "source_id"),
    ("drafts", Draft, "draft_id"),
    ("revisions", Revision, "revision_id"),
)
_NOTHING = "-"  # an id that nothing has


def warm(app: FastAPI) -> None:
    """Read the templates of the item page, and where in the lake each item's rows stand. What can't be read
    is left to the request that asks for it, which tells why."""
    made = environment(DEFAULT)
    for name in made.list_templates(filter_func=_is_read):
        made.get_template(name)
    candidate_adapter()
    for _, kind, _ in _READ:
        from_table(kind, pa.table({}))  # makes the validator of its rows
    try:
        _warm_rows(app.state.store, shelf_in(app).rows)
    except GrandRoundsError:
        return


def _warm_rows(store: ReviewStore, rows: LakeRows) -> None:
    for recipe in store.recipes():
        for table, kind, column in _READ:
            rows.one(recipe, table, kind, column=column, value=_NOTHING)


def _is_read(name: str) -> bool:
    return name.startswith(("base", "item", "evidence/"))
