"""The labels of a map, found in one pass: where each lies and how its voxels spread along the axes.

A 512^3 map is read once, slab by slab; only voxels that have a label are looked at closely. Everything
later (masks, diameters) works inside the label's box.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from grandrounds.measure.axes import Array, Box, Grid, Point, grid, point
from grandrounds.measure.measurement import MeasureError

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_LARGEST_LABEL = 2**31 - 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Structure:
    """One label of a map. ``voxels`` may be 0; then there is no ``box``.

    ``counts[a][n]`` is how many of its voxels have index ``n`` along array axis ``a``.
    """

    label: int
    name: str
    grid: Grid
    voxels: int
    box: Box | None
    counts: tuple[Counts, Counts, Counts]
    labels: Array = field(repr=False)

    @property
    def mask(self) -> Mask:
        """The voxels of the label inside its box, made at each call. Raises ``MeasureError`` if empty."""
        return np.asarray(self.labels[self.require_box().slices] == self.label)

    @property
    def centre_voxel(self) -> Point:
        """The mean voxel index, i, j, k. Raises ``MeasureError`` if the label is empty."""
        self.require_box()
        return point([float(np.arange(len(count)) @ count) / self.voxels for count in self.counts])

    @property
    def centre(self) -> Point:
        """The mean position in world mm. Raises ``MeasureError`` if the label is empty."""
        return point(self.grid.world(self.centre_voxel))

    def require_box(self) -> Box:
        """The box. Raises ``MeasureError`` if the label is empty."""
        if self.box is None:
            raise MeasureError(
                f"{self.name} (label {self.label}) has no voxel.", remedy="Ask for voxels first."
            )
        return self.box

    def positions(self) -> npt.NDArray[np.float64]:
        """World mm of the centres of all its voxels (n x 3)."""
        return self.grid.world(np.argwhere(self.mask) + np.array(self.require_box().start))


class LabelMap:
    """A label map on its grid: ``[value]`` is the structure of a label, whether it has voxels or not.

    ``labels`` are the values above 0 that occur, in order. Float arrays that hold integers are taken.
    Raises ``MeasureError`` for values that are negative, not finite or not integer, and for arrays that do
    not have three axes.
    """

    def __init__(self, array: Array, affine: Any, names: Mapping[int, str] | None = None) -> None:
        self.array = array
        self.grid = grid(array.shape, affine)
        self.names = dict(names or {})
        self._rows, self._counts = _scan(array)

    @property
    def labels(self) -> tuple[int, ...]:
        """The labels that have voxels."""
        return tuple(sorted(self._rows))

    def __iter__(self) -> Any:
        return (self[label] for label in self.labels)

    def __getitem__(self, label: int) -> Structure:
        name = self.names.get(label, f"label {label}")
        row = self._rows.get(label)
        if row is None:
            none = tuple(np.zeros(side, dtype=np.int64) for side in self.grid.shape)
            return self._structure(label, name, (none[0], none[1], none[2]))
        counts = tuple(table[row] for table in self._counts)
        return self._structure(label, name, (counts[0], counts[1], counts[2]))

    def named(self, name: str) -> Structure:
        """The structure of that name. Raises ``MeasureError`` when no label has it."""
        for label, known in self.names.items():
            if known == name:
                return self[label]
        raise MeasureError(f"No label is named {name!r}.", remedy="Give its name in the table of labels.")

    def _structure(self, label: int, name: str, counts: tuple[Counts, Counts, Counts]) -> Structure:
        voxels = int(counts[0].sum())
        return Structure(
            label=label,
            name=name,
            grid=self.grid,
            voxels=voxels,
            box=_box(counts) if voxels else None,
            counts=counts,
            labels=self.array,
        )


def structure_of(mask: Array, affine: Any, *, name: str = "structure") -> Structure:
    """The structure of a mask: every voxel that is not 0."""
    return LabelMap(np.asarray(mask != 0, dtype=np.uint8), affine, {1: name})[1]


def _box(counts: tuple[Counts, Counts, Counts]) -> Box:
    ends = [np.flatnonzero(count)[[0, -1]] for count in counts]
    start, stop = [int(end[0]) for end in ends], [int(end[1]) + 1 for end in ends]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _scan(array: Array) -> tuple[dict[int, int], tuple[Counts, Counts, Counts]]:
    """Which row belongs to which label, and per axis a table of voxel counts [row, index]."""
    if array.dtype.kind not in "biuf":
        raise MeasureError(f"A label map holds numbers, not {array.dtype}.")
    across = int(np.argmax(np.abs(array.strides)))
    planes = np.moveaxis(array, across, 0)
    rest = [axis for axis in range(3) if axis != across]
    rows: dict[int, int] = {}
    tables = [np.zeros((0, side), dtype=np.int64) for side in array.shape]
    for at in range(planes.shape[0]):
        plane = planes[at]
        first, second = np.nonzero(plane)
        if not len(first):
            continue
        values, local = _ranks(plane[first, second])
        for value in values:
            rows.setdefault(int(value), len(rows))
        tables = [_taller(table, len(rows)) for table in tables]
        where = [rows[int(value)] for value in values]
        tables[across][where, at] += np.bincount(local, minlength=len(values))
        for axis, index in zip(rest, (first, second), strict=True):
            side = array.shape[axis]
            found = np.bincount(local * side + index, minlength=len(values) * side)
            tables[axis][where] += found.reshape(len(values), side)
    return rows, (tables[0], tables[1], tables[2])


def _ranks(values: Array) -> tuple[Array, npt.NDArray[np.intp]]:
    """The different labels, and for every voxel the rank of its own among them."""
    if values.dtype.kind == "f":
        whole = np.isfinite(values).all() and bool((values == np.rint(values)).all())
        if not whole:
            raise MeasureError("The label map holds values that are no integers.", remedy="Check the mask.")
    low, high = values.min(), values.max()
    if low < 0 or high > _LARGEST_LABEL:
        raise MeasureError(
            f"The label map holds {low if low < 0 else high}.", remedy="Labels are 1 and more."
        )
    codes = values.astype(np.intp)
    if high < 1 << 16:
        known = np.flatnonzero(np.bincount(codes))
        place = np.zeros(int(high) + 1, dtype=np.intp)
        place[known] = np.arange(len(known))
        return known, place[codes]
    different, ranks = np.unique(codes, return_inverse=True)
    return different, ranks.astype(np.intp)


def _taller(table: Counts, rows: int) -> Counts:
    if len(table) == rows:
        return table
    return np.vstack([table, np.zeros((rows - len(table), table.shape[1]), dtype=np.int64)])
