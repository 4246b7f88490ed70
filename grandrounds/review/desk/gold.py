"""Gold items: contents whose right decision is known, shown to every reader now and then, unmarked.

A lead marks one and says the right decision, which counts as an adjudication: the item is settled by it,
whatever the many readers say who see it afterwards. What they say is their measure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, select, update

from grandrounds.errors import ReviewError
from grandrounds.fingerprint import content_id, unit_interval
from grandrounds.recipe import Review
from grandrounds.records.review_event import ReviewEvent
from grandrounds.review import tables
from grandrounds.review.checks import ADJUDICATOR, REVIEWER, VERDICTS, current_decisions, objection
from grandrounds.review.desk import statements
from grandrounds.review.intake import Intake
from grandrounds.review.people.accounts import Account, utc_now
from grandrounds.review.rows import event_from_row
from grandrounds.review.store import ReviewStore
from grandrounds.review.tables import OPEN

_gold, _queue, _slots, _declines = tables.gold.c, tables.queue.c, tables.slots.c, tables.declines.c


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldItem:
    """One content and the decision that is right; ``words`` say why, for the lead."""

    recipe: str
    item_id: str
    content_sha256: str
    decision: str
    words: str
    set_by: str
    at: datetime


class Gold:
    """The gold items in a review database."""

    def __init__(self, store: ReviewStore, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = store.database
        self._now = now

    def mark(
        self,
        account: Account,
        *,
        recipe: str,
        item_id: str,
        decision: str,
        words: str = "",
        edits: str = "{}",
    ) -> GoldItem:
        """Make what is asked of ``item_id`` gold. Unless an adjudicator has decided so already, the
        decision is stored as this account's adjudication, with ``edits`` where it is to edit.

        Raises ``ReviewError`` when there is no such item, this account read it, or an adjudicator
        decided otherwise.
        """
        if decision not in VERDICTS:
            raise ReviewError(f"A gold item's decision is one of {', '.join(VERDICTS)}.")
        moment = self._now()
        with self._database.writing() as connection:
            row = connection.execute(
                select(tables.queue).where(
                    _queue.recipe == recipe, _queue.item_id == item_id, _queue.state == OPEN
                )
            ).one_or_none()
            if row is None:
                raise ReviewError(f"The queue of {recipe!r} has no item {item_id[:200]!r}.")
            self._settle_it(connection, row, account, decision=decision, edits=edits, words=words)
            connection.execute(delete(tables.gold).where(*_at(row)))
            made = GoldItem(
                recipe=recipe,
                item_id=item_id,
                content_sha256=row.content_sha256,
                decision=decision,
                words=words[:1000],
                set_by=account.name,
                at=moment,
            )
            connection.execute(
                insert(tables.gold).values({name: getattr(made, name) for name in made.__slots__})
            )
            _weigh_anew(connection, row)
        return made

    def unmark(self, *, recipe: str, item_id: str) -> bool:
        """Make an item an ordinary one again; its decision stands. Whether it was gold."""
        with self._database.writing() as connection:
            rows = connection.execute(
                select(tables.gold).where(_gold.recipe == recipe, _gold.item_id == item_id)
            ).all()
            for row in rows:
                connection.execute(delete(tables.gold).where(*_at(row)))
                _weigh_anew(connection, row)
        return bool(rows)

    def of(self, recipe: str) -> list[GoldItem]:
        """The gold items of a recipe whose contents are asked, by id."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(tables.gold).join(tables.queue, _same_content(_gold)).where(
                    _gold.recipe == recipe, _queue.state == OPEN
                ).order_by(_gold.item_id)
            ).all()  # fmt: skip
        return [GoldItem(**row._mapping) for row in rows]

    def _settle_it(
        self,
        connection: Connection,
        row: Row[Any],
        account: Account,
        *,
        decision: str,
        edits: str,
        words: str,
    ) -> None:
        events = connection.execute(
            select(tables.events)
            .where(tables.events.c.recipe == row.recipe, tables.events.c.item_id == row.item_id)
            .order_by(tables.events.c.sequence)
        )
        standing = current_decisions((event_from_row(event) for event in events), row.content_sha256)
        adjudged = [event for event in standing if event.role == ADJUDICATOR]
        if adjudged and {event.decision for event in adjudged} != {decision}:
            raise ReviewError(
                f"An adjudicator decided {adjudged[0].decision!r} on this item, not {decision!r}.",
                remedy="Mark it gold with that decision, or have the adjudicator take it back.",
            )
        if adjudged:
            return
        moment = self._now()
        named = [row.recipe, row.item_id, row.content_sha256, account.name, moment.isoformat()]
        event = ReviewEvent(
            event_id=content_id("event", ["gold", *named]),
            recipe=row.recipe,
            item_id=row.item_id,
            content_sha256=row.content_sha256,
            reviewer=account.name,
            role=ADJUDICATOR,
            decision=decision,
            comment=words[:1000],
            edits=edits,
            created_at=moment,
        )
        intake = Intake(connection, [event], guard=lambda given, _entry, before: objection(given, before))
        intake.take(event)
        if intake.refused:
            raise ReviewError(intake.refused[0].reason)
        intake.carry_out()


