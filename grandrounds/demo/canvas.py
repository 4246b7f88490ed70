"""A small drawing board on numpy: soft-edged shapes, strokes and repeatable grain.

Pictures are arrays of brightness from 0 (black) to 1 (white), in rows and columns of pixels, origin
at the top left. Nothing is random: grain comes from a hash of the lattice point, so a picture is the
same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.float64]
Point: TypeAlias = tuple[float, float]


class Board:
    """The pixel coordinates of a picture; shapes are asked of it as fields of its size."""

    def __init__(self, *, width: int, height: int) -> None:
        self.width = width
        self.height = height
        rows, columns = np.mgrid[0:height, 0:width]
        self.x: Field = columns.astype(np.float64) + 0.5
        self.y: Field = rows.astype(np.float64) + 0.5

    def ellipse(self, centre: Point, radii: Point, *, degrees: float = 0.0) -> Field:
        """Distance to an ellipse in pixels, roughly: negative inside, positive outside."""
        turn = np.deg2rad(degrees)
        dx, dy = self.x - centre[0], self.y - centre[1]
        along = dx * np.cos(turn) + dy * np.sin(turn)
        across = dy * np.cos(turn) - dx * np.sin(turn)
        distance: Field = (np.hypot(along / radii[0], across / radii[1]) - 1.0) * min(radii)
        return distance

    def path(self, points: Sequence[Point], *, reach: float = 60.0) -> Field:
        """Distance in pixels to the line through ``points`` (x, y), exact up to ``reach`` pixels.

        Farther away it is some number above ``reach``: each piece looks only at its neighbourhood.
        """
        nearest = np.full((self.height, self.width), reach + 1000.0)
        for (x0, y0), (x1, y1) in pairwise(points):
            rows = _window(y0, y1, reach, self.height)
            columns = _window(x0, x1, reach, self.width)
            x, y = self.x[rows, columns], self.y[rows, columns]
            length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-9)
            along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0.0, 1.0)
            gap = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
            nearest[rows, columns] = np.minimum(nearest[rows, columns], gap)
        return nearest

    def grain(self, *, pixels: float, seed: int) -> Field:
        """Smooth grain from 0 to 1 with lumps of about ``pixels``; the same for the same ``seed``."""
        column, row = self.x / pixels, self.y / pixels
        left, top = np.floor(column), np.floor(row)
        right_share = _ease(column - left)
        low_share = _ease(row - top)
        upper = _mix(_hash(left, top, seed), _hash(left + 1, top, seed), right_share)
        lower = _mix(_hash(left, top + 1, seed), _hash(left + 1, top + 1, seed), right_share)
        return _mix(upper, lower, low_share)

    def scatter(self, *, pixels: float, seed: int, jitter: float = 0.8) -> tuple[Field, Field, Field]:
        """Points strewn about ``pixels`` apart: the distance to the nearest, to the second nearest, and a
        number in [0, 1) that is the nearest one's own. ``jitter`` is how far they leave the lattice."""
        column, row = np.floor(self.x / pixels), np.floor(self.y / pixels)
        nearest = np.full(self.x.shape, np.inf)
        second = np.full(self.x.shape, np.inf)
        own = np.zeros(self.x.shape)
        for across in (-1.0, 0.0, 1.0):
            for down in (-1.0, 0.0, 1.0):
                at, below = column + across, row + down
                x = (at + 0.5 + jitter * (_hash(at, below, seed) - 0.5)) * pixels
                y = (below + 0.5 + jitter * (_hash(at, below, seed + 101) - 0.5)) * pixels
                gap = np.hypot(self.x - x, self.y - y)
                closer = gap < nearest
                second = np.where(closer, nearest, np.minimum(second, gap))
                own = np.where(closer, _hash(at, below, seed + 202), own)
                nearest = np.minimum(nearest, gap)
        return nearest, second, own


def inside(distance: Field, *, soft: float = 1.5) -> Field:
    """Coverage from 0 to 1 of the region where ``distance`` is negative, its edge ``soft`` pixels wide."""
    return _ease(np.clip(0.5 - distance / soft, 0.0, 1.0))


def stroke(distance: Field, *, width: float, soft: float = 1.2) -> Field:
    """Coverage of a line ``width`` pixels wide along zero ``distance``."""
    return inside(np.abs(distance) - width / 2, soft=soft)


def paint(picture: Field, value: float | Field, coverage: Field) -> Field:
    """``picture`` with ``value`` laid over it where ``coverage`` is."""
    return picture * (1.0 - coverage) + value * coverage


