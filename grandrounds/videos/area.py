"""Where in a film the picture is: without black bars, uniform borders, and what a machine draws around it.

Judged over several frames of a scene, because a border is what stays. Wide on purpose: where the picture
fills the frame, or nothing tells it from its surroundings, the whole frame is the answer.

The border's colour is the one most pixels along the frame's edge have in every frame. What differs from it
falls into connected parts; the picture is the largest of them (a part that changes counts more than one
that stands still), with those that are nearly as large (two views side by side). Lines of text, logos and
scales beside it are small parts of their own, and stay outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from grandrounds.videos.quality import Box, Grey, grey_of
from grandrounds.videos.values import Picture

_RING = 0.012  # share of the shorter side that the edge's ring takes
_LEAST_RING = 0.5
_NEAR_BORDER = 14  # grey values; compression leaves a few around edges
_FAINT = 5
_HANGS = 0.25  # of the faint pixels in the box that a part must have to grow it
_JOIN = 0.02
_AS_LARGE = 0.3
_LEAST_PART = 0.02
_MOVES = 10
_MOVING_WEIGHT = 2.0
_WORK_SIDE = 480
_FILLED = 0.03
_SPARE = 2


def medical_area(pictures: Sequence[Picture]) -> Box:
    """The box of the picture proper in frames of one scene; the whole frame where nothing tells.

    Frames of another size than the first are passed by. Raises ``ValueError`` without pictures.
    """
    if not pictures:
        raise ValueError("medical_area needs at least one picture")
    shape = pictures[0].shape
    greys = [grey_of(one) for one in pictures if one.shape == shape]
    height, width = shape[:2]
    whole = (0, 0, int(width), int(height))
    if min(height, width) < 16:
        return whole
    border = _border(greys)
    if border is None:
        return whole
    content = _content(greys, border, _NEAR_BORDER)
    parts = _parts(content, _moving(greys))
    if parts is None:
        return whole
    faint = _content(greys, border, _FAINT)
    return _within(_tight(faint, _grown(faint, parts)), whole)


def area_share(box: Sequence[int], picture: Picture) -> float:
    """The share of a picture that a box covers."""
    return (box[2] - box[0]) * (box[3] - box[1]) / float(picture.shape[0] * picture.shape[1])


def _border(greys: Sequence[Grey]) -> int | None:
    """The grey value that most of the frame's edge has in every frame, or ``None``."""
    height, width = greys[0].shape
    deep = max(2, round(_RING * min(height, width)))
    ring = np.ones((height, width), dtype=bool)
    ring[deep:-deep, deep:-deep] = False
    values = np.stack([one[ring] for one in greys]).astype(np.int16)
    still = (values.max(axis=0) - values.min(axis=0)) <= _NEAR_BORDER
    middle = np.median(values, axis=0).astype(np.int64)
    if not still.any():
        return None
    counts = np.bincount(middle[still], minlength=256).astype(np.float64)
    near = np.convolve(counts, np.ones(9), mode="same")
    value = int(near.argmax())
    share = float((still & (np.abs(middle - value) <= _NEAR_BORDER)).mean())
    return value if share >= _LEAST_RING else None


def _content(greys: Sequence[Grey], border: int, least: int) -> NDArray[np.uint8]:
    """1 where any frame differs from the border's grey value by more than ``least``, at full size; specks
    are gone."""
    content = np.zeros(greys[0].shape, dtype=np.uint8)
    for one in greys:
        content |= (cv2.absdiff(one, np.full_like(one, border)) > least).astype(np.uint8)
    return np.asarray(cv2.medianBlur(content, 5), dtype=np.uint8)


def _moving(greys: Sequence[Grey]) -> NDArray[np.uint8]:
    high, low = greys[0], greys[0]
    for one in greys[1:]:
        high, low = np.maximum(high, one), np.minimum(low, one)
    return ((high - low) > _MOVES).astype(np.uint8)


def _parts(content: NDArray[np.uint8], moving: NDArray[np.uint8]) -> Box | None:
    """The box around the largest part, and those nearly as large; ``None`` where none is large enough."""
    height, width = content.shape
    scale = min(1.0, _WORK_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    share = cv2.resize(content.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    moved = cv2.resize(moving.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    side = max(3, round(_JOIN * max(size)) | 1)
    joined = cv2.morphologyEx(
        (share > 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), dtype=np.uint8)
    )
    joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((side, side), dtype=np.uint8))
    number, labels, told, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    if number < 2:
        return None
    weights = np.bincount(labels.ravel(), minlength=number).astype(np.float64)
    weights += _MOVING_WEIGHT * np.bincount(labels.ravel(), weights=moved.ravel(), minlength=number)
    weights[0] = 0.0
    first = int(weights.argmax())
    areas = told[:, cv2.CC_STAT_WIDTH] * told[:, cv2.CC_STAT_HEIGHT]
    if areas[first] < _LEAST_PART * size[0] * size[1]:
        return None
    taken = [one for one in range(1, number) if weights[one] >= _AS_LARGE * weights[first]]
    x0 = min(int(told[one, cv2.CC_STAT_LEFT]) for one in taken)
    y0 = min(int(told[one, cv2.CC_STAT_TOP]) for one in taken)
    x1 = max(int(told[one, cv2.CC_STAT_LEFT] + told[one, cv2.CC_STAT_WIDTH]) for one in taken)
    y1 = max(int(told[one, cv2.CC_STAT_TOP] + told[one, cv2.CC_STAT_HEIGHT]) for one in taken)
    return (
        floor((x0 - 1) / scale),
        floor((y0 - 1) / scale),
        ceil((x1 + 1) / scale),
        ceil((y1 + 1) / scale),
    )


def _grown(faint: NDArray[np.uint8], box: Box) -> Box:
    """The box, grown by what is faint and hangs together with what lies in it: a dim end of a picture."""
    height, width = faint.shape
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
    number, labels, told, _ = cv2.connectedComponentsWithStats(faint, connectivity=4)
    inside = np.bincount(labels[y0:y1, x0:x1].ravel(), minlength=number)
    inside[0] = 0
    for one in np.flatnonzero(inside >= _HANGS * inside.sum()):
        left, top, wide, high, _ = (int(value) for value in told[one])
        x0, y0, x1, y1 = min(x0, left), min(y0, top), max(x1, left + wide), max(y1, top + high)
    return x0, y0, x1, y1


def _tight(content: NDArray[np.uint8], box: Box) -> Box:
    """The box without rows and columns at its ends that hold hardly any content, to the pixel."""
    height, width = content.shape
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
    inside = content[y0:y1, x0:x1]
    rows, columns = _filled(inside.mean(axis=1)), _filled(inside.mean(axis=0))
    if not len(rows) or not len(columns):
        return x0, y0, x1, y1
    return x0 + int(columns[0]), y0 + int(rows[0]), x0 + int(columns[-1]) + 1, y0 + int(rows[-1]) + 1


def _filled(shares: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.flatnonzero(shares > (_FILLED * float(np.median(shares)) if len(shares) else 0.0))


def _within(box: Box, whole: Box) -> Box:
    """The box; the whole frame where they differ by a pixel or two at every side."""
    near = all(abs(one - other) <= _SPARE for one, other in zip(box, whole, strict=True))
    return whole if near else box
