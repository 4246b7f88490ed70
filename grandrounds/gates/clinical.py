"""Admission: is this the case of a patient, in a language of the recipe, long enough to ask about?

What publishers call a case report need not be one (a meeting report on plant genomics is marked
so). A case is admitted when its own sections tell of a person (age, sex, patient) who came to
somebody (presented, was referred, complained ...), by several independent signs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grandrounds.gates.status import reject_case
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.rejection import Rejection

NAME = "clinical"
_CASE_SECTIONS = frozenset(
    {"presentation", "history", "examination", "investigations", "diagnosis", "treatment", "outcome"}
)

_PERSON = re.compile(
    r"(?i)\b(?:patients?|m[ae]n|wom[ae]n|males?|females?|boys?|girls?|infants?|neonates?|newborns?|child(?:ren)?|"
    r"adolescents?|f(?:o)?etus(?:es)?|gentleman|lady|mother|father|primigravida|gravida|toddler|teenager)\b"
)
_AGE = re.compile(
    r"(?i)\b(?:\d{1,3}|[a-z]+(?:-[a-z]+)?)[-\s](?:years?|yrs?|months?|weeks?|days?)[-\s]"
    r"(?:old|of age|of gestation)\b"
    r"|\baged?\s+(?:of\s+)?\d{1,3}\b|\b\d{1,3}\s*(?:y/?o|yo)\b|\bin (?:his|her) (?:teens|\w+ties)\b"
    r"|\b\d{1,2}\s*(?:\+\s*\d)?\s*weeks['\u2019]?\s+(?:of\s+)?(?:gestation|pregnan)"
)
_ENCOUNTER = re.compile(
    r"(?i)\b(?:present(?:ed|ing|ation)|complain(?:ed|ing|ts?)|admitted|admission|referred|was seen|"
    r"consulted|attended|visited|brought to|hospitali[sz]ed|emergency (?:department|room)|history of|"
    r"physical examination|on examination|symptoms?|underwent|diagnosed|applied to|came to)\b"
)
_ANIMAL = re.compile(
    r"(?i)\byear-old[,\s]+(?:[\w-]+[,\s]+){0,4}?(?:dog|cat|horse|mare|stallion|gelding|cow|bull|calf|ewe|goat|ferret|rabbit)s?\b"
)


def admit(cases: Sequence[Case], recipe: Recipe) -> tuple[list[Case], list[Rejection]]:
    """The cases that the recipe can ask about, and a rejection of stage ``cases`` for each other."""
    admitted, refused = [], []
    for case in cases:
        reasons = problems(case, recipe)
        if reasons:
            refused.append(reject_case(case, recipe=recipe.name, gate=NAME, reasons=reasons))
        else:
            admitted.append(case)
    return admitted, refused


def problems(case: Case, recipe: Recipe) -> list[str]:
    """Why ``case`` is not admitted, as sentences; empty when it is."""
    found = []
    if case.language.lower().partition("-")[0] not in {
        tag.lower().partition("-")[0] for tag in _tags(recipe)
    }:
        found.append(f"It is in {case.language!r}; the recipe takes {', '.join(_tags(recipe))}.")
    told = _told(case)
    if not told:
        return [*found, "It has no section that tells of a patient, so it is not a case report."]
    shortest = recipe.evidence.minimum_characters
    if len(told) < shortest:
        found.append(
            f"What it tells of the patient has {len(told)} characters; the recipe asks for {shortest}."
        )
    missing = _missing_signs(told)
    if missing:
        found.append(f"It is not the case of a patient: no {', no '.join(missing)}.")
    if _ANIMAL.search(told):
        found.append("The patient is an animal.")
    return found


def _told(case: Case) -> str:
    sections = [section for section in case.own_sections() if section.kind in _CASE_SECTIONS]
    return "\n\n".join(
        part for part in (section.span.of(case.text).strip() for section in sections) if part
    )


def _missing_signs(told: str) -> list[str]:
    """The kinds of sign that are absent. A person is needed, and an age may be missing only where
    the text speaks of the person often."""
    persons = len(_PERSON.findall(told))
    missing = []
    if not persons:
        missing.append("person")
    if not _AGE.search(told) and persons < 3:
        missing.append("age")
    if not _ENCOUNTER.search(told):
        missing.append("complaint, visit or examination")
    return missing


def _tags(recipe: Recipe) -> tuple[str, ...]:
    return recipe.evidence.languages
