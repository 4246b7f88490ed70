"""The hash of a picture's pixels, however they are packed: what a frame that is cut again must have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grandrounds.fingerprint import sha256_bytes
from grandrounds.videos.values import Picture


def pixels_sha256(picture: Picture) -> str:
    """SHA-256 of ``(height, width, 3)`` as Python writes it, then the RGB bytes row by row."""
    height, width, channels = picture.shape
    return sha256_bytes(f"({height}, {width}, {channels})".encode() + picture.tobytes())


def cropped(picture: Picture, crop: Sequence[int]) -> Picture | None:
    """The part of a picture within a half-open box (x0, y0, x1, y1); ``None`` where that isn't inside."""
    height, width = picture.shape[:2]
    if len(crop) != 4 or not (0 <= crop[0] < crop[2] <= width and 0 <= crop[1] < crop[3] <= height):
        return None
    return np.ascontiguousarray(picture[crop[1] : crop[3], crop[0] : crop[2]])


def packed(picture: Picture) -> bytes:
    """The picture as PNG, which loses nothing. Another version of zlib may make other bytes of it."""
    from grandrounds.textbooks.png import encode

    return encode(picture)
