"""What is handed to the process that reads videos and back: plain values as JSON, media as files beside.

A reading is also what is kept in the lake, so that a video that did not change is not read again. Its rows
are bare: who owns the video, its group and its topics are told where it lies, and put in afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from grandrounds.needs import ClipNeed
from grandrounds.records.clip import ClipRow
from grandrounds.records.video import VideoRow
from grandrounds.videos.speech_plan import SpeechPlan
from grandrounds.workers.messages import sound

if TYPE_CHECKING:
    from pydantic import TypeAdapter

MARKS = 8
"""Pictures by which a film is known again."""

_BYTES_A_SECOND = 500_000
_LISTENING = 1_800.0
"""Further seconds where words are recognised by another machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoLimits:
    """Bounds on one video and on the process that reads it.

    ``seconds`` bounds the work on one video; it grows with the file (``seconds_for``), as a film's length
    can't be known without opening it. ``process_bytes`` bounds the process's address space (0: no bound).
    """

    seconds: float = 600.0
    process_bytes: int = 6 << 30

    def seconds_for(self, size: int) -> float:
        """Seconds for a video of ``size`` bytes: the base, and one for each 500 kB; at most twelve times
        the base."""
        return min(self.seconds + size / _BYTES_A_SECOND, 12 * self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoJob:
    """A video to be read. Paths are spelt byte by byte (``workers.messages``); ``spool`` is the folder that
    media are handed over in. ``speech`` says where words may be recognised from its sound; answers are kept
    in ``lake``."""

    path: str
    size: int
    asked: ClipNeed
    subtitles: tuple[str, ...] = ()
    poses: tuple[str, ...] = ()
    spool: str = ""
    speech: SpeechPlan | None = None
    lake: str = ""
    protected: bool = False
    limits: VideoLimits = field(default_factory=VideoLimits)

    @property
    def seconds(self) -> float:
        """How long it may take."""
        heard = _LISTENING if self.speech is not None else 0.0
        return self.limits.seconds_for(self.size) + heard


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoReading:
    """What became of one video: a bare row and bare clips, or a ``failure``.

    Of the rows these are empty: ids, group, topics, licence, citation, dates, protection. ``title``,
    ``comment`` and ``language`` are what the film says itself. ``marks`` are perceptual hashes of pictures
    at fixed shares of its length, by which it is known again. ``media`` are the hashes of everything that
    was put into the lake with it. ``lasting`` is false where the same bytes might end otherwise next time
    (time, memory, rights).
    """

    sha256: str = ""
    video: VideoRow | None = None
    clips: tuple[ClipRow, ...] = ()
    comment: str = ""
    marks: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    failure: str = ""
    lasting: bool = True


def dump_job(job: VideoJob) -> bytes:
    """A job as JSON."""
    return bytes(_codec(VideoJob).dump_json(job))


def load_job(data: bytes) -> VideoJob:
    """The job that JSON holds. Raises pydantic's ``ValidationError`` for what is none."""
    job: VideoJob = _codec(VideoJob).validate_json(data)
    return job


def dump_reading(reading: VideoReading) -> bytes:
    """A reading as JSON."""
    return bytes(_codec(VideoReading).dump_json(sound(reading)))


def load_reading(data: bytes) -> VideoReading:
    """The reading that JSON holds. Raises pydantic's ``ValidationError`` for what is none."""
    reading: VideoReading = _codec(VideoReading).validate_json(data)
    return reading


@cache
def _codec(kind: type[Any]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
