"""The split of each content, and indexes by which the desk chooses and counts without reading contents."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_FREE = sa.text("state = 'open' AND free > 0")
_UNSETTLED = sa.text("state = 'open' AND (wanted IS NULL OR free IS NULL)")


def upgrade() -> None:
    """Add the column (a group without a split counts as test) and the indexes."""
    op.add_column("review_queue", sa.Column("split", sa.Text, nullable=False, server_default="test"))
    op.drop_index("review_queue_free", "review_queue")
    op.create_index(
        "review_queue_free",
        "review_queue",
        ["recipe", sa.text("priority DESC"), "position", "state", "free"],
        sqlite_where=_FREE,
        postgresql_where=_FREE,
    )
    op.create_index(
        "review_queue_unsettled",
        "review_queue",
        ["recipe"],
        sqlite_where=_UNSETTLED,
        postgresql_where=_UNSETTLED,
    )
