"""``relation_mcq``: where does one structure lie from another: above or below, in front or behind, left
or right?

Centres are compared along the patient's axes. An axis is asked only where the distance is beyond doubt:
twice the margin of ``measure.relations`` and two voxels, in world coordinates and along the grid alike,
so that a tilted picture doesn't say otherwise. Structures cut by the field of view have no centre that
is known. Two axes are asked where two are clear (four options), else one (two options). Left and right
are the patient's.

The solver sees a slice through each structure; nothing is drawn, because two named boxes would be the
answer. Blind: what names tell is not asked (left and right of structures of different sides, above and
below of two vertebrae), and pairs lie within 160 mm. Yet anatomy decides many pairs: a blind panel is
the judge of these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, product

from grandrounds.imaging.fact import Fact, KeySlice
from grandrounds.imaging.facts.inquiry import Inquiry
from grandrounds.imaging.facts.options import could_be_wrong, distance, from_study
from grandrounds.imaging.facts.parts import ANSWER, boxes_of, labels_of, planes
from grandrounds.imaging.facts.wording import (
    direction,
    in_sentence,
    listed,
    point_words,
    reasoning,
)
from grandrounds.measure.axes import FRONT, RIGHT, UP
from grandrounds.measure.relations import MARGIN_MM
from grandrounds.records.structure import StructureRow

NOTHING = "no two structures lie clearly apart along an axis that their names do not tell already"
FARTHEST_MM = 160.0
CLEAR_MM = 2 * MARGIN_MM
_CLEAR_VOXELS = 2.0
_ORDER = (UP, FRONT, RIGHT)
_ASKED = {UP: "head-to-foot", FRONT: "front-to-back", RIGHT: "side-to-side"}
_SIDES = " Left and right are the patient's."
_GROWS = {
    UP: "k grows towards the head",
    FRONT: "j grows towards the front of the body",
    RIGHT: "i grows towards the patient's right",
}
_MOST_AXES = 2


def subjects(asking: Inquiry) -> tuple[str, ...]:
    """Pairs of ids: what is asked about, and from what it is seen, in an order drawn by hash."""
    if not asking.in_patient_space:
        return ()
    made = []
    for first, second in combinations(asking.asked, 2):
        if distance(first, second) > FARTHEST_MM:
            continue
        pair = (first.structure_id, second.structure_id)
        made.append("+".join(pair if asking.share(*pair, "order") < 0.5 else pair[::-1]))
    return tuple(made)


def fact(asking: Inquiry, subject: str) -> Fact | None:
    """Where the first structure of ``subject`` lies from the second; ``None`` where that can't be asked."""
    ids = subject.split("+")
    rows = [row for row in map(asking.structure, ids) if row is not None]
    if len(ids) != 2 or len(rows) != 2 or not asking.in_patient_space or not could_be_wrong(*rows):
        return None
    row, other = rows
    away = _away(row, other)
    axes = _asked_axes(asking, row, other)
    if not axes or distance(row, other) > FARTHEST_MM:
        return None
    answer = _words(axes, [away[axis] > 0 for axis in axes])
    wrong = [_words(axes, signs) for signs in product((False, True), repeat=len(axes))]
    far = [f"{abs(away[axis]):.0f} mm" for axis in axes]
    first, second = in_sentence(row), in_sentence(other)
    return Fact(
        task=asking.task.name,
        subject=subject,
        question=(
            f"Along the patient's {listed([_ASKED[axis] for axis in axes])} {_axes(axes)}, "
            f"where does the centre of {first} lie, seen from the centre of {second}?"
            f"{_SIDES if RIGHT in axes else ''}"
        ),
        answer=answer,
        wrong=from_study([(option, subject) for option in wrong if option != answer]),
        reasoning=reasoning(
            (
                f"The centre of {first} lies at {point_words(row.centre)}.",
                f"That of {second} lies at {point_words(other.centre)}.",
                f"Index {listed([_GROWS[axis] for axis in axes])}.",
                f"That way the centres lie {listed(far)} apart.",
            ),
            f"So, seen from {second}, {first} lies {answer}.",
            withheld=(answer,),
        ),
        slices=_slices(asking, rows),
        boxes=boxes_of(rows, ANSWER),
        labels=labels_of(asking.volume, rows),
    )


def _axes(axes: Sequence[int]) -> str:
    return "axes" if len(axes) > 1 else "axis"


def _asked_axes(asking: Inquiry, row: StructureRow, other: StructureRow) -> tuple[int, ...]:
    """The clear axes that are asked, at most two; which of three is left out is drawn by hash."""
    clear = [axis for axis in _ORDER if _is_clear(asking, row, other, axis)]
    if row.side and other.side and row.side != other.side:
        clear = [axis for axis in clear if axis != RIGHT]
    if row.level and other.level:
        clear = [axis for axis in clear if axis != UP]
    most = _MOST_AXES if asking.task.options >= 2**_MOST_AXES else 1
    choices = list(combinations(clear, min(most, len(clear))))
    share = asking.share(*sorted((row.structure_id, other.structure_id)), "axes")
    return choices[int(share * len(choices))]


def _is_clear(asking: Inquiry, row: StructureRow, other: StructureRow, axis: int) -> bool:
    spacing = asking.volume.spacing[axis]
    least = max(CLEAR_MM, _CLEAR_VOXELS * spacing)
    world = _away(row, other)[axis]
    grid = (row.centre[axis] - other.centre[axis]) * spacing
    return min(abs(world), abs(grid)) > least and math.copysign(1, world) == math.copysign(1, grid)


def _away(row: StructureRow, other: StructureRow) -> tuple[float, ...]:
    return tuple(a - b for a, b in zip(row.centre_millimetres, other.centre_millimetres, strict=True))


def _words(axes: Sequence[int], larger: Sequence[bool]) -> str:
    return listed([direction(axis, 1.0 if up else -1.0) for axis, up in zip(axes, larger, strict=True)])


def _slices(asking: Inquiry, rows: Sequence[StructureRow]) -> tuple[KeySlice, ...]:
    axes = planes(asking.volume, rows)[:_MOST_AXES]
    found = sorted({(axes.index(axis), axis, row.largest[axis]) for axis in axes for row in rows})
    return tuple(KeySlice(axis=axis, index=index) for _, axis, index in found)
