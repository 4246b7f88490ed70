"""What the client asks of a backend."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Protocol

from grandrounds.llm.reply import Reply
from grandrounds.llm.request import ModelRequest


class Stopped(Exception):  # noqa: N818 - not an error: the run was asked to end before the next try
    """Raised by ``ask`` instead of trying again after ``stopping`` was set."""


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

    async def ask(self, request: ModelRequest, *, stopping: asyncio.Event) -> Reply:
        """One reply, after as many tries as it takes; a reply with ``error_class`` when none came.

        Raises ``ModelError`` when no request can succeed, ``Stopped`` when ``stopping`` was set
        before a further try.
        """
