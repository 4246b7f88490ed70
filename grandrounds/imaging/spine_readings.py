"""What is measured on a spine: heights and their loss, slips, angles, the canal, and the bone's HU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from grandrounds.imaging.bodies import Body, bodies, longest_run, reaches_edge, whole_vertebrae
from grandrounds.imaging.found import Found, Picture, Reading, doubted
from grandrounds.measure import citations, intensity, levels, quality, size, spine
from grandrounds.measure.axes import Point
from grandrounds.measure.measurement import (
    FEW_SLICES,
    OK,
    SHAPE,
    Doubt,
    Measurement,
    not_measurable,
)
from grandrounds.measure.rules import (
    BONE_ATTENUATION,
    CANAL_STENOSIS,
    SCOLIOSIS,
    SLIP,
    VERTEBRAL_FRACTURE,
)
from grandrounds.measure.vertebra import height_loss, heights

CANAL = "spinal canal"
CORE_MM = 5.0
"""How much is peeled off a body before its spongy bone is measured: cortex and partial voxels."""

LEAST_LEVELS = 4
_WEDGES = frozenset({"L5", "L6"})
_GRADED = ("T", "L")
_BONE_LEVEL = "L1"
_HALF_BODY_MM = 10.0


def of_spine(chosen: Mapping[str, Found], picture: Picture) -> dict[str, Iterable[Reading]]:
    """All readings of a spine, by what they are of; none where no vertebra was found."""
    wholes = whole_vertebrae(chosen)
    found = bodies(chosen, wholes)
    return {
        "the heights": _heights(found),
        "the slips": _slips(found),
        "the angles": _angles(found, wholes),
        "the canal": _canal(chosen, found, wholes),
        "the bone": _bone(found, wholes, picture) if picture.hounsfield else (),
    }


def _heights(found: Mapping[str, Body]) -> Iterator[Reading]:
    """Three heights a body, its volume, and the loss of height from T1 to L6."""
    measured = {level: heights(body.marked) for level, body in found.items() if body.marked}
    for level, body in found.items():
        for one in measured.get(level, ()):
            yield Reading(measurement=one, subject=level, structures=body.ids)
        if body.crossed:
            yield Reading(
                measurement=size.volume(body.structure), subject=f"{level} body", structures=body.ids
            )
        if not level.startswith(_GRADED):
            continue
        reference, others = _reference(level, found, measured)
        loss = height_loss(
            measured.get(level) or _no_heights(body),
            reference_mm=reference,
            lumbar_wedge=level in _WEDGES,
        )
        yield Reading(
            measurement=loss, subject=level, structures=body.ids + others, criterion=VERTEBRAL_FRACTURE
        )


def _reference(
    level: str, found: Mapping[str, Body], measured: Mapping[str, Sequence[Measurement]]
) -> tuple[float | None, tuple[str, ...]]:
    """The mean back height of both neighbours, and their ids; none where one is missing or in doubt.

    One neighbour alone won't do: heights grow towards the tail, and L5 is low by nature.
    """
    near = levels.neighbours(level, found)
    backs = []
    for one in near:
        known = (
            measured.get(one) if one and levels.consecutive((level, one)) and one not in _WEDGES else None
        )
        if known is None or known[2].status != OK:
            return None, ()
        backs.append(known[2].number)
    ids = [structure for one in near if one for structure in found[one].ids]
    return sum(backs) / len(backs), tuple(ids)


def _no_heights(body: Body) -> list[Measurement]:
    doubt = body.landmarks
    assert isinstance(doubt, Doubt)
    return [not_measurable(name, "mm", doubt) for name in ("front_height", "middle_height", "back_height")]


def _slips(found: Mapping[str, Body]) -> Iterator[Reading]:
    """The slip of each body on the next one."""
    for upper, lower in pairwise(found.values()):
        if not levels.consecutive((upper.level, lower.level)):
            continue
        top, bottom = upper.marked, lower.marked
        if top and bottom:
            slip = spine.listhesis(top, bottom)
        else:
            doubts = [one.landmarks for one in (upper, lower) if isinstance(one.landmarks, Doubt)]
            slip = not_measurable("listhesis", "mm", *doubts, source=citations.MEYERDING)
        subject = f"{upper.level} on {lower.level}"
        ids = upper.ids + lower.ids
        yield Reading(measurement=slip, subject=subject, structures=ids)
        yield Reading(measurement=spine.slip_percent(slip), subject=subject, structures=ids, criterion=SLIP)


def _angles(found: Mapping[str, Body], wholes: Mapping[str, Found]) -> Iterator[Reading]:
    """Cobb's angle in the coronal plane, the lordosis from L1 to L5, and the angle of centroids."""
    marked = {level: body for level, body in found.items() if body.marked}
    if len(marked) > 1:
        sure = longest_run(
            level for level, body in marked.items() if body.marked and not body.marked.doubts
        )
        run = sure if len(sure) >= LEAST_LEVELS else longest_run(marked)
        yield Reading(
            measurement=_cobb([marked[level] for level in run]),
            subject=_range(run),
            structures=tuple(one for level in run for one in marked[level].ids),
            criterion=SCOLIOSIS,
        )
    ends = [marked[level] for level in ("L1", "L5") if level in marked]
    if len(ends) == 2 and ends[0].marked and ends[1].marked:
        angle = spine.cobb_from_endplates(ends[0].marked, ends[1].marked, plane=spine.SAGITTAL)
        # Another plane is another quantity: the rule for scoliosis must not read it.
        angle = replace(angle, name="lordosis")
        yield Reading(measurement=angle, subject="L1 to L5", structures=ends[0].ids + ends[1].ids)
    yield from _centroid_angle(found, wholes)


