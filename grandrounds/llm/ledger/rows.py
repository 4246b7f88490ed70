"""Requests and answers as rows of the ledger's tables, and the statements that read and write them.

The statements are the same for every kind of database; ``?`` stands for a value. The tables are made by
``migrations``. Small columns come before large texts: SQLite reads a row from its beginning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

import orjson

from grandrounds.fingerprint import canonical, sha256_text
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.ledger.values import Filed, StoredAnswer, StoredRequest
from grandrounds.llm.request import KEY_VERSION, ModelRequest

Row = tuple[Any, ...]

#: Fields of an answer and the columns that keep them. ``parsed`` is read again from the text.
_STORED = {
    "status": "status",
    "prompt_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
    "cost": "cost",
    "seconds": "seconds",
    "attempts": "attempts",
    "finish_reason": "finish_reason",
    "model": "served_by",
    "error_class": "error_class",
    "error": "error",
    "refusal": "refusal",
    "text": "text",
}
_FIELDS = tuple(_STORED)
_values_of = attrgetter(*_FIELDS)
_OF_REQUEST = ("request_id", "model", "prompt_name", "prompt_version")
_OF_FILING = ("backend", "created_at")
_ANSWER_COLUMNS = (*_OF_REQUEST, *_OF_FILING, *_STORED.values())
_REQUEST_COLUMNS = (
    "request_id",
    "key_version",
    "model",
    "prompt_name",
    "prompt_version",
    "prompt_sha256",
    "protected",
    "schema_sha256",
    "created_at",
    "key",
)


def _insert(table: str, columns: Sequence[str], conflict: str) -> str:
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "  # noqa: S608
        f"ON CONFLICT {conflict}"
    )


INSERT_SCHEMA = _insert("ledger_schemas", ("schema_sha256", "schema"), "DO NOTHING")
INSERT_REQUEST = _insert("ledger_requests", _REQUEST_COLUMNS, "DO NOTHING")
#: Protection is not in the id, and once given it stays.
INSERT_PROTECTED_REQUEST = _insert(
    "ledger_requests", _REQUEST_COLUMNS, "(request_id) DO UPDATE SET protected = 1"
)
INSERT_ANSWER = _insert("ledger_answers", _ANSWER_COLUMNS, "DO NOTHING")
DEMOTE_ANSWER = "UPDATE ledger_answers SET status = ? WHERE answer_id = ? AND status = 'ok'"

_ANSWER_LIST = ", ".join(f"a.{column}" for column in ("answer_id", *_ANSWER_COLUMNS))
_REQUEST_LIST = ", ".join(f"r.{column}" for column in _REQUEST_COLUMNS)
#: Followed by a condition; the answers of each status have an index of their own.
SELECT_ANSWERS = f"SELECT {_ANSWER_LIST} FROM ledger_answers a WHERE "  # noqa: S608
SELECT_REQUESTS = (
    f"SELECT {_REQUEST_LIST}, s.schema FROM ledger_requests r "  # noqa: S608
    "LEFT JOIN ledger_schemas s ON s.schema_sha256 = r.schema_sha256 WHERE "
)
_START_OF_FIELDS = 1 + len(_OF_REQUEST) + len(_OF_FILING)


def schema_row(request: ModelRequest) -> Row:
    """The row of a request's schema."""
    return sha256_text(request.schema), request.schema


def request_row(request: ModelRequest, *, schema_sha256: str, now: str) -> Row:
    """The row of a request. Its ``key`` column is the request's key without the schema's text."""
    key = request.key()
    del key["schema"]
    return (
        request.request_id,
        KEY_VERSION,
        request.model,
        request.prompt_name,
        request.prompt_version,
        request.prompt_sha256,
        int(request.protected),
        schema_sha256,
        now,
        _spelled(key),
    )


def answer_row(filed: Filed, *, now: str) -> Row:
    """The row of an answer."""
    request, answer = filed.request, filed.answer
    return (
        request.request_id,
        request.model,
        request.prompt_name,
        request.prompt_version,
        filed.backend,
        now,
        *_values_of(answer),
    )


def storable(filed: Filed) -> Filed:
    """The same without half characters (lone surrogates) in the answer: no database stores those."""
    texts: dict[str, Any] = {
        name: value.encode("utf-8", "replace").decode("utf-8")
        for name in _FIELDS
        if isinstance(value := getattr(filed.answer, name), str)
    }
    return replace(filed, answer=replace(filed.answer, **texts))


def is_row_of(row: Row, answer: ModelAnswer) -> bool:
    """Whether a row of ``SELECT_ANSWERS`` says the same as ``answer``."""
    return row[_START_OF_FIELDS:] == _values_of(answer)


def status_of(row: Row) -> str:
    """The status in a row of ``SELECT_ANSWERS``."""
    status: str = row[_START_OF_FIELDS]
    return status


def text_of(row: Row) -> str:
    """What the model wrote, in a row of ``SELECT_ANSWERS``."""
    text: str = row[-1]
    return text


def answer_of(row: Row, *, parsed: str = "") -> ModelAnswer:
    """The answer in a row of ``SELECT_ANSWERS``; ``parsed`` is the object that was read from its text."""
    return ModelAnswer(
        request_id=row[1],
        parsed=parsed,
        from_ledger=True,
        **dict(zip(_FIELDS, row[_START_OF_FIELDS:], strict=True)),
    )


def stored_answer_of(row: Row) -> StoredAnswer:
    """The answer in a row of ``SELECT_ANSWERS``, with where it came from and when."""
    at = 1 + len(_OF_REQUEST)
    return StoredAnswer(answer=answer_of(row), backend=row[at], created_at=row[at + 1])


def stored_request_of(row: Row, answers: Sequence[StoredAnswer] = ()) -> StoredRequest:
    """The request in a row of ``SELECT_REQUESTS``."""
    return StoredRequest(
        request_id=row[0],
        key_version=row[1],
        model=row[2],
        prompt_name=row[3],
        prompt_version=row[4],
        prompt_sha256=row[5],
        protected=bool(row[6]),
        created_at=row[8],
        key=_whole_key(row[9], row[10]),
        answers=tuple(answers),
    )


def _spelled(key: dict[str, Any]) -> str:
    """Any JSON will do: who wants the id again spells the key canonically."""
    try:
        return orjson.dumps(key).decode()
    except orjson.JSONEncodeError:  # a whole number over 64 bits
        return canonical(key).decode()


def _whole_key(key: str, schema: str | None) -> Mapping[str, Any]:
    """The key with its schema; one that was damaged long ago is shown as it is, under another name."""
    try:
        document = json.loads(key)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return {"unreadable": key}
    return document if schema is None else {**document, "schema": schema}
