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
    UniqueConstraint,
    text,
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
    Column("priority", Float),  # the more pressing the larger; none: not worked out yet
    Column("wanted", Integer),  # readers it needs
    Column("free", Integer),  # of them still to be found; none: to be counted anew
    Column("split", Text, nullable=False, server_default="test"),
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

# What databases know these indexes by. A query must say the same, as text: with a parameter in its place
# neither SQLite nor PostgreSQL can tell that the index fits.
FREE = text("state = 'open' AND free > 0")
UNSETTLED = text("state = 'open' AND (wanted IS NULL OR free IS NULL)")
HELD = text("review_slots.state = 'held'")

Index(
    "review_queue_free",
    queue.c.recipe,
    queue.c.priority.desc(),
    queue.c.position,
    queue.c.state,
    queue.c.free,
    sqlite_where=FREE,
    postgresql_where=FREE,
)
Index("review_queue_unsettled", queue.c.recipe, sqlite_where=UNSETTLED, postgresql_where=UNSETTLED)

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
    Column("ratings", Text, nullable=False, server_default="[]"),
    Column("marks", Text, nullable=False, server_default="[]"),
    Column("answer", Text, nullable=False, server_default=""),
    Column("seconds", Float),
    Column("created_at", UtcTimestamp, nullable=False),
    ForeignKeyConstraint(
        ["recipe", "item_id", "content_sha256"],
        ["review_queue.recipe", "review_queue.item_id", "review_queue.content_sha256"],
    ),
    sqlite_autoincrement=True,
)
Index("review_events_item", events.c.recipe, events.c.item_id)

# People. Names are pseudonyms; nothing here says who somebody is, but for what a login provider calls them.
accounts = Table(
    "review_accounts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password", Text),  # argon2 hash; none for those who come through a login provider
    Column("roles", Text, nullable=False),  # JSON list
    Column("specialties", Text, nullable=False),  # JSON list
    Column("years", Integer),  # of practice
    Column("language", Text, nullable=False),
    Column("issuer", Text),  # of the login provider
    Column("subject", Text),  # what it calls this person
    Column("created_at", UtcTimestamp, nullable=False),
    Column("disabled_at", UtcTimestamp),
    UniqueConstraint("issuer", "subject", name="review_accounts_subject"),
)

# Only hashes of tokens are kept: a stolen database opens no session.
sessions = Table(
    "review_sessions",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("account", Text, ForeignKey("review_accounts.name"), nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_at", UtcTimestamp, nullable=False),
    Column("seen_at", UtcTimestamp, nullable=False),
    Column("expires_at", UtcTimestamp, nullable=False),
)
Index("review_sessions_account", sessions.c.account)

invitations = Table(
    "review_invitations",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("roles", Text, nullable=False),
    Column("specialties", Text, nullable=False),
    Column("invited_by", Text, nullable=False),
    Column("created_at", UtcTimestamp, nullable=False),
    Column("expires_at", UtcTimestamp, nullable=False),
    Column("used_at", UtcTimestamp),
    Column("account", Text),
)

# Failed logins, by account name and by address (hashed), for the rate limit; old ones are removed.
attempts = Table(
    "review_attempts",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False),
    Column("at", UtcTimestamp, nullable=False),
)
Index("review_attempts_key", attempts.c.key, attempts.c.at)

# The desk. A slot is the right to decide on one content in one role; its number runs from 1 to the readers
# that the policy asks for, so the database itself gives none twice.
slots = Table(
    "review_slots",
    metadata,
    Column("recipe", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("content_sha256", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("account", Text, ForeignKey("review_accounts.name"), nullable=False),
    Column("state", Text, nullable=False),
    Column("taken_at", UtcTimestamp, nullable=False),
    Column("expires_at", UtcTimestamp, nullable=False),
    CheckConstraint("state IN ('held', 'done')", name="review_slots_state"),
    UniqueConstraint("recipe", "item_id", "content_sha256", "role", "account", name="review_slots_once"),
    ForeignKeyConstraint(
        ["recipe", "item_id", "content_sha256"],
        ["review_queue.recipe", "review_queue.item_id", "review_queue.content_sha256"],
    ),
)
Index("review_slots_account", slots.c.account, slots.c.state)
Index(
    "review_slots_expiry",
    slots.c.expires_at,
    sqlite_where=text("state = 'held'"),
    postgresql_where=text("state = 'held'"),
)

# Items that somebody doesn't want: not theirs to judge, later, or a conflict of interest.
declines = Table(
    "review_declines",
    metadata,
    Column("recipe", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("account", Text, ForeignKey("review_accounts.name"), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", UtcTimestamp, nullable=False),
    CheckConstraint("kind IN ('not_mine', 'later', 'conflict')", name="review_declines_kind"),
)

# What somebody has typed so far, saved while typing. ``answer`` is what they answered before the marked
# answer was shown to them: once there it is never another (none: not asked, or not answered yet).
unsent = Table(
    "review_unsent",
    metadata,
    Column("recipe", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("content_sha256", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("account", Text, ForeignKey("review_accounts.name"), primary_key=True),
    Column("body", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("saved_at", UtcTimestamp, nullable=False),
    Column("answer", Text),
)

# Items whose right decision is known, and stored as an adjudication: readers are measured against them.
gold = Table(
    "review_gold",
    metadata,
    Column("recipe", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("content_sha256", Text, primary_key=True),
    Column("decision", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("at", UtcTimestamp, nullable=False),
)
