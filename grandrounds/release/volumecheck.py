"""The evidence tables of a release of volumes: what their rows say of each other, no volume opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from grandrounds.licences import allowed
from grandrounds.records.envelope import Item
from grandrounds.records.volume import USABLE, VolumeRecord
from grandrounds.release.evidence import VolumeEvidence, cited_ids
from grandrounds.release.findings import Problem
from grandrounds.release.manifest import NAME, Manifest


def volume_problems(
    evidence: VolumeEvidence, items: Sequence[Item], manifest: Manifest
) -> Iterator[Problem]:
    """Volumes that are not allowed, that nothing rests on, or whose rows don't fit together; structures and
    measurements of no released volume."""
    for table, rows in evidence.rows():
        for key, times in sorted(Counter(getattr(row, table.key) for row in rows).items()):
            if times > 1:
                yield Problem(where=key, what=f"stands in the {table.kind} {times} times")
    by_id = {row.volume_id: row for row in evidence.volumes}
    wanted = cited_ids(items) | {row.mask_id for row in evidence.structures}
    for row in evidence.volumes:
        found = list(row_faults(row, by_id, profile=manifest.profile))
        if row.volume_id not in wanted:
            found.append("is evidence that no item rests on")
        yield from (Problem(where=row.volume_id, what=what) for what in found)
    yield from _structure_problems(evidence, by_id)
    yield from _source_problems(evidence, manifest)


def row_faults(row: VolumeRecord, by_id: Mapping[str, VolumeRecord], *, profile: str) -> Iterator[str]:
    """Why a volume may not stand in a release of ``profile`` whose volumes are ``by_id``."""
    if row.status not in USABLE:
        yield f"has the status {row.status!r}, which is never released"
    if not row.sha256:
        yield "names no file"
    if not row.source_ids:
        yield "names no source"
    if not allowed(row.licence, profile=profile):
        yield f"its licence {row.licence!r} does not allow to show it"
    if row.protected and profile != "private":
        yield "is protected"
    if not row.is_mask:
        return
    image = by_id.get(row.mask_of or "")
    if image is None or image.is_mask:
        yield "is a mask of no image in the release"
    elif image.group_id != row.group_id:
        yield "is in another group than its image"


def _structure_problems(evidence: VolumeEvidence, by_id: Mapping[str, VolumeRecord]) -> Iterator[Problem]:
    for row in evidence.structures:
        mask = by_id.get(row.mask_id)
        if mask is None or not mask.is_mask or mask.mask_of != row.volume_id:
            yield Problem(where=row.structure_id, what="is a structure of no released mask of its image")
        elif mask.sha256 != row.mask_sha256:
            yield Problem(where=row.structure_id, what="names another file than its mask")
    known = {row.structure_id for row in evidence.structures}
    for value in evidence.measurements:
        image = by_id.get(value.volume_id)
        if image is None or image.is_mask:
            yield Problem(where=value.measurement_id, what="is a measurement of no released image")
        if not known.issuperset(value.structures):
            yield Problem(
                where=value.measurement_id, what="rests on a structure that is not in the release"
            )


def _source_problems(evidence: VolumeEvidence, manifest: Manifest) -> Iterator[Problem]:
    sources = {source.source_id: source for source in manifest.sources}
    if len(sources) != len(manifest.sources):
        yield Problem(where=NAME, what="lists a source twice")
    for source_id in sorted(evidence.source_ids ^ sources.keys()):
        yield Problem(
            where=source_id, what="is a source of the evidence or of the manifest, but not of both"
        )
    for row in evidence.volumes:
        source = sources.get(row.source_ids[0]) if row.source_ids else None
        if source is not None and source.licence != row.licence:
            yield Problem(where=row.volume_id, what="its licence is not that of its source")
    for source in manifest.sources:
        if source.title or source.identifiers:
            yield Problem(where=source.source_id, what="tells a title or number of an imaging source")
