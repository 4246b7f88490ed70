"""Drafts and revisions: evidence becomes questions in two stages, both kept."""

from collections import Counter
from typing import Any

import dagster as dg

from assets.tables import lake_key, markdown_table, table_result, table_spec
from grandrounds.authoring.author import make_author
from grandrounds.contracts import contract
from grandrounds.fingerprint import code_fingerprint, folder_fingerprint
from grandrounds.gates.clinical import admit
from grandrounds.lake import Lake
from grandrounds.llm.client import ModelClient
from grandrounds.paths import bundled
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import OK, Draft, Revision
from resources import LakeResource, ModelResource

AGAIN = frozenset({"failed", "unparsable", "truncated", "not_local"})
"""Statuses of rows that every build asks a model for again."""


def drafts(recipe: Recipe) -> dg.AssetsDefinition:
    """Stage one: one draft a case and task."""

    @dg.multi_asset(
        name=f"{recipe.name}_drafts",
        specs=[table_spec(recipe, "drafts", deps=["cases"], kinds=("python", "parquet"))],
        description="Drafts one item a case and task.",
        op_tags={"stage": "draft"},
    )
    def draft(lake: LakeResource, model: ModelResource) -> dg.MaterializeResult[Any]:
        opened, client = lake.open(), model.client(recipe)
        cases, key = lake_key(recipe, "cases"), lake_key(recipe, "drafts")

        def body() -> dict[str, list[Draft]]:
            admitted, _ = admit(opened.read_records(cases, Case), recipe)
            with stage("Drafting") as progress:
                author = make_author(recipe, client=client, on_progress=progress)
                return {key: author.draft(admitted)}

        made = opened.step(
            outputs={key: contract("drafts")},
            inputs=[cases],
            parameters=_parameters(recipe, client, opened, key),
            body=body,
        )
        return table_result(
            recipe,
            "drafts",
            lake=opened,
            step=made,
            sample=("task", "status", "answer", "options", "reason"),
            more=_authoring_metadata(opened, key, client),
        )

    return draft


def revisions(recipe: Recipe) -> dg.AssetsDefinition:
    """Stage two: every draft that is ok, revised against the written criteria."""

    @dg.multi_asset(
        name=f"{recipe.name}_revisions",
        specs=[table_spec(recipe, "revisions", deps=["drafts", "cases"], kinds=("python", "parquet"))],
        description="Revises each draft against the recipe's written criteria.",
        op_tags={"stage": "revise"},
    )
    def revise(lake: LakeResource, model: ModelResource) -> dg.MaterializeResult[Any]:
        opened, client = lake.open(), model.client(recipe)
        cases, first = lake_key(recipe, "cases"), lake_key(recipe, "drafts")
        key = lake_key(recipe, "revisions")

        def body() -> dict[str, list[Revision]]:
            by_id = {case.case_id: case for case in opened.read_records(cases, Case)}
            ready = [row for row in opened.read_records(first, Draft) if row.status == OK]
            with stage("Revising") as progress:
                author = make_author(recipe, client=client, on_progress=progress)
                return {key: author.revise(ready, cases=by_id)}

        made = opened.step(
            outputs={key: contract("revisions")},
            inputs=[cases, first],
            parameters=_parameters(recipe, client, opened, key),
            body=body,
        )
        return table_result(
            recipe,
            "revisions",
            lake=opened,
            step=made,
            sample=("task", "status", "answer", "changes", "reason"),
            more=_authoring_metadata(opened, key, client),
        )

    return revise


def _parameters(recipe: Recipe, client: ModelClient | None, lake: Lake, key: str) -> list[Any]:
    """What can change a draft or revision besides its evidence.

    Rows that a model did not answer properly are asked again on every build, so a table that
    holds such rows never counts as finished.
    """
    unfinished = "" if client is None or not lake.has_table(key) else _unfinished(lake, key)
    return [
        recipe.model_dump(mode="json", include={"name", "evidence", "tasks", "cut", "author", "criteria",
                                                "temperature", "max_tokens"}),
        client.model if client else None,
        code_fingerprint(
            "grandrounds.authoring", "grandrounds.clinical", "grandrounds.gates.clinical",
            "grandrounds.records", "grandrounds.text", "grandrounds.stem",
        ),
        folder_fingerprint(bundled("prompts")),
        unfinished,
    ]  # fmt: skip


def _unfinished(lake: Lake, key: str) -> str:
    statuses = set(lake.read_table(key, columns=("status",)).column("status").to_pylist())
    return f"again after {lake.table_sha256(key)}" if statuses & AGAIN else ""


def _authoring_metadata(lake: Lake, key: str, client: ModelClient | None) -> dict[str, Any]:
    table = lake.read_table(key, columns=("task", "status"))
    counts = Counter(zip(table.column("task").to_pylist(), table.column("status").to_pylist(), strict=True))
    shown: dict[str, Any] = {
        "funnel": dg.MetadataValue.md(
            markdown_table(("task", "status", "rows"), [[*k, n] for k, n in sorted(counts.items())])
        ),
        "author": f"model {client.model}" if client else "rules (no model is configured)",
    }
    if client:
        shown |= {
            "requests_sent": client.sent,
            "requests_answered_from_ledger": client.served,
            "prompt_tokens": client.prompt_tokens,
            "completion_tokens": client.completion_tokens,
        }
    return shown
