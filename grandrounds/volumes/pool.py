"""Processes that may die: each job runs in one, within its time, and a death costs that job alone."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from grandrounds.volumes import worker
from grandrounds.volumes.jobs import Job, JobResult, complete, failed, job_codec, result_codec

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

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[int, JobResult]]:
        """The results of ``jobs`` with their places in ``jobs``, each as soon as it is there.

        Large jobs go first. A process that overstays its job's time is killed, and the job fails.
        """
        done: queue.SimpleQueue[tuple[int, Future[JobResult]]] = queue.SimpleQueue()
        for place in sorted(range(len(jobs)), key=lambda n: (-jobs[n].size, n)):
            future = self._threads.submit(self._one, jobs[place])
            future.add_done_callback(partial(_report, done, place))
        for _ in jobs:
            place, finished = done.get()
            yield place, finished.result()

    def _one(self, job: Job) -> JobResult:
        process = self._idle.get()
        try:
            return process.run(job)
        finally:
            self._idle.put(process)


def _report(
    done: queue.SimpleQueue[tuple[int, Future[JobResult]]], place: int, finished: Future[JobResult]
) -> None:
    done.put((place, finished))


class _Process:
    """A worker process, started when first needed and again after a death."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def run(self, job: Job) -> JobResult:
        """Do one job; a death or an overrun gives a result that says so."""
        if self._closed:
            return failed(job, "The run was ended before this file was read. Run again.")
        process = self._started()
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        seconds = job.limits.seconds_for(job.size)
        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            assert process.stdin is not None and process.stdout is not None
            worker.send(process.stdin, job_codec().dump_json(job))
            data = worker.receive(process.stdout)
        except (OSError, ValueError):
            data = None
        finally:
            timer.cancel()
        if data is not None and not late.is_set():
            return complete(job, result_codec().validate_json(data))
        self._end()
        if late.is_set():
            return failed(
                job, f"Reading took more than {seconds:.0f} seconds and was ended. Look at the file."
            )
        return failed(job, "The process that read this file died. Look at the file; more memory may help.")

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
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, a module of this package
                [sys.executable, "-m", "grandrounds.volumes.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
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
