"""The sound of a video as numbers: one channel at a given rate, a piece at a time, with its times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.stream import Discard, Disposition
from numpy.typing import NDArray

from grandrounds.errors import SourceError
from grandrounds.videos.container_open import opened

LONGEST_SECONDS = 24 * 3600
"""Sound beyond this is left unheard."""

_BAND = (250.0, 3500.0)
"""Hertz that carry speech: about what a telephone carries (300 to 3,400)."""

_LEVEL_RATE = 8000
_QUIETEST = 1e-10
_BAD_FRAMES = 500
_SLACK = 0.05  # seconds by which a time stamp may differ before sound is taken to be missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """How loud the band of speech is. ``decibels[k]`` is for ``step`` seconds from ``first + k * step``,
    relative to full scale."""

    first: float
    step: float
    decibels: NDArray[np.float64]


def pieces(path: Path, *, rate: int) -> Iterator[tuple[float, NDArray[np.int16]]]:
    """The sound at ``path`` as one channel of 16 bits, ``rate`` values a second: pieces in order of time,
    with the time of the first value of each. Nothing for a film without sound.

    Raises ``SourceError`` where the file can't be opened as a video. Where sound breaks off, it ends.
    """
    with opened(path) as film:
        stream = _sound_of(film.container)
        if stream is None:
            return
        for other in film.container.streams:
            other.discard = Discard.default if other.index == stream.index else Discard.all
        stream.codec_context.thread_count = 1
        yield from _resampled(film.container, stream, rate)


def levels(path: Path, *, step: float = 0.05) -> Levels | None:
    """How loud the band of speech is over time; ``None`` for a film without sound."""
    size = round(step * _LEVEL_RATE)
    bins = np.fft.rfftfreq(size, 1 / _LEVEL_RATE)
    band = (bins >= _BAND[0]) & (bins <= _BAND[1])
    first: float | None = None
    rest = np.zeros(0, dtype=np.int16)
    found: list[NDArray[np.float64]] = []
    for seconds, values in continuous(pieces(path, rate=_LEVEL_RATE), _LEVEL_RATE):
        first = seconds if first is None else first
        rest = np.concatenate([rest, values])
        whole = len(rest) // size
        if whole:
            blocks = rest[: whole * size].reshape(whole, size).astype(np.float64) / 32768.0
            power = np.abs(np.fft.rfft(blocks, axis=1))[:, band] ** 2
            found.append(10 * np.log10(power.sum(axis=1) * 2 / size**2 + _QUIETEST))
            rest = rest[whole * size :]
    if first is None or not found:
        return None
    return Levels(first=first, step=step, decibels=np.concatenate(found))


def continuous(
    parts: Iterator[tuple[float, NDArray[np.int16]]], rate: int
) -> Iterator[tuple[float, NDArray[np.int16]]]:
    """The same with silence where sound is missing, and nothing twice."""
    expected: float | None = None
    for seconds, values in parts:
        if expected is None:
            yield seconds, values
            expected = seconds + len(values) / rate
            continue
        gap = seconds - expected
        if gap > _SLACK:
            missing = min(round(gap * rate), LONGEST_SECONDS * rate)
            while missing > 0:
                count = min(missing, 600 * rate)
                yield expected, np.zeros(count, dtype=np.int16)
                expected += count / rate
                missing -= count
        elif gap < -_SLACK:
            twice = min(round(-gap * rate), len(values))
            values = values[twice:]  # noqa: PLW2901 - what was heard already is cut off
        if len(values):
            yield expected, values
            expected += len(values) / rate


def _resampled(container: Any, stream: Any, rate: int) -> Iterator[tuple[float, NDArray[np.int16]]]:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    at: float | None = None
    begin: float | None = None
    for frame in _decoded(container, stream):
        stamp = None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
        if stamp is not None and (at is None or abs(stamp - at) > _SLACK):
            at = stamp
        at = 0.0 if at is None else at
        begin = at if begin is None else begin
        if at - begin > LONGEST_SECONDS:
            return
        try:
            made = resampler.resample(frame)
        except (FFmpegError, ValueError):
            # Another rate or number of channels from here on: the resampler fits one only.
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
            try:
                made = resampler.resample(frame)
            except (FFmpegError, ValueError):
                continue
        for part in made:
            values = part.to_ndarray().reshape(-1).astype(np.int16, copy=False)
            yield at, values
            at += len(values) / rate
    try:
        left = resampler.resample(None)
    except (FFmpegError, ValueError):
        return
    for part in left:
        values = part.to_ndarray().reshape(-1).astype(np.int16, copy=False)
        if len(values) and at is not None:
            yield at, values
            at += len(values) / rate


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """The frames of sound, to where the file breaks off; what can't be decoded is passed over."""
    packets = container.demux(stream)
    bad = 0
    while True:
        try:
            packet = next(packets, None)
        except (FFmpegError, OSError):
            return
        if packet is None:
            return
        try:
            yield from stream.codec_context.decode(packet if packet.size else None)
        except EOFError:
            return
        except (FFmpegError, ValueError):
            bad += 1
            if bad > _BAD_FRAMES:
                return


def _sound_of(container: Any) -> Any:
    """The track that is heard when nobody chooses; ``None`` without one."""
    tracks = [one for one in container.streams.audio if one.codec_context is not None]
    if not tracks:
        return None
    return max(tracks, key=lambda one: (bool(one.disposition & Disposition.default), -one.index))


def wav(values: NDArray[np.int16], *, rate: int) -> bytes:
    """A WAVE file of one channel. Raises ``SourceError`` where it would be too long for one."""
    import io
    import wave

    if len(values) * 2 > 0xFFFF_0000:
        raise SourceError("The sound is too long for one file.", remedy="Cut it.")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(values.astype("<i2").tobytes())
    return buffer.getvalue()
