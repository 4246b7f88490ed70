"""Axis order and coordinates, written down once. Everything else in the project uses these.

- A volume's array is indexed ``[i, j, k]`` (then time, then colour) in *canonical* order: ``i`` grows
  towards the patient's Right, ``j`` towards Anterior, ``k`` towards Superior ("RAS+"), each along the
  axis of the stored grid that lies nearest to it. Canonicalising only swaps and flips axes; no voxel
  is ever interpolated, so oblique and sheared (gantry-tilted) grids keep an oblique or sheared affine.
- World coordinates are millimetres in RAS. DICOM's own are LPS: x and y change sign.
- ``affine`` (4x4) takes the centre of voxel ``(i, j, k)`` to world coordinates.
- A box is half-open in voxel indices, ``[start, stop)`` per axis, in the order i, j, k. In world
  coordinates a voxel reaches half a voxel to each side of its centre.
- An orientation code such as ``LPS`` names, per array axis, the direction in which the index grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grandrounds.volumes.limits import VolumeError

Affine = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

CANONICAL = "RAS"
_DIRECTIONS = ("LR", "PA", "IS")  # towards minus and plus of each world axis
_AXIS_OF = {
    letter: (axis, side) for axis, pair in enumerate(_DIRECTIONS) for side, letter in enumerate(pair)
}
_SMALLEST_SPACING = 1e-4
_LARGEST_SPACING = 1000.0


@dataclass(frozen=True, slots=True)
class Reorientation:
    """How an array's first three axes are put in order: ``axes[c]`` is the old axis that becomes axis
    ``c``, and ``flips[c]`` says whether it is reversed."""

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    @property
    def reversed_axes(self) -> tuple[bool, ...]:
        """Which of the *old* axes are reversed."""
        return tuple(self.flips[self.axes.index(old)] for old in range(3))

    def apply(self, array: Array) -> Array:
        """A view of ``array`` in the new order; axes after the third stay."""
        moved = array.transpose(*self.axes, *range(3, array.ndim))
        return moved[tuple(slice(None, None, -1) if flip else slice(None) for flip in self.flips)]

    def matrix(self, shape: Sequence[int]) -> Affine:
        """Takes new voxel indices to old ones, for an old array of ``shape``."""
        made = np.zeros((4, 4))
        made[3, 3] = 1.0
        for new, (old, flip) in enumerate(zip(self.axes, self.flips, strict=True)):
            made[old, new] = -1.0 if flip else 1.0
            if flip:
                made[old, 3] = shape[old] - 1
        return made

    def index(self, old: Sequence[float], shape: Sequence[int]) -> tuple[float, float, float]:
        """The new indices of the old voxel ``old`` of an array of ``shape``."""
        moved = [
            shape[axis] - 1 - old[axis] if flip else old[axis]
            for axis, flip in zip(self.axes, self.flips, strict=True)
        ]
        return moved[0], moved[1], moved[2]


def reorientation(affine: Affine) -> Reorientation:
    """The swaps and flips that bring a grid with ``affine`` nearest to RAS+.

    Axes are given to world directions by the size of their cosines, the surest first. Raises
    ``VolumeError`` when the affine can't be inverted.
    """
    check_affine(affine)
    cosines = _rotation(affine)
    # Equal cosines (exactly 45 degrees) must fall the same way on every machine.
    size = np.round(np.abs(cosines), 9)
    order = sorted(range(3), key=lambda column: (-size[:, column].max(), column))
    world_of: dict[int, int] = {}
    for column in order:
        free = [row for row in range(3) if row not in world_of.values()]
        world_of[column] = max(free, key=lambda row: (size[row, column], -row))
    axes = tuple(next(c for c, w in world_of.items() if w == world) for world in range(3))
    flips = tuple(bool(cosines[world, axis] < 0) for world, axis in enumerate(axes))
    return Reorientation((axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]))


def axis_codes(affine: Affine) -> str:
    """The orientation code of a grid, such as ``LPS``."""
    turn = reorientation(affine)
    letters = [""] * 3
    for world, (axis, flip) in enumerate(zip(turn.axes, turn.flips, strict=True)):
        letters[axis] = _DIRECTIONS[world][0 if flip else 1]
    return "".join(letters)


def codes_reorientation(codes: str) -> Reorientation:
    """The reorientation of a grid whose axes point as ``codes`` (``PIR``) says.

    Raises ``VolumeError`` when the letters do not name three axes.
    """
    known = [_AXIS_OF.get(letter.upper(), (-1, 0)) for letter in codes]
    if sorted(axis for axis, _ in known) != [0, 1, 2]:
        raise VolumeError(f"{codes!r} is no orientation code such as RAS.", remedy="Correct the file.")
    axes = [next(n for n, (axis, _) in enumerate(known) if axis == world) for world in range(3)]
    flips = [known[axis][1] == 0 for axis in axes]
    return Reorientation((axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]))


def spacing(affine: Affine) -> tuple[float, float, float]:
    """Distances in mm between neighbouring voxel centres along i, j, k."""
    lengths = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    return float(lengths[0]), float(lengths[1]), float(lengths[2])


def obliquity(affine: Affine) -> float:
    """Degrees of the largest angle between a grid axis and the world axis it is nearest to."""
    turn = reorientation(affine)
    unit = affine[:3, :3] / np.asarray(spacing(affine))
    cosines = [abs(unit[world, axis]) for world, axis in enumerate(turn.axes)]
    return float(np.degrees(np.arccos(np.clip(min(cosines), 0.0, 1.0))))


def shear(affine: Affine) -> float:
    """Degrees by which the grid's axes miss being perpendicular (gantry tilt); 0 for a plain grid."""
    unit = affine[:3, :3] / np.asarray(spacing(affine))
    products = [abs(float(unit[:, a] @ unit[:, b])) for a, b in ((0, 1), (0, 2), (1, 2))]
    return float(np.degrees(np.arcsin(np.clip(max(products), 0.0, 1.0))))


