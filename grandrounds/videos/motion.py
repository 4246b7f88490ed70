"""How one frame of a scene became another: did the picture move, or something in it, and which way?

The order of a clip's frames can be known from a movement only if it is sure, so nothing is claimed unless
it explains much of what changed. Two explanations are tried, after a change of exposure is taken out:

* the whole picture moved (the camera, a probe, a stage): phase correlation (C. D. Kuglin and D. C. Hines,
  "The phase correlation image alignment method", Proc. IEEE Conf. on Cybernetics and Society 1975);
* something moved before a picture that stands still (a person who walks past): what stands out from the
  still picture in both frames, has nearly the same size, shape and grey values, and lies elsewhere. The
  still picture is the median of a clip's frames, so this takes at least three of them.

Neither follows what turns, or much changes its form; those give no movement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

import cv2
import numpy as np
from numpy.typing import NDArray

from grandrounds.videos.quality import Grey, change_of, grey_of, small_of
from grandrounds.videos.values import Movement, Picture

Plane = NDArray[np.float32]

SURE_SHARE = 0.35
"""The least ``share`` of a movement that may fix an order of frames."""

FEWEST_FOR_BACKGROUND = 3

_CLAIMED_SHARE = 0.25  # below, a shift is chance
_LEAST_CHANGE = 0.4
_LEAST_SHIFT = 0.01  # of the picture's longer side
_FARTHEST = 0.5
_SAME_GAIN, _SAME_OFFSET = 0.04, 2.0
_STANDS_OUT = 14.0
_NOISE_TIMES = 4.0
_LEAST_THING = 0.0015  # of the picture; a thing smaller is a speck
_LARGEST_THING = 0.4
_MOST_THINGS = 6
_LIKE_SIZE = 0.55
_LIKE_SHAPE = 0.4
_LIKE_GREY = 22.0
_ALIGNED = 0.7  # cosine of the widest angle between steps of one way


@dataclass(frozen=True, slots=True)
class _Shift:
    x: float
    y: float
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class _Thing:
    """Something that stands out from the still picture: its place, size, mean grey value and pixels."""

    x: float
    y: float
    size: int
    grey: float
    mask: NDArray[np.bool_]


_NONE = _Shift(0.0, 0.0, 0.0)


def movements(pictures: Sequence[Picture]) -> tuple[Movement, ...]:
    """The movement to each picture of a clip from the one before it; the first has none (all 0).

    The pictures are in order of time, of one scene and size.
    """
    if not pictures:
        return ()
    still = background_of(pictures)
    steps = (between(one, other, background=still) for one, other in pairwise(pictures))
    return (Movement(change=0.0, x=0.0, y=0.0, share=0.0), *steps)


def background_of(pictures: Sequence[Picture]) -> Grey | None:
    """What stands still in pictures of one size: the median of their small grey pictures; ``None`` for
    fewer than three."""
    if len(pictures) < FEWEST_FOR_BACKGROUND or len({one.shape for one in pictures}) > 1:
        return None
    smalls = np.stack([small_of(grey_of(one)) for one in pictures])
    return np.asarray(np.median(smalls, axis=0), dtype=np.uint8)


def between(before: Picture, after: Picture, *, background: Grey | None = None) -> Movement:
    """The movement from one picture to a later one of the same size and scene.

    ``change`` is the mean absolute difference of grey values over all pixels, as they are. ``x`` and ``y``
    are by how many pixels the picture, or the thing that moves in it, went right and down (a thing: the
    middle of its area). ``share`` is how much of the change that explains: of the whole picture, 1 less
    what is left of the change when the earlier picture is shifted so; of a thing, the part of the change
    that lies where it was and where it came to. All three are 0 where that is below a quarter, or the shift
    is below 1 % of the longer side.

    ``background`` is ``background_of`` the clip; without it only movements of the whole picture are told.
    Raises ``ValueError`` for pictures of different sizes.
    """
    if before.shape != after.shape:
        raise ValueError(f"pictures of sizes {before.shape} and {after.shape} can't be compared")
    first, second = grey_of(before), grey_of(after)
    change = change_of(first, second)
    small = small_of(first)
    if change < _LEAST_CHANGE or min(small.shape) < 16:
        return Movement(change=change, x=0.0, y=0.0, share=0.0)
    scale = max(first.shape) / max(small.shape)
    one, other = _soft(small), _soft(small_of(second))
    shift = max(_of_all(one, other), _of_all(_exposed(one, other), other), key=lambda found: found.share)
    if background is not None and background.shape == small.shape:
        thing = _of_thing(one, other, _soft(background))
        shift = max(shift, thing, key=lambda found: found.share)
    if shift.share < _CLAIMED_SHARE or hypot(shift.x, shift.y) < _LEAST_SHIFT * max(one.shape):
        return Movement(change=change, x=0.0, y=0.0, share=0.0)
    return Movement(change=change, x=shift.x * scale, y=shift.y * scale, share=min(1.0, shift.share))


def is_one_way(steps: Sequence[Movement]) -> bool:
    """Whether the movements between neighbouring frames (the first frame's left out) are all sure and go
    the same way.

    Then frames in any other order would turn back somewhere. The reverse order goes one way, too: only
    what is seen (which way a person faces) or said tells the two apart.
    """
    if not steps or any(step.share < SURE_SHARE or hypot(step.x, step.y) == 0 for step in steps):
        return False
    ways = [(step.x / hypot(step.x, step.y), step.y / hypot(step.x, step.y)) for step in steps]
    return all(
        one[0] * other[0] + one[1] * other[1] >= _ALIGNED
        for place, one in enumerate(ways)
        for other in ways[place + 1 :]
    )


def _soft(small: Grey) -> Plane:
    return np.asarray(cv2.GaussianBlur(small, (5, 5), 0), dtype=np.float32)


def _exposed(before: Plane, after: Plane) -> Plane:
    """The earlier picture with the later one's exposure: the gain and offset that bring their tenths,
    middles and nine tenths together.

    Not by comparing pixels in their places: those of a picture that moved have little to do with each
    other, and the best gain between them would be far too low.
    """
    ends, wanted = np.percentile(before, (10, 90)), np.percentile(after, (10, 90))
    spread = float(ends[1] - ends[0])
    if spread < 4.0:
        return before
    gain = min(2.0, max(0.5, float(wanted[1] - wanted[0]) / spread))
    offset = float(np.median(after)) - gain * float(np.median(before))
    if abs(gain - 1.0) < _SAME_GAIN and abs(offset) < _SAME_OFFSET:
        return before
    return np.asarray(np.clip(gain * before + offset, 0.0, 255.0), dtype=np.float32)


def _of_all(before: Plane, after: Plane) -> _Shift:
    """The shift of the whole picture, and how much of the change where both overlap it explains."""
    height, width = before.shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(before - before.mean(), after - after.mean(), window)
    x, y = float(right), float(down)
    if hypot(x, y) < 0.5 or abs(x) > _FARTHEST * width or abs(y) > _FARTHEST * height:
        return _NONE
    rim_x, rim_y = int(abs(x)) + 3, int(abs(y)) + 3
    inside = np.s_[
        (rim_y if y > 0 else 0) : height - (rim_y if y < 0 else 0),
        (rim_x if x > 0 else 0) : width - (rim_x if x < 0 else 0),
    ]
    changed = float(np.abs(after[inside] - before[inside]).mean())
    if changed < _LEAST_CHANGE:
        return _NONE
    left, best = _left(before, after, inside, (x, y)), (x, y)
    for step in (0.5, 0.25):
        for dx, dy in ((-step, 0.0), (step, 0.0), (0.0, -step), (0.0, step)):
            tried = (best[0] + dx, best[1] + dy)
            rest = _left(before, after, inside, tried)
            if rest < left:
                left, best = rest, tried
    return _Shift(best[0], best[1], max(0.0, 1.0 - left / changed))


def _left(before: Plane, after: Plane, inside: tuple[slice, slice], shift: tuple[float, float]) -> float:
    """What is left of the change when the earlier picture is shifted."""
    matrix = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    moved = cv2.warpAffine(before, matrix, (before.shape[1], before.shape[0]))
    return float(np.abs(after[inside] - moved[inside]).mean())


def _of_thing(before: Plane, after: Plane, still: Plane) -> _Shift:
    """The shift of the thing that moves most before the still picture, and its share of all change."""
    apart_before = np.abs(before - _exposed(still, before))
    apart_after = np.abs(after - _exposed(still, after))
    noise = max(float(np.median(apart_before)), float(np.median(apart_after)))
    limit = max(_STANDS_OUT, _NOISE_TIMES * noise)
    change = np.abs(after - _exposed(before, after))
    excess = np.maximum(change - 2.0 * noise - 1.0, 0.0)
    total = float(excess.sum())
    if total <= 0.0:
        return _NONE
    were, came = _things(before, apart_before, limit), _things(after, apart_after, limit)
    best = _NONE
    for thing in were:
        likest = max(came, key=lambda other: _likeness(thing, other), default=None)
        if likest is None or not _likeness(thing, likest):
            continue
        back = max(were, key=lambda other: _likeness(other, likest))
        if back is not thing:
            continue
        share = float(excess[thing.mask | likest.mask].sum()) / total
        if share > best.share:
            best = _Shift(likest.x - thing.x, likest.y - thing.y, share)
    return best


def _things(picture: Plane, apart: Plane, limit: float) -> list[_Thing]:
    """What stands out from the still picture, the largest first."""
    apart_at_all = (apart > limit).astype(np.uint8)
    opened = cv2.morphologyEx(apart_at_all, cv2.MORPH_OPEN, np.ones((2, 2), dtype=np.uint8))
    out = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((7, 7), dtype=np.uint8))
    _, labels, told, middles = cv2.connectedComponentsWithStats(out, connectivity=8)
    sizes = told[:, cv2.CC_STAT_AREA]
    found = []
    for place in np.argsort(-sizes[1:], kind="stable")[:_MOST_THINGS] + 1:
        if not _LEAST_THING <= sizes[place] / out.size <= _LARGEST_THING:
            continue
        mask = labels == place
        x, y = (float(value) for value in middles[place])
        found.append(_Thing(x, y, int(sizes[place]), float(picture[mask].mean()), mask))
    return found


def _likeness(one: _Thing, other: _Thing) -> float:
    """How alike two things are in size, grey value and shape, 0 to 1; 0 where they can't be the same."""
    size = min(one.size, other.size) / max(one.size, other.size)
    if size < _LIKE_SIZE or abs(one.grey - other.grey) > _LIKE_GREY:
        return 0.0
    shape = _overlap(one, other)
    return size * shape if shape >= _LIKE_SHAPE else 0.0


def _overlap(one: _Thing, other: _Thing) -> float:
    """Intersection over union of two shapes, laid middle on middle."""
    rows, columns = np.nonzero(one.mask)
    rows, columns = rows + round(other.y - one.y), columns + round(other.x - one.x)
    height, width = other.mask.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    common = int(other.mask[rows[inside], columns[inside]].sum())
    return common / (one.size + other.size - common)
