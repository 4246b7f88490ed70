"""Jobs to processes that may die: a thread a process asks, and a death costs one job."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, Self, TypeVar

from grandrounds.workers.process import How, Lost

MOST_WORKERS = 16


class Sized(Protocol):
    """A job, which is begun the sooner the larger it is."""

    @property
    def size(self) -> int:
        """How large the job is, in bytes."""


class Closed(Protocol):
    """A process that can be ended."""

    def close(self) -> None:
        """End the process. It isn't started again."""


_Process = TypeVar("_Process", bound=Closed)
_Job = TypeVar("_Job", bound=Sized)
_Answer = TypeVar("_Answer")


class WorkerPool(Generic[_Process, _Job, _Answer]):
    """Worker processes, started when first needed and ended with the ``with`` block.

    ``start`` makes one of at most ``MOST_WORKERS`` processes, ``do`` has it do a job, and ``failed`` is the
    answer to a job that ``do`` raised an exception on, from words that say why.
    """

    def __init__(
        self,
        workers: int,
        *,
        start: Callable[[], _Process],
        do: Callable[[_Process, _Job], _Answer],
        failed: Callable[[_Job, str], _Answer],
    ) -> None:
        self._processes = [start() for _ in range(max(1, min(workers, MOST_WORKERS)))]
        self._threads = ThreadPoolExecutor(len(self._processes))
        self._do = do
        self._failed = failed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.close()
        self._threads.shutdown()

    def run(self, jobs: Sequence[_Job]) -> Iterator[tuple[int, _Answer]]:
        """The answers to ``jobs`` with their places in ``jobs``, each as soon as it is there; large ones
        are begun first."""
        done: queue.SimpleQueue[tuple[int, _Answer]] = queue.SimpleQueue()
        waiting = deque(sorted(range(len(jobs)), key=lambda n: (-jobs[n].size, n)))
        for process in self._processes[: len(jobs)]:
            self._threads.submit(self._work, process, jobs, waiting, done)
        for _ in jobs:
            yield done.get()

    def _work(
        self,
        process: _Process,
        jobs: Sequence[_Job],
        waiting: deque[int],
        done: queue.SimpleQueue[tuple[int, _Answer]],
    ) -> None:
        """Have one process do jobs until none waits."""
        while True:
            try:
                place = waiting.popleft()
            except IndexError:
                return
            try:
                answer = self._do(process, jobs[place])
            except Exception as exc:  # noqa: BLE001 - a lost answer would leave the run waiting for ever
                why = f"The reader failed ({type(exc).__name__}). Please report it."
                answer = self._failed(jobs[place], why)
            done.put((place, answer))


def why_lost(lost: Lost, *, seconds: float, process_bytes: int, remedy: str) -> str:
    """What happened to a file whose process was lost, and what to do: ``remedy`` makes it quicker to read
    ("split it"). ``seconds`` and ``process_bytes`` are what the process was given."""
    if lost.how is How.CLOSED:
        return "The run was ended before this file was read. Run again."
    if lost.how is How.NOT_STARTED:
        return f"No process could be started to read it: {lost.cause}. Run again."
    if lost.how is How.LATE:
        return (
            f"Reading took more than {seconds:,.0f} seconds and was ended. Look at the file: {remedy}, "
            "or take it out of the folder."
        )
    return (
        f"The process that read this file died ({lost.cause}). Look at the file: it may be damaged, made "
        f"to do harm, or need more memory than {process_bytes / (1 << 30):.1f} GB."
    )
