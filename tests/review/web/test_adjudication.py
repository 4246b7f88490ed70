"""Disputed items: side by side, nameless, decided by somebody who didn't read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ACCEPT, EDIT, REJECT
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.values import Verdict
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.policy import Outcome, rulings
from grandrounds.review.store import ReviewStore

RECIPE = "case_diagnosis"
POLICY = Review(policy="readers", readers=2, order="queue")
EDITED = Verdict(decision=EDIT, edits='{"rationale":"Shorter and <b>right</b>."}', comment="too long")
REJECTED = Verdict(decision=REJECT, reasons=("wrong answer",), comment="see guideline")


@pytest.fixture
def disputed(web_store: ReviewStore, candidates: Sequence[Candidate], app: Any) -> ReviewStore:
    """Two readers of six items: the first three are disputed (accept, edit and reject against accept)."""
    web_store.enqueue(RECIPE, candidates[:6], policy=POLICY)
    people, desk = Accounts(web_store.database), Desk(web_store)
    by_item = {
        candidates[0].item_id: REJECTED,
        candidates[1].item_id: EDITED,
        candidates[2].item_id: REJECTED,
    }
    for name in ("reviewer-amber", "reviewer-beryl"):
        account = people.add(name, roles=["reviewer", "adjudicator"], password="seven quiet herons")
        while (slot := desk.next(account, recipe=RECIPE)) is not None:
            other = by_item.get(slot.candidate.item_id) if name == "reviewer-beryl" else None
            desk.decide(account, slot, other or Verdict(decision=ACCEPT))
    return web_store


def token_in(text: str) -> str:
    return re.search(r'name="token" value="([^"]+)"', text).group(1)


def outcomes(store: ReviewStore) -> dict[str, Outcome]:
    return {ruling.candidate_id: ruling.outcome for ruling in rulings(store.snapshot(RECIPE), POLICY)}


def test_the_list_shows_what_differs_and_nobody_s_name(disputed, browser, candidates):
    judge = browser("adjudicator-a", "adjudicator")
    assert "3 waiting" in judge.get("/adjudication").text
    text = judge.get(f"/adjudication/{RECIPE}").text
    found = re.findall(rf'/adjudication/{RECIPE}/([^"]+)"', text)
    assert set(found) == {candidate.item_id for candidate in candidates[:3]}
    page = judge.get(f"/adjudication/{RECIPE}/{candidates[1].item_id}").text
    assert "Shorter" in page
    assert "<b>right" not in page
    assert "too long" in page
    for shown in (text, page):
        assert "amber" not in shown
        assert "beryl" not in shown


def test_who_read_an_item_does_not_adjudicate_it(disputed, browser, candidates):
    reader = browser("reviewer-amber")
    assert "0 waiting" in reader.get("/adjudication").text
    item = f"/adjudication/{RECIPE}/{candidates[0].item_id}"
    assert reader.get(item).status_code == 409
    assert reader.post(f"{item}/decide", {"decision": ACCEPT, "token": "x"}).status_code == 409
    assert len(disputed.events(RECIPE)) == 12


def test_what_is_not_disputed_can_t_be_pre_empted(disputed, browser, candidates):
    judge = browser("adjudicator-a", "adjudicator")
    assert judge.get(f"/adjudication/{RECIPE}/{candidates[5].item_id}").status_code == 409


def test_a_reader_s_decision_is_adopted_with_its_edits(disputed, browser, candidates):
    judge = browser("adjudicator-a", "adjudicator")
    item = f"/adjudication/{RECIPE}/{candidates[1].item_id}"
    page = judge.get(item).text
    keys = re.findall(r'form="adopt" name="version" value="([^"]+)"', page)
    edited = next(event for event in disputed.events(RECIPE) if event.decision == EDIT)
    assert edited.event_id in keys
    answer = judge.post(f"{item}/adopt", {"version": edited.event_id, "token": token_in(page)})
    assert answer.status_code == 303
    assert outcomes(disputed)[candidates[1].item_id] is Outcome.ACCEPTED_EDITED
    last = disputed.events(RECIPE)[-1]
    assert (last.role, last.reviewer, last.edits) == ("adjudicator", "adjudicator-a", edited.edits)
    # All versions are kept.
    assert len([event for event in disputed.events(RECIPE) if event.item_id == candidates[1].item_id]) == 3
    assert (
        judge.post(f"{item}/adopt", {"version": "event-made-up", "token": token_in(page)}).status_code
        == 409
    )


def test_a_decision_anew_goes_on_to_the_next(disputed, browser, candidates):
    judge = browser("adjudicator-a", "adjudicator")
    item = f"/adjudication/{RECIPE}/{candidates[0].item_id}"
    token = token_in(judge.get(item).text)
    given = {"decision": REJECT, "token": token}
    told = judge.post(f"{item}/decide", given, headers={"X-Part": "1"})
    assert (told.status_code, told.json()["state"]) == (409, "fault")
    saved = judge.post(
        f"{item}/save", {"token": token, "revision": "0", "comment": "hm"}, headers={"X-Part": "1"}
    )
    assert saved.json() == {"state": "saved"}
    assert "hm</textarea>" in judge.get(item).text
    answer = judge.post(f"{item}/decide", {**given, "reason": "outdated"}, headers={"X-Part": "1"}).json()
    assert answer["next"]["item"] in {candidates[1].item_id, candidates[2].item_id}
    again = judge.post(
        f"{item}/decide",
        {**given, "reason": "outdated", "content": candidates[0].content_sha256},
        headers={"X-Part": "1"},
    )
    assert again.json()["event"] == answer["event"]
    assert outcomes(disputed)[candidates[0].item_id] is Outcome.REJECTED
    undone = judge.post("/undo", {"event": answer["event"]}, headers={"X-Part": "1"}).json()
    assert undone["address"] == item
    assert outcomes(disputed)[candidates[0].item_id] is Outcome.DISPUTED


def test_two_adjudicators_never_have_the_same_item(disputed, browser, candidates):
    one, two = browser("adjudicator-a", "adjudicator"), browser("adjudicator-b", "adjudicator")
    item = f"/adjudication/{RECIPE}/{candidates[0].item_id}"
    assert one.get(item).status_code == 200
    assert two.get(item).status_code == 409
    assert "2 waiting" in two.get("/adjudication").text
    assert (
        one.post(
            f"{item}/decline", {"decline": "conflict", "token": token_in(one.get(item).text)}
        ).status_code
        == 303
    )
    assert "2 waiting" in one.get("/adjudication").text
    assert two.get(item).status_code == 200


@pytest.mark.parametrize("role", ["reviewer", "lead", "observer"])
def test_only_adjudicators_get_in(disputed, browser, candidates, role):
    other = browser(f"somebody-{role}", role)
    for path in (
        "/adjudication",
        f"/adjudication/{RECIPE}",
        f"/adjudication/{RECIPE}/{candidates[0].item_id}",
    ):
        assert other.get(path).status_code == 403
