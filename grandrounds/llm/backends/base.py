"""What the client asks of a backend, and what a backend asks of the run before it sends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from grandrounds.llm.reply import Reply
from grandrounds.llm.request import ModelRequest


class Stopped(Exception):  # noqa: N818 - not an error: the run was asked to end before the next try
    """Raised by ``ask`` instead of trying again after the run was asked to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """What one try came to, for those who watch limits.

    ``troubled``: the server was too busy to answer (429, 5xx, no reply in time), and ``asked`` for a wait
    of so many seconds. ``unknown``: it was sent and what it used was never told, so it may have been paid.
    """

    seconds: float = 0.0
    troubled: bool = False
    asked: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    unknown: bool = False


class Turn:
    """One request's turn at a backend, which tells it before and after each try.

    This one holds nothing back; a run's own keeps places, rates and budgets (``grandrounds.llm.turns``).
    """

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    async def begin(self) -> None:
        """Wait until a try may be sent. Raises ``Stopped`` when none may any more."""

    def end(self, tried: Try) -> None:
        """A try that began has come to its end."""

    async def rest(self, nap: Awaitable[None]) -> None:
        """Wait for the end of ``nap`` before the next try. Raises ``Stopped`` when the run is."""
        sleeping = asyncio.ensure_future(nap)
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({sleeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopped.cancel()
        if self._stopping.is_set():
            raise Stopped


class Backend(Protocol):
    """Somewhere that answers requests. Used inside one event loop at a time, as a context manager.

    ``name`` says where requests go, without secrets; ``local`` whether protected evidence may.
    """

    @property
    def name(self) -> str:
        """Where requests go, as it may be shown and stored."""

    @property
    def local(self) -> bool:
        """Whether protected evidence may go there."""

    async def __aenter__(self) -> Backend:
        """Open connections in the running loop."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""

    async def ask(
        self, request: ModelRequest, *, stopping: asyncio.Event, turn: Turn | None = None
    ) -> Reply:
        """One reply, after as many tries as it takes; a reply with ``error_class`` when none came.

        Each try waits for ``turn`` to let it begin. Raises ``ModelError`` when no request can succeed,
        ``Stopped`` when ``stopping`` was set before a further try.
        """
