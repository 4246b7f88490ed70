"""The item page: read, decide, put off, save while typing.

Each address under ``/read/RECIPE/ITEM`` works on the slot that the account holds on that item now; there
is no other way to an item. Scripts ask with the header ``X-Part`` and get a part of the page or JSON with a
``state``: ``saved``, ``done``, ``gone`` (held no more), ``newer`` (another window leads), ``fault`` (with
``words``). Without scripts the same forms lead on by redirects.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from grandrounds.errors import ReviewError
from grandrounds.records.review_event import REJECT, ReviewEvent
from grandrounds.review.checks import REVIEWER
from grandrounds.review.desk.decided import own_event
from grandrounds.review.desk.values import Given, Slot
from grandrounds.review.people.accounts import Account
from grandrounds.review.people.roles import ADJUDICATE, READ_ITEMS
from grandrounds.review.web.context import render, words_of
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.forms import Fields
from grandrounds.review.web.guard import needs, signed_in
from grandrounds.review.web.pages.item_form import (
    PART,
    checked,
    decision_in,
    decline_in,
    lead_to,
    next_revision,
    prefixed,
    seconds_in,
    sent_before,
    sheet_in,
    told_done,
    told_fault,
    told_gone,
    typed_in,
)
from grandrounds.review.web.reading import Sheet, desk_of, sheet_of, shown, store_of
from grandrounds.review.web.views.faults import fault
from grandrounds.review.web.views.typed import Typed, answer_of, from_event

router = APIRouter()


def _decides(request: Request) -> Account:
    """Somebody who decides as a reviewer or an adjudicator."""
    account = signed_in(request)
    if not (account.may(READ_ITEMS) or account.may(ADJUDICATE)):
        raise RefusedError(403, "error.not_allowed")
    return account


Reader = Annotated[Account, Depends(needs(READ_ITEMS))]
Decider = Annotated[Account, Depends(_decides)]


@router.get("/read/{recipe}")
def following(request: Request, recipe: str, account: Reader, done: str = "", given: str = "") -> Response:
    """The next item of a recipe, or word that there is none; ``done`` and ``given`` name what was decided,
    or given back, just before."""
    desk, event = desk_of(request), _own(request, account, done)
    try:
        slot = desk.next(account, recipe=recipe)
    except ReviewError:
        _known(request, recipe)
        raise
    before = _given(request, account, recipe, given)
    if slot is None:
        return render(
            request, "item_none.html", recipe=recipe, done=event, given=before,
            progress=desk.progress(account, recipe=recipe),
        )  # fmt: skip
    return _page(request, account, slot, done=event, given=before)


@router.get("/read/{recipe}/{item_id}")
def item(request: Request, recipe: str, item_id: str, account: Reader) -> Response:
    """An item that is held."""
    slot = desk_of(request).slot(account, recipe=recipe, item_id=item_id)
    return _gone(request, recipe) if slot is None else _page(request, account, slot, done=None)


@router.get("/read/{recipe}/{item_id}/ahead")
def ahead(request: Request, recipe: str, item_id: str, account: Reader) -> Response:
    """The item after this one, kept for this reader already; 204 when there is none."""
    desk = desk_of(request)
    slot = desk.slot(account, recipe=recipe, item_id=item_id)
    after = desk.ahead(account, slot) if slot else None
    return Response(status_code=204) if after is None else _page(request, account, after, done=None)


@router.post("/read/{recipe}/{item_id}/save")
def save(request: Request, recipe: str, item_id: str, account: Reader, form: Fields) -> Response:
    """Keep what is typed."""
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        return _gone(request, recipe)
    typed = typed_in(form, sheet)
    try:
        _keep(request, account, sheet, typed, form)
    except ReviewError as exc:
        return _fault(request, recipe, item_id, exc.what)
    if PART not in request.headers:
        return lead_to(request, f"/read/{recipe}/{item_id}")
    return JSONResponse({"state": "saved"})


@router.post("/read/{recipe}/{item_id}/check")
def check(request: Request, recipe: str, item_id: str, account: Reader, form: Fields) -> Response:
    """Whether the item would stand as edited: a fragment that says so."""
    return checked(request, _sheet(request, account, recipe, item_id, form), form)


@router.post("/read/{recipe}/{item_id}/reveal")
def reveal(request: Request, recipe: str, item_id: str, account: Reader, form: Fields) -> Response:
    """Show the marked answer once the reader has given their own."""
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        return _gone(request, recipe)
    typed = typed_in(form, sheet)
    if sheet.hidden:  # where nothing is, nobody answers without having seen it
        answer = answer_of(str(form.get("chosen", "")), sheet.slot.candidate)
        if answer is None:
            return _told(request, recipe, item_id, words_of(request)("fault.answer_first"), field="chosen")
        typed = replace(typed, chosen=answer)
    try:
        _keep(request, account, sheet, typed, form)
    except ReviewError as exc:
        return _fault(request, recipe, item_id, exc.what)
    if PART not in request.headers:
        return lead_to(request, f"/read/{recipe}/{item_id}")
    slot = desk_of(request).slot(account, recipe=recipe, item_id=item_id)
    return _gone(request, recipe) if slot is None else _page(request, account, slot, done=None)


@router.post("/read/{recipe}/{item_id}/decide")
def decide(request: Request, recipe: str, item_id: str, account: Reader, form: Fields) -> Response:
    """Store a decision. The same one sent twice is stored once."""
    desk, decision = desk_of(request), decision_in(form)
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        before = _sent_before(request, account, recipe, item_id, form)
        return _gone(request, recipe) if before is None else _done(request, account, before)
    typed = typed_in(form, sheet)
    said = _fault_in(sheet, typed, decision)
    if said:
        return _told(request, recipe, item_id, words_of(request)(said))
    verdict = typed.verdict(decision, seconds=seconds_in(form))
    try:
        event = desk.decide(account, sheet.slot, verdict)
    except ReviewError as exc:
        return _fault(request, recipe, item_id, exc.what)
    return _done(request, account, event)


@router.post("/read/{recipe}/{item_id}/decline")
def decline(request: Request, recipe: str, item_id: str, account: Reader, form: Fields) -> Response:
    """Give the item back."""
    kind = decline_in(form)
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        return _gone(request, recipe)
    desk_of(request).decline(account, sheet.slot, kind, str(form.get("comment", "")))
    if PART not in request.headers:
        return lead_to(request, f"/read/{recipe}?given={quote(item_id)}")
    return JSONResponse(
        {
            "state": "done",
            "decision": kind,
            "event": "",
            "given": item_id,
            "back": prefixed(request, f"/read/{recipe}/{item_id}/take-back"),
            "next": _next(request, account, recipe),
        }
    )


@router.post("/read/{recipe}/{item_id}/take-back")
def take_back(request: Request, recipe: str, item_id: str, account: Reader) -> Response:
    """Take an item again that was given back."""
    try:
        desk_of(request).take_back(account, recipe=recipe, item_id=item_id)
    except ReviewError as exc:
        return _fault(request, recipe, item_id, exc.what)
    address = f"/read/{recipe}/{item_id}"
    if PART not in request.headers:
        return lead_to(request, address)
    return JSONResponse({"state": "undone", "address": prefixed(request, address)})


@router.post("/undo")
def undo(request: Request, account: Decider, form: Fields) -> Response:
    """Take a decision back: the item is this reader's again, with all that had been filled in."""
    event = own_event(store_of(request), account, str(form.get("event", "")))
    if event is None:
        raise RefusedError(404, "fault.no_undo")
    desk = desk_of(request)
    try:
        desk.undo(account, event.event_id, body=from_event(event).as_body())
    except ReviewError as exc:
        return _fault(request, event.recipe, event.item_id, exc.what)
    place = "read" if event.role == REVIEWER else "adjudication"
    address = f"/{place}/{event.recipe}/{event.item_id}"
    if PART not in request.headers:
        return lead_to(request, address)
    return JSONResponse({"state": "undone", "address": prefixed(request, address)})


