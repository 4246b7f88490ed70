"""The process that reads hostile studies: jobs come in, results go out, as JSON (``workers.serving``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from grandrounds.workers.serving import Work, serve

if TYPE_CHECKING:
    from grandrounds.volumes.dicom_object import DicomObject

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


def main() -> None:
    """Do jobs until standard input closes."""
    serve(_work, prepare=_prepare)


def _work(data: bytes) -> Work:
    job = load_job(data)
    return Work(
        do=lambda: dump_result(run_job(job)),
        seconds=job.limits.seconds_for(job.size),
        process_bytes=job.limits.process_bytes,
    )


def _prepare() -> None:
    """Load what nearly every job needs, while the first one is still being thought of."""
    import grandrounds.volumes.series_job
    import grandrounds.volumes.sorting  # noqa: F401


if __name__ == "__main__":
    main()
