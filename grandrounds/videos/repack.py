"""Stretches of a film, copied without decoding: what a clip was cut from, and small enough to go along.

Packets are copied as they are into Matroska: the same pixels come out. No sound, names, dates or other
tracks come with them. Times are those of the film, in whole milliseconds.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from grandrounds.errors import SourceError
from grandrounds.videos.container import EARLIER, probed
from grandrounds.videos.container_open import Film, Source, opened
from grandrounds.videos.values import FrameIndex

MIME = "video/x-matroska"
"""What programs commonly call it; RFC 9559 registers video/matroska."""

MOST_BYTES = 96 << 20
_EQUAL = 1e-6
_MILLISECOND = Fraction(1, 1000)
_OPTIONS = {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}


def repack(path: Source, index: FrameIndex, first: int, last: int) -> tuple[bytes, str]:
    """The stretch of a film from the keyframe at or before ``first`` to the frame after ``last``, and its
    type. ``container.cut(stretch, seconds=...)`` gives the same pixels as from the film.

    Raises ``SourceError`` where that can't be done (``Repacker`` says when).
    """
    return Repacker(path, index).stretch(first, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A packet to be copied: its bytes, when and how long its frame is shown (milliseconds), if it is a
    keyframe."""

    data: bytes
    milliseconds: int
    length: int
    key: bool


class Repacker:
    """Cuts stretches of one film. Where the file doesn't state the times of packets, it is decoded once to
    learn them."""

    def __init__(self, path: Source, index: FrameIndex) -> None:
        self._path = path
        self._index = index
        self._serials: NDArray[np.int64] | None = None

    def stretch(self, first: int, last: int) -> tuple[bytes, str]:
        """As ``repack``. Raises ``SourceError`` where the film has no such frames, begins before 0 s, has
        no keyframe before them, can't be put into Matroska, or the stretch gets too large."""
        index = self._index
        if not 0 <= first <= last < len(index):
            raise SourceError(f"The video has frames 0 to {len(index) - 1:,}, not {first:,} to {last:,}.")
        if index.ambiguous:
            raise SourceError("Times go back in the video, so that a stretch of it would not be clear.")
        keys = np.flatnonzero(index.keyframe[: first + 1])
        if len(keys) == 0:
            raise SourceError("There is no keyframe before the stretch.")
        key, stop = int(keys[-1]), min(last + 1, len(index) - 1)
        if index.seconds[key] < 0:
            raise SourceError("The video begins before 0 s, which Matroska can't say.")
        with opened(self._path) as film:
            try:
                pieces = _stated(film, index, key, stop)
            except _NotStatedError:
                pieces = []
        if not pieces:
            pieces = self._counted(key, stop)
        with opened(self._path) as film:
            return _packed(film, pieces), MIME

    def _counted(self, key: int, stop: int) -> list[_Piece]:
        """The packets of frames ``key`` to ``stop``, found by counting them."""
        if self._serials is None:
            _, found = probed(self._path)
            if len(found.index) != len(self._index):
                raise SourceError("The file changed while it was read.", remedy="Run again.")
            self._serials = found.serials
        wanted = self._serials[key : stop + 1]
        if len(wanted) == 0 or np.any(wanted < 0):
            raise SourceError("It is not known which packets hold these frames.")
        times = dict(zip(wanted.tolist(), self._index.seconds[key : stop + 1].tolist(), strict=True))
        begin, end = int(wanted[0]), int(wanted.max())
        pieces: list[_Piece] = []
        size = 0
        with opened(self._path) as film:
            for place, packet in enumerate(film.packets()):
                if place > end:
                    break
                if place >= begin and place in times:
                    size = _within(size + packet.size)
                    pieces.append(_piece(packet, self._index, times[place], first=not pieces))
                elif place >= begin and _later(self._serials, place, stop):
                    # Shown after the stretch, but frames of the stretch are made from it.
                    number = int(np.flatnonzero(self._serials == place)[0])
                    size = _within(size + packet.size)
                    seconds = float(self._index.seconds[number])
                    pieces.append(_piece(packet, self._index, seconds, first=False))
        return pieces


class _NotStatedError(Exception):
    """Packets don't tell their times."""


def _stated(film: Film, index: FrameIndex, key: int, stop: int) -> list[_Piece]:
    """The packets of frames ``key`` to ``stop``, found by their times; empty where no seek leads there."""
    start, end = float(index.seconds[key]), float(index.seconds[stop])
    for earlier in (*EARLIER, None):
        try:
            film.seek(start - earlier if earlier is not None else float(index.seconds[0]) - 10)
        except OSError:
            continue
        pieces = list(_from(film, index, start, end, left=stop - key + 1))
        if pieces:
            return pieces
    return []


def _from(film: Film, index: FrameIndex, start: float, end: float, *, left: int) -> Iterator[_Piece]:
    """The packets from the keyframe at ``start`` until ``left`` frames up to ``end`` are there. What is
    shown before the keyframe but comes after it can't be decoded without what lies before: it is left
    out."""
    begun, size = False, 0
    for packet in film.packets():
        if packet.pts is None:
            raise _NotStatedError
        seconds = film.seconds(packet.pts)
        if not begun:
            begun = packet.is_keyframe and abs(seconds - start) <= _EQUAL
            if not begun and packet.is_keyframe and seconds > start + _EQUAL:
                return
        if not begun or seconds < start - _EQUAL:
            continue
        size = _within(size + packet.size)
        yield _piece(packet, index, seconds, first=False)
        left -= seconds <= end + _EQUAL
        if left == 0:
            return


def _later(serials: NDArray[np.int64], place: int, stop: int) -> bool:
    return bool(np.any(serials[stop + 1 :] == place))


def _piece(packet: Any, index: FrameIndex, seconds: float, *, first: bool) -> _Piece:
    begin = round(seconds * 1000)
    end = round(index.end_of(index.at(seconds + _EQUAL)) * 1000)
    return _Piece(
        data=bytes(packet), milliseconds=begin, length=max(1, end - begin), key=first or packet.is_keyframe
    )


def _within(size: int) -> int:
    if size > MOST_BYTES:
        raise SourceError(f"The stretch has more than {MOST_BYTES >> 20} MB.")
    return size


def _packed(film: Film, pieces: list[_Piece]) -> bytes:
    """The packets in a Matroska file. Times of decoding are made from those of showing: the film's own may
    be missing, and Matroska doesn't keep them."""
    shown = sorted(piece.milliseconds for piece in pieces)
    if not pieces or len(set(shown)) < len(shown):
        raise SourceError("Frames of the stretch share a millisecond.")
    delay = max(due - piece.milliseconds for due, piece in zip(shown, pieces, strict=True))
    out = io.BytesIO()
    try:
        with av.open(out, "w", format="matroska", container_options=_OPTIONS) as target:
            stream = target.add_stream_from_template(film.stream)
            stream.metadata.clear()
            for piece, due in zip(pieces, shown, strict=True):
                packet = av.Packet(piece.data)
                packet.stream = stream
                packet.time_base = _MILLISECOND
                packet.pts, packet.dts = piece.milliseconds, due - delay
                packet.duration = piece.length
                packet.is_keyframe = piece.key
                target.mux(packet)
    except (FFmpegError, ValueError, OSError) as exc:
        raise SourceError(f"The stretch can't be put into Matroska ({type(exc).__name__}).") from exc
    return out.getvalue()
