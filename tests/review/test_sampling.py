"""A policy that samples and overlaps: desk, rulings, sensor, exports and releases say the same."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grandrounds.needed_readers import readers_needed
from grandrounds.recipe import Review, Sample, parse_recipe
from grandrounds.records.parts import UNREAD, ReviewSummary
from grandrounds.review.accept import accept
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.gold import Gold
from grandrounds.review.desk.values import Verdict
from grandrounds.review.figures.pace import missing
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.policy import Outcome, rulings, status
from grandrounds.review.queue import fill
from grandrounds.review.sensor import publishable
from grandrounds.review.store import ReviewStore
from grandrounds.review.transfer import export_queue
from tests.support.factories import make_candidate, make_case

NAME = "case_diagnosis"
CANDIDATES = [make_candidate(make_case(number)) for number in range(30)]
SPLITS = {
    candidate.group_id: ("train", "dev", "test")[number % 3] for number, candidate in enumerate(CANDIDATES)
}
SHARES = st.sampled_from((0.0, 0.3, 0.5, 0.8, 1.0))


def policy(**more):
    return Review(**{"policy": "readers", "readers": 2, "order": "queue", **more})


def recipe(review):
    document = {
        "name": NAME,
        "title": "Case diagnosis",
        "tasks": [{"name": "diagnosis_mcq"}],
        "review": review.model_dump(mode="json"),
    }
    return parse_recipe(document, where="here")


def wanted(review):
    return {
        candidate.item_id: readers_needed(candidate.item_id, review, split=SPLITS[candidate.group_id])
        for candidate in CANDIDATES
    }


def read_all(store):
    """Readers come until the desk has nothing more; who was given what."""
    people, desk, given = Accounts(store.database), Desk(store), Counter()
    for letter in "abc":
        account = people.find(f"reviewer-{letter}") or people.add(f"reviewer-{letter}", roles=["reviewer"])
        while (slot := desk.next(account, recipe=NAME)) is not None:
            given[slot.candidate.item_id] += 1
            desk.decide(account, slot, Verdict(decision="accept"))
    return given


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SHARES, SHARES, SHARES, SHARES)
def test_everybody_asks_for_the_same_readers(tmp_path_factory, overlap, train, dev, test):
    review = policy(overlap=overlap, sample=Sample(train=train, dev=dev, test=test))
    need = wanted(review)
    with ReviewStore(f"sqlite:///{tmp_path_factory.mktemp('sampling') / 'a.sqlite'}") as store:
        fill(store, recipe(review), CANDIDATES, splits=SPLITS)
        before = rulings(store.snapshot(NAME), review)
        assert {ruling.candidate_id: ruling.wanted for ruling in before} == need
        assert missing(before) == sum(need.values())
        assert all((ruling.outcome is Outcome.UNREAD) == (ruling.wanted == 0) for ruling in before)
        assert len(list(export_queue(store, NAME))) == sum(number > 0 for number in need.values())

        assert read_all(store) == {item: number for item, number in need.items() if number}

        found, unread = status(store, NAME, interval=False), list(need.values()).count(0)
        assert found.counts[Outcome.UNREAD] == unread
        assert found.counts[Outcome.ACCEPTED] == found.asked == len(need) - unread
        assert found.agreement.items == sum(number > 1 for number in need.values())
        assert sum(found.by_reviewer.values()) == sum(need.values())
        due = publishable(store, NAME)
        assert (due is not None) == found.met == (unread < len(need))
        accepted = accept(CANDIDATES, store.events(NAME), review, splits=SPLITS)
        assert not accepted.undecided and not accepted.rejections
        assert {made.candidate_id: made.review.readers for made in accepted.reviewed} == need
        for made in accepted.reviewed:
            assert (made.review == ReviewSummary(status=UNREAD)) == (need[made.candidate_id] == 0)


def test_nobody_publishes_what_nobody_read(lite):
    review = policy(sample=Sample(train=0, dev=0, test=0))
    fill(lite, recipe(review), CANDIDATES)
    assert status(lite, NAME).unmet == (
        "No candidate is in the sample that people read, so nobody has read any.",
    )
    assert publishable(lite, NAME) is None


@pytest.mark.parametrize(("decision", "outcome"), [("reject", "rejected"), ("accept", "accepted")])
def test_a_decision_on_what_nobody_was_asked_to_read_counts_all_the_same(lite, decide, decision, outcome):
    review = policy(sample=Sample(train=0, dev=0, test=0))
    fill(lite, recipe(review), CANDIDATES[:1])
    lite.append([decide(CANDIDATES[0], decision, reasons=("no",) if decision == "reject" else ())])
    assert [ruling.outcome.value for ruling in rulings(lite.snapshot(NAME), review)] == [outcome]


def test_gold_outside_the_sample_is_decided_by_the_lead_not_unread(lite):
    review = policy(sample=Sample(train=0, dev=0, test=0))
    fill(lite, recipe(review), CANDIDATES[:1])
    lead = Accounts(lite.database).add("lead-a", roles=["lead"])
    Gold(lite).mark(lead, recipe=NAME, item_id=CANDIDATES[0].item_id, decision="accept")
    (made,) = accept(CANDIDATES[:1], lite.events(NAME), review).reviewed
    assert (made.review.status, made.review.adjudicated, made.review.readers) == ("accepted", True, 0)


def test_another_sample_asks_for_what_it_takes_in_and_keeps_what_was_read(lite):
    fill(lite, recipe(policy(sample=Sample(test=0.3))), CANDIDATES)
    first = read_all(lite)
    assert 0 < len(first) < len(CANDIDATES)
    fill(lite, recipe(policy()), CANDIDATES)
    second = read_all(lite)
    assert not first.keys() & second.keys()
    assert first + second == Counter({candidate.item_id: 2 for candidate in CANDIDATES})


def test_a_group_that_gets_its_split_later_is_asked_by_it(lite):
    review = policy(sample=Sample(train=0.0))
    fill(lite, recipe(review), CANDIDATES)
    assert status(lite, NAME).counts[Outcome.PENDING] == len(CANDIDATES)
    fill(lite, recipe(review), CANDIDATES, splits=dict.fromkeys(SPLITS, "train"))
    assert status(lite, NAME).counts[Outcome.UNREAD] == len(CANDIDATES)
    assert read_all(lite) == {}


def test_filling_leaves_nothing_for_the_first_reader_to_work_out(lite):
    from sqlalchemy import select

    from grandrounds.review import tables

    fill(lite, recipe(policy()), CANDIDATES)
    with lite.database.reading() as connection:
        assert connection.execute(select(tables.queue.c.item_id).where(tables.UNSETTLED)).all() == []


def test_what_is_withdrawn_and_decided_anew_keeps_one_place(lite, decide):
    """The desk counts readers in its own way; it must be that of ``current_decisions``."""
    fill(lite, recipe(policy()), CANDIDATES[:1])
    one = CANDIDATES[0]
    for word in ("accept", "withdraw", "accept", "withdraw"):
        lite.append([decide(one, word, by="reviewer-x", created_at=datetime(2026, 5, 4, tzinfo=UTC))])
    lite.append([decide(one, "accept", by="reviewer-y")])
    assert read_all(lite) == {one.item_id: 1}
