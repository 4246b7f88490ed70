"""The actor between the run and its workers: blocks wait in it, and limits are kept in it.

One for a run, beside the run's own process. The purse that it holds is the only one, so rates and budgets
hold for all workers together, whatever becomes of single ones.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from grandrounds.llm.backends.base import Stopped, Try
from grandrounds.llm.budget import BudgetReached, Limits
from grandrounds.llm.fanout.blocks import unpack_requests
from grandrounds.llm.prices import Prices
from grandrounds.llm.purse import Purse, Spending
from grandrounds.llm.request import ModelRequest

_UNSEEN_SECONDS = 60.0  # a worker that says nothing for so long is taken for dead
_LOOK_SECONDS = 5.0

Leave = tuple[int, str]
"""Leave to make a try: its number, or 0 with the reason (empty when the run is ending)."""


@dataclass(slots=True)
class _Block:
    """A block on its way: its bytes, how often it was begun, its requests where limits need them."""

    data: bytes
    begun: int = 0
    requests: dict[str, ModelRequest] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    """A worker: which life of its actor, when it last said something, the tries it has leave for."""

    life: str
    at: float
    tries: dict[int, Spending] = field(default_factory=dict)


class Feed:
    """See the module. All methods run in one event loop; ``post`` is what ``join`` hands out."""

    def __init__(self, post: bytes, limits: Limits, prices: Prices) -> None:
        self._post = post
        self._purse = Purse(limits, prices=prices)
        self._limited = limits.have_budget or bool(limits.requests_per_minute or limits.tokens_per_minute)
        self._blocks: dict[int, _Block] = {}
        self._run = 0
        self._put = 0
        self._ended = True
        self._arrived = asyncio.Event()
        self._halting = asyncio.Event()
        self._workers: dict[str, _Seen] = {}
        self._joined = 0
        self._heard: list[bytes] = []
        self._tries = 0
        self._looked_at = 0.0

    # For the run ------------------------------------------------------------------------------

    async def open(self) -> tuple[int, int]:
        """A run begins: its number and that of its first block. What a run before it left is gone."""
        for seen in self._workers.values():
            self._write_off(seen)
        self._workers.clear()
        self._blocks.clear()
        self._purse.enter_loop()
        self._arrived.set()  # whoever waits on the run before
        self._arrived, self._halting = asyncio.Event(), asyncio.Event()
        self._ended = False
        self._joined = 0
        self._heard.clear()
        self._run += 1
        return self._run, self._put

    async def put(self, number: int, data: bytes) -> None:
        """A block for the workers. Numbers go on from ``open``'s without gaps."""
        self._blocks[number] = _Block(data)
        self._put = number + 1
        self._arrived.set()

    async def drop(self, number: int) -> None:
        """That block is done."""
        self._blocks.pop(number, None)

    async def finish(self) -> None:
        """There will be no more blocks in this run."""
        self._ended = True
        self._arrived.set()

    async def halt(self) -> None:
        """Nothing more is to be sent."""
        self._halting.set()
        self._arrived.set()

    async def joined(self) -> int:
        """How many workers have begun, each life of each counted."""
        return self._joined

    async def heard(self) -> list[bytes]:
        """What workers have told since the last time."""
        heard, self._heard = self._heard, []
        return heard

    # For the task that gives blocks to Ray Data -------------------------------------------------

    async def next(self, run: int, number: int) -> bytes | None:
        """Block ``number``, when it is there; empty for one that is done, ``None`` after a run's last."""
        while run == self._run:
            if number in self._blocks:
                return self._blocks[number].data
            if number < self._put:
                return b""  # asked for again after it was done
            if self._ended or self._halting.is_set():
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return None

    # For workers ------------------------------------------------------------------------------

    async def join(self, worker: str, life: str) -> tuple[bytes, bool]:
        """A worker begins, maybe in the place of one that died; its post, and whether there are limits."""
        self._joined += 1
        before = self._workers.get(worker)
        if before is not None:
            self._write_off(before)
        self._workers[worker] = _Seen(life=life, at=time.monotonic())
        return self._post, self._limited

    async def beat(self, worker: str) -> bool:
        """A worker lives; whether it should stop."""
        seen = self._workers.get(worker)
        if seen is None:  # left over from a run that is over
            return True
        seen.at = time.monotonic()
        self._write_off_unseen()
        return self._halting.is_set()

    async def tell(self, report: bytes) -> None:
        """A worker has some of a block's answers. Its last report has all of them: this one may be lost."""
        self._heard.append(report)

    async def begin(self, number: int) -> int:
        """A worker begins a block: how often that was done, this time included; 0 for one that is done."""
        block = self._blocks.get(number)
        if block is None:
            return 0
        block.begun += 1
        if self._limited and not block.requests:
            block.requests = {request.request_id: request for request in unpack_requests(block.data)}
        return block.begun

    async def spend(self, worker: str, number: int, request_id: str) -> Leave:
        """Wait for leave to make one try of a request of block ``number``."""
        block = self._blocks.get(number)
        seen = self._workers.get(worker)
        if block is None or seen is None or request_id not in block.requests:
            return 0, ""
        try:
            spending = await self._purse.spend(block.requests[request_id], stopping=self._halting)
        except Stopped:
            return 0, ""
        except BudgetReached as exc:
            return 0, exc.what
        self._tries += 1
        if spending is not None:
            seen.tries[self._tries] = spending
        return self._tries, ""

    async def spent(self, worker: str, leave: int, tried: Try) -> None:
        """A try has come to its end."""
        seen = self._workers.get(worker)
        spending = None if seen is None else seen.tries.pop(leave, None)
        if spending is not None:
            self._purse.spent(spending, tried)

    def _write_off(self, seen: _Seen) -> None:
        """What a dead worker had leave for may have been sent, and paid."""
        for spending in seen.tries.values():
            self._purse.spent(spending, Try(unknown=True))
        seen.tries.clear()

    def _write_off_unseen(self) -> None:
        now = time.monotonic()
        if now < self._looked_at + _LOOK_SECONDS:
            return
        self._looked_at = now
        for seen in self._workers.values():
            if now > seen.at + _UNSEEN_SECONDS:
                self._write_off(seen)
