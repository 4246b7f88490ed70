"""The live client: give it requests, get an answer for each, pay for each once.

Synchronous on purpose. The event loop runs in a thread of its own, so it works the same from a script,
from inside another event loop, and from a thread of an orchestrator.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable

from grandrounds.errors import ModelError
from grandrounds.llm.answer import OK, REFUSED, ModelAnswer
from grandrounds.llm.answering import CountingClient, OnProgress, Pair, Progress, Tally
from grandrounds.llm.backends.base import Backend
from grandrounds.llm.budget import BudgetReached, Limits
from grandrounds.llm.flow import Flow
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.limits import Throttle
from grandrounds.llm.prices import FREE, Prices
from grandrounds.llm.purse import Purse
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.run import Question, Run, RunOptions

__all__ = ["ModelClient", "Progress"]

WINDOW = 8_192
"""Requests that are read and not yet given back, at most: what waits behind one slow answer."""

_OTHER_FILES = 128  # that a process has open besides its connections


class ModelClient(CountingClient):
    """Answers requests through a ledger and a backend. See ``Answering``.

    The client owns both, unless ``owns_ledger`` is false: ``close`` (or ``with``) closes the ledger.
    ``model`` is the name that authors put into their requests; ``concurrency`` requests are in flight at
    most, fewer while the server is too busy or where a process may open few files; ``grace_seconds`` is
    how long those may go on after Ctrl-C; ``serve_refused`` takes a stored refusal for an answer instead
    of asking again; ``limits`` and ``prices`` are the model's, budgets for the life of this client (or
    ``purse`` has both, where several clients share them); ``window`` is how many requests may be held in
    memory.
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
        limits: Limits | None = None,
        prices: Prices = FREE,
        window: int = WINDOW,
        owns_ledger: bool = True,
        purse: Purse | None = None,
    ) -> None:
        super().__init__(Tally(currency=prices.currency))
        self.model = model
        self.ledger = ledger
        self._backend = backend
        self._options = RunOptions(
            concurrency=concurrency,
            grace_seconds=grace_seconds,
            served_statuses=(OK, REFUSED) if serve_refused else (OK,),
        )
        self._throttle = Throttle(_within_open_files(concurrency))
        self._purse = purse or Purse(limits, prices=prices)
        self._window = max(1, window)
        self._owns_ledger = owns_ledger
        self._busy = threading.Lock()
        self._flow: Flow | None = None

    def __enter__(self) -> ModelClient:
        return self

    def __repr__(self) -> str:
        return (
            f"ModelClient(model={self.model!r}, backend={self._backend.name!r}, ledger={self.ledger.name})"
        )

    def answers(
        self, requests: Iterable[ModelRequest], *, on_progress: OnProgress | None = None
    ) -> Generator[Pair, None, None]:
        """One pair for every request, in the order given; equal requests are asked once.

        What the ledger holds is not sent. A bad answer is an answer with a status. Raises
        ``ModelError`` when no request can succeed (wrong key, unknown model, nothing listening) and
        ``LedgerError`` when answers can't be kept; everything answered until then is in the ledger.
        At the end of a budget nothing more is sent: what the ledger holds is still served, the rest gets
        the status ``waiting``, and after the last pair ``BudgetReached`` is raised.

        Leave it early, by ``break``, an error or Ctrl-C, and nothing more is sent; those in flight get
        a short grace and are kept. ``requests`` is read in the caller's thread, and there ``on_progress``
        is called a few times a second.
        """
        if not self._busy.acquire(blocking=False):
            raise ModelError("This model client is already answering; use one client a thread.")
        try:
            flow = self._flow = Flow(
                requests,
                ledger=self.ledger,
                backend=self._backend,
                options=self._options,
                tally=self._tally,
                make_run=self._make_run,
                window=self._window,
                on_progress=on_progress,
            )
            try:
                yield from flow.pairs()
            finally:
                flow.close()
            if flow.spent is not None:
                raise self._budget_reached(flow.spent)
        finally:
            self._flow = None
            self._busy.release()

    def stop(self) -> None:
        """Ask a running ``answers`` to end early, from any thread; it then raises ``ModelError``.

        For frameworks that catch Ctrl-C themselves while this client works in one of their threads.
        """
        flow = self._flow
        if flow is not None:
            flow.stop()

    def close(self) -> None:
        """End what still runs, keeping what is in flight, and close the ledger."""
        flow = self._flow
        if flow is not None:
            flow.close()
        if self._owns_ledger:
            self.ledger.close()

    def _make_run(self, settle: Callable[[Question, ModelAnswer], None]) -> Run:
        return Run(
            ledger=self.ledger,
            backend=self._backend,
            throttle=self._throttle,
            purse=self._purse,
            options=self._options,
            tally=self._tally,
            settle=settle,
        )

    def _budget_reached(self, spent: BudgetReached) -> BudgetReached:
        tally = self._tally
        cost = f", for {tally.cost:,.2f} {tally.currency}" if tally.cost else ""
        return BudgetReached(
            f"{spent.what} Model {self.model!r}: {tally.sent:,} requests were sent "
            f"({tally.prompt_tokens:,} prompt and {tally.completion_tokens:,} completion tokens{cost}), "
            f"{tally.served:,} came from the ledger, {tally.waiting:,} wait.",
            remedy="Raise `limits` of the model in the models file and run again: it goes on from there, "
            "and what is answered costs nothing.",
        )


def _within_open_files(concurrency: int) -> int:
    """As many as may have a connection each: to be refused one by this machine looks like a dead server."""
    try:
        import resource
    except ImportError:  # not on Windows
        return concurrency
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return concurrency if most < 0 else min(concurrency, max(1, most - _OTHER_FILES))
