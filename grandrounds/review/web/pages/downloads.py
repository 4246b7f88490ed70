"""Every table of the lead's page as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from grandrounds.review.people.accounts import Account
from grandrounds.review.people.roles import WATCH
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.guard import needs
from grandrounds.review.web.pages.lead import boards_of
from grandrounds.review.web.reading import store_of

router = APIRouter(prefix="/lead")


@router.get("/{recipe}/tables/{name}.{kind}")
def table(
    request: Request,
    recipe: str,
    name: str,
    kind: Literal["csv", "json"],
    _watcher: Annotated[Account, Depends(needs(WATCH))],
) -> Response:
    """A table as CSV (safe to open in a spreadsheet) or JSON."""
    if recipe not in store_of(request).recipes():
        raise RefusedError(404, "error.no_recipe")
    found = boards_of(request).board(recipe, now=datetime.now(UTC)).tables.get(name)
    if found is None:
        raise RefusedError(404, "error.not_found")
    text = found.as_csv() if kind == "csv" else found.as_json()
    return Response(
        text.encode("utf-8"),
        media_type="text/csv; charset=utf-8" if kind == "csv" else "application/json",
        headers={
            "content-disposition": f'attachment; filename="{_plain(recipe)}-{_plain(name)}.{kind}"',
            "x-content-type-options": "nosniff",
        },
    )


def _plain(name: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in name)
