"""Takes over the tables of a ledger made before Alembic (SQLite's ``user_version`` 1), losing nothing.

Those kept the schema's text in every request. Rows are read and written a page at a time, in the one
transaction of the migration: a file that is cut off half way is the file from before.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, inspect

from grandrounds.fingerprint import canonical, sha256_text
from grandrounds.llm.ledger.migrations import USER_VERSION

_PAGE = 500

_SELECT_REQUESTS = (
    "SELECT rowid, request_id, key_version, model, prompt_name, prompt_version, prompt_sha256, protected, "
    "created_at, key FROM requests WHERE rowid > ? ORDER BY rowid LIMIT ?"
)
_INSERT_SCHEMA = "INSERT INTO ledger_schemas VALUES (?, ?) ON CONFLICT DO NOTHING"
_INSERT_REQUEST = (
    "INSERT INTO ledger_requests (request_id, key_version, model, prompt_name, prompt_version, "
    "prompt_sha256, protected, created_at, schema_sha256, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# An answer without its request (a damaged file) keeps its place; it then has no model and no prompt.
_COPY_ANSWERS = """
    INSERT INTO ledger_answers (answer_id, request_id, model, prompt_name, prompt_version, status,
        prompt_tokens, completion_tokens, cost, seconds, attempts, finish_reason, served_by, error_class,
        backend, created_at, error, refusal, text)
    SELECT a.answer_id, a.request_id, coalesce(r.model, ''), coalesce(r.prompt_name, ''),
        coalesce(r.prompt_version, ''), a.status, a.prompt_tokens, a.completion_tokens, 0.0, a.seconds,
        a.attempts, a.finish_reason, a.model, a.error_class, a.backend, a.created_at, a.error, a.refusal,
        a.text
    FROM answers a LEFT JOIN requests r ON r.request_id = a.request_id ORDER BY a.answer_id
"""


def take_over(connection: Connection) -> None:
    """Move everything from the former tables, if there are any, and drop those."""
    if inspect(connection).has_table("requests"):
        _copy_requests(connection)
        connection.exec_driver_sql(_COPY_ANSWERS)
        connection.exec_driver_sql("DROP TABLE answers")
        connection.exec_driver_sql("DROP TABLE requests")
    connection.exec_driver_sql(f"PRAGMA user_version = {USER_VERSION}")


def _copy_requests(connection: Connection) -> None:
    last: int | None = -(2**63)
    while last is not None:
        rows = connection.exec_driver_sql(_SELECT_REQUESTS, (last, _PAGE)).fetchall()
        last = rows[-1][0] if rows else None
        schemas: dict[str, str] = {}
        requests = []
        for row in rows:
            schema, key = _split(row[-1])
            name = sha256_text(schema) if schema is not None else ""
            if schema is not None:
                schemas[name] = schema
            requests.append((*row[1:-1], name, key))
        if requests:
            connection.exec_driver_sql(_INSERT_SCHEMA, list(schemas.items())) if schemas else None
            connection.exec_driver_sql(_INSERT_REQUEST, requests)


def _split(key: str) -> tuple[str | None, str]:
    """The schema's text, and the key without it; a key that isn't one stays as it is."""
    try:
        document: Any = json.loads(key)
        schema = document.pop("schema")
        rest = canonical(document).decode()
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None, key
    return (schema, rest) if isinstance(schema, str) else (None, key)
