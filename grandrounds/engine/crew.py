"""The part that all engines share: items to workers, outcomes in order, bounded memory, second tries.

Each worker has a thread here that waits for it. The caller's thread reads the items and takes the
outcomes, so an iterator of items is used by nobody else's thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from grandrounds.engine.base import Done, Fault
from grandrounds.errors import EngineError

_HELD_PER_WORKER = 4  # items read and not yet taken back: enough that a slow caller idles nobody
_LAST_SECONDS = 5.0
_END = object()


class Worker(Protocol):
    """One process that does one thing at a time."""

    def start(self) -> None:
        """Wait until it is ready. Raises ``EngineError`` when it will never be."""

    def work(self, item: Any, *, seconds: float | None) -> Done[Any]:
        """What became of ``item``. After a fault of ``DIED`` or ``LATE`` the worker is of no use."""

    def kill(self) -> None:
        """End it, from any thread, whatever it does. Once more does no harm."""


@dataclass(slots=True)
class _Slot:
    """An item with its place in the order. ``tries`` counts how often it was begun."""

    item: Any
    tries: int = 0
    done: Done[Any] | None = None


class Crew:
    """Up to ``size`` workers, hired when there is something to do.

    ``second_tries_alone`` keeps the others from starting anything while an item is tried again: where
    they share one memory, a neighbour may be what killed it.
    """

    def __init__(
        self,
        hire: Callable[[], Worker],
        *,
        size: int,
        seconds: float | None,
        retries: int,
        second_tries_alone: bool,
    ) -> None:
        self._hire = hire
        self._size = size
        self._seconds = seconds
        self._retries = retries
        self._alone = second_tries_alone
        self._changed = threading.Condition()
        self._waiting: deque[_Slot] = deque()
        self._workers: set[Worker] = set()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._busy = 0
        self._reserved = False
        self._closing = False
        self._failure: BaseException | None = None

    def run(self, items: Iterable[Any]) -> Iterator[Done[Any]]:
        """The outcomes of ``items`` in order. Workers are gone when the iterator ends or is left."""
        source = iter(items)
        order: deque[_Slot] = deque()
        more = True
        try:
            while True:
                while more and len(order) < self._size * _HELD_PER_WORKER:
                    item = next(source, _END)
                    more = item is not _END
                    if more:
                        order.append(self._hand_in(item))
                if not order:
                    return
                yield self._outcome(order[0])
                order.popleft()
        finally:
            self._close()

    def _hand_in(self, item: Any) -> _Slot:
        slot = _Slot(item)
        with self._changed:
            self._waiting.append(slot)
            if self._idle < len(self._waiting) and len(self._threads) < self._size:
                thread = threading.Thread(target=self._serve, name="engine", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()
        return slot

    def _outcome(self, slot: _Slot) -> Done[Any]:
        with self._changed:
            while slot.done is None:
                if self._failure is not None:
                    raise self._failure
                self._changed.wait()
            return slot.done

    def _close(self) -> None:
        with self._changed:
            self._closing = True
            workers = list(self._workers)
            self._changed.notify_all()
        for worker in workers:
            worker.kill()
        for thread in self._threads:
            thread.join(_LAST_SECONDS)

    # In the threads, one a worker ------------------------------------------------------------

    def _serve(self) -> None:
        worker: Worker | None = None
        try:
            while self._something_waits():
                worker = worker or self._hired()
                slot = self._next()
                if slot is None:  # another took it while this worker started
                    continue
                with self._floor(alone=self._alone and slot.tries > 0):
                    slot.tries += 1
                    done = worker.work(slot.item, seconds=self._seconds)
                if done.fault in (Fault.DIED, Fault.LATE):
                    self._dismiss(worker)
                    worker = None
                self._settle(slot, done)
        except BaseException as exc:  # noqa: BLE001 - it is raised again in the caller's thread
            with self._changed:
                self._failure = self._failure or exc
                self._changed.notify_all()
        finally:
            if worker is not None:
                self._dismiss(worker)

    def _something_waits(self) -> bool:
        """Wait for work; false when there will be none."""
        with self._changed:
            self._idle += 1
            while not self._waiting and not self._closing:
                self._changed.wait()
            self._idle -= 1
            return not self._closing

    def _next(self) -> _Slot | None:
        with self._changed:
            return self._waiting.popleft() if self._waiting and not self._closing else None

    def _settle(self, slot: _Slot, done: Done[Any]) -> None:
        with self._changed:
            if done.fault is Fault.DIED and slot.tries <= self._retries:
                self._waiting.appendleft(slot)
            else:
                slot.item = None
                slot.done = replace(done, tries=slot.tries)
            self._changed.notify_all()

    def _hired(self) -> Worker:
        worker = self._hire()
        with self._changed:
            self._workers.add(worker)
            closing = self._closing
        if closing:
            worker.kill()
            raise EngineError("The work was ended.")
        worker.start()
        return worker

    def _dismiss(self, worker: Worker) -> None:
        worker.kill()
        with self._changed:
            self._workers.discard(worker)

    @contextmanager
    def _floor(self, *, alone: bool) -> Iterator[None]:
        """Leave to work: together with others, or with nobody else."""
        with self._changed:
            while self._reserved and not self._closing:
                self._changed.wait()
            self._reserved = alone
            while alone and self._busy and not self._closing:
                self._changed.wait()
            self._busy += 1
        try:
            yield
        finally:
            with self._changed:
                self._busy -= 1
                if alone:
                    self._reserved = False
                self._changed.notify_all()
