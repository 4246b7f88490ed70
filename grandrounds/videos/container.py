"""What a container says of its film, exact times of all frames, and pictures of any of them.

    facts, index = probe(path)
    for frame, picture in pictures(path, index, [0, 120, 121]):
        ...
    cut(path, seconds=4.8, crop=(0, 0, 320, 240))       the same pixels again, also from a repacked stretch

Times are presentation times as FFmpeg's ``best_effort_timestamp`` gives them: edit lists, frames out of
order and variable rates are taken as the file states them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from grandrounds.errors import SourceError
from grandrounds.videos.container_index import Indexed, IndexLimits, Walk, index_of
from grandrounds.videos.container_open import Film, Source, has_sound, opened
from grandrounds.videos.container_pixels import PictureMaker, Showing, showing
from grandrounds.videos.container_whole import bytes_missing
from grandrounds.videos.values import FrameIndex, Picture, VideoFacts

SAME_TIME = 0.0011
"""How far, in seconds, times of one frame may differ between a film and a stretch of it: Matroska counts
milliseconds."""

_EQUAL = 1e-6
_CHEAP = 12
"""Frames that are read on rather than sought: a seek costs about as much."""
EARLIER = (0.0, 1.0, 6.0)
_TOGETHER = 16
"""After so many pictures the frames they were made of are let go."""
_VARIES = 0.2


def probe(path: Source, *, limits: IndexLimits | None = None) -> tuple[VideoFacts, FrameIndex]:
    """What the file says of its film, and the times of its frames.

    A film of which only a part can be read has ``partial`` facts with a reason. Raises ``SourceError``
    (with a remedy) where there is no film in it, none of its frames can be decoded, or it is beyond the
    ``limits``.
    """
    facts, found = probed(path, limits=limits)
    return facts, found.index


def probed(path: Source, *, limits: IndexLimits | None = None) -> tuple[VideoFacts, Indexed]:
    """As ``probe``, with how the index was made."""
    limits = limits or IndexLimits()
    with opened(path) as film:
        how = showing(film)
        found = index_of(film, partial(opened, path), limits=limits)
        lacking = 0 if found.missing else bytes_missing(path)
        if lacking:
            length = found.index.end_seconds - float(found.index.seconds[0])
            why = (
                f"The file breaks off {length:.2f} s after its first frame: {lacking:,} bytes are missing."
            )
            found = replace(found, missing=why)
        return _facts(film, how, found), found


def pictures(path: Source, index: FrameIndex, frames: Sequence[int]) -> Iterator[tuple[int, Picture]]:
    """The pictures of ``frames`` (numbers of ``index``, rising), each with its number.

    Goes to the keyframe before a frame where that is cheaper than reading on. A frame that can't be
    decoded whole is left out. Raises ``SourceError`` where the film can't be opened any more.
    """
    wanted = np.unique(np.asarray(frames, dtype=np.int64))
    if len(wanted) == 0:
        return
    if wanted[0] < 0 or wanted[-1] >= len(index):
        raise SourceError(f"The video has frames 0 to {len(index) - 1:,}; others were asked for.")
    start = 0
    try:
        if index.ambiguous:
            raise _SeekFailedError
        with opened(path) as film:
            maker = PictureMaker(film)
            for number, picture in _converted(maker, _sought(film, index, wanted)):
                start = number + 1
                if picture is not None:
                    yield number, picture
            return
    except _SeekFailedError:
        pass
    with opened(path) as film:
        maker = PictureMaker(film)
        for number, picture in _converted(maker, _read_on(film, index, wanted[wanted >= start])):
            if picture is not None:
                yield number, picture


def cut(
    path: Source,
    *,
    seconds: float | None = None,
    frame: int | None = None,
    crop: Sequence[int] | None = None,
) -> Picture:
    """One picture of a film, or of a repacked stretch of one, cropped.

    ``seconds`` is the frame's own time (the nearest frame is taken, at most half a frame away); else
    ``frame`` its number in this file, which costs a look at the whole index. Times are the same in a film
    and in its stretches; in a film whose times are ambiguous they name no frame. Raises ``SourceError``
    where there is no such frame.
    """
    if (seconds is None) == (frame is None):
        raise ValueError("either seconds or frame")
    if seconds is None:
        assert frame is not None
        _, index = probe(path)
        if not 0 <= frame < len(index):
            raise SourceError(f"The video has frames 0 to {len(index) - 1:,}, no frame {frame:,}.")
        seconds = float(index.seconds[frame])
    found = _nearest(path, seconds)
    return _cropped(found, crop)


def _cropped(picture: Picture, crop: Sequence[int] | None) -> Picture:
    if crop is None:
        return picture
    x0, y0, x1, y1 = crop
    height, width = picture.shape[:2]
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise SourceError(f"The box {tuple(crop)} is not within the picture of {width} by {height} pixels.")
    return np.ascontiguousarray(picture[y0:y1, x0:x1])


class _SeekFailedError(Exception):
    """A seek led elsewhere: the film is read from its beginning instead."""


_Chosen = tuple[int, VideoFrame | None]
"""A number, and its frame where that is sound."""


def _converted(maker: PictureMaker, frames: Iterator[_Chosen]) -> Iterator[tuple[int, Picture | None]]:
    """The pictures of ``frames``: each is made while the next frame is being decoded, as both take long."""
    with ThreadPoolExecutor(1) as beside:
        made: tuple[int, Future[Picture | None]] | None = None
        for count, (number, frame) in enumerate(frames):
            if count and count % _TOGETHER == 0:
                # A frame whose side data was asked for refers to itself: nothing else would let go of it
                # soon, and memory would grow with the film.
                gc.collect()
            before, made = made, (number, beside.submit(_picture, maker, frame))
            if before is not None:
                yield before[0], before[1].result()
        if made is not None:
            yield made[0], made[1].result()


def _picture(maker: PictureMaker, frame: VideoFrame | None) -> Picture | None:
    return None if frame is None else maker.picture(frame)


def _sought(film: Film, index: FrameIndex, wanted: NDArray[np.int64]) -> Iterator[_Chosen]:
    """The frames ``wanted``, by seeks."""
    keys = np.flatnonzero(index.keyframe)
    frames, ahead = _numbered(film, index), None
    for target in wanted.tolist():
        film.needed_from = film.ticks(float(index.seconds[target])) - 1
        if target == wanted[0]:
            ahead = next(frames, None)
        before = keys[: np.searchsorted(keys, target, side="right")]
        key = int(before[-1]) if len(before) else 0
        if ahead is None or key > ahead[0] + _CHEAP:
            frames, ahead = _landed(film, index, key=key, target=target)
        while ahead is not None and ahead[0] < target:
            ahead = next(frames, None)
        if ahead is None or ahead[0] != target:
            raise _SeekFailedError
        yield target, ahead[1] if ahead[2] else None


_Numbered = tuple[int, VideoFrame, bool]


def _landed(
    film: Film, index: FrameIndex, *, key: int, target: int
) -> tuple[Iterator[_Numbered], _Numbered]:
    """The frames from the keyframe ``key`` on, or from one before it: a format may seek roughly."""
    for earlier in EARLIER:
        try:
            film.seek(float(index.seconds[key]) - earlier)
        except OSError as exc:
            raise _SeekFailedError from exc
        frames = _numbered(film, index)
        first = next(frames, None)
        if first is not None and first[0] <= target and index.keyframe[first[0]]:
            return frames, first
    raise _SeekFailedError


def _numbered(film: Film, index: FrameIndex) -> Iterator[_Numbered]:
    """The frames from where the film stands: number, frame, and whether it is sound."""
    last = -1
    sound = _Soundness(film)
    for frame in film.frames():
        if frame.pts is None:
            raise _SeekFailedError
        good = sound.of(frame)
        number = _at(index, film.seconds(frame.pts))
        if number is not None and number > last:
            last = number
            yield number, frame, good


class _Soundness:
    """Tells frames that decoded whole from others: after damage none is sound up to the next keyframe, as
    what is damaged is copied on, and differently so wherever decoding began."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._troubles = film.troubles
        self._spoilt = False

    def of(self, frame: VideoFrame) -> bool:
        """Whether ``frame``, the next one, is sound."""
        damaged = frame.is_corrupt or self._film.troubles > self._troubles
        self._troubles = self._film.troubles
        self._spoilt = damaged or (self._spoilt and not frame.key_frame)
        return not self._spoilt


