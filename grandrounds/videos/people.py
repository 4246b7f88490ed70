"""People on a frame: faces, and words that tell who somebody is.

Both are looked for by programs that may be missing. What could not be looked for is never taken for
absent: ``Seen`` says so, and a recipe that refuses people then refuses the frame.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from grandrounds.errors import MissingDependencyError
from grandrounds.needs import ClipNeed
from grandrounds.videos.people_faces import INSTALL, FaceDetector, model_bytes
from grandrounds.videos.people_names import telling
from grandrounds.videos.people_ocr import OcrError, RowReader
from grandrounds.videos.quality import Box, Grey
from grandrounds.videos.values import Picture

INSTALL_OCR = "apt-get install tesseract-ocr"
_NO_FACES = f"their detector is not installed ({INSTALL})"
_NO_OCR = f"Tesseract is not installed ({INSTALL_OCR})"
_MOST_WORDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What stands on a frame. ``words`` are those that tell nothing of people; ``telling`` says of which
    kinds the others are. ``unread`` is why text that is there could not be read, else empty."""

    words: tuple[str, ...] = ()
    telling: tuple[str, ...] = ()
    unread: str = ""


class PeopleFinder:
    """Looks for people in the frames of one film, with what is installed here.

    ``faces`` and ``rows`` stand in for that; ``None`` is one who doesn't look.
    """

    def __init__(
        self,
        *,
        faces: FaceDetector | Literal["installed"] | None = "installed",
        rows: RowReader | Literal["installed"] | None = "installed",
    ) -> None:
        self._faces = _installed_faces() if faces == "installed" else faces
        self._rows = _installed_rows() if rows == "installed" else rows
        self._unread = 0
        self._why_unread = ""

    @property
    def sees_faces(self) -> bool:
        """Whether faces are looked for."""
        return self._faces is not None

    @property
    def reads(self) -> bool:
        """Whether text is read."""
        return self._rows is not None

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be looked for, as sentences; complete when all frames were looked at."""
        told = [] if self.sees_faces else [f"Faces were not looked for: {_NO_FACES}."]
        if self._unread:
            frames = "one frame" if self._unread == 1 else f"{self._unread} frames"
            told.append(f"Text on {frames} was not read: {self._why_unread}.")
        return tuple(told)

    def faces(self, picture: Picture, *, closely: bool = False) -> tuple[Box, ...]:
        """Boxes of faces, the surest first; none where they are not looked for. ``closely`` finds smaller
        ones, and takes longer."""
        return self._faces.faces(picture, closely=closely) if self._faces else ()

    def glance(self, picture: Picture) -> tuple[Box, ...]:
        """Boxes of faces that could be recognised in a thumbnail."""
        return self._faces.glance(picture) if self._faces else ()

    def names(self, grey: Grey, rows: Sequence[Box]) -> Reading:
        """What the rows of text on a frame tell of people."""
        if not rows:
            return Reading()
        if self._rows is None:
            return self._not_read(_NO_OCR)
        try:
            lines = self._rows.read(grey, rows)
        except OcrError as failed:
            return self._not_read(f"Tesseract could not read it ({failed})")
        told = [line for line in lines if line]
        words = [word for line in told for word in line.split() if sum(map(str.isalnum, word)) > 2]
        kinds = telling(told) or telling([" ".join(told)])
        return Reading(words=tuple(words[:_MOST_WORDS]) if not kinds else (), telling=kinds)

    def _not_read(self, why: str) -> Reading:
        self._unread, self._why_unread = self._unread + 1, why
        return Reading(unread=why)


def missing() -> tuple[str, ...]:
    """What is missing to look for people, as sentences with the line that installs it; for ``doctor``."""
    lacking = []
    if model_bytes() is None:
        lacking.append(f"Faces on frames are not looked for: {_NO_FACES}.")
    if shutil.which("tesseract") is None:
        lacking.append(f"Text on frames is not read: {_NO_OCR}.")
    return tuple(lacking)


def require(asked: ClipNeed) -> None:
    """Raise ``MissingDependencyError`` where the recipe refuses people, and faces can't be looked for.

    Without Tesseract nothing is raised: frames that show text are then refused one by one.
    """
    if asked.people == "refuse" and model_bytes() is None:
        raise MissingDependencyError(
            "The recipe refuses frames that show people, and faces can't be looked for here.",
            remedy=f"{INSTALL}   (without its dependencies: they would replace the headless OpenCV);"
            " or write 'people: flag' in the recipe, where videos may show people.",
        )


@cache
def _installed_faces() -> FaceDetector | None:
    model = model_bytes()
    return FaceDetector(model) if model else None


def _installed_rows() -> RowReader | None:
    program = shutil.which("tesseract")
    return RowReader(program) if program else None
