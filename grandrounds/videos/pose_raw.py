"""What readers of tables of key points hand over, whatever the format: names, times or frames, places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grandrounds.errors import SourceError

PIXELS, SHARES, METRES, UNKNOWN = "pixels", "shares", "metres", "unknown"
"""Units: ``shares`` are of the picture's width and height; ``unknown`` is found out by the numbers."""

LEAST_CONFIDENCE = 0.3
"""A point below this is unseen: what pose models give for points that they guess."""

MOST_POINTS = 300
MOST_ROWS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPose:
    """A table as its file states it: ``times`` in seconds or ``frames`` (numbers) or neither, ``places``
    [row, point, 2 or 3] with NaN where unseen. ``upward``: whether the second coordinate grows upwards."""

    names: tuple[str, ...]
    times: NDArray[np.float64] | None = None
    frames: NDArray[np.float64] | None = None
    places: NDArray[np.float64]
    unit: str = UNKNOWN
    upward: bool | None = None


def unusable(why: str) -> SourceError:
    """The error for a file that is no table of key points."""
    return SourceError(
        f"It holds no key points: {why}.",
        remedy="Give columns such as left_knee_x, left_knee_y with a time or frame, DeepLabCut's CSV, "
        "COCO's JSON, or TRC.",
    )


def number(value: Any) -> float:
    """A number, or NaN for what is none, is missing or infinite."""
    if value is None or isinstance(value, bool):
        return float("nan")
    try:
        told = float(value)
    except (TypeError, ValueError, OverflowError):
        text = str(value).strip()
        try:
            told = (
                float(text.replace(",", ".")) if text.count(",") == 1 and "." not in text else float("nan")
            )
        except ValueError:
            return float("nan")
    return told if abs(told) < 1e12 else float("nan")


def seen(
    axes: Sequence[NDArray[np.float64]], confidence: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Places [row, axis] of a point, NaN where it was not seen: no confidence, or at the very origin, where
    some programs put what they did not find."""
    places = np.stack(axes, axis=-1)
    lost = np.isnan(places[:, :2]).any(axis=1) | (places[:, :2] == 0.0).all(axis=1)
    if confidence is not None:
        lost |= confidence < LEAST_CONFIDENCE
    places[lost] = np.nan
    return places


def gathered(
    points: Mapping[str, NDArray[np.float64]],
    *,
    times: NDArray[np.float64] | None = None,
    frames: NDArray[np.float64] | None = None,
    unit: str = UNKNOWN,
    upward: bool | None = None,
) -> RawPose:
    """A table of ``points``: name to places [row, axis]. ``SourceError`` for fewer than two points."""
    if len(points) < 2:
        raise unusable("fewer than two points have both coordinates")
    if len(points) > MOST_POINTS:
        raise unusable(f"it has {len(points)} points, more than {MOST_POINTS}")
    axes = min(places.shape[1] for places in points.values())
    stacked = np.stack([places[:, :axes] for places in points.values()], axis=1)
    return RawPose(
        names=tuple(points), times=times, frames=frames, places=stacked, unit=unit, upward=upward
    )
