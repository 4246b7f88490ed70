"""Requests, their schemas and their answers; a SQLite file made before Alembic is taken over whole."""

import sqlalchemy as sa
from alembic import op

from grandrounds.llm.ledger.migrations.before_alembic import take_over

revision = "0001"
down_revision = None

#: Compared byte by byte, so that ids and times sort the same everywhere.
_PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables; fill them with what the former ones hold, if there are any."""
    _make_tables()
    _make_indexes()
    if op.get_bind().dialect.name == "sqlite":
        take_over(op.get_bind())


def _make_tables() -> None:
    op.create_table(
        "ledger_schemas",
        sa.Column("schema_sha256", _PLAIN, primary_key=True),
        sa.Column("schema", sa.Text, nullable=False),
    )
    # What was asked. `key` with the schema's text put back is what the id is the hash of.
    op.create_table(
        "ledger_requests",
        sa.Column("request_id", _PLAIN, primary_key=True),
        sa.Column("key_version", sa.Integer, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("prompt_name", sa.Text, nullable=False),
        sa.Column("prompt_version", sa.Text, nullable=False),
        sa.Column("prompt_sha256", sa.Text, nullable=False),
        sa.Column("protected", sa.SmallInteger, nullable=False),
        sa.Column("schema_sha256", _PLAIN, nullable=False),
        sa.Column("created_at", _PLAIN, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
    )
    # What came back, every time: append-only, so the sum of tokens is what was paid. Model and prompt
    # are repeated from the request: counting by them must not read a million requests.
    op.create_table(
        "ledger_answers",
        sa.Column("answer_id", _COUNT, primary_key=True, autoincrement=True),
        sa.Column("request_id", _PLAIN, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("prompt_name", sa.Text, nullable=False),
        sa.Column("prompt_version", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=False),
        sa.Column("completion_tokens", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("finish_reason", sa.Text, nullable=False),
        sa.Column("served_by", sa.Text, nullable=False),
        sa.Column("error_class", sa.Text, nullable=False),
        sa.Column("backend", sa.Text, nullable=False),
        sa.Column("created_at", _PLAIN, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("refusal", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )


def _make_indexes() -> None:
    ok, other = sa.text("status = 'ok'"), sa.text("status <> 'ok'")
    # However many processes ask at once, one answer counts: the first.
    op.create_index(
        "ledger_one_ok_answer",
        "ledger_answers",
        ["request_id"],
        unique=True,
        sqlite_where=ok,
        postgresql_where=ok,
    )
    op.create_index(
        "ledger_other_answers", "ledger_answers", ["request_id"], sqlite_where=other, postgresql_where=other
    )
    # Holds all that `ledger stats` counts, so that it reads nothing else.
    op.create_index(
        "ledger_counts",
        "ledger_answers",
        [
            "model",
            "prompt_name",
            "prompt_version",
            "status",
            "created_at",
            "prompt_tokens",
            "completion_tokens",
            "cost",
        ],
    )
