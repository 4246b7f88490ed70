"""Vertebral bodies: endplates and walls from a mask, heights, height loss, deformity and Genant's grade.

The mask must hold the body alone: with pedicles and arch, walls and heights mean nothing. Corners are found
where the endplates, followed outwards, meet the front and back wall, so that rounded edges and osteophytes
do not shift them; partial voxels at edges are shared out by overlap, so that the grid does not show in the
heights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grandrounds.measure import citations, quality
from grandrounds.measure.axes import Point, Reals, point
from grandrounds.measure.measurement import (
    COARSE,
    FEW_VOXELS,
    MISSING,
    SHAPE,
    Doubt,
    MeasureError,
    Measurement,
    Quantity,
    measured,
    not_measurable,
)
from grandrounds.measure.structure import Structure

COARSEST_MM = 2.0
HEIGHT_RANGE = (4.0, 60.0)
GRADES = ((20.0, 0), (25.0, 1), (40.0, 2))
"""Genant: loss below 20 % is grade 0, up to 25 % grade 1, up to 40 % grade 2, above grade 3."""

_ROUNDS = 8
_LEAST_BINS = 5
_PARABOLA_BINS = 15
_ROUNDED_EDGE = 0.1
# Equal sums differ in their last digits with the order of voxels; choices must not.
_TIE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLandmarks:
    """Points of a vertebral body in world mm, in its own mid-sagittal and mid-coronal planes.

    ``resolution`` is the voxel's reach in mm along the body's height (0 for points set by hand). Left and
    right are the patient's; they may be missing when only a sagittal image was marked.
    """

    name: str
    back_top: Point
    back_bottom: Point
    middle_top: Point
    middle_bottom: Point
    front_top: Point
    front_bottom: Point
    left_top: Point | None = None
    right_top: Point | None = None
    left_bottom: Point | None = None
    right_bottom: Point | None = None
    resolution: float = 0.0
    doubts: tuple[Doubt, ...] = ()


def body_landmarks(
    body: Structure, *, up: Sequence[float] = (0, 0, 1), front: Sequence[float] = (0, 1, 0)
) -> BodyLandmarks | Doubt:
    """The landmarks of a vertebral body's mask, or the doubt for which there are none.

    ``up`` is roughly towards the head (the course of the spine; within 45 degrees is enough: the endplates
    themselves set it), ``front`` towards the front. Give ``front`` as the body's centre minus that of the
    whole vertebra where the spine is rotated.
    """
    if not body.voxels:
        return quality.empty(body)
    places = body.positions()
    centre = places.mean(axis=0)
    frame = _frame(np.asarray(up, dtype=np.float64), np.asarray(front, dtype=np.float64))
    profiles: tuple[_Profile, _Profile] | None = None
    for _ in range(_ROUNDS):
        local = (places - centre) @ frame.T
        reach = np.abs(frame @ body.grid.affine[:3, :3]).sum(axis=1)
        sagittal = _profile(local, reach, along=1, across=0, voxel=body.grid.voxel_ml * 1000)
        coronal = _profile(local, reach, along=0, across=1, voxel=body.grid.voxel_ml * 1000)
        if sagittal is None or coronal is None:
            return Doubt(FEW_VOXELS, f"{body.name} is too small to find its endplates")
        profiles = (sagittal, coronal)
        tilt = frame[2] - sagittal.tilt() * frame[1] - coronal.tilt() * frame[0]
        turned = _frame(tilt, np.asarray(front, dtype=np.float64))
        if np.abs(turned - frame).max() < 1e-4:
            break
        frame = turned
    assert profiles is not None
    return _points(body, frame, centre, profiles, float(reach[2]))


def heights(landmarks: BodyLandmarks) -> tuple[Measurement, Measurement, Measurement]:
    """Front, middle and back height in mm: distances between upper and lower landmark."""
    pairs = (
        ("front_height", landmarks.front_top, landmarks.front_bottom),
        ("middle_height", landmarks.middle_top, landmarks.middle_bottom),
        ("back_height", landmarks.back_top, landmarks.back_bottom),
    )
    made = tuple(
        measured(
            name,
            float(np.linalg.norm(np.subtract(top, bottom))),
            "mm",
            doubts=landmarks.doubts,
            uncertainty=landmarks.resolution / 2,
            valid_range=HEIGHT_RANGE,
            method="distance between upper and lower landmark of the vertebral body",
            source=citations.MORPHOMETRY,
            inputs=(Quantity("top", top, "mm"), Quantity("bottom", bottom, "mm")),
        )
        for name, top, bottom in pairs
    )
    return made[0], made[1], made[2]


def height_loss(
    found: Sequence[Measurement], *, reference_mm: float | None = None, lumbar_wedge: bool = False
) -> Measurement:
    """The largest loss of height in percent, and of which kind: wedge, biconcave or crush.

    ``found`` are front, middle and back height as ``heights`` gives them. Wedge compares front with back,
    biconcave the middle with the back (with the lower of front and back where ``lumbar_wedge`` says that
    the back is naturally lower, as at L5), crush the back with ``reference_mm``, the expected height (the
    mean of intact neighbours). Without a reference a body crushed evenly can't be seen, and
    ``reference_height`` is missing among the inputs.
    """
    name, method = "height_loss", "largest of wedge, biconcave and crush loss"
    source = citations.GENANT
    absent = [one for one in found if one.value is None]
    if absent or len(found) != 3:
        doubts = [doubt for one in absent for doubt in one.doubts] or [
            Doubt(MISSING, "a height is missing")
        ]
        return not_measurable(name, "%", *doubts, method=method, source=source)
    front, middle, back = (one.number for one in found)
    if min(front, middle, back) <= 0:
        return not_measurable(name, "%", Doubt(SHAPE, "a height is 0"), method=method, source=source)
    base = min(front, back) if lumbar_wedge else back
    losses = {"wedge": 0.0 if lumbar_wedge else 1 - front / back, "biconcave": 1 - middle / base}
    if reference_mm is not None:
        losses["crush"] = 1 - back / reference_mm
    kind = max(losses, key=lambda one: losses[one])
    loss = 100 * max(losses[kind], 0.0)
    wide = max(one.uncertainty or 0.0 for one in found)
    return measured(
        name,
        loss,
        "%",
        doubts=[doubt for one in found for doubt in one.doubts],
        uncertainty=100 * wide / back,
        valid_range=(0.0, 95.0),
        method=method,
        source=source,
        inputs=(
            Quantity("kind", kind if loss > 0 else "none"),
            Quantity("front_height", front, "mm"),
            Quantity("middle_height", middle, "mm"),
            Quantity("back_height", back, "mm"),
            *((Quantity("reference_height", reference_mm, "mm"),) if reference_mm is not None else ()),
        ),
    )


def genant_grade(loss_percent: float) -> int:
    """Genant's grade 0 to 3 of a loss of height in percent (``GRADES``)."""
    if loss_percent < GRADES[0][0]:
        return 0
    return next((grade for limit, grade in GRADES[1:] if loss_percent <= limit), 3)


