"""How many readers each content still needs, kept beside it in the queue: choosing is one look-up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, select, update

from grandrounds.needed_readers import readers_needed
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import WITHDRAW
from grandrounds.review import tables
from grandrounds.review.checks import REVIEWER, VERDICTS
from grandrounds.review.desk import statements
from grandrounds.review.desk.gold import gold_contents
from grandrounds.review.desk.weighing import weigh as weigh_candidate
from grandrounds.review.rows import batches, candidate_from_json
from grandrounds.review.store import ReviewStore

Weigh = Callable[[Candidate, Review], float]
"""How pressing a candidate is."""

_queue, _slots, _events = tables.queue.c, tables.slots.c, tables.events.c
_KEY = ("recipe", "item_id", "content_sha256")
_MANY = 100  # contents that came or changed at once


def is_stale(connection: Connection, recipe: str, *, now: datetime) -> bool:
    """Whether ``free_expired`` or ``settle`` has anything to do."""
    late, unsettled = connection.execute(statements.IS_STALE, {"its_now": now, "its_recipe": recipe}).one()
    return bool(late or unsettled)


def free_expired(connection: Connection, *, now: datetime) -> None:
    """Give back what was held too long; whose content is asked no more goes, too."""
    late = connection.execute(statements.EXPIRED, {"its_now": now}).all()
    if not late:
        return
    connection.execute(delete(tables.slots).where(tables.HELD, _slots.expires_at <= now))
    for recipe, item, content in late:
        count_anew(connection, recipe, item, content)


def count_anew(connection: Connection, recipe: str, item: str, content: str) -> None:
    """Have the readers of a content counted when it is next asked for."""
    connection.execute(
        update(tables.queue)
        .where(_queue.recipe == recipe, _queue.item_id == item, _queue.content_sha256 == content)
        .values(free=None)
    )


def prepare(store: ReviewStore, recipe: str) -> int:
    """Work out all that is not known of a recipe's queue, so that no reader waits for it. Gives how many
    contents that were. Raises ``ReviewError`` when nothing says under which policy it is read."""
    policy = store.policy(recipe)
    if policy is None:
        return 0
    with store.database.writing() as connection:
        return settle(connection, recipe, policy=policy, weigh=weigh_candidate)


def settle(connection: Connection, recipe: str, *, policy: Review, weigh: Weigh) -> int:
    """Work out what is not known: of new contents all, of others how many readers are missing. Gives how
    many contents that were."""
    rows = connection.execute(statements.UNSETTLED, {"its_recipe": recipe}).all()
    if not rows:
        return 0
    known = gold_contents(connection, recipe)
    for part in batches(rows):
        _settle(connection, recipe, part, known=known, policy=policy, weigh=weigh)
    if len(rows) >= _MANY and connection.dialect.name == "postgresql":
        # Until it has counted by itself, it takes the queue for nearly empty and reads all of it for each
        # of a reader's places: 25 ms a page with 10,000 items, where 3 do.
        connection.exec_driver_sql("ANALYZE review_queue")
    return len(rows)


def readers_of(connection: Connection, recipe: str, item: str, content: str) -> frozenset[str]:
    """Who has a place at a content: who holds or filled a slot, and whose decision came by file."""
    return _readers(connection, recipe, [item]).get((item, content), frozenset())


def _settle(
    connection: Connection,
    recipe: str,
    rows: Sequence[Row[Any]],
    *,
    known: frozenset[tuple[str, str]],
    policy: Review,
    weigh: Weigh,
) -> None:
    readers = _readers(connection, recipe, [row.item_id for row in rows])
    new = [row.item_id for row in rows if row.wanted is None]
    pressing = dict(_weighed(connection, recipe, new, policy, weigh)) if new else {}
    made = []
    for row in rows:
        key = (row.item_id, row.content_sha256)
        wanted = row.wanted
        if wanted is None:
            wanted = readers_needed(row.item_id, policy, split=row.split)
        if key in known:
            wanted = 0  # decided; readers meet it as gold only
        made.append(
            {
                **{f"its_{name}": getattr(row, name) for name in _KEY},
                "priority": pressing.get(row.item_id, row.priority),
                "wanted": wanted,
                "free": max(0, wanted - len(readers.get(key, ()))),
            }
        )
    connection.execute(
        update(tables.queue)
        .where(and_(*(_queue[name] == bindparam(f"its_{name}") for name in _KEY)))
        .values({name: bindparam(name) for name in ("priority", "wanted", "free")}),
        made,
    )


def _weighed(
    connection: Connection, recipe: str, items: Sequence[str], policy: Review, weigh: Weigh
) -> Iterator[tuple[str, float]]:
    rows = connection.execute(
        select(_queue.item_id, _queue.candidate).where(
            _queue.recipe == recipe, _queue.item_id.in_(items), tables.UNSETTLED
        )
    )
    for item, candidate in rows:
        yield item, weigh(candidate_from_json(candidate), policy)


def _readers(
    connection: Connection, recipe: str, items: Sequence[str]
) -> dict[tuple[str, str], frozenset[str]]:
    """By item and content, who has a place there."""
    found: dict[tuple[str, str], set[str]] = {}
    for item, content, account in connection.execute(
        select(_slots.item_id, _slots.content_sha256, _slots.account).where(
            _slots.recipe == recipe, _slots.item_id.in_(items), _slots.role == REVIEWER
        )
    ):
        found.setdefault((item, content), set()).add(account)
    decided: dict[tuple[str, str], set[str]] = {}
    # As ``current_decisions`` has it: the last verdict stands unless it was withdrawn.
    for item, content, reviewer, decision in connection.execute(
        select(_events.item_id, _events.content_sha256, _events.reviewer, _events.decision)
        .where(
            _events.recipe == recipe,
            _events.item_id.in_(items),
            _events.role == REVIEWER,
            _events.decision.in_((*VERDICTS, WITHDRAW)),
        )
        .order_by(_events.sequence)
    ):
        names = decided.setdefault((item, content), set())
        (names.discard if decision == WITHDRAW else names.add)(reviewer)
    return {
        key: frozenset(found.get(key, set()) | decided.get(key, set())) for key in found.keys() | decided
    }
