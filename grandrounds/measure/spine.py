"""Angles, slips and the canal: Cobb angle by two methods, listhesis, narrowest canal diameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from grandrounds.measure import citations, quality
from grandrounds.measure.axes import FRONT, UP, Point, Reals
from grandrounds.measure.levels import rank
from grandrounds.measure.measurement import (
    FEW_SLICES,
    FEW_VOXELS,
    MISSING,
    Doubt,
    MeasureError,
    Measurement,
    Quantity,
    measured,
    not_measurable,
)
from grandrounds.measure.structure import Structure
from grandrounds.measure.vertebra import BodyLandmarks

CORONAL, SAGITTAL = "coronal", "sagittal"
CANAL_RANGE = (2.0, 40.0)
COARSEST_CANAL_MM = 1.5
LEAST_SLIP_PERCENT = 5.0

_AXES = {CORONAL: (0, 2), SAGITTAL: (1, 2)}
_LEAST_CENTROIDS = 4


def cobb_from_endplates(upper: BodyLandmarks, lower: BodyLandmarks, *, plane: str = CORONAL) -> Measurement:
    """Cobb's angle in degrees between the upper endplate of ``upper`` and the lower endplate of ``lower``.

    Endplates are projected on the patient's coronal plane (scoliosis) or sagittal plane (lordosis,
    kyphosis). Not measurable where the landmarks of that plane are missing.
    """
    name, method = "cobb_angle", f"angle between endplates in the {plane} plane"
    top, bottom = _ends(upper, plane, "top"), _ends(lower, plane, "bottom")
    if top is None or bottom is None:
        doubt = Doubt(
            MISSING, f"the endplates of {upper.name} and {lower.name} are not marked in this plane"
        )
        return not_measurable(name, "deg", doubt, method=method, source=citations.COBB)
    tilts = [_tilt(*ends, plane) for ends in (top, bottom)]
    lengths = [float(np.linalg.norm(np.subtract(*ends))) for ends in (top, bottom)]
    open_by = sum(
        np.degrees(np.arctan2(one.resolution / 2, length))
        for one, length in ((upper, lengths[0]), (lower, lengths[1]))
    )
    return measured(
        name,
        _between(tilts[0], tilts[1]),
        "deg",
        doubts=(*upper.doubts, *lower.doubts),
        uncertainty=float(open_by),
        valid_range=(0.0, 150.0),
        method=method,
        source=citations.COBB,
        inputs=(
            Quantity("upper_end", upper.name),
            Quantity("lower_end", lower.name),
            Quantity("upper_tilt", tilts[0], "deg"),
            Quantity("lower_tilt", tilts[1], "deg"),
        ),
    )


def largest_cobb(bodies: Sequence[BodyLandmarks], *, plane: str = CORONAL) -> Measurement:
    """The largest Cobb angle between any two of the bodies, given from head to tail."""
    made = [
        cobb_from_endplates(upper, lower, plane=plane)
        for at, upper in enumerate(bodies)
        for lower in bodies[at + 1 :]
    ]
    found = [one for one in made if one.value is not None]
    if found:
        return max(found, key=lambda one: one.number)
    doubt = Doubt(MISSING, f"{len(bodies)} bodies with endplates are too few for an angle")
    return not_measurable("cobb_angle", "deg", doubt, source=citations.COBB)


def cobb_from_centroids(centres: Mapping[str, Point], *, plane: str = CORONAL) -> Measurement:
    """The largest angle in degrees between two segments that join neighbouring body centres.

    ``centres`` are world mm by level name. This is not the endplate angle: for the same curve it comes out
    smaller, because a segment averages two vertebrae. Compare it with its like only. Needs four levels.
    """
    name, method = "centroid_angle", f"largest angle between centroid segments in the {plane} plane"
    levels = sorted(centres, key=rank)
    if len(levels) < _LEAST_CENTROIDS:
        doubt = Doubt(FEW_VOXELS, f"{len(levels)} centres are visible; the angle needs {_LEAST_CENTROIDS}")
        return not_measurable(name, "deg", doubt, method=method, source=citations.CENTROID_ANGLE)
    across, down = _AXES[plane]
    points = np.array([centres[level] for level in levels], dtype=np.float64)
    steps = np.diff(points[:, [across, down]], axis=0)
    if not (np.abs(steps).max(axis=1) > 0).all():
        raise MeasureError("Two levels have the same centre.", remedy="Check the centroid file.")
    tilts = np.degrees(np.arctan2(steps[:, 0], -steps[:, 1]))
    angles = np.abs((tilts[:, None] - tilts[None] + 180) % 360 - 180)
    first, second = sorted(divmod(int(np.argmax(np.round(angles, 9))), len(tilts)))
    return measured(
        name,
        float(angles[first, second]),
        "deg",
        valid_range=(0.0, 150.0),
        method=method,
        source=citations.CENTROID_ANGLE,
        inputs=(
            Quantity("upper_segment", f"{levels[first]}-{levels[first + 1]}"),
            Quantity("lower_segment", f"{levels[second]}-{levels[second + 1]}"),
        ),
    )


def listhesis(upper: BodyLandmarks, lower: BodyLandmarks) -> Measurement:
    """The slip in mm of ``upper`` on ``lower``: forwards positive, backwards negative.

    The lower back corner of ``upper`` is projected on the upper endplate of ``lower``; the distance from
    that one's back corner is the slip. ``percent`` of the endplate's length is among the inputs.
    """
    base, end = np.array(lower.back_top), np.array(lower.front_top)
    plate = float(np.linalg.norm(end - base))
    if plate <= 0:
        raise MeasureError(
            f"The upper endplate of {lower.name} has no length.", remedy="Check its landmarks."
        )
    slip = float((np.array(upper.back_bottom) - base) @ (end - base)) / plate
    wide = max(upper.resolution, lower.resolution)
    return measured(
        "listhesis",
        slip,
        "mm",
        doubts=(*upper.doubts, *lower.doubts),
        uncertainty=wide,
        valid_range=(-40.0, 60.0),
        method="back corner of the upper body projected on the upper endplate of the lower body",
        source=citations.MEYERDING,
        inputs=(
            Quantity("upper", upper.name),
            Quantity("lower", lower.name),
            Quantity("endplate", plate, "mm"),
            Quantity("percent", 100 * slip / plate, "%"),
        ),
    )


def slip_percent(slip: Measurement) -> Measurement:
    """The size of a slip, forwards or backwards, in percent of the lower endplate."""
    name, method = "slip_percent", "size of the slip over the length of the lower endplate"
    if slip.value is None:
        return not_measurable(name, "%", *slip.doubts, method=method, source=citations.MEYERDING)
    plate = slip.input("endplate")
    assert isinstance(plate, float)
    return measured(
        name,
        100 * abs(slip.number) / plate,
        "%",
        doubts=slip.doubts,
        uncertainty=None if slip.uncertainty is None else 100 * slip.uncertainty / plate,
        valid_range=(0.0, 150.0),
        method=method,
        source=citations.MEYERDING,
        inputs=(
            Quantity("slip", slip.number, "mm"),
            Quantity("endplate", plate, "mm"),
            Quantity("direction", "forwards" if slip.number > 0 else "backwards"),
        ),
    )


def meyerding_grade(percent: float) -> int:
    """Meyerding's grade of a slip in percent: I to 25, II to 50, III to 75, IV to 100, V above.

    0 stands for none: Meyerding names no least slip; below ``LEAST_SLIP_PERCENT`` corners can't tell one.
    """
    size = abs(percent)
    if size < LEAST_SLIP_PERCENT:
        return 0
    return next((grade for grade, limit in enumerate((25, 50, 75, 100), 1) if size <= limit), 5)


def canal_diameter(canal: Structure, *, between: tuple[float, float] | None = None) -> Measurement:
    """The narrowest front-to-back diameter of the canal's mask in mm, at right angles to its course.

    In each axial slice the longest front-to-back chord is taken; the smallest of them counts. The end
    slices of the mask are left out, where it is cut slantwise. ``between`` (world z in mm, any order)
    narrows the slices to one level. The slice's tilt against the canal's course, seen from the
    side, is taken off.
    """
    name, method = (
        "canal_diameter",
        "smallest over slices of the longest front-to-back chord, tilt corrected",
    )
    if not canal.voxels:
        return not_measurable(name, "mm", quality.empty(canal), method=method, source=citations.VERBIEST)
    axis, chord = canal.grid.array_axis(UP), canal.grid.array_axis(FRONT)
    if axis == chord:
        raise MeasureError("The grid has no axial slices.", remedy="Check its affine.")
    table = np.moveaxis(canal.mask, (axis, chord), (0, 1)).sum(axis=1).max(axis=1)
    centres = _slice_centres(canal, axis)
    usable = np.arange(len(table))[1:-1]
    if between is not None:
        low, high = sorted(between)
        usable = usable[(centres[usable, 2] >= low) & (centres[usable, 2] <= high)]
    usable = usable[table[usable] > 0]
    if len(usable) < quality.LEAST_SLICES:
        doubt = Doubt(FEW_SLICES, f"{len(usable)} slices of {canal.name} lie there; it needs 3")
        return not_measurable(name, "mm", doubt, method=method, source=citations.VERBIEST)
    step = float(canal.grid.spacing[chord])
    raw = table[usable] * step
    straight = raw * _cosines(centres)[usable]
    at = int(np.argmin(np.round(straight, 6)))
    doubts = list(quality.in_pieces(canal))
    if step > COARSEST_CANAL_MM:
        doubts += quality.coarse(canal, most_mm=COARSEST_CANAL_MM, axes=(chord,))
    return measured(
        name,
        float(straight[at]),
        "mm",
        doubts=doubts,
        uncertainty=step / 2,
        valid_range=CANAL_RANGE,
        method=method,
        source=citations.VERBIEST,
        inputs=(
            Quantity("slice_axis", axis),
            Quantity("slice_index", int(usable[at]) + canal.require_box().start[axis], "voxel"),
            Quantity("chord_in_slice", float(raw[at]), "mm"),
        ),
    )


def _ends(body: BodyLandmarks, plane: str, side: str) -> tuple[Point, Point] | None:
    names = ("left", "right") if plane == CORONAL else ("back", "front")
    first, second = (getattr(body, f"{name}_{side}") for name in names)
    return None if first is None or second is None else (first, second)


def _tilt(start: Point, stop: Point, plane: str) -> float:
    across, down = _AXES[plane]
    along = np.subtract(stop, start)
    return float(np.degrees(np.arctan2(along[down], along[across])))


def _between(first: float, second: float) -> float:
    return float(abs((first - second + 180.0) % 360.0 - 180.0))


def _slice_centres(structure: Structure, axis: int) -> Reals:
    """World mm of the structure's centre in each slice of its box; interpolated across empty slices."""
    mask = np.moveaxis(structure.mask, axis, 0)
    rest = [other for other in range(3) if other != axis]
    start = structure.require_box().start
    made = np.zeros((mask.shape[0], 3))
    made[:, axis] = np.arange(mask.shape[0]) + start[axis]
    totals = mask.sum(axis=(1, 2))
    seen = np.flatnonzero(totals)
    for place, other in enumerate(rest):
        sums = mask.sum(axis=2 - place) @ np.arange(mask.shape[1 + place])
        made[:, other] = np.interp(np.arange(len(totals)), seen, sums[seen] / totals[seen]) + start[other]
    return structure.grid.world(made)


def _cosines(centres: Reals) -> Reals:
    """Cosine between the canal's course and the up axis in the sagittal plane, per slice.

    The course is a straight line through 20 mm around the slice, so that single voxels do not tilt it.
    """
    ups = centres[:, 2]
    made = np.ones(len(ups))
    for at, here in enumerate(ups):
        near = np.abs(ups - here) <= 10.0
        if near.sum() >= quality.LEAST_SLICES:
            slope = np.polyfit(ups[near], centres[near, 1], 1)[0]
            made[at] = 1.0 / np.hypot(1.0, slope)
    return made


__all__ = [
    "CORONAL",
    "SAGITTAL",
    "canal_diameter",
    "cobb_from_centroids",
    "cobb_from_endplates",
    "largest_cobb",
    "listhesis",
    "meyerding_grade",
    "slip_percent",
]
