"""One run of the model stage inside an event loop: send questions, file answers, say so.

Questions come in from another thread with ``submit``. A request holds its place among those in flight
until its answer is on the disk.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from grandrounds.errors import ModelError
from grandrounds.llm.answer import OK, UNPARSABLE, WAITING, ModelAnswer
from grandrounds.llm.answering import Tally
from grandrounds.llm.backends.base import Backend, Stopped
from grandrounds.llm.budget import BudgetReached
from grandrounds.llm.gate import Gate
from grandrounds.llm.ledger import Filed, Ledger
from grandrounds.llm.limits import Throttle
from grandrounds.llm.purse import Purse
from grandrounds.llm.recorder import Recorder
from grandrounds.llm.reply import judge
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.turns import RunTurn


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to run. ``concurrency`` requests are in flight at most; ``grace_seconds`` is how long those in
    flight may go on after a stop; ``served_statuses`` are the answers that aren't asked for again."""

    concurrency: int = 16
    grace_seconds: float = 5.0
    served_statuses: tuple[str, ...] = (OK,)


@dataclass(slots=True, eq=False)
class Question:
    """A request and, later, its answer. ``pairs`` of the caller's requests wait for it, all equal."""

    request: ModelRequest
    answer: ModelAnswer | None = None
    pairs: int = 0


class Run:
    """Answers questions, each once, in no order; ``settle`` is called with each in the run's thread."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        backend: Backend,
        throttle: Throttle,
        purse: Purse,
        options: RunOptions,
        tally: Tally,
        settle: Callable[[Question, ModelAnswer], None],
    ) -> None:
        self._ledger = ledger
        self._backend = backend
        self._throttle = throttle
        self._purse = purse
        self._options = options
        self._tally = tally
        self._settle = settle
        self._queue: deque[Question] = deque()
        self._complete = False
        self._gate = Gate(throttle, most_resting=options.concurrency)
        self._in_flight: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self._dropping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_known = threading.Lock()
        self.spent: BudgetReached | None = None

    @property
    def backlog(self) -> int:
        """Questions that wait for a place. From any thread."""
        return len(self._queue)

    def submit(self, questions: Iterable[Question]) -> None:
        """Ask these too. From any thread."""
        self._queue.extend(questions)
        self._in_loop(self._arrived.set)

    def complete(self) -> None:
        """No more questions will come: the run ends when all are answered. From any thread."""
        self._complete = True
        self._in_loop(self._arrived.set)

    def halt(self) -> None:
        """Send nothing more and wait for what is in flight, within the grace. From any thread."""
        self._in_loop(self._stopping.set)

    def stop(self) -> None:
        """Like ``halt``, and the run ends with a ``ModelError`` that says so. From any thread."""
        self._in_loop(lambda: self._fail(stopped()))

    def abort(self) -> None:
        """Stop without waiting; what is filed stays filed. From any thread."""
        self._in_loop(self._dropping.set)
        self._in_loop(self._stopping.set)

    async def work(self) -> None:
        """Do the run. Raises the first error that concerns more than one request."""
        with self._loop_known:
            self._loop = asyncio.get_running_loop()
        self._purse.enter_loop()
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
        self._gate.close()
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
            while not self._stopping.is_set():
                if self._queue:
                    await self._gate.enter()
                    self._start(self._queue.popleft(), recorder)
                elif self._complete:
                    await self._settled()
                    if not self._queue:
                        return
                else:
                    self._arrived.clear()
                    if not self._queue and not self._complete:
                        await self._arrived.wait()
        except Stopped:
            return
        except Exception as exc:  # noqa: BLE001 - whatever it is, the run must end and say so
            self._fail(exc)

    def _start(self, question: Question, recorder: Recorder) -> None:
        """Send a question that has a place."""
        turn = RunTurn(
            question.request,
            gate=self._gate,
            throttle=self._throttle,
            purse=self._purse,
            stopping=self._stopping,
            began=self._count_try,
        )
        if self.spent is not None:
            turn.leave()
            self._settle(question, waiting(question.request, self.spent))
            return
        task = asyncio.ensure_future(self._answer(question, turn, recorder))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    def _count_try(self, first: bool) -> None:
        self._tally.tries += 1
        self._tally.sent += first

    async def _answer(self, question: Question, turn: RunTurn, recorder: Recorder) -> None:
        request = question.request
        try:
            answer = await self._ask(request, turn, recorder, tried=0)
            if answer.status == UNPARSABLE and not self._stopping.is_set():
                answer = await self._ask(request, turn, recorder, tried=answer.attempts)
        except Stopped:
            return
        except BudgetReached as exc:
            self.spent = self.spent or exc
            answer = waiting(request, self.spent)
        except Exception as exc:  # noqa: BLE001 - whatever it is, the run must end and say so
            self._fail(exc)
            return
        finally:
            turn.leave()
        self._settle(question, answer)

    async def _ask(
        self, request: ModelRequest, turn: RunTurn, recorder: Recorder, *, tried: int
    ) -> ModelAnswer:
        reply = await self._backend.ask(request, stopping=self._stopping, turn=turn)
        tally = self._tally
        tally.prompt_tokens += reply.prompt_tokens
        tally.completion_tokens += reply.completion_tokens
        cost = self._purse.cost(
            prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens
        )
        tally.cost += cost
        answer = judge(request, replace(reply, attempts=tried + reply.attempts) if tried else reply)
        if cost:
            answer = replace(answer, cost=cost)
        return await recorder.file(Filed(request=request, answer=answer, backend=self._backend.name))

    def _fail(self, failure: BaseException) -> None:
        """The first failure counts; those in flight may end."""
        if self._failure is None:
            self._failure = failure
        self._stopping.set()


def stopped() -> ModelError:
    """The error of a run that somebody stopped."""
    return ModelError("The model run was stopped.", remedy="Run again: it goes on where it was.")


def waiting(request: ModelRequest, spent: BudgetReached) -> ModelAnswer:
    """The answer of a request that was not sent because the budget is spent."""
    return ModelAnswer(
        request_id=request.request_id, status=WAITING, error=spent.what, error_class="budget"
    )
