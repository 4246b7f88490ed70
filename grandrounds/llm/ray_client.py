"""The live client spread over a Ray cluster: the same questions, the same ledger, more processes to ask.

What the ledger holds is served here and needs no cluster. The rest goes in blocks through Ray Data to
workers, each with a live client of its own, which file their answers before they report them. Limits of the
model are kept in one place for all workers; the places in flight are divided among them.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from grandrounds.errors import EngineError, LakeError
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.backends.http import HttpBackend
from grandrounds.llm.budget import BudgetReached, Limits
from grandrounds.llm.client import WINDOW, ModelClient
from grandrounds.llm.fanout.blocks import COUNTED, Report, pack_requests
from grandrounds.llm.fanout.post import Post, mark_of, needs_this_machine, one_machine_error
from grandrounds.llm.ledger import Ledger, open_ledger
from grandrounds.llm.models import endpoint_of, key_of, timeout_of
from grandrounds.llm.run import Question, Run, waiting

if TYPE_CHECKING:
    from grandrounds.engine.cluster import Cluster
    from grandrounds.lake import Lake
    from grandrounds.llm.fanout.fleet import Fleet
    from grandrounds.llm.models_file import ModelEntry
    from grandrounds.settings import Settings

_PLACES_PER_WORKER = 16  # in flight; a process could do many more, but a cluster is there to be used
_ROUNDS_PER_BLOCK = 16  # so that the slow end of a block costs little
_BLOCK_MOST = 512
_BLOCK_BYTES = 4 * 1024 * 1024
_GATHER_SECONDS = 0.05  # a short block waits so long for more requests
_PATIENCE_SECONDS = 300.0  # for the first worker
_LOOK_SECONDS = 5.0
_HEAR_SECONDS = 1.0
_GRACE_SECONDS = 5.0  # as the live client's
_TEARDOWN_SECONDS = 5.0  # beyond the grace of workers


def make(
    settings: Settings,
    entry: ModelEntry,
    *,
    concurrency: int = 16,
    lake: Lake | None = None,
    ledger: Ledger | None = None,
    environ: Mapping[str, str] | None = None,
    workers: int | None = None,
) -> RayClient:
    """The client for the model ``entry``, as ``client_for`` makes the live one.

    A ``ledger`` that is given must be the settings' own, which workers open by its address; the client
    leaves it open. Raises ``SettingsError`` for settings that can't be used, ``LedgerError`` when the
    ledger can't be opened.
    """
    endpoint = endpoint_of(
        entry, api_key=key_of(entry, settings, os.environ if environ is None else environ)
    )
    opened = open_ledger(settings.ledger_url.value) if ledger is None else ledger
    post = Post(
        model=entry.model,
        base_url=endpoint.base_url,
        local=endpoint.local,
        timeout_seconds=timeout_of(entry, settings),
        concurrency=entry.concurrency or concurrency,
        grace_seconds=_GRACE_SECONDS,
        serve_refused=False,
        prices=entry.prices,
        lake_url=lake.url if lake is not None else "",
        api_key=endpoint.api_key,
        ledger_url=settings.ledger_url.value,
    )
    return RayClient(
        opened,
        HttpBackend(endpoint),
        post=post,
        address=settings.ray_address.value,
        workers=workers,
        limits=entry.limits,
        owns_ledger=ledger is None,
    )


class RayClient(ModelClient):
    """Answers requests through a ledger and the workers of a Ray cluster. See ``Answering``.

    ``post`` says what workers do; ``backend`` is never asked here, it only says where workers ask and
    whether protected evidence may go there. ``address`` is that of ``Cluster``, joined when the first
    request must be sent. ``workers`` is how many at most; ``None`` takes one for every 16 in flight, as far
    as the cluster has processors.
    """

    def __init__(
        self,
        ledger: Ledger,
        backend: HttpBackend,
        *,
        post: Post,
        address: str = "",
        workers: int | None = None,
        limits: Limits | None = None,
        owns_ledger: bool = True,
    ) -> None:
        super().__init__(
            ledger,
            backend,
            model=post.model,
            concurrency=post.concurrency,
            grace_seconds=post.grace_seconds + _TEARDOWN_SECONDS,
            serve_refused=post.serve_refused,
            limits=limits,
            prices=post.prices,
            window=max(WINDOW, 4 * _ROUNDS_PER_BLOCK * post.concurrency),
            owns_ledger=owns_ledger,
        )
        self._post = post
        self._address = address
        self._most_workers = workers
        self._limits = limits or Limits()
        self._cluster: Cluster | None = None
        self._fleet: Fleet | None = None

    def close(self) -> None:
        """See ``Answering.close``; leaves the cluster."""
        super().close()
        if self._fleet is not None:
            self._fleet.close()
            self._fleet = None
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def _make_run(self, settle: Callable[[Question, ModelAnswer], None]) -> Run:
        return RayRun(
            self._launched,
            ledger=self.ledger,
            backend=self._backend,
            throttle=self._throttle,
            purse=self._purse,
            options=self._options,
            tally=self._tally,
            settle=settle,
        )

    def _launched(self) -> Fleet:
        """The fleet, made when it is first needed."""
        if self._fleet is None:
            from grandrounds.engine.cluster import Cluster
            from grandrounds.llm.fanout.fleet import Fleet

            self._cluster = self._cluster or Cluster(self._address)
            post, workers = self._divided(self._cluster)
            self._fleet = Fleet(
                self._cluster, post, workers=workers, limits=self._limits, prices=post.prices
            )
        return self._fleet

    def _divided(self, cluster: Cluster) -> tuple[Post, int]:
        """A worker's post and how many there are. All their places together are never more than asked."""
        post = self._post
        if needs_this_machine(post.ledger_url) and cluster.other_machines:
            raise one_machine_error(post.ledger_url, ", ".join(cluster.other_machines))
        wanted = self._most_workers or math.ceil(post.concurrency / _PLACES_PER_WORKER)
        workers = max(1, min(wanted, post.concurrency, cluster.processors))
        share = post.concurrency // workers
        return replace(post, concurrency=share, ledger_mark=mark_of(post.ledger_url)), workers


