"""The desk gives each place once, keeps it for a while, stores decisions once, and takes them back."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from grandrounds.errors import ReviewError
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ACCEPT, REJECT, Rating, WrongMark
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.values import CONFLICT, LATER, NOT_MINE, Verdict
from grandrounds.review.people.accounts import Account, Accounts
from grandrounds.review.store import ReviewStore

RECIPE = "case_diagnosis"
ACCEPTED = Verdict(decision=ACCEPT)


class Clock:
    """Time that only moves when told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(store: ReviewStore) -> Accounts:
    return Accounts(store.database)


@pytest.fixture
def desk(store: ReviewStore, candidates: Sequence[Candidate], clock: Clock) -> Desk:
    store.enqueue(RECIPE, candidates, policy=Review(policy="readers", readers=2, order="queue"))
    return Desk(store, now=clock)


def reader(people: Accounts, letter: str) -> Account:
    return people.add(f"reviewer-{letter}", roles=["reviewer"])


def test_a_reader_keeps_what_they_hold_until_they_decide(desk: Desk, people: Accounts) -> None:
    one = reader(people, "a")
    first = desk.next(one, recipe=RECIPE)
    assert first is not None
    again = desk.next(one, recipe=RECIPE)
    assert again is not None and again.candidate == first.candidate and again.token == first.token
    desk.decide(one, again, ACCEPTED)
    other = desk.next(one, recipe=RECIPE)
    assert other is None or other.candidate.item_id != first.candidate.item_id


def test_each_item_gets_as_many_readers_as_asked_and_no_more(
    desk: Desk, people: Accounts, candidates: Sequence[Candidate]
) -> None:
    given: Counter[str] = Counter()
    for letter in "abc":
        account = reader(people, letter)
        while (slot := desk.next(account, recipe=RECIPE)) is not None:
            given[slot.candidate.item_id] += 1
            desk.decide(account, slot, ACCEPTED)
    assert given == {candidate.item_id: 2 for candidate in candidates}


