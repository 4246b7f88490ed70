"""The reviewers' decisions, kept append-only by the database itself."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SQLITE = (
    """
    CREATE TRIGGER review_events_no_update BEFORE UPDATE ON review_events
    BEGIN SELECT RAISE(ABORT, 'review events are append-only'); END
    """,
    """
    CREATE TRIGGER review_events_no_delete BEFORE DELETE ON review_events
    BEGIN SELECT RAISE(ABORT, 'review events are append-only'); END
    """,
    # INSERT OR REPLACE deletes without firing the trigger above, unless the connection asked for it.
    """
    CREATE TRIGGER review_events_no_replace BEFORE INSERT ON review_events
    WHEN EXISTS (SELECT 1 FROM review_events
                 WHERE event_id = NEW.event_id OR sequence = NEW.sequence)
    BEGIN SELECT RAISE(ABORT, 'review events are append-only'); END
    """,
)

_POSTGRESQL = (
    """
    CREATE FUNCTION review_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'review events are append-only'; END $$
    """,
    """
    CREATE TRIGGER review_events_no_change BEFORE UPDATE OR DELETE ON review_events
    FOR EACH ROW EXECUTE FUNCTION review_events_refuse()
    """,
    """
    CREATE TRIGGER review_events_no_truncate BEFORE TRUNCATE ON review_events
    FOR EACH STATEMENT EXECUTE FUNCTION review_events_refuse()
    """,
    # ALWAYS: also in a session that replays a replica's changes.
    "ALTER TABLE review_events ENABLE ALWAYS TRIGGER review_events_no_change",
    "ALTER TABLE review_events ENABLE ALWAYS TRIGGER review_events_no_truncate",
)


def upgrade() -> None:
    """Make the table of events and the triggers that keep it."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    moment: sa.types.TypeEngine[Any] = sa.String(27) if sqlite else sa.DateTime(timezone=True)
    op.create_table(
        "review_events",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("recipe", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, nullable=False),
        sa.Column("content_sha256", sa.Text, nullable=False),
        sa.Column("reviewer", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("edits", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["recipe", "item_id", "content_sha256"],
            ["review_queue.recipe", "review_queue.item_id", "review_queue.content_sha256"],
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("review_events_item", "review_events", ["recipe", "item_id"])
    for statement in _SQLITE if sqlite else _POSTGRESQL:
        op.execute(statement)
