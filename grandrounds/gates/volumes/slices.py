"""Gate ``slice``: the slices that an item cites lie in the volume and show what they are cited for.

A slice with a structure's box must go through that box, and the mask must have voxels of the structure on
it: a box that is crossed may still be empty there. At least one cited slice shows what the item is about.
"""

from __future__ import annotations

from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.records.parts import Evidence, Locator, StructureBox
from grandrounds.records.scan import Scan
from grandrounds.records.volume import VolumeRecord

ROLES = ("support", "answer")
VOXELS = "voxel_box"
_ABOUT = ("asked", "answer")
_AXES = "ijk"


def look(at: Looked) -> Findings:
    """Refuse cited slices outside the volume, of another source, or that do not show their structure."""
    if at.scan is None:
        return found()
    cited = [part.locator for part in at.revision.evidence]
    shown = [media.locator for media in at.revision.media if media.kind == "image"]
    if not cited:
        return found("It cites no slice, so nobody can see what it rests on.")
    return found(
        *(said for part in at.revision.evidence for said in _evidence_problems(part, at, at.scan)),
        *(
            "A picture has no place in the volume."
            if locator is None
            else _place_problem(locator, at.scan.volume)
            for locator in shown
        ),
        None if _shows_subject(cited, at, at.scan) else "No cited slice shows what it is about.",
    )


def _evidence_problems(part: Evidence, at: Looked, scan: Scan) -> Iterator[str]:
    locator = part.locator
    if part.role not in ROLES:
        yield f"A cited slice has the unknown role {part.role!r}."
    if part.evidence_id != scan.evidence_id or part.source_id not in scan.volume.source_ids:
        yield "A cited slice is of another scan or source."
    place = _place_problem(locator, scan.volume)
    if place:
        yield place
        return
    box = tuple(round(edge) for edge in locator.box)
    if box == _whole(scan.volume, locator):
        return
    owners = [one for one in at.revision.boxes if tuple(one.voxels) == box]
    if not owners:
        yield f"{_named(locator)} is cited with a box that is none of the item's."
    elif not any(_has_voxels(one, locator, at, scan) for one in owners):
        yield f"{_named(locator)} does not show {owners[0].name}: it has no voxel there."


def _place_problem(locator: Locator, volume: VolumeRecord) -> str | None:
    from grandrounds.volumes.instances import instance_at

    axis, index = locator.slice_axis, locator.slice_index
    if locator.kind != VOXELS or axis is None or index is None or axis not in (0, 1, 2):
        return "A cited slice does not say where it lies."
    if not 0 <= index < volume.shape[axis]:
        return f"{_named(locator)} lies outside the volume, which has {volume.shape[axis]} there."
    if len(locator.box) != 6 or not locator.box[axis] <= index < locator.box[axis + 3]:
        return f"{_named(locator)} does not go through the box that it is cited with."
    if locator.sop_instance_uid:
        instance = instance_at(volume, index)
        if (
            instance is None
            or instance.axis != axis
            or instance.sop_instance_uid != locator.sop_instance_uid
        ):
            return f"{_named(locator)} did not come from the object that it names."
    return None


def _shows_subject(cited: list[Locator], at: Looked, scan: Scan) -> bool:
    about = [box for box in at.revision.boxes if box.role in _ABOUT]
    return not about or any(_has_voxels(box, locator, at, scan) for box in about for locator in cited)


def _has_voxels(box: StructureBox, locator: Locator, at: Looked, scan: Scan) -> bool:
    """Whether the structure has voxels on the slice, by its mask; by its box where that can't be opened."""
    axis, index = locator.slice_axis, locator.slice_index
    row = scan.structure(box.structure_id)
    if axis is None or index is None or row is None or axis not in (0, 1, 2):
        return False
    if not row.box[axis] <= index < row.box[axis + 3]:
        return False
    counts = at.voxels.counts.get(row.mask_id, {}).get(row.label) if at.voxels else None
    return counts is None or bool(index < len(counts[axis]) and counts[axis][index])


def _whole(volume: VolumeRecord, locator: Locator) -> tuple[int, ...]:
    """The box of the whole slice."""
    start, stop = [0, 0, 0], list(volume.shape[:3])
    axis, index = locator.slice_axis or 0, locator.slice_index or 0
    start[axis], stop[axis] = index, index + 1
    return (*start, *stop)


def _named(locator: Locator) -> str:
    axis = locator.slice_axis
    return f"The slice {_AXES[axis] if axis in (0, 1, 2) else '?'} = {locator.slice_index}"


GATE = Gate(name="slice", look=look)
