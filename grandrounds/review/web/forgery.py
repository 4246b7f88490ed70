"""No change that another site's page sends in a reader's name (cross-site request forgery)."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

from grandrounds.review.web.context import session_of
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.settings import WebSettings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def not_forged(request: Request) -> None:
    """Refuse a change that another site's page sends, or that doesn't carry the session's token, as the
    header ``X-CSRF-Token`` or the field ``csrf``."""
    if request.method in _SAFE:
        return
    settings: WebSettings = request.app.state.settings
    if not _from_here(request, settings):
        raise RefusedError(403, "error.forged")
    session = session_of(request)
    if session is not None:
        expected = session.csrf
    elif request.cookies.get(settings.cookie):
        raise RefusedError(401, "error.signed_out", to="/login")  # it was a session, and has ended
    else:
        expected = request.cookies.get(settings.cookie_named("grandrounds-before"), "")
    given = await _given(request)
    if not expected or not secrets.compare_digest(given.encode(), expected.encode()):
        raise RefusedError(403, "error.forged")


async def _given(request: Request) -> str:
    given = request.headers.get("x-csrf-token", "")
    if not given and request.headers.get("content-type", "").lower().startswith(_FORMS):
        field = (await request.form()).get("csrf", "")
        given = field if isinstance(field, str) else ""
    return given


def _from_here(request: Request, settings: WebSettings) -> bool:
    """Whether what the browser says of the sender's origin is this page's; old browsers say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    given, public = urlsplit(origin), urlsplit(settings.public)
    if settings.public and (given.scheme, given.netloc) == (public.scheme, public.netloc):
        return True
    return bool(given.netloc) and given.netloc.lower() == request.headers.get("host", "").lower()
