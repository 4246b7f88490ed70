"""Sound revisions for the gates: what the factories' candidates were before they were judged."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import Envelope, Revision
from tests.support.factories import make_candidate, make_case

RECIPE_NAME = "case_diagnosis"


def make_recipe(**changes: Any) -> Recipe:
    """A recipe of both tasks; ``changes`` are its attributes."""
    sound: dict[str, Any] = {
        "name": RECIPE_NAME,
        "title": "Case diagnosis",
        "tasks": [{"name": "diagnosis_mcq"}, {"name": "diagnosis_open"}],
        "evidence": {"minimum_characters": 80},
    }
    return parse_recipe({**sound, **changes}, where="test")


def make_revision(number: int = 0, *, task: str = "diagnosis_mcq", **changes: Any) -> tuple[Revision, Case]:
    """A sound revision and its case; ``changes`` are fields of the revision."""
    return revision_of(make_case(number), task=task, **changes)


def revision_of(case: Case, *, task: str = "diagnosis_mcq", **changes: Any) -> tuple[Revision, Case]:
    """A sound revision made from ``case``, the answer first among its options."""
    made = make_candidate(case, task=task, recipe=RECIPE_NAME)
    envelope = {field.name: getattr(made, field.name) for field in fields(Envelope)}
    if made.options:
        envelope["options"] = (made.answer, *(option for option in made.options if option != made.answer))
        envelope["answer_index"] = 0
    revision = Revision(**envelope, revision_id=made.revision_id, draft_id=made.draft_id)
    return replace(revision, **changes), case
