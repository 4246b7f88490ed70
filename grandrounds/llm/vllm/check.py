"""Checks a line before vLLM reads it: one line that vLLM can't read costs the answers of all others.

Checked is what makes vLLM 0.32 stop (tried one by one): broken JSON, a field of another type, a
``response_format`` without its parts. What vLLM refuses line by line (a prompt that is too long, a schema
that its grammar can't take) is left to vLLM, except for limits that hold for every model.
"""

from __future__ import annotations

import math
from typing import Any

import orjson

from grandrounds.llm.files.lines import URL
from grandrounds.llm.request import ROLES

_HOTTEST = 2.0  # the API's own limit of the temperature
_MOST_TOKENS = 2**31 - 1


def line_fault(line: bytes, *, request_id: str, model: str) -> str:
    """What is wrong with a line for the request ``request_id``; empty when vLLM can read it."""
    if b"\n" in line.strip():
        return "the line holds a line break"
    try:
        document = orjson.loads(line)  # as strict as vLLM: no half characters, no NaN
    except orjson.JSONDecodeError as exc:
        return f"the line is not JSON: {exc}"[:200]
    if not isinstance(document, dict):
        return "the line is not an object"
    if document.get("custom_id") != request_id:
        return "the line's custom_id is not the request's id"
    if document.get("method") != "POST" or document.get("url") != URL:
        return "the line is no POST of a chat completion"
    return _body_fault(document.get("body"), model)


def _body_fault(body: Any, model: str) -> str:
    if not isinstance(body, dict):
        return "the body is not an object"
    if body.get("model") != model:
        return f"the body asks for another model than {model!r}"
    return (
        _messages_fault(body.get("messages"))
        or _numbers_fault(body)
        or _format_fault(body.get("response_format"))
    )


def _messages_fault(messages: Any) -> str:
    if not isinstance(messages, list) or not messages:
        return "the body holds no messages"
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return "a message has no role"
        if not isinstance(message.get("content"), str | list):
            return "a message has no content"
    return ""


def _numbers_fault(body: dict[str, Any]) -> str:
    tokens = body.get("max_tokens")
    if isinstance(tokens, bool) or not isinstance(tokens, int) or not 1 <= tokens <= _MOST_TOKENS:
        return f"max_tokens is {tokens!r}, and not a whole number above 0"
    temperature = body.get("temperature", 0.0)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float):
        return "the temperature is not a number"
    if not math.isfinite(temperature) or not 0 <= temperature <= _HOTTEST:
        return f"the temperature is {temperature}, and not between 0 and {_HOTTEST:g}"
    return ""


def _format_fault(form: Any) -> str:
    schema = (
        form.get("json_schema") if isinstance(form, dict) and form.get("type") == "json_schema" else None
    )
    if not isinstance(schema, dict):
        return "the body has no response_format with a json_schema"
    if not isinstance(schema.get("name"), str) or not schema["name"]:
        return "the json_schema has no name"
    if not isinstance(schema.get("schema"), dict):
        return "the json_schema has no schema"
    return ""
