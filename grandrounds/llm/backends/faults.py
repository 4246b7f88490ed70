"""What a failed try means: try again, give this request up, or stop the whole run.

=========================================  ======================================================
the server says                            it means
=========================================  ======================================================
401, 403                                   stop: wrong key
402, 429 with ``insufficient_quota``       stop: nothing left to spend
404, 405, ``model_not_found``, a redirect  stop: wrong model or address
400 about ``temperature``                  stop: the model takes no such temperature
408, 409, 425, 429, 5xx                    try again, then ``failed``
any other 4xx                              ``failed``, with the server's words
=========================================  ======================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grandrounds.errors import ModelError
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.backends.retry import retry_after, retry_after_ms

_AGAIN = frozenset({408, 409, 425, 429})
_NO_SUCH = frozenset({404, 405, 410})
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failed try of one request. ``asked`` is the wait the server asked for, in seconds."""

    error_class: str
    error: str
    again: bool
    asked: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reply with a status of 300 or more, read: its status, words, code and faulty parameter."""

    status: int
    message: str
    code: str
    parameter: str
    asked: float | None
    location: str

    @classmethod
    def read(cls, status: int, *, headers: Mapping[str, str], body: bytes, endpoint: Endpoint) -> Refusal:
        """Read one leniently: JSON in several shapes, plain text, or a page of HTML. Never the key.

        Names of ``headers`` are in lower case.
        """
        error = _error_object(body)
        message = _first_text(error, ("message", "detail", "msg", "error")) or _plain(body)
        return cls(
            status=status,
            message=endpoint.scrub(_one_line(message))[:_LONGEST_MESSAGE],
            code=endpoint.scrub(_first_text(error, ("code", "type")))[:80],
            parameter=endpoint.scrub(_first_text(error, ("param",)))[:80],
            asked=retry_after_ms(headers.get("retry-after-ms")) or retry_after(headers.get("retry-after")),
            location=endpoint.scrub(headers.get("location", "")).split("?")[0][:200],
        )


def fault(refusal: Refusal, *, endpoint: Endpoint, model: str) -> Fault:
    """What ``refusal`` means for this request. Raises ``ModelError`` when no request can succeed."""
    _raise_if_hopeless(refusal, endpoint=endpoint, model=model)
    status = refusal.status
    return Fault(
        error_class=f"http_{status}",
        error=f"the server answered {status}: {refusal.message or 'without a word'}",
        again=status in _AGAIN or status >= 500,
        asked=refusal.asked,
    )


def unreachable(endpoint: Endpoint, *, why: str) -> ModelError:
    """The error for an address where nothing answers."""
    return ModelError(
        f"Nothing answers at {endpoint.base_url} ({why}).",
        remedy=f"Start the model server, check {endpoint.address_setting}, or unset it to write by rules.",
    )


def _raise_if_hopeless(refusal: Refusal, *, endpoint: Endpoint, model: str) -> None:
    said = f" The server says: {refusal.message}" if refusal.message else ""
    where = endpoint.base_url
    status = refusal.status
    if status in {401, 403}:
        raise ModelError(
            f"{where} refuses the key ({status}).{said}",
            remedy=f"Check {endpoint.key_setting}; what was answered so far is in the ledger.",
        )
    if status == 402 or "insufficient_quota" in refusal.code:
        raise ModelError(
            f"{where} has nothing left to spend for this key ({status}).{said}",
            remedy="Raise the account's limit and run again; what was answered so far is in the ledger.",
        )
    if status in _NO_SUCH or refusal.code == "model_not_found":
        raise ModelError(
            f"There is no model {model!r} at {where} ({status}).{said}",
            remedy=f"Check {endpoint.model_setting}, and that {endpoint.address_setting} ends as the "
            "server's documentation says (mostly /v1).",
        )
    if 300 <= status < 400:
        raise ModelError(
            f"{where} sends requests on to {refusal.location or 'another address'} ({status}).",
            remedy=f"Set {endpoint.address_setting} to the right address; the key is not sent elsewhere.",
        )
    if status in {400, 422} and refusal.parameter == "temperature":
        raise ModelError(
            f"The model {model!r} at {where} does not take this temperature.{said}",
            remedy="Set `temperature` in the recipe to a value it takes (mostly 1).",
        )


def _error_object(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    inner = document.get("error")
    return inner if isinstance(inner, dict) else document


def _first_text(error: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = error.get(name)
        if isinstance(value, list | dict) and value:
            try:
                return json.dumps(value, ensure_ascii=True)
            except (ValueError, RecursionError):
                return ""
        if value and isinstance(value, str | int):
            return _storable(str(value))
    return ""


def _plain(body: bytes) -> str:
    text = body[: 4 * _LONGEST_MESSAGE].decode("utf-8", "replace").strip()
    return "(a page of HTML)" if text[:1] == "<" else text


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
