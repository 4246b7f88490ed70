"""A hash that is alike for pictures that look alike: for duplicates, and for figures printed twice.

The method is the DCT hash of C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash
Functions", diploma thesis, Upper Austria University of Applied Sciences, Hagenberg 2010, section 3.2.1: the
picture is made grey, shrunk to 32 x 32, and transformed (DCT-II); of the 8 x 8 lowest frequencies without
the first row and column (those tell brightness, and light that falls from one side) each gives a bit,
whether it is above their median. Here the picture is shrunk by averaging areas, which does what the
thesis's mean filter is for.

Two pictures of one figure (another size, JPEG quality, a few pixels cut off) differ by few of the 64 bits,
unrelated ones by about 32.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING

from grandrounds.figures.pixels import decoded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

BITS = 64
HASH_VERSION = 1
"""Stands for the method: hashes of two versions can't be compared."""

_DIGITS = frozenset("0123456789abcdefABCDEF")
_SIDE = 32
_KEPT = 8
_ENOUGH = 8 * _SIDE
_NOTHING = 1e-6
"""Frequencies below this share of the strongest are rounding noise: they count as none."""


def perceptual_hash(picture: bytes) -> str:
    """16 hexadecimal digits for the encoded ``picture``; empty for what can't be decoded.

    A picture of one colour throughout has the hash of zeros.
    """
    image = decoded(picture, about=_ENOUGH)
    return "" if image is None else hash_of(image)


def hash_of(image: Image) -> str:
    """The hash of a decoded picture."""
    import numpy as np
    from PIL.Image import Resampling

    small = image.convert("L").resize((_SIDE, _SIDE), Resampling.BOX)
    grey = np.asarray(small, dtype=np.float64)
    wave = _transform()
    low = (wave @ grey @ wave.T)[1 : _KEPT + 1, 1 : _KEPT + 1].ravel()
    strongest = float(np.abs(low).max())
    if strongest < _NOTHING * 255 * _SIDE:
        return "0" * (BITS // 4)
    low = np.where(np.abs(low) < _NOTHING * strongest, 0.0, low)
    above = low > np.median(low)
    return np.packbits(above).tobytes().hex()


def distance(one: str, other: str) -> int:
    """By how many of the 64 bits two hashes differ; 64 where either is empty or no hash, so that unreadable
    pictures are never taken for alike."""
    if len(one) != BITS // 4 or len(other) != BITS // 4:
        return BITS
    try:
        return (int(one, 16) ^ int(other, 16)).bit_count()
    except ValueError:
        return BITS


def near_pairs(hashes: Sequence[str], *, bits: int, linked: bool = False) -> list[tuple[int, int]]:
    """The pairs of places (the smaller first, sorted) whose hashes differ by at most ``bits``.

    What is no hash is like nothing. ``linked``: enough pairs to know what hangs together, so that a logo on
    a thousand pages makes a thousand pairs and not half a million. Compares every two different hashes.
    """
    import numpy as np

    places: dict[int, list[int]] = {}
    for place, told in enumerate(hashes):
        if len(told) == BITS // 4 and set(told) <= _DIGITS:
            places.setdefault(int(told, 16), []).append(place)
    values = np.array(list(places), dtype=np.uint64)
    alike = list(places.values())
    pairs: list[tuple[int, int]] = []
    for at, own in enumerate(alike):
        pairs += ((own[0], other) for other in own[1:]) if linked else combinations(own, 2)
        near = np.flatnonzero(np.bitwise_count(values[at + 1 :] ^ values[at]) <= bits)
        for step in near.tolist():
            others = alike[at + 1 + step]
            pairs += [(own[0], others[0])] if linked else product(own, others)
    return sorted((min(pair), max(pair)) for pair in pairs)


@cache
def _transform() -> NDArray[np.float64]:
    """The orthonormal DCT-II as a matrix: row k holds the k-th cosine."""
    import numpy as np

    places = np.arange(_SIDE)
    waves = np.cos(np.pi * (2 * places[None, :] + 1) * places[:, None] / (2 * _SIDE))
    waves *= np.sqrt(2 / _SIDE)
    waves[0] /= np.sqrt(2)
    scaled: NDArray[np.float64] = waves
    return scaled
