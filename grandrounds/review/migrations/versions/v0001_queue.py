"""The queue: which contents are asked, for which benchmark, under which policy."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the queue."""
    op.create_table(
        "review_recipes",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("policy", sa.Text),
    )
    op.create_table(
        "review_queue",
        sa.Column("recipe", sa.Text, sa.ForeignKey("review_recipes.name"), primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("content_sha256", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("candidate", sa.Text, nullable=False),
        sa.CheckConstraint("state IN ('open', 'replaced', 'withdrawn')", name="review_queue_state"),
    )
    op.create_index(
        "review_queue_one_open",
        "review_queue",
        ["recipe", "item_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
