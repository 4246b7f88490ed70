"""What the films' pictures are drawn with: grounds with grain, limbs, soft shapes, light that falls off.

Pictures are arrays of unsigned bytes (rows, columns, RGB). Shapes are drawn by OpenCV in fixed point, grain
comes from a hash of the place: the same film on every machine, but for a grey value here and there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from grandrounds.demo.canvas import Board
from grandrounds.demo.videos.film import Picture

Colour: TypeAlias = tuple[int, int, int]
Place: TypeAlias = tuple[float, float]
Plane: TypeAlias = NDArray[np.float32]

WIDTH, HEIGHT = 320, 240
_SHIFT = 4
_PARTS = 1 << _SHIFT


@lru_cache(maxsize=64)
def grain(width: int, height: int, *, pixels: float, seed: int) -> Plane:
    """Smooth grain from 0 to 1; see ``canvas.Board.grain``."""
    return Board(width=width, height=height).grain(pixels=pixels, seed=seed).astype(np.float32)


@lru_cache(maxsize=16)
def ground(
    colour: Colour, *, seed: int, width: int = WIDTH, height: int = HEIGHT, rough: float = 0.2
) -> Any:
    """A ground of one colour with coarse and fine grain; ``rough`` is how far it leaves the colour."""
    coarse = grain(width, height, pixels=34, seed=seed) - 0.5
    fine = grain(width, height, pixels=5, seed=seed + 1) - 0.5
    light = 1.0 + rough * (coarse + 0.6 * fine)
    made = as_picture(np.array(colour, dtype=np.float32) * light[..., None])
    made.flags.writeable = False
    return made


def as_picture(values: NDArray[Any]) -> Picture:
    """Values of 0 to 255 as a picture; a plane becomes a grey one."""
    told = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return np.repeat(told[..., None], 3, axis=2) if told.ndim == 2 else told


def limb(picture: Picture, points: Sequence[Place], *, width: float, colour: Colour) -> None:
    """A thick line with round ends through ``points``, drawn into the picture."""
    cv2.polylines(picture, [_fixed(points)], False, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def shape(picture: Picture, points: Sequence[Place], colour: Colour) -> None:
    """A filled polygon."""
    cv2.fillPoly(picture, [_fixed(points)], colour, cv2.LINE_AA, _SHIFT)


def oval(picture: Picture, centre: Place, radii: Place, colour: Colour, *, degrees: float = 0.0) -> None:
    """A filled ellipse."""
    middle = (round(centre[0] * _PARTS), round(centre[1] * _PARTS))
    axes = (max(1, round(radii[0] * _PARTS)), max(1, round(radii[1] * _PARTS)))
    cv2.ellipse(picture, middle, axes, degrees, 0, 360, colour, -1, cv2.LINE_AA, _SHIFT)


def soft(picture: Picture, pixels: float) -> Picture:
    """The picture out of focus by so many pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), pixels), dtype=np.uint8)


def seen_from(picture: Picture, *, centre: Place, zoom: float = 1.0, degrees: float = 0.0) -> Picture:
    """The picture as a camera sees it that points at ``centre``, nearer by ``zoom``, turned."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(centre, degrees, zoom)
    matrix[0, 2] += width / 2 - centre[0]
    matrix[1, 2] += height / 2 - centre[1]
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REFLECT_101
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), flags=flags, borderMode=border))


def mixed(one: Picture, other: Picture, share: float) -> Picture:
    """``one`` fading into ``other``."""
    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0.0), dtype=np.uint8)


def ease(share: float) -> float:
    """0 to 1, slow at both ends; outside it stays there."""
    t = min(max(share, 0.0), 1.0)
    return t * t * (3 - 2 * t)


def turned(start: Place, degrees: float, length: float) -> Place:
    """The point ``length`` from ``start``: 0 degrees is down, 90 to the right."""
    angle = np.deg2rad(degrees)
    return (start[0] + length * float(np.sin(angle)), start[1] + length * float(np.cos(angle)))


def coordinates(width: int = WIDTH, height: int = HEIGHT) -> tuple[Plane, Plane]:
    """The columns and rows of all pixels."""
    rows, columns = np.mgrid[0:height, 0:width]
    return columns.astype(np.float32), rows.astype(np.float32)


def _fixed(points: Sequence[Place]) -> NDArray[np.int32]:
    return np.rint(np.asarray(points, dtype=np.float64) * _PARTS).astype(np.int32)
