"""Scenes of a film, and which of its frames are worth looking at, before any is decoded.

Decoding is what costs: a frame needs every frame since its keyframe. So in a long film keyframes are
taken, and frames soon after one; in a short one any frame is as good as another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from grandrounds.videos.values import CutsFound, FrameIndex, Scene

MOST = 400
"""Frames of a film that are looked at, whatever its length."""

SHORT_SECONDS = 60.0
"""Films up to this long are decoded throughout."""

_EVERY = 0.5  # seconds between frames, where their number allows
_LEAST_STEP = 0.2
_FEW = 5
_MARGIN = 2  # frames beside a cut: a codec blends them
_CUE_NEAR = 2.0
_SPENT = 0.1  # of a long film's frames may be decoded on the way to others
_LEAST_SPENT = 300
_MOST_SPENT = 3000


def scenes(index: FrameIndex, cuts: CutsFound) -> tuple[Scene, ...]:
    """The shots between the cuts, in order of time.

    A shot's number is how many cuts lie at or before its first frame. Frames within a gradual change
    belong to no shot: the one before ends where the change begins. Cuts beyond the film count for nothing.
    """
    if not len(index):
        return ()
    told = sorted(
        (cut.frame, cut.start_seconds, cut.seconds) for cut in cuts.cuts if cut.frame < len(index)
    )
    starts = [max(0, frame) for frame, _, _ in told]
    begins = [
        frame if start >= seconds else min(frame, index.at(start))
        for frame, (_, start, seconds) in zip(starts, told, strict=True)
    ]
    firsts = sorted({0, *starts})
    found = []
    for place, first in enumerate(firsts):
        number = bisect_right(starts, first)
        following = firsts[place + 1] if place + 1 < len(firsts) else len(index)
        stop = begins[number] if number < len(starts) else following
        found.append(Scene(number=number, first=first, stop=max(first + 1, min(stop, following))))
    return tuple(found)


def wanted(
    index: FrameIndex, scenes: Sequence[Scene], *, cue_seconds: Sequence[float] = ()
) -> tuple[int, ...]:
    """Which frames to look at, rising, at most ``MOST``; a few in every scene, none beside a cut.

    ``cue_seconds`` are times at which something is said, as the film counts them: a frame near each is
    taken where there is room. A scene too short to leave its cuts alone gives its middle frame.
    """
    if not len(index):
        return ()
    length = index.end_seconds - float(index.seconds[0])
    if length <= SHORT_SECONDS:
        return _thinned(sorted(_spread(index, scenes, step=_EVERY)), MOST)
    return _of_long(index, scenes, cue_seconds, length)


def _spread(index: FrameIndex, scenes: Sequence[Scene], *, step: float) -> Iterator[int]:
    """Frames evenly over each scene, by time."""
    for scene in scenes:
        first, last = _inside(index, scene)
        start, end = float(index.seconds[first]), float(index.seconds[last])
        most = int((end - start) / _LEAST_STEP) + 1
        count = min(most, max(_FEW, int((end - start) / step) + 1))
        times = np.linspace(start, end, count) if count > 1 else [(start + end) / 2]
        yield from {min(max(index.at(float(time) + 1e-9), first), last) for time in times}


def _inside(index: FrameIndex, scene: Scene) -> tuple[int, int]:
    """The first and last frame of a scene that are not beside a cut."""
    first = scene.first + (_MARGIN if scene.first else 0)
    last = scene.stop - 1 - (_MARGIN if scene.stop < len(index) else 0)
    middle = (scene.first + scene.stop - 1) // 2
    return (first, last) if first <= last else (middle, middle)


def _of_long(
    index: FrameIndex, scenes: Sequence[Scene], cue_seconds: Sequence[float], length: float
) -> tuple[int, ...]:
    keys = np.flatnonzero(index.keyframe)
    taken: set[int] = set()
    step = max(_EVERY, length / (0.6 * MOST))
    for scene in scenes:
        first, last = _inside(index, scene)
        inside = keys[(keys >= first) & (keys <= last)]
        taken.update(_apart(index, inside.tolist(), step))
    spare = int(min(_MOST_SPENT, max(_LEAST_SPENT, _SPENT * len(index))))
    taken |= _filled(index, scenes, taken, keys, spare)
    taken = set(_thinned(sorted(taken), MOST - min(len(cue_seconds), MOST // 4)))
    taken |= set(_thinned(sorted(_near_cues(index, scenes, taken, keys, cue_seconds)), MOST - len(taken)))
    return tuple(sorted(taken))


def _apart(index: FrameIndex, frames: Sequence[int], step: float) -> Iterator[int]:
    """Of rising frames those that are at least ``step`` seconds apart."""
    before = -np.inf
    for frame in frames:
        if index.seconds[frame] - before >= step - 1e-9:
            before = float(index.seconds[frame])
            yield frame


def _filled(
    index: FrameIndex, scenes: Sequence[Scene], taken: set[int], keys: NDArray[np.intp], spare: int
) -> set[int]:
    """Further frames, where a scene has few, as long as reaching them costs no more than ``spare``.

    Every scene gets its second frame before any gets its third.
    """
    found: set[int] = set()
    reached: dict[int, int] = {}
    for wanted_now in range(1, _FEW + 1):
        for scene in scenes:
            first, last = _inside(index, scene)
            own = [frame for frame in taken | found if first <= frame <= last]
            if len(own) >= wanted_now or (first == last and own):
                continue
            frame = _cheapest(index, (first, last), own, keys, reached)
            if frame is None:
                continue
            key = _key_before(keys, frame)
            cost = max(0, frame - max(key, reached.get(key, key)))
            if cost <= spare:
                spare -= cost
                reached[key] = max(frame, reached.get(key, key))
                found.add(frame)
    return found


def _cheapest(
    index: FrameIndex,
    span: tuple[int, int],
    own: Sequence[int],
    keys: NDArray[np.intp],
    reached: dict[int, int],
) -> int | None:
    """The frame of a scene that is cheapest to reach and far enough from those that are taken."""
    first, last = span
    starts = [first, *(int(key) for key in keys[(keys > first) & (keys <= last)])]
    starts += own
    best: tuple[int, int] | None = None
    for start in sorted(set(starts)):
        frame = start
        times = [float(index.seconds[one]) for one in own]
        while frame <= last and any(abs(float(index.seconds[frame]) - time) < _EVERY for time in times):
            frame += 1
        if frame > last:
            continue
        key = _key_before(keys, frame)
        cost = max(0, frame - max(key, reached.get(key, key)))
        if best is None or (cost, frame) < best:
            best = cost, frame
    return None if best is None else best[1]


def _near_cues(
    index: FrameIndex,
    scenes: Sequence[Scene],
    taken: set[int],
    keys: NDArray[np.intp],
    cue_seconds: Sequence[float],
) -> Iterator[int]:
    """For each cue that no frame taken is near to, the frame near it that is cheapest to reach."""
    times = np.sort(index.seconds[sorted(taken)]) if taken else np.empty(0)
    firsts = [scene.first for scene in scenes]
    for cue in sorted(set(cue_seconds)):
        if not np.isfinite(cue) or not index.seconds[0] <= cue < index.end_seconds:
            continue
        if len(times) and np.abs(times - cue).min() <= _CUE_NEAR:
            continue
        place = bisect_right(firsts, index.at(cue)) - 1
        if place < 0:
            continue
        first, last = _inside(index, scenes[place])
        low = min(max(index.at(cue - _CUE_NEAR), first), last)
        high = min(max(index.at(cue + _CUE_NEAR), first), last)
        yield min(range(low, high + 1), key=lambda frame: (frame - _key_before(keys, frame), frame))


def _key_before(keys: NDArray[np.intp], frame: int) -> int:
    place = int(np.searchsorted(keys, frame, side="right")) - 1
    return int(keys[place]) if place >= 0 else 0


def _thinned(frames: Sequence[int], most: int) -> tuple[int, ...]:
    """At most so many of rising frames, evenly."""
    if len(frames) <= most:
        return tuple(frames)
    if most <= 0:
        return ()
    places = np.unique(np.linspace(0, len(frames) - 1, most).round().astype(int))
    return tuple(frames[place] for place in places.tolist())
