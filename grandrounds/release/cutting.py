"""Cuts frames out of films that came from anywhere, in a process that may die: what stands in a release,
and what lies in a folder of sources.

A frame of a whole video is named by its number and must have its time; a frame of a packed stretch is named
by its time alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

from grandrounds.records.clip import ClipFrame
from grandrounds.workers.process import How, Lost, WorkerProcess

MODULE = "grandrounds.release.film_worker"
SECONDS = 300.0
"""Longest that the frames of one clip may take."""

PROCESS_BYTES = 8 * 1024**3
_LOST = {
    How.LATE: "took too long to read",
    How.DIED: "broke the process that read it",
    How.NOT_STARTED: "could not be read: no process could be started for it",
    How.CLOSED: "was not read: the run was ended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CutJob:
    """Frames wanted of one file. ``numbered``: by their numbers (a whole video), else by their times (a
    packed stretch). ``pictures``: the pictures are wanted, too, not only their hashes."""

    path: str
    numbered: bool
    pictures: bool
    seconds: float
    frames: tuple[tuple[int, float, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutPicture:
    """A frame that was cut: the hash of its pixels, and its picture as PNG where that was asked for; or, as
    the end of a sentence on the frame, the ``fault``."""

    pixels_sha256: str = ""
    png: bytes = b""
    fault: str = ""


class Cutter:
    """Cuts frames in a process of its own, which ends with the block."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._process = WorkerProcess(MODULE)
        self._seconds = seconds

    def __enter__(self) -> Cutter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.close()

    def cut(
        self, path: Path, frames: Sequence[ClipFrame], *, numbered: bool, pictures: bool = False
    ) -> tuple[CutPicture, ...]:
        """What the file at ``path`` has in the place of each of ``frames``. Never raises for what the file
        holds."""
        job = CutJob(
            path=str(path.absolute()),
            numbered=numbered,
            pictures=pictures,
            seconds=self._seconds,
            frames=tuple((frame.frame, frame.seconds, tuple(frame.crop)) for frame in frames),
        )
        answer = self._process.ask(json.dumps(asdict(job)).encode(), seconds=self._seconds)
        if isinstance(answer, Lost):
            cause = f" ({answer.cause})" if answer.cause else ""
            return (CutPicture(fault=f"can't be cut: its film {_LOST[answer.how]}{cause}"),) * len(frames)
        return _answered(answer, len(frames))


def load_job(data: bytes) -> CutJob:
    """The job of a message."""
    value = json.loads(data)
    frames = tuple((int(number), float(time), tuple(crop)) for number, time, crop in value.pop("frames"))
    return CutJob(frames=frames, **value)


def dump_answer(cut: Sequence[CutPicture]) -> bytes:
    """The message that answers."""
    return json.dumps(
        [[each.pixels_sha256, base64.b64encode(each.png).decode(), each.fault] for each in cut]
    ).encode()


def _answered(answer: bytes, number: int) -> tuple[CutPicture, ...]:
    made = tuple(
        CutPicture(pixels_sha256=pixels, png=base64.b64decode(png), fault=fault)
        for pixels, png, fault in json.loads(answer)
    )
    return made if len(made) == number else (CutPicture(fault="can't be cut"),) * number
