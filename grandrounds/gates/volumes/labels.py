"""Gate ``labels``: each label is a known whole number with voxels and a name of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from grandrounds.gates.gate import Findings, Gate, Looked, found
from grandrounds.gates.volumes import touched
from grandrounds.records.scan import Scan
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord


def look(at: Looked) -> Findings:
    """Refuse labels that a mask does not hold, names given twice or not at all, and levels unheard of."""
    return found(*_problems(at, at.scan)) if at.scan else found()


def _problems(at: Looked, scan: Scan) -> Iterator[str]:
    for mask in touched.masks(at):
        yield from _mask_problems(at, mask)
    times = Counter(row.name.casefold() for row in scan.structures if row.name)
    for row in touched.structures(at):
        yield from _row_problems(row, scan)
        if times[row.name.casefold()] > 1:
            yield f"{times[row.name.casefold()]} structures of the scan are called {row.name!r}."


def _mask_problems(at: Looked, mask: VolumeRecord) -> Iterator[str]:
    told = [label.value for label in mask.labels]
    if len(set(told)) != len(told):
        yield f"The mask {mask.volume_id} lists a label twice."
    if at.voxels is None:
        return
    if mask.volume_id in at.voxels.problems:
        yield f"The labels of mask {mask.volume_id} can't be counted: {at.voxels.problems[mask.volume_id]}"
        return
    counts = at.voxels.counts.get(mask.volume_id, {})
    listed = {label.value: label.voxels for label in mask.labels if label.voxels and label.value}
    held = {label: int(along[0].sum()) for label, along in counts.items()}
    if held != listed:
        wrong = sorted(
            label for label in held.keys() | listed.keys() if held.get(label) != listed.get(label)
        )
        shown = ", ".join(str(label) for label in wrong[:5])
        yield f"The voxels of mask {mask.volume_id} are not those that its row lists (labels {shown})."


def _row_problems(row: StructureRow, scan: Scan) -> Iterator[str]:
    from grandrounds.imaging.names import known
    from grandrounds.measure.levels import ORDER

    mask = scan.mask(row.mask_id)
    if mask is None:
        yield f"The mask of {touched.called(row)} is not of its scan."
        return
    label = next((label for label in mask.labels if label.value == row.label), None)
    if label is None or row.label < 1:
        yield f"The mask {mask.volume_id} lists no label {row.label} for {touched.called(row)}."
    elif row.voxels < 1:
        yield f"{touched.called(row)} has no voxel."
    elif row.level and known(label.name).level not in ("", row.level):
        yield f"Label {row.label} is called {label.name!r}, but its row says {row.level}."
    elif row.side and known(label.name).side not in ("", row.side):
        yield f"Label {row.label} is called {label.name!r}, but its row says {row.side}."
    if not row.name:
        yield f"Nothing names label {row.label} of mask {row.mask_id}."
    if row.level and row.level not in ORDER:
        yield f"{row.level!r} is no vertebral level."


GATE = Gate(name="labels", look=look)
