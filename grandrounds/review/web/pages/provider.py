"""Signing in by a login provider: only for those who have an account linked to it, or an invitation."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from grandrounds.errors import ReviewError
from grandrounds.review.checks import fault_in_pseudonym
from grandrounds.review.people.accounts import Account, Login
from grandrounds.review.people.oidc import Flow, ProviderError, new_seed
from grandrounds.review.web.context import render, words_of
from grandrounds.review.web.cookies import forget, place, signed_in_as
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.forms import Form, form
from grandrounds.review.web.settings import WebSettings

router = APIRouter()
_COOKIE = "grandrounds-going"
_SECONDS = 600  # at the provider
_log = logging.getLogger("grandrounds.review.web")


@router.get("/login/provider")
async def go(request: Request, after: str = "") -> Response:
    """To the provider. A link, not a form: the content policy keeps forms on this server."""
    return await _sent(request, after=place(after))


@router.post("/invitation/{token}/provider")
async def go_invited(request: Request, token: str, given: Annotated[Form, Depends(form)]) -> Response:
    """A page with a link to the provider, for somebody invited, who has chosen a name."""
    name = given.text("name", most=64).strip()
    found = await run_in_threadpool(request.app.state.invitations.find, token)
    if found is None or found.account:
        raise RefusedError(404, "invitation.gone")
    if fault_in_pseudonym(name):
        return render(
            request, "invitation.html", status=422, invitation=found, token=token, name=name,
            years=given.text("years"), fault=words_of(request)("invitation.pseudonym"), provider=True,
        )  # fmt: skip
    years = given.number("years")
    answer = render(request, "provider.html")
    _keep(answer, request, "|".join((new_seed(), "/", token, name, "" if years is None else str(years))))
    return answer


@router.get("/login/provider/invited")
async def go_on_invited(request: Request) -> Response:
    """To the provider, with the invitation that the cookie holds."""
    settings = _settings(request)
    kept = request.cookies.get(settings.cookie_named(_COOKIE), "").split("|")
    if len(kept) != 5:
        raise RefusedError(400, "login.provider_failed")
    return await _sent(request, kept=kept)


@router.get("/login/provider/back")
async def come_back(request: Request) -> Response:
    """Back from the provider."""
    settings = _settings(request)
    kept = request.cookies.get(settings.cookie_named(_COOKIE), "").split("|")
    seed, after, token, name, years = kept if len(kept) == 5 else ("", "/", "", "", "")
    try:
        login = await _flow(request).finish(seed, dict(request.query_params))
        answer = await run_in_threadpool(
            _let_in, request, login, after=after, token=token, name=name, years=years
        )
    except ProviderError as exc:
        _log.warning("login provider: %s", exc.what)
        answer = _failed(request, "login.provider_failed", status=400)
    forget(answer, settings, _COOKIE)
    return answer


def _let_in(request: Request, login: Login, *, after: str, token: str, name: str, years: str) -> Response:
    account: Account | None = request.app.state.accounts.with_login(login)
    if account is None and token:
        try:
            account = request.app.state.invitations.accept(
                token,
                name=name,
                login=login,
                years=int(years) if years.isascii() and years.isdigit() and len(years) < 4 else None,
                language=words_of(request).language,
            )
        except ReviewError as exc:
            return render(request, "error.html", status=409, words=str(exc), reference="")
    if account is None:
        return _failed(request, "login.provider_no", status=403)
    return signed_in_as(account, request, to=after)


async def _sent(request: Request, *, after: str = "/", kept: list[str] | None = None) -> Response:
    fields = kept or [new_seed(), after, "", "", ""]
    try:
        address = await _flow(request).start(fields[0])
    except ProviderError as exc:
        _log.warning("login provider: %s", exc.what)
        return _failed(request, "login.provider_failed", status=502)
    answer = RedirectResponse(address, status_code=303)
    _keep(answer, request, "|".join(fields))
    return answer


def _keep(answer: Response, request: Request, value: str) -> None:
    """In this browser alone, for the way there and back; Lax, as it comes back from another site."""
    settings = _settings(request)
    answer.set_cookie(
        settings.cookie_named(_COOKIE), value, max_age=_SECONDS, httponly=True, secure=settings.https,
        samesite="lax", path=settings.cookie_path,
    )  # fmt: skip


def _failed(request: Request, key: str, *, status: int) -> Response:
    return render(request, "error.html", status=status, words=words_of(request)(key), reference="")


def _flow(request: Request) -> Flow:
    settings = _settings(request)
    if settings.provider is None:
        raise RefusedError(404, "error.not_found")
    flow: Flow | None = getattr(request.app.state, "flow", None)
    if flow is None:
        flow = Flow(settings.provider, redirect=f"{settings.public}/login/provider/back")
        request.app.state.flow = flow
    return flow


def _settings(request: Request) -> WebSettings:
    found: WebSettings = request.app.state.settings
    return found
