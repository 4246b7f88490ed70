"""The tables of the review database, as they are after the newest migration.

Migrations make them (``migrations/versions``); a test holds that both say the same. Names start
with ``review_`` so that the tables can live in a PostgreSQL database that holds others too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.types import TypeEngine

VERSION_TABLE = "review_schema_version"

OPEN, REPLACED, WITHDRAWN = "open", "replaced", "withdrawn"
STATES = (OPEN, REPLACED, WITHDRAWN)


class UtcTimestamp(TypeDecorator[datetime]):
    """A moment in UTC, microseconds kept: ``timestamptz`` in PostgreSQL, ISO 8601 text in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text where the database has no type for moments."""
        return dialect.type_descriptor(String(27) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database: in UTC, one spelling, so that text sorts as time."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        if dialect.name != "sqlite":
            return moment
        return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database: aware, in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


metadata = MetaData()

# One row a benchmark, with the review policy it was built with (JSON; null when never said).
recipes = Table(
    "review_recipes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("policy", Text),
)

# Every content that was ever asked; none is deleted, so each event can be read beside what it judged.
queue = Table(
    "review_queue",
    metadata,
    Column("recipe", Text, ForeignKey("review_recipes.name"), primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("content_sha256", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("candidate", Text, nullable=False),
    CheckConstraint("state IN ('open', 'replaced', 'withdrawn')", name="review_queue_state"),
)

# Held by the database, not only by code: an item is asked with one content at a time.
Index(
    "review_queue_one_open",
    queue.c.recipe,
    queue.c.item_id,
    unique=True,
    sqlite_where=queue.c.state == OPEN,
    postgresql_where=queue.c.state == OPEN,
)

# Append-only: triggers refuse UPDATE, DELETE, REPLACE and TRUNCATE. ``sequence`` is the order of commit.
events = Table(
    "review_events",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("recipe", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("edits", Text, nullable=False),
    Column("seconds", Float),
    Column("created_at", UtcTimestamp, nullable=False),
    ForeignKeyConstraint(
        ["recipe", "item_id", "content_sha256"],
        ["review_queue.recipe", "review_queue.item_id", "review_queue.content_sha256"],
    ),
    sqlite_autoincrement=True,
)
Index("review_events_item", events.c.recipe, events.c.item_id)
