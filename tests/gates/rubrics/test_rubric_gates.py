"""Each gate of consultations refuses what it is there to refuse, and lets a sound one through."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from grandrounds.gates.gate import Looked
from grandrounds.gates.rubrics import GATES, atomic, controls, given_away, grounded, overlap, points, types
from grandrounds.gates.run import judge
from grandrounds.records.envelope import Candidate, Revision
from grandrounds.records.parts import Criterion, Disclosure, Label, Span
from grandrounds.rubrics.controls import Control, control_scores, controls_of
from grandrounds.rubrics.kinds import with_id
from tests.support.consultations import make_case, make_recipe, revised

CASE = make_case()
RECIPE = make_recipe("consultation", "consultation_turns")
PLAIN, TURNS = revised(CASE, RECIPE)


def looked(row: Revision, **more: Any) -> Looked:
    return Looked(**{"revision": row, "evidence": CASE, "recipe": RECIPE, **more})


def changed(row: Revision, place: int, **change: Any) -> Revision:
    rubric = list(row.rubric)
    rubric[place] = with_id(replace(rubric[place], **change))
    return replace(row, rubric=tuple(rubric))


def problems(gate: Any, row: Revision, **more: Any) -> str:
    return " ".join(gate.GATE.look(looked(row, **more)).problems)


@pytest.mark.parametrize("row", [PLAIN, TURNS], ids=["plain", "turns"])
def test_a_sound_consultation_passes_every_gate(row: Revision) -> None:
    for gate in GATES:
        assert gate.look(looked(row)).problems == (), gate.name


def test_a_run_makes_candidates_of_both_tasks_and_their_ids_hold_the_rubric() -> None:
    judged = judge([PLAIN, TURNS], evidence={CASE.evidence_id: CASE}, recipe=RECIPE)
    assert not judged.rejections
    assert [row.task for row in judged.candidates] == ["consultation", "consultation_turns"]
    assert all(row.rubric for row in judged.candidates)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (changed(PLAIN, 0, axis="beauty"), "unknown axis"),
        (changed(PLAIN, 0, kind="poem"), "unknown kind"),
        (changed(PLAIN, 0, points=-3), "can't have"),
        (changed(PLAIN, -1, points=3), "can't have"),
        (changed(PLAIN, 0, terms=()), "no terms"),
        (changed(PLAIN, 0, terms=("a", "|")), "no terms"),
        (changed(PLAIN, 0, text=" spaced "), "white space"),
        (
            replace(PLAIN, rubric=(replace(PLAIN.rubric[0], points=9), *PLAIN.rubric[1:])),
            "id of its content",
        ),
        (replace(PLAIN, rubric=(*PLAIN.rubric, PLAIN.rubric[0])), "stands twice"),
        (replace(PLAIN, options=("a", "b")), "open"),
        (replace(PLAIN, answer=" "), "answer is empty"),
        (replace(PLAIN, stem="Short."), "characters"),
        (replace(PLAIN, task="diagnosis_open"), "no task"),
        (replace(PLAIN, disclosures=TURNS.disclosures), "disclosures"),
        (replace(TURNS, disclosures=()), "0 disclosures"),
        (replace(TURNS, disclosures=(replace(TURNS.disclosures[0], text="Made up."),)), "not what stands"),
        (
            replace(
                TURNS,
                disclosures=(
                    Disclosure(topic="history", cues=("x",), text="A", span=Span(start=36, end=37)),
                ),
            ),
            "told in the stem",
        ),
        (replace(TURNS, disclosures=(replace(TURNS.disclosures[0], cues=()),)), "no cues"),
    ],
)
def test_types_refuses_parts_that_do_not_go_together(row: Revision, words: str) -> None:
    assert words in problems(types, row)


@pytest.mark.parametrize(
    ("rubric", "words"),
    [
        (PLAIN.rubric[:4], "There are 4 criteria"),
        (tuple(each for each in PLAIN.rubric if each.points > 0), "below 0"),
        (tuple(each for each in PLAIN.rubric if each.points < 0), "above 0"),
        (tuple(replace(each, points=11 if each.points > 0 else -11) for each in PLAIN.rubric), "11 points"),
        (PLAIN.rubric * 3, "There are"),
    ],
)
def test_points_wants_both_signs_within_bounds(rubric: tuple[Criterion, ...], words: str) -> None:
    assert words in problems(points, replace(PLAIN, rubric=rubric))


def test_points_wants_a_sum_within_the_recipes_limit() -> None:
    recipe = make_recipe(gates={"rubric": {"points": 20}})
    assert "sum to" in problems(points, PLAIN, recipe=recipe)


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Advises serology and orders a scan."},
        {"text": "Advises serology; names the germ."},
        {"text": "Advises serology as well as culture."},
        {"text": "Advises serology. Warns of sepsis."},
        {"text": "Advises " + "very " * 40 + "much serology."},
        {"terms": ("serology and culture",)},
    ],
)
def test_atomic_refuses_what_asks_for_several_things(change: dict[str, Any]) -> None:
    place = next(n for n, each in enumerate(PLAIN.rubric) if each.rule == "investigation")
    assert problems(atomic, changed(PLAIN, place, **change))


def test_overlap_refuses_two_criteria_about_the_same_and_leaves_opposite_signs_alone() -> None:
    place = next(n for n, each in enumerate(PLAIN.rubric) if each.rule == "investigation")
    twin = with_id(
        replace(PLAIN.rubric[place], text="Orders serological tests.", terms=("serological test",))
    )
    assert "about the same" in problems(overlap, replace(PLAIN, rubric=(*PLAIN.rubric, twin)))
    against = with_id(replace(twin, points=-3, kind="wrong_advice"))
    assert not problems(overlap, replace(PLAIN, rubric=(*PLAIN.rubric, against)))


def test_grounded_refuses_quotes_that_stand_elsewhere_or_say_something_else() -> None:
    part = PLAIN.rubric[0].evidence[0]
    moved = replace(part, locator=replace(part.locator, start=1, end=len(part.quote) + 1))
    assert "does not stand" in problems(grounded, changed(PLAIN, 0, evidence=(moved,)))
    assert "quotes nothing" in problems(grounded, changed(PLAIN, 0, evidence=()))
    assert "another case" in problems(
        grounded, changed(PLAIN, 0, evidence=(replace(part, evidence_id="case-x"),))
    )
    assert "does not say" in problems(grounded, changed(PLAIN, 2, terms=("colonoscopy",)))
    assert "not there" in problems(grounded, PLAIN, evidence=None)
    assert "stem is not" in problems(grounded, replace(PLAIN, stem=PLAIN.stem + " More."))


@pytest.mark.parametrize("where", ["stem", "question"])
def test_given_away_refuses_what_names_the_diagnosis(where: str) -> None:
    row = replace(PLAIN, **{where: f"{getattr(PLAIN, where)} It was tularemia."})
    assert "gives the diagnosis away" in problems(given_away, row)


def test_given_away_reads_what_can_be_asked_for_too() -> None:
    told = replace(TURNS.disclosures[0], text="The node is full of tularemia.")
    assert "disclosure 1" in problems(given_away, replace(TURNS, disclosures=(told,)))


def test_controls_refuses_a_reference_that_earns_too_little() -> None:
    assert "reference answer scores 0.0" in problems(controls, replace(PLAIN, answer="I do not know."))


def test_controls_refuses_a_rubric_that_pays_for_advice_that_fits_everybody() -> None:
    cheap = with_id(replace(PLAIN.rubric[2], terms=("blood tests",), points=10))
    rubric = (cheap, *PLAIN.rubric[4:])
    assert "generic answer" in problems(
        controls, replace(PLAIN, rubric=rubric, answer=PLAIN.answer + " Blood tests.")
    )


def other_patient(row: Candidate, *, answer: str, system: str) -> Candidate:
    return replace(
        row, item_id="item-other", evidence_id="case-other", group_id="group-other", answer=answer,
        labels=(Label(scheme="body_system", path=(system,)),),
    )  # fmt: skip


def test_controls_refuses_a_rubric_that_pays_for_an_answer_to_another_disease() -> None:
    wrong = next(each for each in controls_of(PLAIN) if each.kind == "wrong")
    assert wrong.of in problems(controls, replace(PLAIN, rubric=(naming(wrong), *PLAIN.rubric)))


def naming(wrong: Control) -> Criterion:
    """A criterion that pays for what a wrong answer says."""
    advised = re.search(r"I advise ([^.;]+)\.", wrong.response)
    assert advised is not None
    return with_id(replace(PLAIN.rubric[2], kind="treatment", terms=(advised[1],), points=10))


def test_what_a_row_is_held_against_does_not_change_with_its_neighbours() -> None:
    (row,) = judge([PLAIN], evidence={CASE.evidence_id: CASE}, recipe=RECIPE).candidates
    system = next(label.path[0] for label in row.labels if label.scheme == "body_system")
    same = other_patient(row, answer=row.answer, system=system)
    alone, beside = (
        control_scores(rows, ids=[each.item_id for each in rows], deciding=True)[0]
        for rows in ([row], [row, same])
    )
    assert alone == beside and alone.wrong is not None and alone.wrong < 0.2


def test_an_answer_to_a_neighbour_that_earns_points_is_a_remark_and_no_refusal() -> None:
    (row,) = judge([PLAIN], evidence={CASE.evidence_id: CASE}, recipe=RECIPE).candidates
    system = next(label.path[0] for label in row.labels if label.scheme == "body_system")
    same = other_patient(row, answer=row.answer, system=system)
    found = controls.remarks([row, same], RECIPE)
    assert found[0].flag == "neighbour_answer" and "case-other scores 1.00" in found[0].detail
    foreign = other_patient(row, answer="It is gout. Give colchicine.", system=system)
    assert 0 not in controls.remarks([row, foreign], RECIPE)