@dataclass(frozen=True, slots=True, eq=False)
class _Profile:
    """Height and mid-height of the body in bins along one direction; bins are of equal width."""

    at: Reals
    height: Reals
    middle: Reals
    low: float
    high: float

    def tilt(self) -> float:
        """Slope of the mid-height between the walls."""
        within = self._inner()
        return float(np.polyfit(self.at[within], self.middle[within], 1)[0])

    def edge(self, share: float) -> tuple[float, float, float]:
        """Position, lower and upper surface at a share of the way from the low to the high wall.

        At 0 and 1 the endplates, without their rounded edges, are followed to the wall: by a parabola, as
        endplates are hollow, or by a line through the nearer half where bins are few. Between, the profile
        is read.
        """
        place = self.low + share * (self.high - self.low)
        if share in (0.0, 1.0):
            height, middle = self._follow(self.height, place), self._follow(self.middle, place)
        else:
            height = float(np.interp(place, self.at, self.height))
            middle = float(np.interp(place, self.at, self.middle))
        return place, middle - height / 2, middle + height / 2

    def _follow(self, values: Reals, place: float) -> float:
        within, degree = self._inner(), 2
        if int(within.sum()) < _PARABOLA_BINS:
            near = np.abs(self.at - place) <= (self.high - self.low) / 2 + _TIE
            within, degree = within & near, 1
        return float(np.polyval(np.polyfit(self.at[within], values[within], degree), place))

    def _inner(self) -> npt.NDArray[np.bool_]:
        """Bins whose centres lie off the rounded edges, a tenth of the way in from either wall."""
        off = _ROUNDED_EDGE * (self.high - self.low) - _TIE
        return np.asarray((self.at >= self.low + off) & (self.at <= self.high - off))


