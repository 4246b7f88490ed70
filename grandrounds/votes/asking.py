"""What a panel is asked: one request for each item, model, repeat and view.

With the evidence a model sees what the solver sees: stem, question, pictures, options. Blind, it sees
the question and its options, or (``withheld: media``) all but the pictures. With one frame it sees all
but the other frames (``one_frame``). What would be the same question twice is not asked: an open question
without its case, an item without pictures whose pictures are withheld, one frame of an item that has no
other.

The options are turned: each repeat begins with another one, from a start that item and model decide. A
model that always answers "A" is then right once in as many repeats as there are options.

What tells one repeat from another stands in the request itself, so the ledger keeps each apart. The first
repeat says nothing of it, and none says how many there are: asking more later pays for the new ones only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from grandrounds.authoring.prompts import Prompt, load_prompt
from grandrounds.errors import RecipeError
from grandrounds.fingerprint import unit_interval
from grandrounds.llm.request import MEDIA_TYPES, MediaPart, Message, ModelRequest
from grandrounds.recipe import Panel, Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.statistics.bias import letter
from grandrounds.votes.one_frame import frames_of, one_frame_of

TASK, CHOICE, OPEN = "vote", "choice", "open"
_IMAGE = "image"
_SYSTEM = (
    "You are a clinician who sits an examination of diagnostic reasoning. Answer with one JSON object and "
    "nothing else."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How much of an item a model sees: all of it, all but the evidence, or all but one frame."""

    blind: bool = False
    one_frame: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question to one model: what is asked, of which item, and how it was put.

    ``shown`` are the options in the order that the model sees; empty for an open question.
    """

    candidate: Candidate
    blind: bool
    one_frame: bool = False
    n: int
    shown: tuple[str, ...]
    request: ModelRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pictures:
    """What goes with a question: its pictures, what frames among them are called, and which is alone."""

    parts: tuple[MediaPart, ...] = ()
    labels: tuple[str, ...] = ()
    one_frame: str = ""
    hidden: int = 0


def panel_of(recipe: Recipe) -> Panel:
    """The panel of ``recipe``. Raises ``RecipeError`` when it has none."""
    if recipe.panel is None:
        raise RecipeError(
            f"Recipe {recipe.name!r} asks no panel of models.", remedy="Give it `panel: {models: [...]}`."
        )
    return recipe.panel


def asks(candidates: Iterable[Candidate], *, panel: Panel, model: str) -> Iterator[Ask]:
    """Every question that ``model`` (its name on the wire) is asked, item by item."""
    for candidate in candidates:
        for view in views(candidate, panel):
            for n in range(1, panel.repeats + 1):
                yield _ask(candidate, panel=panel, model=model, view=view, n=n)


def vote_requests(candidates: Iterable[Candidate], *, recipe: Recipe, model: str) -> Iterator[ModelRequest]:
    """The requests of ``asks`` alone, for those who send them some other way (files, batches)."""
    return (ask.request for ask in asks(candidates, panel=panel_of(recipe), model=model))


def count_asks(candidates: Iterable[Candidate], panel: Panel) -> int:
    """How many questions each model of the panel is asked."""
    return sum(len(views(candidate, panel)) for candidate in candidates) * panel.repeats


def views(candidate: Candidate, panel: Panel) -> tuple[View, ...]:
    """How a candidate is asked: with its evidence, blind, with one frame of it; whichever there are."""
    found = []
    if panel.with_evidence:
        found.append(View())
    if panel.blind and _asks_something_else(candidate, panel):
        found.append(View(blind=True))
    if panel.one_frame and panel.pictures and one_frame_of(candidate) is not None:
        found.append(View(one_frame=True))
    return tuple(found)


def turned(options: Iterable[str], *, item_id: str, model: str, n: int) -> tuple[str, ...]:
    """The order in which ``model`` sees ``options`` in repeat ``n``, whatever order they come in.

    Each repeat begins with the next option, so in as many repeats as there are options each of them
    stands at each letter once.
    """
    order = sorted(options, key=lambda option: (unit_interval(item_id, model, option), option))
    start = (n - 1) % max(1, len(order))
    return (*order[start:], *order[:start])


def prompt_for(candidate: Candidate) -> Prompt:
    """The prompt of a candidate's kind of question."""
    return load_prompt(TASK, CHOICE if candidate.options else OPEN)


def _asks_something_else(candidate: Candidate, panel: Panel) -> bool:
    if panel.withheld == "media":
        return any(media.kind == _IMAGE for media in candidate.media)
    return bool(candidate.options)


def _ask(candidate: Candidate, *, panel: Panel, model: str, view: View, n: int) -> Ask:
    shown = turned(candidate.options, item_id=candidate.item_id, model=model, n=n)
    prompt = prompt_for(candidate)
    withheld = panel.withheld if view.blind else ""
    seen = _seen(candidate, panel, view)
    variables: dict[str, Any] = {
        "stem": "" if withheld == "case" else candidate.stem,
        "question": candidate.question,
        "withheld": withheld,
        "hidden": seen.hidden,
        "labels": list(seen.labels),
        "one_frame": seen.one_frame,
        "n": n,
    }
    if shown:
        variables["options"] = [
            {"letter": letter(place), "text": option} for place, option in enumerate(shown)
        ]
    text = prompt.render(variables)
    request = ModelRequest.of(
        messages=(
            Message(role="system", content=_SYSTEM),
            Message(role="user", content=text, media=seen.parts),
        ),
        schema_name=prompt.output.rsplit("/", 1)[-1],
        schema=_schema(prompt, len(shown)),
        model=model,
        temperature=panel.temperature,
        max_tokens=panel.max_tokens,
        prompt_name=prompt.name,
        prompt_version=prompt.version,
        prompt_sha256=prompt.sha256,
        protected=candidate.protected,
    )
    return Ask(
        candidate=candidate,
        blind=view.blind,
        one_frame=view.one_frame,
        n=n,
        shown=shown,
        request=request,
    )


def _seen(candidate: Candidate, panel: Panel, view: View) -> _Pictures:
    """The pictures of a view: those that a model can be shown, and how many it can't."""
    if view.blind or not panel.pictures:
        return _Pictures()
    alone = one_frame_of(candidate) if view.one_frame else None
    pictures = alone.media if alone else [m for m in candidate.media if m.kind == _IMAGE]
    shown = [media for media in pictures if media.mime in MEDIA_TYPES]
    told = frames_of(candidate) and len(shown) == len(pictures)
    return _Pictures(
        parts=tuple(MediaPart(sha256=media.sha256, media_type=media.mime) for media in shown),
        labels=tuple(media.label for media in shown) if told and len(shown) > 1 else (),
        one_frame=alone.label if alone else "",
        hidden=len(pictures) - len(shown),
    )


@cache
def _schema(prompt: Prompt, options: int) -> dict[str, Any]:
    """The answer's schema, its letters those of the options. Shared: don't change it."""
    schema = prompt.schema
    if options:
        schema["properties"]["letter"]["enum"] = [letter(place) for place in range(options)]
    return schema
