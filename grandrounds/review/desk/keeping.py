"""Slots in the database: taking one, finding what an account holds, keeping it on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from grandrounds.errors import ReviewError
from grandrounds.recipe import Review
from grandrounds.review.checks import REVIEWER
from grandrounds.review.desk import statements
from grandrounds.review.desk.statements import HELD, its
from grandrounds.review.desk.values import Saved, Slot
from grandrounds.review.people.accounts import Account
from grandrounds.review.rows import known_candidate, policy_from_json

CONTENT = ("recipe", "item_id", "content_sha256")
_PLACE = (*CONTENT, "role", "account")
_FRESH = 0.9  # of a lease: kept on only below that, or every look at a page would be a write


def policy_in(connection: Connection, recipe: str) -> Review:
    """The policy that came with a queue. Raises ``ReviewError`` when there is none."""
    found = connection.scalar(statements.POLICY, {"its_recipe": recipe})
    if found is None:
        raise ReviewError(
            f"There is no review queue of {recipe!r}.", remedy=f"Run `grandrounds build {recipe}` first."
        )
    return policy_from_json(found)


def held(
    connection: Connection,
    account: Account,
    *,
    recipe: str,
    item_id: str | None = None,
    but: str = "",
    role: str = REVIEWER,
) -> Slot | None:
    """The slot that an account holds on content that is still asked, expired or not."""
    whose = {"its_recipe": recipe, "its_account": account.name, "its_role": role}
    if item_id is None:
        found = connection.execute(statements.HELD_ANY, {**whose, "its_but": but})
    else:
        found = connection.execute(statements.HELD_ITEM, {**whose, "its_item_id": item_id})
    row = found.one_or_none()
    return None if row is None else _slot(row)


def is_held(connection: Connection, slot: Slot) -> bool:
    """Whether it is still this taking of the slot, and its content still asked."""
    return connection.scalar(statements.IS_HELD, its(slot, *_PLACE, "taken_at")) is not None


def is_fresh(slot: Slot, *, now: datetime) -> bool:
    """Whether the slot need not be kept on yet."""
    return slot.expires_at - now > _FRESH * lease(slot.policy)


def renewed(connection: Connection, slot: Slot, *, now: datetime) -> Slot:
    """Keep a slot for another while, unless that was done a moment ago."""
    if is_fresh(slot, now=now):
        return slot
    until = now + lease(slot.policy)
    connection.execute(statements.RENEW, {**at(slot), "expires_at": until})
    return replace(slot, expires_at=until)


def take(
    connection: Connection, row: Row[Any], account: Account, policy: Review, *, role: str, now: datetime
) -> Slot:
    """Give ``account`` a place at the content of ``row`` (of the queue)."""
    used = set(connection.scalars(statements.NUMBERS, {**its(row, *CONTENT), "its_role": role}))
    slot = Slot(
        recipe=row.recipe,
        candidate=known_candidate(row.candidate),
        account=account.name,
        role=role,
        number=next(number for number in range(1, len(used) + 2) if number not in used),
        taken_at=now,
        expires_at=now + lease(policy),
        policy=policy,
    )
    typed = connection.execute(statements.UNSENT, at(slot)).one_or_none()
    if typed is not None:  # on an earlier taking of this place
        slot = replace(slot, saved=saved_of(typed))
    values = {name: getattr(slot, name) for name in (*_PLACE, "number", "taken_at", "expires_at")}
    connection.execute(statements.TAKE, {**values, "state": HELD})
    if role == REVIEWER:
        connection.execute(statements.COUNT_DOWN, its(row, *CONTENT))
    return slot


def lease(policy: Review) -> timedelta:
    """How long an item is kept for a reader."""
    return timedelta(minutes=policy.lease_minutes)


def at(slot: Slot) -> dict[str, Any]:
    """What names the place of a slot in statements."""
    return its(slot, *_PLACE)


def _slot(row: Row[Any]) -> Slot:
    return Slot(
        recipe=row.recipe,
        candidate=known_candidate(row.candidate),
        account=row.account,
        role=row.role,
        number=row.number,
        taken_at=row.taken_at,
        expires_at=row.expires_at,
        policy=policy_from_json(row.policy),
        saved=None if row.revision is None else saved_of(row),
    )


def saved_of(row: Row[Any]) -> Saved:
    """What somebody had typed, from its row."""
    return Saved(
        body=row.body,
        revision=row.revision,
        seconds=row.seconds,
        saved_at=row.saved_at,
        answer=row.answer,
    )
