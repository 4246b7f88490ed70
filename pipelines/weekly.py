"""What a live recipe has besides: a schedule by the week, and a sensor that doesn't wait for ever."""

from datetime import datetime
from typing import Any

import dagster as dg

from assets.weeks import newest_week, partition_of
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.review.policy import status
from grandrounds.review.sensor import publishable
from grandrounds.review.store import ReviewStore


def weekly_schedule(recipe: Recipe, build: Any) -> list[Any]:
    """Of a live recipe: what builds each week on the Monday after it.

    Missed weeks are made up for, five at most, as the scheduler of Dagster does. It is off until somebody
    turns it on: it asks others' servers.
    """
    if recipe.live is None:
        return []
    return [
        dg.build_schedule_from_partitioned_job(
            build,
            name=f"{recipe.name}_weekly",
            hour_of_day=recipe.live.hour,
            minute_of_hour=0,
            description=f"Builds the week that ended, on Monday at {recipe.live.hour}:00 "
            f"{recipe.live.timezone}.",
            default_status=dg.DefaultScheduleStatus.STOPPED,
        )
    ]


def publish_week(
    recipe: Recipe, store: ReviewStore, lake: Lake, *, now: datetime
) -> dg.RunRequest | dg.SkipReason:
    """Publish the newest week when its reviews are done, or when it has waited long enough: what is still
    open then is carried over."""
    live, week = recipe.live, newest_week(recipe, lake)
    if live is None or week is None:
        return dg.SkipReason("no week has been built yet")
    waited = now >= live.waits_until(week)
    request = publishable(store, recipe, carry_over=waited)
    if request is None:
        unmet = "; ".join(status(store, recipe, interval=False).unmet) or "nothing was accepted"
        return dg.SkipReason(f"{week}: {unmet}")
    return dg.RunRequest(
        run_key=f"{week}-{request.key}",
        partition_key=partition_of(week),
        tags={"grandrounds/recipe": recipe.name},
    )
