"""The text-only baseline finds habits of options, learns from other groups alone, and is never sure of luck."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from grandrounds.figures.text_baseline import accuracies, guesses, sure_of
from grandrounds.records.envelope import Revision
from tests.support.figures import make_library

NAMES = ("Computed tomography", "Ultrasound", "Radiograph", "Fluoroscopy", "Mammography", "Angiography")


@pytest.fixture(scope="module")
def pattern() -> Revision:
    return make_library(1, each=1).revisions[0]


def item(pattern: Revision, *, group: int, options: list[str], answer: str) -> Revision:
    return replace(
        pattern,
        task="figure_modality_mcq",
        group_id=f"group-{group}",
        question="How was the picture made?",
        options=tuple(options),
        answer=answer,
    )


def items(pattern: Revision, *, count: int, groups: int, habit: bool, seed: int = 1) -> list[Revision]:
    chance = random.Random(seed)
    made = []
    for number in range(count):
        options = chance.sample(NAMES, 4)
        if habit and NAMES[0] not in options:
            options[0] = NAMES[0]
        answer = NAMES[0] if habit else chance.choice(options)
        made.append(item(pattern, group=number % groups, options=options, answer=answer))
    return made


def test_a_habit_of_all_books_is_found(pattern: Revision) -> None:
    asked = items(pattern, count=60, groups=6, habit=True)
    (found,) = accuracies(asked).values()
    assert (found.items, found.right, found.chance) == (60, 60, 15.0)
    assert len(sure_of(asked, least=0.9)) == 60


@pytest.mark.parametrize("seed", range(5))
def test_without_a_habit_it_guesses_and_is_sure_of_nothing(pattern: Revision, seed: int) -> None:
    asked = items(pattern, count=120, groups=6, habit=False, seed=seed)
    (found,) = accuracies(asked).values()
    assert found.right / found.items < 0.45
    assert sure_of(asked, least=0.9) == {}


def test_what_only_the_own_book_shows_is_not_learnt(pattern: Revision) -> None:
    others = items(pattern, count=60, groups=5, habit=False)
    own = [item(pattern, group=9, options=["Zebra", *NAMES[:3]], answer="Zebra") for _ in range(20)]
    told = guesses([*others, *own])[-20:]
    assert all(guess is not None and not guess.right for guess in told)


def test_neither_the_order_of_items_nor_of_options_matters(pattern: Revision) -> None:
    asked = items(pattern, count=40, groups=4, habit=False)
    mixed = [replace(row, options=tuple(reversed(row.options))) for row in reversed(asked)]
    assert guesses(asked) == list(reversed(guesses(mixed)))


def test_one_book_alone_or_an_open_question_is_not_judged(pattern: Revision) -> None:
    alone = items(pattern, count=10, groups=1, habit=True)
    assert guesses(alone) == [None] * 10
    assert accuracies(alone) == {}
    opened = replace(alone[0], options=(), answer="Anything")
    assert guesses([opened]) == [None]


def test_least_one_refuses_nothing(pattern: Revision) -> None:
    assert sure_of(items(pattern, count=60, groups=6, habit=True), least=1.0) == {}


def test_nothing_is_learnt_from_nothing() -> None:
    assert guesses([]) == []
    assert accuracies([]) == {}
