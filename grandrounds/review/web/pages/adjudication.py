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
from starlette.responses import JSONResponse, RedirectResponse, Response

from grandrounds.errors import ReviewError
from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, ReviewEvent
from grandrounds.review.checks import ADJUDICATOR
from grandrounds.review.desk.decided import own_event
from grandrounds.review.desk.disputes import disputes
from grandrounds.review.desk.values import DECLINES, Slot, Verdict, event_id
from grandrounds.review.edits import fault_in_edits
from grandrounds.review.people.accounts import Account
from grandrounds.review.people.roles import ADJUDICATE
from grandrounds.review.policy import Ruling
from grandrounds.review.web.context import render, words_of
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.guard import needs
from grandrounds.review.web.pages.item import PART
from grandrounds.review.web.reading import Sheet, desk_of, sheet_of, shown, store_of
from grandrounds.review.web.views.adjudication_view import compared, disputed
from grandrounds.review.web.views.desk_view import titled
from grandrounds.review.web.views.faults import fault
from grandrounds.review.web.views.typed import Typed, from_form, seconds_of

router = APIRouter(prefix="/adjudication")
_DECISIONS = (ACCEPT, EDIT, REJECT)


async def _fields(request: Request) -> FormData:
    return await request.form()


Judge = Annotated[Account, Depends(needs(ADJUDICATE))]
Fields = Annotated[FormData, Depends(_fields)]


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
        seconds=seconds_of(str(form.get("seconds", ""))),
    )
    return _decided(request, account, sheet.slot, verdict)


@router.post("/{recipe}/{item_id}/decide")
def decide(request: Request, recipe: str, item_id: str, account: Judge, form: Fields) -> Response:
    """Decide anew. The same decision sent twice is stored once."""
    decision = str(form.get("decision", ""))
    if decision not in _DECISIONS:
        raise RefusedError(400, "error.unknown_decision")
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        before = _sent_before(request, account, recipe, item_id, form)
        return _gone(request, recipe) if before is None else _done(request, account, before)
    typed = _typed(form, sheet)
    if decision == REJECT and not (typed.reasons or typed.comment.strip()):
        return _told(request, sheet.slot, words_of(request)("fault.reject_why"))
    verdict = typed.verdict(decision, seconds=seconds_of(str(form.get("seconds", ""))))
    return _decided(request, account, sheet.slot, verdict)


@router.post("/{recipe}/{item_id}/save")
def save(request: Request, recipe: str, item_id: str, account: Judge, form: Fields) -> Response:
    """Keep what is typed."""
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        return _gone(request, recipe)
    revision = str(form.get("revision", ""))
    known = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 9 else 0
    try:
        desk_of(request).save(
            account,
            sheet.slot,
            body=_typed(form, sheet).as_body(),
            revision=known + 1,
            seconds=seconds_of(str(form.get("seconds", ""))),
        )
    except ReviewError as exc:
        return _fault(request, sheet.slot, exc.what)
    return JSONResponse({"state": "saved"})


@router.post("/{recipe}/{item_id}/check")
def check(request: Request, recipe: str, item_id: str, account: Judge, form: Fields) -> Response:
    """Whether the item would stand as edited: a fragment that says so."""
    words = words_of(request)
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        return render(request, "item_fault.html", fault=fault("This item is no longer yours", words))
    typed = _typed(form, sheet)
    said = fault_in_edits(sheet.slot.candidate, typed.edits) if typed.edited else None
    return render(
        request, "item_fault.html", fault=fault(said, words) if said else None, edited=typed.edited
    )


@router.post("/{recipe}/{item_id}/decline")
def decline(request: Request, recipe: str, item_id: str, account: Judge, form: Fields) -> Response:
    """Give the item back."""
    kind = str(form.get("decline", ""))
    if kind not in DECLINES:
        raise RefusedError(400, "error.unknown_decision")
    sheet = _sheet(request, account, recipe, item_id, form)
    if sheet is None:
        return _gone(request, recipe)
    desk_of(request).decline(account, sheet.slot, kind, str(form.get("comment", "")))
    if PART not in request.headers:
        return _to(request, f"/adjudication/{recipe}")
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
        return _to(request, f"/adjudication/{event.recipe}?done={event.event_id}")
    return JSONResponse(
        {
            "state": "done",
            "decision": event.decision,
            "event": event.event_id,
            "next": _next(request, account, event.recipe, done=event.event_id),
        }
    )


def _next(request: Request, account: Account, recipe: str, *, done: str = "") -> dict[str, Any]:
    """Where to go on: the next item, or the list when there is none, which tells what was ``done`` last."""
    prefix = request.app.state.settings.prefix
    found = disputes(store_of(request), recipe, account=account)
    if not found:
        told = f"?done={done}" if done else ""
        return {"item": "", "token": "", "address": f"{prefix}/adjudication/{recipe}{told}"}
    item_id = found[0].candidate_id
    return {"item": item_id, "token": "", "address": f"{prefix}/adjudication/{recipe}/{item_id}"}


def _sheet(request: Request, account: Account, recipe: str, item_id: str, form: FormData) -> Sheet | None:
    """The item, when the form was made for what is held now; ``None`` otherwise."""
    slot = desk_of(request).slot(account, recipe=recipe, item_id=item_id, role=ADJUDICATOR)
    if slot is None or slot.token != form.get("token"):
        return None
    return sheet_of(slot)


def _open(sheet: Sheet) -> Sheet:
    """Adjudicators see the marked answer: they judge what was said about it."""
    return replace(sheet, policy=sheet.policy.model_copy(update={"blind_answer": False}))


def _ruling(request: Request, account: Account, recipe: str, item_id: str) -> Ruling | None:
    found = disputes(store_of(request), recipe, account=account)
    return next((ruling for ruling in found if ruling.candidate_id == item_id), None)


def _sent_before(
    request: Request, account: Account, recipe: str, item_id: str, form: FormData
) -> ReviewEvent | None:
    """The decision that this very form led to, whose answer never arrived."""
    named = event_id(
        recipe=recipe, item_id=item_id, content_sha256=str(form.get("content", "")),
        account=account.name, role=ADJUDICATOR, token=str(form.get("token", "")),
    )  # fmt: skip
    return own_event(store_of(request), account, named)


def _typed(form: FormData, sheet: Sheet) -> Typed:
    pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return from_form(pairs, sheet.slot.candidate, before=sheet.typed)


def _gone(request: Request, recipe: str) -> Response:
    if PART in request.headers:
        return JSONResponse({"state": "gone", "words": words_of(request)("fault.gone")}, status_code=409)
    return render(request, "adjudicate_gone.html", status=409, recipe=recipe)


def _fault(request: Request, slot: Slot, sentence: str) -> Response:
    found = fault(sentence, words_of(request))
    return _told(request, slot, found.words, field=found.field, key=found.key)


def _told(request: Request, slot: Slot, words: str, *, field: str = "", key: str = "") -> Response:
    if PART not in request.headers:
        back = f"/adjudication/{slot.recipe}/{slot.candidate.item_id}"
        return render(request, "adjudicate_refused.html", status=409, back=back, words=words)
    state = key if key in {"gone", "newer"} else "fault"
    return JSONResponse({"state": state, "words": words, "field": field}, status_code=409)


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(f"{request.app.state.settings.prefix}{path}", status_code=303)
