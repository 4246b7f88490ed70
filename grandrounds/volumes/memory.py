"""What earlier readings found out, so that a study that did not change is not decoded again.

A job's result is kept under the hashes of its files' bytes, their names, the limits (but those of time
and memory: what they end is not kept) and the reader's code. Hashes are known without reading while a
file's stamp holds (``sources.memory``). A result counts only while the volumes that it names are in the
lake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from grandrounds.errors import LakeError
from grandrounds.fingerprint import code_fingerprint, sha256_bytes, sha256_value
from grandrounds.lake import Lake
from grandrounds.sources import kinds, memory
from grandrounds.sources.folder import FoundFile
from grandrounds.volumes.jobs import FAILED, Job, JobResult, Sorted, dump_result, load_result
from grandrounds.volumes.limits import Limits

_PASSING = ("seconds", "process_bytes")


class Memory:
    """The memory of one folder."""

    def __init__(self, lake: Lake, root: Path, limits: Limits) -> None:
        self._lake = lake
        self._place = root / "#volumes"
        self._index = memory.load_index(lake, self._place)
        self._limits = {name: value for name, value in asdict(limits).items() if name not in _PASSING}
        self._seen: dict[str, int] = {}
        self._version = code_fingerprint(
            "grandrounds.volumes", "grandrounds.records.volume", "grandrounds.fingerprint"
        )

    def kind(self, file: FoundFile) -> str:
        """The file's kind, where its stamp tells; else it is to be looked at now."""
        self._seen[file.name] = memory.now_ns()
        known = self._index.known(file)
        return "" if known is None else known.kind

    def note_kind(self, file: FoundFile, found: Sorted) -> None:
        """Remember the kind that was found."""
        if found.kind != kinds.UNREADABLE and self._index.known(file) is None:
            self._index.note(file, kind=found.kind, seen_ns=self._seen[file.name])

    def recall(self, job: Job, found: Mapping[str, FoundFile]) -> JobResult | None:
        """The result of ``job`` from before; ``None`` when it must be done."""
        hashes = []
        for file in job.files:
            known = self._index.known(found[file.name])
            if known is None or not known.sha256:
                return None
            hashes.append(known.sha256)
        try:
            data = self._lake.read_blob(self._key(job, hashes))
        except LakeError:
            return None
        digest, _, body = (data or b"").partition(b"\n")
        if not body or digest != sha256_bytes(body).encode():
            return None
        try:
            result = load_result(body)
        except ValidationError:
            return None
        media = [record.sha256 for record in result.records if record.sha256]
        return result if all(self._lake.has_media(sha256) for sha256 in media) else None

    def keep(self, job: Job, result: JobResult, found: Mapping[str, FoundFile]) -> None:
        """Remember a result, unless the same bytes might end otherwise."""
        told = {outcome.name: outcome.sha256 for outcome in result.outcomes}
        hashes = [told.get(file.name, "") for file in job.files]
        if not result.lasting or not all(hashes):
            return
        for file, sha256 in zip(job.files, hashes, strict=True):
            kind = self._index.entries[file.name].kind if file.name in self._index.entries else kinds.DICOM
            self._index.note(found[file.name], kind=kind, seen_ns=self._seen[file.name], sha256=sha256)
        body = dump_result(result)
        self._lake.write_blob(self._key(job, hashes), sha256_bytes(body).encode() + b"\n" + body)

    def save(self, names: set[str]) -> None:
        """Store what is known of the files ``names``; the rest is forgotten."""
        self._index.forget_others(names)
        memory.save_index(self._lake, self._place, self._index)

    def _key(self, job: Job, hashes: list[str]) -> str:
        told = sha256_value(
            [
                self._version,
                job.kind,
                self._limits,
                [[file.name, sha256] for file, sha256 in zip(job.files, hashes, strict=True)],
                [image.volume_id for image in job.images],
                [image.sha256 for image in job.images],
            ]
        )
        return f"volumes/readings/{told[:2]}/{told}.json"


__all__ = ["FAILED", "Memory"]
