"""The panel: every model is asked every question, one model after another, as a stream.

A model that can't be asked (wrong key, nothing listening, its budget spent) has votes with the status
``failed``, and the others still count. When none of them gave one answer, the run stops.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice

from grandrounds.errors import ModelError, RecipeError
from grandrounds.llm.answering import Answering, Progress
from grandrounds.llm.request import ModelRequest
from grandrounds.recipe import Panel, Recipe
from grandrounds.records.envelope import Candidate
from grandrounds.records.vote import PanelVote
from grandrounds.streams import Counted
from grandrounds.votes.asking import Ask, asks, count_asks, panel_of
from grandrounds.votes.reading import missing_vote, read_vote

Told = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """A model of the panel: its ``name`` in votes, what answers for it, and its ``version`` where the
    server doesn't say one. ``client.model`` is its name on the wire."""

    name: str
    client: Answering
    version: str = ""


OpenVoter = Callable[[str], AbstractContextManager[Voter]]


def ask_panel(
    candidates: Sequence[Candidate],
    *,
    recipe: Recipe,
    open_voter: OpenVoter,
    on_progress: Told | None = None,
) -> Iterator[PanelVote]:
    """One vote for each model, candidate, view and repeat, whatever became of it (``status``).

    ``open_voter`` gives the model of a name ("" for the default one) and closes it afterwards. Few
    requests and votes are in memory at a time. Raises ``ModelError`` when no model gave any answer and
    one could not be asked at all, ``RecipeError`` when two names are one model.
    """
    panel = panel_of(recipe)
    names = panel.models or ("",)
    each = count_asks(candidates, panel)
    seen: dict[str, str] = {}
    failures: list[ModelError] = []
    counted = 0
    for position, name in enumerate(names):
        told = _told(on_progress, before=position * each, total=len(names) * each)
        with open_voter(name) as voter:
            _refuse_twice(voter, seen)
            for vote in _votes(voter, candidates, panel=panel, each=each, told=told, failures=failures):
                counted += vote.counts
                yield vote
    if failures and not counted:
        raise failures[0]


def _votes(
    voter: Voter,
    candidates: Sequence[Candidate],
    *,
    panel: Panel,
    each: int,
    told: Callable[[Progress], None] | None,
    failures: list[ModelError],
) -> Iterator[PanelVote]:
    """The votes of one model; those it could not be asked for are ``failed``."""
    asked: deque[Ask] = deque()

    def planned() -> Iterator[Ask]:
        return asks(candidates, panel=panel, model=voter.client.model)

    def requests() -> Iterator[ModelRequest]:
        for ask in planned():
            asked.append(ask)  # before the client has it, so it is there when the answer comes
            yield ask.request

    done = 0
    try:
        for _, answer in voter.client.answers(Counted(requests, each), on_progress=told):
            ask = asked.popleft()
            done += 1
            yield read_vote(ask, answer, model=voter.name, version=voter.version)
    except ModelError as exc:
        failures.append(exc)
        for ask in islice(planned(), done, None):
            yield missing_vote(ask, model=voter.name, reason=exc.what)


def _refuse_twice(voter: Voter, seen: dict[str, str]) -> None:
    other = seen.setdefault(voter.client.model, voter.name)
    if other != voter.name:
        raise RecipeError(
            f"{other!r} and {voter.name!r} are one model ({voter.client.model}) by two names: its answers "
            "would count twice.",
            remedy="Leave one of them out of `panel.models`.",
        )


def _told(report: Told | None, *, before: int, total: int) -> Callable[[Progress], None] | None:
    if report is None:
        return None

    def tell(progress: Progress) -> None:
        report(before + progress.done, total)

    return tell
