"""``level_mcq``: a box is given; which vertebra or structure is in it?

The solver sees the box in voxels in the question and drawn (without a name) on two slices through the
structure. Wrong options are structures of the same study: neighbouring levels, the other side, what lies
near. None has a box that could be taken for the one given.

Blind: from the numbers of the box alone, its side, height in the volume and size can be worked out.
That tells left from right and large from small; it does not tell a level from the next, because where
in the spine the volume begins is not said. Names, not sizes, are asked, and the options lie near one
another.
"""

from __future__ import annotations

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts.inquiry import Inquiry
from grandrounds.imaging.facts.options import distance, from_study, other_structures
from grandrounds.imaging.facts.parts import ASKED, OPTION, box_of, boxes_of, labels_of, slices_through
from grandrounds.imaging.facts.wording import (
    HALF_OPEN,
    box_words,
    direction,
    in_sentence,
    is_vertebra,
    listed,
    point_words,
    reasoning,
    size_words,
)
from grandrounds.measure.levels import neighbours
from grandrounds.measure.relations import MARGIN_MM
from grandrounds.records.structure import StructureRow

NOTHING = "no structure that can be asked about has another one beside it that could be taken for it"


def subjects(asking: Inquiry) -> tuple[str, ...]:
    """Ids of structures."""
    return tuple(row.structure_id for row in asking.asked)


def fact(asking: Inquiry, subject: str) -> Fact | None:
    """Which structure is in the box of ``subject``; ``None`` where that can't be asked."""
    row = asking.structure(subject)
    if row is None:
        return None
    others = other_structures(asking, row, fits=_anything)
    slices = slices_through(asking.volume, row, draws=(row.structure_id,))
    if not others or not slices:
        return None
    what = "vertebra" if is_vertebra(row) and all(map(is_vertebra, others)) else "structure"
    answer = row.name
    return Fact(
        task=asking.task.name,
        subject=subject,
        question=(
            f"A box fits tightly around one {what}: {box_words(row.box)} (voxels; {HALF_OPEN}). "
            f"Which {what} is it?"
        ),
        answer=answer,
        wrong=from_study([(other.name, other.structure_id) for other in others]),
        reasoning=reasoning(
            (_place(asking, row), *_around(asking, row)),
            f"So the box holds {in_sentence(row)}.",
            withheld=(answer, in_sentence(row)),
        ),
        slices=slices,
        boxes=(box_of(row, ASKED), *boxes_of(others, OPTION)),
        labels=labels_of(asking.volume, [row]),
    )


def _anything(_: StructureRow) -> bool:
    return True


def _place(asking: Inquiry, row: StructureRow) -> str:
    place, size = point_words(row.centre), size_words(row, asking.volume)
    return f"The centre of what the box holds lies at {place}, and the box measures {size}."


def _around(asking: Inquiry, row: StructureRow) -> list[str]:
    """What lies beside it: for a vertebra the next ones, for others the nearest structure."""
    if is_vertebra(row):
        by_level = {other.level: other for other in asking.named if other.level}
        above, below = neighbours(row.level, by_level)
        said = [
            f"{in_sentence(by_level[level])} next {where} it"
            for level, where in ((above, "above"), (below, "below"))
            if level
        ]
        return [f"Along the spine there is {listed(said)}."] if said else []
    near = sorted(
        (other for other in asking.asked if other is not row),
        key=lambda other: (distance(other, row), other.structure_id),
    )
    if not near or not asking.in_patient_space:
        return []
    away = [row.centre_millimetres[axis] - near[0].centre_millimetres[axis] for axis in range(3)]
    said = [
        f"{abs(away[axis]):.0f} mm {direction(axis, away[axis])}"
        for axis in range(3)
        if abs(away[axis]) > MARGIN_MM
    ]
    centre = f"the centre of {in_sentence(near[0])}"
    return [f"Seen from {centre}, it lies {listed(said)}."] if said else []
