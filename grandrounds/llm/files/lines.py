"""One line of a shard, and one line of answers, as OpenAI's Batch API and ``vllm run-batch`` have them.

A request: ``{"custom_id", "method", "url", "body"}``. An answer: ``{"custom_id", "response":
{"status_code", "body"}, "error"}``; in OpenAI's error files ``response`` may be null and ``error`` an
object.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import orjson

from grandrounds.llm.backends.dialect import Dialect
from grandrounds.llm.reply import Reply, read_completion
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.wire import MediaSource, encode

URL: Final = "/v1/chat/completions"

#: A line that can't be used, by kind.
MALFORMED = "malformed"
NOT_AN_ANSWER = "not_an_answer"
FAILED = "failed"

_MOST_WORDS = 200
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """A line of an answer file. ``reply`` is there unless ``fault`` says, by kind, why it is not."""

    custom_id: str = ""
    reply: Reply | None = None
    fault: str = ""
    words: str = ""


def request_line(
    request: ModelRequest, *, media: MediaSource | None = None, dialect: Dialect | None = None
) -> bytes:
    """``request`` as a line of a shard, with its line break. Raises ``MediaError`` like ``wire.body``."""
    body = encode(request, media=media, dialect=dialect or Dialect())
    return b'{"custom_id":"%b","method":"POST","url":"%b","body":%b}\n' % (
        request.request_id.encode(),
        URL.encode(),
        body,
    )


def read_answer(line: bytes) -> AnswerLine:
    """Read one line of an answer file. Never raises, whatever the line."""
    document = loads(line)
    if not isinstance(document, dict):
        return AnswerLine(fault=MALFORMED, words="the line is not a JSON object")
    key = document.get("custom_id")
    if not isinstance(key, str) or not key:
        return AnswerLine(fault=MALFORMED, words="the line has no custom_id")
    if "response" not in document and "error" not in document:
        what = "a request" if "body" in document else "neither a response nor an error"
        return AnswerLine(custom_id=key, fault=NOT_AN_ANSWER, words=f"the line is {what}")
    words = _failure(document)
    if words:
        return AnswerLine(custom_id=key, fault=FAILED, words=words)
    reply = read_completion(document["response"]["body"])
    if reply.error_class:
        return AnswerLine(custom_id=key, fault=FAILED, words=reply.error)
    return AnswerLine(custom_id=key, reply=reply)


def loads(line: bytes) -> Any:
    """The JSON value of a line, ``None`` when it has none."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:  # more lenient: half characters, which the reading of replies replaces
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _failure(document: dict[str, Any]) -> str:
    """Why the line holds no completion; empty when it may hold one."""
    error = document.get("error")
    if error:
        return _said(error)
    response = document.get("response")
    if not isinstance(response, dict):
        return "the line has no response"
    status = response.get("status_code", _OK)
    if status != _OK or isinstance(status, bool):
        return f"status {short(str(status))}: {_said(response.get('body'))}"
    return "" if isinstance(response.get("body"), dict) else "the response has no body"


def _said(error: Any) -> str:
    """The code and the words of an error, which may stand one or two levels down."""
    if isinstance(error, dict) and isinstance(error.get("error"), dict):
        error = error["error"]
    if not isinstance(error, dict):
        return short(error) if isinstance(error, str) and error else "no reason is given"
    parts = [error.get("code"), error.get("message")]
    return short(": ".join(str(part) for part in parts if part)) or "no reason is given"


def short(words: str) -> str:
    """Words from outside on one line, without what commands a terminal, and not too many."""
    tidy = "".join(char if char.isprintable() else " " for char in words[: 4 * _MOST_WORDS])
    return " ".join(tidy.split())[:_MOST_WORDS]
