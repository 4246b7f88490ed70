"""``slice_mcq``: on which slice does a structure have its largest cross-section?

Slices are axial, unless voxels are longest along another axis: then slices were taken across that one.
The solver sees every slice that is offered, by index and with nothing drawn: no picture stands out, and
without finding the structure in them none can be chosen. Wrong options are the slices in which
neighbours and other structures are largest. Rows hold no area a slice, so a wrong slice must miss the
structure altogether (lie outside its box) and be three slices and 10 mm off its largest one.

Blind: the order of slices follows the order of organs, so anatomy helps as far as where the volume
begins is known; where the right one stands among those offered is drawn by hash.
"""

from __future__ import annotations

from grandrounds.imaging.fact import Fact, KeySlice
from grandrounds.imaging.facts.inquiry import Inquiry
from grandrounds.imaging.facts.options import could_be_wrong, from_study, window
from grandrounds.imaging.facts.parts import ANSWER, AXIAL, OPTION, box_of, boxes_of, labels_of
from grandrounds.imaging.facts.wording import AXES, PLANES, capital, in_sentence, point_words, reasoning
from grandrounds.records.structure import StructureRow
from grandrounds.records.volume import VolumeRecord

NOTHING = "no structure that can be asked about has slices far enough from it in which others are largest"
FEWEST_SLICES, FEWEST_MM = 3, 10.0
_LONGER = 1.2
_FEWEST_IN_VOLUME = 8


def subjects(asking: Inquiry) -> tuple[str, ...]:
    """Ids of structures."""
    return tuple(row.structure_id for row in asking.asked)


def fact(asking: Inquiry, subject: str) -> Fact | None:
    """The slice in which ``subject`` is largest; ``None`` where that can't be asked."""
    row = asking.structure(subject)
    axis = slice_axis(asking.volume)
    if row is None or asking.volume.shape[axis] < _FEWEST_IN_VOLUME:
        return None
    others = _others(asking, row, axis)
    if not others:
        return None
    right, name = row.largest[axis], in_sentence(row)
    first, last = row.box[axis], row.box[axis + 3] - 1
    plane = PLANES[axis] if asking.in_patient_space else "parallel"
    return Fact(
        task=asking.task.name,
        subject=subject,
        question=(
            f"On which of these {plane} slices (index along {AXES[axis]}, counted from 0) does {name} have "
            "its largest cross-section?"
        ),
        answer=str(right),
        wrong=from_study([(str(other.largest[axis]), other.structure_id) for other in others]),
        reasoning=reasoning(
            (
                f"{capital(name)} has its centre at {point_words(row.centre)}.",
                f"Along {AXES[axis]} it reaches from slice {first} to slice {last}.",
                "Slices outside this range do not show it.",
            ),
            f"Of the slices offered it is largest on slice {right}.",
            withheld=(str(right),),
        ),
        slices=tuple(
            KeySlice(axis=axis, index=index)
            for index in sorted({right, *(other.largest[axis] for other in others)})
        ),
        boxes=(box_of(row, ANSWER), *boxes_of(others, OPTION)),
        labels=labels_of(asking.volume, [row]),
    )


def slice_axis(volume: VolumeRecord) -> int:
    """The axis across which slices are counted: axial, unless voxels are clearly longest along another."""
    longest = max(range(3), key=lambda axis: (volume.spacing[axis], axis == AXIAL))
    rest = max(volume.spacing[axis] for axis in range(3) if axis != longest)
    return longest if volume.spacing[longest] > _LONGER * rest else AXIAL


def _others(asking: Inquiry, row: StructureRow, axis: int) -> tuple[StructureRow, ...]:
    """Structures whose largest slices are offered, apart from one another and from the right one."""
    right, spacing = row.largest[axis], asking.volume.spacing[axis]
    kept: list[StructureRow] = []
    for other in sorted(
        (other for other in asking.named if could_be_wrong(other, row)),
        key=lambda other: (abs(other.largest[axis] - right), other.structure_id),
    ):
        index = other.largest[axis]
        if row.box[axis] <= index < row.box[axis + 3]:
            continue
        apart = [abs(index - taken.largest[axis]) for taken in (row, *kept)]
        if min(apart) >= FEWEST_SLICES and abs(index - right) * spacing >= FEWEST_MM:
            kept.append(other)
    line = sorted([*kept, row], key=lambda one: one.largest[axis])
    chosen = window(line, line.index(row), asking.task.options, asking.share(row.structure_id, "window"))
    return tuple(other for other in chosen if other is not row)
