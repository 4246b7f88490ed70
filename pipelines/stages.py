"""The requests of one stage of a recipe, for those who carry them elsewhere: nobody is asked.

What comes before the stage is made as a build makes it, with answers from the ledger alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from assets.authoring import drafts_to_revise, evidence_to_ask
from assets.kinds import kind_of
from assets.votes import to_ask
from grandrounds.authoring.author import AskingAuthor, make_author
from grandrounds.errors import RequestsError
from grandrounds.gates.rubrics.controls import markings
from grandrounds.lake import Lake
from grandrounds.llm.answering import Answering
from grandrounds.llm.request import ModelRequest
from grandrounds.recipe import Recipe
from grandrounds.rubrics.model_judge import ModelJudge
from grandrounds.settings import Settings
from grandrounds.votes.asking import vote_requests
from grandrounds.votes.voters import seats
from pipelines.outcome import Outcome
from pipelines.running import run_job

_BEFORE = {
    "draft": (),
    "revise": ("drafts",),
    "vote": ("drafts", "revisions", "shortlist", "refused"),
    "mark": ("drafts", "revisions", "shortlist", "refused"),
}
STAGES = tuple(_BEFORE)
"""The stages that ask a model."""


def tables_before(recipe: Recipe, stage: str) -> tuple[str, ...]:
    """The tables that stand before ``stage``."""
    kind = kind_of(recipe)
    return ("sources", *kind.also, *kind.tables, *_BEFORE[stage])


def prepare(recipe: Recipe, stage: str, *, settings: Settings, quiet: bool) -> Outcome:
    """Make the tables that stand before ``stage``. Raises as ``run_job`` does, and ``RequestsError`` when
    the recipe has no such stage."""
    if recipe.author == "rule" and stage not in ("vote", "mark"):
        raise RequestsError(
            f"Recipe {recipe.name!r} writes by rules and asks no model.",
            remedy="Set `author: auto` or `author: model` in the recipe.",
        )
    if recipe.panel is None and stage == "vote":
        raise RequestsError(
            f"Recipe {recipe.name!r} asks no panel of models.", remedy="Give it `panel: {models: [...]}`."
        )
    if not recipe.asks_judge and stage == "mark":
        raise RequestsError(
            f"Recipe {recipe.name!r} asks no model judge.",
            remedy="Set `gates.rubric.judge: both` (or `model`) in it; only consultations have one.",
        )
    if stage != "vote" and not settings.llm_model.value:
        raise _nameless(recipe)
    with _ledger_alone(settings):
        outcome = run_job(
            "build", recipe, settings=settings, quiet=quiet, only=tables_before(recipe, stage)
        )
    if outcome.success and not set(tables_before(recipe, stage)) <= set(outcome.tables):
        raise RequestsError(
            f"Stage {stage!r} of {recipe.name} can't be asked yet: requests before it wait for answers.",
            remedy="`grandrounds requests status` shows which; import their answers first.",
        )
    return outcome


def requests_of(
    recipe: Recipe, stage: str, *, settings: Settings, client: Answering | None
) -> Iterator[ModelRequest]:
    """The requests of ``stage``, answered ones too, as a stream. ``client`` names the authors' model."""
    lake = Lake(settings.lake_url.value)
    if stage == "vote":
        candidates = to_ask(recipe, lake)
        for seat in seats(recipe, settings):
            yield from vote_requests(candidates, recipe=recipe, model=seat.wire)
        return
    if stage == "mark":
        if client is None:
            raise _nameless(recipe)
        judge = ModelJudge(client, temperature=recipe.temperature)
        yield from judge.requests(marking for _, _, marking in markings(to_ask(recipe, lake)))
        return
    author = make_author(recipe, client=client, lake=lake)
    if not isinstance(author, AskingAuthor):
        raise _nameless(recipe)
    if stage == "draft":
        yield from author.draft_requests(evidence_to_ask(recipe, lake))
    else:
        yield from author.revise_requests(drafts_to_revise(recipe, lake))


def _nameless(recipe: Recipe) -> RequestsError:
    return RequestsError(
        f"No model is named that recipe {recipe.name!r} could ask.",
        remedy="Set GRANDROUNDS_LLM_MODEL, or give --model.",
    )


@contextmanager
def _ledger_alone(settings: Settings) -> Iterator[None]:
    """The steps of a job take their settings from the environment: there, nobody may be asked."""
    wanted = {"GRANDROUNDS_LLM_BACKEND": "files", "GRANDROUNDS_LLM_MODEL": settings.llm_model.value}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