def check_affine(affine: Affine) -> None:
    """Raise ``VolumeError`` unless ``affine`` is finite, invertible, and its spacings are plausible."""
    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        raise VolumeError(
            "The affine holds values that are no numbers.", remedy="Write the file again from its source."
        )
    lengths = spacing(affine)
    if any(not _SMALLEST_SPACING <= length <= _LARGEST_SPACING for length in lengths):
        shown = ", ".join(f"{length:g}" for length in lengths)
        raise VolumeError(
            f"The voxel spacing is {shown} mm; it must lie between {_SMALLEST_SPACING:g} and "
            f"{_LARGEST_SPACING:g}.",
            remedy="Write the file again from its source.",
        )
    volume = abs(float(np.linalg.det(affine[:3, :3] / np.asarray(lengths))))
    if volume < 1e-3:
        raise VolumeError(
            "The affine can't be inverted: its axes lie in one plane.",
            remedy="Write the file again from its source.",
        )


def same_grid(
    first: Affine, second: Affine, shape: Sequence[int], other: Sequence[int], *, tolerance: float = 1e-2
) -> bool:
    """Whether two grids have one shape and no voxel centre lies more than ``tolerance`` mm apart."""
    if tuple(shape[:3]) != tuple(other[:3]):
        return False
    return bool(np.abs(corners(first, shape) - corners(second, shape)).max() <= tolerance)


def corners(affine: Affine, shape: Sequence[int]) -> Affine:
    """World coordinates (8x3) of the centres of the corner voxels."""
    ends = [(0, side - 1) for side in shape[:3]]
    indices = np.array([(i, j, k) for i in ends[0] for j in ends[1] for k in ends[2]], dtype=float)
    return to_world(affine, indices)


def to_world(affine: Affine, indices: Any) -> Affine:
    """World coordinates in mm (RAS) of voxel indices (... x 3)."""
    points = np.asarray(indices, dtype=np.float64)
    return np.asarray(points @ affine[:3, :3].T + affine[:3, 3])


def to_voxel(affine: Affine, points: Any) -> Affine:
    """Voxel indices (as real numbers) of world coordinates in mm (... x 3)."""
    return to_world(np.asarray(np.linalg.inv(affine), dtype=np.float64), points)


def lps_to_ras(affine: Affine) -> Affine:
    """An affine into DICOM's LPS coordinates, turned into one into RAS; and the other way round."""
    made = np.array(affine, dtype=np.float64)
    made[:2] *= -1.0
    return made


def tidy(affine: Affine) -> Affine:
    """The affine without negative zeros, so that equal grids print and hash alike."""
    return np.asarray(affine, dtype=np.float64) + 0.0


def _rotation(affine: Affine) -> Affine:
    """The rotation (or reflection) nearest to the affine's axes: its polar factor."""
    unit = affine[:3, :3] / np.asarray(spacing(affine))
    left, _, right = np.linalg.svd(unit)
    return np.asarray(left @ right)
