"""What the stub server answers: objects that fit the schema they were asked for, and how they are wrapped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

_SEED = "0seed0seed0"  # stands for a request's own seed in an answer made once for its schema


def sample_answer(body: dict[str, Any]) -> str:
    """JSON that fits the request's schema, made from the request's text."""
    form = body.get("response_format") or {}
    text = text_of(body["messages"][-1])
    schema = form.get("json_schema", {}).get("schema")
    if schema is None:
        start = text.rfind("\n{")
        schema = json.loads(text[start:]) if start >= 0 else {"type": "object"}
    asked = text.partition("\n\nAnswer with one JSON")[0]
    seed = hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()[:12]
    return _sample_of(orjson.dumps(schema)).replace(_SEED, seed)


@lru_cache(maxsize=256)
def _sample_of(schema: bytes) -> str:
    return json.dumps(sample(json.loads(schema), _SEED))


def sample(schema: dict[str, Any], seed: str) -> Any:
    """A small value that fits ``schema``; its strings hold ``seed``."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], seed)
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: sample(inner, seed) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        count = max(schema.get("minItems", 2), 1)
        return [sample(schema.get("items", {}), f"{seed}-{position}") for position in range(count)]
    number = schema.get("minimum", 1)
    return {"integer": number, "number": number, "boolean": True, "null": None}.get(kind, f"answer {seed}")


SHAPES: dict[str, Callable[[str], Any]] = {
    "refuse": lambda _: None,
    "filter": lambda _: "",
    "length": lambda text: text[: len(text) // 2],
    "nonsense": lambda _: "I am afraid that the weather is nice.",
    "empty": lambda _: None,
    "fenced": lambda text: f"Of course:\n```json\n{text}\n```\nAnything else?",
    "parts": lambda text: [
        {"type": "text", "text": text[:5]},
        {"type": "text", "text": text[5:]},
    ],
    "wrong_shape": lambda _: '{"surprise": true}',
    "no_choices": str,
    "no_message": str,
    "": str,
}


def completion(behaviour: str, body: dict[str, Any], text: str) -> bytes:
    """The reply whose message is ``text``, spoilt as ``behaviour`` (a name of ``SHAPES``) says."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": SHAPES[behaviour](text),
        "refusal": None,
    }
    finish = {"filter": "content_filter", "length": "length"}.get(behaviour, "stop")
    if behaviour == "refuse":
        message["refusal"] = "I can't help with that."
    document = {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }
    if behaviour == "no_choices":
        document["choices"] = []
    if behaviour == "no_message":
        document["choices"] = [{"index": 0, "finish_reason": "stop"}]
    return json.dumps(document).encode() if behaviour else orjson.dumps(document)


def text_of(message: dict[str, Any]) -> str:
    """The text of a message, without its media."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
