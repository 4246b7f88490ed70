"""Who sits on a panel: the names of a recipe, found in the models file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from grandrounds.errors import RecipeError
from grandrounds.lake import Lake
from grandrounds.recipe import Recipe
from grandrounds.settings import Settings
from grandrounds.votes.asking import panel_of
from grandrounds.votes.panel import Voter


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A model of a panel: its ``name`` in the models file, on the wire, and the ``version`` given there."""

    name: str
    wire: str
    version: str


def seats(recipe: Recipe, settings: Settings) -> tuple[Seat, ...]:
    """The panel of ``recipe``, in its order. Nothing is opened.

    Raises ``RecipeError`` for a model that nobody configured, or one that has two seats.
    """
    found = tuple(_seat(recipe, settings, name) for name in panel_of(recipe).models or ("",))
    first: dict[str, str] = {}
    for seat in found:
        if first.setdefault(seat.wire, seat.name) != seat.name:
            raise RecipeError(
                f"Recipe {recipe.name!r}: {first[seat.wire]!r} and {seat.name!r} are one model "
                f"({seat.wire}) by two names: its answers would count twice.",
                remedy="Leave one of them out of `panel.models`.",
            )
    return found


@contextmanager
def seated(seat: Seat, *, settings: Settings, recipe: Recipe, lake: Lake) -> Iterator[Voter]:
    """The model of ``seat``, ready to answer; its ledger is closed afterwards."""
    from grandrounds.llm.models import client_for

    with client_for(settings, seat.name, concurrency=recipe.concurrency, lake=lake) as client:
        yield Voter(name=seat.name, client=client, version=seat.version)


def _seat(recipe: Recipe, settings: Settings, name: str) -> Seat:
    from grandrounds.llm.models import load_models

    known = load_models(settings)
    wanted = name or settings.llm_model.value
    if not wanted:
        raise RecipeError(
            f"Recipe {recipe.name!r} asks a panel of models, but no model is configured.",
            remedy="Set GRANDROUNDS_LLM_BASE_URL and GRANDROUNDS_LLM_MODEL, or name models of the models "
            "file in `panel.models`.",
        )
    entry = known.get(wanted)
    if entry is None:
        raise RecipeError(
            f"Recipe {recipe.name!r} asks the model {wanted!r}, which nobody configured.",
            remedy=f"Known models: {', '.join(sorted(known)) or 'none'}. GRANDROUNDS_MODELS names the "
            "file that lists them.",
        )
    return Seat(name=entry.name, wire=entry.model, version=entry.version or "")
