"""What each file of a folder is, before any pixel is read: its kind, and of a DICOM object what sorts it.

Headers are scanned wherever there is time, in this process or in workers; what comes back is small.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence

from grandrounds.sources import kinds
from grandrounds.volumes.dicom_object import DicomObject, read_object
from grandrounds.volumes.dicom_tags import DIRECTORY
from grandrounds.volumes.jobs import Job, JobFile, JobResult, Sorted
from grandrounds.volumes.limits import Limits, VolumeError
from grandrounds.volumes.names import folder

_MOST_KEPT = 50_000


def sort_job(job: Job, keep: dict[str, DicomObject]) -> JobResult:
    """Look at the files of ``job``. Headers that a series may need again are put into ``keep``."""
    return JobResult(sorted=tuple(_sorted(file, job.limits, keep) for file in job.files))


def parted(files: Sequence[JobFile], *, count: int) -> Iterator[Sequence[JobFile]]:
    """``files`` in parts of about ``count``: a folder stays whole, unless that makes four times as many.
    Who looks at all of a series needn't scan its headers again to read it."""
    begin = 0
    for end in range(1, len(files) + 1):
        last = end == len(files)
        whole = last or folder(files[end].name) != folder(files[end - 1].name)
        if last or end - begin >= (count if whole else 4 * count):
            yield files[begin:end]
            begin = end


def _sorted(file: JobFile, limits: Limits, keep: dict[str, DicomObject]) -> Sorted:
    kind, head = file.kind, b""
    if not kind:
        kind, head = _recognised(file)
    if kind != kinds.DICOM:
        return Sorted(name=file.name, kind=kind)
    try:
        found = read_object(file.name, file.where(), limits, head=head)
        made = _told(found)
    except VolumeError as exc:
        return Sorted(name=file.name, kind=kind, trouble=str(exc))
    except (ValueError, OverflowError, IndexError) as exc:
        why = f"The header can't be parsed ({type(exc).__name__}). Send it again."
        return Sorted(name=file.name, kind=kind, trouble=why)
    # What was inflated may be large; it is inflated again when its turn comes.
    if found.scan.inflated is None and len(keep) < _MOST_KEPT:
        keep[file.name] = found
    return made


def _recognised(file: JobFile) -> tuple[str, bytes]:
    """The kind of a file, as ``kinds.recognise`` tells it, and the bytes that it was told by."""
    path = file.where()
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return kinds.OTHER, b""
        with open(path, "rb", buffering=0) as handle:
            head = handle.read(kinds.HEAD_BYTES)
    except (OSError, ValueError):
        return kinds.UNREADABLE, b""
    return kinds.recognise_head(head, size=status.st_size), head


def _told(found: DicomObject) -> Sorted:
    return Sorted(
        name=found.name,
        kind=kinds.DICOM,
        sop_class=found.sop_class,
        sop_instance=found.sop_instance,
        study=found.study,
        series=found.series,
        frame_of_reference=found.frame_of_reference,
        patient=found.patient,
        has_sides=bool(found.rows and found.columns),
        has_pixels=found.has_pixels,
        plain=found.plain,
        directory=found.sop_class == DIRECTORY,
    )
