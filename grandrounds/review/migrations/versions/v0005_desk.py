"""Slots, declined items, unsent decisions and gold items."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    moment: sa.types.TypeEngine[Any] = sa.String(27) if sqlite else sa.DateTime(timezone=True)
    op.create_table(
        "review_slots",
        sa.Column("recipe", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("content_sha256", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("account", sa.Text, sa.ForeignKey("review_accounts.name"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("taken_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.CheckConstraint("state IN ('held', 'done')", name="review_slots_state"),
        sa.UniqueConstraint(
            "recipe", "item_id", "content_sha256", "role", "account", name="review_slots_once"
        ),
        sa.ForeignKeyConstraint(
            ["recipe", "item_id", "content_sha256"],
            ["review_queue.recipe", "review_queue.item_id", "review_queue.content_sha256"],
        ),
    )
    op.create_table(
        "review_declines",
        sa.Column("recipe", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, sa.ForeignKey("review_accounts.name"), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.CheckConstraint("kind IN ('not_mine', 'later', 'conflict')", name="review_declines_kind"),
    )
    op.create_table(
        "review_unsent",
        sa.Column("recipe", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("content_sha256", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, sa.ForeignKey("review_accounts.name"), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("saved_at", moment, nullable=False),
    )
    op.create_table(
        "review_gold",
        sa.Column("recipe", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("content_sha256", sa.Text, primary_key=True),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("review_slots_account", "review_slots", ["account", "state"])
