"""A fictional report that a consultation can be drawn from, and what is drawn from it."""

from __future__ import annotations

from typing import Any

from grandrounds.authoring.rubric_rule import RubricRuleAuthor
from grandrounds.recipe import Recipe, parse_recipe
from grandrounds.records.case import Case
from grandrounds.records.envelope import Draft, Revision
from tests.support.cases import case_of

STORY = (
    "A 34-year-old farmer presented with painless swelling of the right neck for three weeks. She had handled lambs in "
    "spring. She took no medicines and had no allergies. On examination there was a firm node of 3 cm in the right "
    "posterior triangle. Blood pressure was 118/74 mmHg and the temperature was 37.9 °C. Ultrasound of the neck "
    "showed a hypoechoic node with a necrotic centre. Serum ferritin was 210 ng/mL and the platelets were normal. "
)
LATER = (
    "A chest radiograph showed no evidence of tuberculosis. Serology for Francisella tularensis was positive at 1:640, and "
    "tularemia was diagnosed. An initial diagnosis of lymphoma was given up. Urgent drainage of the abscess was performed. "
    "Treatment with gentamicin was started. She had been given amoxicillin without effect. The swelling resolved "
    "within four weeks. A follow-up ultrasound of the neck showed no recurrence."
)


def make_case(**more: Any) -> Case:
    """The report."""
    return case_of(
        ("presentation", STORY + LATER),
        ("discussion", "Tularemia is acquired from animals."),
        title="Tularemia of the neck in a farmer",
        **more,
    )


def make_recipe(*tasks: str, **more: Any) -> Recipe:
    """A recipe of consultations."""
    written = {
        "name": "asked",
        "title": "Asked",
        "tasks": [{"name": name} for name in tasks or ("consultation",)],
    }
    return parse_recipe(written | more, where="test")


def drafted(case: Case, recipe: Recipe | None = None) -> list[Draft]:
    """The rule author's drafts of a case."""
    return list(RubricRuleAuthor(recipe or make_recipe()).draft([case]))


def revised(case: Case, recipe: Recipe | None = None) -> list[Revision]:
    """The rule author's revisions of its drafts that are ok."""
    author = RubricRuleAuthor(recipe or make_recipe())
    return list(author.revise([(draft, case) for draft in author.draft([case]) if draft.status == "ok"]))
