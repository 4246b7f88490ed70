"""What readers differ on, for an adjudicator to decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from grandrounds.recipe import Review
from grandrounds.records.review_event import ReviewEvent
from grandrounds.review import tables
from grandrounds.review.checks import ADJUDICATOR, current_decisions
from grandrounds.review.desk.statements import HELD
from grandrounds.review.desk.values import LATER
from grandrounds.review.people.accounts import Account, utc_now
from grandrounds.review.policy import Outcome, Ruling, rule
from grandrounds.review.rows import batches, candidate_from_json, event_from_row
from grandrounds.review.store import ReviewStore
from grandrounds.review.tables import OPEN

_queue, _slots, _declines = tables.queue.c, tables.slots.c, tables.declines.c


def disputes(
    store: ReviewStore, recipe: str, *, account: Account | None = None, now: datetime | None = None
) -> list[Ruling]:
    """The disputed items of a recipe, in the queue's order. With an ``account``, only those it may decide
    now (it didn't read them, nobody else has them, it has not refused them); what it put off comes last."""
    policy = store.policy(recipe) or Review()
    if policy.policy == "none":
        return []
    with store.database.reading() as connection:
        events = _by_item(connection, recipe)
        doubtful = _doubtful(connection, recipe, events)
        found = list(_ruled(connection, recipe, doubtful, events, policy))
        if account is None:
            return found
        taken = _taken(connection, recipe, account, now or utc_now())
        declined = {
            row.item_id: row.kind
            for row in connection.execute(
                select(tables.declines).where(_declines.recipe == recipe, _declines.account == account.name)
            )
        }
    mine = [
        ruling
        for ruling in found
        if ruling.candidate_id not in taken
        and declined.get(ruling.candidate_id, LATER) == LATER
        and all(event.reviewer != account.name for event in ruling.decisions)
    ]
    return sorted(mine, key=lambda ruling: ruling.candidate_id in declined)


def versions(decisions: Sequence[ReviewEvent]) -> list[ReviewEvent]:
    """The readers' decisions in an order that tells nobody who it was."""
    return sorted(decisions, key=lambda event: (event.decision, event.edits, event.reasons, event.event_id))


def _by_item(connection: Connection, recipe: str) -> dict[str, list[ReviewEvent]]:
    found: dict[str, list[ReviewEvent]] = {}
    rows = connection.execute(
        select(tables.events).where(tables.events.c.recipe == recipe).order_by(tables.events.c.sequence)
    )
    for row in rows:
        found.setdefault(row.item_id, []).append(event_from_row(row))
    return found


def _doubtful(connection: Connection, recipe: str, events: dict[str, list[ReviewEvent]]) -> list[str]:
    """Items whose standing decisions are not all the same: the only ones worth reading whole."""
    rows = connection.execute(
        select(_queue.item_id, _queue.content_sha256)
        .where(_queue.recipe == recipe, _queue.state == OPEN)
        .order_by(_queue.position, _queue.item_id)
    )
    found = []
    for row in rows:
        standing = current_decisions(events.get(row.item_id, ()), row.content_sha256)
        if len({(event.decision, event.edits) for event in standing}) > 1:
            found.append(row.item_id)
    return found


def _ruled(
    connection: Connection,
    recipe: str,
    items: Sequence[str],
    events: dict[str, list[ReviewEvent]],
    policy: Review,
) -> Iterable[Ruling]:
    for batch in batches(items):
        rows = connection.execute(
            select(_queue.candidate, _queue.split)
            .where(_queue.recipe == recipe, _queue.state == OPEN, _queue.item_id.in_(batch))
            .order_by(_queue.position, _queue.item_id)
        )
        for row in rows:
            candidate = candidate_from_json(row.candidate)
            ruling = rule(candidate, events[candidate.item_id], policy, split=row.split)
            if ruling.outcome is Outcome.DISPUTED:
                yield ruling


def _taken(connection: Connection, recipe: str, account: Account, now: datetime) -> frozenset[str]:
    return frozenset(
        connection.scalars(
            select(_slots.item_id).where(
                _slots.recipe == recipe,
                _slots.role == ADJUDICATOR,
                _slots.state == HELD,
                _slots.account != account.name,
                _slots.expires_at > now,
            )
        )
    )
