"""Small films made by code, sound and unsound: for the container, the reader, and the mutations of both."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

Draw = Callable[[int], np.ndarray]


def scene(number: int, *, size: tuple[int, int] = (160, 120), seed: int = 1) -> np.ndarray:
    """A textured picture on which a bright disc moves right, and which tells its number by its top row."""
    width, height = size
    rng = np.random.default_rng(seed)
    small = rng.integers(40, 200, (height // 8 + 2, width // 8 + 2, 3)).astype(np.uint8)
    picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    cv2.circle(picture, (20 + 2 * number % width, height // 2), 14, (250, 240, 230), -1)
    return picture


def made(
    target: Path | io.BytesIO,
    *,
    frames: int = 50,
    size: tuple[int, int] = (160, 120),
    codec: str = "libx264",
    rate: int = 25,
    options: Mapping[str, str] | None = None,
    times: Sequence[int] | None = None,
    container: str | None = None,
    draw: Draw | None = None,
    rotation: int = 0,
    pixel_aspect: Fraction | None = None,
    sound: bool = False,
    metadata: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
) -> Any:
    """Write a film. ``times`` are presentation times in thousandths of a second, one a frame."""
    place = str(target) if isinstance(target, Path) else target
    base = Fraction(1, 1000) if times is not None else Fraction(1, rate)
    with av.open(place, "w", format=container, options=dict(container_options or {})) as out:
        out.metadata.update(metadata or {})
        stream = out.add_stream(codec, rate=rate, options=dict(options or {}))
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = base
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation:
            stream.set_display_rotation(rotation)
        track = out.add_stream("aac", rate=16_000, layout="mono") if sound else None
        for number in range(frames):
            picture = (draw or (lambda n: scene(n, size=size)))(number)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = times[number] if times is not None else number
            frame.time_base = base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if track is not None:
            out.mux(_tone(track, frames / rate))
            out.mux(track.encode(None))
    return target


def film_bytes(container: str = "mp4", **how: Any) -> bytes:
    """A film as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        return bytes(made(Path(folder) / "film", container=container, **how).read_bytes())


def only_sound(path: Path) -> Path:
    """A file that could hold a film, and holds sound."""
    with av.open(str(path), "w") as out:
        track = out.add_stream("aac", rate=16_000, layout="mono")
        out.mux(_tone(track, 2.0))
        out.mux(track.encode(None))
    return path


def with_cover(path: Path, *, film: bool) -> Path:
    """Sound with a cover picture; with ``film``, a film besides."""
    with av.open(str(path), "w", format="mp4") as out:
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 320, 320, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        moving = out.add_stream("libx264", rate=25) if film else None
        if moving is not None:
            moving.width, moving.height, moving.pix_fmt = 160, 120, "yuv420p"
        track = out.add_stream("aac", rate=16_000, layout="mono")
        picture = av.VideoFrame.from_ndarray(np.full((320, 320, 3), 90, np.uint8), format="rgb24")
        out.mux(cover.encode(picture))
        out.mux(cover.encode(None))
        for number in range(50 if moving is not None else 0):
            frame = av.VideoFrame.from_ndarray(scene(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            assert moving is not None
            out.mux(moving.encode(frame))
        if moving is not None:
            out.mux(moving.encode(None))
        out.mux(_tone(track, 2.0))
        out.mux(track.encode(None))
    return path


def changing_size(path: Path) -> Path:
    """A transport stream whose pictures get twice as large halfway, as a device's that was switched over."""
    small = film_bytes("mpegts", frames=40, size=(160, 120))
    target = io.BytesIO()
    times = [1680 + 40 * number for number in range(40)]
    made(
        target,
        frames=40,
        size=(320, 240),
        container="mpegts",
        times=times,
        draw=lambda n: scene(n, size=(320, 240)),
    )
    path.write_bytes(small + target.getvalue())
    return path


def absurd_header(size: int) -> bytes:
    """An AVI film whose header claims pictures of ``size`` by ``size`` pixels, which it can't have."""
    data = bytearray(film_bytes("avi", codec="rawvideo", frames=3))
    place = data.index(b"strf") + 8
    data[place + 4 : place + 12] = struct.pack("<ii", size, size)
    return bytes(data)


def absurd_pictures(size: int) -> bytes:
    """A film of JPEG pictures, each of which claims to be ``size`` by ``size`` pixels."""
    data = film_bytes("avi", codec="mjpeg", frames=3)
    begin = data.index(b"\xff\xc0\x00\x11\x08")
    told = data[begin : begin + 9]
    return data.replace(told, told[:5] + struct.pack(">HH", size, size))


def with_box(data: bytes, kind: bytes, body: bytes) -> bytes:
    """An MP4 with one more box at its end."""
    return data + struct.pack(">I4s", 8 + len(body), kind) + body


def _tone(track: Any, seconds: float) -> list[Any]:
    values = (8_000 * np.sin(np.arange(round(seconds * 16_000)) / 7)).astype(np.int16)
    packets = []
    for at in range(0, len(values), 1024):
        piece = av.AudioFrame.from_ndarray(values[None, at : at + 1024], format="s16", layout="mono")
        piece.sample_rate, piece.pts, piece.time_base = 16_000, at, Fraction(1, 16_000)
        packets += track.encode(piece)
    return packets
