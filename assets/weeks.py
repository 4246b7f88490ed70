"""The weeks of a live recipe as Dagster partitions, and the recipe in the week of a run."""

import warnings
from contextlib import suppress
from datetime import date, timedelta

import dagster as dg

from grandrounds.errors import GrandRoundsError, RecipeError
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.weeks import Week

# Checks by week are a preview in the Dagster that is pinned; people who build need not be told at each one.
warnings.filterwarnings("ignore", message="Specifying a partitions_def on an AssetCheckSpec")


def weeks_of(recipe: Recipe) -> dg.WeeklyPartitionsDefinition | None:
    """One partition a week, named by its Monday (``2026-11-16``) and there when the week is over; ``None``
    for a recipe that isn't live."""
    if recipe.live is None:
        return None
    return dg.WeeklyPartitionsDefinition(
        start_date=recipe.live.first.monday.isoformat(), day_offset=1, timezone=recipe.live.timezone
    )


def partition_of(week: Week) -> str:
    """The partition of ``week``."""
    return week.monday.isoformat()


def in_week(recipe: Recipe, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Recipe:
    """``recipe`` in the week of the run; itself when it isn't live.

    Raises ``RecipeError`` for a run of a live recipe without a week.
    """
    if recipe.live is None:
        return recipe
    if not context.has_partition_key:
        raise RecipeError(
            f"{recipe.name} is live: a run makes one week of it.",
            remedy=f"`grandrounds build {recipe.name} --week 2026-W47`, or choose a partition.",
        )
    return recipe.in_week(Week.of(date.fromisoformat(context.partition_key)))


def newest_week(recipe: Recipe, lake: Lake, *, table: str = "candidates") -> Week | None:
    """The latest week whose ``table`` was made; ``None`` before the first."""
    weeks = []
    for name in lake.tables_below(recipe.name, table):
        with suppress(GrandRoundsError):
            weeks.append(Week.parse(name))
    return max(weeks, default=None)


def freshness_of(recipe: Recipe) -> dg.FreshnessPolicy | None:
    """How long a live recipe may be without a new week before Dagster's page says so."""
    if recipe.live is None:
        return None
    days = recipe.live.stale_days
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(days=days), warn_window=timedelta(days=days - 1)
    )
