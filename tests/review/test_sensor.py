"""When a release is due, and that each accepted set asks for one only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grandrounds.recipe import parse_recipe
from grandrounds.records.parts import Flag
from grandrounds.review.queue import fill
from grandrounds.review.sensor import publishable

SHORT = '{"rationale":"Short."}'


def recipe(policy="readers", **review):
    return parse_recipe(
        {
            "name": "case_diagnosis",
            "title": "Case diagnosis",
            "tasks": [{"name": "diagnosis_mcq"}],
            "review": {"policy": policy, "readers": 2, **review},
        },
        where="here",
    )


def read(store, decide, candidates, decision="accept", **more):
    store.append(
        [decide(one, decision, by=by, **more) for one in candidates for by in ("reviewer-a", "reviewer-b")]
    )


def test_a_release_is_due_when_everything_is_decided(lite, candidates, decide):
    assert fill(lite, recipe(), candidates[:3], run_id="run-1").added == 3
    assert publishable(lite, recipe()) is None
    read(lite, decide, candidates[:2])
    assert publishable(lite, recipe()) is None
    read(lite, decide, candidates[2:3], "reject")
    due = publishable(lite, recipe())
    assert due is not None
    assert (due.recipe, due.accepted, due.rejected) == ("case_diagnosis", 2, 1)
    assert publishable(lite, "case_diagnosis") == due


def test_the_key_is_the_accepted_set_and_nothing_else(lite, candidates, decide):
    fill(lite, recipe(), candidates[:3])
    read(lite, decide, candidates[:3])
    key = publishable(lite, recipe()).key
    lite.append([decide(candidates[0], by="reviewer-c"), decide(candidates[1], "comment", comment="Nice.")])
    flagged = replace(candidates[0], quality_flags=(Flag(flag="bias", detail="long"),))
    fill(lite, recipe(), [candidates[2], candidates[1], flagged])
    assert publishable(lite, recipe()).key == key
    fill(lite, recipe(), candidates[:2])
    fewer = publishable(lite, recipe()).key
    lite.append([decide(candidates[0], "edit", by="reviewer-z", role="adjudicator", edits=SHORT)])
    edited = publishable(lite, recipe()).key
    assert len({key, fewer, edited}) == 3


@pytest.mark.parametrize(
    "asked", [recipe("none"), recipe(readers=3), recipe(minimum_agreement=1.0)], ids=str
)
def test_nothing_is_due_below_the_policy(lite, candidates, decide, asked):
    fill(lite, asked, candidates[:2])
    read(lite, decide, candidates[:1])
    lite.append([decide(candidates[1]), decide(candidates[1], "reject", by="reviewer-b")])
    lite.append([decide(candidates[1], by="reviewer-c", role="adjudicator")])
    if asked.review.readers == 3:
        read(lite, decide, candidates[:1])
    assert publishable(lite, asked) is None


def test_a_dispute_stands_in_the_way(lite, candidates, decide):
    fill(lite, recipe(), candidates[:1])
    lite.append([decide(candidates[0]), decide(candidates[0], "reject", by="reviewer-b")])
    assert publishable(lite, recipe()) is None
    lite.append([decide(candidates[0], by="reviewer-c", role="adjudicator")])
    assert publishable(lite, recipe()).accepted == 1


def test_a_release_of_nothing_is_never_due(lite, candidates, decide):
    fill(lite, recipe(), candidates[:1])
    read(lite, decide, candidates[:1], "reject")
    assert publishable(lite, recipe()) is None
