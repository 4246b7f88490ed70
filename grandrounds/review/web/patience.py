"""uvicorn's HTTP protocol with an end to its patience: a request's head comes soon, or the connection ends.

Without it a browser that sends a head byte by byte holds a connection for ever ("slow loris"); bodies have
an end in ``known``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 15.0
"""For a whole head, counted from its first byte, or from the connection's beginning."""


class Patient(H11Protocol):
    """Closes connections on which no whole head has come in time."""

    _ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A browser has come."""
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Some of a head, or of a body."""
        if self._waits_for_head():
            self._begin()
        super().data_received(data)
        if not self._waits_for_head():
            self._stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """The browser has gone."""
        self._stop()
        super().connection_lost(exc)

    def _waits_for_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _begin(self) -> None:
        if self._ends is None:
            self._ends = self.loop.call_later(SECONDS, self._end)

    def _stop(self) -> None:
        if self._ends is not None:
            self._ends.cancel()
            self._ends = None

    def _end(self) -> None:
        self._ends = None
        if self._waits_for_head():
            self.transport.abort()
