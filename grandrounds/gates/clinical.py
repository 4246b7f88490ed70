"""Admission: is this the case of a patient, in a language of the recipe, long enough to ask about?

What publishers call a case report need not be one (a meeting report on plant genomics is marked
so). A case is admitted when its own sections tell of one person (of some age, he or she, "the
patient") who came to somebody (presented, was referred ...) or in whom something was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from grandrounds.gates.status import reject_case
from grandrounds.recipe import Recipe
from grandrounds.records.case import Case
from grandrounds.records.rejection import Rejection

NAME = "clinical"
_CASE_SECTIONS = frozenset(
    {"presentation", "history", "examination", "investigations", "diagnosis", "treatment", "outcome"}
)

_ONE_PERSON = (
    re.compile(
        r"(?i)\b(?:\d{1,3}|[a-z]+(?:-[a-z]+)?)[-\s](?:years?|yrs?|months?|weeks?|days?)[-\s]"
        r"(?:old|of age)\b"
        r"|\baged?\s+(?:of\s+)?\d{1,3}\b|\b\d{1,3}\s*(?:y/?o|yo)\b|\bin (?:his|her) (?:teens|\w+ties)\b"
        r"|\b\d{1,2}\s*(?:\+\s*\d)?\s*weeks['\u2019]?\s+(?:of\s+)?(?:gestation|pregnan)"
    ),
    re.compile(r"\b(?:[Hh]e|[Ss]he)\b(?:.|\n)*\b(?:[Hh]e|[Ss]he|[Hh]is|[Hh]er)\b"),
    re.compile(
        r"(?i)\b(?:the|this|our|a) (?:\w+ ){0,2}"
        r"(?:patient|man|woman|boy|girl|infant|neonate|newborn|child)\b"
    ),
)
_ENCOUNTER = re.compile(
    r"(?i)\b(?:present(?:ed|ing|ation)|complain(?:ed|ing|ts?)|admitted|admission|referred|was seen|"
    r"consulted|attended|visited|brought (?:to|in)|hospitali[sz]ed|emergency|clinic|ward|history of|"
    r"examination|symptoms?|underwent|diagnosed|applied to|came (?:to|in|with)|reported|noticed|"
    r"developed)\b"
)
_FINDING = re.compile(
    r"(?i)\b(?:pain(?:ful)?|fever|cough|vomit\w*|nausea|diarrh?o?ea|dyspno?ea|breath\w*|fatigue|weakness|headache|"
    r"swelling|swollen|mass|lesion|rash|bleeding|seizures?|jaundice|blood pressure|pulse|temperature|"
    r"h(?:a)?emoglobin|serum|biopsy|culture|ultrasound|radiograph\w*|x-ray|tomography|magnetic resonance|"
    r"mri|ct|echocardiogra\w*|electrocardiogra\w*|endoscopy|surgery|tender\w*|fracture|tooth|teeth|vision|"
    r"visual acuity|f(?:o)?etal|diagnosis|treatment|therapy|mg|mmhg)\b"
)
_FEWEST_FINDINGS = 2
_ANIMAL = re.compile(
    r"(?i)\byear-old[,\s]+(?:[\w-]+[,\s]+){0,4}?(?:dog|cat|horse|mare|stallion|gelding|cow|bull|calf|ewe|goat|ferret|rabbit)s?\b"
)


def admit(cases: Sequence[Case], recipe: Recipe) -> tuple[list[Case], list[Rejection]]:
    """The cases that the recipe can ask about, and a rejection of stage ``evidence`` for each other."""
    taken, refused = [], []
    for case in cases:
        reasons = problems(case, recipe)
        if reasons:
            refused.append(reject_case(case, recipe=recipe.name, gate=NAME, reasons=reasons))
        else:
            taken.append(case)
    return taken, refused


def admitted(cases: Iterable[Case], recipe: Recipe) -> Iterator[Case]:
    """The cases of ``admit`` that the recipe can ask about, as a stream."""
    return (case for case in cases if not problems(case, recipe))


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
    shortest = recipe.cases.minimum_characters
    if len(told) < shortest:
        found.append(
            f"What it tells of the patient has {len(told)} characters; the recipe asks for {shortest}."
        )
    if case.language.lower().startswith("en"):  # the words of the signs are English
        found += _missing_signs(told)
    if _ANIMAL.search(told):
        found.append("The patient is an animal.")
    return found


def _told(case: Case) -> str:
    sections = [section for section in case.own_sections() if section.kind in _CASE_SECTIONS]
    return "\n\n".join(
        part for part in (section.span.of(case.text).strip() for section in sections) if part
    )


def _missing_signs(told: str) -> list[str]:
    """What a patient's case always has: one person, who came to somebody or had something found."""
    missing = []
    if not any(sign.search(told) for sign in _ONE_PERSON):
        missing.append("It is not the case of a patient: no person of any age or sex is spoken of.")
    findings = {match.group().lower() for match in _FINDING.finditer(told)}
    if not _ENCOUNTER.search(told) and len(findings) < _FEWEST_FINDINGS:
        missing.append("It is not the case of a patient: no complaint, visit or finding is told.")
    return missing


def _tags(recipe: Recipe) -> tuple[str, ...]:
    return recipe.cases.languages