def gold_due(connection: Connection, account: Account, *, recipe: str, policy: Review) -> Row[Any] | None:
    """The gold item that this account is to get instead of an ordinary one, as a row of the queue; mostly
    ``None``. When it is due can't be told beforehand by the reader, nor changed by asking again."""
    if policy.gold_share <= 0:
        return None
    seen = connection.scalar(statements.SLOTS_OF, {"its_recipe": recipe, "its_account": account.name})
    if unit_interval("gold", recipe, account.name, str(seen)) >= policy.gold_share:
        return None
    whose = {"its_recipe": recipe, "its_account": account.name}
    for found in _in_own_order(connection.execute(statements.GOLD_LEFT, whose).all(), account):
        key = statements.its(found, "recipe", "item_id", "content_sha256")
        row = connection.execute(statements.CONTENT, key).one_or_none()
        if row is not None and row.state == OPEN and not _has_read(connection, row, account):
            return row
    return None


def gold_contents(connection: Connection, recipe: str) -> frozenset[tuple[str, str]]:
    """Item and content of every gold item of a recipe."""
    rows = connection.execute(select(_gold.item_id, _gold.content_sha256).where(_gold.recipe == recipe))
    return frozenset((row.item_id, row.content_sha256) for row in rows)


def _in_own_order(rows: Sequence[Row[Any]], account: Account) -> list[Row[Any]]:
    """Each reader meets them in an order of their own."""
    return sorted(rows, key=lambda row: unit_interval("gold", account.name, row.item_id))


def _has_read(connection: Connection, row: Row[Any], account: Account) -> bool:
    """Whether this account decided on it before, by file perhaps."""
    events: Sequence[ReviewEvent] = [
        event_from_row(event)
        for event in connection.execute(
            select(tables.events)
            .where(
                tables.events.c.recipe == row.recipe,
                tables.events.c.item_id == row.item_id,
                tables.events.c.reviewer == account.name,
            )
            .order_by(tables.events.c.sequence)
        )
    ]
    standing = current_decisions(events, row.content_sha256)
    return any(event.role in {REVIEWER, ADJUDICATOR} for event in standing)


def _same_content(columns: Any) -> Any:
    return and_(
        columns.recipe == _queue.recipe,
        columns.item_id == _queue.item_id,
        columns.content_sha256 == _queue.content_sha256,
    )


def _at(row: Row[Any]) -> tuple[Any, ...]:
    return (
        _gold.recipe == row.recipe,
        _gold.item_id == row.item_id,
        _gold.content_sha256 == row.content_sha256,
    )


def _weigh_anew(connection: Connection, row: Row[Any]) -> None:
    connection.execute(
        update(tables.queue)
        .where(
            _queue.recipe == row.recipe,
            _queue.item_id == row.item_id,
            _queue.content_sha256 == row.content_sha256,
        )
        .values(wanted=None, free=None)
    )
