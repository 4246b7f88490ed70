"""One question to a model, named by its content: the same request has the same id on every machine.

The id is a hash of what can change an answer, and of nothing else:

- in the id: the messages (role and text), the model, the schema and its name, the temperature, the
  limit of tokens, the version of the prompt, and ``KEY_VERSION``;
- not in the id: the endpoint, keys, timeouts, retries, concurrency, how a server wants structured
  outputs spelled (see ``backends/dialect.py``), the prompt's name and the hash of its file (a comment
  in a prompt changes no answer; what it renders to stands in the messages), and ``protected`` (where a
  request may go is not what it asks).

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

#: Raised when the lists above change; then nothing answered before is served any more.
KEY_VERSION = 1

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the conversation. ``role`` is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ModelError(f"A message's role is one of {', '.join(ROLES)}, not {self.role!r}.")


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
            "messages": [[message.role, message.content] for message in self.messages],
            "model": self.model,
            "schema_name": self.schema_name,
            "schema": self.schema,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "prompt_version": self.prompt_version,
        }

    def body(self) -> dict[str, Any]:
        """The body of an OpenAI chat-completions call, with a strict ``json_schema`` answer format."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.content} for message in self.messages],
            "max_tokens": self.max_tokens,
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": self.schema_name,
                    "strict": True,
                    "schema": ordered_schema(self.schema),
                },
            },
        }
        if self.temperature is not None:
            body["temperature"] = self.temperature
        return body


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
