"""Wrong options: of the same body system, no relatives, and few of them change when an article is added."""

from __future__ import annotations

from dataclasses import replace

from grandrounds.authoring.distractors import UNKNOWN_SYSTEM, Asked, Known, balance, choose
from grandrounds.clinical.terminology import Terminology

ASKED = Asked(
    evidence_id="case-1",
    group_id="group-1",
    answer="Takotsubo cardiomyopathy",
    aliases=("Takotsubo syndrome", "Apical ballooning syndrome"),
    body_system="cardiovascular",
    stem="A woman had chest pain after a bereavement. An aortic dissection was looked for.",
)
NAMES = (
    "Constrictive pericarditis",
    "Left atrial myxoma",
    "Brugada syndrome",
    "Aortic dissection",
    "Infective endocarditis",
)
POOL = [
    Known(name=name, evidence_id=f"case-{number}", group_id=f"group-{number}", body_system="cardiovascular")
    for number, name in enumerate(NAMES, start=2)
]


def test_other_cases_come_first_and_each_option_says_where_it_came_from() -> None:
    chosen = choose(ASKED, pool=POOL, count=6)
    assert [option.origin for option in chosen] == ["case"] * 4 + ["terminology"] * 2
    assert {option.option for option in chosen[:4]} == set(NAMES) - {"Aortic dissection"}
    assert all(option.reference for option in chosen)


def test_nothing_that_the_stem_names_and_no_relative_of_the_answer_or_of_one_another() -> None:
    pool = [
        *POOL,
        replace(POOL[0], name="Apical ballooning syndrome", evidence_id="case-20", group_id="group-20"),
        replace(POOL[0], name="Atrial myxoma", evidence_id="case-21", group_id="group-21"),
    ]
    chosen = [option.option for option in choose(ASKED, pool=pool, count=8)]
    related = Terminology.load().related
    assert "Aortic dissection" not in chosen
    assert not any(related(name, answer) for name in chosen for answer in (ASKED.answer, *ASKED.aliases))
    assert not any(related(one, other) for one in chosen for other in chosen if one != other)


def test_the_same_patient_and_other_body_systems_give_none() -> None:
    pool = [
        Known(
            name="Left atrial myxoma",
            evidence_id="case-9",
            group_id="group-1",
            body_system="cardiovascular",
        ),
        Known(
            name="Acute appendicitis",
            evidence_id="case-10",
            group_id="group-10",
            body_system="gastrointestinal",
        ),
    ]
    assert all(option.origin == "terminology" for option in choose(ASKED, pool=pool, count=4))


def test_where_the_body_system_is_unknown_there_are_none() -> None:
    assert choose(replace(ASKED, body_system=UNKNOWN_SYSTEM), pool=POOL, count=4) == ()


def test_the_order_of_the_pool_plays_no_part() -> None:
    assert choose(ASKED, pool=POOL, count=4) == choose(ASKED, pool=reversed(POOL), count=4)


def test_one_more_article_changes_at_most_one_option_of_an_item() -> None:
    late = Known(
        name="Cardiac amyloidosis", evidence_id="case-99", group_id="group-99", body_system="cardiovascular"
    )
    for number in range(40):
        asked = replace(ASKED, evidence_id=f"case-{100 + number}")
        before = {option.option for option in choose(asked, pool=POOL, count=4)}
        after = {option.option for option in choose(asked, pool=[*POOL, late], count=4)}
        assert len(before - after) <= 1


def test_balancing_keeps_the_number_and_spreads_the_answers_rank_by_length() -> None:
    longest = 0
    for number in range(60):
        asked = replace(ASKED, evidence_id=f"case-{200 + number}")
        chosen = choose(asked, pool=POOL, count=4)
        balanced = balance(asked, chosen, pool=POOL)
        assert len({option.option for option in balanced}) == 4
        longest += all(len(option.option) < len(asked.answer) for option in balanced)
    assert longest <= 30, "the answer must not be the longest option most of the time"
