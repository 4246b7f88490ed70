"""Looking up one's own decisions."""

from __future__ import annotations

from sqlalchemy import select

from grandrounds.records.review_event import WITHDRAW, ReviewEvent
from grandrounds.review import tables
from grandrounds.review.people.accounts import Account
from grandrounds.review.rows import event_from_row
from grandrounds.review.store import ReviewStore

_events = tables.events.c


def own_event(store: ReviewStore, account: Account, event_id: str) -> ReviewEvent | None:
    """The event of that id, when it is this account's."""
    with store.database.reading() as connection:
        row = connection.execute(
            select(tables.events).where(_events.event_id == event_id, _events.reviewer == account.name)
        ).one_or_none()
    return None if row is None else event_from_row(row)


def latest(store: ReviewStore, account: Account, *, most: int) -> list[ReviewEvent]:
    """One's newest events, the newest first."""
    with store.database.reading() as connection:
        rows = connection.execute(
            select(tables.events)
            .where(_events.reviewer == account.name)
            .order_by(_events.sequence.desc())
            .limit(most)
        ).all()
    return [event_from_row(row) for row in rows]


def standing(events: list[ReviewEvent]) -> frozenset[str]:
    """The ids of those of ``events`` (the newest first) that their reviewer has not taken back or followed
    by another: only those can be undone."""
    seen: set[tuple[str, str, str]] = set()
    found = set()
    for event in events:
        key = (event.recipe, event.item_id, event.role)
        if key not in seen and event.decision != WITHDRAW:
            found.add(event.event_id)
        seen.add(key)
    return frozenset(found)
