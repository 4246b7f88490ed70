"""One's own account: what is known of it, its password, its sessions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from grandrounds.review.people.accounts import Account, Accounts
from grandrounds.review.people.attempts import Attempts
from grandrounds.review.people.passwords import fault_in_password
from grandrounds.review.web.context import render, words_of
from grandrounds.review.web.cookies import address_of, signed_in_as
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.forms import Form, form
from grandrounds.review.web.guard import signed_in

router = APIRouter()
Me = Annotated[Account, Depends(signed_in)]


@router.get("/account")
def show(request: Request, account: Me) -> Response:
    """What is known of this account, and what its owner may change."""
    return _page(request, account)


@router.post("/account/password")
def change_password(request: Request, account: Me, given: Annotated[Form, Depends(form)]) -> Response:
    """Another password, for whoever knows the present one. Every other session ends; this one goes on with
    a new token."""
    accounts: Accounts = request.app.state.accounts
    attempts: Attempts = request.app.state.attempts
    if attempts.begin(account.name, address_of(request)) is not None:
        raise RefusedError(429, "own.too_often", wait=60)
    if accounts.check(account.name, given.text("now", most=1000)) is None:
        return _page(request, account, fault=words_of(request)("own.wrong"))
    attempts.succeeded(account.name, address_of(request))
    wanted = given.text("password", most=1000)
    key = fault_in_password(wanted, name=account.name)
    if key is None and wanted != given.text("again", most=1000):
        key = "password.differs"
    if key:
        return _page(request, account, fault=words_of(request)(key))
    accounts.set_password(account.name, wanted)
    return signed_in_as(account, request, to="/account")


def _page(request: Request, account: Account, *, fault: str = "") -> Response:
    return render(
        request,
        "own.html",
        status=422 if fault else 200,
        fault=fault,
        sessions=request.app.state.sessions.count(account.name),
    )
