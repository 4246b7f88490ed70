"""What the parts of the video reader hand to one another, before the lake.

Seconds, frames and boxes are those of ``records.video``. Pictures are arrays [row, column, RGB] of unsigned
bytes as shown: turned by the rotation, with square pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grandrounds.records.clip import ClipPose
from grandrounds.records.video import VideoCut

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameIndex:
    """The frames of a video in order of presentation, known without decoding them where the container
    allows.

    ``seconds`` are their presentation times (float64, rising), ``end_seconds`` when the last one ends;
    ``keyframe`` tells which can be decoded without others, ``sizes`` the bytes of each one's packet.
    ``ambiguous`` tells that times go back in the file: a time doesn't name one frame then, and frames are
    found only by reading on from the beginning.
    """

    seconds: NDArray[np.float64]
    end_seconds: float
    keyframe: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    ambiguous: bool = False

    def __len__(self) -> int:
        return len(self.seconds)

    def end_of(self, frame: int) -> float:
        """When the frame after ``frame`` begins, or the video ends."""
        return float(self.seconds[frame + 1]) if frame + 1 < len(self) else self.end_seconds

    def at(self, seconds: float) -> int:
        """The frame that is on screen at ``seconds``; the first or last one beyond the ends."""
        place = int(np.searchsorted(self.seconds, seconds, side="right")) - 1
        return min(max(place, 0), len(self) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What a container says of its pictures; see ``records.video.VideoRow`` for the fields.

    ``coded_width`` and ``coded_height`` are those of the stored picture. ``readable`` is false for the part
    of a file that could not be decoded: ``reason`` says what is missing.
    """

    title: str = ""
    comment: str = ""
    container: str
    codec: str
    width: int
    height: int
    coded_width: int
    coded_height: int
    rotation: int = 0
    pixel_aspect: float = 1.0
    rate: float
    variable_rate: bool
    sound: bool
    partial: bool = False
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CutsFound:
    """Changes of shot, in order of time; how they were looked for, and how many frames that decoded."""

    cuts: tuple[VideoCut, ...]
    method: str
    decoded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A shot: its place among the scenes, its first frame, and the one after its last."""

    number: int
    first: int
    stop: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is said in a video: cues in order of time, as stated by their source, the times not yet moved.

    ``origin`` is one of ``records.video``'s. ``cues`` are (start seconds, end seconds, text), from the
    beginning of the video as its first frame, not from its first time stamp. ``complete`` is false where a
    part could not be recognised this time and might be next time: such words are not kept for reuse.
    """

    origin: str
    language: str = ""
    cues: tuple[tuple[float, float, str], ...] = ()
    notes: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPoints:
    """A table of key points beside a video.

    ``seconds`` [n] are times of its rows, counted as the video's own; ``names`` [k] the points' names;
    ``places`` [n, k, 2 or 3] where they are (pixels of the shown picture, y downwards; or metres, where
    ``unit`` says so), NaN where unseen.
    """

    name: str
    seconds: NDArray[np.float64]
    names: tuple[str, ...]
    places: NDArray[np.float64]
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecars:
    """Files beside a video that belong to it."""

    subtitles: tuple[Path, ...] = ()
    poses: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How one picture became another: ``change`` is the mean absolute difference of grey values (0 to 255),
    ``x`` and ``y`` the shift of the scene in pixels, ``share`` (0 to 1) how much of the change it
    explains."""

    change: float
    x: float
    y: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedClip:
    """Frames that shall become a clip: frame numbers in order of time, and why they belong together.

    ``cues`` are places in ``Words.cues`` of what is said in it."""

    frames: tuple[int, ...]
    coherence: str
    sequence: str = ""
    cues: tuple[int, ...] = ()
    poses: tuple[ClipPose, ...] = ()
    start_seconds: float
    end_seconds: float


def grey(picture: Picture) -> NDArray[Any]:
    """The grey values of a picture, by the weights of ITU-R BT.601 (which JPEG and OpenCV use, too)."""
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return np.asarray(picture[..., :3], dtype=np.float32) @ weights
