"""Ratings by criterion, and spans and boxes marked wrong, beside each decision."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; what was decided before has none of either."""
    for name in ("ratings", "marks"):
        op.add_column("review_events", sa.Column(name, sa.Text, nullable=False, server_default="[]"))
