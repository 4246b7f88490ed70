"""One question to a model, named by its content: the same request has the same id on every machine.

The id is a hash of what can change an answer, and of nothing else. ``IN_KEY`` and ``NOT_IN_KEY`` are
the two lists; ``KEY_VERSION`` is their version and stands in every key.

The order of keys in the schema can't change an answer either, because it never reaches the wire:
properties are sent in the order of the schema's own ``required`` list, which is in the id.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from grandrounds.errors import ModelError
from grandrounds.fingerprint import canonical, content_id
from grandrounds.llm.schema import check_schema

#: Raised when the two lists below change; then nothing answered before is served any more.
KEY_VERSION = 1

#: What can change an answer, and so is in the id.
IN_KEY: Mapping[str, str] = {
    "messages": "role and text of each, in order, and the hashes of its media where it has any",
    "model": "the name that the request asks for",
    "schema": "the form of the answer, in its canonical spelling",
    "schema_name": "models are told it",
    "temperature": "how freely the model chooses; none leaves it to the server",
    "max_tokens": "where the answer is cut",
    "prompt_version": "whoever raises it wants new answers",
    "key_version": "the version of these lists",
}

#: What can't change what is asked, and so is not in the id; each with the reason.
NOT_IN_KEY: Mapping[str, str] = {
    "endpoint": "the same model answers the same question, wherever it is served",
    "backend": "live, by files, by the Batch API or in a process of our own: how, not what",
    "api_key": "who pays is not what is asked",
    "timeouts": "how long we wait",
    "retries": "how often we try",
    "concurrency": "how many are asked at a time",
    "limits": "when we stop",
    "dialect": "how a server wants the same question spelled (see `backends/dialect.py`)",
    "media_type": "read from the media's own bytes, whose hash is in the id",
    "prompt_name": "what the prompt renders to stands in the messages",
    "prompt_sha256": "a comment in a prompt changes no answer",
    "protected": "where a request may go is not what it asks",
}

ROLES = ("system", "user", "assistant")

#: What models are shown: formats that every endpoint with eyes takes.
MEDIA_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")

_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPart:
    """A picture that goes with a message: the hash of its bytes in the lake, and what they are.

    ``media_type`` is one of ``MEDIA_TYPES``; that the bytes are of this type is checked when they are read.
    """

    sha256: str
    media_type: str

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or not set(self.sha256) <= _HEX:
            raise ModelError(f"Media of a model request are named by 64 hex digits, not {self.sha256!r}.")
        if self.media_type not in MEDIA_TYPES:
            raise ModelError(
                f"A model can't be shown media of the type {self.media_type!r}.",
                remedy=f"Make a picture of it first: {', '.join(MEDIA_TYPES)}.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the conversation. ``role`` is ``system``, ``user`` or ``assistant``.

    ``media`` are pictures that go with it, in order; only the user's messages may have some.
    """

    role: str
    content: str
    media: tuple[MediaPart, ...] = ()

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ModelError(f"A message's role is one of {', '.join(ROLES)}, not {self.role!r}.")
        if self.media and self.role != "user":
            raise ModelError(f"Only a user's message may carry media, not one of the role {self.role!r}.")

    def key(self) -> list[Any]:
        """The message as it stands in a request's key; spelled as ever where there are no media."""
        words: list[Any] = [self.role, self.content]
        return [*words, [part.sha256 for part in self.media]] if self.media else words


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """A structured-output request. Make one with ``ModelRequest.of``, which takes the schema as a dict.

    ``schema`` is the canonical JSON text of the JSON schema that the answer must fit;
    ``temperature`` may be ``None`` to leave it to the server; ``max_tokens`` bounds the answer;
    ``prompt_name``, ``prompt_version`` and ``prompt_sha256`` say which prompt made the messages.
    A ``protected`` request goes to no endpoint that isn't marked local.
    """

    messages: tuple[Message, ...]
    schema_name: str
    schema: str
    model: str
    temperature: float | None
    max_tokens: int
    prompt_name: str
    prompt_version: str
    prompt_sha256: str
    protected: bool = False
    request_id: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", _canonical_schema(self.schema))
        if self.temperature is not None:
            object.__setattr__(self, "temperature", _plain_number(self.temperature))
        if not self.messages:
            raise ModelError("A model request needs at least one message.")
        try:
            object.__setattr__(self, "request_id", content_id("req", self.key()))
        except UnicodeEncodeError as exc:
            raise ModelError(
                f"A message of prompt {self.prompt_name!r} holds half a character (a lone surrogate).",
                remedy="The text was decoded wrongly; read the source again with the right encoding.",
            ) from exc

    @classmethod
    def of(
        cls,
        *,
        messages: tuple[Message, ...],
        schema_name: str,
        schema: Mapping[str, Any],
        model: str,
        max_tokens: int,
        prompt_name: str,
        prompt_version: str,
        prompt_sha256: str,
        temperature: float | None = 0.0,
        protected: bool = False,
    ) -> ModelRequest:
        """Make a request from a schema given as a dict (``contract("outputs/NAME").json_schema()``).

        Raises ``ModelError`` for a schema that uses what ``grandrounds.llm.schema`` can't check.
        """
        return cls(
            messages=messages,
            schema_name=schema_name,
            schema=canonical(schema).decode(),
            model=model,
            temperature=temperature,
            max_tokens=max_tokens,
            prompt_name=prompt_name,
            prompt_version=prompt_version,
            prompt_sha256=prompt_sha256,
            protected=protected,
        )

    def key(self) -> dict[str, Any]:
        """Everything that can change an answer; the id is the hash of exactly this."""
        return {
            "key_version": KEY_VERSION,
            "messages": [message.key() for message in self.messages],
            "model": self.model,
            "schema_name": self.schema_name,
            "schema": self.schema,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "prompt_version": self.prompt_version,
        }

    @property
    def has_media(self) -> bool:
        """Whether pictures go with any of the messages."""
        return any(message.media for message in self.messages)


@lru_cache(maxsize=256)
def ordered_schema(schema: str) -> dict[str, Any]:
    """The schema with its properties in the order of ``required``: models answer in that order.

    The answer is shared between callers; don't change it.
    """
    ordered = _in_order(json.loads(schema))
    assert isinstance(ordered, dict)
    return ordered


def _in_order(node: Any) -> Any:
    if isinstance(node, list):
        return [_in_order(part) for part in node]
    if not isinstance(node, dict):
        return node
    made = {
        key: _in_order(part) for key, part in node.items() if key not in {"properties", "enum", "const"}
    }
    made.update({key: node[key] for key in ("enum", "const") if key in node})
    if isinstance(node.get("properties"), dict):
        properties = node["properties"]
        first = [name for name in node.get("required", []) if name in properties]
        names = first + sorted(set(properties) - set(first))
        made["properties"] = {name: _in_order(properties[name]) for name in names}
    return made


@lru_cache(maxsize=256)
def _canonical_schema(schema: str) -> str:
    """One spelling for equal schemas; a schema that can't be checked is refused here, before it costs."""
    try:
        document = json.loads(schema)
    except ValueError as exc:
        raise ModelError(f"The schema of a model request is not JSON: {exc}.") from exc
    check_schema(document)
    return canonical(document).decode()


def _plain_number(value: float) -> float:
    if not math.isfinite(value):
        raise ModelError(f"The temperature of a model request must be a number, not {value}.")
    return float(value) + 0.0  # 0, 0.0 and -0.0 are one temperature
