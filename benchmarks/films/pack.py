"""Packs pictures as a film, by PyAV; and makes long films of short ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av

from benchmarks.films.canvas import Picture

_TICKS = 90_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Codec with its options; ``suffix`` says which container. ``uneven``: frames are shown for different
    lengths of time, two of three for one tick of the rate and the third for three."""

    codec: str = "libx264"
    suffix: str = ".mp4"
    options: Mapping[str, str] = field(default_factory=dict)
    pixels: str = "yuv420p"
    uneven: bool = False


def pack(pictures: Iterable[Picture], outs: Mapping[Path, Packing], *, rate: int = 25) -> None:
    """Write the pictures as films, one for each packing."""
    with ExitStack() as stack:
        films = [_Film(stack, path, packing, rate) for path, packing in outs.items()]
        for picture in pictures:
            for film in films:
                film.add(picture)
        for film in films:
            film.close()


class _Film:
    def __init__(self, stack: ExitStack, path: Path, packing: Packing, rate: int) -> None:
        self._container = stack.enter_context(av.open(str(path), "w"))
        self._stream = self._container.add_stream(packing.codec, rate=rate, options=dict(packing.options))
        self._stream.pix_fmt = packing.pixels
        self._uneven, self._rate, self._frames, self._ticks = packing.uneven, rate, 0, 0
        if packing.uneven:
            self._stream.codec_context.time_base = Fraction(1, _TICKS)

    def add(self, picture: Picture) -> None:
        if not self._frames:
            self._stream.height, self._stream.width = picture.shape[:2]
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = self._frames, Fraction(1, self._rate)
        if self._uneven:
            frame.pts, frame.time_base = self._ticks, Fraction(1, _TICKS)
            self._ticks += (3 if self._frames % 3 == 2 else 1) * _TICKS // (2 * self._rate)
        self._frames += 1
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode(None))


def repeat(path: Path, out: Path, times: int) -> None:
    """The film ``times`` times one after the other, its packets as they are."""
    with av.open(str(out), "w") as container:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(path)) as source:
                first = source.streams.video[0]
                if stream is None:
                    stream = container.add_stream_from_template(first)
                end = 0
                for packet in source.demux(first):
                    if packet.dts is None or packet.pts is None:
                        continue
                    end = max(end, packet.pts + (packet.duration or 0))
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    container.mux(packet)
                shift += end
