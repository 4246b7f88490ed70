"""What is judged among all rows: duplicates, groups, the order of options, and the run as a whole."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.contracts import contract
from grandrounds.gates import run
from grandrounds.gates.batch_bias import shuffle_options, shuffled
from grandrounds.gates.duplicates import find_duplicates
from grandrounds.gates.gate import Findings, Gate
from grandrounds.gates.groups import merged_groups
from grandrounds.gates.run import GATES, NAMES, judge
from grandrounds.gates.status import reject_drafts, reject_revisions
from grandrounds.records.case import Case
from grandrounds.records.envelope import Candidate, Draft, Revision, content_sha256, item_id
from grandrounds.records.parts import Identifier
from grandrounds.records.table import to_table
from grandrounds.statistics.bias import bias_reports
from tests.support.factories import CONDITIONS, make_case, world
from tests.support.revisions import make_recipe, make_revision, revision_of

RECIPE = make_recipe()


def _batch(
    numbers: Any = range(4), tasks: Any = ("diagnosis_mcq", "diagnosis_open")
) -> tuple[list[Revision], dict[str, Case]]:
    revisions, cases = [], {}
    for number in numbers:
        for task in tasks:
            revision, case = make_revision(number, task=task)
            revisions.append(revision)
            cases[case.evidence_id] = case
    return revisions, cases


# The run --------------------------------------------------------------------------------------


def test_sound_revisions_all_become_candidates() -> None:
    revisions, cases = _batch()
    judged = judge(revisions, evidence=cases, recipe=RECIPE)
    assert judged.rejections == []
    assert [row.revision_id for row in judged.candidates] == [row.revision_id for row in revisions]
    for made, revision in zip(judged.candidates, revisions, strict=True):
        assert made.item_id == item_id(revision) == item_id(made)
        assert made.content_sha256 == content_sha256(made)
        assert not made.options or made.options[made.answer_index or 0] == made.answer == revision.answer
        assert sorted(made.options) == sorted(revision.options)
    to_table(judged.candidates, contract("candidates"))


def test_the_order_of_the_rows_changes_nothing_but_the_order() -> None:
    revisions, cases = _batch(range(6))
    one = judge(revisions, evidence=cases, recipe=RECIPE)
    other = judge(revisions[::-1], evidence=dict(reversed(cases.items())), recipe=RECIPE)
    assert {row.item_id: row for row in one.candidates} == {row.item_id: row for row in other.candidates}


FAULTS: dict[str, dict[str, Any]] = {
    "licence": {"licence": "unknown"},
    "types": {"answer_index": 3},
    "options": {
        "options": ("acute pericarditis", "pericarditis", "gout", "sepsis", "Wilson disease"),
        "option_origins": (),
    },
    "grounding": {"evidence": ()},
    "leakage": {"question": "Why does this patient have acute pericarditis?"},
    "groups": {"group_id": "mine"},
}


@pytest.mark.parametrize("gate", FAULTS)
def test_each_planted_fault_is_refused_by_its_own_gate_and_nothing_else_is(gate: str) -> None:
    revisions, cases = _batch(range(5), tasks=["diagnosis_mcq"])
    bad = replace(revisions[0], **FAULTS[gate])
    judged = judge([bad, *revisions[1:]], evidence=cases, recipe=RECIPE)
    (rejection,) = judged.rejections
    assert (rejection.gate, rejection.stage, rejection.subject_id) == (gate, "gates", bad.revision_id)
    assert len(judged.candidates) == 4
    assert json.loads(rejection.row)["answer"] == "acute pericarditis"
    to_table(judged.rejections, contract("rejections"))


def test_the_first_gate_names_the_rejection_and_all_reasons_are_told() -> None:
    revision, case = make_revision(licence="unknown", answer_index=3, evidence=())
    (rejection,) = judge([revision], evidence={case.evidence_id: case}, recipe=RECIPE).rejections
    assert rejection.gate == "licence"
    assert "[types] The answer is option 0, not 3" in rejection.reason
    assert "[grounding] No quote shows" in rejection.reason


def test_a_gate_that_raises_refuses_that_row_and_the_run_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    revisions, cases = _batch(range(3), tasks=["diagnosis_open"])

    def look(at: Any) -> Findings:
        if at.revision is revisions[1]:
            raise ZeroDivisionError("planted")
        return Findings()

    monkeypatch.setattr(run, "GATES", (Gate(name="brittle", look=look), *GATES))
    judged = judge(revisions, evidence=cases, recipe=RECIPE)
    (rejection,) = judged.rejections
    assert rejection.gate == "brittle"
    assert "ZeroDivisionError: planted" in rejection.reason
    assert len(judged.candidates) == 2


def test_rows_that_authoring_gave_up_are_not_judged_here() -> None:
    revision, case = make_revision(status="refused", reason="It would not.")
    judged = judge([revision], evidence={case.evidence_id: case}, recipe=RECIPE)
    assert (judged.candidates, judged.rejections) == ([], [])


def test_a_revision_that_stands_twice_is_refused_once_and_lost_never() -> None:
    revision, case = make_revision()
    judged = judge([revision, revision, revision], evidence={case.evidence_id: case}, recipe=RECIPE)
    assert len(judged.candidates) == 1
    assert [row.gate for row in judged.rejections] == ["types", "types"]
    assert len({row.rejection_id for row in judged.rejections}) == 2


changes = st.fixed_dictionaries(
    {},
    optional={
        "stem": st.text(max_size=200),
        "question": st.text(max_size=20),
        "answer": st.text(max_size=20),
        "options": st.lists(st.text(max_size=8), max_size=6).map(tuple),
        "answer_index": st.none() | st.integers(-3, 7),
        "licence": st.sampled_from(["unknown", "CC-BY-4.0", "x"]),
        "group_id": st.text(max_size=3),
        "evidence": st.just(()),
        "visible_spans": st.just(()),
        "evidence_id": st.sampled_from(["nowhere"]),
        "task": st.sampled_from(["diagnosis_open", "diagnosis_mcq", "other"]),
    },
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), changes), max_size=5))
def test_whatever_comes_in_ends_as_exactly_one_candidate_or_rejection(
    rows: list[tuple[int, dict[str, Any]]],
) -> None:
    revisions, cases = [], {}
    for place, (number, change) in enumerate(rows):
        revision, case = make_revision(number, **change)
        revisions.append(replace(revision, revision_id=f"r{place}"))
        cases[case.evidence_id] = case
    judged = judge(revisions, evidence=cases, recipe=RECIPE)
    ended = Counter(
        [row.revision_id for row in judged.candidates] + [row.subject_id for row in judged.rejections]
    )
    assert ended == Counter(row.revision_id for row in revisions)
    assert len({row.rejection_id for row in judged.rejections}) == len(judged.rejections)
    assert all(row.gate in NAMES and len(row.reason) > 8 for row in judged.rejections)


def test_rows_that_authoring_gave_up_become_rejections_of_their_stage() -> None:
    revision, _ = make_revision(status="truncated", reason="The answer was cut short.")
    (rejected,) = reject_revisions([revision, make_revision(1)[0]])
    assert (rejected.stage, rejected.gate, rejected.reason) == (
        "revise",
        "truncated",
        "The answer was cut short.",
    )
    shared = {
        name: getattr(revision, name) for name in Draft.__dataclass_fields__ if hasattr(revision, name)
    }
    draft = Draft(**{**shared, "status": "no_stem", "reason": ""})
    (rejected,) = reject_drafts([draft])
    assert (rejected.stage, rejected.gate, rejected.reason) == (
        "draft",
        "no_stem",
        "The author gave no reason.",
    )
    to_table([rejected], contract("rejections"))


# Duplicates -----------------------------------------------------------------------------------


def _rows(*stems: str, task: str = "diagnosis_open") -> list[Revision]:
    base, _ = make_revision(task=task)
    return [
        replace(base, stem=stem, revision_id=f"r{place}", source_id=f"s{place}", evidence_id=f"c{place}")
        for place, stem in enumerate(stems)
    ]


STEM = " ".join(f"word{number}" for number in range(60))


def test_the_same_stem_and_question_are_an_exact_duplicate_whatever_their_case_and_stops() -> None:
    rows = _rows(STEM, STEM.upper().replace(" ", ", "))
    found = find_duplicates(rows, RECIPE)
    assert len(found.problems) == 1
    assert "word for word" in next(iter(found.problems.values()))


def test_a_nearly_identical_stem_is_a_duplicate_with_its_share() -> None:
    rows = _rows(STEM, STEM.replace("word59", "changed"), "something else entirely, told in other words")
    found = find_duplicates(rows, RECIPE)
    assert len(found.problems) == 1
    assert "96% the same" in next(iter(found.problems.values()))


def test_the_open_and_the_multiple_choice_item_of_a_case_are_no_duplicates() -> None:
    rows = [*_rows(STEM), *_rows(STEM, task="diagnosis_mcq")]
    assert find_duplicates(rows, RECIPE).problems == {}


def test_the_earliest_published_stays_then_the_smallest_id() -> None:
    rows = _rows(STEM, STEM + " more", STEM + " again")
    dated = [
        replace(rows[0], source_published=None),
        replace(rows[1], source_published=date(2016, 5, 1)),
        replace(rows[2], source_published=date(2015, 5, 1)),
    ]
    found = find_duplicates(dated, RECIPE)
    assert set(found.problems) == {0, 1}
    assert all(item_id(dated[2]) in problem for problem in found.problems.values())
    undated = [replace(row, source_published=None) for row in rows]
    kept = set(range(3)) - set(find_duplicates(undated, RECIPE).problems)
    assert kept == {min(range(3), key=lambda place: item_id(undated[place]))}


def test_a_row_refused_by_another_gate_does_not_drag_its_duplicate_along() -> None:
    revision, case = make_revision(0, task="diagnosis_open")
    leaking = replace(revision, revision_id="r2", licence="unknown", source_published=date(1990, 1, 1))
    judged = judge([leaking, revision], evidence={case.evidence_id: case}, recipe=RECIPE)
    assert [row.revision_id for row in judged.candidates] == [revision.revision_id]


# Groups ---------------------------------------------------------------------------------------


def test_articles_that_share_an_identifier_a_text_or_a_source_are_one_group() -> None:
    plain = [make_case(number) for number in range(6)]
    doi = Identifier(scheme="DOI", value="10.1/AB")
    cases = [
        plain[0],
        replace(plain[1], identifiers=(doi,)),
        replace(plain[2], identifiers=(Identifier(scheme="doi", value="https://doi.org/10.1/ab"),)),
        replace(plain[3], text_sha256=plain[2].text_sha256),
        plain[4],
        replace(plain[5], source_id=plain[4].source_id),
    ]
    merged = merged_groups({case.evidence_id: case for case in cases})
    ids = [merged[case.group_id] for case in cases]
    assert ids == [cases[0].group_id, *[cases[1].group_id] * 3, *[cases[4].group_id] * 2]


def test_publisher_numbers_and_empty_values_join_nothing() -> None:
    same = (Identifier(scheme="publisher-id", value="1"), Identifier(scheme="doi", value=""))
    cases = [replace(make_case(number), identifiers=same) for number in range(2)]
    merged = merged_groups({case.evidence_id: case for case in cases})
    assert len(set(merged.values())) == 2


def test_a_merged_group_keeps_the_name_of_its_oldest_case() -> None:
    old, new = (
        replace(make_case(0), published=date(2001, 1, 1)),
        replace(make_case(1), published=date(2020, 1, 1)),
    )
    for order in ([old, new], [new, old]):
        merged = merged_groups(
            {case.evidence_id: case for case in order}, [(new.evidence_id, old.evidence_id)]
        )
        assert merged == {old.group_id: old.group_id, new.group_id: old.group_id}


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=10))
def test_groups_are_the_connected_components(pairs: list[tuple[int, int]]) -> None:
    cases = [make_case(number) for number in range(8)]
    alike = [(cases[a].evidence_id, cases[b].evidence_id) for a, b in pairs]
    merged = merged_groups({case.evidence_id: case for case in cases}, alike)
    for start in range(8):
        reached, edge = {start}, {start}
        while edge:
            edge = {b for a, b in [*pairs, *[(b, a) for a, b in pairs]] if a in edge} - reached
            reached |= edge
        same = {
            number for number in range(8) if merged[cases[number].group_id] == merged[cases[start].group_id]
        }
        assert same == reached


def test_near_duplicates_share_a_group_even_across_a_refused_one() -> None:
    first, case = make_revision(0, task="diagnosis_open")
    copy = replace(
        case,
        evidence_id="copy",
        source_id="copied",
        group_id="another",
        identifiers=(),
        published=date(2025, 1, 1),
    )
    copy = replace(copy, text_sha256="f" * 64)
    second, _ = revision_of(copy, task="diagnosis_mcq")
    third, _ = revision_of(copy, task="diagnosis_open")
    judged = judge([first, second, third], evidence={case.evidence_id: case, "copy": copy}, recipe=RECIPE)
    assert [row.gate for row in judged.rejections] == ["duplicates"]
    assert {row.group_id for row in judged.candidates} == {case.group_id}


# The order of options -------------------------------------------------------------------------


@given(st.permutations(["a", "b", "c", "d", "e"]), st.text(max_size=5))
def test_the_order_depends_on_the_item_alone(options: list[str], name: str) -> None:
    assert shuffled(options, item_id=name) == shuffled(sorted(options), item_id=name)


def test_the_shuffle_is_even() -> None:
    places = Counter(shuffled("abcde", item_id=f"item-{number}").index("a") for number in range(5000))
    assert all(900 < places[place] < 1100 for place in range(5))


def _stacked(count: int) -> list[Candidate]:
    """Candidates whose ids all put the answer first: what no honest batch looks like."""
    (base,) = world(1, tasks=("diagnosis_mcq",)).candidates
    made: list[Candidate] = []
    number = 0
    while len(made) < count:
        name = f"item-{number:024x}"
        if shuffled(base.options, item_id=name)[0] == base.answer:
            made.append(replace(base, item_id=name))
        number += 1
    return made


def test_a_batch_that_favours_a_letter_is_shuffled_again() -> None:
    rows = _stacked(200)
    once = [
        replace(row, options=shuffled(row.options, item_id=row.item_id), answer_index=0) for row in rows
    ]
    assert bias_reports(once, RECIPE.gates)[0].position.verdict == "fail"
    again = shuffle_options(rows, RECIPE)
    assert bias_reports(again, RECIPE.gates)[0].position.verdict == "ok"
    assert shuffle_options(rows[::-1], RECIPE)[::-1] == again
    assert [row.item_id for row in again] == [row.item_id for row in rows]


def test_an_honest_batch_is_shuffled_once() -> None:
    revisions, cases = _batch(range(len(CONDITIONS)), tasks=["diagnosis_mcq"])
    for row in judge(revisions, evidence=cases, recipe=RECIPE).candidates:
        assert row.options == shuffled(row.options, item_id=row.item_id)
        assert [origin.option for origin in row.option_origins] == list(row.options)


# Size -----------------------------------------------------------------------------------------


def test_four_hundred_rows_are_judged_in_seconds() -> None:
    revisions, cases = _batch(range(200), tasks=["diagnosis_mcq", "diagnosis_open"])
    began = time.process_time()
    judged = judge(revisions, evidence=cases, recipe=RECIPE)
    took = time.process_time() - began
    assert len(judged.candidates) + len(judged.rejections) == len(revisions)
    assert took < 40, f"{took:.1f} s"
