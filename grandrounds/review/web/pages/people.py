"""People: who may sign in and as what, and links that invite. For leads."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from grandrounds.review.people.accounts import Account, Accounts
from grandrounds.review.people.invitations import Invitations
from grandrounds.review.people.roles import MANAGE, ROLES
from grandrounds.review.web.context import render
from grandrounds.review.web.forms import Form, form
from grandrounds.review.web.guard import needs
from grandrounds.review.web.settings import WebSettings

router = APIRouter()
Lead = Annotated[Account, Depends(needs(MANAGE))]
Given = Annotated[Form, Depends(form)]


@router.get("/people")
def show(request: Request, _lead: Lead) -> Response:
    """Every account, and the invitations that are open."""
    return _page(request)


@router.post("/people/invite")
def invite(request: Request, lead: Lead, given: Given) -> Response:
    """A link that makes an account. It is shown this once."""
    token = _invitations(request).invite(
        roles=given.texts("role"),
        specialties=_words(given),
        by=lead.name,
        lasts=timedelta(days=min(given.number("days") or 7, 30)),
    )
    return _page(request, link=_link(request, token), status=201)


@router.post("/people/invitations/{key}/take-back")
def take_back(request: Request, _lead: Lead, key: str) -> Response:
    """End an invitation that nobody has used."""
    _invitations(request).take_back(key)
    return _back(request)


@router.post("/people/{name}/rights")
def set_rights(request: Request, _lead: Lead, name: str, given: Given) -> Response:
    """Other roles and specialties. The person signs in anew."""
    _accounts(request).set_rights(name, roles=given.texts("role"), specialties=_words(given))
    return _back(request)


@router.post("/people/{name}/disable")
def disable(request: Request, _lead: Lead, name: str) -> Response:
    """Nobody signs in with this account any more, and who is signed in is out."""
    _accounts(request).disable(name)
    return _back(request)


@router.post("/people/{name}/enable")
def enable(request: Request, _lead: Lead, name: str) -> Response:
    """Let a disabled account in again."""
    _accounts(request).enable(name)
    return _back(request)


@router.post("/people/{name}/sign-out")
def sign_out(request: Request, _lead: Lead, name: str) -> Response:
    """End every session of an account."""
    request.app.state.sessions.close_all(_accounts(request).named(name).name)
    return _back(request)


@router.post("/people/{name}/new-password")
def new_password(request: Request, lead: Lead, name: str) -> Response:
    """A link by which somebody who forgot it chooses a new password. It is shown this once."""
    token = _invitations(request).new_password_for(name, by=lead.name)
    return _page(request, link=_link(request, token), link_for=name, status=201)


def _page(request: Request, *, link: str = "", link_for: str = "", status: int = 200) -> Response:
    return render(
        request,
        "people.html",
        status=status,
        people=_accounts(request).all(),
        invitations=_invitations(request).open(),
        roles=ROLES,
        link=link,
        link_for=link_for,
    )


def _back(request: Request) -> Response:
    return RedirectResponse(f"{request.app.state.settings.prefix}/people", status_code=303)


def _link(request: Request, token: str) -> str:
    settings: WebSettings = request.app.state.settings
    base = settings.public or f"{request.url.scheme}://{request.url.netloc}{settings.prefix}"
    return f"{base}/invitation/{token}"


def _words(given: Form) -> list[str]:
    return [
        word for word in (part.strip() for part in given.text("specialties", most=3000).split(",")) if word
    ]


def _accounts(request: Request) -> Accounts:
    found: Accounts = request.app.state.accounts
    return found


def _invitations(request: Request) -> Invitations:
    found: Invitations = request.app.state.invitations
    return found
