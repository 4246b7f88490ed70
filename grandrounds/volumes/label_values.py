"""The values of a mask: whether there are only whole numbers, which, and how often."""

from __future__ import annotations

from typing import Any

import numpy as np

from grandrounds.records.volume import VolumeLabel
from grandrounds.volumes.geometry import Array

MOST_LABELS = 2_000
_LARGEST = 1 << 20
_CHUNK = 1 << 22


def whole_values(planes: Array) -> np.dtype[Any] | None:
    """The smallest integer type that holds all values of ``planes`` exactly; ``None`` where some value is
    not whole, not finite, or too large to be a label."""
    if planes.dtype.names or planes.dtype.kind not in "iuf":
        return None
    flat = planes.reshape(-1)
    low, high = np.inf, -np.inf
    for start in range(0, len(flat), _CHUNK):
        piece = flat[start : start + _CHUNK]
        if piece.dtype.kind == "f" and not (np.isfinite(piece).all() and (piece == np.rint(piece)).all()):
            return None
        low, high = min(low, float(piece.min())), max(high, float(piece.max()))
    if abs(low) > _LARGEST or abs(high) > _LARGEST:
        return None
    names = ("u1", "i2", "u2", "i4")
    return next((np.dtype(n) for n in names if np.iinfo(n).min <= low and high <= np.iinfo(n).max), None)


def counted(planes: Array) -> dict[int, int]:
    """How many voxels have each value, by value; empty where there are too many values for a mask."""
    counts: dict[int, int] = {}
    flat = planes.reshape(-1)
    for start in range(0, len(flat), _CHUNK):
        piece = flat[start : start + _CHUNK]
        low = int(piece.min())
        if int(piece.max()) - low > _LARGEST:
            return {}
        found = np.bincount((piece.astype(np.int64) - low) if low or piece.dtype != np.uint8 else piece)
        for offset in np.flatnonzero(found):
            value = int(offset) + low
            counts[value] = counts.get(value, 0) + int(found[offset])
        if len(counts) > MOST_LABELS:
            return {}
    return dict(sorted(counts.items()))


def labels(
    counts: dict[int, int], names: dict[int, str], origin: str, *, drawn: str = ""
) -> tuple[VolumeLabel, ...]:
    """The labels of a mask, background (0) left out. ``drawn`` says who drew them all."""
    return tuple(
        VolumeLabel(
            value=value,
            name=names.get(value, ""),
            voxels=voxels,
            origin=origin if value in names else "",
            drawn=drawn,
        )
        for value, voxels in counts.items()
        if value != 0
    )
