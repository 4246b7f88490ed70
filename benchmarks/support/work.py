"""The work that every client of the model stage's benchmark does: the same questions, the same schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SYSTEM = "You draft one examination question with a single best answer from the case. Answer in JSON."
MODEL = "stub"
MAXIMUM_TOKENS = 512

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "question": {"type": "string"},
        "options": {"type": "array", "items": {"type": "string"}, "minItems": 4, "maxItems": 5},
        "answer": {"type": "integer", "minimum": 0, "maximum": 4},
        "rationale": {"type": "string"},
        "quotes": {"type": "array", "items": {"type": "string"}},
        "difficulty": {"type": "string", "enum": ["easy", "medium", "hard"]},
    },
    "required": ["question", "options", "answer", "rationale", "quotes", "difficulty"],
    "additionalProperties": False,
}

_STORY = (
    "The patient, aged {age}, had been breathless on exertion for {weeks} weeks and coughed without "
    "sputum. The chest film showed fine lines at both bases, and a scan found honeycombing under the "
    "pleura with widened bronchi. "
)


def passages(count: int) -> Iterator[str]:
    """``count`` different case reports of about 1,500 characters, the same ones every time."""
    for number in range(count):
        yield f"Case {number}. " + _STORY.format(age=20 + number % 70, weeks=2 + number % 11) * 7


def body(passage: str) -> dict[str, Any]:
    """The chat completion that asks about ``passage``."""
    return {
        "model": MODEL,
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": passage}],
        "max_tokens": MAXIMUM_TOKENS,
        "temperature": 0.0,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "question", "strict": True, "schema": SCHEMA},
        },
    }
