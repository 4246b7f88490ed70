"""Runs a recipe's job in this process, one at a time for each recipe."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import dagster as dg
import yaml
from sqlalchemy.exc import SQLAlchemyError

from assets.tables import asset_key
from assets.weeks import partition_of
from grandrounds.errors import SettingsError
from grandrounds.locks import exclusive
from grandrounds.progress import listening
from grandrounds.recipe import Recipe
from grandrounds.settings import Settings
from pipelines.benchmark import RECIPE_TAG, benchmark_definitions, job_name
from pipelines.instance import prepare_home
from pipelines.outcome import FailedCheck, Outcome, outcome_of, was_interrupted
from resources import SettingsResource, all_resources

__all__ = ["FailedCheck", "Outcome", "definitions_of", "run_job"]

COMMAND_TAG = "grandrounds/command"
_UNFINISHED = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def definitions_of(recipe: Recipe, settings: Settings) -> dg.Definitions:
    """One recipe's definitions on resources that take what flags said."""
    given = SettingsResource(
        home=settings.home.value,
        sources=settings.sources.value,
        source_rules=settings.source_rules.value,
        feeds=settings.feeds.value,
    )
    return dg.Definitions.merge(
        benchmark_definitions(recipe), dg.Definitions(resources=all_resources(given))
    )


def run_job(
    what: str,
    recipe: Recipe,
    *,
    settings: Settings,
    version: str | None = None,
    quiet: bool = False,
    only: Sequence[str] = (),
) -> Outcome:
    """Run ``build`` or ``publish`` of ``recipe`` and collect what people want to know.

    ``only`` names the tables to make, where not all of the job's are wanted. A live recipe comes in the
    week that is made (``Recipe.in_week``).
    Raises ``GrandRoundsError`` when another process works on the same recipe in this home or the
    home can't be used, and ``KeyboardInterrupt`` when the run was interrupted.
    """
    prepare_home(settings)
    name = job_name(recipe.name, "build" if recipe.preview else what)
    job = definitions_of(recipe, settings).resolve_job_def(name)
    lock = settings.home_path / "locks" / f"{recipe.name}.lock"
    with (
        exclusive(lock, what=f"The recipe {recipe.name} in {settings.home_path}"),
        _records(settings),
        dg.DagsterInstance.get() as instance,
        _progress(quiet),
    ):
        _close_abandoned_runs(instance, recipe)
        result = job.execute_in_process(
            instance=instance,
            run_config=_run_config(recipe, settings=settings, version=version, what=what),
            raise_on_error=False,
            tags={RECIPE_TAG: recipe.name, COMMAND_TAG: what},
            asset_selection=[asset_key(recipe, table) for table in only] or None,
            partition_key=partition_of(recipe.week) if recipe.week else None,
        )
    if was_interrupted(result):
        raise KeyboardInterrupt
    return outcome_of(what, recipe, result=result, settings=settings)


@contextmanager
def _records(settings: Settings) -> Iterator[None]:
    """Dagster's own records (runs, events) fail in many ways; all of them mean one thing to people."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, dg.DagsterError, yaml.YAMLError) as exc:
        why = str(getattr(exc, "orig", None) or getattr(exc, "strerror", None) or exc)
        raise SettingsError(
            f"Dagster's records in {settings.home_path / 'dagster'} can't be used: {why.splitlines()[0]}.",
            remedy="Check free space, rights and dagster.yaml there. Moving that folder away loses only "
            "the history of runs; tables, answers, reviews and releases are elsewhere.",
        ) from exc


def _close_abandoned_runs(instance: dg.DagsterInstance, recipe: Recipe) -> None:
    """Mark runs of killed commands as failed: who holds the recipe's lock knows that none is alive."""
    for what in ("build", "publish"):
        filters = dg.RunsFilter(statuses=_UNFINISHED, tags={RECIPE_TAG: recipe.name, COMMAND_TAG: what})
        for run in instance.get_runs(filters):
            instance.report_run_failed(run, "The command that ran this was killed. The next run goes on.")


def _run_config(recipe: Recipe, *, settings: Settings, version: str | None, what: str) -> dict[str, Any]:
    ops: dict[str, Any] = {}
    if what == "build" and settings.sources.value:
        ops[f"{recipe.name}_reading"] = {"config": {"folder": settings.sources.value}}
    if version:
        ops[f"{recipe.name}_release"] = {"config": {"version": version}}
    return {"ops": ops, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _progress(quiet: bool) -> Any:
    if quiet or not sys.stderr.isatty():
        return nullcontext()
    from pipelines.showing import TerminalProgress

    return listening(TerminalProgress())
