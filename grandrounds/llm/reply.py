"""What a backend brought back, before it is judged; and the judging, the same for every backend.

A chat completion is read leniently (servers differ), its content is judged strictly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grandrounds.llm.answer import FAILED, OK, REFUSED, TRUNCATED, UNPARSABLE, ModelAnswer
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.structured import parse

_LARGEST_COUNT = 2**53  # more tokens than any server can mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply. ``error_class`` is empty when a completion came; else it is the kind of failure."""

    text: str = ""
    finish_reason: str = ""
    refusal: str = ""
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    attempts: int = 1
    error: str = ""
    error_class: str = ""


def read_completion(document: Any, *, seconds: float = 0.0) -> Reply:
    """The reply in a chat-completion object. Whatever is missing or odd becomes a failed reply."""
    choices = document.get("choices") if isinstance(document, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return Reply(error_class="no_choices", error="the server's reply holds no choices")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        return Reply(error_class="no_message", error="the server's reply holds no message")
    usage = document.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return Reply(
        text=_content(message.get("content")),
        finish_reason=_text(choices[0].get("finish_reason"))[:40],
        refusal=_text(message.get("refusal")),
        model=_text(document.get("model"))[:200],
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        seconds=seconds,
    )


def judge(request: ModelRequest, reply: Reply) -> ModelAnswer:
    """What became of ``request``, given ``reply``. Never raises, whatever the model wrote."""
    status, parsed, error, error_class = _verdict(request, reply)
    return ModelAnswer(
        request_id=request.request_id,
        status=status,
        text=reply.text,
        parsed=parsed,
        finish_reason=reply.finish_reason,
        refusal=reply.refusal,
        model=reply.model,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        seconds=reply.seconds,
        attempts=reply.attempts,
        error=error,
        error_class=error_class,
    )


def _verdict(request: ModelRequest, reply: Reply) -> tuple[str, str, str, str]:
    if reply.error_class:
        return FAILED, "", reply.error, reply.error_class
    if reply.refusal:
        return REFUSED, "", f"the model refused: {reply.refusal[:300]}", "refusal"
    if reply.finish_reason == "content_filter":
        return REFUSED, "", "a content filter stopped the answer", "content_filter"
    if reply.finish_reason == "length":
        return TRUNCATED, "", f"the answer was cut at {request.max_tokens} tokens", "length"
    parsed = parse(reply.text, request.schema)
    if not parsed.text:
        return UNPARSABLE, "", parsed.error, "unparsable"
    return OK, parsed.text, "", ""


def _content(content: Any) -> str:
    """Text content, also where a server sends it in parts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return _text(content)


def _text(value: Any) -> str:
    """``value`` if it is a string, without half characters, which no file can store."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode("utf-8") if not value.isascii() else value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return max(0, min(value, _LARGEST_COUNT))
