"""Boxes, volumes, centroids, extents, the largest slice, and RECIST diameters of a structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grandrounds.measure import citations, quality
from grandrounds.measure.axes import FRONT, RIGHT, UP, Point, Reals, point
from grandrounds.measure.measurement import Measurement, Quantity, measured, not_measurable
from grandrounds.measure.structure import Mask, Structure

RECIST_SLICE_MM = 5.0
AXIAL_DEGREES = 15.0
LARGEST_VOLUME_ML = 50_000.0
LARGEST_LENGTH_MM = 2_500.0
_FLAT = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes2D:
    """The two diameters of a structure in one axial slice: ends in world mm, lengths in mm.

    ``slice_index`` counts along array axis ``slice_axis``.
    """

    slice_axis: int
    slice_index: int
    long_mm: float
    short_mm: float
    long_ends: tuple[Point, Point]
    short_ends: tuple[Point, Point]


def volume(structure: Structure, *, single: bool = True) -> Measurement:
    """Volume in ml: voxels times the volume of one. ``single`` says that it should be one connected part.

    The uncertainty is half the volume of the voxels on the surface.
    """
    method = "number of voxels times voxel volume"
    if not structure.voxels:
        return not_measurable(
            "volume", "ml", quality.empty(structure), method=method, source=citations.IBSI
        )
    doubts = (
        *quality.cut(structure),
        *quality.few_slices(structure),
        *quality.few_voxels(structure),
        *(quality.in_pieces(structure) if single else ()),
    )
    voxel = structure.grid.voxel_ml
    return measured(
        "volume",
        structure.voxels * voxel,
        "ml",
        doubts=doubts,
        uncertainty=0.5 * quality.surface_voxels(structure.mask) * voxel,
        valid_range=(0.0, LARGEST_VOLUME_ML),
        method=method,
        source=citations.IBSI,
        inputs=(Quantity("voxels", structure.voxels), Quantity("voxel_volume", voxel, "ml")),
    )


def centroid(structure: Structure) -> Measurement:
    """Mean position in world mm (RAS); the mean voxel index is among the inputs."""
    method = "mean of voxel centres"
    if not structure.voxels:
        return not_measurable(
            "centroid", "mm", quality.empty(structure), method=method, source=citations.IBSI
        )
    return measured(
        "centroid",
        structure.centre,
        "mm",
        doubts=quality.cut(structure),
        method=method,
        source=citations.IBSI,
        inputs=(Quantity("voxel", structure.centre_voxel, "voxel"),),
    )


def extent(structure: Structure, world: int) -> Measurement:
    """Size in mm along the patient's right-left (0), front-back (1) or up-down (2) axis.

    From outer face to outer face of the voxels, along the world axis, for oblique grids too.
    """
    name = ("width", "depth", "height")[world]
    method = "largest distance of voxel faces along the patient's axis"
    if not structure.voxels:
        doubt = quality.empty(structure)
        return not_measurable(name, "mm", doubt, method=method, source=citations.DEFINITION)
    along = structure.positions()[:, world]
    voxel = float(np.abs(structure.grid.affine[world, :3]).sum())
    return measured(
        name,
        float(along.max() - along.min()) + voxel,
        "mm",
        doubts=(*quality.cut(structure), *quality.few_slices(structure)),
        uncertainty=voxel / 2,
        valid_range=(0.0, LARGEST_LENGTH_MM),
        method=method,
        source=citations.DEFINITION,
    )


def largest_slice(structure: Structure, world: int = UP) -> Measurement:
    """Index of the slice in which the structure has its largest area, across a world axis.

    ``UP`` gives the axial slice, ``FRONT`` the coronal, ``RIGHT`` the sagittal one, as an index along the
    array axis nearest to it. Where areas are equal, the slice nearest to the middle of them.
    """
    if world not in (RIGHT, FRONT, UP):
        raise ValueError(world)
    name, method = "largest_slice", "slice with most voxels"
    if not structure.voxels:
        doubt = quality.empty(structure)
        return not_measurable(name, "voxel", doubt, method=method, source=citations.DEFINITION)
    axis = structure.grid.array_axis(world)
    counts = structure.counts[axis]
    best = np.flatnonzero(counts == counts.max())
    index = int(best[(len(best) - 1) // 2])
    steps = [structure.grid.step(other) for other in range(3) if other != axis]
    area = float(np.linalg.norm(np.cross(steps[0], steps[1])))
    return measured(
        name,
        index,
        "voxel",
        doubts=quality.cut(structure),
        method=method,
        source=citations.DEFINITION,
        inputs=(Quantity("array_axis", axis), Quantity("area", float(counts.max()) * area, "mm2")),
    )


def axial_diameters(structure: Structure) -> Axes2D | None:
    """The longest diameter in any axial slice, and the longest one at right angles in that slice.

    Ends lie on the outline of the mask in the slice (midpoints of the faces between inside and outside),
    so a row of n voxels is n voxels long. The short axis is measured on the convex outline.
    ``None`` if empty.
    """
    if not structure.voxels:
        return None
    axis = structure.grid.array_axis(UP)
    mask = np.moveaxis(structure.mask, axis, 0)
    plane = [other for other in range(3) if other != axis]
    box = structure.require_box()
    frame = _in_plane(structure.grid.step(plane[0]), structure.grid.step(plane[1]))
    best: tuple[float, int, Reals, tuple[int, int]] | None = None
    for at in range(mask.shape[0]):
        hull = _hull(_outline(mask[at]) @ frame)
        if len(hull) < 2 or (best and _span(hull) <= best[0]):
            continue
        length, ends = _longest(hull)
        if best is None or length > best[0] + 1e-9:
            best = (length, at, hull, ends)
    if best is None:
        return None
    length, at, hull, ends = best
    short, short_ends = _across(hull, ends)
    origin = [0.0, 0.0, 0.0]
    origin[axis] = box.start[axis] + at
    for other in plane:
        origin[other] = box.start[other]
    base = structure.grid.world(origin)
    to_world = _lift(structure.grid.step(plane[0]), structure.grid.step(plane[1]))
    world = [point(base + spot @ to_world) for spot in (hull[ends[0]], hull[ends[1]], *short_ends)]
    return Axes2D(
        slice_axis=axis,
        slice_index=box.start[axis] + at,
        long_mm=length,
        short_mm=short,
        long_ends=(world[0], world[1]),
        short_ends=(world[2], world[3]),
    )


def long_axis(structure: Structure, *, found: Axes2D | None = None) -> Measurement:
    """RECIST 1.1 longest diameter in the axial plane, in mm."""
    return _diameter("long_axis", structure, found or axial_diameters(structure))


def short_axis(structure: Structure, *, found: Axes2D | None = None) -> Measurement:
    """RECIST 1.1 short axis: longest diameter at right angles to the long axis in its slice, in mm."""
    return _diameter("short_axis", structure, found or axial_diameters(structure))


def _diameter(name: str, structure: Structure, found: Axes2D | None) -> Measurement:
    method = "longest distance on the outline in an axial slice; short axis at right angles to it"
    if found is None:
        return not_measurable(name, "mm", quality.empty(structure), method=method, source=citations.RECIST)
    plane = [axis for axis in range(3) if axis != found.slice_axis]
    return measured(
        name,
        found.long_mm if name == "long_axis" else found.short_mm,
        "mm",
        doubts=(
            *quality.cut(structure),
            *quality.coarse(structure, most_mm=RECIST_SLICE_MM),
            *quality.few_slices(structure, least=2, axis=found.slice_axis),
            *quality.tilted(structure, most_degrees=AXIAL_DEGREES),
            *quality.in_pieces(structure),
        ),
        uncertainty=max(structure.grid.spacing[axis] for axis in plane),
        valid_range=(0.0, LARGEST_LENGTH_MM),
        method=method,
        source=citations.RECIST,
        inputs=(
            Quantity("slice_axis", found.slice_axis),
            Quantity("slice_index", found.slice_index, "voxel"),
            Quantity("from", found.long_ends[0] if name == "long_axis" else found.short_ends[0], "mm"),
            Quantity("to", found.long_ends[1] if name == "long_axis" else found.short_ends[1], "mm"),
        ),
    )


def _in_plane(first: Reals, second: Reals) -> Reals:
    """Rows: the two grid steps in an orthonormal frame of their plane (2 x 2)."""
    along = first / np.linalg.norm(first)
    away = second - (second @ along) * along
    return np.array([[np.linalg.norm(first), 0.0], [second @ along, np.linalg.norm(away)]])


def _lift(first: Reals, second: Reals) -> Reals:
    along = first / np.linalg.norm(first)
    away = second - (second @ along) * along
    return np.array([along, away / np.linalg.norm(away)])


def _outline(mask: Mask) -> Reals:
    """Midpoints of the faces between inside and outside, in voxel coordinates of the slice (n x 2)."""
    padded = np.pad(mask, 1).astype(np.int8)
    down = np.argwhere(np.diff(padded, axis=0)[:, 1:-1] != 0) - np.array([0.5, 0.0])
    right = np.argwhere(np.diff(padded, axis=1)[1:-1] != 0) - np.array([0.0, 0.5])
    return np.concatenate([down, right])


def _hull(points: Reals) -> Reals:
    """Corners of the convex hull, anticlockwise (Andrew's monotone chain)."""
    if len(points) < 3:
        return points
    # Of points with one first coordinate only the outermost can be corners.
    order = points[np.lexsort((points[:, 1], points[:, 0]))]
    key = np.round(order[:, 0], 9)
    ends = np.flatnonzero(np.r_[True, key[1:] != key[:-1], True])
    lower = _chain(order[ends[:-1]])
    upper = _chain(order[ends[1:] - 1][::-1])
    made = [*lower[:-1], *upper[:-1]]
    # Both chains end at corners that may coincide.
    return np.array([spot for n, spot in enumerate(made) if n == 0 or spot != made[n - 1]])


def _chain(points: Reals) -> list[list[float]]:
    # Plain floats: this loop is the slowest part of a diameter.
    kept: list[list[float]] = []
    for spot in points.tolist():
        while len(kept) > 1:
            (ax, ay), (bx, by) = kept[-2], kept[-1]
            if (bx - ax) * (spot[1] - ay) - (by - ay) * (spot[0] - ax) > _FLAT:
                break
            kept.pop()
        kept.append(spot)
    return kept


def _span(hull: Reals) -> float:
    return float(np.linalg.norm(hull.max(axis=0) - hull.min(axis=0)))


def _longest(hull: Reals) -> tuple[float, tuple[int, int]]:
    away = ((hull[:, None] - hull[None]) ** 2).sum(axis=2)
    first, second = divmod(int(np.argmax(np.round(away, 9))), len(hull))
    return float(np.sqrt(away[first, second])), (first, second)


def _across(hull: Reals, ends: tuple[int, int]) -> tuple[float, tuple[Reals, Reals]]:
    """The longest chord of a convex polygon at right angles to the line between two of its corners.

    The chord's length is piecewise linear between corners, so its maximum lies at a corner's position.
    """
    start, stop = hull[ends[0]], hull[ends[1]]
    along = (stop - start) / np.linalg.norm(stop - start)
    away = np.array([-along[1], along[0]])
    flat = np.column_stack([(hull - start) @ along, (hull - start) @ away])
    following = np.roll(flat, -1, axis=0)
    best = (0.0, (start, start))
    for at in flat[:, 0]:
        heights = []
        for (x0, y0), (x1, y1) in zip(flat, following, strict=True):
            if min(x0, x1) <= at <= max(x0, x1):
                heights += [y0, y1] if x0 == x1 else [y0 + (y1 - y0) * (at - x0) / (x1 - x0)]
        low, high = min(heights), max(heights)
        if high - low > best[0]:
            best = (float(high - low), (start + at * along + low * away, start + at * along + high * away))
    return best
