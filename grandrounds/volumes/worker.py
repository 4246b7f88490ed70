"""The process that reads hostile files: jobs come in on standard input, results go out, as JSON.

It bounds its own address space, and is killed from outside when a job takes too long; should that
process be gone, an alarm ends it. Decoders in C print and crash as they like: their output is thrown
away, and a crash costs one job.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import sys
from typing import TYPE_CHECKING, BinaryIO

from grandrounds.errors import GrandRoundsError
from grandrounds.volumes.jobs import (
    BATCH,
    NIFTI,
    PROBE,
    SERIES,
    SORT,
    Job,
    JobResult,
    complete,
    dump_result,
    failed,
    load_job,
)

if TYPE_CHECKING:
    from grandrounds.volumes.dicom_object import DicomObject

_HEAD = struct.Struct("<Q")
_GRACE = 10
_HEADERS: dict[str, DicomObject] = {}
"""Headers that this process scanned, for the series that it may be asked to read."""


def run_job(job: Job) -> JobResult:
    """Do one job. Whatever goes wrong becomes a result that accounts for every file."""
    if job.kind == BATCH:
        return JobResult(parts=tuple(run_job(part) for part in job.parts))
    try:
        return _read(job) if job.kind == SORT else complete(job, _read(job))
    except MemoryError:
        return failed(job, "There was not enough memory for it. Free some, or raise the limit.")
    except RecursionError:
        return failed(
            job, "The file is nested too deeply. Look at it: it may be made to do harm.", lasting=True
        )
    except GrandRoundsError as exc:
        return failed(job, str(exc))
    except Exception as exc:  # noqa: BLE001 - one odd file must not end the run; the row says what happened
        shown = "".join(char if char.isprintable() else "?" for char in str(exc)[:200])
        return failed(
            job,
            f"The reader failed ({type(exc).__name__}: {shown}). Please report it with the file.",
            lasting=True,
        )


def _read(job: Job) -> JobResult:
    if job.kind == SORT:
        from grandrounds.volumes.sorting import sort_job

        return sort_job(job, _HEADERS)
    if job.kind == SERIES:
        from grandrounds.volumes.series_job import read_series

        known = [_HEADERS.pop(file.name) for file in job.files if file.name in _HEADERS]
        return read_series(job, known)
    if job.kind == PROBE:
        from grandrounds.volumes.series_job import probe

        return probe(job)
    if job.kind == NIFTI:
        from grandrounds.volumes.nifti_job import read_nifti_job

        return read_nifti_job(job)
    from grandrounds.volumes.dicom_labels import read_labels

    return read_labels(job)


def receive(stream: BinaryIO) -> bytes | None:
    """The next message; ``None`` where the other side is gone."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    (length,) = _HEAD.unpack(head)
    data = stream.read(length)
    return data if len(data) == length else None


def send(stream: BinaryIO, data: bytes) -> None:
    """Write one message."""
    stream.write(_HEAD.pack(len(data)) + data)
    stream.flush()


def main() -> None:
    """Do jobs until standard input closes."""
    out = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    send(out, b"ready")
    _prepare()
    bounded = False
    while (data := receive(sys.stdin.buffer)) is not None:
        job = load_job(data)
        if not bounded:
            _bound(job.limits.process_bytes)
            bounded = True
        _alarm(job.limits.seconds_for(job.size) + _GRACE)
        send(out, dump_result(run_job(job)))
        _alarm(0)


def _prepare() -> None:
    """Load what nearly every job needs, while the first one is still being thought of."""
    import upath  # noqa: F401 - what a lake opens its files with

    import grandrounds.volumes.series_job
    import grandrounds.volumes.sorting  # noqa: F401


def _bound(size: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        if size:
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()
