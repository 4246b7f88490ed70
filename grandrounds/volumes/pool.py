"""Processes that may die: each job runs in one, within its time, and a death costs that job alone."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

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
_LOOKED_AT = 500
"""Waiting jobs that are looked through for one whose headers a process has."""


@dataclass(frozen=True, slots=True)
class _Unread:
    """An answer as it came, for the jobs of one message."""

    data: bytes


_Answers = list[JobResult] | _Unread
_Done = tuple[list[int], _Answers]
"""The places of jobs that are done, and what came of them."""


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
        done: queue.SimpleQueue[_Done] = queue.SimpleQueue()
        mine = {n for n, job in enumerate(jobs) if harmless(job)}
        seen = {n for n, job in enumerate(jobs) if known(job)}
        waiting = _Waiting(jobs, known=seen, harmless=mine, workers=self.workers)
        count = len(self._processes) - (1 if len(mine) == len(jobs) else 0)
        for _ in range(min(count, len(jobs))):
            self._threads.submit(self._work, jobs, waiting, done)
        left = len(jobs)
        while left:
            place = waiting.smallest_harmless() if done.empty() else None
            if place is not None:
                left -= 1
                yield place, here(jobs[place])
                continue
            places, answers = done.get()
            left -= len(places)
            yield from zip(places, _results([jobs[n] for n in places], answers), strict=True)

    def _work(self, jobs: Sequence[Job], waiting: _Waiting, done: queue.SimpleQueue[_Done]) -> None:
        """Do waiting jobs in one process until none is left. What it answers is read by the thread that
        waits for it: the process has its next job by then."""
        process = self._idle.get()
        try:
            while places := waiting.next_for(process.headers):
                batch = [jobs[place] for place in places]
                try:
                    answers = process.run_batch(batch) if len(batch) > 1 else process.run(batch[0])
                except Exception as exc:  # noqa: BLE001 - a lost answer would leave the run waiting for ever
                    answers = [_lost(job, _fault(exc)) for job in batch]
                done.put((places, answers))
        finally:
            self._idle.put(process)


class _Waiting:
    """The places of jobs that are not begun, large ones first. Processes take them from the front, this
    one from the back."""

    def __init__(self, jobs: Sequence[Job], *, known: Set[int], harmless: Set[int], workers: int) -> None:
        self._sizes = [job.size for job in jobs]
        self._names = [job.files[0].name for job in jobs]
        self._places = deque(
            sorted(range(len(jobs)), key=lambda n: (-self._class(n), n in known, -self._sizes[n], n))
        )
        self._harmless = harmless
        self._workers = workers
        self._lock = threading.Lock()

    def smallest_harmless(self) -> int | None:
        """Take the last one, if it is harmless."""
        with self._lock:
            return self._places.pop() if self._places and self._places[-1] in self._harmless else None

    def next_for(self, headers: Set[str]) -> list[int]:
        """Take the first one, or one of much its size whose ``headers`` a process has; small harmless ones
        several at once, while enough are left for all processes."""
        taken: list[int] = []
        size = 0
        with self._lock:
            while self._places:
                self._bring_forward(headers)
                place = self._places[0]
                most = min(_BATCH_JOBS, len(self._places) // (2 * self._workers))
                if taken and not (
                    len(taken) < most
                    and {place, taken[0]} <= self._harmless
                    and size + self._sizes[place] <= _BATCH_BYTES
                ):
                    break
                taken.append(self._places.popleft())
                size += self._sizes[place]
        return taken

    def _bring_forward(self, headers: Set[str]) -> None:
        """Put one whose headers are known before those of much the same size."""
        first = self._class(self._places[0])
        for at, place in enumerate(islice(self._places, _LOOKED_AT)):
            if self._class(place) != first:
                return
            if self._names[place] in headers:
                del self._places[at]
                self._places.appendleft(place)
                return

    def _class(self, place: int) -> int:
        return self._sizes[place].bit_length()


class _Process(WorkerProcess):
    """A worker process, and what it takes to tell which file ended it."""

    def __init__(self) -> None:
        super().__init__("grandrounds.volumes.worker")
        self.headers: set[str] = set()
        """Names of the files whose headers it scanned, and may still have."""

    def run(self, job: Job) -> _Answers:
        """Do one job. A death or an overrun costs the file that caused it, not its whole series."""
        done = self._attempt(job)
        if isinstance(done, _Unread):
            self._note([job])
            return done
        if len(job.files) == 1 or self._closed:
            return [_lost(job, done)]
        if job.kind == SORT:
            parts = [part for file in job.files for part in self._read(replace(job, files=(file,)))]
            return [JobResult(sorted=tuple(one for part in parts for one in part.sorted))]
        return [self._without_culprits(job) if job.kind == SERIES else failed(job, done)]

    def run_batch(self, jobs: Sequence[Job]) -> _Answers:
        """Do several jobs, sent and answered at once; one by one where that ends badly."""
        batch = Job(kind=BATCH, files=(), lake="", limits=jobs[0].limits, parts=tuple(jobs))
        done = self._attempt(batch)
        if isinstance(done, _Unread):
            self._note(jobs)
            return done
        return [result for job in jobs for result in self._read(job)]

    def _note(self, jobs: Sequence[Job]) -> None:
        self.headers.update(file.name for job in jobs if job.kind == SORT for file in job.files)

    def _read(self, job: Job) -> list[JobResult]:
        return _results([job], self.run(job))

    def _without_culprits(self, job: Job) -> JobResult:
        """Decode each file alone to find those that end the process; read the series without them."""
        lost: list[FileOutcome] = []
        rest: list[JobFile] = []
        for file in job.files:
            alone = self._attempt(replace(job, kind=PROBE, files=(file,)))
            if isinstance(alone, str):
                lost.append(FileOutcome(name=file.name, status=FAILED, reason=alone))
            else:
                rest.append(file)
        left = replace(job, files=tuple(rest))
        done = JobResult()
        if rest:
            answer = self._attempt(left)
            (done,) = _results([left], [failed(left, answer)] if isinstance(answer, str) else answer)
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

    def _attempt(self, job: Job) -> _Unread | str:
        """What a job was answered, or why it was not."""
        seconds = job.limits.seconds_for(job.size)
        answer = self.ask(dump_job(job), seconds=seconds)
        if isinstance(answer, bytes):
            return _Unread(answer)
        return {
            How.CLOSED: "The run was ended before this file was read. Run again.",
            How.NOT_STARTED: f"No process could be started to read it: {answer.cause}. Run again.",
            How.LATE: f"Reading took more than {seconds:.0f} seconds and was ended. Look at the file.",
            How.DIED: "The process that read this file died. Look at the file; more memory may help.",
        }[answer.how]


def _results(jobs: Sequence[Job], answers: _Answers) -> list[JobResult]:
    """The results of jobs that were answered at once, whatever the answer is worth."""
    try:
        if isinstance(answers, _Unread):
            read = load_result(answers.data)
            answers = list(read.parts) if len(jobs) > 1 else [read]
        return [_whole(job, result) for job, result in zip(jobs, answers, strict=True)]
    except ValueError as exc:
        return [_lost(job, _fault(exc)) for job in jobs]


def _fault(exc: Exception) -> str:
    return f"The reader failed ({type(exc).__name__}). Please report it."


def _whole(job: Job, result: JobResult) -> JobResult:
    """A result with an account of every file."""
    if job.kind != SORT:
        return complete(job, result)
    told = {one.name: one for one in result.sorted}
    missing = "The file could not be looked at. Run again."
    return replace(
        result, sorted=tuple(told.get(file.name) or _not_sorted(file, missing) for file in job.files)
    )


def _lost(job: Job, reason: str) -> JobResult:
    """The result of a job that ended without one."""
    if job.kind != SORT:
        return failed(job, reason)
    return JobResult(sorted=tuple(_not_sorted(file, reason) for file in job.files))


def _not_sorted(file: JobFile, why: str) -> Sorted:
    return Sorted(name=file.name, kind=file.kind or kinds.DICOM, trouble=why)
