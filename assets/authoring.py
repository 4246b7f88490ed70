"""Drafts and revisions: evidence becomes questions in two stages, both kept."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import dagster as dg

from assets.asked import again_after, requests_told
from assets.kinds import kind_of, knowledge
from assets.tables import lake_key, markdown_table, table_result, table_spec
from assets.weeks import in_week
from grandrounds.authoring.author import Author, make_author
from grandrounds.contracts import contract
from grandrounds.errors import LakeError
from grandrounds.fingerprint import folder_fingerprint
from grandrounds.lake import Lake
from grandrounds.llm.answer import WAITING
from grandrounds.llm.answering import Answering
from grandrounds.paths import bundled
from grandrounds.progress import stage
from grandrounds.recipe import Recipe, prompt_folder
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.streams import Counted
from resources import LakeResource, ModelResource

__all__ = ["drafts", "drafts_to_revise", "evidence_to_ask", "revisions", "waiting"]


def drafts(recipe: Recipe) -> dg.AssetsDefinition:
    """Stage one: at least one draft a piece of evidence and task."""
    kind = kind_of(recipe)

    @dg.multi_asset(
        name=f"{recipe.name}_drafts",
        specs=[table_spec(recipe, "drafts", deps=kind.tables, kinds=("python", "parquet"))],
        description="Drafts items from each piece of evidence, task by task.",
        op_tags={"stage": "draft"},
    )
    def draft(
        context: dg.AssetExecutionContext, lake: LakeResource, model: ModelResource
    ) -> dg.MaterializeResult[Any]:
        opened, own = lake.open(), in_week(recipe, context)

        def write(author: Author[Any]) -> Iterator[Draft]:
            return author.draft(Counted(lambda: evidence_to_ask(own, opened), kind.count(own, opened)))

        return _authored(
            own,
            "drafts",
            lake=opened,
            model=model,
            inputs=[lake_key(own, table) for table in kind.tables],
            telling="Drafting",
            shown="options",
            write=write,
        )

    return draft


def revisions(recipe: Recipe) -> dg.AssetsDefinition:
    """Stage two: every draft that is ok, revised against the written criteria.

    While requests wait for answers that come as files, the run ends here, and nothing is judged.
    """
    kind = kind_of(recipe)

    @dg.multi_asset(
        name=f"{recipe.name}_revisions",
        specs=[
            table_spec(
                recipe,
                "revisions",
                deps=["drafts", *kind.tables],
                kinds=("python", "parquet"),
                skippable=True,
            )
        ],
        description="Revises each draft against the recipe's written criteria.",
        op_tags={"stage": "revise"},
    )
    def revise(
        context: dg.AssetExecutionContext, lake: LakeResource, model: ModelResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, own = lake.open(), in_week(recipe, context)
        first = lake_key(own, "drafts")

        def write(author: Author[Any]) -> Iterator[Revision]:
            return author.revise(Counted(lambda: drafts_to_revise(own, opened), _ready(opened, first)))

        made = _authored(
            own,
            "revisions",
            lake=opened,
            model=model,
            inputs=[*(lake_key(own, table) for table in kind.tables), first],
            telling="Revising",
            shown="changes",
            write=write,
        )
        if not any(waiting(opened, lake_key(own, table)) for table in ("drafts", "revisions")):
            yield made

    return revise


def evidence_to_ask(recipe: Recipe, lake: Lake) -> Iterator[Any]:
    """The evidence that the recipe's author drafts from, as a stream."""
    return kind_of(recipe).admitted(recipe, lake)


def drafts_to_revise(recipe: Recipe, lake: Lake) -> Iterator[tuple[Draft, Any]]:
    """Each draft that is ok beside its evidence, as a stream: drafts have the order of the evidence."""
    units = evidence_to_ask(recipe, lake)
    unit: Any = None
    for draft in lake.iter_records(lake_key(recipe, "drafts"), Draft):
        while unit is None or unit.evidence_id != draft.evidence_id:
            unit = next(units, None)
            if unit is None:
                raise LakeError(
                    f"The drafts of {recipe.name} don't follow its evidence: {draft.evidence_id} is not "
                    "where it should be.",
                    remedy="Delete the drafts in the lake and build again.",
                )
        if draft.status == OK:
            yield draft, unit


def waiting(lake: Lake, key: str) -> int:
    """How many rows of a table wait for an answer."""
    return _count(lake, key, WAITING)


def _ready(lake: Lake, key: str) -> int:
    return _count(lake, key, OK)


def _count(lake: Lake, key: str, status: str) -> int:
    return list(lake.read_table(key, columns=("status",)).column("status").to_pylist()).count(status)


def _authored(
    recipe: Recipe,
    table: str,
    *,
    lake: Lake,
    model: ModelResource,
    inputs: Sequence[str],
    telling: str,
    shown: str,
    write: Callable[[Author[Any]], Iterable[Draft | Revision]],
) -> dg.MaterializeResult[Any]:
    """Make one stage's table with the recipe's author; the model's ledger is closed afterwards.

    ``telling`` names the stage for progress, ``shown`` is the column of the sample that is its own.
    """
    key = lake_key(recipe, table)
    with model.client(recipe, lake=lake) or nullcontext() as client:

        def rows() -> Iterator[Draft | Revision]:
            with stage(telling) as progress:
                yield from write(make_author(recipe, client=client, on_progress=progress, lake=lake))

        made = lake.step(
            outputs={key: contract(table)},
            inputs=inputs,
            parameters=_parameters(recipe, client, lake, key),
            body=lambda: {key: rows()},
        )
        return table_result(
            recipe,
            table,
            lake=lake,
            step=made,
            sample=("task", "status", "answer", shown, "reason"),
            more=_authoring_metadata(lake, key, client),
        )


def _parameters(recipe: Recipe, client: Answering | None, lake: Lake, key: str) -> list[Any]:
    """What can change a draft or revision besides its evidence.

    Rows that a model did not answer properly are asked again on every build, so a table that
    holds such rows never counts as finished.
    """
    return [
        recipe.model_dump(mode="json", include={"name", "evidence", "tasks", "cut", "author", "criteria",
                                                "temperature", "max_tokens"}),
        client.model if client else None,
        *knowledge(recipe, "grandrounds.authoring", "grandrounds.records", "grandrounds.text"),
        [folder_fingerprint(bundled("prompts") / prompt_folder(task.name)) for task in recipe.tasks],
        "" if client is None else again_after(lake, key),
    ]  # fmt: skip


def _authoring_metadata(lake: Lake, key: str, client: Answering | None) -> dict[str, Any]:
    table = lake.read_table(key, columns=("task", "status"))
    counts = Counter(zip(table.column("task").to_pylist(), table.column("status").to_pylist(), strict=True))
    shown: dict[str, Any] = {
        "funnel": dg.MetadataValue.md(
            markdown_table(("task", "status", "rows"), [[*k, n] for k, n in sorted(counts.items())])
        ),
        "author": f"model {client.model}" if client else "rules (no model is configured)",
    }
    if client:
        shown |= requests_told([client.tally])
    return shown
