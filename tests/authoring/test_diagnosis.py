"""The rule author's diagnosis: where title and text agree, quoted where the text states it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.authoring.diagnosis import Diagnosis, NoDiagnosis, find_diagnosis
from tests.support.cases import case_of

STATED = (
    ("The patient was diagnosed with {}.", "granulomatosis with polyangiitis"),
    ("A diagnosis of {} was made.", "Wilson disease"),
    ("The final diagnosis was {}.", "acute intermittent porphyria"),
    ("{} was diagnosed.", "Sweet syndrome"),
    ("We diagnosed {}.", "Lemierre syndrome"),
    ("Histopathological examination revealed {}.", "cardiac myxoma"),
    ("These findings were consistent with {}.", "neurosarcoidosis"),
    ("The features were diagnostic of {}.", "autoimmune hepatitis"),
    ("All criteria for {} were met.", "antiphospholipid syndrome"),
    ("The patient was found to have {}.", "primary biliary cholangitis"),
)


@pytest.mark.parametrize(("sentence", "condition"), STATED)
def test_a_sentence_that_states_it_is_enough_without_a_telling_title(sentence: str, condition: str) -> None:
    said = sentence.format(condition)
    said = said[0].upper() + said[1:]
    case = case_of(
        ("presentation", f"A 40-year-old woman came with fever and weight loss. {said} She recovered."),
        ("discussion", f"{condition[0].upper() + condition[1:]} is rare."),
    )
    found = find_diagnosis(case)
    assert isinstance(found, Diagnosis)
    assert found.name.casefold() == condition.casefold()
    assert found.quote.of(case.text) == said


def test_the_title_gives_the_name_and_the_patients_story_the_quote() -> None:
    case = case_of(
        ("abstract", "We report a case of renal angiomyolipoma."),
        ("presentation", "A man had flank pain. Biopsy confirmed renal angiomyolipoma. He went home."),
        title="An Unusual Case of Renal Angiomyolipoma in a Young Man",
    )
    found = find_diagnosis(case)
    assert isinstance(found, Diagnosis)
    assert found.name == "Renal angiomyolipoma"
    assert found.quote.of(case.text) == "Biopsy confirmed renal angiomyolipoma."


def test_a_title_that_only_names_the_complaint_gives_way_to_what_is_stated() -> None:
    case = case_of(
        ("abstract", "Eosinophilic oesophagitis was confirmed by biopsy."),
        ("presentation", "A man had food impaction. The diagnosis of eosinophilic oesophagitis was made."),
        title="Recurrent Food Impaction in a Young Man",
    )
    found = find_diagnosis(case)
    assert isinstance(found, Diagnosis)
    assert found.name.casefold() == "eosinophilic oesophagitis"


def test_a_diagnosis_made_years_ago_is_history() -> None:
    case = case_of(
        (
            "presentation",
            "A woman had been diagnosed with acinic cell carcinoma 3 years earlier. She now came with "
            "bruising. The diagnosis of ectopic ACTH syndrome was made.",
        ),
    )
    found = find_diagnosis(case)
    assert isinstance(found, Diagnosis)
    assert found.name.casefold() == "ectopic acth syndrome"


@pytest.mark.parametrize(
    "story",
    [
        "The initial suspicion was pneumonia. Pulmonary embolism was excluded. He left against advice.",
        "There was no evidence of malignancy and the cause remained unknown.",
        "He felt better the next day and nothing was found.",
    ],
)
def test_doubt_ends_in_no_diagnosis_with_a_reason(story: str) -> None:
    found = find_diagnosis(case_of(("presentation", f"A man of 50 years had chest pain. {story}")))
    assert isinstance(found, NoDiagnosis)
    assert len(found.reason) > 20


def test_an_alias_is_neither_broader_nor_narrower() -> None:
    case = case_of(
        ("presentation", "He had tearing pain. The diagnosis of type A aortic dissection was made."),
        title="Type A aortic dissection in a weightlifter",
    )
    found = find_diagnosis(case)
    assert isinstance(found, Diagnosis)
    assert "aortic dissection" not in {alias.casefold() for alias in found.aliases}


def test_the_articles_own_abbreviation_is_an_alias() -> None:
    case = case_of(
        ("presentation", "A woman had a pain in her leg. May-Thurner syndrome (MTS) was diagnosed."),
        title="May-Thurner syndrome in a driver",
        abbreviations=("MTS=May-Thurner syndrome", "CT=computed tomography"),
    )
    found = find_diagnosis(case)
    assert isinstance(found, Diagnosis)
    assert "MTS" in found.aliases
    assert "CT" not in found.aliases


@given(st.text(max_size=400), st.text(max_size=80))
def test_no_text_breaks_it_and_what_it_says_stands_in_the_text(story: str, title: str) -> None:
    case = case_of(("presentation", story), title=title)
    found = find_diagnosis(case)
    if isinstance(found, Diagnosis):
        assert 0 <= found.quote.start < found.quote.end <= len(case.text)
    else:
        assert found.reason
