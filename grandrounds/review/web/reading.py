"""An open item: the slot, what was typed on it, and what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from grandrounds.errors import GrandRoundsError, LakeError
from grandrounds.lake_rows import LakeRows
from grandrounds.recipe import Review
from grandrounds.records.envelope import Draft, Revision
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.values import Saved, Slot
from grandrounds.review.people.accounts import Account
from grandrounds.review.store import ReviewStore
from grandrounds.review.web.pages.evidence import shelf_of
from grandrounds.review.web.views.evidence_panes import EvidenceView, evidence_view
from grandrounds.review.web.views.evidence_values import rests
from grandrounds.review.web.views.item_view import ItemView, view
from grandrounds.review.web.views.typed import Typed, from_body


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A held item with what its reader has filled in so far."""

    slot: Slot
    policy: Review
    saved: Saved | None
    typed: Typed

    @property
    def hidden(self) -> bool:
        """Whether the marked answer must not be shown yet."""
        return self.policy.blind_answer and self.typed.chosen is None


def store_of(request: Request) -> ReviewStore:
    """The review database."""
    store: ReviewStore = request.app.state.store
    return store


def desk_of(request: Request) -> Desk:
    """The desk on it."""
    return Desk(store_of(request))


def sheet_of(slot: Slot) -> Sheet:
    """``slot`` with what was typed on it."""
    saved, options = slot.saved, slot.candidate.options
    typed = from_body(saved.body, answer=saved.answer) if saved else Typed()
    if options and typed.chosen is not None and typed.chosen not in options:
        typed = replace(typed, chosen="")  # earlier versions showed the marked answer for any word
    return Sheet(slot=slot, policy=slot.policy, saved=saved, typed=typed)


def shown(request: Request, account: Account, sheet: Sheet) -> dict[str, Any]:
    """What the item's templates need."""
    rows = shelf_of(request).rows
    return {
        "view": _view(rows, sheet),
        "evidence": _evidence(rows, sheet),
        "left": desk_of(request).left(account, recipe=sheet.slot.recipe),
        "here": f"/read/{sheet.slot.recipe}/{sheet.slot.candidate.item_id}",
    }


def _view(rows: LakeRows, sheet: Sheet) -> ItemView:
    recipe, item = sheet.slot.recipe, sheet.slot.candidate
    try:
        draft = rows.one(recipe, "drafts", Draft, column="draft_id", value=item.draft_id)
        revised = rows.one(recipe, "revisions", Revision, column="revision_id", value=item.revision_id)
    except LakeError:
        draft = revised = None  # the item can be judged without knowing what it was before
    return view(
        sheet.slot, policy=sheet.policy, typed=sheet.typed, saved=sheet.saved, draft=draft, revised=revised
    )


def _evidence(rows: LakeRows, sheet: Sheet) -> EvidenceView | None:
    try:
        return evidence_view(rests(rows, sheet.slot.candidate), blind=sheet.hidden)
    except GrandRoundsError:
        return None
