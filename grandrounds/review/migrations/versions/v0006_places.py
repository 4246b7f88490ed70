"""What the desk chooses by: how pressing each content is, how many readers it needs, how many are free."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns; empty ones are worked out when the queue is next asked."""
    op.add_column("review_queue", sa.Column("priority", sa.Float))
    op.add_column("review_queue", sa.Column("wanted", sa.Integer))
    op.add_column("review_queue", sa.Column("free", sa.Integer))
    op.create_index(
        "review_queue_free",
        "review_queue",
        ["recipe", "priority", "position"],
        sqlite_where=sa.text("state = 'open' AND free > 0"),
        postgresql_where=sa.text("state = 'open' AND free > 0"),
    )
    op.create_index(
        "review_slots_expiry",
        "review_slots",
        ["expires_at"],
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
