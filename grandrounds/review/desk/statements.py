"""What every request at the desk asks the database, put together once: making a statement takes longer than
running it. Parameters are named after columns, with ``its_`` before."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, func, insert, select, update

from grandrounds.review import tables
from grandrounds.review.desk.values import LATER

HELD, DONE = "held", "done"
_queue, _slots, _declines = tables.queue.c, tables.slots.c, tables.declines.c
_unsent, _events, _gold = tables.unsent.c, tables.events.c, tables.gold.c
_LOOKED_AT = 50  # of those that could be next; more only where others' decisions came by file
_CONTENT = ("recipe", "item_id", "content_sha256")
_PLACE = (*_CONTENT, "role", "account")


def _is(columns: Any, *names: str) -> tuple[Any, ...]:
    return tuple(columns[name] == bindparam(f"its_{name}") for name in names)


def its(value: object, *names: str) -> dict[str, Any]:
    """The parameters that these attributes of ``value`` give."""
    return {f"its_{name}": getattr(value, name) for name in names}


IS_STALE = select(
    exists().where(tables.HELD, _slots.expires_at <= bindparam("its_now")),
    exists().where(*_is(_queue, "recipe"), tables.UNSETTLED),
)
POLICY = select(tables.recipes.c.policy).where(tables.recipes.c.name == bindparam("its_recipe"))

# What an account holds ------------------------------------------------------------------------------

_HELD = (
    select(
        tables.slots,
        _queue.candidate,
        tables.recipes.c.policy,
        _unsent.body,
        _unsent.revision,
        _unsent.seconds,
        _unsent.saved_at,
        _unsent.answer,
    )
    .join_from(
        tables.slots,
        tables.queue,
        and_(*(_slots[name] == _queue[name] for name in _CONTENT)),
    )
    .join(tables.recipes, tables.recipes.c.name == _slots.recipe)
    .outerjoin(tables.unsent, and_(*(_unsent[name] == _slots[name] for name in _PLACE)))
    .where(
        *_is(_slots, "recipe", "account", "role"),
        _slots.state == HELD,
        _queue.state == tables.OPEN,
    )
    .order_by(_slots.taken_at)
    .limit(1)
)
HELD_ITEM = _HELD.where(*_is(_slots, "item_id"))
HELD_ANY = _HELD.where(_slots.item_id != bindparam("its_but"))
IS_HELD = select(_slots.number).where(
    *_is(_slots, *_PLACE, "taken_at"),
    _slots.state == HELD,
    exists().where(*_is(_queue, *_CONTENT), _queue.state == tables.OPEN),
)
UNSENT = select(tables.unsent).where(*_is(_unsent, *_PLACE))
KEEP_UNSENT = insert(tables.unsent)
CHANGE_UNSENT = (
    update(tables.unsent)
    .where(*_is(_unsent, *_PLACE), _unsent.revision < bindparam("revision"))
    .values({name: bindparam(name) for name in ("body", "revision", "seconds", "saved_at")})
    .values(answer=func.coalesce(_unsent.answer, bindparam("first_answer", type_=_unsent.answer.type)))
)
"""An answer that is there stands."""
FORGET_UNSENT = delete(tables.unsent).where(*_is(_unsent, *_PLACE))
EVENT = select(tables.events).where(_events.event_id == bindparam("its_event_id"))

# Taking and leaving a place -------------------------------------------------------------------------

CONTENT = select(tables.queue).where(*_is(_queue, *_CONTENT))
NUMBERS = select(_slots.number).where(*_is(_slots, *_CONTENT, "role"))
TAKE = insert(tables.slots)
COUNT_DOWN = (
    update(tables.queue).where(*_is(_queue, *_CONTENT), _queue.free > 0).values(free=_queue.free - 1)
)
RENEW = update(tables.slots).where(*_is(_slots, *_PLACE)).values(expires_at=bindparam("expires_at"))
LEAVE = delete(tables.slots).where(*_is(_slots, *_PLACE), _slots.state == HELD)
FINISH = update(tables.slots).where(*_is(_slots, *_PLACE)).values(state=DONE)
EXPIRED = select(_slots.recipe, _slots.item_id, _slots.content_sha256).where(
    tables.HELD, _slots.expires_at <= bindparam("its_now")
)
UNSETTLED = select(
    _queue.recipe, _queue.item_id, _queue.content_sha256, _queue.priority, _queue.wanted, _queue.split
).where(*_is(_queue, "recipe"), tables.UNSETTLED)

# Choosing -------------------------------------------------------------------------------------------

_REFUSED = (
    _declines.recipe == _queue.recipe,
    _declines.item_id == _queue.item_id,
    _declines.account == bindparam("its_account"),
)
IS_OPEN = (
    *_is(_queue, "recipe"),
    tables.FREE,
    ~exists().where(
        *(_slots[name] == _queue[name] for name in _CONTENT),
        _slots.account == bindparam("its_account"),
    ),
    ~exists().where(*_REFUSED, _declines.kind != LATER),
)
"""What an account could take, as far as SQL can tell."""
# Whoever decided here before may have done so by file, without a slot.
_MET = exists().where(
    _events.recipe == _queue.recipe,
    _events.item_id == _queue.item_id,
    _events.reviewer == bindparam("its_account"),
)
_MOST_PRESSING = (_queue.priority.desc(), _queue.position)
FIRST_CHOICE = (
    select(tables.queue)
    .where(*IS_OPEN, ~exists().where(*_REFUSED), ~_MET)
    .order_by(*_MOST_PRESSING)
    .limit(1)
)
"""The most pressing content that is new to an account."""
_CHOICE = select(_queue.recipe, _queue.item_id, _queue.content_sha256, _MET.label("met")).where(*IS_OPEN)
CHOICES = tuple(
    _CHOICE.where(later).order_by(*_MOST_PRESSING).limit(_LOOKED_AT)
    for later in (~exists().where(*_REFUSED), exists().where(*_REFUSED))
)
"""The most pressing contents that an account could take, also where its own decision came by file; then
those that it put off."""
GOLD_LEFT = select(_gold.recipe, _gold.item_id, _gold.content_sha256).where(
    *_is(_gold, "recipe"),
    _gold.set_by != bindparam("its_account"),
    ~exists().where(
        *(_slots[name] == _gold[name] for name in _CONTENT), _slots.account == bindparam("its_account")
    ),
    ~exists().where(
        _declines.recipe == _gold.recipe,
        _declines.item_id == _gold.item_id,
        _declines.account == bindparam("its_account"),
    ),
)
"""The gold items an account has no slot on and has not refused: looked for from the few gold items, never
through the queue."""
SLOTS_OF = select(func.count()).select_from(tables.slots).where(*_is(_slots, "recipe", "account"))

# How much there is ----------------------------------------------------------------------------------

_FREE = (*_is(_queue, "recipe"), tables.FREE)
COUNT_DONE = SLOTS_OF.where(_slots.state == DONE)
_has = (
    select(_slots.item_id, _slots.content_sha256.label("content"))
    .where(*_is(_slots, "recipe", "account"))
    .subquery()
)
_given = (
    select(_declines.item_id)
    .where(*_is(_declines, "recipe", "account"), _declines.kind != LATER)
    .subquery()
)
_has_it = and_(_has.c.item_id == _queue.item_id, _has.c.content == _queue.content_sha256)
_not_for_me = (
    select(_queue.item_id)
    .join_from(_has, tables.queue, _has_it)
    .where(*_FREE)
    .union(
        select(_queue.item_id)
        .join_from(_given, tables.queue, _given.c.item_id == _queue.item_id)
        .where(*_FREE)
    )
    .subquery()
)
COUNT_OPEN = select(
    select(func.count()).select_from(tables.queue).where(*_FREE).scalar_subquery()
    - select(func.count()).select_from(_not_for_me).scalar_subquery()
)
"""How much this account could take: all that needs a reader but what is not for it, which is found from its
own slots and refusals, since those are few."""
