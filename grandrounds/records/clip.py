"""One row of the ``clips`` table: two to five frames of one video in order of time, with what was said.

Times, frames and boxes are those of ``records.video``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grandrounds.records.parts import Span

SCENE = "scene"
SEQUENCE = "sequence"
COHERENCES = (SCENE, SEQUENCE)
"""``scene``: all frames are of one shot; ``sequence``: of several shots that one speech joins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFrame:
    """A frame of a clip, as the solver sees it.

    ``sha256`` names its picture (PNG of the crop) in the lake, ``pixels_sha256`` is the hash of its pixels
    (height, width, 3 unsigned bytes, RGB, row by row), which doesn't depend on how they are packed.
    ``end_seconds`` is when the next frame begins. ``motion_x`` and ``motion_y`` are by how many pixels the
    scene moved since the frame of the clip before (right and down are positive; 0 for the first),
    ``motion_share`` (0 to 1) how much of the change that explains; ``change`` is the mean absolute
    difference of grey values from the frame before, 0 to 255.
    """

    frame: int
    seconds: float
    end_seconds: float
    scene: int
    sha256: str
    pixels_sha256: str
    crop: tuple[int, ...]
    width: int
    height: int
    sharpness: float
    perceptual_hash: str
    change: float
    motion_x: float
    motion_y: float
    motion_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipCue:
    """Something said within the clip: its words' place in the row's ``text``, its times, and the frames
    (0-based places in the clip) that lie in its window. ``stressed`` is the one nearest to it, ``None``
    where no frame lies in its window."""

    span: Span
    start_seconds: float
    end_seconds: float
    frames: tuple[int, ...] = ()
    stressed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipPose:
    """What the key points say of the clip.

    ``signal`` names the quantity (``left_knee_angle``, ``right_wrist_height`` ...), ``unit`` is
    ``degrees`` or ``body_heights``; ``values`` are at the clip's frames. ``repetitions`` counts whole
    repetitions within the clip's span of time, ``None`` where the signal has no clear period;
    ``confidence`` is 0 to 1.
    """

    signal: str
    unit: str
    values: tuple[float, ...]
    repetitions: int | None = None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """Frames of one video that belong together. ``evidence_id`` is the content id.

    ``start_seconds`` and ``end_seconds`` bound what the item rests on: its frames, and for ``pose`` the
    movement. ``coherence`` says why the frames belong together, ``sequence`` names that where they are of
    several shots. ``text`` is what is said in it (a line a cue; empty without words), ``cues`` where.
    ``medical`` are the words that show it to be medical (``where: word``); empty where nothing does.
    ``index_only`` tells that the licence doesn't allow to show pixels: a release then names the frames
    without them. ``clip_sha256`` names the stretch of the video, repacked without re-encoding, in the lake;
    empty where that isn't allowed or could not be done (``notes``). ``source_sha256`` is the hash of the
    video file itself.
    """

    evidence_id: str
    source_id: str
    source_sha256: str
    video_id: str
    group_id: str
    start_seconds: float
    end_seconds: float
    coherence: str
    sequence: str = ""
    frames: tuple[ClipFrame, ...]
    text: str
    text_sha256: str
    text_origin: str = "none"
    cues: tuple[ClipCue, ...] = ()
    poses: tuple[ClipPose, ...] = ()
    medical: tuple[str, ...] = ()
    index_only: bool = False
    clip_sha256: str = ""
    clip_mime: str = ""
    language: str
    licence: str
    citation: str = ""
    published: date | None = None
    protected: bool = False
    notes: tuple[str, ...] = ()
