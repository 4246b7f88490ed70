"""The client that answers with a vLLM of our own: shard by shard through ``run_batch``, no server.

vLLM reads a whole file, and writes only at its end. So requests go in shards, and a shard is the unit of
everything: of stopping (a run that was stopped loses the shard at work, no more), of going on (finished
shards are in the ledger, or on the disk on the way there) and of progress. What vLLM does is on this
machine, so protected evidence may go there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from grandrounds.errors import ModelError
from grandrounds.llm.answer import STATUSES, ModelAnswer
from grandrounds.llm.answering import CountingClient, Meter, OnProgress, Pair, Tally
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.vllm.program import Program
from grandrounds.llm.vllm.runs import Interruption, Runs
from grandrounds.llm.wire import MediaSource

_LOOK_UP = 500  # requests looked up in the ledger at a time
_HELD_SHARDS = 4  # at most so many shards of answered requests wait behind one without an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmOptions:
    """How to run: ``shard_size`` requests a run at most, each run at most ``timeout_seconds``."""

    shard_size: int = 2000
    timeout_seconds: float = 6 * 3600.0


class VllmClient(CountingClient):
    """Answers requests through a ledger and runs of vLLM. See ``Answering``.

    The client owns the ledger: ``close`` (or ``with``) closes it. ``work`` is the folder for shards; two
    clients with the same one take turns, shard by shard, and nothing is asked twice. ``media`` has the
    pictures.
    """

    def __init__(
        self,
        ledger: Ledger,
        program: Program,
        *,
        work: Path,
        options: VllmOptions | None = None,
        media: MediaSource | None = None,
    ) -> None:
        super().__init__(Tally())
        self.ledger = ledger
        self._program = program
        self._options = options or VllmOptions()
        self._interruption = Interruption()
        self._runs = Runs(
            program,
            work=work,
            ledger=ledger,
            tally=self._tally,
            timeout_seconds=self._options.timeout_seconds,
            media=media,
            interruption=self._interruption,
        )
        self._busy = threading.Lock()

    def __enter__(self) -> VllmClient:
        return self

    def __repr__(self) -> str:
        return (
            f"VllmClient(model={self.model!r}, python={self._program.python!r}, ledger={self.ledger.name})"
        )

    @property
    def model(self) -> str:
        """The name that requests for this client carry as their ``model``."""
        return self._program.model

    def answers(
        self, requests: Iterable[ModelRequest], *, on_progress: OnProgress | None = None
    ) -> Iterator[Pair]:
        """One pair for every request, in the order given; equal requests get equal answers, asked once.

        Lazy, a few shards at most in memory. A request that vLLM refuses, or that makes it stop, gets a
        failed answer. Raises ``ModelError`` when vLLM can't answer at all or takes longer than its timeout,
        ``MissingDependencyError`` when there is no vLLM and some request has no answer yet, and
        ``LedgerError`` when answers can't be kept. Ctrl-C ends vLLM; the shard at work is lost, the others
        are in the ledger. ``on_progress`` is called in the calling thread, also while vLLM is at work.
        """
        if not self._busy.acquire(blocking=False):
            raise ModelError("This model client is already answering; use one client a thread.")
        try:
            self._interruption.clear()
            meter = Meter(self._tally, requests)

            def tell() -> None:
                if on_progress is not None:
                    on_progress(meter.progress())

            yield from self._answers(iter(requests), tell)
            tell()
        finally:
            self._busy.release()

    def stop(self) -> None:
        """Ask a running ``answers`` to end early, from any thread; it then raises ``ModelError``."""
        self._interruption.stop()

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    def _answers(self, requests: Iterator[ModelRequest], tell: Callable[[], None]) -> Iterator[Pair]:
        """What is answered goes out at once; from the first that isn't on, a shard is gathered."""
        window = _Window()
        asked: set[str] = set()  # in this call, without an object: not asked again, and found in the ledger
        while chunk := list(islice(requests, min(_LOOK_UP, self._options.shard_size))):
            known = self._known(chunk, asked)
            for request in chunk:
                answer = known.get(request.request_id)
                if answer is not None and not window.missing:
                    yield self._given(request, answer)
                    continue
                window.add(request, answer)
                if self._full(window):
                    yield from self._settled(window, asked, tell)
                    window = _Window()
                    known |= self._known(chunk, asked)
            tell()
        yield from self._settled(window, asked, tell)

    def _known(self, chunk: Sequence[ModelRequest], asked: set[str]) -> dict[str, ModelAnswer]:
        known = self.ledger.lookup(chunk)
        again = [one for one in chunk if one.request_id in asked and one.request_id not in known]
        if again:
            known |= self.ledger.lookup(again, statuses=STATUSES)
        return known

    def _full(self, window: _Window) -> bool:
        size = self._options.shard_size
        return len(window.missing) >= size or len(window.held) >= _HELD_SHARDS * size

    def _settled(self, window: _Window, asked: set[str], tell: Callable[[], None]) -> Iterator[Pair]:
        if window.missing:
            answers = self._runs.answer(window.missing, tell)
            asked.update(key for key, answer in answers.items() if not answer.ok)
        for request, answer in window.held:
            yield self._given(request, answers[request.request_id] if answer is None else answer)

    def _given(self, request: ModelRequest, answer: ModelAnswer) -> Pair:
        self._tally.count(answer)
        return request, answer


class _Window:
    """Requests in their order, and those of them that no answer is known for."""

    def __init__(self) -> None:
        self.held: list[tuple[ModelRequest, ModelAnswer | None]] = []
        self.missing: dict[str, ModelRequest] = {}

    def add(self, request: ModelRequest, answer: ModelAnswer | None) -> None:
        self.held.append((request, answer))
        if answer is None:
            self.missing[request.request_id] = request
