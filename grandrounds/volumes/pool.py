"""Processes that may die: each job runs in one, within its time, and a death costs that job alone."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from grandrounds.records.volume import FLAGGED, OK
from grandrounds.volumes import worker
from grandrounds.volumes.jobs import (
    FAILED,
    PROBE,
    SERIES,
    FileOutcome,
    Job,
    JobFile,
    JobResult,
    complete,
    failed,
    job_codec,
    result_codec,
)

MOST_WORKERS = 16


class Pool:
    """Worker processes, started when first needed and ended with the ``with`` block."""

    def __init__(self, workers: int) -> None:
        count = max(1, min(workers, MOST_WORKERS))
        self._processes = [_Process() for _ in range(count)]
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(count)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.close()
        self._threads.shutdown()

    def run(
        self, jobs: Sequence[Job], *, here: Callable[[Job], JobResult], harmless: Callable[[Job], bool]
    ) -> Iterator[tuple[int, JobResult]]:
        """The results of ``jobs`` with their places in ``jobs``, each as soon as it is there.

        Large jobs go first. A process that overstays its job's time is killed, and the job fails. This
        process takes part by doing ``harmless`` jobs ``here``, the smallest first.
        """
        done: queue.SimpleQueue[tuple[int, JobResult]] = queue.SimpleQueue()
        waiting = deque(sorted(range(len(jobs)), key=lambda n: (-jobs[n].size, n)))
        mine = {n for n in waiting if harmless(jobs[n])}
        count = len(self._processes) - (1 if len(mine) == len(jobs) else 0)
        for _ in range(min(count, len(jobs))):
            self._threads.submit(self._work, jobs, waiting, done)
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
                self._threads.submit(self._work, jobs, deque([place]), done)
                yield done.get()

    def _work(
        self, jobs: Sequence[Job], waiting: deque[int], done: queue.SimpleQueue[tuple[int, JobResult]]
    ) -> None:
        """Do waiting jobs in one process until none is left."""
        process = self._idle.get()
        try:
            while True:
                try:
                    place = waiting.popleft()
                except IndexError:
                    return
                try:
                    result = process.run(jobs[place])
                except Exception as exc:  # noqa: BLE001 - a lost answer would leave the run waiting for ever
                    result = failed(
                        jobs[place], f"The reader failed ({type(exc).__name__}). Please report it."
                    )
                done.put((place, result))
        finally:
            self._idle.put(process)


class _Process:
    """A worker process, started when first needed and again after a death."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def run(self, job: Job) -> JobResult:
        """Do one job. A death or an overrun costs the file that caused it, not its whole series."""
        done = self._attempt(job)
        if isinstance(done, JobResult):
            return done
        if job.kind != SERIES or len(job.files) == 1 or self._closed:
            return failed(job, done)
        return self._without_culprits(job)

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
        if self._closed:
            return "The run was ended before this file was read. Run again."
        try:
            process = self._started()
        except OSError as exc:
            return f"No process could be started to read it: {exc.strerror or exc}. Run again."
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        seconds = job.limits.seconds_for(job.size)
        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            worker.send(cast(BinaryIO, process.stdin), job_codec().dump_json(job))
            data = worker.receive(cast(BinaryIO, process.stdout))
        except (OSError, ValueError):
            data = None
        finally:
            timer.cancel()
        if data is not None and not late.is_set():
            return complete(job, result_codec().validate_json(data))
        self._end()
        if late.is_set():
            return f"Reading took more than {seconds:.0f} seconds and was ended. Look at the file."
        return "The process that read this file died. Look at the file; more memory may help."

    def close(self) -> None:
        """End the process."""
        self._closed = True
        self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            root = str(Path(__file__).resolve().parents[2])
            inherited = os.environ.get("PYTHONPATH", "")
            environment = {
                **os.environ,
                "PYTHONPATH": os.pathsep.join(part for part in (root, inherited) if part),
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            }
            self._process = subprocess.Popen(
                [sys.executable, "-m", "grandrounds.volumes.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            # Starting may be slow on a busy machine; that is not the file's fault.
            worker.receive(cast(BinaryIO, self._process.stdout))
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue
