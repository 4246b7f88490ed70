"""Glimpses of frames: what little of a picture it takes to tell whether the shot has changed.

A glimpse is made of the decoded planes as they are (luma and two of colour), without conversion to RGB.
``unlike`` asks how much of the texture of two glimpses is in one of them only: texture that merely moved,
or became brighter or darker, is in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

WIDE, HIGH = 64, 36
FINE_WIDE, FINE_HIGH = 160, 90
_COLOUR_WIDE, _COLOUR_HIGH = 32, 18


@dataclass(frozen=True, slots=True)
class _Search:
    """How texture is looked for: the size of blocks, how far from where they were, and the variance that a
    block must have."""

    wide: int
    high: int
    reach: int
    flat: float


_COARSELY = _Search(16, 12, 6, 4.0)
_FINELY = _Search(20, 15, 2, 16.0)

_PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv411p"})

Plane = NDArray[np.uint8]

_WINDOW = cv2.createHanningWindow((FINE_WIDE // 2, FINE_HIGH // 2), cv2.CV_32F)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """A frame, reduced: luma in 64 by 36 and 160 by 90 blocks, colour in two planes of 32 by 18, whatever
    the shape of the picture."""

    luma: Plane
    fine: Plane
    colour: Plane

    @property
    def blank(self) -> bool:
        """Whether the picture shows nothing: one grey value all over."""
        return float(self.luma.std()) < 3.0


def glimpse(frame: VideoFrame) -> Glimpse:
    """The glimpse of a decoded frame, of any pixel format."""
    if frame.format.name not in _PLANAR:
        frame = frame.reformat(format="yuv420p", threads=1)
    fine = _reduced(_plane(frame, 0), FINE_WIDE, FINE_HIGH)
    colours = [_sampled(_plane(frame, number), _COLOUR_WIDE, _COLOUR_HIGH) for number in (1, 2)]
    luma = cv2.resize(fine, (WIDE, HIGH), interpolation=cv2.INTER_AREA)
    return Glimpse(luma=np.asarray(luma), fine=fine, colour=np.stack(colours))


def difference(one: Glimpse, other: Glimpse) -> float:
    """Mean absolute difference of luma and colour, block by block (0 to 510)."""
    light = cv2.absdiff(one.luma, other.luma).mean()
    return float(light + cv2.absdiff(one.colour, other.colour).mean())


def unlike(one: Glimpse, other: Glimpse) -> float:
    """The share (0 to 1) of the texture of two glimpses that is not in both, near where it was (within a
    tenth of the picture's width), in any brightness.

    Each block of one is looked for in the other and the reverse; what the best place doesn't explain (one
    less the squared correlation) is weighed by the variance of the block.
    """
    there = _unexplained(one.luma, other.luma, _COARSELY)
    back = _unexplained(other.luma, one.luma, _COARSELY)
    lost = there[0] @ there[1] + back[0] @ back[1]
    texture = there[1].sum() + back[1].sum()
    return float(lost / texture) if texture > 0 else 0.0


def turned_page(one: Glimpse, other: Glimpse) -> tuple[float, float]:
    """The shares (0 to 1) of blocks whose texture is lost in the other glimpse, and of blocks whose texture
    is new in it; each block with texture counts the same. Where a page of words gives way to another one
    both are high whatever stays beside it; where words are added nothing is lost."""
    lost = _unexplained(other.fine, one.fine, _FINELY)
    new = _unexplained(one.fine, other.fine, _FINELY)
    return _changed(*lost), _changed(*new)


def drift(one: Glimpse, other: Glimpse) -> NDArray[np.float64]:
    """How far the four quarters of the picture moved, in 160ths of its width: x and y of each."""
    moved = []
    for rows in (slice(0, FINE_HIGH // 2), slice(FINE_HIGH // 2, FINE_HIGH)):
        for columns in (slice(0, FINE_WIDE // 2), slice(FINE_WIDE // 2, FINE_WIDE)):
            old, new = (np.asarray(shown.fine[rows, columns], np.float32) for shown in (one, other))
            shift, _ = cv2.phaseCorrelate(old, new, _WINDOW)
            moved += [shift[0], shift[1]]
    return np.array(moved)


def _changed(lacks: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    return float((lacks[weights > 0] > 0.5).mean()) if (weights > 0).any() else 0.0


def _unexplained(old: Plane, new: Plane, how: _Search) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each block of ``new``: the share of its texture that ``old`` lacks near by, and its variance (0
    for a flat one)."""
    reach, wide, high = how.reach, how.wide, how.high
    down, across = new.shape[0] // high, new.shape[1] // wide
    blocks = new.reshape(down, high, across, wide)
    weights = blocks.var(axis=(1, 3), dtype=np.float64)
    weights[weights < how.flat] = 0.0
    lacks = np.zeros_like(weights)
    around = cv2.copyMakeBorder(old, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    for row, column in np.argwhere(weights > 0).tolist():
        y, x = row * high, column * wide
        field = around[y : y + high + 2 * reach, x : x + wide + 2 * reach]
        part = new[y : y + high, x : x + wide]
        found: NDArray[Any] = np.asarray(cv2.matchTemplate(field, part, cv2.TM_CCOEFF_NORMED))
        best = float(found.max())
        if not best <= 1.001:
            # A flat place of the field has no correlation; OpenCV answers with what it divided by 0.
            best = float(found.max(where=abs(found) <= 1.001, initial=0.0))
        lacks[row, column] = 1.0 - min(max(best, 0.0), 1.0) ** 2
    return lacks.ravel(), weights.ravel()


def _plane(frame: VideoFrame, number: int) -> Plane:
    plane = frame.planes[number]
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def _sampled(plane: Plane, wide: int, high: int) -> Plane:
    """The plane in ``wide`` by ``high`` blocks, of which at least 4 by 4 values are looked at."""
    down, across = max(plane.shape[0] // (4 * high), 1), max(plane.shape[1] // (4 * wide), 1)
    few = np.ascontiguousarray(plane[::down, ::across])
    return np.asarray(cv2.resize(few, (wide, high), interpolation=cv2.INTER_AREA))


def _reduced(plane: Plane, wide: int, high: int) -> Plane:
    """The plane in ``wide`` by ``high`` blocks: halved while it is large, which is fast, then to size."""
    while plane.shape[1] >= 4 * wide and plane.shape[0] >= 4 * high:
        half = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = np.asarray(cv2.resize(plane, half, interpolation=cv2.INTER_LINEAR))
    return np.asarray(cv2.resize(plane, (wide, high), interpolation=cv2.INTER_AREA))
