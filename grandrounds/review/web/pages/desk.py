"""The start: what there is to read, how far one is, what one decided last."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from grandrounds.review.desk.decided import latest, standing
from grandrounds.review.people.accounts import Account
from grandrounds.review.people.roles import READ_ITEMS
from grandrounds.review.web.context import render
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.forms import Fields
from grandrounds.review.web.guard import signed_in
from grandrounds.review.web.reading import desk_of, store_of
from grandrounds.review.web.views.desk_view import Queue, told_of
from grandrounds.review.web.words import LANGUAGES

router = APIRouter()
_LATEST = 30
SignedIn = Annotated[Account, Depends(signed_in)]


@router.get("/")
def desk(request: Request, account: SignedIn) -> Response:
    """What this account can do now."""
    store = store_of(request)
    queues, events, given = [], [], []
    if account.may(READ_ITEMS):
        queues = [
            Queue(recipe=recipe, progress=desk_of(request).progress(account, recipe=recipe))
            for recipe in store.recipes()
        ]
        events = latest(store, account, most=_LATEST)
        given = desk_of(request).given(account)
    return render(request, "desk.html", queues=queues, told=told_of(events, standing(events)), given=given)


@router.get("/keys", dependencies=[Depends(signed_in)])
def keys(request: Request) -> Response:
    """All keys, on a page of their own."""
    return render(request, "keys.html")


@router.post("/language")
def speak(request: Request, account: SignedIn, form: Fields) -> Response:
    """Another language for this account."""
    language = str(form.get("language", ""))
    if language not in LANGUAGES:
        raise RefusedError(400, "error.unknown_language")
    request.app.state.accounts.speak(account.name, language)
    return RedirectResponse(f"{request.app.state.settings.prefix}/", status_code=303)
