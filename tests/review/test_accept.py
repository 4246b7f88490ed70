"""From decisions to accepted rows and rejections: each candidate ends in exactly one place."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grandrounds.contracts import contract
from grandrounds.recipe import Review
from grandrounds.records.envelope import content_sha256, item_id
from grandrounds.records.table import to_table
from grandrounds.review.accept import NOT_REVIEWED, accept

TWO = Review(policy="readers", readers=2)
SHORT = '{"rationale":"Short."}'


def both(decide, candidate, decision, **more):
    return [decide(candidate, decision, by=by, **more) for by in ("reviewer-b", "reviewer-a")]


def test_each_candidate_ends_in_one_of_three_places(candidates, decide):
    good, edited, bad, disputed, pending = candidates[:5]
    events = [
        *both(decide, good, "accept"),
        *both(decide, edited, "edit", edits=SHORT),
        *both(decide, bad, "reject", reasons=("not a case",), comment="It is a review."),
        decide(disputed, "accept"),
        decide(disputed, "reject", by="reviewer-b"),
    ]
    made = accept(candidates[:5], events, TWO)
    assert [one.candidate_id for one in made.reviewed] == [good.item_id, edited.item_id]
    assert [one.subject_id for one in made.rejections] == [bad.item_id]
    assert made.undecided == (disputed, pending)


def test_an_accepted_row_is_untouched_and_an_edited_one_made_anew(candidates, decide):
    events = [*both(decide, candidates[0], "accept"), *both(decide, candidates[1], "edit", edits=SHORT)]
    plain, edited = accept(candidates[:2], events, TWO).reviewed
    assert plain.candidate == candidates[0]
    assert edited.candidate.rationale == "Short."
    assert edited.candidate.item_id == item_id(edited.candidate)
    assert edited.candidate.content_sha256 == content_sha256(edited.candidate)
    assert edited.candidate_id == candidates[1].item_id


def test_the_summary_counts_the_readers(candidates, decide):
    events = [
        decide(candidates[0], "accept"),
        decide(candidates[0], "edit", by="reviewer-b", edits=SHORT),
        decide(candidates[0], "accept", by="reviewer-z", role="adjudicator"),
    ]
    (made,) = accept(candidates[:1], events, TWO).reviewed
    review = made.review
    assert (review.status, review.readers, review.accepted, review.edited) == ("accepted", 2, 1, 1)
    assert review.adjudicated
    assert review.reviewers == ("reviewer-a", "reviewer-b", "reviewer-z")


def test_a_preview_calls_nothing_reviewed(candidates, decide):
    made = accept(candidates, both(decide, candidates[0], "reject"), Review(policy="none"))
    assert [one.candidate for one in made.reviewed] == list(candidates)
    assert {one.review.status for one in made.reviewed} == {NOT_REVIEWED}
    assert {one.review.readers for one in made.reviewed} == {0}
    assert made.rejections == made.undecided == ()


def test_a_rejection_says_who_and_why_and_keeps_the_row(candidates, decide):
    events = both(decide, candidates[0], "reject", reasons=("leak", "not a case"), comment="See line 2.")
    (found,) = accept(candidates[:1], events, TWO).rejections
    assert (found.stage, found.gate) == ("review", "readers")
    assert found.reason == "2 of 2 readers rejected it: leak; not a case; See line 2.; See line 2."
    assert json.loads(found.row)["stem"] == candidates[0].stem
    assert to_table([found], contract("rejections")).num_rows == 1


def test_an_adjudicators_rejection_says_so(candidates, decide):
    events = [
        decide(candidates[0], "accept"),
        decide(candidates[0], "reject", by="reviewer-b"),
        decide(candidates[0], "reject", by="reviewer-c", role="adjudicator"),
    ]
    (found,) = accept(candidates[:1], events, TWO).rejections
    assert (found.gate, found.reason) == ("adjudicator", "An adjudicator rejected it: no reason given.")


def test_two_candidates_edited_into_one_item_leave_one(candidates, decide):
    other = replace(candidates[0], question="Which disease is behind these complaints?")
    other = replace(other, item_id=item_id(other))
    other = replace(other, content_sha256=content_sha256(other))
    same = json.dumps({"question": candidates[0].question})
    events = [*both(decide, candidates[0], "accept"), *both(decide, other, "edit", edits=same)]
    for order in ((candidates[0], other), (other, candidates[0])):
        made = accept(order, events, TWO)
        assert [one.candidate_id for one in made.reviewed] == [candidates[0].item_id]
        (twin,) = made.rejections
        assert (twin.gate, twin.subject_id) == ("duplicates", other.item_id)
        assert candidates[0].item_id in twin.reason


def test_accepted_rows_keep_to_the_contract(candidates, decide):
    events = [
        event
        for one in candidates
        for event in both(decide, one, "edit", edits='{"question":"Which diagnosis is it here?"}')
    ]
    made = accept(candidates, events, TWO)
    table = to_table([one.candidate for one in made.reviewed], contract("candidates"))
    assert table.num_rows == len(candidates)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc"), st.sampled_from(["accept", "reject"])))
)
def test_the_funnel_adds_up(candidates, decide, rows):
    asked = candidates[:6]
    events = [decide(asked[place], word, by=f"reviewer-{by}") for place, by, word in rows]
    made = accept(asked, events, TWO)
    ids = [
        *(one.candidate_id for one in made.reviewed),
        *(one.subject_id for one in made.rejections),
        *(one.item_id for one in made.undecided),
    ]
    assert sorted(ids) == sorted(one.item_id for one in asked)


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_the_same_decisions_make_the_same_rows(candidates, decide, decision):
    events = both(decide, candidates[0], decision)
    assert accept(candidates, events, TWO) == accept(candidates, tuple(reversed(events)), TWO)