def _frame(up: Reals, front: Reals) -> Reals:
    """Rows: right, front, up, at right angles to one another; ``up`` is kept."""
    size = float(np.linalg.norm(up))
    if not (np.isfinite(size) and size > 0 and np.isfinite(front).all()):
        raise MeasureError(
            "The up or front direction has no length.", remedy="Give a direction in world mm."
        )
    top = up / size
    ahead = front - (front @ top) * top
    length = float(np.linalg.norm(ahead))
    ahead = ahead / length if length > 1e-6 else np.cross(top, [1.0, 0.0, 0.0])
    # x is right, y front, z up, as in RAS: right-handed.
    return np.array([np.cross(ahead, top), ahead, top])


def _profile(local: Reals, reach: Reals, *, along: int, across: int, voxel: float) -> _Profile | None:
    """Heights along one direction, in the middle third of the other one."""
    spread = local[:, across]
    slab = max((spread.max() - spread.min() + reach[across]) / 3, float(reach[across]))
    share = _overlap(spread, reach[across], -slab / 2, slab / 2)
    chosen = share > _TIE
    if not chosen.any():
        return None
    places, weights, ups = local[chosen, along], share[chosen] * voxel, local[chosen, 2]
    width = float(reach[along])
    first, last = places.min() - width / 2, places.max() + width / 2
    bins = max(round((last - first) / width + _TIE), 1)
    if bins < _LEAST_BINS:
        return None
    width = float(last - first) / bins
    mass, moment = np.zeros(bins), np.zeros(bins)
    for at in range(bins):
        part = _overlap(places, reach[along], first + at * width, first + (at + 1) * width) * weights
        mass[at], moment[at] = part.sum(), part @ ups
    height = mass / (slab * width)
    centres = first + (np.arange(bins) + 0.5) * width
    return _walled(centres, height, np.divide(moment, mass, out=np.zeros(bins), where=mass > 0))


def _overlap(places: Reals, reach: float, low: float, high: float) -> Reals:
    """The share of each voxel (of size ``reach`` about its place) that lies between two planes."""
    inside = np.minimum(places + reach / 2, high) - np.maximum(places - reach / 2, low)
    return np.asarray(np.clip(inside, 0.0, None) / reach)


def _walled(at: Reals, height: Reals, middle: Reals) -> _Profile | None:
    """The walls are where the height falls to half of its median."""
    half = float(np.median(height[height > _TIE])) / 2
    tall = np.flatnonzero(height >= half - _TIE)
    width = float(at[1] - at[0])
    low, high = float(at[tall[0]]) - width / 2, float(at[tall[-1]]) + width / 2
    inside = slice(tall[0], tall[-1] + 1)
    if tall[-1] - tall[0] + 1 < _LEAST_BINS:
        return None
    return _Profile(at[inside], height[inside], middle[inside], low, high)


def _points(
    body: Structure, frame: Reals, centre: Reals, profiles: tuple[_Profile, _Profile], reach: float
) -> BodyLandmarks | Doubt:
    sagittal, coronal = profiles

    def world(right: float, ahead: float, top: float) -> Point:
        return point(centre + right * frame[0] + ahead * frame[1] + top * frame[2])

    spots: dict[str, Point] = {}
    for name, share in (("back", 0.0), ("middle", 0.5), ("front", 1.0)):
        place, low, high = sagittal.edge(share)
        spots[f"{name}_bottom"], spots[f"{name}_top"] = world(0, place, low), world(0, place, high)
    for name, share in (("left", 0.0), ("right", 1.0)):
        place, low, high = coronal.edge(share)
        spots[f"{name}_bottom"], spots[f"{name}_top"] = world(place, 0, low), world(place, 0, high)
    doubts = [
        *quality.cut(body),
        *quality.few_slices(body),
        *quality.in_pieces(body),
    ]
    if reach > COARSEST_MM * 1.001:
        words = f"a voxel reaches {reach:.4g} mm along the height of {body.name}, more than {COARSEST_MM:g}"
        doubts.append(Doubt(COARSE, words))
    deep, wide = sagittal.high - sagittal.low, coronal.high - coronal.low
    if not 0.4 <= deep / wide <= 2.0:
        words = f"{body.name} is {deep:.0f} mm deep and {wide:.0f} mm wide: that is no vertebral body alone"
        doubts.append(Doubt(SHAPE, words))
    return BodyLandmarks(name=body.name, resolution=reach, doubts=tuple(doubts), **spots)
