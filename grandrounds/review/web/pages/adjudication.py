"""Where readers differ: their versions side by side, and the decision for all.

An item is shown as it is to readers, with the versions beside what was asked. The same scripts run on it,
so the same keys, and what is typed is saved the same way (see ``pages.item`` for the answers they get).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from grandrounds.errors import ReviewError
from grandrounds.records.review_event import REJECT, ReviewEvent
from grandrounds.review.checks import ADJUDICATOR
from grandrounds.review.desk.decided import own_event
from grandrounds.review.desk.disputes import disputes
from grandrounds.review.desk.values import Slot, Verdict
from grandrounds.review.people.accounts import Account
from grandrounds.review.people.roles import ADJUDICATE
from grandrounds.review.policy import Ruling
from grandrounds.review.web.context import render, words_of
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.forms import Fields
from grandrounds.review.web.guard import needs
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
from grandrounds.review.web.views.adjudication_view import compared, disputed
from grandrounds.review.web.views.desk_view import titled
from grandrounds.review.web.views.faults import fault

router = APIRouter(prefix="/adjudication")
Judge = Annotated[Account, Depends(needs(ADJUDICATE))]


@router.get("")
def recipes(request: Request, account: Judge) -> Response:
    """How many items wait for this adjudicator, by recipe."""
    store = store_of(request)
    waiting = [
        (name, titled(name), len(disputes(store, name, account=account))) for name in store.recipes()
    ]
    return render(request, "adjudicate_recipes.html", waiting=waiting)


@router.get("/{recipe}")
def listing(request: Request, recipe: str, account: Judge, done: str = "") -> Response:
    """The disputed items of a recipe that this adjudicator may decide."""
    if recipe not in store_of(request).recipes():
        raise RefusedError(404, "error.no_recipe")
    if PART in request.headers:
        return Response(status_code=204)  # the script goes to the list itself
    found = disputes(store_of(request), recipe, account=account)
    event = own_event(store_of(request), account, done) if done else None
    return render(
        request, "adjudicate_list.html", recipe=recipe, title=titled(recipe), done=event,
        items=[disputed(ruling) for ruling in found],
    )  # fmt: skip


@router.get("/{recipe}/{item_id}")
def item(request: Request, recipe: str, item_id: str, account: Judge) -> Response:
    """An item that readers differ on; it is kept for this adjudicator from now on."""
    found = disputes(store_of(request), recipe, account=account)
    slot = desk_of(request).slot(account, recipe=recipe, item_id=item_id, role=ADJUDICATOR)
    ruling = next((ruling for ruling in found if ruling.candidate_id == item_id), None)
    if ruling is None:
        return _gone(request, recipe)
    if slot is None:
        slot = desk_of(request).adjudicate(account, recipe=recipe, item_id=item_id)
    sheet = sheet_of(slot)
    values = shown(request, account, _open(sheet))
    values |= {
        "here": f"/adjudication/{recipe}/{item_id}",
        "compared": compared(slot.candidate, ruling.decisions),
        "left": max(0, len(found) - 1),
    }
    if PART in request.headers:
        return render(request, "item_body.html", **values)
    return render(request, "item.html", done=None, given=None, **values)


@router.get("/{recipe}/{item_id}/ahead", dependencies=[Depends(needs(ADJUDICATE))])
def ahead() -> Response:
    """Nothing is taken ahead of its time here: there are fewer adjudicators than readers."""
    return Response(status_code=204)


@router.post("/{recipe}/{item_id}/adopt")
def adopt(request: Request, recipe: str, item_id: str, account: Judge, form: Fields) -> Response:
    """Decide as one of the readers did."""
    sheet = _sheet(request, account, recipe, item_id, form)
    ruling = _ruling(request, account, recipe, item_id)
    if sheet is None or ruling is None:
        return _gone(request, recipe)
    version = next((event for event in ruling.decisions if event.event_id == form.get("version")), None)
    if version is None:
        raise RefusedError(400, "error.unknown_decision")
    verdict = Verdict(
        decision=version.decision,
        reasons=version.reasons,
        comment=str(form.get("comment", "")),
        edits=version.edits,
        seconds=seconds_in(form),
    )
    return _decided(request, account, sheet.slot, verdict)


@router.post("/{recipe}/{item_id}/decide")
def decide(request: Request, recipe: str, item_id: str, account: Judge, form: Fields) -> Response:
    """Decide anew. The same decision sent twice is stored once."""
    decision = decision_in(form)
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        before = sent_before(request, account, recipe=recipe, item_id=item_id, form=form, role=ADJUDICATOR)
        return _gone(request, recipe) if before is None else _done(request, account, before)
    typed = typed_in(form, sheet)
    if decision == REJECT and not (typed.reasons or typed.comment.strip()):
        return _told(request, sheet.slot, words_of(request)("fault.reject_why"))
    verdict = typed.verdict(decision, seconds=seconds_in(form))
    return _decided(request, account, sheet.slot, verdict)


@router.post("/{recipe}/{item_id}/save")
def save(request: Request, recipe: str, item_id: str, account: Judge, form: Fields) -> Response:
    """Keep what is typed."""
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        return _gone(request, recipe)
    try:
        desk_of(request).save(
            account,
            sheet.slot,
            body=typed_in(form, sheet).as_body(),
            revision=next_revision(form),
            seconds=seconds_in(form),
        )
    except ReviewError as exc:
        return _fault(request, sheet.slot, exc.what)
    return JSONResponse({"state": "saved"})


@router.post("/{recipe}/{item_id}/check")
def check(request: Request, recipe: str, item_id: str, account: Judge, form: Fields) -> Response:
    """Whether the item would stand as edited: a fragment that says so."""
    return checked(request, _sheet(request, account, recipe, item_id, form), form)


@router.post("/{recipe}/{item_id}/decline")
def decline(request: Request, recipe: str, item_id: str, account: Judge, form: Fields) -> Response:
    """Give the item back."""
    kind = decline_in(form)
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        return _gone(request, recipe)
    desk_of(request).decline(account, sheet.slot, kind, str(form.get("comment", "")))
    if PART not in request.headers:
        return lead_to(request, f"/adjudication/{recipe}")
    following = _next(request, account, recipe)
    return JSONResponse({"state": "done", "decision": kind, "event": "", "next": following})


# Inside ---------------------------------------------------------------------------------------------


def _decided(request: Request, account: Account, slot: Slot, verdict: Verdict) -> Response:
    try:
        event = desk_of(request).decide(account, slot, verdict)
    except ReviewError as exc:
        return _fault(request, slot, exc.what)
    return _done(request, account, event)


def _done(request: Request, account: Account, event: ReviewEvent) -> Response:
    if PART not in request.headers:
        return lead_to(request, f"/adjudication/{event.recipe}?done={event.event_id}")
    following = _next(request, account, event.recipe, done=event.event_id)
    return told_done(event, following=following)


def _next(request: Request, account: Account, recipe: str, *, done: str = "") -> dict[str, Any]:
    """Where to go on: the next item, or the list when there is none, which tells what was ``done`` last."""
    found = disputes(store_of(request), recipe, account=account)
    if not found:
        told = f"?done={done}" if done else ""
        return {"item": "", "token": "", "address": prefixed(request, f"/adjudication/{recipe}{told}")}
    item_id = found[0].candidate_id
    return {"item": item_id, "token": "", "address": prefixed(request, f"/adjudication/{recipe}/{item_id}")}


def _sheet(request: Request, account: Account, recipe: str, item_id: str, form: FormData) -> Sheet | None:
    return sheet_in(request, account, recipe=recipe, item_id=item_id, form=form, role=ADJUDICATOR)


def _open(sheet: Sheet) -> Sheet:
    """Adjudicators see the marked answer: they judge what was said about it."""
    return replace(sheet, policy=sheet.policy.model_copy(update={"blind_answer": False}))


def _ruling(request: Request, account: Account, recipe: str, item_id: str) -> Ruling | None:
    found = disputes(store_of(request), recipe, account=account)
    return next((ruling for ruling in found if ruling.candidate_id == item_id), None)


def _gone(request: Request, recipe: str) -> Response:
    if PART in request.headers:
        return told_gone(request)
    return render(request, "adjudicate_gone.html", status=409, recipe=recipe)


def _fault(request: Request, slot: Slot, sentence: str) -> Response:
    found = fault(sentence, words_of(request))
    return _told(request, slot, found.words, field=found.field, key=found.key)


def _told(request: Request, slot: Slot, words: str, *, field: str = "", key: str = "") -> Response:
    if PART not in request.headers:
        back = f"/adjudication/{slot.recipe}/{slot.candidate.item_id}"
        return render(request, "adjudicate_refused.html", status=409, back=back, words=words)
    return told_fault(words, field=field, key=key)
