"""Writing films: pictures made by code become a file, the same one each time with the same libraries.

Films are coded by one thread and written without dates, names of programs or random ids. Another version of
a codec may give other bytes for the same pictures; how the film looks stays the same.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

from grandrounds.demo.videos.spoken import Cue, srt

Picture: TypeAlias = NDArray[np.uint8]

RATE = 10
"""Frames a second of most films: enough to follow what moves, and small files."""

_SOUND_RATE = 16_000
_BLOCK = 1024
_FAST: Mapping[str, Mapping[str, str]] = {
    "libx264": {"preset": "medium", "x264-params": "threads=1:deterministic=1"},
    "libvpx-vp9": {"deadline": "good", "cpu-used": "5", "row-mt": "0", "b": "0"},
    "mpeg2video": {"bf": "2"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How a film is packed.

    ``quality`` is the codec's own number (smaller is better; of MPEG-2 thousand bits a second), ``rate``
    frames a second, ``keyframes`` the frames from one keyframe to the next at most. ``times`` are
    thousandths of a second, one a frame, for films of variable rate. ``turned`` is the angle in the
    container's display matrix, counter-clockwise.
    ``told`` are subtitles that go into the file, ``spoken`` the seconds at which a tone is heard.
    """

    container: str = "mp4"
    codec: str = "libx264"
    quality: int = 30
    rate: int = RATE
    keyframes: int = 60
    times: Sequence[int] = ()
    turned: int = 0
    told: Sequence[Cue] = ()
    spoken: Sequence[tuple[float, float]] = ()
    options: Mapping[str, str] = field(default_factory=dict)


def coded(pictures: Iterable[Picture], how: Coding | None = None) -> bytes:
    """The film of ``pictures`` (rows, columns, RGB; sides even) as a file."""
    how = how or Coding()
    target = io.BytesIO()
    waiting = iter(pictures)
    first = next(waiting)
    with av.open(target, "w", format=how.container, options={"fflags": "+bitexact"}) as out:
        stream = _stream(out, how, first)
        texts = _text_track(out, how.told)
        sound = _sound_track(out) if how.spoken else None
        base = stream.codec_context.time_base
        count = 0
        for picture in _all(first, waiting):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = how.times[count] if how.times else count, base
            out.mux(stream.encode(frame))
            count += 1
        out.mux(stream.encode(None))
        for packet in texts:
            out.mux(packet)
        if sound is not None:
            for packet in _tones(sound, how.spoken, seconds=count / how.rate):
                out.mux(packet)
    return target.getvalue()


def only_sound(spoken: Sequence[tuple[float, float]], *, seconds: float) -> bytes:
    """A file that could hold a film, and holds tones."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4", options={"fflags": "+bitexact"}) as out:
        track = _sound_track(out)
        for packet in _tones(track, spoken, seconds=seconds):
            out.mux(packet)
    return target.getvalue()


def only_words(told: Sequence[Cue]) -> bytes:
    """A film's container with subtitles and no picture."""
    target = io.BytesIO()
    with av.open(target, "w", format="matroska", options={"fflags": "+bitexact"}) as out:
        for packet in _text_track(out, told):
            out.mux(packet)
    return target.getvalue()


def _all(first: Picture, others: Iterator[Picture]) -> Iterator[Picture]:
    yield first
    yield from others


def _stream(out: Any, how: Coding, first: Picture) -> Any:
    options = {**_FAST.get(how.codec, {}), "g": str(how.keyframes), **how.options}
    if how.codec != "mpeg2video":
        options["crf"] = str(how.quality)
    stream = out.add_stream(how.codec, rate=how.rate, options=options)
    stream.height, stream.width = first.shape[:2]
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, 1000) if how.times else Fraction(1, how.rate)
    context.thread_count = 1
    context.flags |= av.codec.context.Flags.bitexact
    if how.codec == "mpeg2video":
        context.bit_rate = 1000 * how.quality
    if how.turned:
        stream.set_display_rotation(how.turned)
    return stream


def _text_track(out: Any, told: Sequence[Cue]) -> list[Any]:
    """Packets of a track of subtitles; it is made from a SubRip file, as they are kept in Matroska."""
    if not told:
        return []
    with av.open(io.BytesIO(srt(told).encode()), "r", format="srt") as source:
        track = out.add_stream_from_template(source.streams[0])
        track.metadata["language"] = "eng"
        packets = [packet for packet in source.demux() if packet.size]
    for packet in packets:
        packet.stream = track
    return packets


def _sound_track(out: Any) -> Any:
    track = out.add_stream("aac", rate=_SOUND_RATE, layout="mono", options={"b": "16000"})
    track.codec_context.flags |= av.codec.context.Flags.bitexact
    return track


def _tones(track: Any, spoken: Sequence[tuple[float, float]], *, seconds: float) -> Iterator[Any]:
    """Packets of a hum at the pitch of a voice, which swells with every syllable, while somebody speaks."""
    at = np.arange(round(seconds * _SOUND_RATE)) / _SOUND_RATE
    voice = 0.5 * np.sin(2 * np.pi * 420 * at) + 0.3 * np.sin(2 * np.pi * 960 * at)
    loud = np.zeros(len(at))
    for start, end in spoken:
        loud[(at >= start) & (at < end)] = 1.0
    values = (9000 * voice * loud * (0.75 + 0.25 * np.sin(2 * np.pi * 4 * at))).astype(np.int16)
    for begin in range(0, len(values), _BLOCK):
        piece = av.AudioFrame.from_ndarray(
            values[None, begin : begin + _BLOCK], format="s16", layout="mono"
        )
        piece.sample_rate, piece.pts, piece.time_base = _SOUND_RATE, begin, Fraction(1, _SOUND_RATE)
        yield from track.encode(piece)
    yield from track.encode(None)
