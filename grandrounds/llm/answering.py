"""What answers requests, whatever stands behind it: an endpoint, a ledger alone, files, a cluster.

Authors, panels and commands know only ``Answering``. How far a call is, is told as ``Progress``, made by a
``Meter`` from the client's ``Tally``, the same way for every client.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, TypeAlias

from grandrounds.llm.answer import WAITING, ModelAnswer
from grandrounds.llm.request import ModelRequest

_SMOOTHING_SECONDS = 15.0  # what lies longer back than this hardly counts in the rate

Pair: TypeAlias = tuple[ModelRequest, ModelAnswer]
OnProgress: TypeAlias = "Callable[[Progress], None]"


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts over a client's life. Written by one thread at a time, read by any.

    ``done`` requests have an answer. ``sent`` went to a backend, ``served`` came from the ledger;
    ``not_ok`` have no object, ``waiting`` of them because nobody has answered yet. ``tries`` counts calls,
    retries included. Tokens and ``cost`` (in the ``currency`` of the price list) are those of sent ones.
    """

    done: int = 0
    sent: int = 0
    served: int = 0
    not_ok: int = 0
    waiting: int = 0
    tries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    currency: str = ""

    def count(self, answer: ModelAnswer) -> None:
        """Count one answer that was given to the caller: ``done``, ``served``, ``not_ok``, ``waiting``."""
        self.done += 1
        self.served += answer.from_ledger
        self.not_ok += not answer.ok
        self.waiting += answer.status == WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one call is. Counts as in ``Tally``, for this call alone.

    ``total`` is ``None`` for an iterator without a length; ``rate`` is answers a second, smoothed;
    ``seconds_left`` is ``None`` while it can't be told.
    """

    done: int
    total: int | None
    sent: int = 0
    served: int = 0
    not_ok: int = 0
    waiting: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    currency: str = ""
    rate: float = 0.0
    seconds_left: float | None = None


class Answering(Protocol):
    """Gives an answer for every request. One call of ``answers`` at a time."""

    @property
    def model(self) -> str:
        """The name that requests for this client carry as their ``model``."""

    @property
    def tally(self) -> Tally:
        """Counts over this client's life."""

    @property
    def sent(self) -> int:
        """Requests that went to a backend."""

    @property
    def served(self) -> int:
        """Requests answered from the ledger."""

    @property
    def prompt_tokens(self) -> int:
        """Prompt tokens of the requests sent."""

    @property
    def completion_tokens(self) -> int:
        """Completion tokens of the requests sent."""

    @property
    def cost(self) -> float:
        """What the requests sent cost, in the currency of the price list."""

    def answers(
        self, requests: Iterable[ModelRequest], *, on_progress: OnProgress | None = None
    ) -> Iterator[Pair]:
        """One pair for every request, in the order given; equal requests get equal answers, asked once.

        Lazy, and of bounded memory however long ``requests`` is. A bad answer is an answer with a status.
        Raises ``ModelError`` when no request can succeed and ``LedgerError`` when answers can't be kept.
        """

    def answer_all(
        self, requests: Iterable[ModelRequest], *, on_progress: OnProgress | None = None
    ) -> dict[str, ModelAnswer]:
        """The answers of ``answers`` by request id, in the order of the requests. For short lists."""

    def close(self) -> None:
        """Give back what the client holds."""

    def __enter__(self) -> Answering:
        """The client, closed at the end of the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""


class CountingClient(ABC):
    """What every client has in common: its counts, short lists of answers, and an end.

    Subclasses give ``answers`` and ``close``, and count into the ``tally`` they are made with.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def tally(self) -> Tally:
        """Counts over this client's life."""
        return self._tally

    @property
    def sent(self) -> int:
        """Requests that went to a backend."""
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

    @property
    def cost(self) -> float:
        """What the requests sent cost, in the currency of the price list."""
        return self._tally.cost

    @abstractmethod
    def answers(
        self, requests: Iterable[ModelRequest], *, on_progress: OnProgress | None = None
    ) -> Iterator[Pair]:
        """See ``Answering.answers``."""

    def answer_all(
        self, requests: Iterable[ModelRequest], *, on_progress: OnProgress | None = None
    ) -> dict[str, ModelAnswer]:
        """See ``Answering.answer_all``."""
        return {
            request.request_id: answer
            for request, answer in self.answers(requests, on_progress=on_progress)
        }

    @abstractmethod
    def close(self) -> None:
        """See ``Answering.close``."""


class Meter:
    """Makes the ``Progress`` of one call from what was added to ``tally`` since it was made."""

    def __init__(
        self, tally: Tally, requests: Iterable[ModelRequest], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tally = tally
        self._before = replace(tally)
        self._total = len(requests) if isinstance(requests, Sized) else None
        self._clock = clock
        self._began = self._then = clock()
        self._then_done = 0
        self._smoothed = 0.0

    def progress(self) -> Progress:
        """How far the call is now."""
        now, before = self._tally, self._before
        done = now.done - before.done
        rate = self._rate(done)
        left = None if self._total is None or not rate else max(0, self._total - done) / rate
        return Progress(
            done=done,
            total=self._total,
            sent=now.sent - before.sent,
            served=now.served - before.served,
            not_ok=now.not_ok - before.not_ok,
            waiting=now.waiting - before.waiting,
            prompt_tokens=now.prompt_tokens - before.prompt_tokens,
            completion_tokens=now.completion_tokens - before.completion_tokens,
            cost=now.cost - before.cost,
            currency=now.currency,
            rate=rate,
            seconds_left=left,
        )

    def _rate(self, done: int) -> float:
        """Exponential smoothing over time; the start counts as unknown, not as nothing."""
        now = self._clock()
        passed = now - self._then
        if passed > 0:
            kept = math.exp(-passed / _SMOOTHING_SECONDS)
            self._smoothed = kept * self._smoothed + (1 - kept) * (done - self._then_done) / passed
            self._then, self._then_done = now, done
        known = -math.expm1(-(now - self._began) / _SMOOTHING_SECONDS)
        return self._smoothed / known if known > 0 else 0.0
