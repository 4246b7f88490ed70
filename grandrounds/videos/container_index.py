"""The index of a film: when each of its frames is shown.

Where the container states the time of every packet, packets tell it and only the beginning and a doubtful
end are decoded: that is a hundredth of the work. Else every frame is decoded, and times that are missing
are filled as FFmpeg fills them (``best_effort_timestamp``), from the times of decoding.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from grandrounds.errors import SourceError
from grandrounds.videos.container_open import Film
from grandrounds.videos.container_pixels import Turn, turn_of
from grandrounds.videos.values import FrameIndex

_HEAD_FRAMES = 8
_CHECK_END = frozenset({"mpeg", "mpegts", "mpegvideo", "m4v", "h264", "hevc", "ivf", "asf", "flv", "ogg"})
"""Formats that can end anywhere without anybody noticing."""
_SMALL_BACK = 1.0
NO_TIME = -(1 << 63)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLimits:
    """Bounds on the length of a film."""

    seconds: float = 24 * 3600.0
    frames: int = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """An index, why it doesn't cover the whole film (empty where it does), and what was noticed.

    ``serials`` are the places of the frames' packets in the file; ``decoded`` tells that every frame was;
    ``turn`` is how the first one is turned for showing.
    """

    index: FrameIndex
    missing: str = ""
    notes: tuple[str, ...] = ()
    serials: NDArray[np.int64] = field(repr=False)
    decoded: bool
    turn: Turn


def index_of(film: Film, again: Any, *, limits: IndexLimits) -> Indexed:
    """The index of ``film``, which stands at its beginning; ``again`` opens it anew (a context manager that
    gives a ``Film``). Raises ``SourceError`` where no frame can be decoded, or it is too long."""
    table = Packets.read(film, limits)
    broke_off = film.broke_off
    declared = int(film.stream.frames or 0)
    if not table.all_timed():
        with again() as fresh:
            return decoded_index(fresh, limits=limits)
    order = table.presented()
    with again() as fresh:
        head, turn = _head(fresh, table)
    if head is None:
        with again() as fresh:
            return decoded_index(fresh, limits=limits)
    order = order[head:]
    lacking = declared - len(table.pts) if film.format == "mov" else 0
    missing = ""
    if broke_off or lacking > 0 or any(table.corrupt) or film.format in _CHECK_END:
        with again() as fresh:
            lost, doubtful = _tail(fresh, table, order)
        order = order[: len(order) - lost]
        if len(order) == 0:
            raise _no_pictures()
        if doubtful or broke_off or lacking > 0:
            missing = _missing(film, table, order, lacking)
    return Indexed(
        index=table.index(film, order),
        missing=missing,
        notes=(f"Frames at its beginning that can't be decoded were left out: {head:,}.",) if head else (),
        serials=order,
        decoded=False,
        turn=turn,
    )


def decoded_index(film: Film, *, limits: IndexLimits) -> Indexed:
    """The index of ``film`` by decoding all of it."""
    walk = Walk(film)
    times, serials = array("d"), array("q")
    damaged, turn = False, Turn()
    for seconds, frame in walk:
        turn = turn if times else turn_of(frame)
        times.append(seconds)
        serials.append(walk.serial)
        damaged = bool(frame.is_corrupt)
        _check_length(len(times), seconds - times[0], limits)
    if not times:
        raise _no_pictures()
    order = np.frombuffer(serials, dtype=np.int64).copy()
    length = times[-1] - times[0]
    if walk.jump:
        missing = f"{walk.jump}; what follows was left out."
    elif film.broke_off or damaged:
        missing = f"The file breaks off {length:.2f} s after its first frame."
    elif film.troubles:
        missing = f"{film.troubles:,} packets of its pictures can't be decoded; the rest was read."
    else:
        missing = ""
    return Indexed(
        index=replace(
            walk.table.index(film, order, np.frombuffer(times, dtype=np.float64).copy()),
            ambiguous=bool(walk.jump or walk.back),
        ),
        missing=missing,
        notes=(f"{walk.back:,} frames whose times go back were left out.",) if walk.back else (),
        serials=order,
        decoded=True,
        turn=turn,
    )


class Walk:
    """All frames of a film from its beginning, each with its time, however the file states it: an iterator
    of (seconds, frame), times rising.

    ``serial`` is the place of the last frame's packet, -1 where that isn't known; ``back`` counts frames
    left out because their times go back a little; ``jump`` says why the walk ended early.
    """

    def __init__(self, film: Film) -> None:
        self.table = Packets()
        self.serial = -1
        self.back = 0
        self.jump = ""
        self._film = film
        self._clock = _Clock()
        self._last, self._step = -np.inf, 0.0

    def __iter__(self) -> Iterator[tuple[float, VideoFrame]]:
        for packet in self._film.packets():
            self.table.add(packet)
            # The decoder hands a packet's time on to its frame: here it carries the packet's place.
            packet.pts = len(self.table.pts) - 1
            yield from self._timed(self._film.decode(packet))
            if self.jump:
                return
        yield from self._timed(self._film.decode(None))

    def _timed(self, frames: Sequence[VideoFrame]) -> Iterator[tuple[float, VideoFrame]]:
        for frame in frames:
            place = -1 if frame.pts is None else int(frame.pts)
            known = 0 <= place < len(self.table.pts)
            stated = self.table.pts[place] if known else NO_TIME
            ticks = self._clock.next(stated, NO_TIME if frame.dts is None else int(frame.dts))
            if ticks != NO_TIME:
                seconds = self._film.seconds(ticks)
            elif np.isfinite(self._last):
                seconds = self._last + (self._step or _usual_step(self._film))
            else:
                seconds = 0.0
            if self._last - seconds > _SMALL_BACK:
                self.jump = f"Its clock jumps back from {self._last:.3f} s to {seconds:.3f} s"
                return
            if seconds <= self._last:
                self.back += 1
                continue
            self._step = seconds - self._last if np.isfinite(self._last) else 0.0
            self._last = seconds
            self.serial = place if known else -1
            yield seconds, frame


@dataclass(slots=True)
class Packets:
    """What packets say, in the order of the file: a few bytes each, however long the film is."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    lengths: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))
    keys: array[int] = field(default_factory=lambda: array("b"))
    discard: array[int] = field(default_factory=lambda: array("b"))
    corrupt: array[int] = field(default_factory=lambda: array("b"))

    @classmethod
    def read(cls, film: Film, limits: IndexLimits) -> Packets:
        """The packets of a film that stands at its beginning. Raises ``SourceError`` for one too long."""
        table = cls()
        low = high = None
        for packet in film.packets():
            table.add(packet)
            if packet.pts is not None and not packet.is_discard:
                low = packet.pts if low is None else min(low, packet.pts)
                high = packet.pts if high is None else max(high, packet.pts)
                _check_length(len(table.pts), film.seconds(high - low), limits)
        return table

    def add(self, packet: Any) -> None:
        """Note one more packet."""
        self.pts.append(NO_TIME if packet.pts is None else packet.pts)
        self.lengths.append(packet.duration or 0)
        self.sizes.append(packet.size)
        self.keys.append(packet.is_keyframe)
        self.discard.append(packet.is_discard)
        self.corrupt.append(packet.is_corrupt)

    def all_timed(self) -> bool:
        """Whether packets alone tell the times: each has one of its own."""
        stated = np.frombuffer(self.pts, dtype=np.int64) if self.pts else np.empty(0, dtype=np.int64)
        shown = stated[~self._discarded()]
        return len(shown) > 0 and bool(np.all(stated != NO_TIME)) and len(np.unique(shown)) == len(shown)

    def presented(self) -> NDArray[np.int64]:
        """The places of the packets that are shown, in order of presentation."""
        places = np.flatnonzero(~self._discarded())
        stated = np.frombuffer(self.pts, dtype=np.int64)[places]
        return places[np.argsort(stated, kind="stable")].astype(np.int64)

    def index(
        self, film: Film, order: NDArray[np.int64], seconds: NDArray[np.float64] | None = None
    ) -> FrameIndex:
        """The index of the frames at ``order``; ``seconds`` where packets don't tell them."""
        if seconds is None:
            seconds = np.array([film.seconds(self.pts[place]) for place in order.tolist()])
        usual = float(np.median(np.diff(seconds))) if len(seconds) > 1 else _usual_step(film)
        return FrameIndex(
            seconds=seconds,
            end_seconds=float(seconds[-1]) + (self.length(film, int(order[-1])) or usual),
            keyframe=self.keys_of(order),
            sizes=self.sizes_of(order),
        )

    def length(self, film: Film, place: int) -> float:
        """Seconds for which the frame of a packet is shown; 0 where that isn't said, or can't be true."""
        said = film.seconds(self.lengths[place]) if 0 <= place < len(self.lengths) else 0.0
        return said if 0 < said <= 10 else 0.0

    def keys_of(self, order: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the frames at ``order`` are keyframes."""
        keys = np.frombuffer(self.keys, dtype=np.int8)
        return np.where(order >= 0, keys[np.maximum(order, 0)] != 0, False)

    def sizes_of(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        """The bytes of the packets at ``order``."""
        sizes = np.frombuffer(self.sizes, dtype=np.int64)
        return np.where(order >= 0, sizes[np.maximum(order, 0)], 0)

    def _discarded(self) -> NDArray[np.bool_]:
        return np.frombuffer(self.discard, dtype=np.int8) != 0 if self.discard else np.empty(0, dtype=bool)


@dataclass(slots=True)
class _Clock:
    """FFmpeg's guess of a frame's time from its stated time and that of decoding: whichever went wrong less
    often so far (``guess_correct_pts`` of libavcodec)."""

    bad_stated: int = 0
    bad_decoding: int = 0
    last_stated: int = NO_TIME
    last_decoding: int = NO_TIME

    def next(self, stated: int, decoding: int) -> int:
        """The time of the next frame in ticks."""
        if decoding != NO_TIME:
            self.bad_decoding += decoding <= self.last_decoding
            self.last_decoding = decoding
        elif stated != NO_TIME:
            self.last_decoding = stated
        if stated != NO_TIME:
            self.bad_stated += stated <= self.last_stated
            self.last_stated = stated
        elif decoding != NO_TIME:
            self.last_stated = decoding
        trust = self.bad_stated <= self.bad_decoding or decoding == NO_TIME
        return stated if trust and stated != NO_TIME else decoding


def _head(film: Film, table: Packets) -> tuple[int | None, Turn]:
    """How many frames at the beginning can't be decoded (``None`` where packets tell other times than
    frames do), and how the first one is turned."""
    found: list[int | None] = []
    turn = Turn()
    for frame in film.frames():
        turn = turn if found else turn_of(frame)
        found.append(frame.pts)
        if len(found) >= _HEAD_FRAMES:
            break
    if not found:
        raise _no_pictures()
    stated = np.frombuffer(table.pts, dtype=np.int64)[table.presented()]
    if found[0] is None or None in found:
        return None, turn
    first = int(np.searchsorted(stated, found[0]))
    said = stated[first : first + len(found)]
    same = len(said) == len(found) and bool(np.all(said == np.array(found, dtype=np.int64)))
    return (first if same else None), turn


def _tail(film: Film, table: Packets, order: NDArray[np.int64]) -> tuple[int, bool]:
    """How many frames at the end can't be decoded, and whether the last ones are damaged. Nothing is known
    where the format can't go there."""
    stated = np.frombuffer(table.pts, dtype=np.int64)[order]
    keys = np.flatnonzero(table.keys_of(order))[::-1]
    for key in keys[[0, 1, 3]] if len(keys) > 3 else keys:
        try:
            film.seek(film.seconds(int(stated[key])))
        except OSError:
            return 0, False
        last, damaged = None, False
        for frame in film.frames():
            if frame.pts is not None and (last is None or frame.pts > last):
                last, damaged = int(frame.pts), bool(frame.is_corrupt)
        if last is not None:
            lost = int(len(stated) - np.searchsorted(stated, last, side="right"))
            return lost, damaged or lost > 0
    return 0, False


def _missing(film: Film, table: Packets, order: NDArray[np.int64], lacking: int) -> str:
    stated = np.frombuffer(table.pts, dtype=np.int64)[order]
    there = f"The file breaks off {film.seconds(int(stated[-1] - stated[0])):.2f} s after its first frame"
    return f"{there}; {lacking:,} frames that it promises are not there." if lacking > 0 else f"{there}."


def _usual_step(film: Film) -> float:
    rate = film.stream.average_rate or film.stream.guessed_rate
    return min(max(float(1 / rate), 0.001), 10.0) if rate and rate > 0 else 0.04


def _check_length(frames: int, seconds: float, limits: IndexLimits) -> None:
    if seconds > limits.seconds:
        raise SourceError(
            f"It lasts more than {limits.seconds / 60:,.0f} minutes.",
            remedy="Cut it, or raise maximum_minutes of the recipe.",
        )
    if frames > limits.frames:
        raise SourceError(f"It has more than {limits.frames:,} frames.", remedy="Cut it.")


def _no_pictures() -> SourceError:
    return SourceError(
        "None of its pictures can be decoded.",
        remedy="It is damaged, or of a coding that is not read. Get it again, or convert it to MP4.",
    )
