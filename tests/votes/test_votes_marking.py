"""The rule that marks free answers: strict, because a wrong answer marked right would hide a hard item."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.votes.marking import is_right


@pytest.mark.parametrize(
    ("given_answer", "answer", "aliases"),
    [
        ("Acute pericarditis", "acute pericarditis", ()),
        ("acute  PERICARDITIS.", "acute pericarditis", ()),
        ("Wilson's disease", "Wilson disease", ()),
        ("hepatolenticular degeneration", "Wilson disease", ("hepatolenticular degeneration",)),
        ("Wilson disease (hepatolenticular degeneration)", "Wilson disease", ()),
        ("PE", "pulmonary embolism", ("PE",)),
        ("massive pulmonary embolism", "pulmonary embolism", ()),
        ("celiac disease", "coeliac disease", ()),
        ("The most likely diagnosis is sarcoidosis.", "sarcoidosis", ()),
        ("Guillain-Barré syndrome", "Guillain-Barre syndrome", ()),
    ],
)
def test_a_name_of_the_diagnosis_is_right(given_answer: str, answer: str, aliases: tuple[str, ...]) -> None:
    assert is_right(given_answer, answer=answer, aliases=aliases)


@pytest.mark.parametrize(
    ("given_answer", "answer"),
    [
        ("", "sarcoidosis"),
        ("...", "sarcoidosis"),
        ("tuberculosis", "sarcoidosis"),
        ("pericarditis", "acute pericarditis"),
        ("pulmonary embolism or pneumonia", "pulmonary embolism"),
        ("pulmonary embolism versus pneumonia", "pulmonary embolism"),
        ("sarcoidosis, tuberculosis", "sarcoidosis"),
        ("sarcoidosis; lymphoma", "sarcoidosis"),
        ("lymphoma/sarcoidosis", "sarcoidosis"),
        ("not sarcoidosis", "sarcoidosis"),
        ("stroke after a cardiac myxoma", "cardiac myxoma"),
        ("the mass in the PE of this man", "pulmonary embolism"),
        ("It could be a great many things, among them, in the order of their likelihood, also "
         "sarcoidosis of any organ whatever", "sarcoidosis"),
    ],
)  # fmt: skip
def test_less_or_more_than_the_diagnosis_is_wrong(given_answer: str, answer: str) -> None:
    assert not is_right(given_answer, answer=answer, aliases=("PE",) if "embol" in answer else ())


@given(st.text(max_size=200))
def test_whatever_a_model_writes_is_marked(given_answer: str) -> None:
    assert is_right(given_answer, answer="acute pericarditis") in (True, False)
