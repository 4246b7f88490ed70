"""The sensor that looks after submitted batches, so that no worker ever waits for one.

It polls, imports what has ended, and asks for a build when an export is answered as far as it will be.
Nothing is sent by it: a build that would ask an endpoint itself is not asked for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.weeks import newest_week, partition_of
from grandrounds.errors import GrandRoundsError
from grandrounds.fingerprint import content_id
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.settings import Settings
from resources import SettingsResource

if TYPE_CHECKING:
    from grandrounds.llm.files.batches import ExportState

_INTERVAL_SECONDS = 300
_TICK_SECONDS = 30.0  # a tick that takes longer than a minute is given up by Dagster
_MOST_REMEMBERED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one look at a recipe's exports came to: ``finished`` names, by content, the exports of which
    nothing more comes by itself; ``words`` say what happened."""

    finished: tuple[str, ...]
    words: str


def answers_sensor(recipe: Recipe, job: Any, *, tag: str) -> dg.SensorDefinition:
    """Looks after the batches of ``recipe`` and starts ``job`` when an export has ended; off by default."""

    @dg.sensor(
        name=f"import_{recipe.name}_answers",
        job=job,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        description="Fetches what a Batch API has answered and builds on when an export is through. Needs "
        "GRANDROUNDS_LLM_BACKEND=files. `grandrounds requests poll` does the same by hand.",
        default_status=dg.DefaultSensorStatus.STOPPED,
    )
    def import_answers(
        context: dg.SensorEvaluationContext, settings: SettingsResource
    ) -> dg.SensorResult | dg.SkipReason:
        given = settings.get()
        if given.llm_backend.value != "files":
            return dg.SkipReason(
                "GRANDROUNDS_LLM_BACKEND isn't `files`: a build would ask the endpoint itself."
            )
        try:
            found = look_after(recipe, given, until=time.monotonic() + _TICK_SECONDS)
        except GrandRoundsError as exc:
            return dg.SkipReason(str(exc))
        asked = _remembered(context.cursor)
        new = [name for name in found.finished if name not in asked]
        if not new:
            return dg.SkipReason(found.words)
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=content_id("answers", new),
                    tags={tag: recipe.name},
                    partition_key=_partition(recipe, given),
                )
            ],
            cursor=json.dumps([*asked, *new][-_MOST_REMEMBERED:]),
        )

    return import_answers


def _partition(recipe: Recipe, settings: Settings) -> str | None:
    """The week that waits for answers, of a live recipe: the newest that was drafted."""
    if recipe.live is None:
        return None
    week = newest_week(recipe, Lake(settings.lake_url.value), table="drafts")
    return partition_of(week or recipe.live.first)


def look_after(recipe: Recipe, settings: Settings, *, until: float) -> Round:
    """Poll the open batches of ``recipe`` until a time of ``time.monotonic``, importing what has ended.

    Raises ``GrandRoundsError`` when the endpoint, the ledger or an export can't be used.
    """
    from grandrounds.llm.files.batches import poll, state_of
    from grandrounds.llm.files.endpoints import BatchEndpoints
    from grandrounds.llm.files.register import Register
    from grandrounds.llm.ledger import open_ledger

    folders = [path for path in Register(settings.home_path).folders() if _is_of(path, recipe)]
    words: list[str] = []
    with BatchEndpoints(settings) as endpoints, open_ledger(settings.ledger_url.value) as ledger:
        for folder in folders:
            for one in poll(
                folder,
                services=endpoints.service,
                ledger=ledger,
                prices=endpoints.prices,
                until=until,
                wait_seconds=0.0,
            ):
                new = f", {one.report.imported} new answers" if one.report else ""
                words.append(f"{one.shard}: {one.status}{new} {one.words}".strip())
    return Round(finished=_finished([state_of(folder) for folder in folders]), words=_said(words))


def _is_of(folder: Path, recipe: Recipe) -> bool:
    from grandrounds.llm.files.batches import state_of

    state = state_of(folder)
    return state.manifest.recipe == recipe.name and bool(state.notes)


def _finished(states: Sequence[ExportState]) -> tuple[str, ...]:
    """Names the last batches of each export that is through: after a new attempt the name is another."""
    return tuple(
        content_id("answers", sorted((note.endpoint, note.batch_id) for note in state.notes))
        for state in states
        if state.done
    )


def _said(words: Sequence[str]) -> str:
    return "; ".join(words[:5]) + (f"; and {len(words) - 5} more" if len(words) > 5 else "") or (
        "There are no open batches."
    )


def _remembered(cursor: str | None) -> list[str]:
    try:
        names = json.loads(cursor or "[]")
    except ValueError:
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
