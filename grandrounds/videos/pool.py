"""Videos to processes that may die, and what became of them: one process a video, so that a death costs
that video alone and none leaves anything behind for the next."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError

from grandrounds.videos.jobs import VideoJob, VideoReading, dump_job, load_reading
from grandrounds.workers.process import How, Lost, WorkerProcess

MOST_WORKERS = 16
_MODULE = "grandrounds.videos.worker"


class VideoPool:
    """Worker processes, started when first needed and ended with the ``with`` block."""

    def __init__(self, workers: int) -> None:
        self._processes = [WorkerProcess(_MODULE) for _ in range(max(1, min(workers, MOST_WORKERS)))]
        self._threads = ThreadPoolExecutor(len(self._processes))

    def __enter__(self) -> VideoPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.close()
        self._threads.shutdown()

    def run(self, jobs: Sequence[VideoJob]) -> Iterator[tuple[int, VideoReading]]:
        """The readings of ``jobs`` with their places in ``jobs``, each as soon as it is there; large ones
        are begun first."""
        done: queue.SimpleQueue[tuple[int, VideoReading]] = queue.SimpleQueue()
        waiting = deque(sorted(range(len(jobs)), key=lambda n: (-jobs[n].size, n)))
        for process in self._processes[: len(jobs)]:
            self._threads.submit(_work, process, jobs, waiting, done)
        for _ in jobs:
            yield done.get()


def _work(
    process: WorkerProcess,
    jobs: Sequence[VideoJob],
    waiting: deque[int],
    done: queue.SimpleQueue[tuple[int, VideoReading]],
) -> None:
    """Have one process read until nothing waits."""
    while True:
        try:
            place = waiting.popleft()
        except IndexError:
            return
        try:
            reading = _asked(process, jobs[place])
            process.renew()
        except Exception as exc:  # noqa: BLE001 - a lost answer would leave the run waiting for ever
            reading = _failed(f"The reader failed ({type(exc).__name__}). Please report it.")
        done.put((place, reading))


def _asked(process: WorkerProcess, job: VideoJob) -> VideoReading:
    answer = process.ask(dump_job(job), seconds=job.seconds)
    if isinstance(answer, Lost):
        return _failed(_why(answer, job))
    try:
        return load_reading(answer)
    except ValidationError:
        return _failed("The reading was lost on its way. Run again.")


def _why(lost: Lost, job: VideoJob) -> str:
    """What happened to a video whose process was lost, and what to do."""
    if lost.how is How.CLOSED:
        return "The run was ended before this file was read. Run again."
    if lost.how is How.NOT_STARTED:
        return f"No process could be started to read it: {lost.cause}. Run again."
    if lost.how is How.LATE:
        return (
            f"Reading took more than {job.seconds:,.0f} seconds and was ended. Look at the file: cut it, "
            "or take it out of the folder."
        )
    return (
        f"The process that read this file died ({lost.cause}). Look at the file: it may be damaged, made "
        f"to do harm, or need more memory than {job.limits.process_bytes / (1 << 30):.1f} GB."
    )


def _failed(why: str) -> VideoReading:
    return VideoReading(failure=why, lasting=False)
