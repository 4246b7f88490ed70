"""What Dagster shows of a live recipe: weeks, schedule, freshness, checks by week, a sensor that carries over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets.weeks import freshness_of, newest_week, weeks_of
from grandrounds.errors import RecipeError
from grandrounds.lake import Lake
from grandrounds.review.store import ReviewStore
from grandrounds.settings import resolve
from pipelines.benchmark import benchmark_definitions
from pipelines.commands import find_recipe
from pipelines.running import definitions_of
from pipelines.weekly import publish_week
from tests.support.live_weeks import live_recipe, nth


def test_each_week_is_a_partition_named_by_its_monday_once_it_is_over() -> None:
    weeks = weeks_of(live_recipe(live={"start": "2026-W44", "timezone": "Europe/Berlin"}))
    assert weeks is not None

    just_before = datetime(2026, 11, 15, 22, 59, tzinfo=UTC)
    assert weeks.get_partition_keys(current_time=just_before) == ["2026-10-26", "2026-11-02"]
    assert weeks.get_partition_keys(current_time=just_before + timedelta(minutes=1))[-1] == "2026-11-09"


def test_the_schedule_asks_on_monday_for_the_week_that_ended() -> None:
    definitions = definitions_of(find_recipe("live_cases"), resolve(environ={}))
    resolved = definitions.resolve_schedule_def("live_cases_weekly")

    assert resolved.cron_schedule == "0 3 * * 1"
    assert resolved.default_status is dg.DefaultScheduleStatus.STOPPED
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 11, 23, 3, tzinfo=UTC))
    (request,) = resolved.evaluate_tick(context).run_requests
    assert request.partition_key == "2026-11-16"


def test_the_release_says_how_fresh_it_has_to_be() -> None:
    policy = freshness_of(live_recipe(live={"start": "2026-W44", "stale_days": 9}))

    assert policy == dg.FreshnessPolicy.time_window(
        fail_window=timedelta(days=9), warn_window=timedelta(days=8)
    )


def test_every_check_of_a_live_recipe_is_by_week() -> None:
    recipe = find_recipe("live_cases")
    for checks in benchmark_definitions(recipe).asset_checks or ():
        assert isinstance(checks, dg.AssetChecksDefinition)
        assert all(spec.partitions_def == weeks_of(recipe) for spec in checks.check_specs)


def test_other_recipes_have_no_weeks() -> None:
    recipe = find_recipe("case_diagnosis")

    assert weeks_of(recipe) is None
    assert freshness_of(recipe) is None
    assert not benchmark_definitions(recipe).schedules
    with pytest.raises(RecipeError, match="not live"):
        recipe.in_week(nth(1))


def test_the_sensor_has_nothing_to_publish_before_the_first_week(tmp_path: Path) -> None:
    lake, store = Lake(str(tmp_path / "lake")), ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}")
    recipe = live_recipe(review={"policy": "readers", "readers": 1})

    assert newest_week(recipe, lake) is None
    assert isinstance(publish_week(recipe, store, lake, now=datetime.now(UTC)), dg.SkipReason)
