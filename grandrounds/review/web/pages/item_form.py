"""What the pages of an item share, for readers and for adjudicators: the form that they send, and what
scripts are answered (see ``pages.item``)."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, ReviewEvent
from grandrounds.review.desk.decided import own_event
from grandrounds.review.desk.values import DECLINES, event_id
from grandrounds.review.edits import fault_in_edits
from grandrounds.review.people.accounts import Account
from grandrounds.review.web.context import render, words_of
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.reading import Sheet, desk_of, sheet_of, store_of
from grandrounds.review.web.views.faults import fault
from grandrounds.review.web.views.typed import Typed, from_form, seconds_of

PART = "x-part"
"""The header with which scripts ask."""

_DECISIONS = (ACCEPT, EDIT, REJECT)


def sheet_in(
    request: Request, account: Account, *, recipe: str, item_id: str, form: FormData, role: str
) -> Sheet | None:
    """The item, when the form was made for what is held now in this ``role``; ``None`` otherwise."""
    slot = desk_of(request).slot(account, recipe=recipe, item_id=item_id, role=role)
    if slot is None or slot.token != form.get("token"):
        return None
    return sheet_of(slot)


def sent_before(
    request: Request, account: Account, *, recipe: str, item_id: str, form: FormData, role: str
) -> ReviewEvent | None:
    """The decision that this very form led to, whose answer never arrived."""
    named = event_id(
        recipe=recipe, item_id=item_id, content_sha256=str(form.get("content", "")),
        account=account.name, role=role, token=str(form.get("token", "")),
    )  # fmt: skip
    return own_event(store_of(request), account, named)


def decision_in(form: FormData) -> str:
    """The decision; raises ``RefusedError`` where it is none."""
    decision = str(form.get("decision", ""))
    if decision not in _DECISIONS:
        raise RefusedError(400, "error.unknown_decision")
    return decision


def decline_in(form: FormData) -> str:
    """Why the item is given back; raises ``RefusedError`` where the form doesn't say."""
    kind = str(form.get("decline", ""))
    if kind not in DECLINES:
        raise RefusedError(400, "error.unknown_decision")
    return kind


def typed_in(form: FormData, sheet: Sheet) -> Typed:
    """What is filled in."""
    pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return from_form(pairs, sheet.slot.candidate, before=sheet.typed)


def seconds_in(form: FormData) -> float:
    """How long the item was looked at, as the form says."""
    return seconds_of(str(form.get("seconds", "")))


def next_revision(form: FormData) -> int:
    """The number of what is kept now: one more than the form knows of."""
    known = str(form.get("revision", ""))
    return int(known) + 1 if known.isascii() and known.isdigit() and len(known) < 9 else 1


def checked(request: Request, sheet: Sheet | None, form: FormData) -> Response:
    """Whether the item would stand as edited: a fragment that says so."""
    words = words_of(request)
    if sheet is None:
        return render(request, "item_fault.html", fault=fault("This item is no longer yours", words))
    typed = typed_in(form, sheet)
    said = fault_in_edits(sheet.slot.candidate, typed.edits) if typed.edited else None
    found = fault(said, words) if said else None
    return render(request, "item_fault.html", fault=found, edited=typed.edited)


def told_done(event: ReviewEvent, *, following: dict[str, Any] | None) -> Response:
    """Scripts are told that a decision is stored, and where to go on."""
    return JSONResponse(
        {"state": "done", "decision": event.decision, "event": event.event_id, "next": following}
    )


def told_gone(request: Request) -> Response:
    """Scripts are told that the item is held no more."""
    return JSONResponse({"state": "gone", "words": words_of(request)("fault.gone")}, status_code=409)


def told_fault(words: str, *, field: str, key: str) -> Response:
    """Scripts are told what is wrong, and in which field; ``key`` names what is no fault of the form's."""
    state = key if key in {"gone", "newer"} else "fault"
    return JSONResponse({"state": state, "words": words, "field": field}, status_code=409)


def prefixed(request: Request, path: str) -> str:
    """A path of these pages, as browsers ask for it."""
    return f"{request.app.state.settings.prefix}{path}"


def lead_to(request: Request, path: str) -> Response:
    """Without scripts a form leads on by a redirect."""
    return RedirectResponse(prefixed(request, path), status_code=303)
