"""``verify`` reads a consultation's rubric and disclosures again from the stored text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grandrounds.records.envelope import Item
from grandrounds.release.rubriccheck import names_of, rubric_problems
from grandrounds.rubrics.kinds import with_id
from tests.rubrics.test_dialogue import CASE, item_of

ITEM = item_of("consultation_turns")
FIRST, *REST = ITEM.rubric
PART = FIRST.evidence[0]


def test_a_sound_item_has_no_problems_and_its_diagnosis_must_not_be_read() -> None:
    assert list(rubric_problems(ITEM, CASE)) == []
    assert names_of(ITEM)[0] == "Tularemia of the neck"


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (replace(ITEM, rubric=(replace(FIRST, points=9), *REST)), "id of its content"),
        (replace(ITEM, rubric=(with_id(replace(FIRST, points=-9)), *REST)), "can't have"),
        (
            replace(ITEM, rubric=(with_id(replace(FIRST, evidence=(replace(PART, quote="x"),))), *REST)),
            "does not stand",
        ),
        (replace(ITEM, rubric=(with_id(replace(FIRST, terms=("gout",))), *REST)), "does not say"),
        (replace(ITEM, rubric=tuple(each for each in ITEM.rubric if each.points > 0)), "one sign"),
        (replace(ITEM, disclosures=(replace(ITEM.disclosures[0], text="x"),)), "not what its span says"),
        (
            replace(ITEM, disclosures=(replace(ITEM.disclosures[0], span=ITEM.visible_spans[0]),)),
            "told in the stem",
        ),
    ],
)
def test_what_was_changed_is_named(item: Item, words: str) -> None:
    assert any(words in problem for problem in rubric_problems(item, CASE))
