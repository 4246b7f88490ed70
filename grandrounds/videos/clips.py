"""Which frames become clips: two to five that belong together, with the words said around them.

Plans are made by what is said (``clips_speech``), by how a body moves (``clips_pose``), by one change
that stands out (``clips_jump``), and by spreading frames over a scene. Of all of them the best are taken,
none of whose frames is in another one (those of movements may share some), until there are enough. The same
video always gives the same plans.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from grandrounds.needs import ClipNeed
from grandrounds.records.clip import SCENE
from grandrounds.records.video import VideoFrame
from grandrounds.videos.clips_candidate import Candidate, Ground
from grandrounds.videos.clips_choice import spread
from grandrounds.videos.clips_hearing import heard
from grandrounds.videos.clips_jump import by_jump
from grandrounds.videos.clips_pose import by_movement, counted, poses_at
from grandrounds.videos.clips_speech import by_speech
from grandrounds.videos.pose_signals import Signal, signals
from grandrounds.videos.values import FrameIndex, KeyPoints, PlannedClip, Scene, Words

_LONGEST = 60.0
"""Seconds over which frames of one scene are spread, where no words join them."""

_SHORTEST = 2.0
_AGAIN = 0.5
_SHARED = 2
_SAME = 0.2


def plan(
    index: FrameIndex,
    scenes: Sequence[Scene],
    looked: Sequence[VideoFrame],
    *,
    words: Words,
    offset: float,
    points: Sequence[KeyPoints],
    asked: ClipNeed,
) -> tuple[PlannedClip, ...]:
    """The clips of a video, in order of time; at most ``asked.clips_each``.

    ``looked`` are the frames that were looked at: only kept ones are taken. ``offset`` is added to the
    cues' times; ``points`` are tables of key points, of which the fullest counts.

    Each clip has ``asked.least_frames`` to
    ``asked.most_frames`` frames, at least 0.2 s apart, of one scene or of several that one run of speech
    joins (``sequence`` then names them: "scenes 3-5", counted as ``Scene.number``). Its cues are those
    within ``asked.window_seconds`` of one of its frames whose middle lies in its scenes.
    """
    ground = Ground(
        index=index,
        scenes=scenes,
        frames=list(looked),
        cues=heard(words, index, offset),
        signals=_of_one_body(points),
        asked=asked,
    )
    candidates = [
        *by_movement(ground),
        *by_speech(ground),
        *by_jump(ground, looked),
        *_by_spreading(ground),
    ]
    taken = _best(candidates, asked.clips_each)
    taken.sort(key=lambda one: (one.numbers[0], one.numbers))
    return tuple(_planned(one, ground) for one in taken)


def turning_moments(
    index: FrameIndex, scenes: Sequence[Scene], points: Sequence[KeyPoints], *, most: int = 100
) -> tuple[float, ...]:
    """When repeated movements of the body begin, turn and end, in order of time: seconds at which frames
    are worth looking at (``candidates.wanted`` takes them as it takes cues), at most ``most``."""
    found: set[float] = set()
    for signal in _of_one_body(points):
        for own in counted(signal, scenes, index).values():
            for (start, end), turn in zip(own.bounds, own.turns, strict=True):
                found.update((start, turn, end))
        if len(found) >= most:
            break
    return tuple(sorted(found)[:most])


def _by_spreading(ground: Ground) -> Iterator[Candidate]:
    """Frames spread over scenes and parts of long ones; and closer ones, whose steps can be followed."""
    asked = ground.asked
    for scene in ground.scenes:
        first = float(ground.index.seconds[scene.first])
        end = ground.index.end_of(scene.stop - 1)
        parts = max(1, int((end - first) / _LONGEST + 0.999))
        for part in range(parts):
            low = first + (end - first) * part / parts
            high = first + (end - first) * (part + 1) / parts
            own = [frame for frame in ground.between(low, high) if frame.scene == scene.number]
            own = [frame for frame in own if frame.seconds < high or part == parts - 1]
            for frames in (own, *_closer(own)):
                if len(frames) < asked.least_frames:
                    continue
                chosen = spread(
                    frames,
                    fewest=asked.least_frames,
                    most=asked.most_frames,
                    near=asked.near_frame,
                    sharp=ground.sharp,
                )
                if chosen is not None:
                    yield Candidate(
                        frames=chosen.frames,
                        coherence=SCENE,
                        score=chosen.score + 0.1 * len(chosen.frames),
                        fills=True,
                    )


def _closer(frames: Sequence[VideoFrame]) -> Iterator[list[VideoFrame]]:
    """Halves and quarters of the time, where they still last."""
    if len(frames) < 4:
        return
    begin, length = frames[0].seconds, frames[-1].seconds - frames[0].seconds
    for parts in (2, 4):
        if length / parts < _SHORTEST:
            return
        for part in range(parts):
            low, high = begin + length * part / parts, begin + length * (part + 1) / parts
            yield [frame for frame in frames if low <= frame.seconds <= high]


def _best(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """The best ones that don't share frames, spread over scenes: each further one of a scene
    counts less."""
    left = {candidate.numbers: candidate for candidate in sorted(candidates, key=_order, reverse=True)}
    waiting = sorted(left.values(), key=_order)
    taken: list[Candidate] = []
    used: set[int] = set()
    of_scene: dict[int, int] = {}
    while waiting and len(taken) < most:
        best = min(waiting, key=lambda one: (-(one.score - _AGAIN * _crowd(one, of_scene)), one.numbers))
        taken.append(best)
        used.update(best.numbers)
        for scene in {frame.scene for frame in best.frames}:
            of_scene[scene] = of_scene.get(scene, 0) + 1
        waiting = [one for one in waiting if one is not best and _free(one, used) and _beside(one, best)]
    return taken


def _order(candidate: Candidate) -> tuple[float, tuple[int, ...]]:
    return (-candidate.score, candidate.numbers)


def _crowd(candidate: Candidate, of_scene: dict[int, int]) -> int:
    return max(of_scene.get(frame.scene, 0) for frame in candidate.frames)


def _free(candidate: Candidate, used: set[int]) -> bool:
    shared = len(used.intersection(candidate.numbers))
    return shared <= _SHARED and shared < len(candidate.frames) - 1 if candidate.moves else not shared


def _beside(candidate: Candidate, taken: Candidate) -> bool:
    """Whether two may stand side by side: frames that only time put together don't mingle, and of one
    movement there is one count and one way."""
    if candidate.fills and taken.fills:
        one, other = candidate.numbers, taken.numbers
        return one[-1] < other[0] or other[-1] < one[0]
    if candidate.counts is taken.counts and candidate.around is not None and taken.around is not None:
        (low, high), (start, end) = candidate.around, taken.around
        return min(high, end) - max(low, start) <= _SAME * min(high - low, end - start)
    return True


def _planned(candidate: Candidate, ground: Ground) -> PlannedClip:
    frames = candidate.frames
    start, end = frames[0].seconds, ground.index.end_of(frames[-1].frame)
    if candidate.around is not None:
        start, end = min(start, candidate.around[0]), max(end, candidate.around[1])
    return PlannedClip(
        frames=candidate.numbers,
        coherence=candidate.coherence,
        sequence=candidate.sequence,
        cues=_cues_of(frames, ground),
        poses=candidate.poses or poses_at(ground.signals, frames),
        start_seconds=start,
        end_seconds=end,
    )


def _cues_of(frames: Sequence[VideoFrame], ground: Ground) -> tuple[int, ...]:
    scenes = {frame.scene for frame in frames}
    window = ground.asked.window_seconds
    return tuple(
        cue.place
        for cue in ground.cues
        if min(scenes) <= ground.scene_at(cue.middle) <= max(scenes)
        and any(cue.distance(frame.seconds) <= window + 1e-9 for frame in frames)
    )


def _of_one_body(points: Sequence[KeyPoints]) -> tuple[Signal, ...]:
    """The signals of the table that knows most, of several persons' tables: bodies are never mixed."""
    tables = [signals(table) for table in points]
    return max(
        tables, key=lambda found: sum(int(np.isfinite(one.values).sum()) for one in found), default=()
    )
