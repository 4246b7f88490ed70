"""What the tests of the model stage share: requests that differ, and clients that don't wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.backends.http import HttpBackend
from grandrounds.llm.backends.retry import RetryPolicy
from grandrounds.llm.client import WINDOW, ModelClient
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.request import Message, ModelRequest

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "diagnosis": {"type": "string"},
        "quotes": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["diagnosis", "quotes"],
    "additionalProperties": False,
}


def ask(text: str, **changes: Any) -> ModelRequest:
    """A request that differs from others by ``text``; ``[[mark]]`` in it tells the stub what to do."""
    values: dict[str, Any] = {
        "messages": (Message(role="system", content="Be exact."), Message(role="user", content=text)),
        "schema_name": "draft",
        "schema": SCHEMA,
        "model": "stub",
        "max_tokens": 64,
        "prompt_name": "draft",
        "prompt_version": "1",
        "prompt_sha256": "0" * 64,
    }
    return ModelRequest.of(**{**values, **changes})


def asks(count: int, mark: str = "") -> list[ModelRequest]:
    return [ask(f"case {number} {mark}") for number in range(count)]


class Naps:
    """A sleep that only notes how long it would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def backend(base_url: str, *, local: bool = True, api_key: str = "", **options: Any) -> HttpBackend:
    options.setdefault("sleep", Naps())
    options.setdefault("timeout_seconds", 5.0)
    return HttpBackend(Endpoint(base_url=base_url, local=local, api_key=api_key), **options)


def client(
    base_url: str,
    folder: Path,
    *,
    concurrency: int = 8,
    grace_seconds: float = 2.0,
    serve_refused: bool = False,
    window: int = WINDOW,
    **options: Any,
) -> ModelClient:
    return ModelClient(
        Ledger(folder / "ledger.sqlite"),
        backend(base_url, **options),
        model="stub",
        concurrency=concurrency,
        grace_seconds=grace_seconds,
        serve_refused=serve_refused,
        window=window,
    )


FEW_TRIES = RetryPolicy(attempts=3, unanswered=2)
