"""Grids and boxes: how voxel indices, boxes and millimetres hang together.

A ``Grid`` is the shape and affine of an array, in any axis order. ``Box`` is half-open per array axis:
``start <= index < stop``, in the order i, j, k. A voxel reaches half a voxel to each side of its centre,
so in real-valued voxel coordinates a box covers ``start - 0.5`` up to ``stop - 0.5``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grandrounds.measure.measurement import MeasureError
from grandrounds.volumes import geometry
from grandrounds.volumes.limits import VolumeError

Array = npt.NDArray[Any]
Reals = npt.NDArray[np.float64]
Point = tuple[float, float, float]

RIGHT, FRONT, UP = 0, 1, 2
"""World axes: x grows to the patient's right, y to the front, z upwards."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The shape of an array and the affine from its voxel centres to world mm (RAS)."""

    shape: tuple[int, int, int]
    affine: Reals

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise MeasureError(f"A label map has three axes with voxels on each, not {self.shape}.")
        try:
            geometry.check_affine(self.affine)
        except VolumeError as exc:
            raise MeasureError(exc.what, remedy=exc.remedy) from exc

    @property
    def spacing(self) -> Point:
        """Distances in mm between neighbouring voxel centres along i, j, k."""
        return geometry.spacing(self.affine)

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in millilitres; right for oblique and sheared grids too."""
        return abs(float(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    @property
    def tilt(self) -> float:
        """Degrees between the grid's axes and the patient's, at most."""
        return geometry.obliquity(self.affine)

    def array_axis(self, world: int) -> int:
        """The array axis that lies nearest to a world axis (``RIGHT``, ``FRONT``, ``UP``)."""
        return geometry.reorientation(self.affine).axes[world]

    def step(self, axis: int) -> Reals:
        """The world vector from a voxel to the next one along an array axis."""
        return np.asarray(self.affine[:3, axis], dtype=np.float64)

    def world(self, voxels: Any) -> Reals:
        """World mm of voxel indices (... x 3)."""
        return geometry.to_world(self.affine, voxels)

    def voxel(self, points: Any) -> Reals:
        """Voxel indices (real numbers) of world points (... x 3)."""
        return geometry.to_voxel(self.affine, points)


def grid(shape: Sequence[int], affine: Any) -> Grid:
    """The grid of an array of ``shape`` (more axes than three are a mistake) with a 4x4 ``affine``.

    Raises ``MeasureError`` for other shapes and for affines that are not finite or can't be inverted.
    """
    made = np.array(affine, dtype=np.float64)
    made.flags.writeable = False
    sides = tuple(int(side) for side in shape)
    if len(sides) != 3:
        raise MeasureError(
            f"A label map has three axes, not {len(sides)}.", remedy="Choose one time point."
        )
    return Grid((sides[0], sides[1], sides[2]), made)


def grid_of_spacing(shape: Sequence[int], spacing: Sequence[float]) -> Grid:
    """A grid along the patient's axes (RAS+), its first voxel centre at the origin."""
    return grid(shape, np.diag([*spacing, 1.0]))


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open box in voxel indices, in the order of the array's axes."""

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    def __post_init__(self) -> None:
        if any(low >= high for low, high in zip(self.start, self.stop, strict=True)):
            raise MeasureError(f"A box from {self.start} to {self.stop} holds no voxel.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along each axis."""
        sides = [high - low for low, high in zip(self.start, self.stop, strict=True)]
        return sides[0], sides[1], sides[2]

    @property
    def voxels(self) -> int:
        """How many voxels the box holds."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as an index of the array."""
        made = [slice(low, high) for low, high in zip(self.start, self.stop, strict=True)]
        return made[0], made[1], made[2]

    def holds(self, voxel: Sequence[float]) -> bool:
        """Whether a point in real-valued voxel coordinates lies in one of the box's voxels."""
        return all(
            low - 0.5 <= at < high - 0.5 for low, at, high in zip(self.start, voxel, self.stop, strict=True)
        )

    def inside(self, shape: Sequence[int]) -> bool:
        """Whether the box lies within an array of ``shape``."""
        return all(
            low >= 0 and high <= side for low, high, side in zip(self.start, self.stop, shape, strict=True)
        )

    def grown(self, voxels: int, shape: Sequence[int]) -> Box:
        """The box made larger by some voxels on every side, within an array of ``shape``."""
        start = [max(0, low - voxels) for low in self.start]
        stop = [min(side, high + voxels) for high, side in zip(self.stop, shape, strict=True)]
        return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))

    def overlap(self, other: Box) -> float:
        """Intersection over union of two boxes on one grid, 0 to 1."""
        low = np.maximum(self.start, other.start)
        high = np.minimum(self.stop, other.stop)
        shared = int(np.prod(np.clip(high - low, 0, None), dtype=np.int64))
        return shared / (self.voxels + other.voxels - shared)

    def corners(self, on: Grid) -> Reals:
        """World mm of the eight outer corners (8 x 3); voxels' outer faces, not their centres."""
        low, high = np.array(self.start) - 0.5, np.array(self.stop) - 0.5
        picks = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)])
        return on.world(np.where(picks == 0, low, high))

    def bounds(self, on: Grid) -> tuple[Point, Point]:
        """Smallest and largest world x, y, z (mm) that the box reaches."""
        corners = self.corners(on)
        return point(corners.min(axis=0)), point(corners.max(axis=0))

    def to_json(self) -> dict[str, Any]:
        """The box as JSON values, with the axis order written down."""
        return {"axes": "ijk", "start": list(self.start), "stop": list(self.stop)}


def point(values: Any) -> Point:
    """Three numbers as a plain tuple, without negative zeros."""
    x, y, z = (float(value) + 0.0 for value in values)
    return x, y, z
