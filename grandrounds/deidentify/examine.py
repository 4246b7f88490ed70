"""What every file of a reading holds that may identify: headers of DICOM, text fields of NIfTI.

Of these files only voxels, geometry and a row go on, so nothing is written here; the findings are the
report that a person reads, and the reasons for which a volume is kept back. They are remembered in the
lake under the hash of the file's bytes, the settings and this code; what is not known yet is spread over
processes where it is much.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from grandrounds.deidentify.key import ProjectKey
from grandrounds.deidentify.report import OK, REFUSED, REMOVED, Findings
from grandrounds.deidentify.settings import DeidentifySettings
from grandrounds.engine.base import Done
from grandrounds.engine.local import LocalEngine
from grandrounds.errors import LakeError
from grandrounds.fingerprint import code_fingerprint, sha256_bytes, sha256_value

if TYPE_CHECKING:
    from grandrounds.lake import Lake

DICOM, NIFTI = "dicom", "nifti"
_IN_PROCESS = 1000  # files; below it starting processes takes longer than they save
_SECONDS = 120.0
_HEAD = 1024
_LARGEST = 4 << 30
_COUNTING_KEY = ProjectKey(b"counts changes; maps nothing that is kept")
"""Which key is used changes no count, so the project's own need not travel to other processes."""

_FIELDS = {
    348: {
        "data_type": (4, 14),
        "db_name": (14, 32),
        "descrip": (148, 228),
        "aux_file": (228, 252),
        "intent_name": (328, 344),
    },
    540: {"descrip": (240, 320), "aux_file": (320, 344), "intent_name": (508, 524)},
}
"""Text fields of NIfTI-1 and NIfTI-2 headers, by header size (nifti1.h, nifti2.h)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamineJob:
    """One file to look at. ``sha256`` is what its bytes were when it was read."""

    path: Path
    kind: str
    sha256: str
    settings: DeidentifySettings


def examine_all(
    jobs: Sequence[ExamineJob], *, lake: Lake, place: str, workers: int | None = None
) -> list[Findings]:
    """The findings of ``jobs``, in order. ``place`` names the folder whose findings are kept together;
    those of files that are no longer there are forgotten. ``workers`` of 1 keeps to this process."""
    settings = jobs[0].settings.spelled if jobs else ()
    words = sorted(jobs[0].settings.words) if jobs else []
    private = [str(one) for one in jobs[0].settings.safe_private] if jobs else []
    blob = f"deidentify/{sha256_value([_version(), settings, words, private, place])}.json"
    known = _recall(lake, blob)
    todo = [job for job in jobs if f"{job.kind} {job.sha256}" not in known]
    lost: dict[str, Findings] = {}
    for job, findings, lasting in _examined(todo, workers):
        (known if lasting else lost)[f"{job.kind} {job.sha256}"] = findings
    wanted = {f"{job.kind} {job.sha256}" for job in jobs}
    if todo:
        kept = {name: known[name] for name in sorted(wanted & known.keys())}
        lake.write_blob(blob, _codec().dump_json(kept))
    everything = known | lost
    return [everything[f"{job.kind} {job.sha256}"] for job in jobs]


def examine_file(job: ExamineJob) -> Findings:
    """Look at one file. Never raises for what it holds."""
    try:
        if job.kind == NIFTI:
            return _nifti(job.path)
        if job.path.stat().st_size > _LARGEST:
            return Findings(status=REFUSED, reasons=("it is too large to be looked into",))
        raw = job.path.read_bytes()
    except (OSError, zlib.error, EOFError, struct.error) as exc:
        return Findings(status=REFUSED, reasons=(f"it can't be read ({type(exc).__name__})",))
    if sha256_bytes(raw) != job.sha256:
        return Findings(status=REFUSED, reasons=("it was changed after it had been read",))
    from grandrounds.deidentify.dicom import examine

    return examine(raw, settings=job.settings, key=_COUNTING_KEY)


def _examined(
    jobs: Sequence[ExamineJob], workers: int | None
) -> Iterator[tuple[ExamineJob, Findings, bool]]:
    if workers == 1 or len(jobs) <= _IN_PROCESS:
        for job in jobs:
            yield job, examine_file(job), True
        return
    done: Done[Findings]
    with LocalEngine(workers=workers) as engine:
        for job, done in zip(jobs, engine.map(examine_file, jobs, seconds=_SECONDS), strict=True):
            if done.value is not None:
                yield job, done.value, True
            else:
                yield (
                    job,
                    Findings(status=REFUSED, reasons=("looking into it failed or took too long",)),
                    False,
                )


def _nifti(path: Path) -> Findings:
    """Text fields and extensions; the canonical writer writes none of them."""
    head = _head(path)
    order = next((o for o in "<>" if struct.unpack(o + "i", head[:4])[0] in _FIELDS), "")
    if not order:
        return Findings(status=REFUSED, reasons=("its header can't be parsed",))
    size = struct.unpack(order + "i", head[:4])[0]
    found = [name for name, (start, stop) in _FIELDS[size].items() if head[start:stop].strip(b" \0")]
    # The four bytes after the header say whether extensions follow (nifti1.h, "extender").
    if head[size : size + 1] not in (b"", b"\0"):
        found.append("extensions")
    reasons = (f"dropped with its header: {', '.join(found)}",) if found else ()
    return Findings(status=OK, reasons=reasons, counts={REMOVED: len(found)})


def _head(path: Path) -> bytes:
    with path.open("rb") as handle:
        packed = handle.read(2) == b"\x1f\x8b"
        handle.seek(0)
        if not packed:
            return handle.read(_HEAD)
        with gzip.GzipFile(fileobj=handle) as inflated:
            return inflated.read(_HEAD)


def _recall(lake: Lake, blob: str) -> dict[str, Findings]:
    try:
        return dict(_codec().validate_json(lake.read_blob(blob) or b"{}"))
    except (LakeError, ValidationError):
        return {}


def _codec() -> TypeAdapter[Mapping[str, Findings]]:
    return TypeAdapter(Mapping[str, Findings])


def _version() -> str:
    return code_fingerprint("grandrounds.deidentify")
