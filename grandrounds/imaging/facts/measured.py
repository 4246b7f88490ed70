"""What facts on measurements share: the structures that a measurement is of, its slices, what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median_low

from grandrounds.imaging.fact import KeySlice
from grandrounds.imaging.facts.inquiry import Inquiry, is_body
from grandrounds.imaging.facts.parts import ANSWER, CORONAL, SHOWN, boxes_of, slices_through
from grandrounds.imaging.facts.values import levels_in, number_words
from grandrounds.imaging.facts.wording import PLANES, capital, in_sentence, listed, point_words
from grandrounds.records.measured import MeasuredInput, MeasuredRow
from grandrounds.records.parts import StructureBox
from grandrounds.records.structure import StructureRow

_CORONAL_ANGLES = ("cobb_angle", "centroid_angle")
_CANAL = "canal"
_TOLD = {
    "height_loss": ("front_height", "middle_height", "back_height", "reference_height"),
    "slip_percent": ("slip", "endplate"),
    "cardiothoracic_ratio": ("heart_width", "thoracic_width"),
    "cobb_angle": ("upper_tilt", "lower_tilt"),
}
"""The inputs that a reader can follow, by measurement."""


def structures_of(asking: Inquiry, row: MeasuredRow) -> tuple[StructureRow, ...]:
    """The structures that the measurement's subject names, whole vertebrae before their bodies.

    A measurement rests on more (neighbours, for reference). Empty where a level of the subject is not a
    sound one, or nothing of it is in the scan.
    """
    wanted = levels_in(row.subject)
    rested = [one for one in asking.rows if one.structure_id in row.structures]
    if not wanted:
        own = [one for one in rested if not one.level] or rested
        return tuple(own or [one for one in asking.rows if one.name == row.subject])
    found = []
    for level in wanted:
        own = [one for one in asking.rows if one.level == level]
        if not own:
            return ()
        found.append(min(own, key=lambda one: (is_body(one), one.structure_id)))
    if _CANAL in row.subject:
        found += [one for one in rested if not one.level]
    return tuple(dict.fromkeys(found))


def boxes_for(asking: Inquiry, row: MeasuredRow, drawn: Sequence[StructureRow]) -> tuple[StructureBox, ...]:
    """What is drawn, as shown; what else the measurement rests on, withheld."""
    shown = {one.structure_id for one in drawn}
    rested = [
        one for one in asking.rows if one.structure_id in row.structures and one.structure_id not in shown
    ]
    return (*boxes_of(drawn, SHOWN), *boxes_of(rested, ANSWER))


def drawn_of(row: MeasuredRow, own: Sequence[StructureRow]) -> tuple[StructureRow, ...]:
    """The vertebrae that a measurement's subject names: which level is meant isn't what is asked.

    Of organs nothing is drawn: the box of a heart beside those of the lungs would be its ratio.
    """
    return tuple(one for one in own if one.level) if levels_in(row.subject) else ()


def slices_for(
    asking: Inquiry, row: MeasuredRow, own: Sequence[StructureRow], drawn: Sequence[StructureRow]
) -> tuple[KeySlice, ...]:
    """The slice in which it was measured where that is known, else slices through the middle of it."""
    draws = tuple(one.structure_id for one in drawn)
    place = measured_slice(asking, row)
    if place is not None:
        return (KeySlice(axis=place[0], index=place[1], draws=draws),)
    if row.name in _CORONAL_ANGLES:
        rested = [one for one in asking.rows if one.structure_id in row.structures] or list(own)
        index = median_low(one.largest[CORONAL] for one in rested)
        return (KeySlice(axis=CORONAL, index=index, draws=draws),)
    return slices_through(asking.volume, own[len(own) // 2], draws=draws)


def measured_slice(asking: Inquiry, row: MeasuredRow) -> tuple[int, int] | None:
    """Axis and index of the slice that a measurement was made in; ``None`` where it names none."""
    known = {one.name: one for one in row.inputs}
    place = []
    for name in ("slice_axis", "slice_index"):
        numbers = known[name].numbers if name in known else ()
        if len(numbers) != 1 or numbers[0] != int(numbers[0]):
            return None
        place.append(int(numbers[0]))
    axis, index = place
    if axis not in PLANES or not 0 <= index < asking.volume.shape[axis]:
        return None
    return axis, index


def seen(asking: Inquiry, row: MeasuredRow, own: Sequence[StructureRow]) -> list[str]:
    """Sentences on what was measured before the value itself: the slice, lengths or the place."""
    said = []
    known = {one.name: one for one in row.inputs}
    place = measured_slice(asking, row)
    if place is not None and asking.in_patient_space:
        said.append(f"It was measured on {PLANES[place[0]]} slice {place[1]}.")
    inputs = [
        _input_words(known[name])
        for name in _TOLD.get(row.name, ())
        if name in known and len(known[name].numbers) == 1
    ]
    if inputs:
        said.append(f"{capital(listed(inputs))}.")
    else:
        said.append(f"{capital(in_sentence(own[0]))} has its centre at {point_words(own[0].centre)}.")
    if row.uncertainty:
        left = number_words(row.uncertainty, unit=row.unit, digits=2)
        said.append(f"The size of the voxels leaves {left} open to either side.")
    return said


def _input_words(one: MeasuredInput) -> str:
    value = one.numbers[0]
    told = f"{value:.0f} pixels" if one.unit == "pixel" else number_words(value, unit=one.unit)
    return f"the {one.name.replace('_', ' ')} is {told}"
