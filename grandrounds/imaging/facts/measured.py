"""What facts on measurements share: the structures that a measurement is of, its slices, what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median_low

from grandrounds.imaging.fact import KeySlice
from grandrounds.imaging.facts.criterion_words import measured_words
from grandrounds.imaging.facts.inquiry import Inquiry, is_body
from grandrounds.imaging.facts.parts import ANSWER, CORONAL, SHOWN, boxes_of, slices_through
from grandrounds.imaging.facts.values import levels_in, number_words
from grandrounds.imaging.facts.wording import PLANES, capital, listed
from grandrounds.records.measured import MeasuredInput, MeasuredRow
from grandrounds.records.parts import StructureBox
from grandrounds.records.structure import StructureRow

_CORONAL_ANGLES = ("cobb_angle", "centroid_angle")
_CANAL = "canal"
_SAID = ("mm", "%", "deg", "ml", "HU", "pixel", "voxel")


def structures_of(asking: Inquiry, row: MeasuredRow) -> tuple[StructureRow, ...]:
    """The structures that the measurement's subject names, whole vertebrae before their bodies.

    A measurement rests on more (neighbours, for reference). Empty where a level of the subject is not a
    sound one, or nothing of it is in the scan.
    """
    wanted = levels_in(row.subject)
    rested = [one for one in asking.rows if one.structure_id in row.structures]
    if not wanted:
        return tuple(rested or [one for one in asking.rows if one.name == row.subject])
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


def drawn_of(own: Sequence[StructureRow]) -> tuple[StructureRow, ...]:
    """The vertebrae among a measurement's structures: which level is meant isn't what is asked.

    Of organs nothing is drawn: the box of a heart beside those of the lungs would be its ratio.
    """
    return tuple(one for one in own if one.level)


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
    """Sentences on what was measured before the value itself: the slice, lengths, the mask."""
    said = []
    place = measured_slice(asking, row)
    if place is not None and asking.in_patient_space:
        said.append(f"It was measured on {PLANES[place[0]]} slice {place[1]}.")
    inputs = [_input_words(one) for one in row.inputs if _is_length(one)]
    if inputs:
        said.append(f"{capital(listed(inputs))}.")
    if not inputs and len(own) == 1 and not own[0].level:
        said.append(f"Its mask holds {own[0].voxels} voxels and {number_words(own[0].volume_ml)} ml.")
    if row.uncertainty and measured_words(row):
        left = number_words(row.uncertainty, unit=row.unit, digits=2)
        said.append(f"The size of the voxels leaves {left} open to either side.")
    return said


def _is_length(one: MeasuredInput) -> bool:
    """Whether an input is a single number with a unit that a reader can follow."""
    return len(one.numbers) == 1 and one.unit in _SAID and "slice" not in one.name and "row" not in one.name


def _input_words(one: MeasuredInput) -> str:
    unit = " pixels" if one.unit == "pixel" else " voxels" if one.unit == "voxel" else ""
    number = number_words(one.numbers[0], unit="" if unit else one.unit)
    return f"the {one.name.replace('_', ' ')} is {number}{unit}"
