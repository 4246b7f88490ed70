"""The client that authors use: give it requests, get an answer for each, pay for each once.

Synchronous on purpose. The event loop runs in a thread of its own, so it works the same from a script,
from inside another event loop, and from a thread of an orchestrator.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass
from types import TracebackType

from grandrounds.errors import ModelError
from grandrounds.llm.answer import OK, REFUSED, ModelAnswer
from grandrounds.llm.backends.base import Backend
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.run import Run, RunOptions, Tally

_GLANCE_SECONDS = 0.2  # how often progress is shown and the main thread looked after
_LAST_SECONDS = 2.0  # for closing connections and the last commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a call of ``answer_all`` is. ``total`` is ``None`` for an iterator without a length."""

    done: int
    total: int | None
    sent: int
    served: int
    not_ok: int


class ModelClient:
    """Answers requests through a ledger and a backend.

    The client owns both: ``close`` (or ``with``) closes the ledger. ``model`` is the name that authors
    put into their requests; ``concurrency`` requests are in flight at most; ``grace_seconds`` is how
    long those may go on after Ctrl-C; ``serve_refused`` takes a stored refusal for an answer instead of
    asking again. One ``answer_all`` at a time.
    """

    def __init__(
        self,
        ledger: Ledger,
        backend: Backend,
        *,
        model: str,
        concurrency: int = 16,
        grace_seconds: float = 5.0,
        serve_refused: bool = False,
    ) -> None:
        self.model = model
        self.ledger = ledger
        self._backend = backend
        self._options = RunOptions(
            concurrency=concurrency,
            grace_seconds=grace_seconds,
            served_statuses=(OK, REFUSED) if serve_refused else (OK,),
        )
        self._tally = Tally()
        self._busy = threading.Lock()
        self._run: Run | None = None

    def __enter__(self) -> ModelClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"ModelClient(model={self.model!r}, backend={self._backend.name!r}, ledger={self.ledger.path})"
        )

    @property
    def tally(self) -> Tally:
        """Counts over this client's life."""
        return self._tally

    @property
    def sent(self) -> int:
        """Requests that went to the backend."""
        return self._tally.sent

    @property
    def served(self) -> int:
        """Requests answered from the ledger."""
        return self._tally.served

    @property
    def prompt_tokens(self) -> int:
        """Prompt tokens of the requests sent."""
        return self._tally.prompt_tokens

    @property
    def completion_tokens(self) -> int:
        """Completion tokens of the requests sent."""
        return self._tally.completion_tokens

    def answer_all(
        self,
        requests: Iterable[ModelRequest],
        *,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> dict[str, ModelAnswer]:
        """An answer for every request, by request id, in the order of the requests; equal ones are one.

        What the ledger holds is not sent. A bad answer is an answer with a status. Raises
        ``ModelError`` when no request can succeed (wrong key, unknown model, nothing listening) and
        ``LedgerError`` when answers can't be kept; everything answered until then is in the ledger.
        On Ctrl-C nothing more is sent, those in flight get a short grace, and the interrupt goes on.
        ``on_progress`` is called in the calling thread, a few times a second; an iterator of requests is
        read in another one.
        """
        if not self._busy.acquire(blocking=False):
            raise ModelError("This model client is already answering; use one client a thread.")
        try:
            return self._answer_all(requests, on_progress)
        finally:
            self._run = None
            self._busy.release()

    def stop(self) -> None:
        """Ask a running ``answer_all`` to end early, from any thread; it then raises ``ModelError``.

        For frameworks that catch Ctrl-C themselves while this client works in one of their threads.
        """
        run = self._run
        if run is not None:
            run.stop()

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def _answer_all(
        self, requests: Iterable[ModelRequest], on_progress: Callable[[Progress], None] | None
    ) -> dict[str, ModelAnswer]:
        total = len(requests) if isinstance(requests, Sized) else None
        order: dict[str, None] = {}
        answers: dict[str, ModelAnswer] = {}

        def take(answer: ModelAnswer) -> None:
            answers[answer.request_id] = answer

        def noted() -> Iterable[ModelRequest]:
            for request in requests:
                order[request.request_id] = None
                yield request

        run = Run(
            iter(noted()),
            ledger=self.ledger,
            backend=self._backend,
            options=self._options,
            tally=self._tally,
            emit=take,
        )
        self._run = run
        watch = _Watch(run, grace_seconds=self._options.grace_seconds)
        before = Tally(**{name: getattr(self._tally, name) for name in Tally.__slots__})

        def glance() -> None:
            if on_progress is not None:
                on_progress(_progress(self._tally, before, total))

        watch.through(glance)
        return {key: answers[key] for key in order}


class _Watch:
    """Runs a ``Run`` in its own thread and watches over it from the caller's."""

    def __init__(self, run: Run, *, grace_seconds: float) -> None:
        self._run = run
        self._grace_seconds = grace_seconds
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="model-client", daemon=True)

    def through(self, glance: Callable[[], None]) -> None:
        """Wait for the end, calling ``glance`` now and then. Any interrupt winds the run up first."""
        try:
            self._thread.start()
            while not self._ended.wait(_GLANCE_SECONDS):
                glance()
                if not threading.main_thread().is_alive():
                    raise _main_thread_ended()
        except BaseException:
            self._wind_up()
            raise
        if self._error is not None:
            raise self._error if threading.main_thread().is_alive() else _main_thread_ended()
        glance()

    def _wind_up(self) -> None:
        self._run.halt()
        try:
            self._ended.wait(self._grace_seconds + _LAST_SECONDS)
        except BaseException:
            self._run.abort()
            self._ended.wait(_LAST_SECONDS)
            raise

    def _work(self) -> None:
        try:
            asyncio.run(self._run.work())
        except BaseException as exc:  # noqa: BLE001 - it is raised again in the caller's thread
            self._error = exc
        finally:
            self._ended.set()


def _main_thread_ended() -> BaseException:
    """What to raise when the main thread ended while we work in another.

    Mostly Ctrl-C ended it, and we mustn't hold the program up. If not, we can't go on either: Python
    resolves no names and starts no helpers for event loops any more.
    """
    if isinstance(getattr(sys, "last_value", None), KeyboardInterrupt):
        return KeyboardInterrupt()
    return ModelError(
        "The program's main thread ended while model requests ran in another one.",
        remedy="Let the main thread wait for it (join); what was answered so far is in the ledger.",
    )


def _progress(now: Tally, before: Tally, total: int | None) -> Progress:
    return Progress(
        done=now.done - before.done,
        total=total,
        sent=now.sent - before.sent,
        served=now.served - before.served,
        not_ok=now.not_ok - before.not_ok,
    )