def paint3(picture: Field, colour: tuple[float, float, float], coverage: Field) -> Field:
    """A coloured picture with ``colour`` laid over it where ``coverage`` is."""
    return picture * (1.0 - coverage[..., None]) + np.array(colour) * coverage[..., None]


def filled(board: Board, colour: tuple[float, float, float]) -> Field:
    """A picture of one colour."""
    made: Field = np.ones((board.height, board.width, 3)) * np.array(colour)
    return made


def noisy(board: Board, picture: Field, *, share: float, seed: int) -> Field:
    """``picture`` with fine noise, as a detector gives it, up to ``share`` of white."""
    noise = board.grain(pixels=1.6, seed=seed) + board.grain(pixels=2.7, seed=seed + 1) - 1.0
    return np.clip(picture + share * noise * (0.5 + picture), 0.0, 1.0)


def arrow(board: Board, picture: Field, *, tip: Point, tail: Point) -> Field:
    """A white arrow with a dark rim that points at ``tip``."""
    length = float(np.hypot(tip[0] - tail[0], tip[1] - tail[1]))
    along = ((tip[0] - tail[0]) / length, (tip[1] - tail[1]) / length)
    back = (tip[0] - 13.0 * along[0], tip[1] - 13.0 * along[1])
    wings = [(back[0] - 7.0 * s * along[1], back[1] + 7.0 * s * along[0]) for s in (-1.0, 1.0)]
    drawn = np.minimum(board.path([tail, tip]), board.path([wings[0], tip, wings[1]]))
    for value, width in ((0.02, 6.0), (1.0, 3.0)):
        picture = paint(picture, value, stroke(drawn, width=width))
    return picture


def fan(board: Board, *, apex: Point, reach: float, half_angle: float) -> Field:
    """Coverage of the sector that an ultrasound probe at ``apex`` sees: ``half_angle`` in degrees."""
    bearing = np.abs(np.rad2deg(np.arctan2(board.x - apex[0], board.y - apex[1])))
    far = np.hypot(board.x - apex[0], board.y - apex[1])
    return inside(np.maximum((bearing - half_angle) * 3.0, far - reach), soft=2.0)


def speckle(board: Board, *, apex: Point, seed: int) -> Field:
    """Grain drawn out along the arcs of the beam, as ultrasound shows tissue."""
    turned = Board(width=board.width, height=board.height)
    far = np.hypot(board.x - apex[0], board.y - apex[1])
    turned.x = (np.arctan2(board.x - apex[0], board.y - apex[1]) + 2.0) * far * 0.45
    turned.y = far
    return 0.6 * turned.grain(pixels=3.4, seed=seed) + 0.4 * turned.grain(pixels=11, seed=seed + 1)


def curve(points: Sequence[Point], *, steps: int = 10) -> list[Point]:
    """A smooth line (Catmull-Rom) through ``points``, as many short straight ones."""
    whole = [points[0], *points, points[-1]]
    made: list[Point] = []
    for before, start, end, after in zip(whole, whole[1:], whole[2:], whole[3:], strict=False):
        for step in range(steps):
            t = step / steps
            made.append(
                (
                    _spline(before[0], start[0], end[0], after[0], t),
                    _spline(before[1], start[1], end[1], after[1], t),
                )
            )
    return [*made, points[-1]]


def _window(first: float, second: float, reach: float, size: int) -> slice:
    low = int(np.clip(min(first, second) - reach, 0, size))
    high = int(np.clip(max(first, second) + reach + 1, 0, size))
    return slice(low, high)


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def _ease(share: Field) -> Field:
    return share * share * (3.0 - 2.0 * share)


def _mix(first: Field, second: Field, share: Field) -> Field:
    return first + (second - first) * share


def _hash(column: Field, row: Field, seed: int) -> Field:
    """A number in [0, 1) for each lattice point, by integer mixing (wraps at 32 bits on purpose)."""
    a = (column.astype(np.int64) + 4096).astype(np.uint64)
    b = (row.astype(np.int64) + 4096).astype(np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    value = (a * np.uint64(374761393) + b * np.uint64(668265263) + np.uint64(seed * 2246822519)) & mask
    value = ((value ^ (value >> np.uint64(13))) * np.uint64(1274126177)) & mask
    return ((value ^ (value >> np.uint64(16))) & mask).astype(np.float64) / 2.0**32
