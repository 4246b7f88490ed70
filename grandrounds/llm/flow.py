"""One call of ``answers``: read requests, serve what is known, have the rest asked, give pairs in order.

Works in the caller's thread, and reads the caller's iterator there. The event loop lives in a thread of its
own, which starts only when something must be sent. Between reading and giving lies a window of so many
requests; when it is full, reading waits, so memory stays bounded whatever the length.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from grandrounds.llm.answer import NOT_LOCAL, ModelAnswer
from grandrounds.llm.answering import Meter, OnProgress, Pair, Tally
from grandrounds.llm.backends.base import Backend
from grandrounds.llm.budget import BudgetReached
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.run import Question, Run, RunOptions, stopped, waiting
from grandrounds.llm.run_thread import RunThread, main_thread_ended

_GLANCE_SECONDS = 0.2  # how often progress is shown and the main thread looked after
_CHUNK = 512  # requests that are looked up together
_CHUNK_SECONDS = 0.02  # a slow iterator's requests are sent meanwhile
_REMEMBERED = 4096  # bad answers, so that a repeat of its request isn't paid for again


class Flow:
    """Gives the pairs of ``requests``; close it whatever happens.

    ``make_run`` makes the run that asks, given what to call with each answer. ``window`` is the number of
    requests read and not yet given back, at most.
    """

    def __init__(
        self,
        requests: Iterable[ModelRequest],
        *,
        ledger: Ledger,
        backend: Backend,
        options: RunOptions,
        tally: Tally,
        make_run: Callable[[Callable[[Question, ModelAnswer], None]], Run],
        window: int,
        on_progress: OnProgress | None,
    ) -> None:
        self._requests = iter(requests)
        self._ledger = ledger
        self._backend = backend
        self._options = options
        self._tally = tally
        self._make_run = make_run
        self._window_size = window
        self._on_progress = on_progress
        self._meter = Meter(tally, requests)
        self._window: deque[tuple[ModelRequest, Question]] = deque()
        self._by_id: dict[str, Question] = {}
        self._not_ok: dict[str, ModelAnswer] = {}
        self._exhausted = False
        self._stop_asked = False
        self._counting = threading.Lock()
        self._awaited: Question | None = None
        self._ready = threading.Event()
        self._run: Run | None = None
        self._thread: RunThread | None = None
        self._next_glance = time.monotonic() + _GLANCE_SECONDS

    @property
    def spent(self) -> BudgetReached | None:
        """What was reached, if the budget was."""
        return None if self._run is None else self._run.spent

    def pairs(self) -> Iterator[Pair]:
        """One pair for every request, in order."""
        while True:
            if self._stop_asked:
                raise stopped()
            if self._wants_more():
                self._read()
            if self._window:
                request, question = self._window[0]
                answer = question.answer
                if answer is None:
                    self._wait(question)
                    continue
                self._forget(question)
                self._glance()
                yield request, answer
            elif self._exhausted:
                break
        self._finish()

    def stop(self) -> None:
        """End early with a ``ModelError``; what is in flight is kept. From any thread."""
        self._stop_asked = True
        if self._run is not None:
            self._run.stop()
        self._ready.set()

    def close(self) -> None:
        """Wind up what still runs: nothing more is sent, what is in flight gets its grace."""
        if self._thread is not None:
            self._thread.wind_up(self._options.grace_seconds)

    # Reading ----------------------------------------------------------------------------------

    def _wants_more(self) -> bool:
        """Read on while there is room, when the next pair isn't there or those who send run short."""
        if self._exhausted or len(self._window) >= self._window_size:
            return False
        if not self._window or self._window[0][1].answer is None:
            return self._run is None or self._run.backlog < _CHUNK
        return self._run is not None and self._run.backlog < self._options.concurrency

    def _read(self) -> None:
        """Take the next requests and look up those that are new in the window, all in one go."""
        fresh: list[Question] = []
        until = time.monotonic() + _CHUNK_SECONDS
        for _ in range(min(_CHUNK, self._window_size - len(self._window))):
            request = next(self._requests, None)
            if request is None:
                self._exhausted = True
                break
            self._take(request, fresh)
            if time.monotonic() > until:
                break
        if fresh:
            self._look_up(fresh)
        if self._exhausted and self._run is not None:
            self._run.complete()

    def _take(self, request: ModelRequest, fresh: list[Question]) -> None:
        key = request.request_id
        question = self._by_id.get(key)
        if question is None:
            question = self._by_id[key] = Question(request=request)
            fresh.append(question)
        with self._counting:
            question.pairs += 1
            if question.answer is not None:
                self._tally.count(question.answer)
        self._window.append((request, question))

    def _look_up(self, fresh: list[Question]) -> None:
        wanted = [q.request for q in fresh if q.request.request_id not in self._not_ok]
        found = self._ledger.lookup(wanted, statuses=self._options.served_statuses) if wanted else {}
        unknown = []
        for question in fresh:
            known = found.get(question.request.request_id) or self._not_asked(question.request)
            if known is None:
                unknown.append(question)
            else:
                self._settle(question, known)
        if unknown:
            self._running().submit(unknown)

    def _not_asked(self, request: ModelRequest) -> ModelAnswer | None:
        """The answer of a request that is not sent, if that is so.

        Protected evidence stops here, before anything was opened or sent.
        """
        if request.request_id in self._not_ok:
            return self._not_ok[request.request_id]
        if request.protected and not self._backend.local:
            return ModelAnswer(
                request_id=request.request_id,
                status=NOT_LOCAL,
                error=f"protected evidence may not go to {self._backend.name}, which isn't marked local",
                error_class="not_local",
            )
        return None if self.spent is None else waiting(request, self.spent)

    # Giving -----------------------------------------------------------------------------------

    def _settle(self, question: Question, answer: ModelAnswer) -> None:
        """A question has its answer. Called in either thread."""
        with self._counting:
            question.answer = answer
            for _ in range(question.pairs):
                self._tally.count(answer)
        if question is self._awaited:
            self._ready.set()

    def _forget(self, question: Question) -> None:
        """Give up one place in the window. A bad answer is remembered for a while, for repeats."""
        self._window.popleft()
        question.pairs -= 1
        if question.pairs:
            return
        key, answer = question.request.request_id, question.answer
        del self._by_id[key]
        if answer is not None and not answer.ok and answer.status not in self._options.served_statuses:
            self._not_ok[key] = answer
            if len(self._not_ok) > _REMEMBERED:
                del self._not_ok[next(iter(self._not_ok))]

    def _wait(self, question: Question) -> None:
        """Wait a moment for the answer of ``question``, or until its run has ended."""
        self._ready.clear()
        self._awaited = question
        thread = self._thread
        if question.answer is None and thread is not None and not thread.ended:
            self._ready.wait(_GLANCE_SECONDS)
        self._glance()
        if not threading.main_thread().is_alive():
            raise main_thread_ended()
        if question.answer is None and thread is not None and thread.ended:
            thread.raise_error()
            raise stopped()

    def _glance(self) -> None:
        now = time.monotonic()
        if self._on_progress is not None and now >= self._next_glance:
            self._next_glance = now + _GLANCE_SECONDS
            self._on_progress(self._meter.progress())

    def _finish(self) -> None:
        if self._thread is not None:
            self._thread.wait()
            self._thread.raise_error()
        if self._on_progress is not None:
            self._on_progress(self._meter.progress())

    def _running(self) -> Run:
        """The run, begun when it is first needed."""
        if self._run is None:
            self._run = self._make_run(self._settle)
            self._thread = RunThread(self._run, ended=self._ready.set)
            self._thread.start()
            if self._stop_asked:
                self._run.stop()
        return self._run
