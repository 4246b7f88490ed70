"""Marks: a model judge reads answers of known worth to each consultation that passed the other gates.

Only recipes that ask a model judge have this table. It stands between the shortlist and the candidates.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.asked import again_after, spent, statuses_of
from assets.gates import MARKS, SHORTLIST
from assets.tables import asset_key, lake_key, markdown_table, table_result, table_spec
from assets.weeks import in_week, weeks_of
from grandrounds.contracts import contract
from grandrounds.fingerprint import code_fingerprint, folder_fingerprint
from grandrounds.gates.rubrics.controls import mark
from grandrounds.lake import Lake
from grandrounds.llm.answer import WAITING
from grandrounds.llm.answering import Answering
from grandrounds.paths import bundled
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from grandrounds.records.control_mark import OK, ControlMark
from grandrounds.records.envelope import Candidate
from grandrounds.rubrics.model_judge import ModelJudge
from resources import LakeResource, ModelResource


def marks(recipe: Recipe) -> dg.AssetsDefinition:
    """What the model judge gives to the controls of each consultation.

    While requests wait for answers that come as files, the run ends here, and nothing is weighed.
    """

    @dg.multi_asset(
        name=f"{recipe.name}_marks",
        specs=[table_spec(recipe, MARKS, deps=[SHORTLIST], kinds=("python", "parquet"), skippable=True)],
        description="Asks the model judge about answers of known worth to each item of the shortlist.",
        op_tags={"stage": "mark"},
    )
    def mark_controls(
        context: dg.AssetExecutionContext, lake: LakeResource, model: ModelResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        opened, own = lake.open(), in_week(recipe, context)
        key = lake_key(own, MARKS)
        with model.judge(recipe, lake=opened) as client:

            def rows() -> Iterator[ControlMark]:
                candidates = opened.read_records(lake_key(own, SHORTLIST), Candidate)
                with stage("Marking"):
                    yield from mark(candidates, ModelJudge(client, temperature=own.temperature))

            made = opened.step(
                outputs={key: contract(MARKS)},
                inputs=[lake_key(own, SHORTLIST)],
                parameters=_parameters(own, client, opened, key),
                body=lambda: {key: rows()},
            )
            took = spent([client.tally])
        if WAITING not in statuses_of(opened, key):
            yield table_result(
                own,
                MARKS,
                lake=opened,
                step=made,
                sample=("item_id", "control", "answer_of", "score", "failed", "status", "reason"),
                more=_failures(opened, key) | took,
            )

    return mark_controls


def judge_check(recipe: Recipe) -> dg.AssetChecksDefinition:
    """Whether every verdict of the judge counts. Those that don't are told, and never guessed."""

    @dg.asset_check(
        name="judge_answered",
        asset=asset_key(recipe, MARKS),
        partitions_def=weeks_of(recipe),
        description="The model judge gave a verdict that counts on every criterion it was asked about.",
    )
    def judge_answered(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        opened, key = lake.open(), lake_key(in_week(recipe, context), MARKS)
        return dg.AssetCheckResult(
            passed=statuses_of(opened, key) <= {OK},
            severity=dg.AssetCheckSeverity.WARN,
            metadata=_failures(opened, key),
        )

    return judge_answered


def _failures(lake: Lake, key: str) -> dict[str, Any]:
    """The verdicts that failed, counted: in all, as a share, and by what became of the replies."""
    table = lake.read_table(key, columns=("status", "criteria", "failed"))
    rows = table.to_pylist()
    asked, failed = sum(row["criteria"] for row in rows), sum(row["failed"] for row in rows)
    by_status: dict[str, list[int]] = {}
    for row in rows:
        own = by_status.setdefault(row["status"], [0, 0])
        own[0] += 1
        own[1] += row["failed"]
    lines = [[status, *counts] for status, counts in sorted(by_status.items())]
    return {
        "verdicts": asked,
        "verdicts_failed": failed,
        "parse_failure_rate": failed / asked if asked else 0.0,
        "by_status": dg.MetadataValue.md(markdown_table(("status", "answers", "verdicts failed"), lines)),
    }


def _parameters(recipe: Recipe, client: Answering, lake: Lake, key: str) -> list[Any]:
    """What can change a mark besides what is marked. Replies that never came are asked for again."""
    return [
        client.model,
        recipe.temperature,
        code_fingerprint(
            "grandrounds.rubrics", "grandrounds.clinical", "grandrounds.records", "grandrounds.text",
        ),
        folder_fingerprint(bundled("prompts") / "consultation"),
        again_after(lake, key),
    ]  # fmt: skip
