"""The worker: an actor of Ray Data with one live client, which asks block after block and files answers."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from grandrounds.errors import EngineError, GrandRoundsError
from grandrounds.llm.answer import FAILED, ModelAnswer
from grandrounds.llm.answering import Tally
from grandrounds.llm.backends.base import Stopped, Try
from grandrounds.llm.budget import BudgetReached, Use
from grandrounds.llm.fanout.blocks import COUNTED, Report, pack_report, unpack_requests
from grandrounds.llm.fanout.post import Post, open_client
from grandrounds.llm.prices import Prices
from grandrounds.llm.purse import Purse, Spending
from grandrounds.llm.request import ModelRequest

if TYPE_CHECKING:
    import pyarrow as pa

    from grandrounds.llm.client import ModelClient

MOST_BEGINNINGS = 3
"""So often a block is begun. When each time its worker dies, what it has no answer to has failed."""

_BEAT_SECONDS = 0.5
_TELL_SECONDS = 1.0


class Asker:
    """What ``map_batches`` calls with rows of ``FeedSource``; gives a report for each.

    Never raises: what goes wrong stands in the report, and the run decides.
    """

    def __init__(self, feed: Any) -> None:
        import ray

        self._get = ray.get
        self._feed = feed
        self._worker = f"{ray.get_runtime_context().get_actor_id()}"
        self._client: ModelClient | None = None
        self._purse: LeasedPurse | None = None
        self._trouble: GrandRoundsError | None = None
        self._halted = False
        try:
            self._begin()
        except GrandRoundsError as exc:
            self._trouble = exc
        threading.Thread(target=self._keep_in_touch, name="beat", daemon=True).start()

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Ask the blocks of ``batch``."""
        import pyarrow as pa

        reports = []
        for row in batch.to_pylist():
            try:
                report = self._report(row["block"], row["data"])
            except GrandRoundsError as exc:
                report = Report(block=row["block"], trouble=exc)
            except Exception as exc:  # noqa: BLE001 - told to the run; Ray would show it with all values
                words = f"A worker of the Ray cluster failed: {type(exc).__name__}: {exc}"
                report = Report(block=row["block"], trouble=EngineError(words))
            reports.append(pack_report(report))
        return pa.table({"report": pa.array(reports, pa.binary())})

    def _begin(self) -> None:
        packed, limited = self._get(self._feed.join.remote(self._worker, secrets.token_hex(8)))
        post = Post.unpack(packed)
        self._purse = LeasedPurse(self._feed, self._worker, prices=post.prices, limited=limited)
        self._client = open_client(post, purse=self._purse)

    def _report(self, block: int, data: bytes) -> Report:
        if self._trouble is not None:
            return Report(block=block, trouble=self._trouble)
        assert self._client is not None
        assert self._purse is not None
        begun = self._get(self._feed.begin.remote(block))
        if not begun:
            return Report(block=block)
        requests = unpack_requests(data)
        if begun > MOST_BEGINNINGS:
            return self._given_up(block, requests)
        self._purse.block = block
        return self._asked(block, requests)

    def _asked(self, block: int, requests: Sequence[ModelRequest]) -> Report:
        client = self._client
        assert client is not None
        before = replace(client.tally)
        answers: list[ModelAnswer] = []
        trouble, spent = None, ""
        try:
            for answer in self._one_by_one(block, requests):
                answers.append(answer)
        except BudgetReached:
            spent = self._purse.reached if self._purse else ""
        except GrandRoundsError as exc:
            trouble = None if self._halted else exc
        tally = Tally(**{name: getattr(client.tally, name) - getattr(before, name) for name in COUNTED})
        return Report(block=block, answers=tuple(answers), tally=tally, trouble=trouble, spent=spent)

    def _one_by_one(self, block: int, requests: Sequence[ModelRequest]) -> Iterator[ModelAnswer]:
        """The answers as they come. A block takes minutes where a model thinks long: what is there is told
        now and then, so that the run can go on and show how far it is."""
        assert self._client is not None
        part: list[ModelAnswer] = []
        next_time = time.monotonic() + _TELL_SECONDS
        for _, answer in () if self._halted else self._client.answers(requests):
            yield answer
            part.append(answer)
            if time.monotonic() >= next_time:
                self._feed.tell.remote(pack_report(Report(block=block, answers=tuple(part))))
                part.clear()
                next_time = time.monotonic() + _TELL_SECONDS

    def _given_up(self, block: int, requests: Sequence[ModelRequest]) -> Report:
        """Each time this block was begun, the worker died. What it filed before counts."""
        assert self._client is not None
        known = self._client.ledger.lookup(requests)
        answers = [known.get(request.request_id) or _died(request) for request in requests]
        return Report(block=block, answers=tuple(answers))

    def _keep_in_touch(self) -> None:
        """Tell the feed that this worker lives, and stop when it says so."""
        while not self._halted:
            threading.Event().wait(_BEAT_SECONDS)
            try:
                halted = self._get(self._feed.beat.remote(self._worker))
            except Exception:  # noqa: BLE001 - without its feed a worker has nothing to do
                halted = True
            if halted:
                self._halted = True
                if self._client is not None:
                    self._client.stop()


class LeasedPurse(Purse):
    """A worker's share of the one purse in the feed: every try has its leave from there.

    ``block`` is the one being asked; ``reached`` says which budget is at its end.
    """

    def __init__(self, feed: Any, worker: str, *, prices: Prices, limited: bool) -> None:
        super().__init__(prices=prices)
        self._feed = feed
        self._worker = worker
        self._leased = limited
        self._leaves: dict[int, int] = {}
        self.block = 0
        self.reached = ""

    async def spend(self, request: ModelRequest, *, stopping: asyncio.Event) -> Spending | None:
        """See ``Purse.spend``."""
        if not self._leased:
            return None
        number, reason = await self._feed.spend.remote(self._worker, self.block, request.request_id)
        if number and not stopping.is_set():
            spending = Spending(most=Use(), usual=Use())
            self._leaves[id(spending)] = number
            return spending
        if number:  # leave came too late
            self._feed.spent.remote(self._worker, number, Try())
            raise Stopped
        if reason:
            self.reached = reason
            raise BudgetReached(reason)
        raise Stopped

    def spent(self, spending: Spending, tried: Try) -> None:
        """See ``Purse.spent``."""
        self._feed.spent.remote(self._worker, self._leaves.pop(id(spending)), tried)


def _died(request: ModelRequest) -> ModelAnswer:
    return ModelAnswer(
        request_id=request.request_id,
        status=FAILED,
        error=f"the workers that asked this or its neighbours died, {MOST_BEGINNINGS} times",
        error_class="worker_died",
    )
