"""Small films made by code, with sound: bursts of a wavering tone where somebody is meant to speak."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE = 16_000


def speech(
    spans: Sequence[tuple[float, float]], seconds: float, *, noise: float = 0.002, seed: int = 1
) -> np.ndarray:
    """A track of ``seconds``: tones that swell four times a second within ``spans``, faint noise elsewhere."""
    times = np.arange(round(seconds * RATE)) / RATE
    track = np.random.default_rng(seed).normal(0.0, noise, len(times))
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * times)
    voice = 0.2 * swell * (np.sin(2 * np.pi * 400 * times) + np.sin(2 * np.pi * 1100 * times))
    for start, end in spans:
        within = (times >= start) & (times < end)
        track[within] += voice[within]
    return track


def film(
    path: Path,
    *,
    seconds: float,
    sound: np.ndarray | None = None,
    shots: Sequence[float] = (),
    rate: int = 10,
    begins: float = 0.0,
) -> Path:
    """Write a film of 64 by 48 pixels whose grey changes at ``shots``; ``sound`` is a track at ``RATE``.

    ``begins`` is the time stamp of its first picture and sound, in seconds.
    """
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=rate)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        track = None
        if sound is not None:
            track = container.add_stream(
                "flac" if path.suffix == ".mkv" else "aac", rate=RATE, layout="mono"
            )
        for number in range(round(seconds * rate)):
            shot = sum(number / rate >= each for each in shots)
            grey = np.full((48, 64, 3), 40 + 37 * shot % 180, dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts = number + round(begins * rate)
            frame.time_base = Fraction(1, rate)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if track is not None and sound is not None:
            values = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
            for at in range(0, len(values), 1024):
                piece = av.AudioFrame.from_ndarray(
                    values[None, at : at + 1024], format="s16", layout="mono"
                )
                piece.sample_rate = RATE
                piece.pts = at + round(begins * RATE)
                piece.time_base = Fraction(1, RATE)
                container.mux(track.encode(piece))
            container.mux(track.encode(None))
    return path
