"""Admission: cases of patients go on, meeting reports, other languages and scraps do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grandrounds.contracts import contract
from grandrounds.gates.clinical import admit, problems
from grandrounds.lake import Lake
from grandrounds.records.case import Case, Section
from grandrounds.records.parts import Span
from grandrounds.records.table import to_table
from grandrounds.sources.inventory import read_folder
from grandrounds.sources.kinds import CASE_KINDS
from tests.support.factories import CONDITIONS, make_case
from tests.support.revisions import make_recipe

RECIPE = make_recipe()
FILLER = " Further details were recorded at length and add nothing to what was said before." * 3


def _told(text: str, *, kind: str = "presentation", **changes: object) -> Case:
    text += FILLER
    section = Section(kind=kind, title="", path=(), span=Span(start=0, end=len(text)))
    return replace(make_case(0), text=text, sections=(section,), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(len(CONDITIONS)))
def test_the_factories_cases_are_admitted(number: int) -> None:
    assert problems(make_case(number), RECIPE) == []


@pytest.mark.parametrize(
    "text",
    [
        "A 45-year-old farmer came in with fever.",
        "A sixty-year-old man had pain and a swollen hip.",
        "The patient noticed a diastema between the upper teeth. She asked for treatment.",
        "A football player aged 22 reported pain in the leg.",
        "A fetus at 28 weeks of gestation had a cyst; the mother was referred.",
        "She was brought in unresponsive after taking tablets. Her pulse was slow.",
        "An 8-month-old was seen in the clinic with a rash.",
    ],
)
def test_a_patient_is_known_by_age_sex_and_complaint(text: str) -> None:
    assert problems(_told(text), RECIPE) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The congress met in San Diego and discussed wheat, maize and pigs.", "no person"),
        ("Genomes of 200 cattle were sequenced. Yields grew.", "no person"),
        ("A 5-year-old neutered dog was presented with vomiting and fever.", "animal"),
        ("He wrote a book about his garden. He liked it.", "no complaint"),
    ],
)
def test_what_is_no_patient_s_case_is_refused_with_its_reason(text: str, words: str) -> None:
    assert words in " ".join(problems(_told(text), RECIPE))


@pytest.mark.parametrize("kind", ["abstract", "background", "discussion", "other", "back", "captions"])
def test_an_article_without_a_case_section_is_refused(kind: str) -> None:
    case = _told("A 45-year-old man came in with fever.", kind=kind)
    assert "no section that tells of a patient" in problems(case, RECIPE)[0]


def test_sections_of_another_patient_do_not_count() -> None:
    case = make_case(0)
    elsewhere = tuple(replace(section, case_number=2) for section in case.sections)
    assert "no section" in problems(replace(case, sections=elsewhere), RECIPE)[0]


def test_other_languages_are_refused_and_tags_compared_by_language() -> None:
    assert "It is in 'fr'" in problems(replace(make_case(0), language="fr"), RECIPE)[0]
    assert problems(replace(make_case(0), language="en-GB"), RECIPE) == []
    german = make_recipe(evidence={"languages": ["de"], "minimum_characters": 10})
    told = _told("Ein Mann kam mit Fieber.", language="de")
    assert problems(told, german) == []


def test_a_scrap_is_refused() -> None:
    recipe = make_recipe(evidence={"minimum_characters": 5000})
    assert "asks for 5000" in problems(make_case(0), recipe)[0]


def test_every_case_is_admitted_or_rejected_once() -> None:
    cases = [make_case(0), replace(make_case(1), language="fr"), make_case(2)]
    admitted, rejections = admit(cases, RECIPE)
    assert admitted == [cases[0], cases[2]]
    (rejection,) = rejections
    assert (rejection.stage, rejection.gate, rejection.subject_id) == (
        "evidence",
        "clinical",
        cases[1].evidence_id,
    )
    to_table(rejections, contract("rejections"))


def test_of_the_real_articles_only_the_meeting_report_is_refused(shared_data: Path, tmp_path: Path) -> None:
    inventory = read_folder(shared_data / "case_reports", lake=Lake(str(tmp_path)), wanted=CASE_KINDS)
    admitted, rejections = admit(inventory.cases, make_recipe(evidence={}))
    assert len(inventory.cases) == 19
    assert len(admitted) == 18
    (rejection,) = rejections
    assert "plant and animal genomics" in rejection.row
