"""The review store: which contents are asked, and what reviewers decided, in a database of its own.

Nothing is ever deleted. A content that is asked no more is marked, its events stay; an event is
never changed, which the database itself holds (see ``migrations``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

from sqlalchemy import Connection, insert, select, update

from grandrounds.errors import ReviewError
from grandrounds.needed_readers import UNKNOWN_SPLIT
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ReviewEvent
from grandrounds.review import tables
from grandrounds.review.database import Database
from grandrounds.review.filling import EnqueueResult, Plan, checked
from grandrounds.review.intake import AppendResult, Guard, Intake, Refusal
from grandrounds.review.rows import (
    QueueEntry,
    entry_from_row,
    event_from_row,
    policy_from_json,
    policy_to_json,
)
from grandrounds.review.tables import OPEN

__all__ = [
    "AppendResult",
    "EnqueueResult",
    "Guard",
    "QueueEntry",
    "Refusal",
    "ReviewStore",
    "Snapshot",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is asked for one recipe, and every event about it, at one moment."""

    entries: tuple[QueueEntry, ...]
    events: tuple[ReviewEvent, ...]


class ReviewStore:
    """The review database at ``url``; opened, and brought to this version, at once.

    Raises ``ReviewError`` when it can't be used and ``MissingDependencyError`` without its driver.
    ``wait_seconds`` says how long to wait for another program that is writing.
    """

    def __init__(self, url: str, *, wait_seconds: float = 30.0) -> None:
        self._database = Database(url, wait_seconds=wait_seconds)
        self.shown = self._database.shown

    def __enter__(self) -> ReviewStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back. The store may be used again afterwards."""
        self._database.close()

    @property
    def database(self) -> Database:
        """The database itself, for what stands beside queue and events in it."""
        return self._database

    def recipes(self) -> list[str]:
        """The recipes that ever had a queue, by name."""
        with self._database.reading() as connection:
            return list(connection.scalars(select(tables.recipes.c.name).order_by(tables.recipes.c.name)))

    def policy(self, recipe: str) -> Review | None:
        """The review policy that came with the queue; ``None`` when none did."""
        with self._database.reading() as connection:
            found = connection.scalar(
                select(tables.recipes.c.policy).where(tables.recipes.c.name == recipe)
            )
        return None if found is None else policy_from_json(found)

    # The queue ----------------------------------------------------------------------------------

    def enqueue(
        self,
        recipe: str,
        candidates: Iterable[Candidate],
        *,
        run_id: str = "",
        policy: Review | None = None,
        splits: Mapping[str, str] | None = None,
    ) -> EnqueueResult:
        """Make ``candidates`` what is asked for ``recipe``: all of it lands, or nothing.

        Idempotent. A candidate whose content changed is asked again (decisions about the old
        content stay and don't count); one that is no longer among ``candidates`` is withdrawn; a
        content that comes back finds its decisions again. ``policy`` is kept for those who have
        no recipe at hand; ``None`` leaves the one that is there. ``splits`` are by group id, for
        policies that sample by split; a group that is not among them counts as test.
        """
        wanted = checked(recipe, candidates)
        with self._database.writing() as connection:
            _keep_recipe(connection, recipe, policy)
            plan = Plan(connection, recipe=recipe, run_id=run_id)
            for candidate in wanted:
                plan.ask(candidate, split=(splits or {}).get(candidate.group_id, UNKNOWN_SPLIT))
            plan.withdraw_the_rest()
            return plan.carry_out()

    def snapshot(self, recipe: str) -> Snapshot:
        """What is asked for ``recipe`` and all its events, as they were at one moment."""
        with self._database.reading() as connection:
            return Snapshot(
                entries=tuple(_entries(connection, recipe, states=(OPEN,))),
                events=tuple(_events(connection, recipe)),
            )

    def queue(self, recipe: str, *, states: Sequence[str] = (OPEN,)) -> list[QueueEntry]:
        """The entries of ``recipe`` in order of arrival; only those that are asked, unless told."""
        with self._database.reading() as connection:
            return _entries(connection, recipe, states=states)

    def events(self, recipe: str | None = None) -> list[ReviewEvent]:
        """All events, or those of one recipe, in the order they were stored."""
        with self._database.reading() as connection:
            return _events(connection, recipe)

    # The events ---------------------------------------------------------------------------------

    def append(
        self,
        events: Iterable[ReviewEvent],
        *,
        guard: Guard | None = None,
        keep_going: bool = False,
    ) -> AppendResult:
        """Store ``events``; when this returns, they are on the disk.

        Idempotent by ``event_id``. An event that is not sound, is about a content that was never
        asked, carries edits that would break the item, or that ``guard`` objects to, is refused:
        with ``keep_going`` it is reported and the others are stored, without it nothing is stored
        and ``ReviewError`` says why.
        """
        given = list(events)
        if not given:
            return AppendResult(added=0, known=0)
        with self._database.writing() as connection:
            desk = Intake(connection, given, guard=guard)
            for event in given:
                desk.take(event)
            if desk.refused and not keep_going:
                first = desk.refused[0]
                raise ReviewError(
                    f"Review event {first.event.event_id[:200]!r} on item {first.event.item_id[:200]!r}: "
                    f"{first.reason}",
                    remedy=f"None of the {len(given)} events was stored.",
                )
            return desk.carry_out()


def _entries(connection: Connection, recipe: str, *, states: Sequence[str]) -> list[QueueEntry]:
    queue = tables.queue.c
    statement = (
        select(tables.queue)
        .where(queue.recipe == recipe, queue.state.in_(states))
        .order_by(queue.position, queue.item_id, queue.content_sha256)
    )
    return [entry_from_row(row) for row in connection.execute(statement)]


def _events(connection: Connection, recipe: str | None) -> list[ReviewEvent]:
    statement = select(tables.events).order_by(tables.events.c.sequence)
    if recipe is not None:
        statement = statement.where(tables.events.c.recipe == recipe)
    return [event_from_row(row) for row in connection.execute(statement)]


def _keep_recipe(connection: Connection, recipe: str, policy: Review | None) -> None:
    text = None if policy is None else policy_to_json(policy)
    known = connection.execute(select(tables.recipes).where(tables.recipes.c.name == recipe)).one_or_none()
    if known is None:
        connection.execute(insert(tables.recipes).values(name=recipe, policy=text))
    elif text is not None and known.policy != text:
        connection.execute(
            update(tables.recipes).where(tables.recipes.c.name == recipe).values(policy=text)
        )
        # Another policy may want another number of readers, in another order.
        connection.execute(
            update(tables.queue).where(tables.queue.c.recipe == recipe).values(wanted=None, free=None)
        )
