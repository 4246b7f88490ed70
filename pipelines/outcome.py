"""What came of a run: tables, funnel, release, failed checks, errors in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._utils.error import SerializableErrorInfo

from assets.asked import AGAIN
from assets.tables import lake_key
from grandrounds import errors
from grandrounds.errors import GrandRoundsError
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.records.funnel import FunnelStep
from grandrounds.records.source import FAILED
from grandrounds.settings import Settings

_INTERRUPTS = frozenset({KeyboardInterrupt.__name__, DagsterExecutionInterruptedError.__name__})
_OWN = frozenset(
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, GrandRoundsError)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCheck:
    """An asset check that did not pass."""

    asset: str
    check: str
    severity: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedSource:
    """A file that should have been read and could not be; ``reason`` says why and what to do."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Rows of ``table`` that the model left without a usable answer, for one reason."""

    table: str
    status: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run of a recipe's job came to. ``tracebacks`` are for ``--debug``."""

    recipe: str
    what: str
    success: bool
    run_id: str
    tables: Mapping[str, Mapping[str, Any]]
    funnel: Sequence[FunnelStep]
    release: str | None
    failed_checks: Sequence[FailedCheck]
    errors: Sequence[str]
    failed_sources: Sequence[FailedSource] = ()
    unanswered: Sequence[Unanswered] = ()
    tracebacks: Sequence[str] = ()


def outcome_of(
    what: str, recipe: Recipe, *, result: dg.ExecuteInProcessResult, settings: Settings
) -> Outcome:
    """Collect what people want to know from the events of a run and the tables it left."""
    lake = Lake(settings.lake_url.value)
    tables = _materialized(result)
    failures = list(_failures(result))
    funnel = lake_key(recipe, "funnel")
    shown = what == "publish" or "funnel" in tables
    release = tables.get("release", {}).get("directory")
    return Outcome(
        recipe=recipe.name,
        what=what,
        success=result.success,
        run_id=result.run_id,
        tables=tables,
        funnel=lake.read_records(funnel, FunnelStep) if shown and lake.has_table(funnel) else (),
        release=str(release) if release else None,
        failed_checks=_failed_checks(result),
        errors=[words for words in dict.fromkeys(map(_words, failures)) if words],
        failed_sources=_failed_sources(lake, recipe, settings) if "sources" in tables else (),
        unanswered=[row for table in ("drafts", "revisions", *_asked(recipe))
                    if "drafts" in tables and lake.has_table(lake_key(recipe, table))
                    for row in _unanswered(lake, recipe, table)],
        tracebacks=[error.to_string() for error in failures],
    )  # fmt: skip


def _asked(recipe: Recipe) -> tuple[str, ...]:
    """The table of what models said of candidates."""
    if recipe.panel is not None:
        return ("votes",)
    return ("marks",) if recipe.asks_judge else ()


def was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether Ctrl-C ended the run. Dagster keeps the interrupt to itself and only tells of it."""
    return any(error.cls_name in _INTERRUPTS for error in _failures(result))


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[SerializableErrorInfo]:
    """The errors of a run, each as it was raised and not as Dagster wraps it."""
    for event in result.all_events:
        error = None
        if event.is_step_failure:
            error = event.step_failure_data.error
        elif event.is_job_failure:
            error = event.job_failure_data.error
        if error is not None:
            yield _as_raised(error)


def _as_raised(error: SerializableErrorInfo) -> SerializableErrorInfo:
    """The first of a chain that is the library's own; else the first that isn't Dagster's wrapper."""
    chain = [error]
    while chain[-1].cause is not None:
        chain.append(chain[-1].cause)
    own = (link for link in chain if link.cls_name in _OWN)
    foreign = (link for link in chain if not (link.cls_name or "").startswith("Dagster"))
    return next(own, None) or next(foreign, chain[-1])


def _words(error: SerializableErrorInfo) -> str:
    """An error in words; blocked steps have none worth showing, the failed check tells."""
    name = error.cls_name or ""
    if name == "DagsterAssetCheckFailedError" or name in _INTERRUPTS:
        return ""
    head, colon, words = error.message.strip().partition(": ")
    if name in _OWN:
        return words if colon and head.endswith(name) else error.message.strip()
    return (
        f"{error.message.strip()} This was not foreseen: `grandrounds --debug ...` shows where it happened."
    )


def _materialized(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for event in result.all_events:
        if event.is_step_materialization:
            made = event.step_materialization_data.materialization
            tables[made.asset_key.path[-1]] = {name: value.value for name, value in made.metadata.items()}
    return tables


def _failed_checks(result: dg.ExecuteInProcessResult) -> list[FailedCheck]:
    return [
        FailedCheck(
            asset=evaluation.asset_key.to_user_string(),
            check=evaluation.check_name,
            severity=evaluation.severity.value,
            metadata={name: value.value for name, value in evaluation.metadata.items()},
        )
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
    ]


def _failed_sources(lake: Lake, recipe: Recipe, settings: Settings) -> list[FailedSource]:
    """The files that could not be read, by the names that whoever runs this knows them by."""
    from grandrounds.deidentify.mapping import load_map

    given = {
        one.new: one.original for one in load_map(settings.home_path, recipe.name) if one.kind == "path"
    }
    table = lake.read_table(lake_key(recipe, "sources")).select(["path", "status", "reason"])
    return [
        FailedSource(path=given.get(row["path"], row["path"]), reason=row["reason"])
        for row in table.to_pylist()
        if row["status"] == FAILED
    ]


def _unanswered(lake: Lake, recipe: Recipe, name: str) -> list[Unanswered]:
    """Grouped by reason, the most frequent first."""
    table = lake.read_table(lake_key(recipe, name)).select(["status", "reason"])
    counts = Counter((row["status"], row["reason"]) for row in table.to_pylist() if row["status"] in AGAIN)
    return [
        Unanswered(table=name, status=status, reason=reason, rows=rows)
        for (status, reason), rows in sorted(counts.items(), key=lambda part: (-part[1], part[0]))
    ]
