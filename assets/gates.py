"""Candidates, rejections and the funnel: what passed every gate, what did not and why."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.tables import lake_key, markdown_table, table_result, table_spec
from assets.votes import votes_by_item
from grandrounds.contracts import contract
from grandrounds.fingerprint import code_fingerprint
from grandrounds.funnel import build_funnel, funnel_markdown
from grandrounds.gates.clinical import admit
from grandrounds.gates.run import judge
from grandrounds.gates.status import reject_drafts, reject_revisions
from grandrounds.lake import Lake
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import OK, Draft, Revision
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.rejection import Rejection
from grandrounds.records.source import Source
from resources import LakeResource

_INPUTS = ("sources", "cases", "drafts", "revisions")
_VOTED = ("votes",)
_OUTPUTS = ("candidates", "rejections", "funnel")


def gates(recipe: Recipe) -> dg.AssetsDefinition:
    """``candidates``, ``rejections`` and ``funnel`` of a recipe; a panel's votes are weighed too."""
    voted = _VOTED if recipe.panel else ()

    @dg.multi_asset(
        name=f"{recipe.name}_gates",
        specs=[
            table_spec(recipe, "candidates", deps=["revisions", "cases", *voted]),
            table_spec(recipe, "rejections", deps=["cases", "drafts", "revisions", *voted]),
            table_spec(recipe, "funnel", deps=[*_INPUTS, *voted]),
        ],
        description="Runs every gate on every revision; each ends as one candidate or one rejection.",
        op_tags={"stage": "gates"},
    )
    def judge_revisions(lake: LakeResource) -> Iterator[dg.MaterializeResult[Any]]:
        opened = lake.open()
        keys = {table: lake_key(recipe, table) for table in _OUTPUTS}
        made = opened.step(
            outputs={key: contract(table) for table, key in keys.items()},
            inputs=[lake_key(recipe, table) for table in (*_INPUTS, *voted)],
            parameters=[
                recipe.model_dump(
                    mode="json", include={"name", "evidence", "tasks", "gates", "panel", "release"}
                ),
                code_fingerprint(
                    "grandrounds.gates", "grandrounds.clinical", "grandrounds.statistics",
                    "grandrounds.funnel", "grandrounds.records", "grandrounds.text", "grandrounds.stem",
                ),
            ],
            body=lambda: _judge(recipe, opened),
        )  # fmt: skip
        whole = dg.MetadataValue.md(funnel_markdown(opened.read_records(keys["funnel"], FunnelStep)))
        by_gate = dg.MetadataValue.md(_by_gate(opened, keys["rejections"]))
        for table, sample, more in (
            ("candidates", ("task", "question", "options", "answer", "stem"), {"funnel": whole}),
            ("rejections", ("stage", "gate", "reason", "task"), {"by_gate": by_gate, "funnel": whole}),
            ("funnel", (), {"funnel": whole}),
        ):
            yield table_result(recipe, table, lake=opened, step=made, sample=sample, more=more)

    return judge_revisions


def _judge(recipe: Recipe, lake: Lake) -> dict[str, list[Any]]:
    def rows(table: str, record_type: type[Any]) -> list[Any]:
        return lake.read_records(lake_key(recipe, table), record_type)

    sources, cases = rows("sources", Source), rows("cases", Case)
    drafts, revisions = rows("drafts", Draft), rows("revisions", Revision)
    _, not_admitted = admit(cases, recipe)
    with stage("Judging"):
        judged = judge(
            [row for row in revisions if row.status == OK],
            cases={case.case_id: case for case in cases},
            recipe=recipe,
            votes=votes_by_item(recipe, lake),
        )
    rejections: list[Rejection] = [
        *not_admitted, *reject_drafts(drafts), *reject_revisions(revisions), *judged.rejections,
    ]  # fmt: skip
    steps = build_funnel(
        recipe,
        sources=sources,
        cases=cases,
        drafts=drafts,
        revisions=revisions,
        candidates=judged.candidates,
        rejections=rejections,
    )
    return {
        lake_key(recipe, "candidates"): judged.candidates,
        lake_key(recipe, "rejections"): rejections,
        lake_key(recipe, "funnel"): steps,
    }


def _by_gate(lake: Lake, key: str) -> str:
    table = lake.read_table(key, columns=("stage", "gate"))
    counts = Counter(zip(table.column("stage").to_pylist(), table.column("gate").to_pylist(), strict=True))
    return markdown_table(("stage", "gate", "rows"), [[*k, n] for k, n in sorted(counts.items())])
