"""Taking events in: which are new, which are known, which are refused and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from grandrounds.errors import ReviewError
from grandrounds.records.review_event import ReviewEvent
from grandrounds.review import tables
from grandrounds.review.checks import fault_in_content, fault_in_event
from grandrounds.review.rows import (
    QueueEntry,
    batches,
    entry_from_row,
    event_from_row,
    event_values,
    known_candidate,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An event that was not stored, and why."""

    event: ReviewEvent
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendResult:
    """What appending did; ``known`` were stored before and stand unchanged (``known_ids`` names them)."""

    added: int
    known: int
    known_ids: frozenset[str] = frozenset()
    refused: tuple[Refusal, ...] = ()


# Told an event, the entry it is about and the item's earlier events, says why it may not follow them.
Guard = Callable[[ReviewEvent, QueueEntry, Sequence[ReviewEvent]], str | None]


# A page stores one event at a time: put together once.
_CONTENT = select(tables.queue).where(
    *(tables.queue.c[name] == bindparam(f"its_{name}") for name in ("recipe", "item_id", "content_sha256"))
)
_EARLIER = (
    select(tables.events)
    .where(*(tables.events.c[name] == bindparam(f"its_{name}") for name in ("recipe", "item_id")))
    .order_by(tables.events.c.sequence)
)
_STORE = insert(tables.events)


def store_one(connection: Connection, event: ReviewEvent, *, guard: Guard) -> None:
    """Store one event that is not there yet, of a reader whose place is known; all rules are those of
    ``Intake``. Raises ``ReviewError`` when they refuse it."""
    its = {f"its_{name}": getattr(event, name) for name in ("recipe", "item_id", "content_sha256")}
    fault = fault_in_event(event)
    row = None if fault else connection.execute(_CONTENT, its).one_or_none()
    if row is None:
        raise ReviewError(fault or f"The queue of {event.recipe!r} has no such item.")
    entry = entry_from_row(row, known_candidate)
    earlier = [
        event_from_row(other)
        for other in connection.execute(
            _EARLIER, {name: its[name] for name in ("its_recipe", "its_item_id")}
        )
    ]
    fault = fault_in_content(event, entry.candidate) or guard(event, entry, earlier)
    if fault:
        raise ReviewError(fault)
    connection.execute(_STORE, event_values(event))


class Intake:
    """Takes in a batch of events, one after the other, inside one transaction."""

    def __init__(
        self, connection: Connection, given: Sequence[ReviewEvent], *, guard: Guard | None
    ) -> None:
        self._connection = connection
        self._guard = guard
        # Unsound events are refused below; their ids must not reach the database even in a query.
        sound = [event for event in given if fault_in_event(event) is None]
        self._entries = {
            (row.recipe, row.item_id, row.content_sha256): row
            for row in _rows_of_items(connection, select(tables.queue), sound)
        }
        self._known = _known_events(connection, sound)
        self._earlier: dict[tuple[str, str], list[ReviewEvent]] = {}
        if guard is not None:
            wanted = select(tables.events).order_by(tables.events.c.sequence)
            for row in _rows_of_items(connection, wanted, sound):
                self._earlier.setdefault((row.recipe, row.item_id), []).append(event_from_row(row))
        self._fresh: list[ReviewEvent] = []
        self._again: list[str] = []
        self.refused: list[Refusal] = []

    def take(self, event: ReviewEvent) -> None:
        """Store, recognise or refuse one event."""
        known = self._known.get(event.event_id)
        if known is not None and _same(known, event):
            self._again.append(event.event_id)
            return
        reason = (
            "Another event with this id is stored already; events are never changed."
            if known is not None
            else self._objection(event)
        )
        if reason:
            self.refused.append(Refusal(event=event, reason=reason))
            return
        self._known[event.event_id] = event
        self._earlier.setdefault((event.recipe, event.item_id), []).append(event)
        self._fresh.append(event)

    def carry_out(self) -> AppendResult:
        """Write what was taken."""
        for batch in batches([event_values(event) for event in self._fresh]):
            self._connection.execute(insert(tables.events), batch)
        for recipe, item in sorted({(event.recipe, event.item_id) for event in self._fresh}):
            # Whoever decided has a place there: the desk counts anew.
            self._connection.execute(
                update(tables.queue)
                .where(tables.queue.c.recipe == recipe, tables.queue.c.item_id == item)
                .values(free=None)
            )
        return AppendResult(
            added=len(self._fresh),
            known=len(self._again),
            known_ids=frozenset(self._again),
            refused=tuple(self.refused),
        )

    def _objection(self, event: ReviewEvent) -> str | None:
        fault = fault_in_event(event)
        if fault:
            return fault
        row = self._entries.get((event.recipe, event.item_id, event.content_sha256))
        if row is None:
            return self._nowhere(event)
        plain = event.edits == "{}" and not event.answer and not event.marks
        if plain and self._guard is None:
            return None  # spares reading the candidate
        entry = entry_from_row(row, known_candidate)
        reason = fault_in_content(event, entry.candidate)
        if reason is None and self._guard is not None:
            reason = self._guard(event, entry, self._earlier.get((event.recipe, event.item_id), ()))
        return reason

    def _nowhere(self, event: ReviewEvent) -> str:
        if any(key[:2] == (event.recipe, event.item_id) for key in self._entries):
            return "This content was never asked; the item has another one. Export again."
        return f"The queue of {event.recipe!r} has no such item."


def _rows_of_items(
    connection: Connection, statement: Select[Any], events: Sequence[ReviewEvent]
) -> Iterator[Row[Any]]:
    """The rows of ``statement`` (over the queue or the events) about the items of ``events``."""
    columns = statement.selected_columns
    by_recipe: dict[str, set[str]] = {}
    for event in events:
        by_recipe.setdefault(event.recipe, set()).add(event.item_id)
    for recipe, items in sorted(by_recipe.items()):
        for batch in batches(sorted(items)):
            yield from connection.execute(
                statement.where(columns["recipe"] == recipe, columns["item_id"].in_(batch))
            )


def _known_events(connection: Connection, events: Sequence[ReviewEvent]) -> dict[str, ReviewEvent]:
    found: dict[str, ReviewEvent] = {}
    for batch in batches(sorted({event.event_id for event in events})):
        statement = select(tables.events).where(tables.events.c.event_id.in_(batch))
        found.update((row.event_id, event_from_row(row)) for row in connection.execute(statement))
    return found


def _same(stored: ReviewEvent, given: ReviewEvent) -> bool:
    """Whether both say the same; the moment is the one at which the first of them was stored."""
    return replace(given, created_at=stored.created_at) == stored
