"""One run of the model stage inside an event loop: look up, send what is missing, file, hand out.

Requests are taken from their iterator in windows, so a run of any length holds few of them at a time,
and answers that another process filed meanwhile are found before they are paid for again. A request
holds its place among those in flight until its answer is on the disk.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from grandrounds.errors import ModelError
from grandrounds.llm.answer import NOT_LOCAL, OK, UNPARSABLE, ModelAnswer
from grandrounds.llm.backends.base import Backend, Stopped
from grandrounds.llm.ledger import Filed, Ledger
from grandrounds.llm.recorder import Recorder
from grandrounds.llm.reply import judge
from grandrounds.llm.request import ModelRequest

_WINDOW = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to run. ``concurrency`` requests are in flight at most; ``grace_seconds`` is how long those in
    flight may go on after a stop; ``served_statuses`` are the answers that aren't asked for again."""

    concurrency: int = 16
    grace_seconds: float = 5.0
    served_statuses: tuple[str, ...] = (OK,)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts over a client's life. Written by one thread at a time, read by any.

    ``sent`` requests went to the backend, ``served`` came from the ledger; ``not_ok`` of both have no
    object; ``tries`` counts calls, retries included; tokens are those of sent requests.
    """

    done: int = 0
    sent: int = 0
    served: int = 0
    not_ok: int = 0
    tries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Run:
    """Answers ``requests`` and calls ``emit`` once for each different one, in no order."""

    def __init__(
        self,
        requests: Iterator[ModelRequest],
        *,
        ledger: Ledger,
        backend: Backend,
        options: RunOptions,
        tally: Tally,
        emit: Callable[[ModelAnswer], None],
    ) -> None:
        self._requests = requests
        self._ledger = ledger
        self._backend = backend
        self._options = options
        self._tally = tally
        self._emit = emit
        self._seen: set[str] = set()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._stopping = asyncio.Event()
        self._dropping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_known = threading.Lock()

    def halt(self) -> None:
        """Send nothing more and wait for what is in flight, within the grace. From any thread."""
        self._in_loop(self._stopping.set)

    def stop(self) -> None:
        """Like ``halt``, and the run ends with a ``ModelError`` that says so. From any thread."""
        self._in_loop(
            lambda: self._fail(
                ModelError("The model run was stopped.", remedy="Run again: it goes on where it was.")
            )
        )

    def abort(self) -> None:
        """Stop without waiting; what is filed stays filed. From any thread."""
        self._in_loop(self._dropping.set)
        self._in_loop(self._stopping.set)

    async def work(self) -> None:
        """Do the run. Raises the first error that concerns more than one request."""
        with self._loop_known:
            self._loop = asyncio.get_running_loop()
        recorder = Recorder(self._ledger)
        try:
            async with self._backend:
                await self._until_done_or_stopped(recorder)
        finally:
            await recorder.close()
        if self._failure is not None:
            raise self._failure

    def _in_loop(self, change: Callable[[], None]) -> None:
        with self._loop_known:
            if self._loop is None:
                change()
                return
        with suppress(RuntimeError):  # the loop has ended, and the run with it
            self._loop.call_soon_threadsafe(change)

    async def _until_done_or_stopped(self, recorder: Recorder) -> None:
        feeding = asyncio.ensure_future(self._feed(recorder))
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({feeding, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if self._stopping.is_set():
            await self._wind_up()
        leftovers = [feeding, stopping, *self._in_flight]
        for task in leftovers:
            task.cancel()
        await asyncio.gather(*leftovers, return_exceptions=True)

    async def _wind_up(self) -> None:
        """Let those in flight end, up to the grace, or until told to drop them."""
        dropping = asyncio.ensure_future(self._dropping.wait())
        settled = asyncio.ensure_future(self._settled())
        await asyncio.wait(
            {dropping, settled},
            timeout=self._options.grace_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        dropping.cancel()
        settled.cancel()

    async def _settled(self) -> None:
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    async def _feed(self, recorder: Recorder) -> None:
        try:
            places = asyncio.Semaphore(self._options.concurrency)
            while not self._stopping.is_set():
                window = await asyncio.to_thread(self._next_window)
                if window is None:
                    break
                for request, known in window:
                    if known is not None:
                        self._hand_out(known)
                    else:
                        await self._start(request, places, recorder)
            await self._settled()
        except Exception as exc:  # noqa: BLE001 - the caller's own iterator may raise anything
            self._fail(exc)

    def _next_window(self) -> list[tuple[ModelRequest, ModelAnswer | None]] | None:
        """The next requests with what is known of each; ``None`` at the end. Runs beside the loop."""
        window = list(islice(self._requests, _WINDOW))
        if not window:
            return None
        fresh = {r.request_id: r for r in window if r.request_id not in self._seen}
        self._seen.update(fresh)
        found = self._ledger.lookup(list(fresh.values()), statuses=self._options.served_statuses)
        return [(request, found.get(key) or self._forbidden(request)) for key, request in fresh.items()]

    def _forbidden(self, request: ModelRequest) -> ModelAnswer | None:
        """Protected evidence stops here, before anything was opened or sent."""
        if not request.protected or self._backend.local:
            return None
        return ModelAnswer(
            request_id=request.request_id,
            status=NOT_LOCAL,
            error=f"protected evidence may not go to {self._backend.name}, which isn't marked local",
            error_class="not_local",
        )

    async def _start(self, request: ModelRequest, places: asyncio.Semaphore, recorder: Recorder) -> None:
        await places.acquire()
        if self._stopping.is_set():
            return
        task = asyncio.ensure_future(self._answer(request, recorder))
        self._in_flight.add(task)

        def leave(ended: asyncio.Task[None]) -> None:
            self._in_flight.discard(ended)
            places.release()

        task.add_done_callback(leave)

    async def _answer(self, request: ModelRequest, recorder: Recorder) -> None:
        try:
            self._tally.sent += 1
            answer = await self._ask(request, recorder, tried=0)
            if answer.status == UNPARSABLE and not self._stopping.is_set():
                answer = await self._ask(request, recorder, tried=answer.attempts)
        except Stopped:
            return
        except Exception as exc:  # noqa: BLE001 - whatever it is, the run must end and say so
            self._fail(exc)
            return
        self._hand_out(answer)

    async def _ask(self, request: ModelRequest, recorder: Recorder, *, tried: int) -> ModelAnswer:
        reply = await self._backend.ask(request, stopping=self._stopping)
        self._tally.tries += reply.attempts
        self._tally.prompt_tokens += reply.prompt_tokens
        self._tally.completion_tokens += reply.completion_tokens
        answer = judge(request, replace(reply, attempts=tried + reply.attempts) if tried else reply)
        return await recorder.file(Filed(request=request, answer=answer, backend=self._backend.name))

    def _hand_out(self, answer: ModelAnswer) -> None:
        self._tally.done += 1
        self._tally.served += answer.from_ledger
        self._tally.not_ok += not answer.ok
        self._emit(answer)

    def _fail(self, failure: BaseException) -> None:
        """The first failure counts; those in flight may end."""
        if self._failure is None:
            self._failure = failure
        self._stopping.set()
