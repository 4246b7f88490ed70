"""Items are candidates with a split, a day and a review summary, and nothing else changed."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from grandrounds.contracts import contract
from grandrounds.errors import ReleaseError
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import ReviewSummary
from grandrounds.records.table import to_table
from grandrounds.release.items import preview_items, reviewed_items
from tests.support.factories import world
from tests.support.releases import DAY, Accepted

MADE = world(4)
SPLITS = {case.group_id: "test" for case in MADE.cases}
SUMMARY = ReviewSummary(status="accepted", readers=2, accepted=2, reviewers=("reviewer-a", "reviewer-b"))
DAYS = {candidate.item_id: DAY for candidate in MADE.candidates}


def accepted(candidate: Candidate, **more: object) -> Accepted:
    values = {"candidate": candidate, "candidate_id": candidate.item_id, "review": SUMMARY} | more
    return Accepted(**values)


def test_preview_items_are_marked_as_such_and_sorted():
    items = preview_items(reversed(MADE.candidates), splits=SPLITS)
    assert [item.item_id for item in items] == sorted(candidate.item_id for candidate in MADE.candidates)
    for item in items:
        assert (item.reviewed, item.review.status, item.available_from) == (False, "not-reviewed", None)
        assert item.candidate_id == item.item_id


def test_items_keep_every_field_of_their_candidate_and_fit_the_contract():
    by_id = {candidate.item_id: candidate for candidate in MADE.candidates}
    items = reviewed_items(map(accepted, MADE.candidates), splits=SPLITS, available_from=DAYS)
    for item in items:
        candidate = by_id[item.item_id]
        assert all(getattr(item, f.name) == getattr(candidate, f.name) for f in fields(Candidate))
        assert (item.reviewed, item.review, item.available_from) == (True, SUMMARY, DAY)
    assert to_table(items, contract("items")).num_rows == 8


def test_an_edited_candidate_keeps_the_id_it_was_asked_under():
    candidate = MADE.candidates[0]
    before = accepted(candidate, candidate_id="item-before")
    (item,) = reviewed_items([before], splits=SPLITS, available_from=DAYS)
    assert (item.item_id, item.candidate_id) == (candidate.item_id, "item-before")


def test_what_lacks_a_split_a_review_or_a_day_is_named():
    candidate = MADE.candidates[0]
    with pytest.raises(ReleaseError, match=f"{candidate.group_id} .* no split"):
        preview_items([candidate], splits={})
    unread = accepted(candidate, review=ReviewSummary(status="not-reviewed"))
    with pytest.raises(ReleaseError, match=f"{candidate.item_id} has no review summary"):
        reviewed_items([unread], splits=SPLITS, available_from=DAYS)
    with pytest.raises(ReleaseError, match="has no day"):
        reviewed_items([accepted(replace(candidate))], splits=SPLITS, available_from={})
