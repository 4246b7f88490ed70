"""Where an invitation's link leads: choosing a name and a password, or a new password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from grandrounds.errors import ReviewError
from grandrounds.review.checks import fault_in_pseudonym
from grandrounds.review.people.invitations import Invitation, Invitations
from grandrounds.review.people.passwords import fault_in_password
from grandrounds.review.web.context import render, words_of
from grandrounds.review.web.cookies import signed_in_as, with_form_token
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.forms import Form, form

router = APIRouter()


@router.get("/invitation/{token}")
def show(request: Request, token: str) -> Response:
    """The form. Looking uses nothing up."""
    return _form(request, _found(request, token))


@router.post("/invitation/{token}")
def take(request: Request, token: str, given: Annotated[Form, Depends(form)]) -> Response:
    """Make the account, or change its password, and sign in."""
    found = _found(request, token)
    name = found.account or given.text("name", most=64).strip()
    password = given.text("password", most=1000)
    fault = _fault_in_name(request, found, name) or _fault_in_password(request, given, name)
    if fault:
        return _form(request, found, name=name, years=given.text("years"), fault=fault)
    invitations: Invitations = request.app.state.invitations
    if found.account:
        invitations.change_password(token, password=password)
        account = request.app.state.accounts.named(name)
    else:
        language = words_of(request).language
        years = given.number("years")
        try:
            account = invitations.accept(
                token, name=name, password=password, years=years, language=language
            )
        except ReviewError as exc:
            return _form(request, found, name=name, years=given.text("years"), fault=exc.what)
    return signed_in_as(account, request)


def _found(request: Request, token: str) -> Invitation:
    found: Invitation | None = request.app.state.invitations.find(token)
    if found is None:
        raise RefusedError(404, "invitation.gone")
    return found


def _fault_in_name(request: Request, found: Invitation, name: str) -> str:
    if not found.account and fault_in_pseudonym(name):
        return words_of(request)("invitation.pseudonym")
    return ""


def _fault_in_password(request: Request, given: Form, name: str) -> str:
    password = given.text("password", most=1000)
    key = fault_in_password(password, name=name)
    if key is None and password != given.text("again", most=1000):
        key = "password.differs"
    return words_of(request)(key) if key else ""


def _form(
    request: Request, found: Invitation, *, name: str = "", years: str = "", fault: str = ""
) -> Response:
    """The form; its address holds the token."""
    answer = render(
        request,
        "invitation.html",
        status=422 if fault else 200,
        invitation=found,
        token=request.path_params["token"],
        name=name,
        years=years,
        fault=fault,
        provider=request.app.state.settings.provider is not None and not found.account,
    )
    return with_form_token(answer, request)