def _read_on(film: Film, index: FrameIndex, wanted: NDArray[np.int64]) -> Iterator[_Chosen]:
    """The frames ``wanted``, by decoding all frames up to the last of them."""
    left = set(wanted.tolist())
    sound = _Soundness(film)
    for seconds, frame in Walk(film):
        good = sound.of(frame)
        number = _at(index, seconds)
        if number is not None and number in left:
            left.discard(number)
            yield number, frame if good else None
        if not left:
            return


def _at(index: FrameIndex, seconds: float) -> int | None:
    """The number of the frame that has this very time."""
    place = int(np.searchsorted(index.seconds, seconds - _EQUAL))
    if place < len(index) and abs(float(index.seconds[place]) - seconds) <= _EQUAL:
        return place
    return None


def _nearest(path: Source, seconds: float) -> Picture:
    """The picture of the frame whose time is nearest to ``seconds``."""
    picture = _exactly(path, seconds)
    if picture is not None:
        return picture
    for earlier in (*EARLIER, None):
        with opened(path) as film:
            maker = PictureMaker(film)
            try:
                if earlier is not None:
                    film.seek(seconds + SAME_TIME - earlier)
                found = _nearest_of(film, seconds, sought=earlier is not None)
            except (_SeekFailedError, OSError):
                continue
            picture = None if found is None else maker.picture(found)
            break
    if picture is None:
        raise SourceError(
            f"The video has no sound frame at {seconds:.3f} s.",
            remedy="Give the file that the frame was taken from.",
        )
    return picture


