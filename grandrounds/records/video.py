"""One row of the ``videos`` table: a video that was read, its cuts, its words, and every frame looked at.

Seconds are presentation times as the file states them (the picture stream's time stamps times its time
base), so they need not begin at 0: ``start_seconds`` is the first one. Frames count from 0 in order of
presentation, over the frames that can be decoded. Boxes are half-open pixels (x0, y0, x1, y1) of the
picture as it is shown: after rotation and with square pixels, origin at its top left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grandrounds.records.parts import Identifier, Span

READ, PARTIAL = "read", "partial"
STATUSES = (READ, PARTIAL)

HARD, GRADUAL = "hard", "gradual"
CUT_KINDS = (HARD, GRADUAL)

KEPT = "kept"
DROPPED = (
    "black", "blank", "blurred", "overexposed", "underexposed", "frozen", "duplicate", "slide",
    "small_area", "face", "name", "near_cut", "crowded",
)  # fmt: skip
VERDICTS = (KEPT, *DROPPED)
"""What became of a frame that was looked at; anything but ``kept`` is why it was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoCut:
    """A change of shot. ``frame`` is the first of the new shot and ``seconds`` its time; ``start_seconds``
    is where the change begins (for a hard cut the same). ``score`` is how strong it is, 0 to 1."""

    frame: int
    seconds: float
    kind: str
    start_seconds: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFrame:
    """A frame that was looked at, and what became of it.

    ``scene`` counts from 0. ``sharpness`` is the variance of the Laplacian of the grey picture within the
    crop; ``brightness`` and ``contrast`` are its mean and standard deviation, 0 to 255; ``motion`` the mean
    absolute difference of grey values from the frame looked at before in the scene (0 for the first).
    ``medical_area`` is the share of the shown picture that ``crop`` covers. ``perceptual_hash`` is 16
    hexadecimal digits, of the crop. ``faces`` counts faces found; ``words`` are those read on it.
    ``thumbnail`` names a small JPEG in the lake, for the contact sheet; empty for faces and names.
    """

    frame: int
    seconds: float
    scene: int
    verdict: str
    reason: str = ""
    crop: tuple[int, ...]
    medical_area: float
    sharpness: float
    brightness: float
    contrast: float
    motion: float
    perceptual_hash: str
    faces: int = 0
    words: tuple[str, ...] = ()
    thumbnail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoCue:
    """Something that is said, and when. ``span`` is where its words stand in the row's ``text``; the times
    are corrected by the row's ``offset_seconds`` and cut to the length of the video."""

    start_seconds: float
    end_seconds: float
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRow:
    """A video, and what of it can be used.

    ``status``: ``read``, or ``partial`` (only a part could be decoded: ``reason``). ``width`` and
    ``height`` are of the picture as shown; ``rotation`` is how far it was turned, clockwise (0, 90, 180,
    270 degrees), ``pixel_aspect`` the width of a stored pixel by its height. ``frames`` counts those that
    can be decoded; ``rate`` is their number a second on average, ``variable_rate`` whether their distances
    differ.
    ``end_seconds`` is when the last frame ends. ``cut_method`` says how cuts were looked for, ``decoded``
    how many frames that needed.

    ``text`` is the transcript, a line a cue; spans count code points in it. ``text_origin``: ``srt``,
    ``vtt``, ``embedded``, ``speech`` (recognised by a model) or ``none``. ``offset_seconds`` was
    added to its times so that words and pictures meet, ``offset_confidence`` (0 to 1) how sure that is.
    ``pose`` names the table of key points beside the video, empty without one. ``topics`` are words that
    show the video to be medical, from its name, title, words and notes, as ``where: word``.
    ``sheet_sha256`` names its contact sheet in the lake.
    """

    video_id: str
    source_id: str
    source_sha256: str
    group_id: str
    status: str
    reason: str = ""
    title: str = ""
    container: str
    codec: str
    width: int
    height: int
    rotation: int
    pixel_aspect: float
    frames: int
    rate: float
    variable_rate: bool
    start_seconds: float
    end_seconds: float
    sound: bool
    cuts: tuple[VideoCut, ...] = ()
    cut_method: str
    decoded: int
    looked_at: tuple[VideoFrame, ...] = ()
    text: str = ""
    text_sha256: str
    text_origin: str = "none"
    cues: tuple[VideoCue, ...] = ()
    offset_seconds: float = 0.0
    offset_confidence: float | None = None
    pose: str = ""
    topics: tuple[str, ...] = ()
    sheet_sha256: str = ""
    language: str
    licence: str
    citation: str = ""
    identifiers: tuple[Identifier, ...] = ()
    published: date | None = None
    protected: bool = False
    notes: tuple[str, ...] = ()
