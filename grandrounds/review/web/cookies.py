"""Cookies: a session's, and the token of forms that are sent without a session."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from grandrounds.review.people.accounts import Account
from grandrounds.review.web.settings import WebSettings

# A path on this server, and nothing that a browser could take for another host.
_PLACE = re.compile(r"/(?![/\\])[A-Za-z0-9_\-./~%?&=+,:@]{0,500}")


def signed_in_as(account: Account, request: Request, *, to: str = "") -> Response:
    """Onwards with a new session; the token that was there before is worth nothing then."""
    settings: WebSettings = request.app.state.settings
    token = request.app.state.sessions.open(account, instead_of=request.cookies.get(settings.cookie))
    answer = RedirectResponse(f"{settings.prefix}{place(to)}", status_code=303)
    # Lax, not strict: a link to an item in a mail should find its reader signed in. Changes need more.
    answer.set_cookie(
        settings.cookie,
        token,
        httponly=True,
        secure=settings.https,
        samesite="lax",
        path=settings.cookie_path,
    )
    forget(answer, settings, "grandrounds-before")
    return answer


def signed_out(request: Request) -> Response:
    """To the login, without the session's cookie."""
    settings: WebSettings = request.app.state.settings
    answer = RedirectResponse(f"{settings.prefix}/login", status_code=303)
    _drop(answer, settings, settings.cookie)
    # Nothing of what was shown stays in this browser for whoever sits down next.
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer


def with_form_token(answer: Response, request: Request) -> Response:
    """``answer``, a page with a form that is sent without a session."""
    settings: WebSettings = request.app.state.settings
    answer.set_cookie(
        settings.cookie_named("grandrounds-before"),
        request.state.before,
        httponly=True,
        secure=settings.https,
        samesite="strict",
        path=settings.cookie_path,
    )
    if request.state.session is None and settings.cookie in request.cookies:
        _drop(answer, settings, settings.cookie)  # of a session that has ended
    return answer


def forget(answer: Response, settings: WebSettings, name: str) -> None:
    """Take the cookie ``name`` (without its prefix) away."""
    _drop(answer, settings, settings.cookie_named(name))


def place(wanted: str) -> str:
    """``wanted`` when it is a plain path on this server, else the start: a link to the login must not lead
    elsewhere afterwards."""
    return wanted if _PLACE.fullmatch(wanted) and ".." not in wanted else "/"


def address_of(request: Request) -> str:
    """Where a request comes from; the proxy's word counts only where it is believed (see ``serve``)."""
    return request.client.host if request.client else ""


def _drop(answer: Response, settings: WebSettings, cookie: str) -> None:
    answer.delete_cookie(
        cookie, path=settings.cookie_path, secure=settings.https, httponly=True, samesite="lax"
    )