class RayRun(Run):
    """A run whose questions go to a fleet. Steered like any other."""

    def __init__(self, launch: Callable[[], Fleet], **options: Any) -> None:
        super().__init__(**options)
        self._launch = launch
        self._sent: dict[int, dict[str, Question]] = {}
        self._number = 0
        self._carried = asyncio.Event()

    async def work(self) -> None:
        """See ``Run.work``."""
        loop = asyncio.get_running_loop()
        with self._loop_known:
            self._loop = loop
        fleet = await asyncio.to_thread(self._launch)

        def ended(error: BaseException | None) -> None:
            self._in_loop(lambda: self._end(error))

        def take(report: Report) -> None:
            self._in_loop(lambda: self._take(report, fleet))

        self._number = await asyncio.to_thread(fleet.open, take=take, ended=ended)
        tasks = [
            asyncio.ensure_future(work)
            for work in (self._send(fleet), self._watch(fleet), self._hear(fleet))
        ]
        try:
            await self._until_carried(fleet)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._failure is not None:
            raise self._failure

    async def _until_carried(self, fleet: Fleet) -> None:
        """Wait until all is answered, or what is in flight has had its grace after a stop."""
        carried = asyncio.ensure_future(self._carried.wait())
        stopping = asyncio.ensure_future(self._stopping.wait())
        dropping = asyncio.ensure_future(self._dropping.wait())
        try:
            await asyncio.wait({carried, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not self._carried.is_set():
                fleet.halt()
                await asyncio.wait(
                    {carried, dropping},
                    timeout=self._options.grace_seconds,
                    return_when=asyncio.FIRST_COMPLETED,
                )
        finally:
            for task in (carried, stopping, dropping):
                task.cancel()

    async def _send(self, fleet: Fleet) -> None:
        """Give out blocks while workers have room, until there are no more."""
        try:
            while not self._stopping.is_set():
                self._arrived.clear()
                if self._queue and len(self._sent) < fleet.workers * self._room:
                    await self._gather()
                    await self._give(fleet)
                elif self._complete and not self._queue and not self._sent:
                    fleet.finish()
                    return
                else:
                    await self._arrived.wait()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the run must end and say so
            self._fail(exc)

    @property
    def _room(self) -> int:
        """Blocks a worker: one more than it holds itself is on its way."""
        from grandrounds.llm.fanout.fleet import BLOCKS_PER_WORKER

        return BLOCKS_PER_WORKER + 1

    async def _gather(self) -> None:
        """Wait a moment for a full block, as long as others are being worked on."""
        if len(self._queue) < self._block_size and not self._complete:
            await asyncio.sleep(_GATHER_SECONDS)

    async def _give(self, fleet: Fleet) -> None:
        """Take one block out of the queue and give it to the workers."""
        questions: dict[str, Question] = {}
        size = 0
        while self._queue and len(questions) < self._block_size and size < _BLOCK_BYTES:
            question = self._queue.popleft()
            if self.spent is not None:
                self._settle(question, waiting(question.request, self.spent))
                continue
            if fleet.far_lake and question.request.has_media:
                raise LakeError(
                    f"The pictures of a request lie in {fleet.far_lake}, where other machines of the Ray "
                    "cluster can't read them.",
                    remedy="Set GRANDROUNDS_LAKE_URL to a store that all nodes reach, such as s3://...",
                )
            questions[question.request.request_id] = question
            size += sum(len(message.content) for message in question.request.messages)
        if not questions:
            return
        number, self._number = self._number, self._number + 1
        self._sent[number] = questions
        data = pack_requests([question.request for question in questions.values()])
        await asyncio.to_thread(fleet.put, number, data)

    @property
    def _block_size(self) -> int:
        return max(8, min(_BLOCK_MOST, _ROUNDS_PER_BLOCK * self._options.concurrency))

    def _take(self, report: Report, fleet: Fleet) -> None:
        """A worker has reported. What it left unanswered goes out again, unless the run ends."""
        fleet.drop(report.block)
        sent = self._sent.pop(report.block, None)
        if report.tally is not None:
            self._count(report)
        if report.spent and self.spent is None:
            self.spent = BudgetReached(report.spent)
        if sent is not None:
            self._settle_all(sent, report.answers)
            self._queue.extendleft(reversed(sent.values()))
        if report.trouble is not None:
            self._fail(report.trouble)
        self._arrived.set()

    def _settle_all(self, sent: dict[str, Question], answers: Iterable[ModelAnswer]) -> None:
        for answer in answers:
            question = sent.pop(answer.request_id, None)
            if question is not None:
                self._settle(question, answer)

    def _count(self, report: Report) -> None:
        assert report.tally is not None
        for name in COUNTED:
            setattr(self._tally, name, getattr(self._tally, name) + getattr(report.tally, name))

    def _end(self, error: BaseException | None) -> None:
        """The pipeline has ended: as it should, or on its own."""
        if error is None and (self._sent or self._queue) and not self._stopping.is_set():
            error = EngineError(
                "The Ray cluster's workers ended before all was answered.",
                remedy="Run again: it goes on where it was.",
            )
        if error is not None:
            self._fail(error)
        self._carried.set()

    async def _hear(self, fleet: Fleet) -> None:
        """Take answers of blocks that aren't done yet."""
        while True:
            await asyncio.sleep(_HEAR_SECONDS)
            for report in await asyncio.to_thread(fleet.heard):
                self._settle_all(self._sent.get(report.block, {}), report.answers)

    async def _watch(self, fleet: Fleet) -> None:
        """A cluster that gives no worker at all must not be waited for without a word."""
        waited = 0.0
        while waited < _PATIENCE_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
            if await asyncio.to_thread(fleet.joined):
                return
        self._fail(
            EngineError(
                f"The Ray cluster gave no processor for a worker within {_PATIENCE_SECONDS:.0f} s.",
                remedy="Wait until it has less to do, or add nodes (`ray status` shows who has what).",
            )
        )
