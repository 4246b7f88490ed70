"""Where one structure lies from another: left or right, above or below, in front or behind, touching."""

from __future__ import annotations

from grandrounds.measure import citations, quality
from grandrounds.measure.axes import FRONT, RIGHT, UP
from grandrounds.measure.measurement import (
    WITHIN_MARGIN,
    Doubt,
    Measurement,
    Quantity,
    measured,
    not_measurable,
)
from grandrounds.measure.structure import Structure

WORDS = {RIGHT: ("left of", "right of"), FRONT: ("behind", "in front of"), UP: ("below", "above")}
"""Per world axis, what a structure is whose centre has the smaller and the larger coordinate. Left and
right are the patient's."""

MARGIN_MM = 5.0
_NAMES = {RIGHT: "left_or_right", FRONT: "front_or_behind", UP: "above_or_below"}


def relation(
    structure: Structure, other: Structure, world: int, *, margin_mm: float = MARGIN_MM
) -> Measurement:
    """The word for where ``structure`` lies from ``other`` along a world axis, by their centres.

    Not measurable when the centres are nearer than ``margin_mm`` (or than the voxel spacing along that
    axis, if that is larger): then no word is right. Cut structures make it unreliable, because the centre
    of the visible part may lie elsewhere than that of the whole.
    """
    method = f"difference of centroids along a patient axis, margin {margin_mm:g} mm"
    name = _NAMES[world]
    missing = [quality.empty(one) for one in (structure, other) if not one.voxels]
    if missing:
        return not_measurable(name, "word", *missing, method=method, source=citations.DEFINITION)
    away = structure.centre[world] - other.centre[world]
    voxel = max(structure.grid.spacing[structure.grid.array_axis(world)], margin_mm)
    inputs = (Quantity("distance", away, "mm"), Quantity("margin", voxel, "mm"))
    if abs(away) <= voxel:
        words = (
            f"the centres lie {abs(away):.1f} mm apart along this axis, within the margin of {voxel:g} mm"
        )
        doubt = Doubt(WITHIN_MARGIN, words)
        return not_measurable(
            name, "word", doubt, method=method, source=citations.DEFINITION, inputs=inputs
        )
    return measured(
        name,
        WORDS[world][int(away > 0)],
        "word",
        doubts=(*quality.cut(structure), *quality.cut(other)),
        method=method,
        source=citations.DEFINITION,
        inputs=inputs,
    )


def adjacency(structure: Structure, other: Structure) -> Measurement:
    """``touching`` or ``apart``: whether voxels of the two labels share a face; the area is an input."""
    method = "labels share voxel faces"
    missing = [quality.empty(one) for one in (structure, other) if not one.voxels]
    if missing:
        return not_measurable("adjacency", "word", *missing, method=method, source=citations.DEFINITION)
    met = {contact.label: contact for contact in quality.contacts(structure)}
    contact = met.get(other.label)
    return measured(
        "adjacency",
        "touching" if contact else "apart",
        "word",
        doubts=() if contact else (*quality.cut(structure), *quality.cut(other)),
        method=method,
        source=citations.DEFINITION,
        inputs=(Quantity("area", contact.area_mm2 if contact else 0.0, "mm2"),),
    )
