"""The units of work: one series, one NIfTI file, one segmentation; and what comes of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from grandrounds.fingerprint import content_id
from grandrounds.records.statuses import DUPLICATE, FAILED, PASSED_BY, READ
from grandrounds.records.volume import VolumeRecord
from grandrounds.volumes.limits import DEFAULT, Limits

SERIES, NIFTI, SEGMENTATION, STRUCTURES = "series", "nifti", "segmentation", "structures"
SORT = "sort"
"""Tells what files are (``sorting``)."""

BATCH = "batch"
"""Several small jobs, sent at once: an answer to each would cost this process more than the work."""

PROBE = "probe"
"""Decodes one file and keeps nothing: tells which file of a series kills a process."""

# What there is one of for each file is a named tuple: thousands go through pipes, as plain lists.


class JobFile(NamedTuple):
    """A file of a job: its name in the folder, where it is, and its kind where that is known."""

    name: str
    path: str
    size: int = 0
    kind: str = ""

    def where(self) -> Path:
        """The path."""
        return Path(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work for one process. ``images`` are the volumes that a segmentation may lie on, ``parts`` the jobs
    of a batch, which has no files of its own."""

    kind: str
    files: tuple[JobFile, ...]
    lake: str
    limits: Limits = DEFAULT
    images: tuple[VolumeRecord, ...] = ()
    parts: tuple[Job, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files) + sum(part.size for part in self.parts)


class Sorted(NamedTuple):
    """What a file is. ``trouble`` says why a DICOM object can't be read; the rest are facts of its header
    (``dicom_object.DicomObject``), ``has_sides`` whether it gives rows and columns."""

    name: str
    kind: str
    trouble: str = ""
    sop_class: str = ""
    sop_instance: str = ""
    study: str = ""
    series: str = ""
    frame_of_reference: str = ""
    patient: str = ""
    has_sides: bool = False
    has_pixels: bool = False
    plain: bool = False
    directory: bool = False


class FileOutcome(NamedTuple):
    """What became of one file: a status of ``records.source``, and why where it was not read."""

    name: str
    status: str
    reason: str = ""
    sha256: str = ""
    patient: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """The records that a job made, and one outcome for each of its files. ``lasting`` is false where
    the same bytes might end otherwise next time (time, memory, rights). ``sorted`` is what a job that
    only sorts its files found, ``parts`` the results of a batch."""

    records: tuple[VolumeRecord, ...] = ()
    outcomes: tuple[FileOutcome, ...] = ()
    lasting: bool = True
    sorted: tuple[Sorted, ...] = ()
    parts: tuple[JobResult, ...] = ()


def source_id(sha256: str) -> str:
    """The id of the source with these bytes; the same as in the ``sources`` table."""
    return content_id("source", ["sha256", sha256])


def failed(job: Job, reason: str, *, lasting: bool = False) -> JobResult:
    """The result of a job that was lost as a whole: every file of it says why."""
    return JobResult(
        outcomes=tuple(FileOutcome(name=file.name, status=FAILED, reason=reason) for file in job.files),
        lasting=lasting,
    )


def complete(job: Job, result: JobResult) -> JobResult:
    """``result`` with an outcome for every file of ``job``, whatever the reader forgot."""
    told = {outcome.name: outcome for outcome in result.outcomes}
    missing = "The reader gave no account of this file; please report it."
    outcomes = tuple(
        told.get(file.name) or FileOutcome(name=file.name, status=FAILED, reason=missing)
        for file in job.files
    )
    return replace(result, outcomes=outcomes)


def dump_job(job: Job) -> bytes:
    """A job as JSON. Paths are spelt byte by byte: not every file system's name is text."""
    return orjson.dumps(_spelt(job))


def _spelt(job: Job) -> dict[str, Any]:
    return {
        "kind": job.kind,
        "files": [
            (name, os.fsencode(path).decode("latin-1"), size, kind) for name, path, size, kind in job.files
        ],
        "lake": job.lake,
        "limits": job.limits,
        "images": job.images,
        "parts": [_spelt(part) for part in job.parts],
    }


def load_job(data: bytes) -> Job:
    """The job that JSON holds. A worker checks none of it (this process wrote it), but for the images that
    few jobs name."""
    return _job(orjson.loads(data))


def _job(told: dict[str, Any]) -> Job:
    images: tuple[VolumeRecord, ...] = ()
    if told["images"]:
        from grandrounds.records.check import checker

        images = tuple(checker(VolumeRecord).validate_python(one) for one in told["images"])
    return Job(
        kind=told["kind"],
        files=tuple(
            JobFile(name, os.fsdecode(path.encode("latin-1")), size, kind)
            for name, path, size, kind in told["files"]
        ),
        lake=told["lake"],
        limits=Limits(**told["limits"]),
        images=images,
        parts=tuple(_job(part) for part in told["parts"]),
    )


def dump_result(result: JobResult) -> bytes:
    """A result as JSON."""
    return orjson.dumps(result, default=list)


def load_result(data: bytes) -> JobResult:
    """The result that JSON holds. Raises pydantic's ``ValidationError`` for what is none."""
    from grandrounds.records.check import checker

    result: JobResult = checker(JobResult).validate_json(data)
    return result


__all__ = [
    "BATCH",
    "DUPLICATE",
    "FAILED",
    "NIFTI",
    "PASSED_BY",
    "PROBE",
    "READ",
    "SEGMENTATION",
    "SERIES",
    "SORT",
    "STRUCTURES",
    "FileOutcome",
    "Job",
    "JobFile",
    "JobResult",
    "Sorted",
    "complete",
    "failed",
    "dump_job",
    "dump_result",
    "load_job",
    "load_result",
    "source_id",
]
