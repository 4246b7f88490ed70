"""Accounts, sessions, invitations and failed logins."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    moment: sa.types.TypeEngine[Any] = sa.String(27) if sqlite else sa.DateTime(timezone=True)
    op.create_table(
        "review_accounts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("password", sa.Text),  # argon2 hash; none for those who come through a login provider
        sa.Column("roles", sa.Text, nullable=False),  # JSON list
        sa.Column("specialties", sa.Text, nullable=False),  # JSON list
        sa.Column("years", sa.Integer),  # of practice
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text),  # of the login provider
        sa.Column("subject", sa.Text),  # what it calls this person
        sa.Column("created_at", moment, nullable=False),
        sa.Column("disabled_at", moment),
        sa.UniqueConstraint("issuer", "subject", name="review_accounts_subject"),
    )
    op.create_table(
        "review_sessions",
        sa.Column("token_sha256", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, sa.ForeignKey("review_accounts.name"), nullable=False),
        sa.Column("csrf", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
    )
    op.create_table(
        "review_invitations",
        sa.Column("token_sha256", sa.Text, primary_key=True),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("specialties", sa.Text, nullable=False),
        sa.Column("invited_by", sa.Text, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("used_at", moment),
        sa.Column("account", sa.Text),
    )
    op.create_table(
        "review_attempts",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("review_sessions_account", "review_sessions", ["account"])
    op.create_index("review_attempts_key", "review_attempts", ["key", "at"])
