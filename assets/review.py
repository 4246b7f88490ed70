"""The clinicians' queue and their decisions. The run ends here; nobody waits in a worker."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.tables import asset_key, lake_key, table_result, table_spec
from assets.weeks import in_week, newest_week, weeks_of
from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_value
from grandrounds.lake import Lake
from grandrounds.needed_readers import differs_by_split
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.release.register import SplitRegister
from grandrounds.release.splits import groups_of
from grandrounds.review.queue import fill
from resources import LakeResource, ReviewResource


def review_queue(recipe: Recipe) -> dg.AssetsDefinition:
    """Puts the candidates into the review database."""

    @dg.asset(
        key=asset_key(recipe, "review_queue"),
        deps=[asset_key(recipe, "candidates")],
        group_name=recipe.name,
        owners=list(recipe.owners),
        partitions_def=weeks_of(recipe),
        kinds={"sqlalchemy"},
        description=(
            f"Candidates waiting for {_readers(recipe)}. A candidate whose content "
            "changed is asked again. The sensor publishes when the recipe's review policy is met."
        ),
    )
    def queue(
        context: dg.AssetExecutionContext, lake: LakeResource, review: ReviewResource
    ) -> dg.MaterializeResult[Any]:
        opened, own = lake.open(), in_week(recipe, context)
        newest = newest_week(recipe, opened) if own.week else None
        if own.week and newest and own.week < newest:
            return dg.MaterializeResult(
                metadata={
                    "next": "A later week is in the queue already, and holds what is open of this one."
                }
            )
        candidates = opened.read_records(lake_key(own, "candidates"), Candidate)
        result = fill(
            review.open(), recipe, candidates,
            run_id=context.run.run_id, splits=splits_for_review(recipe, opened, candidates),
        )  # fmt: skip
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


def splits_for_review(recipe: Recipe, lake: Lake, candidates: Sequence[Candidate]) -> Mapping[str, str]:
    """The split of each group, where the recipe's policy samples by split; else none is needed.

    They are assigned now, not when the release is made: who is asked depends on them, and a group keeps
    its split for ever.
    """
    if not differs_by_split(recipe.review):
        return {}
    groups = groups_of(candidates, stratify_by=recipe.splits.stratify_by)
    return SplitRegister(lake).assign(groups, shares=recipe.splits, recipe=recipe.name)


def review_events(recipe: Recipe) -> dg.AssetsDefinition:
    """A snapshot of the append-only decisions, as the release will carry them."""

    @dg.multi_asset(
        name=f"{recipe.name}_review_events",
        specs=[table_spec(recipe, "review_events", deps=["review_queue"], kinds=("sqlalchemy", "parquet"))],
        description="Reads the reviewers' decisions from the review database.",
    )
    def events(
        context: dg.AssetExecutionContext, lake: LakeResource, review: ReviewResource
    ) -> dg.MaterializeResult[Any]:
        opened, own = lake.open(), in_week(recipe, context)
        rows = review.open().events(recipe.name)
        key = lake_key(own, "review_events")
        made = opened.step(
            outputs={key: contract("review_events")},
            inputs=[],
            parameters=sha256_value([event.event_id for event in rows]),
            body=lambda: {key: rows},
        )
        return table_result(
            own,
            "review_events",
            lake=opened,
            step=made,
            sample=("item_id", "reviewer", "role", "decision"),
        )

    return events


def _readers(recipe: Recipe) -> str:
    policy, sample = recipe.review, recipe.review.sample
    words = f"{policy.readers} readers each"
    if policy.overlap < 1:
        words = f"one reader each, {policy.overlap:.0%} of them for {policy.readers}"
    shares = {"train": sample.train, "dev": sample.dev, "test": sample.test}
    if set(shares.values()) != {1.0}:
        words += "; of " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        words += ", the rest is taken unread"
    return words
