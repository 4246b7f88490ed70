"""Which noun phrases name a condition."""

from __future__ import annotations

import pytest

from grandrounds.clinical.conditions import head_word, is_condition

CONDITIONS = (
    "biatrial myxoma",
    "fracture of the shaft of the femur",
    "Heerfordt's syndrome",
    "iron deficiency anaemia",
    "spontaneous splenic rupture",
    "tularemia",
    "ectopic pituitary adenomas",
    "thyroglossal duct cyst",
    "methanol poisoning",
    "acute pancreatitis",
    "cerebral venous sinus thrombosis",
    "metastases",
)
OTHERS = (
    "abdominal pain",
    "a painless swelling",
    "the left atrium",
    "a 45-year-old woman",
    "computed tomography",
    "diagnosis",
    "urinalysis",
    "hepatomegaly",
    "",
    "of the",
    "recent advances in genomics",
)


@pytest.mark.parametrize("phrase", CONDITIONS)
def test_a_condition_is_known_by_its_head(phrase: str) -> None:
    assert is_condition(phrase)


@pytest.mark.parametrize("phrase", OTHERS)
def test_complaints_findings_and_other_things_are_none(phrase: str) -> None:
    assert not is_condition(phrase)


@pytest.mark.parametrize(
    ("phrase", "head"),
    [
        ("fracture of the femur", "fracture"),
        ("atrial myxomata", "myxoma"),
        ("lung metastases", "metastasis"),
        ("cysts in the liver", "cyst"),
        ("", ""),
    ],
)
def test_the_head_stands_before_the_first_preposition(phrase: str, head: str) -> None:
    assert head_word(phrase) == head
