"""Little films for tests, made by code: a view that moves over a texture like no other film's. All is fiction."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np

WIDTH, HEIGHT, RATE = 192, 160, 25
STEP = 3
"""Pixels that the scene moves to the left from frame to frame."""


@lru_cache(maxsize=32)
def film(seed: int, *, frames: int = 75, quality: int = 23, codec: str = "libx264") -> bytes:
    """A film as MP4. The same seed gives the same scene, whatever the ``quality``."""
    import av

    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as container:
        stream: Any = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast", "crf": str(quality), "threads": "1"}
        stream.codec_context.gop_size = 20
        for picture in pictures(seed, frames=frames):
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return held.getvalue()


def pictures(seed: int, *, frames: int) -> list[Any]:
    """The pictures of a film before they are coded."""
    import cv2

    rng = np.random.default_rng(seed)
    wide = WIDTH + STEP * frames + 8
    base = np.zeros((HEIGHT, wide, 3), np.float32)
    for scale, weight in ((40, 0.6), (12, 0.3), (4, 0.1)):
        coarse = rng.random((HEIGHT // scale + 3, wide // scale + 3, 3)).astype(np.float32)
        base += weight * cv2.resize(coarse, (wide, HEIGHT), interpolation=cv2.INTER_CUBIC)
    low, high = base.min(), base.max()
    texture = np.clip(20 + 215 * (base - low) / (high - low), 0, 255).astype(np.uint8)
    return [
        np.ascontiguousarray(texture[:, STEP * frame : STEP * frame + WIDTH]) for frame in range(frames)
    ]
