"""Reading many files: one after another, or spread by an engine. The order of files is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grandrounds.engine.base import Done, Engine, Fault
from grandrounds.engine.local import LocalEngine
from grandrounds.fingerprint import sha256_bytes
from grandrounds.sources.case_report import CaseReportReader, Reading
from grandrounds.sources.memory import pack

SEQUENTIAL_BELOW = 64
"""Fewer files than this are read faster in one process than a second one starts."""

READING_SECONDS = 600.0
"""Longest that one file is read; articles take milliseconds. A parser that hangs must not hang the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to read. ``sha256`` is what its bytes were when it was found, where that is known."""

    path: Path
    kind: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A packed reading and the hash of the very bytes that it was made of (empty when there were none)."""

    sha256: str
    packed: bytes
    lasting: bool


def read_all(
    jobs: Sequence[Job], *, workers: int | None = None, engine: Engine | None = None
) -> Iterator[Outcome]:
    """The outcomes of ``jobs`` in order, read by ``engine`` or else by processes of this machine.

    ``workers`` of 1 keeps to this process; ``None`` decides. What a worker of ``engine`` finds other than
    it was found here (no such file on its machine, or another one) is read here.
    """
    if workers == 1 or len(jobs) < 2 or (workers is None and len(jobs) <= SEQUENTIAL_BELOW):
        yield from map(read_job, jobs)
        return
    spread = engine or LocalEngine(workers=workers)
    for job, done in zip(jobs, spread.map(read_job, jobs, seconds=READING_SECONDS), strict=True):
        if done.value is None:
            yield _lost(done)
        else:
            yield read_job(job) if _elsewhere(job, done.value) else done.value


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


def _elsewhere(job: Job, outcome: Outcome) -> bool:
    """Whether a worker did not find the file that we found."""
    return not outcome.sha256 or (bool(job.sha256) and outcome.sha256 != job.sha256)


def _lost(done: Done[Outcome]) -> Outcome:
    """What stands for a reading that never came back. Tried again in the next run."""
    words = {
        Fault.DIED: "The process that read this file died. Look at the file; more memory may help.",
        Fault.LATE: f"Reading this file took longer than {READING_SECONDS:.0f} s. Look at the file.",
    }
    failure = words.get(done.fault, f"The reader failed on this file: {done.reason}")
    reading = Reading(failure=failure, lasting=False)
    return Outcome(sha256="", packed=pack(reading), lasting=False)


Progress = Callable[[int, int, str], None]
"""Called with how many files are done, how many there are, and the name of the last one."""
