"""Opens pictures that came from anywhere: within limits, and the same whatever their kind of colour."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MAXIMUM_PIXELS = 120_000_000
"""Larger pictures are not decoded; a page scanned at 1200 dpi has about that many pixels."""

_KINDS = ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "JPEG2000")
_WHITE = (255, 255, 255, 255)


def decoded(picture: bytes, *, about: int | None = None) -> Image | None:
    """The first frame of ``picture`` as a reader sees it, in ``RGB``, transparency over white.

    ``about``: the caller needs no more than so many pixels a side, so a JPEG may be decoded smaller (never
    below that). ``None`` for what is no picture, is cut off, or has more than ``MAXIMUM_PIXELS``.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of sizes that the limit here decides on
        try:
            with Image.open(BytesIO(picture), formats=_KINDS) as image:
                if image.width * image.height > MAXIMUM_PIXELS:
                    return None
                if about is not None:
                    image.draft("RGB", (about, about))
                image.load()
                return _as_seen(image)
        except Exception:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
            return None


def _as_seen(image: Image) -> Image:
    """``image`` in RGB. Sixteen-bit greys are scaled to their own range: Pillow would cut them off."""
    from PIL import Image as Images

    if image.mode.startswith(("I", "F")):
        return _grey_of_deep(image)
    if "A" in image.getbands() or "transparency" in image.info:
        over = Images.new("RGBA", image.size, _WHITE)
        over.alpha_composite(image.convert("RGBA"))
        return over.convert("RGB")
    return image.convert("RGB")


def _grey_of_deep(image: Image) -> Image:
    import numpy as np
    from PIL import Image as Images

    values = np.asarray(image, dtype=np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    scaled = np.zeros_like(values) if high <= low else (values - low) * (255.0 / (high - low))
    return Images.fromarray(np.rint(scaled).astype(np.uint8)).convert("RGB")
