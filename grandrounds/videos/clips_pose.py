"""Clips by movements of the body: frames at the turning points of whole repetitions, frames along one way.

A count can be seen in frames only when each turning point is one of them: five frames show two repetitions
(at rest, turned, at rest, turned, at rest), three show one. An order can be seen when a quantity grows or
shrinks from frame to frame by what an eye sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from grandrounds.records.clip import SCENE, ClipPose
from grandrounds.records.video import VideoFrame
from grandrounds.videos.clips_candidate import Candidate, Ground
from grandrounds.videos.clips_choice import SHORTEST_GAP, one_each
from grandrounds.videos.pose_signals import BODY_HEIGHTS, DEGREES, Signal
from grandrounds.videos.repetitions import LEAST_CONFIDENCE, Repetitions, movements, repetitions
from grandrounds.videos.values import FrameIndex, Scene

LEAST_STEP = {DEGREES: 15.0, BODY_HEIGHTS: 0.05}
"""What an eye sees between two frames, by unit."""

MOST_POSES = 4
_OUTER = 1 / 3
_EACH = 3
_MOST_TOLD = 12  # candidates of one signal


def by_movement(ground: Ground) -> Iterator[Candidate]:
    """Clips over whole repetitions, and clips along movements one way, each within one scene."""
    for place, signal in enumerate(ground.signals):
        sure = counted(signal, ground.scenes, ground.index)
        for scene in ground.scenes:
            if scene.number in sure:
                yield from _some(_whole(signal, sure[scene.number], ground, scene.number, place))
            legs = movements(
                signal.seconds,
                signal.values,
                smallest=2 * LEAST_STEP[signal.unit],
                within=_times(scene, ground.index),
            )
            yield from _some(_one_way(signal, legs, ground, scene.number, place))


def counted(signal: Signal, scenes: Sequence[Scene], index: FrameIndex) -> Mapping[int, Repetitions]:
    """The repetitions in a signal that are surely counted, by the number of their scene."""
    least = 2 * LEAST_STEP[signal.unit]
    found = {}
    for scene in scenes:
        own = repetitions(signal.seconds, signal.values, smallest=least, within=_times(scene, index))
        if own is not None and own.confidence >= LEAST_CONFIDENCE:
            found[scene.number] = own
    return found


def _times(scene: Scene, index: FrameIndex) -> tuple[float, float]:
    return float(index.seconds[scene.first]), index.end_of(scene.stop - 1)


def poses_at(
    signals: Sequence[Signal], frames: Sequence[VideoFrame], *, first: ClipPose | None = None
) -> tuple[ClipPose, ...]:
    """What key points say of frames: signals that are known at all of them and change by what an eye sees,
    those that change most before others. ``first`` is one that was worked out already."""
    found = []
    for signal in signals:
        values = _values(signal, frames)
        if values is None or (first is not None and signal.name == first.signal):
            continue
        steps = (max(values) - min(values)) / LEAST_STEP[signal.unit]
        if steps >= 1.0:
            found.append(
                (
                    -round(steps, 6),
                    signal.name,
                    ClipPose(signal=signal.name, unit=signal.unit, values=values),
                )
            )
    ordered = tuple(pose for _, _, pose in sorted(found, key=lambda each: each[:2]))
    return ((first, *ordered) if first is not None else ordered)[:MOST_POSES]


def _whole(
    signal: Signal, found: Repetitions, ground: Ground, scene: int, place: int
) -> Iterator[Candidate]:
    """One or two repetitions that follow one another, a frame at each turning point."""
    for count in (2, 1):
        if 2 * count + 1 > ground.asked.most_frames or 2 * count + 1 < ground.asked.least_frames:
            continue
        for begin in range(0, found.count - count + 1, count):
            bounds = found.bounds[begin : begin + count]
            if any(after[0] - before[1] > 0.5 * found.period for before, after in pairwise(bounds)):
                continue
            moments = [bounds[0][0]]
            for own, turn in zip(bounds, found.turns[begin : begin + count], strict=True):
                moments += [turn, own[1]]
            frames = _at_turns(signal, moments, ground, scene, period=found.period)
            values = _values(signal, frames) if frames else None
            if frames is None or values is None or not _swings(values, LEAST_STEP[signal.unit]):
                continue
            pose = ClipPose(
                signal=signal.name,
                unit=signal.unit,
                values=values,
                repetitions=count,
                confidence=found.confidence,
            )
            yield Candidate(
                frames=frames,
                coherence=SCENE,
                score=2.0 + found.confidence + 0.5 * count - 0.01 * place,
                poses=poses_at(ground.signals, frames, first=pose),
                around=(bounds[0][0], bounds[-1][1]),
                moves=True,
            )


def _at_turns(
    signal: Signal, moments: Sequence[float], ground: Ground, scene: int, *, period: float
) -> tuple[VideoFrame, ...] | None:
    """A frame at each turning point: near in time, its value near the extreme."""
    ends = [signal.at(moment, within=0.3) for moment in moments]
    if any(end is None for end in ends):
        return None
    known = [end for end in ends if end is not None]
    reach = max(known) - min(known)
    places = []
    for moment, extreme in zip(moments, known, strict=True):
        near = []
        for frame in ground.between(moment - 0.3 * period, moment + 0.3 * period):
            value = signal.at(frame.seconds)
            if frame.scene == scene and value is not None and abs(value - extreme) <= 0.8 * _OUTER * reach:
                near.append((abs(value - extreme) / reach, abs(frame.seconds - moment), frame.frame, frame))
        if not near:
            return None
        places.append([frame for *_, frame in sorted(near, key=lambda each: each[:3])[:_EACH]])
    chosen = one_each(places, near=0, sharp=ground.sharp, apart=False)
    return chosen.frames if chosen is not None else None


def _one_way(
    signal: Signal, legs: Sequence[tuple[float, float]], ground: Ground, scene: int, place: int
) -> Iterator[Candidate]:
    """Frames along a movement, three at least, each step large enough to be seen."""
    least = LEAST_STEP[signal.unit]
    for start, end in legs:
        frames = [frame for frame in ground.between(start, end) if frame.scene == scene]
        chain = _chain(signal, frames, least, ground.asked.most_frames)
        if len(chain) < max(3, ground.asked.least_frames):
            continue
        values = _values(signal, chain)
        if values is None:
            continue
        yield Candidate(
            frames=tuple(chain),
            coherence=SCENE,
            score=1.8 + 0.2 * len(chain) - 0.01 * place,
            poses=poses_at(ground.signals, chain),
            around=(start, end),
            moves=True,
        )


def _chain(signal: Signal, frames: Sequence[VideoFrame], least: float, most: int) -> list[VideoFrame]:
    """Frames whose values rise (or fall) by at least ``least`` from one to the next, over the whole way."""
    known = [(value, frame) for frame in frames if (value := signal.at(frame.seconds)) is not None]
    if len(known) < 2:
        return []
    sign = 1.0 if known[-1][0] >= known[0][0] else -1.0
    reach = sign * (known[-1][0] - known[0][0])
    for count in range(min(most, int(reach / least) + 1), 2, -1):
        step = max(least, 0.85 * reach / (count - 1))
        chain: list[tuple[float, VideoFrame]] = []
        for value, frame in known:
            far = not chain or (
                sign * (value - chain[-1][0]) >= step
                and frame.seconds - chain[-1][1].seconds >= SHORTEST_GAP - 1e-9
            )
            if far and len(chain) < most:
                chain.append((value, frame))
        if len(chain) >= 3:
            return [frame for _, frame in chain]
    return []


def _values(signal: Signal, frames: Sequence[VideoFrame]) -> tuple[float, ...] | None:
    values = [signal.at(frame.seconds) for frame in frames]
    known = tuple(round(value, 4) for value in values if value is not None)
    return known if len(known) == len(frames) and frames else None


def _swings(values: Sequence[float], least: float) -> bool:
    """Whether the values go from one end to the other at each step, and end where they began."""
    low, high = min(values), max(values)
    outer = _OUTER * (high - low)
    if high - low < 2 * least or len(values) % 2 == 0:
        return False
    ends = [value >= high - outer for value in values]
    sure = all(value >= high - outer or value <= low + outer for value in values)
    return sure and all(before != after for before, after in pairwise(ends))


def _some(candidates: Iterator[Candidate]) -> Iterator[Candidate]:
    for number, candidate in enumerate(candidates):
        if number >= _MOST_TOLD:
            return
        yield candidate
