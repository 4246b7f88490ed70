"""Who asks: dependencies of routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request

from grandrounds.review.people.accounts import Account
from grandrounds.review.web.context import session_of
from grandrounds.review.web.errors import RefusedError


def signed_in(request: Request) -> Account:
    """The account of the session. Without one: to the login, and back here afterwards."""
    session = session_of(request)
    if session is None:
        prefix = request.scope.get("root_path", "")
        path = request.url.path.removeprefix(prefix)
        if request.url.query:
            path = f"{path}?{request.url.query}"
        raise RefusedError(401, "error.signed_out", to=f"/login?after={quote(path, safe='/')}")
    return session.account


def needs(what: str) -> Callable[[Request], Awaitable[Account]]:
    """A dependency that lets only those in whose roles allow ``what`` (see ``people.roles``)."""

    async def allowed(request: Request) -> Account:  # nothing in it waits: needs no thread of its own
        account = signed_in(request)
        if not account.may(what):
            raise RefusedError(403, "error.not_allowed")
        return account

    return allowed
