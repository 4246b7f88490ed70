"""The clinicians' queue and their decisions. The run ends here; nobody waits in a worker."""

from typing import Any

import dagster as dg

from assets.tables import asset_key, lake_key, table_result, table_spec
from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_value
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.review.queue import fill
from resources import LakeResource, ReviewResource


def review_queue(recipe: Recipe) -> dg.AssetsDefinition:
    """Puts the candidates into the review database."""

    @dg.asset(
        key=asset_key(recipe, "review_queue"),
        deps=[asset_key(recipe, "candidates")],
        group_name=recipe.name,
        owners=list(recipe.owners),
        kinds={"sqlalchemy"},
        description=(
            f"Candidates waiting for {recipe.review.readers} readers each. A candidate whose content "
            "changed is asked again. The sensor publishes when the recipe's review policy is met."
        ),
    )
    def queue(
        context: dg.AssetExecutionContext, lake: LakeResource, review: ReviewResource
    ) -> dg.MaterializeResult[Any]:
        candidates = lake.open().read_records(lake_key(recipe, "candidates"), Candidate)
        result = fill(review.open(), recipe, candidates, run_id=context.run.run_id)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(candidates),
                "added": result.added,
                "kept": result.kept,
                "asked_again": result.changed,
                "withdrawn": result.withdrawn,
                "next": dg.MetadataValue.md(
                    f"`grandrounds review status {recipe.name}`, `grandrounds review export {recipe.name}`"
                ),
            }
        )

    return queue


def review_events(recipe: Recipe) -> dg.AssetsDefinition:
    """A snapshot of the append-only decisions, as the release will carry them."""

    @dg.multi_asset(
        name=f"{recipe.name}_review_events",
        specs=[table_spec(recipe, "review_events", deps=["review_queue"], kinds=("sqlalchemy", "parquet"))],
        description="Reads the reviewers' decisions from the review database.",
    )
    def events(lake: LakeResource, review: ReviewResource) -> dg.MaterializeResult[Any]:
        opened = lake.open()
        rows = review.open().events(recipe.name)
        key = lake_key(recipe, "review_events")
        made = opened.step(
            outputs={key: contract("review_events")},
            inputs=[],
            parameters=sha256_value([event.event_id for event in rows]),
            body=lambda: {key: rows},
        )
        return table_result(
            recipe,
            "review_events",
            lake=opened,
            step=made,
            sample=("item_id", "reviewer", "role", "decision"),
        )

    return events
