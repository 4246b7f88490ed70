"""What a client may use over its life besides places: rates a minute and a budget. And what it costs.

Kept from one run of a client to the next, so that what was spent stays spent.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from grandrounds.llm.backends.base import Stopped, Try
from grandrounds.llm.buckets import Bucket
from grandrounds.llm.budget import Budget, BudgetReached, Limits, Use, most_use, usual_use
from grandrounds.llm.prices import FREE, Prices
from grandrounds.llm.request import ModelRequest

_WEIGHT = 0.05  # of the newest answer in the usual length of answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was set aside for one try: the ``most`` it can use, and what it will ``usual``-ly."""

    most: Use
    usual: Use


class Purse:
    """Lets tries go when rates and budget allow it, in order. Used in one event loop at a time."""

    def __init__(self, limits: Limits | None = None, *, prices: Prices = FREE) -> None:
        self._limits = limits or Limits()
        self._prices = prices
        self._budget = Budget(self._limits, prices) if self._limits.have_budget else None
        self._requests = _bucket(self._limits.requests_per_minute)
        self._tokens = _bucket(self._limits.tokens_per_minute)
        self._usual_answer = 0.0
        self._limited = bool(self._budget or self._requests or self._tokens)
        self.enter_loop()

    def enter_loop(self) -> None:
        """Get ready for the running event loop; one comes after another."""
        self._order = asyncio.Lock()
        self._changed = asyncio.Event()

    def cost(self, *, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return self._prices.cost(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)

    async def spend(self, request: ModelRequest, *, stopping: asyncio.Event) -> Spending | None:
        """Set aside what a try of ``request`` may use, and wait for the rates; ``None`` without limits.

        Raises ``BudgetReached`` when the try may cost more than is left, ``Stopped`` when ``stopping``.
        """
        if not self._limited:
            return None
        async with self._order:
            most = most_use(request, self._limits)
            usual = self._usual(request)
            await self._reserve(most, stopping)
            try:
                await _in_time(self._requests, 1, stopping)
                await _in_time(self._tokens, usual.tokens, stopping)
            except BaseException:
                if self._budget is not None:
                    self._budget.cancel(most)
                raise
        return Spending(most=most, usual=usual)

    def spent(self, spending: Spending, tried: Try) -> None:
        """The try that ``spending`` was for has come to its end: put right what was set aside."""
        used = Use(prompt_tokens=tried.prompt_tokens, completion_tokens=tried.completion_tokens)
        if self._budget is not None:
            self._budget.settle(spending.most, None if tried.unknown else used)
            self._changed.set()
        if tried.unknown:
            return
        if self._tokens is not None:
            self._tokens.give_back(spending.usual.tokens - used.tokens)
        if used.tokens:
            usual = self._usual_answer or float(used.completion_tokens)
            self._usual_answer = usual + (used.completion_tokens - usual) * _WEIGHT

    async def _reserve(self, most: Use, stopping: asyncio.Event) -> None:
        while self._budget is not None and not self._budget.reserve(most):
            if not self._budget.waiting_helps:
                raise BudgetReached(f"The budget of {self._budget.lacks(most)} is reached.")
            self._changed.clear()
            await _either(self._changed, stopping)

    def _usual(self, request: ModelRequest) -> Use:
        """An estimate: answers are about as long as those before, and never longer than allowed."""
        guess = usual_use(request)
        if not self._usual_answer:
            return guess
        answer = min(guess.completion_tokens, round(self._usual_answer))
        return Use(prompt_tokens=guess.prompt_tokens, completion_tokens=answer)


async def _in_time(bucket: Bucket | None, amount: float, stopping: asyncio.Event) -> None:
    if bucket is None:
        return
    while (wait := bucket.wait(amount)) > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await stopping.wait()
                raise Stopped
    bucket.take(amount)


async def _either(changed: asyncio.Event, stopping: asyncio.Event) -> None:
    """Wait for a change. Raises ``Stopped`` when it is the end of the run."""
    both = [asyncio.ensure_future(changed.wait()), asyncio.ensure_future(stopping.wait())]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in both:
            one.cancel()
    if stopping.is_set():
        raise Stopped


def _bucket(per_minute: float | None) -> Bucket | None:
    return None if per_minute is None else Bucket(per_minute)