def _cobb(run: Sequence[Body]) -> Measurement:
    if len(run) < LEAST_LEVELS:
        doubt = Doubt(FEW_SLICES, f"{len(run)} levels in a row are visible; a curve needs {LEAST_LEVELS}")
        return not_measurable("cobb_angle", "deg", doubt, source=citations.COBB)
    return spine.largest_cobb([body.marked for body in run if body.marked])


def _centroid_angle(found: Mapping[str, Body], wholes: Mapping[str, Found]) -> Iterator[Reading]:
    """From centres of bodies where there are enough, else from centroid files, else of whole vertebrae."""
    centres: dict[str, tuple[Point, tuple[str, ...]]] = {
        level: (body.structure.centre, body.ids)
        for level, body in found.items()
        if not quality.cut(body.structure)
    }
    if len(longest_run(centres)) < LEAST_LEVELS:
        centres = {
            level: (_landmark(one) or one.structure.centre, (one.row.structure_id,))
            for level, one in wholes.items()
            if not reaches_edge(one.row, one.structure)
        }
    run = longest_run(centres)
    if len(run) < 2:
        return
    angle = spine.cobb_from_centroids({level: centres[level][0] for level in run})
    ids = tuple(one for level in run for one in centres[level][1])
    yield Reading(measurement=angle, subject=_range(run), structures=ids)


def _landmark(found: Found) -> Point | None:
    if len(found.row.landmark) != 3:
        return None
    x, y, z = (float(value) for value in found.structure.grid.world(found.row.landmark))
    return x, y, z


def _canal(
    chosen: Mapping[str, Found], found: Mapping[str, Body], wholes: Mapping[str, Found]
) -> Iterator[Reading]:
    """The canal's narrowest diameter at each lumbar level; of the whole of it where no level is known."""
    canal = chosen.get(CANAL)
    if canal is None:
        return
    ids = (canal.row.structure_id,)
    spans = {level: _heights_of(body) for level, body in found.items()} or {
        level: _middle_of(one) for level, one in wholes.items()
    }
    if not spans:
        whole = spine.canal_diameter(canal.structure)
        yield Reading(measurement=whole, subject=CANAL, structures=ids)
    low, high = canal.row.box_millimetres[2], canal.row.box_millimetres[5]
    for level, (bottom, top) in spans.items():
        if not level.startswith("L") or bottom >= high or top <= low:
            continue
        own = found[level].ids if level in found else (wholes[level].row.structure_id,)
        yield Reading(
            measurement=spine.canal_diameter(canal.structure, between=(bottom, top)),
            subject=f"{CANAL} at {level}",
            structures=ids + own,
            criterion=CANAL_STENOSIS,
        )


def _heights_of(body: Body) -> tuple[float, float]:
    low, high = body.structure.require_box().bounds(body.structure.grid)
    return low[2], high[2]


def _middle_of(found: Found) -> tuple[float, float]:
    middle = (_landmark(found) or found.structure.centre)[2]
    return middle - _HALF_BODY_MM, middle + _HALF_BODY_MM


def _bone(found: Mapping[str, Body], wholes: Mapping[str, Found], picture: Picture) -> Iterator[Reading]:
    """Mean HU of the bodies' cores; L1's is read by the rule. A whole L1 stands in, in doubt."""
    for level, body in found.items():
        core = intensity.core(body.structure, millimetres=CORE_MM)
        mean = intensity.intensities(
            body.structure, picture.data, padding=picture.record.padding, percentiles=(), inside=core
        )[0]
        yield Reading(
            measurement=mean,
            subject=f"{level} core",
            structures=body.ids,
            criterion=BONE_ATTENUATION if level == _BONE_LEVEL else None,
        )
    if _BONE_LEVEL in wholes and not found:
        whole = wholes[_BONE_LEVEL]
        core = intensity.core(whole.structure, millimetres=CORE_MM)
        mean = intensity.intensities(
            whole.structure, picture.data, padding=picture.record.padding, percentiles=(), inside=core
        )[0]
        doubt = Doubt(SHAPE, f"the mask of {_BONE_LEVEL} holds the arch as well as the body")
        yield Reading(
            measurement=doubted(mean, doubt),
            subject=f"{_BONE_LEVEL} core",
            structures=(whole.row.structure_id,),
            criterion=BONE_ATTENUATION,
        )


def _range(run: Sequence[str]) -> str:
    return f"{run[0]} to {run[-1]}"