# Answers ------------------------------------------------------------------------------------------


def _page(
    request: Request, account: Account, slot: Slot, *, done: ReviewEvent | None, given: Given | None = None
) -> Response:
    values = shown(request, account, sheet_of(slot))
    if PART in request.headers:
        return render(request, "item_body.html", **values)
    return render(request, "item.html", done=done, given=given, **values)


def _gone(request: Request, recipe: str) -> Response:
    if PART in request.headers:
        return told_gone(request)
    return render(request, "item_gone.html", status=409, recipe=recipe)


def _fault(request: Request, recipe: str, item_id: str, sentence: str) -> Response:
    found = fault(sentence, words_of(request))
    return _told(request, recipe, item_id, found.words, field=found.field, key=found.key)


def _told(
    request: Request, recipe: str, item_id: str, words: str, *, field: str = "", key: str = ""
) -> Response:
    if PART not in request.headers:
        return render(request, "item_refused.html", status=409, recipe=recipe, item_id=item_id, words=words)
    return told_fault(words, field=field, key=key)


def _done(request: Request, account: Account, event: ReviewEvent) -> Response:
    if PART not in request.headers:
        return lead_to(request, f"/read/{event.recipe}?done={quote(event.event_id)}")
    return told_done(event, following=_next(request, account, event.recipe))


def _next(request: Request, account: Account, recipe: str) -> dict[str, Any] | None:
    slot = desk_of(request).next(account, recipe=recipe, decided=True)
    if slot is None:
        return None
    item_id = slot.candidate.item_id
    return {
        "item": item_id,
        "token": slot.token,
        "address": prefixed(request, f"/read/{recipe}/{item_id}"),
    }


# What came ----------------------------------------------------------------------------------------


def _known(request: Request, recipe: str) -> None:
    if recipe not in store_of(request).recipes():
        raise RefusedError(404, "error.no_recipe")


def _own(request: Request, account: Account, event: str) -> ReviewEvent | None:
    return own_event(store_of(request), account, event) if event else None


def _given(request: Request, account: Account, recipe: str, item_id: str) -> Given | None:
    if not item_id:
        return None
    found = desk_of(request).given(account)
    return next((each for each in found if (each.recipe, each.item_id) == (recipe, item_id)), None)


def _sheet(request: Request, account: Account, recipe: str, item_id: str, form: FormData) -> Sheet | None:
    return sheet_in(request, account, recipe=recipe, item_id=item_id, form=form, role=REVIEWER)


def _sent_before(
    request: Request, account: Account, recipe: str, item_id: str, form: FormData
) -> ReviewEvent | None:
    """The decision that this very form led to, whose answer never arrived."""
    if desk_of(request).slot(account, recipe=recipe, item_id=item_id) is not None:
        return None
    return sent_before(request, account, recipe=recipe, item_id=item_id, form=form, role=REVIEWER)


def _keep(request: Request, account: Account, sheet: Sheet, typed: Typed, form: FormData) -> None:
    desk_of(request).save(
        account,
        sheet.slot,
        body=typed.as_body(),
        revision=next_revision(form),
        seconds=seconds_in(form),
        answer=typed.chosen,
    )


def _fault_in(sheet: Sheet, typed: Typed, decision: str) -> str | None:
    """What the page asks for beyond what every way in does."""
    if decision == REJECT:
        return None if typed.reasons or typed.comment.strip() else "fault.reject_why"
    return "fault.answer_first" if sheet.hidden else None
