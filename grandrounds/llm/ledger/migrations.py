"""The ledger's schema as an append-only list of steps. Never edit one that was released: add the next.

SQLite's ``user_version`` says how many a file has had; ``APPLICATION_ID`` marks the file as a ledger.
"""

from __future__ import annotations

APPLICATION_ID = 0x47524C44  # "GRLD"

#: Each step is a tuple of statements, run in one transaction.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # What was asked. `key` is the canonical JSON that the id is the hash of.
        """CREATE TABLE requests (
            request_id TEXT PRIMARY KEY NOT NULL,
            key_version INTEGER NOT NULL,
            model TEXT NOT NULL,
            prompt_name TEXT NOT NULL,
            prompt_version TEXT NOT NULL,
            prompt_sha256 TEXT NOT NULL,
            protected INTEGER NOT NULL,
            key TEXT NOT NULL,
            created_at TEXT NOT NULL
        )""",
        # What came back, every time: append-only, so the sum of tokens is what was paid.
        """CREATE TABLE answers (
            answer_id INTEGER PRIMARY KEY,
            request_id TEXT NOT NULL REFERENCES requests (request_id),
            status TEXT NOT NULL,
            text TEXT NOT NULL,
            finish_reason TEXT NOT NULL,
            refusal TEXT NOT NULL,
            model TEXT NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            seconds REAL NOT NULL,
            attempts INTEGER NOT NULL,
            error_class TEXT NOT NULL,
            error TEXT NOT NULL,
            backend TEXT NOT NULL,
            created_at TEXT NOT NULL
        )""",
        "CREATE INDEX answers_by_request ON answers (request_id)",
        # However many processes ask at once, one answer counts: the first.
        "CREATE UNIQUE INDEX one_ok_answer ON answers (request_id) WHERE status = 'ok'",
    ),
)
