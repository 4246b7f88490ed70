"""The parts of a fact that carry rows over: boxes, measured values, labels, key slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grandrounds.imaging.fact import KeySlice
from grandrounds.imaging.facts.wording import is_vertebra
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.parts import Label, MeasuredValue, StructureBox
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord

ASKED, ANSWER, OPTION, SHOWN = "asked", "answer", "option", "shown"
SAGITTAL, CORONAL, AXIAL = 0, 1, 2
_REGIONS = {"C": "cervical", "T": "thoracic", "L": "lumbar", "S": "sacral", "Co": "coccygeal"}
_SPINE_FIRST = (SAGITTAL, CORONAL, AXIAL)
_AXIAL_FIRST = (AXIAL, CORONAL, SAGITTAL)
_ABOUT_AS_FINE = 1.5
_FEWEST_PIXELS = 8


def box_of(row: StructureRow, role: str) -> StructureBox:
    """The structure's box in a role."""
    return StructureBox(
        role=role,
        structure_id=row.structure_id,
        name=row.name,
        label=row.label,
        mask_sha256=row.mask_sha256,
        origin=row.origin,
        voxels=row.box,
        millimetres=row.box_millimetres,
    )


def boxes_of(rows: Iterable[StructureRow], role: str) -> tuple[StructureBox, ...]:
    """The structures' boxes in one role, sorted by id, each once."""
    known = {row.structure_id: row for row in rows}
    return tuple(box_of(known[name], role) for name in sorted(known))


def value_of(row: MeasuredRow) -> MeasuredValue:
    """The measurement as an item carries it."""
    return MeasuredValue(
        measurement_id=row.measurement_id,
        name=row.name,
        structures=row.structures,
        number=row.number,
        word=row.word,
        unit=row.unit,
        status=row.status,
        reason=row.reason,
        uncertainty=row.uncertainty,
        method=row.method,
        source=row.source,
    )


def region(level: str) -> str:
    """The part of the spine that a level belongs to: ``lumbar``."""
    return _REGIONS[level if level in _REGIONS else level[:1]]


def labels_of(volume: VolumeRecord, rows: Iterable[StructureRow]) -> tuple[Label, ...]:
    """Modality and structures, sorted."""
    made = [Label(scheme="modality", path=(volume.modality,))] if volume.modality else []
    paths = {
        ("vertebra", region(row.level), row.level) if row.level else ("organ", row.name) for row in rows
    }
    return (*made, *(Label(scheme="structure", path=path) for path in sorted(paths)))


def planes(volume: VolumeRecord, rows: Iterable[StructureRow]) -> tuple[int, ...]:
    """The axes across which slices are worth showing, the best first; none where there is no picture.

    Best is the finest spacing within the slice. Where several are about as fine, spines are looked at from
    the side, everything else from below.
    """
    sides = [axis for axis in range(3) if _pixels(volume, axis) >= _FEWEST_PIXELS]
    if not sides:
        sides = [AXIAL] if len(volume.shape) > AXIAL else []
    if not sides:
        return ()
    order = _SPINE_FIRST if any(is_vertebra(row) for row in rows) else _AXIAL_FIRST
    finest = min(_coarser(volume, axis) for axis in sides)
    return tuple(
        sorted(
            sides,
            key=lambda axis: (_coarser(volume, axis) > _ABOUT_AS_FINE * finest, order.index(axis)),
        )
    )


def slices_through(
    volume: VolumeRecord, row: StructureRow, *, draws: Sequence[str] = (), planes_shown: int = 2
) -> tuple[KeySlice, ...]:
    """The structure's largest slice in the best plane and in the next one."""
    return tuple(
        KeySlice(axis=axis, index=row.largest[axis], draws=tuple(draws))
        for axis in planes(volume, [row])[:planes_shown]
    )


def slices_of_each(volume: VolumeRecord, rows: Sequence[StructureRow]) -> tuple[KeySlice, ...]:
    """Slices in one plane that show all structures alike, so that which of them is meant can't be told.

    One where the first one's crosses the boxes of all (a spine from the side), else one through each, by
    index.
    """
    axes = planes(volume, rows)[:1]
    for axis in axes:
        index = rows[0].largest[axis]
        if all(row.box[axis] <= index < row.box[axis + 3] for row in rows):
            return (KeySlice(axis=axis, index=index),)
    found = sorted({(axis, row.largest[axis]) for axis in axes for row in rows})
    return tuple(KeySlice(axis=axis, index=index) for axis, index in found)


def _pixels(volume: VolumeRecord, axis: int) -> int:
    return min((volume.shape[other] for other in range(3) if other != axis), default=0)


def _coarser(volume: VolumeRecord, axis: int) -> float:
    return max(volume.spacing[other] for other in range(3) if other != axis)
