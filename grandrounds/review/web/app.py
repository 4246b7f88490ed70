"""The app: pages over one review database and one lake."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from grandrounds.errors import GrandRoundsError, SettingsError
from grandrounds.lake import Lake
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.people.attempts import Attempts
from grandrounds.review.people.invitations import Invitations
from grandrounds.review.people.passwords import warm_up
from grandrounds.review.people.sessions import Sessions
from grandrounds.review.store import ReviewStore
from grandrounds.review.web.context import HERE
from grandrounds.review.web.failures import answer_to
from grandrounds.review.web.forgery import not_forged
from grandrounds.review.web.known import Known
from grandrounds.review.web.security import Guarded
from grandrounds.review.web.settings import WebSettings

PAGES = (
    "item", "evidence", "desk", "login", "provider", "invitation", "own", "people",
    "adjudication", "lead", "downloads",
)  # fmt: skip
"""What is asked for most stands first: routes are tried in this order."""
_ROOM = "grandrounds.review.web.pages"


def create_app(store: ReviewStore, *, lake: Lake, settings: WebSettings | None = None) -> FastAPI:
    """The clinicians' page. ``app.state`` holds ``store``, ``lake``, ``settings``, ``accounts``,
    ``sessions``, ``invitations`` and ``attempts`` for the pages.

    Raises ``SettingsError`` for a prefix that is also a path of the page.
    """
    given = settings or WebSettings()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(not_forged)])
    app.router.redirect_slashes = False  # it would answer with the name that the browser said
    app.state.store, app.state.lake, app.state.settings = store, lake, given
    app.state.accounts = Accounts(store.database)
    app.state.sessions = Sessions(store.database)
    app.state.invitations = Invitations(store.database)
    app.state.attempts = Attempts(store.database)
    for kind in (GrandRoundsError, HTTPException):
        app.add_exception_handler(kind, answer_to)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_api_route("/health", _health)
    for router in _routers():
        _refuse_clash(given.prefix, router)
        app.include_router(router)
    app.mount("/static", _Static(directory=HERE / "static"), name="static")
    app.add_middleware(Known, sessions=app.state.sessions, settings=given)
    app.add_middleware(Guarded, settings=given)
    warm_up()
    return app


class _Static(StaticFiles):
    """The page's own files: kept by browsers, which ask each time whether they are still the same."""

    def file_response(self, *args: object, **more: object) -> Response:
        answer = super().file_response(*args, **more)  # type: ignore[arg-type]
        answer.headers["cache-control"] = "no-cache"
        return answer


def _routers() -> Iterator[APIRouter]:
    """The pages' routes, of those pages that this installation has."""
    for name in PAGES:
        if find_spec(f"{_ROOM}.{name}") is not None:
            yield import_module(f"{_ROOM}.{name}").router


def _refuse_clash(prefix: str, router: APIRouter) -> None:
    """Raise ``SettingsError`` when a path of the page begins like ``prefix``: then nobody could tell
    whether a proxy has taken the prefix off."""
    paths = [str(getattr(route, "path", "")) for route in router.routes]
    for path in (*paths, "/static", "/health"):
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            raise SettingsError(
                f"The prefix {prefix} is also a path of the page ({path}).", remedy="Take another prefix."
            )


async def _unreadable(request: Request, _error: Exception) -> Response:
    """A form that lacks a field or holds the wrong kind; what was sent is not repeated."""
    return answer_to(request, HTTPException(422))


def _health() -> Response:
    """For whatever watches the server."""
    return PlainTextResponse("ok")
