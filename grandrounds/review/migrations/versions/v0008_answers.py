"""What a reader answered before the marked answer was shown: beside what is typed, and in the decision."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns; of what was decided before, nobody knows."""
    op.add_column("review_events", sa.Column("answer", sa.Text, nullable=False, server_default=""))
    op.add_column("review_unsent", sa.Column("answer", sa.Text))
