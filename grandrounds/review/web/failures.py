"""What somebody sees when something fails: a page in their language, a short reference, what to do.

The log gets the reference and where in the code it happened. It gets no message of a foreign error: that
may quote what somebody typed, or an item.
"""

from __future__ import annotations

import logging
import secrets
import traceback

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from grandrounds.errors import GrandRoundsError, ReviewError
from grandrounds.review.database import DatabaseError
from grandrounds.review.web.context import render, words_of
from grandrounds.review.web.errors import RefusedError

_log = logging.getLogger("grandrounds.review.web")
_KEYS = {404: "error.not_found", 405: "error.method", 400: "error.unreadable", 422: "error.unreadable"}


def answer_to(request: Request, error: Exception) -> Response:
    """The answer to a request that failed with ``error``."""
    if isinstance(error, RefusedError):
        return _refused(request, error)
    if isinstance(error, HTTPException):
        key = _KEYS.get(error.status_code, "error.unreadable")
        answer = _page(request, error.status_code, words_of(request)(key))
        if error.status_code == 405 and error.headers:
            answer.headers.update({"allow": dict(error.headers).get("Allow", "")})
        return answer
    if isinstance(error, DatabaseError):
        return _page(request, 503, words_of(request)("error.busy"), reference=_logged(request, error))
    if isinstance(error, ReviewError):  # said by the review's own rules, for people
        return _page(request, 409, f"{error.what} {error.remedy}".strip())
    return _page(request, 500, words_of(request)("error.unforeseen"), reference=_logged(request, error))


def _refused(request: Request, error: RefusedError) -> Response:
    bare = "hx-request" in request.headers or _wants_json(request)
    if error.to and not bare and request.method in {"GET", "HEAD"}:
        return RedirectResponse(f"{request.scope.get('root_path', '')}{error.to}", status_code=303)
    answer = _page(request, error.status_code, words_of(request)(error.key, **error.values))
    if error.wait:
        answer.headers["retry-after"] = str(error.wait)
    return answer


def _page(request: Request, status: int, words: str, *, reference: str = "") -> Response:
    if _wants_json(request):
        return JSONResponse({"error": words, "reference": reference}, status_code=status)
    try:
        return render(request, "error.html", status=status, words=words, reference=reference)
    except Exception as exc:  # noqa: BLE001 - a fault in the page's own frame must not end untold
        again = _logged(request, exc)
        return PlainTextResponse(f"{words} {reference or again}", status_code=status)


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _logged(request: Request, error: Exception) -> str:
    reference = secrets.token_hex(4)
    route = request.scope.get("route")
    said = error.what if isinstance(error, GrandRoundsError) else ""
    _log.error(
        "reference %s: %s %s: %s %s\n%s",
        reference,
        request.method if request.method.isalpha() else "?",
        getattr(route, "path", "(no route)"),
        type(error).__name__,
        said,
        "\n".join(_places(error)),
    )
    return reference


def _places(error: BaseException) -> list[str]:
    """Where it happened, and where what caused it did: files, lines and names, never values."""
    found: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(found) < 60:
        frames = traceback.extract_tb(seen.__traceback__)[-12:]
        found += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        seen = seen.__cause__ or seen.__context__
        if seen is not None:
            found.append(f"  because of {type(seen).__name__}")
    return found
