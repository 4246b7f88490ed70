"""The weekly report of a live recipe: a page a week, an index, and a feed to subscribe to."""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from assets.sources import HARVEST
from assets.tables import asset_key, lake_key
from assets.weeks import in_week, partition_of, weeks_of
from grandrounds.harvest.weekly import FeedOutcome
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.records import harvested
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.harvested import Harvested
from grandrounds.release.manifest import read_manifest
from grandrounds.release.published import latest_release
from grandrounds.weekly_report.report import write_report
from grandrounds.weekly_report.values import (
    ERROR,
    LATER,
    REFUSED,
    TAKEN,
    WARNING,
    Arrived,
    Cost,
    FailedCheck,
    FeedState,
    WeekFacts,
)
from resources import LakeResource, SettingsResource

REPORT = "weekly_report"
_DECISIONS = {
    harvested.LIVE: TAKEN,
    harvested.RETIRED: TAKEN,
    harvested.REFUSED: REFUSED,
    harvested.LATER: LATER,
}
_RETRACTED = "retracted"


def weekly_report(recipe: Recipe) -> dg.AssetsDefinition:
    """What came, what became of it, what is new and what retired; also of a week without a release."""

    @dg.asset(
        key=asset_key(recipe, REPORT),
        deps=[asset_key(recipe, table) for table in (HARVEST, "drafts", "revisions", "funnel", "release")],
        group_name=recipe.name,
        owners=list(recipe.owners),
        partitions_def=weeks_of(recipe),
        kinds={"html"},
        description="A page of the week, the index of all weeks, and an Atom feed, as files.",
        op_tags={"stage": "report"},
    )
    def report(
        context: dg.AssetExecutionContext, settings: SettingsResource, lake: LakeResource
    ) -> dg.MaterializeResult[Any]:
        own, opened, given = in_week(recipe, context), lake.open(), settings.get()
        benchmark = given.releases_path / recipe.name
        made = write_report(
            benchmark,
            version=_version(own, benchmark),
            facts=_facts(own, opened, context, page=given.dagster_url.value),
            out=given.home_path / "reports" / recipe.name,
        )
        return dg.MaterializeResult(
            metadata={
                "page": dg.MetadataValue.url(made.page.as_uri()),
                "index": dg.MetadataValue.url(made.index.as_uri()),
                "feed": dg.MetadataValue.url(made.feed.as_uri()),
            }
        )

    return report


def feeds_key(recipe: Recipe) -> str:
    """Where the lake keeps how the feeds of a week fared."""
    return f"live/{recipe.name}/{recipe.week}/feeds.json"


def _version(recipe: Recipe, benchmark: Path) -> str | None:
    """The release of the week itself; a week that changed nothing has none."""
    newest = latest_release(benchmark, preview=recipe.preview, week=recipe.week)
    if newest is None or read_manifest(newest).week != str(recipe.week):
        return None
    return newest.name


def _facts(recipe: Recipe, lake: Lake, context: dg.AssetExecutionContext, *, page: str) -> WeekFacts:
    rows: list[Harvested] = lake.read_records(lake_key(recipe, HARVEST), Harvested)
    assert recipe.week is not None
    assert recipe.live is not None
    return WeekFacts(
        week=recipe.week,
        title=recipe.title,
        arrived=tuple(_arrived(rows, recipe)),
        feeds=tuple(_feeds(lake, recipe)),
        funnel=tuple(lake.read_records(lake_key(recipe, "funnel"), FunnelStep)),
        cost=_cost(recipe, context),
        failed_checks=tuple(_failed_checks(context)),
        first_public={
            row.source_id: row.first_public
            for row in rows
            if row.source_id and row.first_public is not None
        },
        waits="" if recipe.preview else "Its readers are not done.",
        run_url=f"{page.rstrip('/')}/runs/{context.run.run_id}" if page else "",
        stale_days=recipe.live.stale_days,
    )


def _arrived(rows: Sequence[Harvested], recipe: Recipe) -> Iterable[Arrived]:
    assert recipe.week is not None
    before = {(row.feed, row.record_id) for row in rows if row.week < str(recipe.week)}
    for row in rows:
        if row.week == str(recipe.week):
            yield Arrived(
                feed=row.feed,
                record_id=row.record_id,
                title=row.title,
                decision=_DECISIONS[row.status],
                reason=row.reason if row.status != harvested.RETIRED else "",
                words=row.words,
                first_public=row.first_public,
                seen=recipe.week.after.monday - timedelta(days=1),
                licence=row.licence,
                revised=(row.feed, row.record_id) in before,
                retracted=row.reason == _RETRACTED,
            )


def _feeds(lake: Lake, recipe: Recipe) -> Iterable[FeedState]:
    for said in json.loads(lake.read_blob(feeds_key(recipe)) or b"[]"):
        outcome = FeedOutcome(**said)
        yield FeedState(feed=outcome.feed, finished=outcome.finished, trouble=outcome.trouble)


def _cost(recipe: Recipe, context: dg.AssetExecutionContext) -> Cost:
    """What the authors' models were asked for the week, as the newest materialisations tell."""
    assert recipe.week is not None
    total = dict.fromkeys(
        ("requests_sent", "requests_answered_from_ledger", "prompt_tokens", "completion_tokens"), 0
    )
    for table in ("drafts", "revisions"):
        wanted = dg.AssetRecordsFilter(
            asset_key=asset_key(recipe, table), asset_partitions=[partition_of(recipe.week)]
        )
        for record in context.instance.fetch_materializations(wanted, limit=1).records:
            made = record.asset_materialization
            for name in total:
                value = made.metadata.get(name) if made else None
                total[name] += int(str(value.value)) if value is not None else 0
    reused = total["requests_answered_from_ledger"]
    return Cost(
        requests=total["requests_sent"] + reused,
        reused=reused,
        prompt_tokens=total["prompt_tokens"],
        completion_tokens=total["completion_tokens"],
    )


def _failed_checks(context: dg.AssetExecutionContext) -> Iterable[FailedCheck]:
    """The checks of this run that did not hold."""
    records = context.instance.get_records_for_run(
        context.run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    for record in records:
        event = record.event_log_entry.dagster_event
        found = event.asset_check_evaluation_data if event else None
        if found is not None and not found.passed:
            severe = found.severity == dg.AssetCheckSeverity.ERROR
            yield FailedCheck(
                table=found.asset_key.path[-1],
                check=found.check_name,
                severity=ERROR if severe else WARNING,
            )
