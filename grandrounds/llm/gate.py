"""Places among the requests in flight, given in order, retries first.

A request keeps its place until its answer is on the disk. While it rests before another try others get
the place; but only so many may rest, or a server that refuses everything would be asked everything once.
"""

from __future__ import annotations

import asyncio
from collections import deque

from grandrounds.llm.backends.base import Stopped
from grandrounds.llm.limits import Throttle


class Gate:
    """The places of one run, as many as ``throttle`` allows. Lives in one event loop.

    ``most_resting`` requests may rest before new ones have to wait for them.
    """

    def __init__(self, throttle: Throttle, *, most_resting: int) -> None:
        self._throttle = throttle
        self._most_resting = most_resting
        self._taken = 0
        self._resting = 0
        self._closed = False
        self._retries: deque[asyncio.Future[None]] = deque()
        self._new: deque[asyncio.Future[None]] = deque()
        self._look_again: asyncio.TimerHandle | None = None

    async def enter(self, *, retry: bool = False) -> None:
        """Wait for a place. Raises ``Stopped`` when the gate closes instead."""
        if self._closed:
            raise Stopped
        if not self._retries and (retry or not self._new) and not self._full(retry=retry):
            self._taken += 1
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._retries if retry else self._new).append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                self.leave()  # the place came in the same moment
            raise

    def leave(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self.let_in()

    def rest(self) -> None:
        """Give the place back for a while: another try will follow. It cools before others have it."""
        self._resting += 1
        cooling = self._throttle.cooling
        if cooling:
            asyncio.get_running_loop().call_later(cooling, self.leave)
        else:
            self.leave()

    def rested(self) -> None:
        """The rest is over, with a place or without."""
        self._resting -= 1
        self.let_in()

    def let_in(self) -> None:
        """Give free places to those who wait."""
        for queue, retry in ((self._retries, True), (self._new, False)):
            while queue and not self._full(retry=retry):
                waiting = queue.popleft()
                if not waiting.done():
                    self._taken += 1
                    waiting.set_result(None)

    def close(self) -> None:
        """Let nobody in any more; those who wait get ``Stopped``."""
        self._closed = True
        if self._look_again is not None:
            self._look_again.cancel()
        for waiting in (*self._retries, *self._new):
            if not waiting.done():
                waiting.set_exception(Stopped())
        self._retries.clear()
        self._new.clear()

    def _full(self, *, retry: bool) -> bool:
        if self._closed or self._taken >= self._throttle.limit:
            return True
        if not retry and self._resting >= self._most_resting:
            return True
        hold = self._throttle.hold
        if hold and self._look_again is None:
            self._look_again = asyncio.get_running_loop().call_later(hold, self._hold_is_over)
        return hold > 0

    def _hold_is_over(self) -> None:
        self._look_again = None
        self.let_in()
