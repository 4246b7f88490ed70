"""Which content a reader is asked next."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from grandrounds.recipe import Review
from grandrounds.review import tables
from grandrounds.review.desk import statements
from grandrounds.review.desk.gold import gold_due
from grandrounds.review.desk.places import readers_of
from grandrounds.review.people.accounts import Account


def open_item(connection: Connection, account: Account, *, recipe: str, item_id: str) -> Row[Any] | None:
    """What is asked of an item, when this account could take it."""
    statement = select(tables.queue).where(*statements.IS_OPEN, tables.queue.c.item_id == item_id)
    return connection.execute(statement, _whose(account, recipe)).one_or_none()


def count_open(connection: Connection, account: Account, recipe: str) -> int:
    """How many contents this account could take."""
    return int(connection.scalar(statements.COUNT_OPEN, _whose(account, recipe)) or 0)


def due(connection: Connection, account: Account, recipe: str, policy: Review) -> Row[Any] | None:
    """A gold item now and then, else the most pressing one."""
    known = gold_due(connection, account, recipe=recipe, policy=policy)
    return _choose(connection, account, recipe) if known is None else known


def _choose(connection: Connection, account: Account, recipe: str) -> Row[Any] | None:
    """The most pressing content that this account may take; what it put off comes last, and before that
    what it may have met: whose decision of its own came by file and does not stand."""
    first = connection.execute(statements.FIRST_CHOICE, _whose(account, recipe)).one_or_none()
    if first is not None:
        return first
    for statement in statements.CHOICES:
        for row in connection.execute(statement, _whose(account, recipe)).all():
            if row.met and account.name in readers_of(connection, recipe, row.item_id, row.content_sha256):
                continue
            key = statements.its(row, "recipe", "item_id", "content_sha256")
            return connection.execute(statements.CONTENT, key).one()
    return None


def _whose(account: Account, recipe: str) -> dict[str, Any]:
    return {"its_recipe": recipe, "its_account": account.name}
