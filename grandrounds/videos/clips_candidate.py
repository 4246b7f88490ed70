"""What plans of clips are made from, and what they are before some of them are taken."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from grandrounds.needs import ClipNeed
from grandrounds.records.clip import ClipPose
from grandrounds.records.video import KEPT, VideoFrame
from grandrounds.videos.clips_choice import sharpness_ranks
from grandrounds.videos.clips_hearing import Heard
from grandrounds.videos.pose_signals import Signal
from grandrounds.videos.values import FrameIndex, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Frames that could become a clip, and how good a one (more is better).

    ``around``: the seconds of a movement that it rests on, beside its frames. ``moves`` tells that its
    frames were taken for a movement of the body, so that it may share frames with others; ``fills`` that
    nothing but time put them together, so that it shares no time either.
    """

    frames: tuple[VideoFrame, ...]
    coherence: str
    sequence: str = ""
    score: float
    poses: tuple[ClipPose, ...] = ()
    around: tuple[float, float] | None = None
    moves: bool = False
    fills: bool = False

    @property
    def counts(self) -> bool:
        """Whether it shows whole repetitions."""
        return any(pose.repetitions is not None for pose in self.poses)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its frames."""
        return tuple(frame.frame for frame in self.frames)


@dataclass(slots=True)
class Ground:
    """A video as plans see it: its kept frames in order of time, its scenes, what is heard, how its body
    moves."""

    index: FrameIndex
    scenes: Sequence[Scene]
    frames: list[VideoFrame]
    cues: Sequence[Heard]
    signals: Sequence[Signal]
    asked: ClipNeed
    sharp: dict[int, float] = field(init=False)
    _starts: list[float] = field(init=False)
    _seconds: list[float] = field(init=False)
    _spoken: list[tuple[float, float]] = field(init=False)

    def __post_init__(self) -> None:
        self.frames = sorted(
            {frame.frame: frame for frame in self.frames if frame.verdict == KEPT}.values(),
            key=lambda frame: frame.frame,
        )
        self.sharp = sharpness_ranks(self.frames)
        self._seconds = [frame.seconds for frame in self.frames]
        self.scenes = sorted(self.scenes, key=lambda scene: scene.first)
        self._starts = [float(self.index.seconds[scene.first]) for scene in self.scenes]
        self._spoken = _joined([(cue.start, cue.end) for cue in self.cues])

    @property
    def last_scene(self) -> int:
        """The number of the last scene."""
        return max((scene.number for scene in self.scenes), default=0)

    def scene_at(self, seconds: float) -> int:
        """The number of the scene on screen at a time; within a gradual change, of the one before it."""
        place = max(bisect_right(self._starts, seconds + 1e-9) - 1, 0)
        return self.scenes[place].number if self.scenes else 0

    def spoken_through(self, first: int, last: int) -> bool:
        """Whether one run of speech goes on over every cut from a scene to another, by their numbers."""
        begins = [
            start
            for start, scene in zip(self._starts, self.scenes, strict=True)
            if first < scene.number <= last
        ]
        return all(self.spoken_over(start) for start in begins)

    def between(self, start: float, end: float) -> list[VideoFrame]:
        """The kept frames from ``start`` to ``end``, both included."""
        return self.frames[
            bisect_left(self._seconds, start - 1e-9) : bisect_right(self._seconds, end + 1e-9)
        ]

    def spoken_over(self, seconds: float) -> bool:
        """Whether a run of speech goes on before and after a time."""
        place = bisect_right(self._spoken, (seconds, float("inf"))) - 1
        return place >= 0 and self._spoken[place][0] < seconds < self._spoken[place][1]


_PAUSE = 2.5


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Times of speech, pauses within a run filled."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start - found[-1][1] <= _PAUSE:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
