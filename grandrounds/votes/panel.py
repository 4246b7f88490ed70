"""The panel: every model is asked every question, one model after another, as a stream.

A model that can't be asked (wrong key, nothing listening) has votes with the status ``failed``, and the
others still count. When none of them gave one answer, the run stops. It also stops, after the others were
asked, when the budget of a model is spent: what was answered is in the ledger, and the next run goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice

from grandrounds.errors import ModelError
from grandrounds.llm.answering import Answering, Progress
from grandrounds.llm.budget import BudgetReached
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.telling import note
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


def ask_panel(
    candidates: Iterable[Candidate],
    *,
    recipe: Recipe,
    voters: Sequence[AbstractContextManager[Voter]],
    on_progress: Told | None = None,
) -> Iterator[PanelVote]:
    """One vote for each model, candidate, view and repeat, whatever became of it (``status``).

    ``candidates`` are read once for each voter and once for counting. Each of ``voters`` is opened when
    its turn comes and closed after it. Few requests and votes are in memory at a time. Raises
    ``ModelError`` when a model could not be asked and no other gave an answer, ``BudgetReached`` when one
    may not be asked any more.
    """
    panel = panel_of(recipe)
    each = count_asks(candidates, panel)
    failures: list[ModelError] = []
    counted = 0
    for position, opening in enumerate(voters):
        told = _told(on_progress, before=position * each, total=len(voters) * each)
        with opening as voter:
            for vote in _votes(voter, candidates, panel=panel, each=each, told=told, failures=failures):
                counted += vote.counts
                yield vote
    spent = [failure for failure in failures if isinstance(failure, BudgetReached)]
    if spent or (failures and not counted):
        raise [*spent, *failures][0]


def _votes(
    voter: Voter,
    candidates: Iterable[Candidate],
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
    except ModelError as exc:  # a budget that is spent ends the answers too, but leaves none out
        failures.append(exc)
        for ask in islice(planned(), done, None):
            yield missing_vote(ask, model=voter.name, reason=exc.what)


def _told(report: Told | None, *, before: int, total: int) -> Callable[[Progress], None] | None:
    if report is None:
        return None

    def tell(progress: Progress) -> None:
        report(before + progress.done, total)
        note(report, progress)

    return tell
