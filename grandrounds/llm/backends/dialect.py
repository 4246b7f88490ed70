"""How a server wants a request spelled. Learnt once a run, from the server's own refusal (400 or 422).

- It knows no ``response_format`` of type ``json_schema``, or not this schema: from then on the schema
  stands in the prompt, and the answer is checked here as always.
- It wants ``max_completion_tokens`` for ``max_tokens`` (OpenAI's reasoning models): then so.

The spelling is not in the request's id: it changes how the same question is put, not the question.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache

from grandrounds.llm.request import ordered_schema

_FORMAT_WORDS = ("response_format", "json_schema", "structured output", "guided decoding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The spelling in use, which ``grandrounds.llm.wire`` writes. Starts as the standard's own."""

    schema_in_prompt: bool = False
    completion_tokens: bool = False

    def after(self, refusal: str) -> Dialect | None:
        """The spelling to try when the server refused this one in these words; ``None`` for no idea."""
        words = refusal.casefold()
        if not self.completion_tokens and _wants_other_name(words):
            return replace(self, completion_tokens=True)
        if not self.schema_in_prompt and any(word in words for word in _FORMAT_WORDS):
            return replace(self, schema_in_prompt=True)
        return None


def _wants_other_name(words: str) -> bool:
    """Not every mention of the other name asks for it: vLLM names both when a limit is too large."""
    return "max_completion_tokens" in words and ("instead" in words or "unsupported" in words)


@lru_cache(maxsize=256)
def instruction(schema: str) -> str:
    """What stands at the end of the last message where the schema can't be sent beside it."""
    spelled = json.dumps(ordered_schema(schema), ensure_ascii=False, separators=(",", ":"))
    return f"\n\nAnswer with one JSON object that fits this JSON schema, and nothing else:\n{spelled}"
