"""What a reader may see: the candidate of a slot they hold now, and the media that it rests on.

Nothing else gives a right. Words in an item that look like a path or a hash are words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import and_, select

from grandrounds.records.envelope import Candidate
from grandrounds.review import tables
from grandrounds.review.checks import REVIEWER
from grandrounds.review.desk.statements import HELD
from grandrounds.review.people.accounts import Account, utc_now
from grandrounds.review.people.roles import ADJUDICATE, MANAGE, READ_ITEMS
from grandrounds.review.rows import candidate_from_json, policy_from_json
from grandrounds.review.store import ReviewStore
from grandrounds.review.tables import OPEN
from grandrounds.review.web.views.typed import from_body

_queue, _slots, _unsent = tables.queue.c, tables.slots.c, tables.unsent.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """An item that somebody may see. ``hidden`` tells that its policy hides the marked answer from them,
    and that they have not chosen yet."""

    candidate: Candidate
    role: str
    hidden: bool


def sight(
    store: ReviewStore,
    account: Account,
    *,
    recipe: str,
    item_id: str,
    now: Callable[[], datetime] = utc_now,
) -> Sight | None:
    """What ``account`` may see of an item: with a slot on its open content that has not run out, or as one
    who leads. ``None`` for everybody else, whether there is such an item or not."""
    statement = (
        select(_queue.candidate, _slots.role, tables.recipes.c.policy, _unsent.body, _unsent.answer)
        .join_from(
            tables.slots,
            tables.queue,
            and_(
                _slots.recipe == _queue.recipe,
                _slots.item_id == _queue.item_id,
                _slots.content_sha256 == _queue.content_sha256,
            ),
        )
        .join(tables.recipes, tables.recipes.c.name == _queue.recipe)
        .outerjoin(
            tables.unsent,
            and_(
                _unsent.recipe == _slots.recipe,
                _unsent.item_id == _slots.item_id,
                _unsent.content_sha256 == _slots.content_sha256,
                _unsent.role == _slots.role,
                _unsent.account == _slots.account,
            ),
        )
        .where(
            _slots.account == account.name,
            _slots.state == HELD,
            _slots.expires_at > now(),
            _slots.recipe == recipe,
            _slots.item_id == item_id,
            _queue.state == OPEN,
        )
        .order_by(_slots.taken_at)
    )
    with store.database.reading() as connection:
        for row in connection.execute(statement):
            if account.may(READ_ITEMS if row.role == REVIEWER else ADJUDICATE):
                hidden = row.role == REVIEWER and _blind(row.policy) and not _chosen(row.body, row.answer)
                return Sight(candidate=_candidate(row.candidate), role=row.role, hidden=hidden)
        if not account.may(MANAGE):
            return None
        found = connection.scalar(
            select(_queue.candidate).where(
                _queue.recipe == recipe, _queue.item_id == item_id, _queue.state == OPEN
            )
        )
    if found is None:
        return None
    return Sight(candidate=_candidate(found), role="lead", hidden=False)


@lru_cache(maxsize=256)
def _candidate(text: str) -> Candidate:
    return candidate_from_json(text)


@lru_cache(maxsize=64)
def _blind(policy: str | None) -> bool:
    return bool(policy) and policy_from_json(policy or "").blind_answer


def _chosen(body: str | None, answer: str | None) -> bool:
    return body is not None and from_body(body, answer=answer).chosen is not None
