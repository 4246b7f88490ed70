"""Runs a recipe's job in this process and tells what came of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import dagster as dg

from assets.tables import lake_key
from grandrounds.lake import Lake
from grandrounds.locks import exclusive
from grandrounds.progress import listening
from grandrounds.recipe import Recipe
from grandrounds.records.funnel import FunnelStep
from grandrounds.settings import Settings
from pipelines.benchmark import RECIPE_TAG, benchmark_definitions, job_name
from pipelines.instance import prepare_home
from resources import SettingsResource, all_resources


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCheck:
    """An asset check that did not pass."""

    asset: str
    check: str
    severity: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run of a recipe's job came to."""

    recipe: str
    what: str
    success: bool
    run_id: str
    tables: Mapping[str, Mapping[str, Any]]
    funnel: Sequence[FunnelStep]
    release: str | None
    failed_checks: Sequence[FailedCheck]
    errors: Sequence[str]


def definitions_of(recipe: Recipe, settings: Settings) -> dg.Definitions:
    """One recipe's definitions on resources that take what flags said."""
    given = SettingsResource(home=settings.home.value, sources=settings.sources.value)
    return dg.Definitions.merge(
        benchmark_definitions(recipe), dg.Definitions(resources=all_resources(given))
    )


def run_job(
    what: str, recipe: Recipe, *, settings: Settings, version: str | None = None, quiet: bool = False
) -> Outcome:
    """Run ``build`` or ``publish`` of ``recipe`` and collect what people want to know.

    Raises ``GrandRoundsError`` when another process works on the same recipe in this home.
    """
    prepare_home(settings)
    name = job_name(recipe.name, "build" if recipe.preview else what)
    job = definitions_of(recipe, settings).resolve_job_def(name)
    lock = settings.home_path / "locks" / f"{recipe.name}.lock"
    with (
        exclusive(lock, what=f"The recipe {recipe.name} in {settings.home_path}"),
        dg.DagsterInstance.get() as instance,
        _progress(quiet),
    ):
        result = job.execute_in_process(
            instance=instance,
            run_config=_run_config(recipe, settings=settings, version=version, what=what),
            raise_on_error=False,
            tags={RECIPE_TAG: recipe.name},
        )
    return _outcome(what, recipe, result=result, lake=Lake(settings.lake_url.value))


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


def _outcome(what: str, recipe: Recipe, *, result: dg.ExecuteInProcessResult, lake: Lake) -> Outcome:
    tables: dict[str, dict[str, Any]] = {}
    errors: list[str] = []
    for event in result.all_events:
        if event.is_step_failure:
            errors.append(_message(event))
        if event.is_step_materialization:
            materialization = event.step_materialization_data.materialization
            tables[materialization.asset_key.path[-1]] = {
                name: value.value for name, value in materialization.metadata.items()
            }
    checks = [
        FailedCheck(
            asset=evaluation.asset_key.to_user_string(),
            check=evaluation.check_name,
            severity=evaluation.severity.value,
            metadata={name: value.value for name, value in evaluation.metadata.items()},
        )
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
    ]
    funnel = lake_key(recipe, "funnel")
    built = "funnel" in tables or what == "publish"
    release = tables.get("release", {}).get("directory")
    return Outcome(
        recipe=recipe.name,
        what=what,
        success=result.success,
        run_id=result.run_id,
        tables=tables,
        funnel=lake.read_records(funnel, FunnelStep) if built and lake.has_table(funnel) else (),
        release=str(release) if release else None,
        failed_checks=checks,
        errors=[line for line in dict.fromkeys(errors) if line],
    )


def _message(event: dg.DagsterEvent) -> str:
    """The innermost error's own words; blocked steps have none worth showing."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return ""
    words = error.message.strip()
    name = error.cls_name or ""
    if name in {"DagsterAssetCheckFailedError"}:
        return ""
    return words.split(": ", 1)[1] if ": " in words and name in words.split(": ", 1)[0] else words
