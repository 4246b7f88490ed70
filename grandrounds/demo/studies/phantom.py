"""A phantom: voxels in RAS order that shapes are painted into, and masks drawn from the same shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grandrounds.demo.studies.shapes import FAR, Part, Points, Reals, Shape, Vector

AIR, FAT, WATER, MUSCLE, LUNG = -1000.0, -100.0, 0.0, 55.0, -850.0
STEP = 10
"""Grey levels are kept in steps of this many HU: enough for the eye and for means, and files stay small."""
_SHARES = 4.0  # Edge voxels are shared out in quarters; finer shares can't be seen and cost space.
Slices = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Depth:
    """How deep the voxels of a ``box`` lie in a shape, in mm; and their world coordinates."""

    box: Slices
    points: Points
    values: Reals


Value = float | Callable[[Depth], Reals]


@dataclass(slots=True, kw_only=True)
class Phantom:
    """An image of ``shape`` voxels with ``affine`` (to world RAS mm), all air at first."""

    shape: tuple[int, int, int]
    affine: Reals
    image: Reals = field(init=False)
    _everywhere: tuple[Slices, Points] = field(init=False)

    def __post_init__(self) -> None:
        self.image = np.full(self.shape, AIR)
        whole = slice(0, self.shape[0]), slice(0, self.shape[1]), slice(0, self.shape[2])
        self._everywhere = whole, self._points(whole)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel distances in mm."""
        sides = [math.sqrt(sum(float(v) ** 2 for v in self.affine[:3, n])) for n in range(3)]
        return sides[0], sides[1], sides[2]

    def depth(self, what: Shape | Sequence[Part]) -> Depth:
        """The depth of voxels in a shape (all voxels) or in the union of parts (those near them)."""
        if callable(what):
            box, points = self._everywhere
            return Depth(box=box, points=points, values=np.broadcast_to(what(points), self.shape))
        boxes = [self._box(part) for part in what]
        low = [min(box[n].start for box in boxes) for n in range(3)]
        high = [max(box[n].stop for box in boxes) for n in range(3)]
        values = np.full([b - a for a, b in zip(low, high, strict=True)], -FAR)
        for part, box in zip(what, boxes, strict=True):
            if all(one.start < one.stop for one in box):
                inner = values[tuple(slice(s.start - a, s.stop - a) for s, a in zip(box, low, strict=True))]
                np.maximum(inner, part.shape(self._points(box)), out=inner)
        whole = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
        return Depth(box=whole, points=self._points(whole), values=values)

    def paint(self, what: Shape | Sequence[Part] | Depth, value: Value) -> None:
        """Paint a shape over what is there; voxels on its edge take their share of it.

        ``value`` is in HU, or a function of world points and depth.
        """
        depth = what if isinstance(what, Depth) else self.depth(what)
        share = np.rint(np.clip(depth.values / min(self.spacing) + 0.5, 0.0, 1.0) * _SHARES) / _SHARES
        told = value if isinstance(value, float | int) else value(depth)
        part = self.image[depth.box]
        part += share * (told - part)

    def draw(self, mask: NDArray[Any], what: Shape | Sequence[Part] | Depth, label: int) -> None:
        """Give the voxels of ``mask`` whose centres lie in a shape the value ``label``."""
        depth = what if isinstance(what, Depth) else self.depth(what)
        mask[depth.box][depth.values > 0] = label

    def mask(self) -> NDArray[np.uint8]:
        """An empty mask on this grid."""
        return np.zeros(self.shape, np.uint8)

    def stored(self) -> NDArray[np.int16]:
        """The image as 16-bit whole HU in steps of ``STEP``."""
        return (np.rint(self.image / STEP) * STEP).astype(np.int16)

    def voxel(self, place: Sequence[float]) -> Vector:
        """Voxel indices of a world point."""
        back = np.linalg.inv(self.affine)
        made = [float(sum(back[n, m] * place[m] for m in range(3)) + back[n, 3]) for n in range(3)]
        return made[0], made[1], made[2]

    def _box(self, part: Part) -> Slices:
        made = []
        for middle, side, spacing in zip(self.voxel(part.centre), self.shape, self.spacing, strict=True):
            reach = part.radius / spacing * 1.05 + 1.5
            start = min(max(math.floor(middle - reach), 0), side)
            made.append(slice(start, min(max(math.ceil(middle + reach) + 1, start), side)))
        return made[0], made[1], made[2]

    def _points(self, box: Slices) -> Points:
        index = np.ogrid[box]
        # On a straight grid each coordinate runs along one axis only: sums stay small until they mix.
        made = [
            np.asarray(sum(index[m] * self.affine[n, m] for m in range(3) if self.affine[n, m]))
            + self.affine[n, 3]
            for n in range(3)
        ]
        return made[0], made[1], made[2]


def straight(spacing: Sequence[float], shape: Sequence[int], centre: Vector) -> Reals:
    """The affine of a plain RAS grid whose middle lies at ``centre``."""
    made = np.diag([*map(float, spacing), 1.0])
    for n in range(3):
        made[n, 3] = centre[n] - spacing[n] * (shape[n] - 1) / 2
    # What a header holds is 32-bit; the phantom must lie on the very same grid.
    return made.astype(np.float32).astype(np.float64)


def oblique(affine: Reals, shape: Sequence[int], degrees: Vector) -> Reals:
    """The grid turned about its middle by ``degrees`` about the world's x, then y, then z."""
    turn = np.eye(3)
    for axis, angle in enumerate(degrees):
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        one, two = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(3)
        step[one, one], step[one, two], step[two, one], step[two, two] = c, -s, s, c
        turn = _times(step, turn)
    made = affine.copy()
    made[:3, :3] = _times(turn, affine[:3, :3])
    half = [(side - 1) / 2 for side in shape]
    for n in range(3):
        middle = sum(affine[n, m] * half[m] for m in range(3)) + affine[n, 3]
        made[n, 3] = middle - sum(made[n, m] * half[m] for m in range(3))
    return made.astype(np.float32).astype(np.float64)


def _times(a: Reals, b: Reals) -> Reals:
    # Not ``@``: libraries of linear algebra add up in their own orders.
    return np.array([[sum(a[r, m] * b[m, c] for m in range(3)) for c in range(3)] for r in range(3)])
