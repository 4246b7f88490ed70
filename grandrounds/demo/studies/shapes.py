"""Bodies drawn into voxels: smooth shapes in millimetres, painted with shared-out edge voxels.

Only sums, products, quotients and square roots are used on arrays, which every machine rounds alike, so
that a study drawn again has the same bytes. A shape is a function from points to millimetres below its
surface, negative outside; distances may be rough away from the surface.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Points = tuple[Reals, Reals, Reals]
Shape = Callable[[Points], Reals]
Vector = tuple[float, float, float]

FAR = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A place and three directions (right, front, up) in world mm; turns world points into its own."""

    centre: Vector
    right: Vector = (1.0, 0.0, 0.0)
    front: Vector = (0.0, 1.0, 0.0)
    up: Vector = (0.0, 0.0, 1.0)

    def local(self, points: Points) -> Points:
        """World points in this frame."""
        away = [one - at for one, at in zip(points, self.centre, strict=True)]
        along = (self.right, self.front, self.up)
        x, y, z = (a[0] * away[0] + a[1] * away[1] + a[2] * away[2] for a in along)
        return x, y, z

    def world(self, place: Sequence[float]) -> Vector:
        """A point of this frame in world mm."""
        x, y, z = place
        made = [self.centre[n] + x * self.right[n] + y * self.front[n] + z * self.up[n] for n in range(3)]
        return made[0], made[1], made[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A shape and a ball outside which it has nothing (nor its edge)."""

    shape: Shape
    centre: Vector
    radius: float


def rod(start: Vector, stop: Vector, radius: float, *, flat: float = 1.0) -> Part:
    """A capsule as a part."""
    middle = ((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2, (start[2] + stop[2]) / 2)
    length = math.sqrt(sum((b - a) ** 2 for a, b in zip(start, stop, strict=True)))
    return Part(shape=capsule(start, stop, radius, flat=flat), centre=middle, radius=length / 2 + radius)


def ball(frame: Frame, radii: Vector) -> Part:
    """An ellipsoid as a part."""
    return Part(shape=ellipsoid(frame, radii), centre=frame.centre, radius=max(radii))


def leaning(centre: Vector, *, forward: float = 0.0, aside: float = 0.0, turned: float = 0.0) -> Frame:
    """A frame whose up leans ``forward`` and ``aside`` (to the right), turned about it; in degrees."""
    f, s, t = (math.radians(angle) for angle in (forward, aside, turned))
    up = _unit((math.tan(s), math.tan(f), 1.0))
    front = (-math.sin(t), math.cos(t), 0.0)
    dot = sum(a * b for a, b in zip(front, up, strict=True))
    front = _unit(tuple(a - dot * b for a, b in zip(front, up, strict=True)))
    return Frame(centre=centre, right=_cross(front, up), front=front, up=up)


def ellipsoid(frame: Frame, radii: Vector) -> Shape:
    """An ellipsoid; ``radii`` along the frame's right, front and up."""
    least = min(radii)

    def shape(points: Points) -> Reals:
        x, y, z = frame.local(points)
        return least * (1.0 - np.sqrt((x / radii[0]) ** 2 + (y / radii[1]) ** 2 + (z / radii[2]) ** 2))

    return shape


def capsule(start: Vector, stop: Vector, radius: float, *, flat: float = 1.0) -> Shape:
    """A rod with round ends; ``flat`` below 1 thins it from right to left."""
    along = [b - a for a, b in zip(start, stop, strict=True)]
    length = sum(one * one for one in along)

    def shape(points: Points) -> Reals:
        away = [one - at for one, at in zip(points, start, strict=True)]
        share = (away[0] * along[0] + away[1] * along[1] + away[2] * along[2]) / length
        share = np.clip(share, 0.0, 1.0)
        gaps = [one - share * step for one, step in zip(away, along, strict=True)]
        return radius - np.sqrt((gaps[0] / flat) ** 2 + gaps[1] ** 2 + gaps[2] ** 2)

    return shape


def tube(
    stations: Sequence[tuple[float, float, float, float, float]], *, ends: float = FAR, square: float = 0.0
) -> Shape:
    """A tube running up: ``stations`` are (z, x, y, half width, half depth) from low to high.

    Between stations all is interpolated; beyond the last ones the tube ends within ``ends`` mm.
    ``square`` from 0 to 1 makes the section boxier.
    """
    table = np.array(sorted(stations), dtype=np.float64)
    low, high = float(table[0, 0]), float(table[-1, 0])

    def shape(points: Points) -> Reals:
        x, y, z = points
        at = [np.interp(z, table[:, 0], table[:, column]) for column in range(1, 5)]
        made = np.minimum(at[2], at[3]) * (1.0 - rounded((x - at[0]) / at[2], (y - at[1]) / at[3], square))
        return np.minimum(made, np.minimum(z - (low - ends), (high + ends) - z))

    return shape


def remembered(shape: Shape) -> Shape:
    """The same shape, worked out once while it is asked for the same points again and again."""
    last: list[tuple[Points, Reals]] = []

    def again(points: Points) -> Reals:
        if not last or any(one is not other for one, other in zip(points, last[0][0], strict=True)):
            last[:] = [(points, shape(points))]
        return last[0][1]

    return again


def rounded(x: Reals, y: Reals, square: float) -> Reals:
    """1 on the outline of a disc of radius 1 made boxier by ``square``; grows outwards."""
    round_one = np.sqrt(x * x + y * y)
    if not square:
        return round_one
    x2, y2 = x * x, y * y
    return (1.0 - square) * round_one + square * np.sqrt(np.sqrt(x2 * x2 + y2 * y2))


def union(*shapes: Shape) -> Shape:
    """What lies in any of the shapes."""

    def shape(points: Points) -> Reals:
        made = shapes[0](points)
        for one in shapes[1:]:
            made = np.maximum(made, one(points))
        return made

    return shape


def within(first: Shape, *others: Shape) -> Shape:
    """What lies in all of the shapes."""

    def shape(points: Points) -> Reals:
        made = first(points)
        for one in others:
            made = np.minimum(made, one(points))
        return made

    return shape


def without(first: Shape, *others: Shape) -> Shape:
    """What lies in the first shape and in none of the others."""

    def shape(points: Points) -> Reals:
        made = first(points)
        for one in others:
            made = np.minimum(made, -one(points))
        return made

    return shape


def _unit(vector: Sequence[float]) -> Vector:
    size = math.sqrt(sum(one * one for one in vector))
    return vector[0] / size, vector[1] / size, vector[2] / size


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
