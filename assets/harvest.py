"""The harvest of a live recipe's week: what the feeds bring, and the sources as of the week's end."""

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

import dagster as dg

from assets.report import feeds_key
from assets.sources import HARVEST, week_folder
from assets.tables import lake_key, markdown_table, table_result, table_spec
from assets.weeks import freshness_of, in_week
from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_value
from grandrounds.harvest.weekly import Gathered, gather
from grandrounds.lake import Lake
from grandrounds.progress import stage
from grandrounds.recipe import Recipe
from resources import LakeResource, SettingsResource


def harvest(recipe: Recipe) -> dg.AssetsDefinition:
    """What the feeds of a live recipe brought up to the end of a week.

    A feed that fails is told and doesn't stop the week: what it would have brought comes with the next.
    """

    @dg.multi_asset(
        name=f"{recipe.name}_harvest",
        specs=[
            table_spec(recipe, HARVEST, kinds=("python", "parquet")).replace_attributes(
                freshness_policy=freshness_of(recipe)
            )
        ],
        description="Asks every feed for what is new, and lays out the sources of the week.",
        op_tags={"stage": "harvest"},
    )
    def bring(
        context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
    ) -> dg.MaterializeResult[Any]:
        opened, own, given = lake.open(), in_week(recipe, context), settings.get()
        key = lake_key(own, HARVEST)
        with stage("Harvesting"):
            gathered = gather(own, settings=given, folder=week_folder(own, given))
        _keep(opened, own, gathered)
        made = opened.step(
            outputs={key: contract(HARVEST)},
            inputs=[],
            parameters=[sha256_value([row.version_id + row.status for row in gathered.rows])],
            body=lambda: {key: gathered.rows},
        )
        return table_result(
            own,
            HARVEST,
            lake=opened,
            step=made,
            sample=("feed", "record_id", "status", "reason", "licence", "first_public", "week"),
            more={
                "funnel": dg.MetadataValue.md(_by_status(gathered)),
                "troubles": dg.MetadataValue.json(list(gathered.troubles)),
            },
        )

    return bring


def _keep(lake: Lake, recipe: Recipe, gathered: Gathered) -> None:
    """Note how the feeds fared; a feed that was not asked again keeps what was noted."""
    known = {said["feed"]: said for said in json.loads(lake.read_blob(feeds_key(recipe)) or b"[]")}
    known |= {each.feed: asdict(each) for each in gathered.feeds}
    lake.write_blob(feeds_key(recipe), json.dumps([known[name] for name in sorted(known)]).encode())


def _by_status(gathered: Gathered) -> str:
    counts = Counter((row.feed, row.status, row.reason) for row in gathered.rows)
    return markdown_table(
        ("feed", "status", "reason", "records"), [[*k, n] for k, n in sorted(counts.items())]
    )
