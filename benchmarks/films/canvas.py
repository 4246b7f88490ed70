"""Pictures that look like filmed ones to an encoder: they have edges, textures and noise at every size.

A canvas is made of leaves that lie over one another, large and small (the "dead leaves" model of natural
pictures), with light that varies slowly; it is larger than the frame, so that a camera can move on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
_NOISES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


def leaves(
    size: Size, rng: np.random.Generator, *, hue: float | None = None, spread: float = 40.0
) -> Picture:
    """Leaves of many sizes; ``hue`` (0 to 180) and ``spread`` say of which colours."""
    width, height = size.width, size.height
    hue = float(rng.uniform(0, 180)) if hue is None else hue
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:] = _colour(rng, hue, spread)
    count = 900
    radii = np.sort(0.012 * height / rng.power(1.6, count) ** 1.1)[::-1].clip(2, height / 3)
    for radius in radii:
        centre = (int(rng.integers(-50, width + 50)), int(rng.integers(-50, height + 50)))
        colour = _colour(rng, hue, spread)
        if rng.random() < 0.5:
            axes = (int(radius), int(radius * rng.uniform(0.3, 1.0)) + 1)
            cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
        else:
            box = cv2.boxPoints(
                (centre, (radius * 2, radius * rng.uniform(0.4, 2.0)), float(rng.uniform(0, 90)))
            )
            cv2.fillConvexPoly(picture, box.astype(np.int32), colour, cv2.LINE_AA)
    light = cloud(size, rng, 4)[..., None] * 50 + cloud(size, rng, 40)[..., None] * 14
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8) + light, 0, 255).astype(np.uint8)


def cloud(size: Size, rng: np.random.Generator, cells: int) -> NDArray[np.float32]:
    """Values that vary smoothly, about ``cells`` hills from side to side; mean 0, deviation about 1."""
    small = rng.standard_normal((max(cells * size.height // size.width, 2), cells)).astype(np.float32)
    return np.asarray(cv2.resize(small, (size.width, size.height), interpolation=cv2.INTER_CUBIC))


class Grain:
    """The noise of a sensor: another one each frame, and each frame always the same."""

    def __init__(self, size: Size, rng: np.random.Generator, sigma: float) -> None:
        self._size = size
        self._places = rng.integers(0, 16, (997, 2))
        self._fields = []
        for _ in range(_NOISES):
            field = rng.standard_normal((size.height + 16, size.width + 16)).astype(np.float32)
            field = cv2.GaussianBlur(field, (0, 0), 0.6) * 1.6 * sigma + 128
            self._fields.append(cv2.cvtColor(np.clip(field, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2RGB))

    def on(self, picture: Picture, frame: int) -> Picture:
        """The picture with the noise of that frame."""
        y, x = self._places[frame % len(self._places)]
        field = self._fields[frame % _NOISES][y : y + self._size.height, x : x + self._size.width]
        return np.asarray(cv2.addWeighted(picture, 1, field, 1, -128))


def view(
    canvas: Picture, size: Size, *, x: float, y: float, zoom: float = 1.0, angle: float = 0.0
) -> Picture:
    """What a camera sees of the canvas around (x, y), ``zoom`` times as large."""
    turn = cv2.getRotationMatrix2D((x, y), angle, zoom)
    turn[:, 2] += (size.width / 2 - x, size.height / 2 - y)
    return np.asarray(
        cv2.warpAffine(
            canvas, turn, (size.width, size.height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
    )


def _colour(rng: np.random.Generator, hue: float, spread: float) -> tuple[float, ...]:
    hsv = np.array(
        [[[(hue + rng.normal(0, spread)) % 180, rng.uniform(20, 170), rng.uniform(25, 235)]]], np.uint8
    )
    return tuple(float(one) for one in cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0])
