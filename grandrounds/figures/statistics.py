"""What can be measured of a picture without knowing what it shows: colours, background, smoothness.

Gates compare it with what a caption says of the picture. All shares are of the pixels of the picture shrunk
to at most 512 pixels a side, by averaging areas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grandrounds.figures.hashes import hash_of
from grandrounds.figures.pixels import decoded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

_SIDE = 512
_COLOURED = 40
"""Between the strongest and the weakest of red, green and blue, of 255: more is a colour. JPEG gives greys
differences of about 10, a scanned page yellowed by age of 30."""
_WHITE, _BLACK = 240, 24
_STEP = 3
"""Neighbours that differ by no more are of one tone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureStatistics:
    """``coloured`` is the share of pixels with a colour, ``chroma`` the mean difference between the
    strongest and the weakest of red, green and blue (0 to 255; a grey picture has 0). ``hue`` is the
    middle, in degrees, of the third of the circle of hues that holds most of the coloured pixels (0 red,
    120 green, 240 blue), ``tint`` the share of them in it; both 0 without colours. ``brightness`` is the
    mean, 0 to 255; ``white`` and ``black`` are shares; ``flat`` is the share of pixels like both their
    right and their lower neighbour; ``tones`` the number of brightness levels, of 64, that at least one
    pixel in 500 has."""

    width: int
    height: int
    perceptual_hash: str
    coloured: float
    chroma: float
    hue: float
    tint: float
    brightness: float
    white: float
    black: float
    flat: float
    tones: int

    @property
    def drawn(self) -> bool:
        """Whether it is surely a drawing or chart: large even areas on white, few tones."""
        return self.flat >= 0.85 and self.white >= 0.5 and self.tones <= 24


def statistics_of(picture: bytes) -> PictureStatistics | None:
    """The statistics of an encoded picture; ``None`` for what can't be decoded."""
    image = decoded(picture)
    return None if image is None else measured(image)


def measured(image: Image) -> PictureStatistics:
    """The statistics of a decoded picture."""
    import numpy as np
    from PIL.Image import Resampling

    small = image.copy()
    if max(image.size) > _SIDE:
        factor = _SIDE / max(image.size)
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        small = image.resize(size, Resampling.BOX)
    pixels = np.asarray(small.convert("RGB"), dtype=np.int16)
    high, low = pixels.max(axis=2), pixels.min(axis=2)
    coloured = (high - low) > _COLOURED
    hue, tint = _tint(pixels[coloured])
    return PictureStatistics(
        width=image.width,
        height=image.height,
        perceptual_hash=hash_of(image),
        coloured=float(coloured.mean()),
        chroma=float((high - low).mean()),
        hue=hue,
        tint=tint,
        brightness=float(pixels.mean()),
        white=float((low >= _WHITE).mean()),
        black=float((high <= _BLACK).mean()),
        flat=_flat(pixels),
        tones=_tones(pixels),
    )


def _tint(coloured: NDArray[np.int16]) -> tuple[float, float]:
    """The middle of the fullest third of the circle of hues, and the share of the coloured pixels in it."""
    import numpy as np

    if not len(coloured):
        return 0.0, 0.0
    red, green, blue = (coloured[:, channel].astype(np.float64) for channel in range(3))
    hue = np.degrees(np.arctan2(np.sqrt(3.0) * (green - blue), 2 * red - green - blue)) % 360
    filled = np.bincount((hue // 10).astype(int) % 36, minlength=36)
    around = np.concatenate([filled, filled[:11]])
    sums = [int(around[start : start + 12].sum()) for start in range(36)]
    fullest = max(sums)
    starts = [start for start in range(36) if sums[start] == fullest]
    middle = starts[len(starts) // 2] if starts[-1] - starts[0] < 12 else starts[0]
    return float((middle * 10 + 60) % 360), fullest / len(coloured)


def _flat(pixels: NDArray[np.int16]) -> float:
    import numpy as np

    if pixels.shape[0] < 2 or pixels.shape[1] < 2:
        return 1.0
    here = pixels[:-1, :-1]
    right = np.abs(pixels[:-1, 1:] - here).max(axis=2)
    below = np.abs(pixels[1:, :-1] - here).max(axis=2)
    return float(((right <= _STEP) & (below <= _STEP)).mean())


def _tones(pixels: NDArray[np.int16]) -> int:
    import numpy as np

    grey = pixels.sum(axis=2) // 12
    filled = np.bincount(grey.ravel().astype(int), minlength=64)
    return int((filled * 500 >= grey.size).sum())
