"""Angles of joints and heights of points over time, from key points.

An angle is that between the two limbs that meet in a joint, 0 to 180 degrees; a straight knee has 180. Of
points in a picture it is the angle of their projection. Heights are in parts of the body's height, so that
they don't depend on the distance of the camera. The body's height is the trunk's, the thigh's and the
shank's length by the share of it that they have: R. Drillis, R. Contini, "Body Segment Parameters",
New York University 1966 (trunk from shoulder to hip 0.288, thigh 0.245, shank 0.246), which
holds in any posture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grandrounds.videos.pose_raw import METRES
from grandrounds.videos.values import KeyPoints

DEGREES, BODY_HEIGHTS = "degrees", "body_heights"

_JOINTS = {
    "knee": ("hip", "knee", "ankle"),
    "hip": ("shoulder", "hip", "knee"),
    "elbow": ("shoulder", "elbow", "wrist"),
    "shoulder": ("hip", "shoulder", "elbow"),
    "ankle": ("knee", "ankle", "toe"),
}
_SIDES = ("left", "right")
_TRUNK, _THIGH, _SHANK = 0.288, 0.245, 0.246
_LEAST_SEEN = 0.3
_ASIDE = 1.0
_LONG = 90  # percentile: limbs look shorter when they point at the camera, hardly ever longer

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A quantity over time: ``values`` at ``seconds`` (the video's own), NaN where it isn't known.
    ``unit`` is ``degrees`` or ``body_heights``."""

    name: str
    unit: str
    seconds: Values
    values: Values

    def at(self, moment: float, *, within: float = 0.15) -> float | None:
        """The value at a moment, by the nearest ones on either side within a second; ``None`` where none is
        nearer than ``within`` seconds."""
        low = int(np.searchsorted(self.seconds, moment - _ASIDE, side="left"))
        high = int(np.searchsorted(self.seconds, moment + _ASIDE, side="right"))
        times, values = self.seconds[low:high], self.values[low:high]
        known = np.isfinite(values)
        if not known.any() or float(np.abs(times[known] - moment).min()) > within:
            return None
        return float(np.interp(moment, times[known], values[known]))


def signals(points: KeyPoints) -> tuple[Signal, ...]:
    """Every angle and height that the points allow and that is known at 3 of 10 moments at least.

    Angles: knee, hip, elbow, shoulder and ankle of either side. Heights: ``left_wrist_height`` above the
    middle of the hips, ``hip_height`` and ``head_height`` above the lower ankle, ``left_ankle_height``
    above the other ankle where that is lower.
    """
    found = [*_angles(points), *_heights(points)]
    return tuple(
        Signal(name=name, unit=unit, seconds=points.seconds, values=values)
        for name, unit, values in found
        if np.isfinite(values).mean() >= _LEAST_SEEN
    )


def body_height(points: KeyPoints) -> float | None:
    """How tall the body is, in the points' unit; ``None`` where no limb is known."""
    total = share = 0.0
    for upper, lower, part in (
        ("shoulder", "hip", _TRUNK),
        ("hip", "knee", _THIGH),
        ("knee", "ankle", _SHANK),
    ):
        lengths = [
            np.linalg.norm(above - below, axis=1)
            for side in _SIDES
            if (above := _place(points, f"{side}_{upper}")) is not None
            and (below := _place(points, f"{side}_{lower}")) is not None
        ]
        known = np.concatenate(lengths) if lengths else np.zeros(0)
        known = known[np.isfinite(known)]
        if len(known) >= 2:
            total += float(np.percentile(known, _LONG))
            share += part
    return total / share if share and total > 0 else None


def _angles(points: KeyPoints) -> Iterator[tuple[str, str, Values]]:
    for side in _SIDES:
        for joint, parts in _JOINTS.items():
            places = [_place(points, f"{side}_{part}") for part in parts]
            if all(place is not None for place in places):
                one, corner, other = (place for place in places if place is not None)
                yield f"{side}_{joint}_angle", DEGREES, _angle(one - corner, other - corner)


def _angle(one: Values, other: Values) -> Values:
    with np.errstate(invalid="ignore", divide="ignore"):
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        cosine = np.clip((one * other).sum(axis=1) / lengths, -1.0, 1.0)
        return np.asarray(np.where(lengths > 0, np.degrees(np.arccos(cosine)), np.nan), dtype=np.float64)


def _heights(points: KeyPoints) -> Iterator[tuple[str, str, Values]]:
    tall = body_height(points)
    if tall is None:
        return
    up = {name: _upward(points, name) / tall for name in points.names}
    hips = _mean([up[name] for name in ("left_hip", "right_hip") if name in up] or [up.get("mid_hip")])
    ankles = [up[name] for name in ("left_ankle", "right_ankle") if name in up]
    if hips is not None:
        for side in _SIDES:
            if f"{side}_wrist" in up:
                yield f"{side}_wrist_height", BODY_HEIGHTS, up[f"{side}_wrist"] - hips
    if ankles:
        floor = np.fmin.reduce(ankles)
        if hips is not None:
            yield "hip_height", BODY_HEIGHTS, hips - floor
        head = _mean([up[name] for name in ("nose", "head") if name in up])
        if head is not None:
            yield "head_height", BODY_HEIGHTS, head - floor
    if len(ankles) == 2:
        for side, own in zip(_SIDES, ankles, strict=True):
            both = np.isfinite(ankles[0]) & np.isfinite(ankles[1])
            yield f"{side}_ankle_height", BODY_HEIGHTS, np.where(both, own - floor, np.nan)


def _mean(values: list[Values | None]) -> Values | None:
    known = [value for value in values if value is not None]
    return np.mean(known, axis=0) if known else None


def _upward(points: KeyPoints, name: str) -> Values:
    vertical = points.places[:, points.names.index(name), 1]
    return np.asarray(vertical if points.unit == METRES else -vertical, dtype=np.float64)


def _place(points: KeyPoints, name: str) -> Values | None:
    if name not in points.names:
        return None
    return np.asarray(points.places[:, points.names.index(name)], dtype=np.float64)
