"""What decisions come to: the truth table of the policy, and what must not matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import ReviewError
from grandrounds.recipe import Review, parse_recipe
from grandrounds.records.envelope import content_sha256
from grandrounds.records.review_event import ReviewEvent
from grandrounds.review.agreement import agreement_of
from grandrounds.review.policy import Outcome, rule, status
from tests.support.factories import make_candidate, make_case

CANDIDATE = make_candidate(make_case(0))
TWO = Review(policy="readers", readers=2)
SHORT, LONG = '{"rationale":"Short."}', '{"rationale":"Long."}'
WORDS = {
    "accept": ("accept", "{}"),
    "reject": ("reject", "{}"),
    "edit": ("edit", SHORT),
    "other edit": ("edit", LONG),
}


def event(word, by="a", role="reviewer", number=0):
    decision, edits = WORDS.get(word, (word, "{}"))
    return ReviewEvent(
        event_id=f"event-{by}-{role}-{number}",
        recipe=CANDIDATE.recipe,
        item_id=CANDIDATE.item_id,
        content_sha256=CANDIDATE.content_sha256,
        reviewer=f"reviewer-{by}",
        role=role,
        decision=decision,
        edits=edits,
        comment="words" if decision == "comment" else "",
        created_at=datetime(2026, 5, 4, tzinfo=UTC),
    )


def outcome(*events, policy=TWO):
    return rule(CANDIDATE, events, policy).outcome.value


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "pending"),
        (["accept"], "pending"),
        (["reject"], "pending"),
        (["accept", "accept"], "accepted"),
        (["edit", "edit"], "accepted_edited"),
        (["reject", "reject"], "rejected"),
        (["accept", "reject"], "disputed"),
        (["accept", "edit"], "disputed"),
        (["edit", "other edit"], "disputed"),
        (["edit", "reject"], "disputed"),
        (["accept", "comment"], "pending"),
        (["accept", "accept", "accept"], "accepted"),
        (["accept", "accept", "reject"], "disputed"),
    ],
)
def test_two_readers(words, expected):
    assert outcome(*(event(word, by="abc"[place]) for place, word in enumerate(words))) == expected


def test_one_person_twice_is_one_reader():
    assert outcome(event("accept", "a", number=1), event("accept", "a", number=2)) == "pending"


@pytest.mark.parametrize(
    ("word", "expected"),
    [("accept", "accepted"), ("edit", "accepted_edited"), ("reject", "rejected")],
)
def test_an_adjudicator_overrides_the_readers(word, expected):
    told = rule(
        CANDIDATE, [event("accept", "a"), event("reject", "b"), event(word, "c", "adjudicator")], TWO
    )
    assert told.outcome.value == expected
    assert told.adjudicated


def test_two_adjudicators_of_different_minds_leave_it_disputed():
    both = [event("accept", "c", "adjudicator"), event("reject", "d", "adjudicator")]
    assert outcome(event("accept", "a"), event("accept", "b"), *both) == "disputed"


def test_readers_agree_when_the_item_comes_out_the_same_whatever_the_edits_look_like():
    options = list(CANDIDATE.options)
    place = next(i for i, option in enumerate(options) if option != CANDIDATE.answer)
    options[place] = "migraine"
    one = '{"options":["' + '","'.join(options) + '"]}'
    other = '{"options":["' + '","'.join(reversed(options)) + '"]}'
    events = [replace(event("edit", by), edits=edits) for by, edits in (("a", one), ("b", other))]
    told = rule(CANDIDATE, events, TWO)
    assert told.outcome is Outcome.ACCEPTED_EDITED
    assert told.candidate.options == tuple(options)


def test_only_decisions_about_the_present_content_count():
    changed = replace(CANDIDATE, rationale="New.")
    changed = replace(changed, content_sha256=content_sha256(changed))
    old = [event("accept", "a"), event("accept", "b")]
    assert rule(CANDIDATE, old, TWO).outcome is Outcome.ACCEPTED
    assert rule(changed, old, TWO).outcome is Outcome.PENDING


def test_decisions_about_another_item_count_for_nothing():
    other = replace(event("accept", "b"), item_id="item-other")
    assert outcome(event("accept", "a"), other) == "pending"


def test_policy_none_accepts_everything_even_what_was_rejected():
    none = Review(policy="none")
    assert outcome(policy=none) == "accepted"
    assert outcome(event("reject", "a"), event("reject", "b"), policy=none) == "accepted"


# Properties

decisions = st.sampled_from([*WORDS, "comment", "withdraw"])
people = st.sampled_from("abcd")
roles = st.sampled_from(["reviewer", "reviewer", "reviewer", "adjudicator"])
histories = st.lists(st.tuples(decisions, people, roles), max_size=12).map(
    lambda rows: [event(word, by, role, number) for number, (word, by, role) in enumerate(rows)]
)
policies = st.integers(1, 4).map(lambda readers: Review(policy="readers", readers=readers))


def naive(events, readers):
    """The policy as one would say it aloud: what each person holds in the end, then the rules."""
    held = {}
    for one in events:
        who = (one.role, one.reviewer)
        if one.decision == "withdraw":
            held[who] = None
        elif one.decision != "comment":
            held[who] = (one.decision, one.edits)
    said = {who: what for who, what in held.items() if what}
    above = [what for (role, _), what in said.items() if role == "adjudicator"]
    below = [what for (role, _), what in said.items() if role == "reviewer"]
    if not above and len(below) < readers:
        return "pending"
    views = set(above or below)
    if len(views) > 1:
        return "disputed"
    return {"accept": "accepted", "edit": "accepted_edited", "reject": "rejected"}[views.pop()[0]]


@given(histories, policies)
def test_every_history_comes_to_what_the_rules_say(events, policy):
    assert outcome(*events, policy=policy) == naive(events, policy.readers)


@given(histories, policies, st.randoms(use_true_random=False))
def test_the_order_between_reviewers_does_not_matter(events, policy, random):
    queues = {}
    for one in events:
        queues.setdefault((one.role, one.reviewer), []).append(one)
    shuffled = []
    while queues:
        who = random.choice(sorted(queues))
        shuffled.append(queues[who].pop(0))
        if not queues[who]:
            del queues[who]
    assert rule(CANDIDATE, shuffled, policy) == rule(CANDIDATE, events, policy)


@given(histories, policies, decisions)
def test_a_decision_withdrawn_leaves_things_as_they_were(events, policy, word):
    newcomer = [event(word, "z", number=100), event("withdraw", "z", number=101)]
    assert rule(CANDIDATE, events + newcomer, policy) == rule(CANDIDATE, events, policy)


@given(histories, policies)
def test_comments_decide_nothing(events, policy):
    silent = [one for one in events if one.decision != "comment"]
    assert rule(CANDIDATE, silent, policy) == rule(CANDIDATE, events, policy)


# The status of a recipe


def recipe(**review):
    return parse_recipe(
        {
            "name": "case_diagnosis",
            "title": "Case diagnosis",
            "tasks": [{"name": "diagnosis_mcq"}],
            "review": {"policy": "readers", **review},
        },
        where="here",
    )


def read(store, candidates, decide, second):
    """Two readers: the first accepts everything, the second says what ``second`` has for each."""
    store.enqueue("case_diagnosis", candidates)
    store.append([decide(one, by="reviewer-a") for one in candidates])
    store.append(
        [
            decide(one, *WORDS_OF[word], by="reviewer-b") if word != "edit" else edited(decide, one)
            for one, word in zip(candidates, second, strict=False)
        ]
    )


WORDS_OF = {"accept": ("accept",), "reject": ("reject",)}


def edited(decide, candidate):
    return decide(candidate, "edit", by="reviewer-b", edits=SHORT)


def test_status_counts_every_candidate_once(lite, candidates, decide):
    read(lite, candidates[:4], decide, ["accept", "reject", "edit"])
    found = status(lite, recipe())
    assert {k.value: v for k, v in found.counts.items()} == {
        "accepted": 1,
        "accepted_edited": 0,
        "unread": 0,
        "rejected": 0,
        "disputed": 2,
        "pending": 1,
    }
    assert sum(found.counts.values()) == found.candidates == 4
    assert found.by_reviewer == {"reviewer-a": 4, "reviewer-b": 3}
    assert not found.met
    assert len(found.unmet) == 2


def test_the_policy_is_met_when_nothing_is_open(lite, candidates, decide):
    read(lite, candidates[:4], decide, ["accept"] * 4)
    assert status(lite, recipe()).met
    assert not status(lite, recipe(readers=3)).met


def test_agreement_is_measured_on_what_readers_said_and_may_stand_in_the_way(lite, candidates, decide):
    read(lite, candidates[:4], decide, ["accept", "accept", "accept", "reject"])
    lite.append([decide(candidates[3], by="reviewer-c", role="adjudicator")])
    found = status(lite, recipe(minimum_agreement=0.75))
    assert found.agreement.items == 4
    assert found.agreement.percent_agreement == pytest.approx(0.75)
    # By hand: p(accept) = 7/8, p(reject) = 1/8, three verdicts: pe = (7/64 + 7/64) / 2 = 7/64.
    assert found.agreement.gwet_ac1 == pytest.approx((0.75 - 7 / 64) / (1 - 7 / 64))
    assert found.agreement.gwet_ac1_low <= found.agreement.gwet_ac1 <= found.agreement.gwet_ac1_high
    snapshot = lite.snapshot("case_diagnosis")
    asked = [entry.candidate for entry in reversed(snapshot.entries)]
    assert agreement_of(asked, snapshot.events) == found.agreement
    assert found.met
    strict = status(lite, recipe(minimum_agreement=0.9))
    assert strict.unmet == ("Readers agree on 75.0%; 90% is asked.",)


def test_agreement_that_can_not_be_measured_is_not_taken_as_reached(lite, candidates, decide):
    lite.enqueue("case_diagnosis", candidates[:1])
    lite.append([decide(candidates[0])])
    assert status(lite, recipe(readers=1)).met
    assert "no candidate has two readers" in status(lite, recipe(readers=1, minimum_agreement=0.5)).unmet[0]


def test_an_empty_queue_meets_nothing(lite):
    lite.enqueue("case_diagnosis", [], policy=TWO)
    assert status(lite, "case_diagnosis").unmet == ("The queue is empty.",)


def test_a_name_takes_the_policy_of_the_queue(lite, candidates):
    lite.enqueue("case_diagnosis", candidates, policy=TWO)
    assert status(lite, "case_diagnosis").policy == TWO
    with pytest.raises(ReviewError, match="no review queue of 'unheard_of'"):
        status(lite, "unheard_of")


def test_a_queue_without_a_policy_says_so(lite, candidates):
    lite.enqueue("case_diagnosis", candidates)
    with pytest.raises(ReviewError, match="under which policy"):
        status(lite, "case_diagnosis")