def _exactly(path: Source, seconds: float) -> Picture | None:
    """The picture of the frame of that very time, taken as ``pictures`` takes it: damage in frames that it
    isn't foretold from is passed by. ``None`` where it takes a longer search."""
    with opened(path) as film:
        maker = PictureMaker(film)
        film.needed_from = film.ticks(seconds - SAME_TIME) - 1
        sound = _Soundness(film)
        try:
            film.seek(seconds + SAME_TIME)
            for number, (time, frame) in enumerate(_stated(film)):
                good = sound.of(frame)
                if time > seconds + SAME_TIME or not (number or frame.key_frame):
                    return None
                if time >= seconds - SAME_TIME:
                    return maker.picture(frame) if good else None
        except (_SeekFailedError, OSError):
            pass
    return None


def _nearest_of(film: Film, seconds: float, *, sought: bool) -> VideoFrame | None:
    """The frame nearest to ``seconds``, if it is at most half a frame away and sound. After a seek the film
    must stand at a keyframe before that time."""
    before: tuple[float, VideoFrame, bool] | None = None
    sound = _Soundness(film)
    for time, frame in _stated(film) if sought else Walk(film):
        good = sound.of(frame)
        if sought and before is None and (time > seconds + SAME_TIME or not frame.key_frame):
            raise _SeekFailedError
        if time <= seconds:
            before = (time, frame, good)
            continue
        gap = time - before[0] if before else 2 * SAME_TIME
        if before is not None and seconds - before[0] <= time - seconds:
            return before[1] if before[2] else None
        return frame if good and time - seconds <= max(gap / 2, SAME_TIME) else None
    if before is None:
        if sought:
            raise _SeekFailedError
        return None
    near = seconds - before[0] <= max(_seconds_of(before[1]) / 2, SAME_TIME)
    return before[1] if near and before[2] else None


def _stated(film: Film) -> Iterator[tuple[float, VideoFrame]]:
    """The frames from where the film stands, with the times that they state; none whose time goes back."""
    last = -np.inf
    for frame in film.frames():
        if frame.pts is None:
            raise _SeekFailedError
        seconds = film.seconds(frame.pts)
        if seconds > last:
            last = seconds
            yield seconds, frame


def _seconds_of(frame: VideoFrame) -> float:
    """How long a frame is shown, as it says itself."""
    base = frame.time_base
    return float(frame.duration * base) if base and frame.duration else 0.0


def _facts(film: Film, how: Showing, found: Indexed) -> VideoFacts:
    width, height = how.turned(found.turn)
    index = found.index
    length = index.end_seconds - float(index.seconds[0])
    notes = [note for note in (how.note, *found.notes) if note]
    if found.turn.mirrored:
        notes.append("Its pictures are mirrored for showing.")
    metadata = {name.casefold(): value for name, value in film.container.metadata.items()}
    return VideoFacts(
        title=_line(metadata.get("title", "")),
        comment=_line(metadata.get("comment", "") or metadata.get("description", "")),
        container=film.format,
        codec=film.stream.codec_context.name,
        width=width,
        height=height,
        coded_width=film.width,
        coded_height=film.height,
        rotation=found.turn.rotation,
        pixel_aspect=how.pixel_aspect,
        rate=len(index) / length if length > 0 else 0.0,
        variable_rate=_varies(index),
        sound=has_sound(film.container),
        partial=bool(found.missing),
        reason=found.missing,
        notes=tuple(dict.fromkeys(notes)),
    )


def _varies(index: FrameIndex) -> bool:
    gaps = np.diff(index.seconds)
    if len(gaps) < 2:
        return False
    usual = float(np.median(gaps))
    return bool(np.any(np.abs(gaps - usual) > _VARIES * usual + SAME_TIME))


def _line(text: str) -> str:
    """A text of the container as one line that can be stored and shown."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(shown.split())[:500]
