"""The units of work: one series, one NIfTI file, one segmentation; and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from grandrounds.fingerprint import content_id
from grandrounds.records.source import DUPLICATE, FAILED, PASSED_BY, READ
from grandrounds.records.volume import VolumeRecord
from grandrounds.volumes.limits import DEFAULT, Limits

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SERIES, NIFTI, SEGMENTATION, STRUCTURES = "series", "nifti", "segmentation", "structures"
PROBE = "probe"
"""Decodes one file and keeps nothing: tells which file of a series kills a process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """A file of a job: its name in the folder, and where it is."""

    name: str
    path: str
    size: int = 0

    def where(self) -> Path:
        """The path."""
        return Path(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work for one process. ``images`` are the volumes that a segmentation may lie on."""

    kind: str
    files: tuple[JobFile, ...]
    lake: str
    limits: Limits = DEFAULT
    images: tuple[VolumeRecord, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOutcome:
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
    the same bytes might end otherwise next time (time, memory, rights)."""

    records: tuple[VolumeRecord, ...] = ()
    outcomes: tuple[FileOutcome, ...] = ()
    lasting: bool = True


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


@cache
def job_codec() -> TypeAdapter[Job]:
    """Jobs as JSON and back."""
    from pydantic import TypeAdapter

    return TypeAdapter(Job)


@cache
def result_codec() -> TypeAdapter[JobResult]:
    """Results as JSON and back."""
    from pydantic import TypeAdapter

    return TypeAdapter(JobResult)


__all__ = [
    "DUPLICATE",
    "FAILED",
    "NIFTI",
    "PASSED_BY",
    "PROBE",
    "READ",
    "SEGMENTATION",
    "SERIES",
    "STRUCTURES",
    "FileOutcome",
    "Job",
    "JobFile",
    "JobResult",
    "complete",
    "failed",
    "job_codec",
    "result_codec",
    "source_id",
]
