"""A request's turn in a run: a place, the rates and the budget before each try; what came of it after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from grandrounds.llm.backends.base import Stopped, Try, Turn
from grandrounds.llm.gate import Gate
from grandrounds.llm.limits import Throttle
from grandrounds.llm.purse import Purse, Spending
from grandrounds.llm.request import ModelRequest


class RunTurn(Turn):
    """The turn of a request that has a place; ``leave`` gives it back.

    ``began`` is called at each try, with whether it is the first.
    """

    def __init__(
        self,
        request: ModelRequest,
        *,
        gate: Gate,
        throttle: Throttle,
        purse: Purse,
        stopping: asyncio.Event,
        began: Callable[[bool], None],
    ) -> None:
        super().__init__(stopping)
        self._request = request
        self._gate = gate
        self._throttle = throttle
        self._purse = purse
        self._began = began
        self._spending: Spending | None = None
        self._resting = False
        self._first = True

    async def begin(self) -> None:
        """See ``Turn.begin``. Raises ``BudgetReached`` when the try may cost more than is left."""
        if self._resting:
            await self._gate.enter(retry=True)
            self._resting = False
            self._gate.rested()
        if self._stopping.is_set():
            raise Stopped
        self._spending = await self._purse.spend(self._request, stopping=self._stopping)
        self._began(self._first)
        self._first = False

    def end(self, tried: Try) -> None:
        """See ``Turn.end``."""
        self._throttle.told(tried)
        if self._spending is not None:
            self._purse.spent(self._spending, tried)
            self._spending = None

    async def rest(self, nap: Awaitable[None]) -> None:
        """See ``Turn.rest``; others have the place meanwhile."""
        self._resting = True
        self._gate.rest()
        await super().rest(nap)

    def leave(self) -> None:
        """The request is done with, one way or another."""
        if self._resting:
            self._gate.rested()
        else:
            self._gate.leave()
