"""The gates that weigh a panel's votes: what is answered without its evidence goes, luck does not count."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from grandrounds.gates.run import judge, weigh
from grandrounds.recipe import Recipe
from grandrounds.records.envelope import Revision, item_id
from grandrounds.records.vote import PanelVote
from tests.support.factories import world
from tests.support.revisions import make_recipe, make_revision
from tests.support.votes import cast

PANEL = {"models": ["m-a", "m-b"]}


def recipe(panel: dict[str, Any] | None = None, **gates: Any) -> Recipe:
    return make_recipe(panel={**PANEL, **(panel or {})}, gates=gates)


def judged(votes: list[PanelVote], made: Recipe, *, task: str = "diagnosis_mcq") -> Any:
    revision, case = make_revision(task=task)
    passed = judge([revision], evidence={case.evidence_id: case}, recipe=made).candidates
    return weigh(passed, votes={item_id(revision): votes} if votes else {}, recipe=made)


def row(task: str = "diagnosis_mcq") -> Revision:
    return make_revision(task=task)[0]


def blind(*marks: bool | None, model: str = "m-a", task: str = "diagnosis_mcq") -> list[PanelVote]:
    """Blind votes of a model, one a mark: right, wrong, or refused (``None``)."""
    return [
        cast(
            model,
            blind=True,
            n=n,
            correct=mark,
            status="ok" if mark is not None else "refused",
            row=row(task),
        )
        for n, mark in enumerate(marks, start=1)
    ]


def seen(*marks: bool, model: str = "m-a") -> list[PanelVote]:
    return [cast(model, correct=mark, n=n, row=row()) for n, mark in enumerate(marks, start=1)]


# Blind ---------------------------------------------------------------------------------------------


def test_an_item_that_the_panel_answers_without_its_case_is_refused_with_the_models_names() -> None:
    found = judged([*blind(True), *blind(True, model="m-b")], recipe())
    assert found.candidates == []
    (rejection,) = found.rejections
    assert (rejection.stage, rejection.gate) == ("gates", "blind")
    assert "m-a 1 of 1, m-b 1 of 1" in rejection.reason
    assert "4.00%" in rejection.reason
    assert rejection.subject_id == row().revision_id


@pytest.mark.parametrize(
    ("votes", "refused", "flags"),
    [
        (blind(True, True, True), True, []),  # right three times out of three
        (blind(True, True, False), False, []),
        (blind(False, False), False, []),
        (blind(True), False, ["blind_too_few"]),  # luck in one of five
        (blind(True, None), False, ["blind_too_few"]),
        (blind(None, None), False, ["blind_untested"]),
        ([], False, []),
    ],
)
def test_what_guessing_gives_as_often_is_no_reason(
    votes: list[PanelVote], refused: bool, flags: list[str]
) -> None:
    found = judged(votes, recipe())
    assert bool(found.rejections) == refused
    if not refused:
        (candidate,) = found.candidates
        assert [flag.flag for flag in candidate.quality_flags if flag.flag.startswith("blind")] == flags


def test_a_model_that_is_down_does_not_hide_what_the_others_say() -> None:
    down = [cast("m-b", blind=True, n=n, status="failed", row=row()) for n in (1, 2, 3)]
    assert judged([*blind(True, True, True), *down], recipe()).rejections


def test_a_lower_share_finds_what_one_weak_model_hides() -> None:
    votes = [*blind(True, True, True), *blind(True, True, False, model="m-b")]
    assert not judged(votes, recipe()).rejections
    assert judged(votes, recipe(blind_share=0.8)).rejections
    lucky = [*blind(True, False, False), *blind(True, False, False, model="m-b")]
    assert not judged(lucky, recipe(blind_share=0.3)).rejections, "2 of 6 is what guessing gives"


def test_votes_with_the_evidence_are_no_blind_votes() -> None:
    assert not judged(seen(True, True, True), recipe()).rejections


def test_the_filter_can_be_off() -> None:
    assert not judged(blind(True, True, True), recipe(blind_luck=0)).rejections


def test_an_open_answer_without_the_picture_is_no_luck() -> None:
    votes = blind(True, task="diagnosis_open")
    found = judged(votes, recipe({"withheld": "media"}), task="diagnosis_open")
    assert "Without the pictures" in found.rejections[0].reason


# Difficulty ----------------------------------------------------------------------------------------


def level(votes: list[PanelVote], made: Recipe) -> str | None:
    (candidate,) = judged(votes, made).candidates
    paths = [label.path for label in candidate.labels if label.scheme == "difficulty"]
    return paths[0][0] if paths else None


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ((True,), None),  # one vote is no share
        ((True, True), "easy"),
        ((True, True, True, True, False), "easy"),
        ((True, True, False), "medium"),
        ((True, False), "medium"),
        ((True, False, False), "hard"),
        ((False, False), "hard"),
    ],
)
def test_the_share_of_right_votes_is_the_difficulty(marks: tuple[bool, ...], expected: str | None) -> None:
    assert level(seen(*marks), recipe()) == expected


def test_the_limits_are_the_recipe_s() -> None:
    made = recipe(difficulty_easy=1.0, difficulty_hard=0.9)
    assert level(seen(True, True, True, True, False), made) == "hard"


@pytest.mark.parametrize(
    ("drop", "marks", "refused"),
    [
        (["all_right"], (True, True), True),
        (["all_right"], (True, False), False),
        (["all_right"], (True,), False),
        (["none_right"], (False, False), True),
        (["none_right"], (True, True), False),
        (["all_right", "none_right"], (False, True), False),
        ([], (True, True), False),
    ],
)
def test_what_tells_nobody_from_another_can_be_dropped(
    drop: list[str], marks: tuple[bool, ...], refused: bool
) -> None:
    rejections = judged(seen(*marks), recipe(difficulty_drop=drop)).rejections
    assert [rejection.gate for rejection in rejections] == (["difficulty"] if refused else [])
    if refused:
        assert f"m-a {sum(marks)} of 2" in rejections[0].reason


def test_two_gates_that_refuse_are_one_rejection_that_says_both() -> None:
    votes = [*blind(True, True), *seen(True, True)]
    (rejection,) = judged(votes, recipe(difficulty_drop=["all_right"])).rejections
    assert rejection.gate == "blind"
    assert "[difficulty]" in rejection.reason


# All together --------------------------------------------------------------------------------------


def test_a_candidate_carries_the_votes_that_count_and_no_other_column_changes() -> None:
    votes = [*seen(True, False), *blind(False, None), cast("m-b", status="waiting", row=row())]
    (candidate,) = judged(votes, recipe()).candidates
    assert [(v.model, v.version, v.blind, v.n, v.correct) for v in candidate.votes] == [
        ("m-a", "m-a-2026", False, 1, True),
        ("m-a", "m-a-2026", False, 2, False),
        ("m-a", "m-a-2026", True, 1, False),
    ]
    (bare,) = judged([], recipe()).candidates
    assert replace(candidate, votes=(), labels=bare.labels, quality_flags=bare.quality_flags) == bare


def test_every_revision_is_still_one_candidate_or_one_rejection() -> None:
    made = world(8, tasks=("diagnosis_mcq",))
    revisions, cases, votes = [], {}, {}
    for number, case in enumerate(made.cases):
        revision, _ = make_revision(number)
        revisions.append(revision)
        cases[case.evidence_id] = make_revision(number)[1]
        votes[item_id(revision)] = [
            cast(model, blind=True, correct=number % 2 == 0, row=revision) for model in ("m-a", "m-b")
        ]
    passed = judge(revisions, evidence=cases, recipe=recipe())
    found = weigh(passed.candidates, votes=votes, recipe=recipe())
    ids = [c.revision_id for c in found.candidates] + [r.subject_id for r in found.rejections]
    assert sorted(ids) == sorted(revision.revision_id for revision in revisions)
    assert len(found.rejections) == 4
    assert weigh(passed.candidates, votes=votes, recipe=recipe()) == found
    assert weigh(passed.candidates[::-1], votes=votes, recipe=recipe()).candidates == found.candidates[::-1]


def test_a_rejection_keeps_the_whole_row() -> None:
    (rejection,) = judged([*blind(True), *blind(True, model="m-b")], recipe()).rejections
    kept = json.loads(rejection.row)
    assert (kept["question"], kept["answer"], kept["licence"]) == (
        row().question,
        row().answer,
        row().licence,
    )
    assert sorted(kept["options"]) == sorted(row().options)
