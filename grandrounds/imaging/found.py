"""What was found in one image, with its voxels at hand: the ground that measurements are made on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grandrounds.imaging.names import Known
from grandrounds.measure.axes import Array
from grandrounds.measure.criteria import Criterion
from grandrounds.measure.measurement import UNRELIABLE, Doubt, Measurement
from grandrounds.measure.structure import LabelMap, Structure
from grandrounds.records.structure import MANUAL, PREDICTED, StructureRow
from grandrounds.records.volume import VolumeRecord

HU = "hu"
_FIRST = {MANUAL: 0, PREDICTED: 1}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A structure: its row, what its name says, and its voxels."""

    row: StructureRow
    known: Known
    structure: Structure


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """An image with its voxels in real units. ``hounsfield`` tells whether these are HU."""

    record: VolumeRecord
    data: Array
    hounsfield: bool

    @property
    def flat(self) -> bool:
        """Whether it is one slice: a radiograph, or a single slice of a scan."""
        return 1 in self.data.shape[:3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A measurement with what it is of: ``subject`` in words, ids of structures, the rule that reads it."""

    measurement: Measurement
    subject: str
    structures: tuple[str, ...]
    criterion: Criterion | None = None


def preferred(rows: Sequence[StructureRow], masks: Mapping[str, VolumeRecord]) -> Iterator[StructureRow]:
    """The rows, those first that stand for their name when several masks name one structure: manual
    before predicted before unknown, then the mask with more labels, then the smaller id."""

    def order(row: StructureRow) -> tuple[int, int, str, int]:
        labels = len(masks[row.mask_id].labels) if row.mask_id in masks else 0
        return _FIRST.get(row.origin, 2), -labels, row.mask_id, row.label

    return iter(sorted(rows, key=order))


def doubted(measurement: Measurement, doubt: Doubt) -> Measurement:
    """The measurement with one more reason not to trust it."""
    if measurement.value is None:
        return replace(measurement, doubts=(*measurement.doubts, doubt))
    return replace(measurement, status=UNRELIABLE, doubts=(*measurement.doubts, doubt))


def between(structure: Structure, *, axis: int, start: int, stop: int, name: str) -> Structure | None:
    """The part of a structure in slices ``start`` up to ``stop`` along an array axis; ``None`` if empty."""
    counts = structure.counts[axis][start:stop]
    if not counts.sum():
        return None
    kept = np.zeros(structure.grid.shape, dtype=np.uint8)
    box = structure.require_box()
    low, high = max(start, box.start[axis]), min(stop, box.stop[axis])
    slices = list(box.slices)
    slices[axis] = slice(low, high)
    inner = structure.mask
    cut = [slice(None)] * 3
    cut[axis] = slice(low - box.start[axis], high - box.start[axis])
    kept[tuple(slices)] = inner[tuple(cut)]
    return LabelMap(kept, structure.grid.affine, {1: name})[1]
