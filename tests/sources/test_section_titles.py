"""What printed titles tell."""

from __future__ import annotations

import pytest

from grandrounds.records.case import SECTION_KINDS
from grandrounds.sources.section_titles import _patterns, case_label, is_generic, title_kind


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("1. Introduction", "background"),
        ("Background", "background"),
        ("2. Case Report", "presentation"),
        ("CASE PRESENTATION", "presentation"),
        ("Presentation of case", "presentation"),
        ("Case report and review of the literature", "presentation"),
        ("Introduction and case presentation", "presentation"),
        ("Patient information", "presentation"),
        ("Case 1: A 34-year-old man", "presentation"),
        ("A. Case", "presentation"),
        ("Caso clínico", "presentation"),
        ("Past medical history", "history"),
        ("History of present illness", "history"),
        ("Physical examination", "examination"),
        ("Clinical findings", "examination"),
        ("Vital signs", "examination"),
        ("3. Investigations", "investigations"),
        ("Laboratory findings", "investigations"),
        ("MRI of the brain", "investigations"),
        ("Diagnostic assessment", "investigations"),
        ("Histopathology", "investigations"),
        ("Differential diagnosis", "diagnosis"),
        ("Final diagnosis", "diagnosis"),
        ("Diagnosis and treatment", "diagnosis"),
        ("Therapeutic intervention", "treatment"),
        ("Operative findings", "treatment"),
        ("Anaesthetic management", "treatment"),
        ("Follow-up and outcomes", "outcome"),
        ("Hospital course", "outcome"),
        ("IV. Discussion", "discussion"),
        ("Discussion and conclusions", "discussion"),
        ("Review of the literature", "discussion"),
        ("5. Clinical Message", "conclusion"),
        ("Learning points", "conclusion"),
        ("Authors’ contributions", "back"),
        ("Conflict of Interests", "back"),
        ("Ethics approval and consent to participate", "back"),
        ("Data Availability Statement", "back"),
        ("Publisher’s Note", "back"),
        ("Materials and methods", None),
        ("Animal genomics is set to “go functional”", None),
        ("Timeline", None),
        ("", None),
    ],
)
def test_kind(title: str, kind: str | None) -> None:
    assert title_kind(title) == kind


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("2.1. Case  1", 1),
        ("Case No. 3", 3),
        ("Case #2", 2),
        ("Case1", 1),
        ("Case II", 2),
        ("Case I.", 1),
        ("Case report 2", 2),
        ("Patient B", 2),
        ("Patient 2: a girl", 2),
        ("Second case", 2),
        ("The first patient", 1),
        ("Case two", 2),
        ("Case A 34-year-old man", None),
        ("Case 2-year-old", None),
        ("Patient 12 years old", None),
        ("Case in point", None),
        ("Cases 1 and 2", None),
        ("Case presentation", None),
    ],
)
def test_patient_number(title: str, number: int | None) -> None:
    assert case_label(title) == number


def test_generic_titles_say_nothing() -> None:
    assert is_generic("To the Editor")
    assert is_generic("Main text")
    assert not is_generic("Case report")


def test_every_list_gives_a_known_kind() -> None:
    assert {kind for kind, _ in _patterns()} <= set(SECTION_KINDS)


def test_a_title_of_a_megabyte_is_no_danger() -> None:
    assert title_kind("case " * 200_000) in (None, *SECTION_KINDS)
