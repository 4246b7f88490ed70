"""Imaging studies of a source folder: rows of the sources and volumes tables, under ``sources.yaml``.

The reader is ``grandrounds.volumes``; here its results meet what a person says of the files: licence,
group, date, whether they are protected. What ``sources.yaml`` says wins. A volume is as restricted as the
most restricted of its files, and all volumes and masks of one patient are in one group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from grandrounds.fingerprint import code_fingerprint, content_id
from grandrounds.lake import Lake
from grandrounds.records.source import DUPLICATE, FAILED, PASSED_BY, READ, Source
from grandrounds.records.volume import VolumeRecord
from grandrounds.sources import rows
from grandrounds.sources.folder import Found, walk
from grandrounds.sources.licences import UNKNOWN, Licence
from grandrounds.sources.provenance import Provenance
from grandrounds.sources.rules import Rules, load_rules
from grandrounds.volumes.limits import DEFAULT, Limits
from grandrounds.volumes.reader import SIDECAR, VOLUME_KINDS, FileRow, Progress, read_volumes

NAME = "volume"
VERSION = "1.0.0"
"""Raised by hand when the meaning of what is read changes; changed code is noticed anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeSources:
    """What a source folder holds of imaging: one source row a file, one volume row a volume or mask.

    ``read_now`` and ``reused`` count series and single files; ``passed_by`` counts, by kind, the files
    that are no images.
    """

    sources: tuple[Source, ...]
    volumes: tuple[VolumeRecord, ...]
    read_now: int
    reused: int
    passed_by: Mapping[str, int]


def reader_version() -> str:
    """The version that is stored beside what was read: by hand, and by code."""
    return f"{VERSION}+{code_fingerprint('grandrounds.volumes', 'grandrounds.records.volume')}"


def read_volume_folder(
    folder: Path,
    *,
    lake: Lake,
    rules: Path | None = None,
    limits: Limits = DEFAULT,
    progress: Progress | None = None,
    workers: int | None = None,
) -> VolumeSources:
    """Read the imaging studies of ``folder``. Files of other kinds get no row: other readers tell them.

    ``rules`` stand in for the folder's own ``sources.yaml``. Raises ``SourceError`` when the folder can't
    be opened or the rules are wrong.
    """
    found = walk(folder)
    said = load_rules(rules or found.rules)
    inventory = read_volumes(folder, lake=lake, limits=limits, progress=progress, workers=workers)
    version = reader_version()
    told = Provenance.of(found.files)
    sources = rows.told_apart([_source(row, said, told, version) for row in inventory.files])
    volumes = _ruled(inventory.volumes, sources)
    groups = {one: volume.group_id for volume in volumes for one in volume.source_ids}
    sources = [
        replace(source, group_id=groups.get(source.source_id, source.group_id)) for source in sources
    ]
    passed = Counter(source.kind for source in sources if source.status == PASSED_BY)
    return VolumeSources(
        sources=tuple(sources),
        volumes=tuple(volumes),
        read_now=inventory.read_now,
        reused=inventory.reused,
        passed_by=dict(sorted(passed.items())),
    )


def _source(row: FileRow, rules: Rules, told: Provenance, version: str) -> Source:
    if row.status == DUPLICATE:
        return replace(rows.duplicate(row.file, row.kind, sha256=row.sha256, first=""), reason=row.reason)
    if row.status == PASSED_BY:
        return rows.passed_by(row.file, row.kind, reason=row.reason, notes=row.notes)
    said = rules.about(row.file.name)
    settled = told.settle(row.file.name, own=Licence(), said=said.licence)
    if row.status == FAILED:
        failed = rows.failed(
            row.file,
            row.kind,
            reason=row.reason,
            said=said,
            settled=settled,
            sha256=row.sha256,
            reader=NAME,
            version=version,
        )
        # Two damaged copies have the same bytes and must not share an id.
        return replace(failed, source_id=content_id("source", ["failed", row.sha256, row.file.name]))
    return Source(
        source_id=content_id("source", ["sha256", row.sha256]),
        path=row.file.name,
        kind=row.kind,
        status=READ,
        bytes=row.file.size,
        sha256=row.sha256,
        reader=NAME,
        reader_version=version,
        title=said.title,
        licence=settled.licence,
        licence_evidence=settled.evidence,
        licence_origin=settled.origin,
        citation=said.citation or "",
        published=said.published,
        published_origin="sources.yaml" if said.published else "",
        group_id=f"group:{said.group}" if said.group else row.group_id or None,
        protected=bool(said.protected),
        notes=(*row.notes, *settled.notes),
    )


def _ruled(volumes: Sequence[VolumeRecord], sources: Sequence[Source]) -> list[VolumeRecord]:
    """The volumes with what ``sources.yaml`` says of their files; groups that meet become one."""
    by_id = {source.source_id: source for source in sources}
    made = []
    for volume in volumes:
        files = [by_id[one] for one in volume.source_ids if one in by_id]
        licences = {file.licence for file in files}
        given = sorted(
            {file.group_id for file in files if file.group_id and file.group_id.startswith("group:")}
        )
        dates = [file.published for file in files if file.published]
        made.append(
            replace(
                volume,
                licence=licences.pop() if len(licences) == 1 else UNKNOWN,
                citation=next((file.citation for file in files if file.citation), ""),
                published=max(dates) if dates else None,
                protected=any(file.protected for file in files),
                group_id=given[0] if given else volume.group_id,
            )
        )
    return _joined(made)


def _joined(volumes: list[VolumeRecord]) -> list[VolumeRecord]:
    """One group for all that belongs to one patient: a group that a person gave to one volume holds for
    all volumes that the reader had put into the same group, and for masks and their images."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(one: str, other: str) -> None:
        low, high = sorted((root(one), root(other)), key=lambda name: (not name.startswith("group:"), name))
        parent[high] = low

    by_id = {volume.volume_id: volume for volume in volumes}
    for volume in volumes:
        if volume.mask_of in by_id:
            join(volume.group_id, by_id[volume.mask_of].group_id)
    return [replace(volume, group_id=root(volume.group_id)) for volume in volumes]


__all__ = [
    "NAME",
    "SIDECAR",
    "VOLUME_KINDS",
    "Found",
    "VolumeSources",
    "read_volume_folder",
    "reader_version",
]