def test_readers_at_once_never_get_the_same_place(
    desk: Desk, people: Accounts, store: ReviewStore, candidates: Sequence[Candidate]
) -> None:
    accounts = [reader(people, letter) for letter in "abcdef"]
    given: list[tuple[str, int]] = []

    def work(account: Account) -> None:
        while (slot := desk.next(account, recipe=RECIPE)) is not None:
            given.append((slot.candidate.item_id, slot.number))
            desk.decide(account, slot, ACCEPTED)

    threads = [threading.Thread(target=work, args=[account]) for account in accounts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == len(set(given)) == 2 * len(candidates)
    assert len(store.events(RECIPE)) == len(given)


def test_what_is_held_too_long_goes_to_somebody_else(desk: Desk, people: Accounts, clock: Clock) -> None:
    one, two, three = (reader(people, letter) for letter in "abc")
    held = desk.next(one, recipe=RECIPE)
    assert held is not None
    other = desk.next(two, recipe=RECIPE)
    assert other is not None and other.candidate == held.candidate
    clock.at += timedelta(minutes=31)
    taken = desk.next(three, recipe=RECIPE)
    assert taken is not None and taken.candidate == held.candidate
    with pytest.raises(ReviewError, match="no longer yours"):
        desk.decide(one, held, ACCEPTED)


def test_the_same_decision_sent_twice_is_stored_once(
    desk: Desk, people: Accounts, store: ReviewStore
) -> None:
    one = reader(people, "a")
    slot = desk.next(one, recipe=RECIPE)
    assert slot is not None
    assert desk.decide(one, slot, ACCEPTED) == desk.decide(one, slot, ACCEPTED)
    assert len(store.events(RECIPE)) == 1


def test_undo_takes_the_decision_back_and_the_item_again(
    desk: Desk, people: Accounts, store: ReviewStore
) -> None:
    one = reader(people, "a")
    slot = desk.next(one, recipe=RECIPE)
    assert slot is not None
    event = desk.decide(one, slot, ACCEPTED)
    again = desk.undo(one, event.event_id)
    assert again.candidate == slot.candidate
    desk.decide(one, again, Verdict(decision=REJECT, reasons=("wrong answer",)))
    assert [event.decision for event in store.events(RECIPE)] == ["accept", "withdraw", "reject"]
    with pytest.raises(ReviewError, match="no decision of yours"):
        desk.undo(reader(people, "b"), event.event_id)


@pytest.mark.parametrize("kind", [NOT_MINE, CONFLICT, LATER])
def test_what_was_given_back_can_be_taken_again(desk: Desk, people: Accounts, kind: str) -> None:
    one = reader(people, "a")
    slot = desk.next(one, recipe=RECIPE)
    assert slot is not None
    desk.decline(one, slot, kind, "a slip")
    assert [each.item_id for each in desk.given(one)] == ([] if kind == LATER else [slot.candidate.item_id])
    again = desk.take_back(one, recipe=RECIPE, item_id=slot.candidate.item_id)
    assert again.candidate == slot.candidate and again.token != slot.token
    assert desk.given(one) == []
    desk.decide(one, again, ACCEPTED)
    with pytest.raises(ReviewError, match="gave back no such item"):
        desk.take_back(one, recipe=RECIPE, item_id=slot.candidate.item_id)


def test_what_others_took_meanwhile_is_theirs(
    store: ReviewStore, candidates: Sequence[Candidate], people: Accounts, clock: Clock
) -> None:
    store.enqueue(RECIPE, candidates[:1], policy=Review(policy="readers", readers=1))
    desk = Desk(store, now=clock)
    one, two = reader(people, "a"), reader(people, "b")
    slot = desk.next(one, recipe=RECIPE)
    assert slot is not None
    desk.decline(one, slot, NOT_MINE)
    assert desk.next(two, recipe=RECIPE) is not None
    with pytest.raises(ReviewError, match="Others have this item"):
        desk.take_back(one, recipe=RECIPE, item_id=slot.candidate.item_id)
    assert [each.item_id for each in desk.given(one)] == [slot.candidate.item_id]
    with pytest.raises(ReviewError, match="gave back no such item"):
        desk.take_back(reader(people, "c"), recipe=RECIPE, item_id=slot.candidate.item_id)


def test_what_is_put_off_comes_last_and_a_conflict_never(
    desk: Desk, people: Accounts, candidates: Sequence[Candidate]
) -> None:
    one = reader(people, "a")
    first = desk.next(one, recipe=RECIPE)
    assert first is not None
    desk.decline(one, first, CONFLICT, "I wrote it")
    second = desk.next(one, recipe=RECIPE)
    assert second is not None
    desk.decline(one, second, LATER)
    order = []
    while (slot := desk.next(one, recipe=RECIPE)) is not None:
        order.append(slot.candidate.item_id)
        desk.decide(one, slot, ACCEPTED)
    assert first.candidate.item_id not in order
    assert order[-1] == second.candidate.item_id
    assert len(order) == len(candidates) - 1


def test_a_content_that_changed_is_asked_again_and_its_old_slot_is_worth_nothing(
    desk: Desk, people: Accounts, store: ReviewStore, candidates: Sequence[Candidate]
) -> None:
    from dataclasses import replace

    from grandrounds.records.envelope import content_sha256

    one = reader(people, "a")
    slot = desk.next(one, recipe=RECIPE)
    assert slot is not None
    changed = replace(slot.candidate, rationale=slot.candidate.rationale + " More.")
    changed = replace(changed, content_sha256=content_sha256(changed))
    store.enqueue(RECIPE, [changed if c == slot.candidate else c for c in candidates])
    with pytest.raises(ReviewError, match="it has changed"):
        desk.decide(one, slot, ACCEPTED)
    fresh = desk.next(one, recipe=RECIPE)
    assert fresh is not None


def test_what_is_typed_is_kept_and_an_older_window_never_wins(desk: Desk, people: Accounts) -> None:
    one = reader(people, "a")
    slot = desk.next(one, recipe=RECIPE)
    assert slot is not None
    assert desk.unsent(one, slot) is None
    desk.save(one, slot, body='{"comment": "first"}', revision=1, seconds=3)
    newest = desk.save(one, slot, body='{"comment": "second"}', revision=2, seconds=6)
    with pytest.raises(ReviewError, match="another window"):
        desk.save(one, slot, body='{"comment": "stale"}', revision=2, seconds=4)
    assert desk.unsent(one, slot) == newest
    desk.decide(one, slot, ACCEPTED)
    assert desk.unsent(one, slot) is None


def test_the_first_answer_stands_whatever_is_saved_later_or_by_a_window_that_had_not_seen_it(
    desk: Desk, people: Accounts
) -> None:
    one = reader(people, "a")
    slot = desk.next(one, recipe=RECIPE)
    assert slot is not None
    desk.save(one, slot, body="{}", revision=1, seconds=1)
    desk.save(one, slot, body="{}", revision=2, seconds=2, answer="a stone")
    desk.save(one, slot, body='{"comment": "late"}', revision=9, seconds=3)
    assert (
        desk.save(one, slot, body='{"comment": "later"}', revision=10, seconds=3, answer="b").answer
        == "a stone"
    )
    desk.decline(one, slot, LATER)
    taken = desk.next(one, recipe=RECIPE)
    while taken is not None and taken.item_id != slot.item_id:
        desk.decline(one, taken, NOT_MINE)
        taken = desk.next(one, recipe=RECIPE)
    assert taken is not None and taken.saved is not None
    assert (taken.saved.answer, taken.saved.body) == ("a stone", '{"comment": "later"}')
    event = desk.decide(one, taken, Verdict(decision=ACCEPT, answer=taken.candidate.options[0]))
    assert desk.mine(one)[0].answer == event.answer == taken.candidate.options[0]
    back = desk.undo(one, event.event_id, body='{"comment": "again"}')
    assert back.saved is not None
    assert (back.saved.answer, back.saved.body, back.saved.revision) == (
        event.answer,
        '{"comment": "again"}',
        1,
    )


def test_an_answer_that_is_no_option_and_a_mark_on_nothing_are_refused(
    desk: Desk, people: Accounts
) -> None:
    one = reader(people, "a")
    slot = desk.next(one, recipe=RECIPE)
    assert slot is not None
    with pytest.raises(ReviewError, match="none of the options"):
        desk.decide(one, slot, Verdict(decision=ACCEPT, answer=slot.candidate.options[0].upper()))
    with pytest.raises(ReviewError, match="rests on no quote 99"):
        desk.decide(one, slot, Verdict(decision=ACCEPT, marks=(WrongMark(kind="quote", reference="99"),)))
    with pytest.raises(ReviewError, match="from 1 to 5"):
        desk.decide(one, slot, Verdict(decision=ACCEPT, ratings=(Rating(criterion="clear", score=6),)))
    assert desk.mine(one) == []


def test_nobody_adjudicates_what_they_read(desk: Desk, people: Accounts) -> None:
    one, chief = reader(people, "a"), people.add("adjudicator-a", roles=["adjudicator"])
    slot = desk.next(one, recipe=RECIPE)
    assert slot is not None
    desk.decide(one, slot, ACCEPTED)
    with pytest.raises(ReviewError, match="somebody else"):
        desk.adjudicate(one, recipe=RECIPE, item_id=slot.candidate.item_id)
    taken = desk.adjudicate(chief, recipe=RECIPE, item_id=slot.candidate.item_id)
    assert desk.decide(chief, taken, Verdict(decision=REJECT, reasons=("no",))).role == "adjudicator"


def test_a_decision_that_came_by_file_takes_a_place_too(
    desk: Desk, people: Accounts, store: ReviewStore, decide: object, candidates: Sequence[Candidate]
) -> None:
    for candidate in candidates:
        store.append([decide(candidate, by="reviewer-x"), decide(candidate, by="reviewer-y")])  # type: ignore[operator]
    assert desk.next(reader(people, "a"), recipe=RECIPE) is None
