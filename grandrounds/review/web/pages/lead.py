"""The lead's page: figures about each recipe's review, and gold items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from grandrounds.review.desk.disputes import versions
from grandrounds.review.desk.gold import Gold
from grandrounds.review.figures.board import Boards
from grandrounds.review.people.accounts import Account
from grandrounds.review.people.roles import MANAGE, WATCH
from grandrounds.review.policy import Outcome
from grandrounds.review.web.context import render, words_of
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.forms import Form, form
from grandrounds.review.web.guard import needs
from grandrounds.review.web.reading import store_of
from grandrounds.review.web.views.adjudication_view import compared
from grandrounds.review.web.views.desk_view import titled
from grandrounds.review.web.views.lead_view import sections

router = APIRouter(prefix="/lead")
Watcher = Annotated[Account, Depends(needs(WATCH))]
Lead = Annotated[Account, Depends(needs(MANAGE))]
Given = Annotated[Form, Depends(form)]
_SUGGESTED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What the table of versions asks of an item's view."""

    language: str


def boards_of(request: Request) -> Boards:
    """The server's boards, made when first needed."""
    state = request.app.state
    if getattr(state, "boards", None) is None:
        state.boards = Boards(store_of(request), state.lake)
    found: Boards = state.boards
    return found


@router.get("")
def recipes(request: Request, _watcher: Watcher) -> Response:
    """Every recipe with a queue."""
    return render(
        request,
        "lead_recipes.html",
        recipes=[(name, titled(name)) for name in store_of(request).recipes()],
    )


@router.get("/{recipe}")
def board(request: Request, recipe: str, account: Watcher) -> Response:
    """All figures of a recipe."""
    _known(request, recipe)
    found = boards_of(request).board(recipe, now=datetime.now(UTC))
    suggested = []
    if account.may(MANAGE):
        gold = {item.item_id for item in Gold(store_of(request)).of(recipe)}
        suggested = [
            ruling.candidate
            for ruling in boards_of(request).ruled(recipe, now=datetime.now(UTC))
            if ruling.candidate_id not in gold
            and (ruling.adjudicated or len(ruling.readers) > 1)
            and ruling.outcome in {Outcome.ACCEPTED, Outcome.REJECTED}
        ]
    return render(
        request,
        "lead.html",
        recipe=recipe,
        title=titled(recipe),
        board=found,
        sections=sections(found, words_of(request)),
        run=_run(request, found.run_id),
        suggested=[(one.item_id, one.question) for one in suggested[:_SUGGESTED]],
    )


@router.get("/{recipe}/items/{item_id}")
def item(request: Request, recipe: str, item_id: str, _lead: Lead) -> Response:
    """An item with what was decided on it, to mark it as gold."""
    _known(request, recipe)
    rulings = boards_of(request).ruled(recipe, now=datetime.now(UTC))
    ruling = next((ruling for ruling in rulings if ruling.candidate_id == item_id), None)
    if ruling is None:
        raise RefusedError(404, "error.not_found")
    entries = store_of(request).queue(recipe)
    asked = next(entry.candidate for entry in entries if entry.item_id == item_id)
    gold = next((one for one in Gold(store_of(request)).of(recipe) if one.item_id == item_id), None)
    return render(
        request,
        "lead_item.html",
        recipe=recipe,
        title=titled(recipe),
        item=asked,
        outcome=ruling.outcome.value,
        compared=compared(asked, ruling.decisions),
        gold=gold,
        view=_Shown(language=asked.language),
        by=versions(ruling.decisions),
    )


@router.post("/{recipe}/gold")
def mark(request: Request, recipe: str, lead: Lead, given: Given) -> Response:
    """Make an item gold."""
    item_id = given.text("item").strip()
    Gold(store_of(request)).mark(
        lead,
        recipe=recipe,
        item_id=item_id,
        decision=given.text("decision"),
        words=given.text("words", most=1000),
    )
    return _back(request, recipe, item_id)


@router.post("/{recipe}/gold/{item_id}/unmark")
def unmark(request: Request, recipe: str, item_id: str, _lead: Lead) -> Response:
    """Make a gold item an ordinary one again."""
    Gold(store_of(request)).unmark(recipe=recipe, item_id=item_id)
    return _back(request, recipe, item_id)


def _known(request: Request, recipe: str) -> None:
    if recipe not in store_of(request).recipes():
        raise RefusedError(404, "error.no_recipe")


def _back(request: Request, recipe: str, item_id: str) -> Response:
    prefix = request.app.state.settings.prefix
    return RedirectResponse(
        f"{prefix}/lead/{quote(recipe, safe='')}/items/{quote(item_id, safe='')}", status_code=303
    )


def _run(request: Request, run_id: str) -> str:
    """Where the run that filled the queue is looked at; empty for nowhere."""
    base: str = request.app.state.settings.dagster_url
    if not run_id or urlsplit(base).scheme not in {"http", "https"}:
        return ""
    return f"{base.rstrip('/')}/runs/{quote(run_id, safe='')}"
