"""Gold items come to every reader now and then, are settled, and are the readers' measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from grandrounds.errors import ReviewError
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate, content_sha256
from grandrounds.records.review_event import ACCEPT, REJECT
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.gold import Gold
from grandrounds.review.desk.values import Verdict
from grandrounds.review.people.accounts import Account, Accounts
from grandrounds.review.policy import Outcome, rulings
from grandrounds.review.store import ReviewStore

RECIPE = "case_diagnosis"
POLICY = Review(policy="readers", readers=2, order="queue", gold_share=0.4)


@pytest.fixture
def people(store: ReviewStore) -> Accounts:
    return Accounts(store.database)


@pytest.fixture
def lead(people: Accounts) -> Account:
    return people.add("lead-a", roles=["lead"])


def filled(store: ReviewStore, candidates: Sequence[Candidate], policy: Review = POLICY) -> Desk:
    store.enqueue(RECIPE, candidates, policy=policy)
    return Desk(store)


def readings(desk: Desk, account: Account, *, decision: str = ACCEPT) -> list[str]:
    """Everything that this reader is given, in order."""
    order = []
    while (slot := desk.next(account, recipe=RECIPE)) is not None:
        order.append(slot.candidate.item_id)
        desk.decide(account, slot, Verdict(decision=decision, reasons=("no",)))
    return order


def test_readers_meet_gold_among_the_rest_and_it_is_settled_whatever_they_say(
    store: ReviewStore, people: Accounts, lead: Account, candidates: Sequence[Candidate]
) -> None:
    desk, gold = filled(store, candidates), Gold(store)
    marked = {candidate.item_id for candidate in candidates[:3]}
    for item in sorted(marked):
        gold.mark(lead, recipe=RECIPE, item_id=item, decision=REJECT, words="two answers are right")
    readers = [people.add(f"reviewer-{letter}", roles=["reviewer"]) for letter in "abcd"]
    orders = [readings(desk, account) for account in readers]
    assert {item for order in orders for item in order} & marked
    for order in orders:
        assert len(order) == len(set(order))
    ordinary = [item for order in orders for item in order if item not in marked]
    assert len(ordinary) == 2 * (len(candidates) - 3)
    outcomes = {ruling.candidate_id: ruling.outcome for ruling in rulings(store.snapshot(RECIPE), POLICY)}
    assert {outcomes[item] for item in marked} == {Outcome.REJECTED}
    assert {outcome for item, outcome in outcomes.items() if item not in marked} == {Outcome.ACCEPTED}


def test_without_a_share_no_reader_meets_gold(
    store: ReviewStore, people: Accounts, lead: Account, candidates: Sequence[Candidate]
) -> None:
    desk = filled(store, candidates, POLICY.model_copy(update={"gold_share": 0.0}))
    Gold(store).mark(lead, recipe=RECIPE, item_id=candidates[0].item_id, decision=ACCEPT)
    assert candidates[0].item_id not in readings(desk, people.add("reviewer-a", roles=["reviewer"]))


def test_asking_again_changes_nothing(
    store: ReviewStore, people: Accounts, lead: Account, candidates: Sequence[Candidate]
) -> None:
    desk = filled(store, candidates, POLICY.model_copy(update={"gold_share": 0.5}))
    for candidate in candidates[:6]:
        Gold(store).mark(lead, recipe=RECIPE, item_id=candidate.item_id, decision=ACCEPT)
    account = people.add("reviewer-a", roles=["reviewer"])
    first = desk.next(account, recipe=RECIPE)
    again = desk.next(account, recipe=RECIPE)
    assert first is not None and again is not None
    assert again.candidate == first.candidate


def test_gold_that_is_no_more_is_an_ordinary_settled_item(
    store: ReviewStore, lead: Account, candidates: Sequence[Candidate]
) -> None:
    filled(store, candidates)
    gold, item = Gold(store), candidates[0].item_id
    made = gold.mark(lead, recipe=RECIPE, item_id=item, decision=ACCEPT)
    assert gold.of(RECIPE) == [made]
    assert gold.unmark(recipe=RECIPE, item_id=item)
    assert not gold.unmark(recipe=RECIPE, item_id=item)
    assert gold.of(RECIPE) == []
    assert [event.role for event in store.events(RECIPE)] == ["adjudicator"]


def test_a_content_that_changed_is_not_gold(
    store: ReviewStore, lead: Account, candidates: Sequence[Candidate]
) -> None:
    filled(store, candidates)
    Gold(store).mark(lead, recipe=RECIPE, item_id=candidates[0].item_id, decision=ACCEPT)
    changed = replace(candidates[0], rationale=candidates[0].rationale + " More.")
    changed = replace(changed, content_sha256=content_sha256(changed))
    store.enqueue(RECIPE, [changed, *candidates[1:]], policy=POLICY)
    assert Gold(store).of(RECIPE) == []


def test_marks_that_can_t_be(
    store: ReviewStore, people: Accounts, lead: Account, candidates: Sequence[Candidate]
) -> None:
    desk, gold = filled(store, candidates), Gold(store)
    with pytest.raises(ReviewError, match="no item"):
        gold.mark(lead, recipe=RECIPE, item_id="item-none", decision=ACCEPT)
    with pytest.raises(ReviewError, match="one of"):
        gold.mark(lead, recipe=RECIPE, item_id=candidates[0].item_id, decision="perhaps")
    both = people.add("lead-b", roles=["lead", "reviewer"])
    slot = desk.next(both, recipe=RECIPE)
    assert slot is not None
    desk.decide(both, slot, Verdict(decision=ACCEPT))
    with pytest.raises(ReviewError, match="somebody else"):
        gold.mark(both, recipe=RECIPE, item_id=slot.candidate.item_id, decision=ACCEPT)
    gold.mark(lead, recipe=RECIPE, item_id=slot.candidate.item_id, decision=ACCEPT)
    with pytest.raises(ReviewError, match="not 'reject'"):
        gold.mark(lead, recipe=RECIPE, item_id=slot.candidate.item_id, decision=REJECT)
