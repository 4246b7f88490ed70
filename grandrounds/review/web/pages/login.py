"""Signing in and out."""

from __future__ import annotations

from math import ceil
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from grandrounds.review.people.accounts import Account
from grandrounds.review.people.attempts import Attempts
from grandrounds.review.web.context import render, session_of
from grandrounds.review.web.cookies import address_of, place, signed_in_as, signed_out, with_form_token
from grandrounds.review.web.forms import Form, form
from grandrounds.review.web.guard import signed_in
from grandrounds.review.web.settings import WebSettings

router = APIRouter()


@router.get("/login")
def show(request: Request, after: str = "") -> Response:
    """The form; who is signed in already goes on."""
    if session_of(request) is not None:
        return RedirectResponse(f"{request.app.state.settings.prefix}{place(after)}", status_code=303)
    return _form(request, after=after)


@router.post("/login")
def sign_in(request: Request, given: Annotated[Form, Depends(form)]) -> Response:
    """A session for whoever gives the right password, unless too many were tried."""
    name, after = given.text("name", most=64).strip(), given.text("after", most=500)
    attempts: Attempts = request.app.state.attempts
    wait = attempts.begin(name, address_of(request))
    if wait is not None:
        answer = _form(request, after=after, minutes=ceil(wait.total_seconds() / 60), status=429)
        answer.headers["retry-after"] = str(ceil(wait.total_seconds()))
        return answer
    account: Account | None = request.app.state.accounts.check(name, given.text("password", most=1000))
    if account is None:
        return _form(request, after=after, wrong=True, status=401)
    attempts.succeeded(name, address_of(request))
    return signed_in_as(account, request, to=after)


@router.post("/logout")
def sign_out(request: Request) -> Response:
    """End this session."""
    settings: WebSettings = request.app.state.settings
    request.app.state.sessions.close(request.cookies.get(settings.cookie, ""))
    return signed_out(request)


@router.post("/logout/everywhere")
def sign_out_everywhere(request: Request, account: Annotated[Account, Depends(signed_in)]) -> Response:
    """End every session of this account."""
    request.app.state.sessions.close_all(account.name)
    return signed_out(request)


def _form(
    request: Request, *, after: str = "", wrong: bool = False, minutes: int = 0, status: int = 200
) -> Response:
    settings: WebSettings = request.app.state.settings
    answer = render(
        request,
        "login.html",
        status=status,
        wrong=wrong,
        minutes=minutes,
        after=place(after),
        provider=settings.provider is not None,
    )
    return with_form_token(answer, request)
