"""Decoded frames as they are shown: turned, with square pixels, in RGB.

The conversion is FFmpeg's with the flags that make it exact, so that the same file gives the same bytes on
every processor.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from grandrounds.errors import SourceError
from grandrounds.videos.container_open import MOST_PIXELS, Film
from grandrounds.videos.values import Picture

_EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
_LIGHT = ("yuv", "nv", "p0", "gray")
_ODDEST_PIXEL = 10
"""Pixels that are said to be wider or higher than this many times the other side are taken as square."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How a stored picture is turned for showing: rows and columns swapped first, then mirrored."""

    swap: bool = False
    left_right: bool = False
    up_down: bool = False

    @property
    def rotation(self) -> int:
        """Degrees clockwise; a mirroring besides is told by ``mirrored``."""
        if self.swap:
            return 90 if self.left_right else 270
        return 180 if self.up_down else 0

    @property
    def mirrored(self) -> bool:
        """Whether more than a turn is done."""
        return (self.left_right != self.up_down) != self.swap

    def of(self, picture: Picture) -> Picture:
        """The picture, turned."""
        if self.swap:
            picture = picture.transpose(1, 0, 2)
        if self.left_right:
            picture = picture[:, ::-1]
        if self.up_down:
            picture = picture[::-1]
        return np.ascontiguousarray(picture)


@dataclass(frozen=True, slots=True)
class Showing:
    """How a film is shown: its frames scaled to ``width`` by ``height``, then turned as each one says."""

    width: int
    height: int
    pixel_aspect: float
    note: str = ""

    def turned(self, turn: Turn) -> tuple[int, int]:
        """Width and height of a picture as shown."""
        return (self.height, self.width) if turn.swap else (self.width, self.height)


def showing(film: Film) -> Showing:
    """How ``film``, of which nothing was decoded yet, is shown. Raises ``SourceError``."""
    width, height = film.width, film.height
    aspect, note = film.stream.sample_aspect_ratio or Fraction(1), ""
    if not Fraction(1, _ODDEST_PIXEL) <= aspect <= _ODDEST_PIXEL:
        note = f"Its pixels are said to be {float(aspect):g} times as wide as high: not believed."
        aspect = Fraction(1)
    wide = max(1, round(width * aspect))
    if wide * height > MOST_PIXELS:
        raise SourceError(
            f"Its pictures are shown as {wide:,} by {height:,}: more than {MOST_PIXELS:,} pixels.",
            remedy="Make it smaller.",
        )
    return Showing(wide, height, float(aspect), note)


class PictureMaker:
    """Makes pictures of the frames of one film, of which nothing was decoded yet; all get the same size,
    whatever size a frame has."""

    def __init__(self, film: Film) -> None:
        self._how = showing(film)
        self._reformatter = VideoReformatter()

    def picture(self, frame: VideoFrame) -> Picture | None:
        """The frame as shown; ``None`` where it can't be converted."""
        try:
            made = self._reformatter.reformat(
                frame,
                width=self._how.width,
                height=self._how.height,
                # One plane a colour gives the same bytes in a third of the time: but from packed colours.
                format="gbrp" if frame.format.name.startswith(_LIGHT) else "rgb24",
                interpolation=_EXACT,
                threads=1,
            )
            return turn_of(frame).of(np.asarray(made.to_ndarray(), dtype=np.uint8))
        except (FFmpegError, ValueError):
            return None


def turn_of(frame: VideoFrame) -> Turn:
    """How a frame says that it is turned: the nearest quarter turn (and mirroring) of its display matrix,
    x' = a x + c y, y' = b x + d y (ISO 14496-12, 8.2.2; 16.16 fixed point)."""
    told: Any = frame.side_data  # the stubs take it for a mapping
    matrix = next((one for one in told if one.type.name == "DISPLAYMATRIX"), None)
    if matrix is None or len(bytes(matrix)) < 36:
        return Turn()
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Turn(left_right=a < 0, up_down=d < 0)
    return Turn(swap=True, left_right=c < 0, up_down=b < 0)
