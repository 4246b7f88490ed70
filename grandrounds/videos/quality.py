"""Is a frame fit to be asked about? Measures of its grey values, and the verdicts that follow from them.

Measures are of the grey picture within the crop. Verdicts are careful: medical pictures are often dark,
soft and low in contrast (an ultrasound's far field is black), so that only what shows nothing at all is
left out by a fixed limit; whether a frame is blurred is judged against the other frames of its scene, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from grandrounds.videos.values import Picture

Grey: TypeAlias = NDArray[np.uint8]
Box: TypeAlias = tuple[int, int, int, int]

SMALL_SIDE = 320
"""Longest side of the small picture in which frames are compared, in pixels."""

_BLOCK = 16
_BLACK = 28  # video black is 16 of 255, and compression adds some
_BLANK_CONTRAST = 4.0
_DIM = 44
_BURNT, _BURNT_LOW = 250, 160
_SOFT = 14.0  # of the small picture: a soft ultrasound has 60 and more
_SOFTER_THAN_SCENE = 0.35
_SAME_MEAN, _SAME_BLOCK = 0.4, 1.5
_ALIKE_BLOCK = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What a frame's grey values are like, within its crop.

    ``sharpness`` is the variance of the Laplacian (the 3 x 3 one of four neighbours), ``brightness`` and
    ``contrast`` the mean and standard deviation. ``detail`` is the sharpness by the square of the contrast,
    which a change of exposure leaves alone. ``fine`` is the sharpness of the small picture, which doesn't
    depend on how many pixels a film has. ``low``, ``middle``, ``high`` are the grey values that 1, 50 and
    98 of 100 pixels lie at or below; ``highest`` that of 99.9.
    """

    sharpness: float
    brightness: float
    contrast: float
    detail: float
    fine: float
    low: int
    middle: int
    high: int
    highest: int


def grey_of(picture: Picture) -> Grey:
    """The grey values of a picture, rounded: weights of ITU-R BT.601."""
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def cropped(picture: NDArray[np.uint8], box: Sequence[int]) -> NDArray[np.uint8]:
    """The part of a picture (or its grey values) within a half-open box, in memory of its own order."""
    x0, y0, x1, y1 = box
    return np.ascontiguousarray(picture[y0:y1, x0:x1])


def small_of(grey: Grey) -> Grey:
    """The picture with a longest side of at most ``SMALL_SIDE`` pixels, by averaging areas."""
    height, width = grey.shape
    scale = SMALL_SIDE / max(height, width)
    if scale >= 1:
        return grey
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def sharpness_of(grey: Grey) -> float:
    """The variance of the Laplacian."""
    _, spread = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    return float(spread[0, 0]) ** 2


def measure(grey: Grey, small: Grey) -> Measures:
    """Measures of the grey values of a crop; ``small`` is its ``small_of``."""
    mean, spread = cv2.meanStdDev(grey)
    contrast = float(spread[0, 0])
    sharpness = sharpness_of(grey)
    counts = np.cumsum(np.bincount(small.ravel(), minlength=256))
    low, middle, high, highest = (
        int(np.searchsorted(counts, share * counts[-1])) for share in (0.01, 0.5, 0.98, 0.999)
    )
    return Measures(
        sharpness=sharpness,
        brightness=float(mean[0, 0]),
        contrast=contrast,
        detail=sharpness / (contrast * contrast + 1.0),
        fine=sharpness_of(small),
        low=low,
        middle=middle,
        high=high,
        highest=highest,
    )


def light_fault(measures: Measures) -> tuple[str, str]:
    """Whether a frame shows nothing for want or excess of light: its verdict and the measured reason; two
    empty strings where it does not."""
    if measures.highest <= _BLACK:
        return "black", f"hardly any pixel is brighter than {measures.highest} of 255"
    if measures.contrast < _BLANK_CONTRAST:
        return "blank", f"grey values differ by {measures.contrast:.1f} only (standard deviation)"
    if measures.high <= _DIM:
        return "underexposed", f"98 of 100 pixels are at most {measures.high} of 255"
    if measures.middle >= _BURNT and measures.low >= _BURNT_LOW:
        return "overexposed", f"half the pixels are white, and 99 of 100 at least {measures.low} of 255"
    return "", ""


def blur_fault(measures: Measures, usual_detail: float | None) -> tuple[str, str]:
    """Whether a frame is blurred: nothing fine in it at all, or far less than in its scene.

    ``usual_detail`` is the median of the scene's frames; ``None`` where it isn't known.
    """
    if measures.fine < _SOFT:
        return "blurred", f"variance of the Laplacian {measures.fine:.1f} at {SMALL_SIDE} pixels"
    if usual_detail and measures.detail < _SOFTER_THAN_SCENE * usual_detail:
        share = measures.detail / usual_detail
        return "blurred", f"{share:.0%} of its scene's usual sharpness ({measures.sharpness:.0f})"
    return "", ""


def change_of(before: Grey, after: Grey) -> float:
    """The mean absolute difference of grey values of two pictures of one size."""
    return float(cv2.mean(cv2.absdiff(before, after))[0])


def greatest_change(before: Grey, after: Grey) -> float:
    """The mean absolute difference in that block of 16 x 16 pixels in which it is greatest; of small
    pictures. A person who walks through a still picture changes few blocks, but those by much."""
    change = cv2.absdiff(before, after)
    height, width = change.shape
    size = (max(1, width // _BLOCK), max(1, height // _BLOCK))
    blocks = cv2.resize(change.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return float(blocks.max())


def is_frozen(before: Grey, after: Grey) -> bool:
    """Whether two small pictures show the same but for what compression changes."""
    return (
        before.shape == after.shape
        and change_of(before, after) < _SAME_MEAN
        and greatest_change(before, after) < _SAME_BLOCK
    )


def looks_alike(before: Grey, after: Grey) -> bool:
    """Whether a person would hardly see a difference between two small pictures.

    A perceptual hash tells little of a scene that moves: frames of a beating heart have nearly the same
    one. So frames count as duplicates only when no part of them changed, either.
    """
    return before.shape == after.shape and greatest_change(before, after) < _ALIKE_BLOCK
