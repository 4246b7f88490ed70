"""Reading many files: one after another, or in several processes. The order of files is kept."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from grandrounds.fingerprint import sha256_bytes
from grandrounds.sources.case_report import CaseReportReader, Reading
from grandrounds.sources.memory import pack

SEQUENTIAL_BELOW = 64
"""Fewer files than this are read faster in one process than a second one starts."""

_MAXIMUM_WORKERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to read."""

    path: Path
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A packed reading and the hash of the very bytes that it was made of (empty when there were none)."""

    sha256: str
    packed: bytes
    lasting: bool


def read_all(jobs: Sequence[Job], *, workers: int | None = None) -> Iterator[Outcome]:
    """The outcomes of ``jobs`` in order. ``workers`` of 1 keeps to this process; ``None`` decides."""
    count = workers if workers is not None else min(os.cpu_count() or 1, _MAXIMUM_WORKERS)
    small = workers is None and len(jobs) <= SEQUENTIAL_BELOW
    # A daemonic process may have no children.
    if count < 2 or small or len(jobs) < 2 or multiprocessing.current_process().daemon:
        yield from map(read_job, jobs)
    else:
        yield from _in_processes(jobs, count)


def read_job(job: Job) -> Outcome:
    """Read one file. Its bytes are read once, so the hash is that of what was parsed."""
    try:
        data = job.path.read_bytes()
    except OSError as exc:
        reading = Reading(
            failure=f"The file can't be read: {exc.strerror or exc}. Check its rights.",
            lasting=False,
        )
        return Outcome(sha256="", packed=pack(reading), lasting=False)
    reading = CaseReportReader().read(data, kind=job.kind)
    return Outcome(sha256=sha256_bytes(data), packed=pack(reading), lasting=reading.lasting)


def _in_processes(jobs: Sequence[Job], count: int) -> Iterator[Outcome]:
    done = 0
    try:
        with _executor(count) as executor:
            for outcome in executor.map(read_job, jobs, chunksize=8):
                yield outcome
                done += 1
            return
    except BrokenProcessPool:
        pass
    # A process died (out of memory, or a fault in a parser): find out on which file.
    yield from _one_by_one(jobs[done:])


def _one_by_one(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Read in one other process; the file on which it dies is the culprit, and a new one goes on."""
    executor = _executor(1)
    try:
        for job in jobs:
            try:
                yield executor.submit(read_job, job).result()
            except BrokenProcessPool:
                executor.shutdown()
                executor = _executor(1)
                yield _died()
    finally:
        executor.shutdown()


def _died() -> Outcome:
    reading = Reading(
        failure="The process that read this file died. Look at the file; more memory may help.",
        lasting=False,
    )
    return Outcome(sha256="", packed=pack(reading), lasting=False)


def _executor(count: int) -> ProcessPoolExecutor:
    # Forking a process that has threads (a web server, a database driver) can hang the child.
    methods = multiprocessing.get_all_start_methods()
    method = "forkserver" if "forkserver" in methods else "spawn"
    return ProcessPoolExecutor(max_workers=count, mp_context=multiprocessing.get_context(method))


Progress = Callable[[int, int, str], None]
"""Called with how many files are done, how many there are, and the name of the last one."""
