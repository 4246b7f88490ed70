"""Who a request comes from, and how much it may send: looked at before any page."""

from __future__ import annotations

import asyncio
import re
import secrets

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grandrounds.review.people.roles import MANAGE
from grandrounds.review.people.sessions import Session, Sessions
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.settings import WebSettings

MOST_BODY = 1024 * 1024
"""Bytes of a request. The largest honest one is an edited item."""
MOST_FILE = 64 * 1024 * 1024
"""Bytes of a request by somebody who manages the review: a file of decisions made elsewhere."""
_PATIENCE, _FILE_PATIENCE = 60.0, 600.0  # seconds for a whole body
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,80}")


class Known:
    """Sets ``request.state.session`` (or none) and ``request.state.before`` (the token of forms that are
    sent without a session); refuses bodies that are too large, while they come, or too slow."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions, settings: WebSettings) -> None:
        self._app = app
        self._sessions = sessions
        self._cookie = settings.cookie
        self._before = settings.cookie_named("grandrounds-before")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope)
        session = await self._session(request)
        before = request.cookies.get(self._before, "")
        request.state.session = session
        request.state.before = before if _TOKEN.fullmatch(before) else secrets.token_urlsafe(32)
        manages = session is not None and session.account.may(MANAGE)
        limit, patience = (MOST_FILE, _FILE_PATIENCE) if manages else (MOST_BODY, _PATIENCE)
        length = request.headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > limit:
            raise RefusedError(413, "error.too_large")
        await self._app(scope, _limited(receive, limit=limit, patience=patience), send)

    async def _session(self, request: Request) -> Session | None:
        token = request.cookies.get(self._cookie, "")
        if not _TOKEN.fullmatch(token):
            return None
        return await run_in_threadpool(self._sessions.find, token)


def _limited(receive: Receive, *, limit: int, patience: float) -> Receive:
    taken, more = 0, True
    until: float | None = None

    async def bounded() -> Message:
        nonlocal taken, more, until
        if not more:  # all of it is here; what comes now is only that the browser has gone
            return await receive()
        clock = asyncio.get_running_loop().time
        until = until or clock() + patience
        try:
            message = await asyncio.wait_for(receive(), until - clock())
        except TimeoutError:
            raise RefusedError(408, "error.too_slow") from None
        taken += len(message.get("body", b""))
        more = bool(message.get("more_body", False))
        if taken > limit:
            raise RefusedError(413, "error.too_large")
        return message

    return bounded
