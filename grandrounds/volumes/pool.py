"""Processes that may die: each job runs in one, within its time, and a death costs that job alone."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from grandrounds.records.volume import FLAGGED, OK
from grandrounds.sources import kinds
from grandrounds.volumes.jobs import (
    BATCH,
    FAILED,
    PROBE,
    SERIES,
    SORT,
    FileOutcome,
    Job,
    JobFile,
    JobResult,
    Sorted,
    complete,
    dump_job,
    failed,
    load_result,
)
from grandrounds.workers.process import How, WorkerProcess

MOST_WORKERS = 16
_BATCH_JOBS, _BATCH_BYTES = 8, 32 << 20


class Pool:
    """Worker processes, started when first needed and ended with the ``with`` block."""

    def __init__(self, workers: int) -> None:
        count = self.workers = max(1, min(workers, MOST_WORKERS))
        self.started = False
        self._processes = [_Process() for _ in range(count)]
        # The last one used is the next one used: it runs, and knows headers.
        self._idle: queue.LifoQueue[_Process] = queue.LifoQueue()
        for process in reversed(self._processes):
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(count)

    def start(self) -> None:
        """Start all processes but one (this process takes part), before there is work for them: they get
        ready meanwhile."""
        self.started = self.workers > 1
        for process in self._processes[: self.workers - 1]:
            with suppress(OSError):
                process.launch()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.close()
        self._threads.shutdown()

    def run(
        self,
        jobs: Sequence[Job],
        *,
        here: Callable[[Job], JobResult],
        harmless: Callable[[Job], bool],
        known: Callable[[Job], bool] = lambda _: False,
    ) -> Iterator[tuple[int, JobResult]]:
        """The results of ``jobs`` with their places in ``jobs``, each as soon as it is there.

        Large jobs go first. A process that overstays its job's time is killed, and the job fails. This
        process takes part by doing ``harmless`` jobs ``here``, the smallest first; of those of much the
        same size the ones that are ``known`` here, whose headers another process would scan again.
        """
        done: queue.SimpleQueue[tuple[int, JobResult]] = queue.SimpleQueue()
        order = [(-job.size.bit_length(), known(job), -job.size, n) for n, job in enumerate(jobs)]
        waiting = deque(n for *_, n in sorted(order))
        mine = {n for n in waiting if harmless(jobs[n])}
        count = len(self._processes) - (1 if len(mine) == len(jobs) else 0)
        for _ in range(min(count, len(jobs))):
            self._threads.submit(self._work, jobs, waiting, done, mine)
        for _ in jobs:
            place = None
            if done.empty() and waiting and waiting[-1] in mine:
                with suppress(IndexError):
                    place = waiting.pop()
            if place is None:
                yield done.get()
            elif place in mine:
                yield place, here(jobs[place])
            else:
                # Another thread took the harmless one in between.
                self._threads.submit(self._work, jobs, deque([place]), done, mine)
                yield done.get()

    def _work(
        self,
        jobs: Sequence[Job],
        waiting: deque[int],
        done: queue.SimpleQueue[tuple[int, JobResult]],
        harmless: set[int],
    ) -> None:
        """Do waiting jobs in one process until none is left."""
        process = self._idle.get()
        try:
            while places := self._next(jobs, waiting, harmless):
                batch = [jobs[place] for place in places]
                try:
                    results = process.run_batch(batch) if len(batch) > 1 else [process.run(batch[0])]
                except Exception as exc:  # noqa: BLE001 - a lost answer would leave the run waiting for ever
                    why = f"The reader failed ({type(exc).__name__}). Please report it."
                    results = [_lost(job, why) for job in batch]
                for place, result in zip(places, results, strict=True):
                    done.put((place, result))
        finally:
            self._idle.put(process)

    def _next(self, jobs: Sequence[Job], waiting: deque[int], harmless: set[int]) -> list[int]:
        """The next job; small harmless ones several at once, while enough are left for all processes."""
        taken: list[int] = []
        size = 0
        with suppress(IndexError):
            while not taken or (
                len(taken) < min(_BATCH_JOBS, len(waiting) // (2 * self.workers))
                and taken[0] in harmless
                and waiting[0] in harmless
                and size + jobs[waiting[0]].size <= _BATCH_BYTES
            ):
                taken.append(waiting.popleft())
                size += jobs[taken[-1]].size
        return taken


class _Process(WorkerProcess):
    """A worker process, and what it takes to tell which file ended it."""

    def __init__(self) -> None:
        super().__init__("grandrounds.volumes.worker")

    def run(self, job: Job) -> JobResult:
        """Do one job. A death or an overrun costs the file that caused it, not its whole series."""
        done = self._attempt(job)
        if isinstance(done, JobResult):
            return done
        if len(job.files) == 1 or self._closed:
            return _lost(job, done)
        if job.kind == SORT:
            parts = [self.run(replace(job, files=(file,))) for file in job.files]
            return JobResult(sorted=tuple(one for part in parts for one in part.sorted))
        return self._without_culprits(job) if job.kind == SERIES else failed(job, done)

    def run_batch(self, jobs: Sequence[Job]) -> list[JobResult]:
        """Do several jobs, sent and answered at once; one by one where that ends badly."""
        batch = Job(kind=BATCH, files=(), lake="", limits=jobs[0].limits, parts=tuple(jobs))
        done = self._attempt(batch)
        if isinstance(done, JobResult) and len(done.parts) == len(jobs):
            return [_whole(job, result) for job, result in zip(jobs, done.parts, strict=True)]
        return [self.run(job) for job in jobs]

    def _without_culprits(self, job: Job) -> JobResult:
        """Decode each file alone to find those that end the process; read the series without them."""
        lost: list[FileOutcome] = []
        rest: list[JobFile] = []
        for file in job.files:
            alone = self._attempt(replace(job, kind=PROBE, files=(file,)))
            if isinstance(alone, JobResult):
                rest.append(file)
            else:
                lost.append(FileOutcome(name=file.name, status=FAILED, reason=alone))
        left = replace(job, files=tuple(rest))
        done = self._attempt(left) if rest else JobResult()
        if not isinstance(done, JobResult):
            done = failed(left, done)
        names = ", ".join(outcome.name for outcome in lost[:5])
        records = tuple(
            replace(
                record,
                status=FLAGGED if record.status == OK else record.status,
                reason=f"{record.reason} Left out, because unreadable: {names}.".strip(),
            )
            for record in done.records
            if lost
        )
        return JobResult(records=records or done.records, outcomes=(*done.outcomes, *lost), lasting=False)

    def _attempt(self, job: Job) -> JobResult | str:
        """The result of a job, or why there is none."""
        seconds = job.limits.seconds_for(job.size)
        answer = self.ask(dump_job(job), seconds=seconds)
        if isinstance(answer, bytes):
            return _whole(job, load_result(answer))
        return {
            How.CLOSED: "The run was ended before this file was read. Run again.",
            How.NOT_STARTED: f"No process could be started to read it: {answer.cause}. Run again.",
            How.LATE: f"Reading took more than {seconds:.0f} seconds and was ended. Look at the file.",
            How.DIED: "The process that read this file died. Look at the file; more memory may help.",
        }[answer.how]


def _whole(job: Job, result: JobResult) -> JobResult:
    """A result with an account of every file."""
    if job.kind != SORT:
        return complete(job, result)
    told = {one.name: one for one in result.sorted}
    lost = {one.name: one for one in _lost(job, "The file could not be looked at. Run again.").sorted}
    return replace(result, sorted=tuple(told.get(file.name, lost[file.name]) for file in job.files))


def _lost(job: Job, reason: str) -> JobResult:
    """The result of a job that ended without one."""
    if job.kind != SORT:
        return failed(job, reason)
    return JobResult(
        sorted=tuple(
            Sorted(name=file.name, kind=file.kind or kinds.DICOM, trouble=reason) for file in job.files
        )
    )
