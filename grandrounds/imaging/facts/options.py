"""Wrong options from the same study: neighbouring levels, the other side, what lies near.

The right one must not be told by its place. Were the wrong levels always the two above and the two below,
the right one would always be the middle of what is offered; so a window of levels is laid over the spine,
and where in it the right one stands is drawn by hash.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from grandrounds.imaging.facts.inquiry import Inquiry
from grandrounds.imaging.facts.wording import is_sided_pair, is_vertebra
from grandrounds.measure.levels import rank
from grandrounds.records.parts import OptionOrigin
from grandrounds.records.structure import StructureRow

STUDY, CRITERION = "study", "criterion"
_NEAR = 8
LARGEST_OVERLAP = 0.5
"""Intersection over union of two boxes from which one could be taken for the other."""

Thing = TypeVar("Thing")
Fits = Callable[[StructureRow], bool]


def other_structures(asking: Inquiry, target: StructureRow, *, fits: Fits) -> tuple[StructureRow, ...]:
    """Structures of the study that may be taken for ``target``, at most as many as the task has wrong
    options: for a vertebra its neighbours, for others the other side and what lies nearest."""
    pool = [row for row in asking.named if could_be_wrong(row, target) and fits(row)]
    count = asking.wrong_options
    if is_vertebra(target):
        spine = sorted([row for row in pool if row.level] + [target], key=lambda row: rank(row.level))
        around = window(spine, spine.index(target), count + 1, asking.share(target.structure_id, "window"))
        first = [row for row in around if row is not target]
    else:
        first = [row for row in pool if is_sided_pair(row.name, target.name)]
        near = sorted(
            (row for row in pool if not is_vertebra(row) and row not in first),
            key=lambda row: (distance(row, target), row.structure_id),
        )
        near = near[: max(_NEAR, count)]
        near.sort(key=lambda row: asking.share(target.structure_id, row.structure_id))
        first += near
    rest = sorted(pool, key=lambda row: (distance(row, target), row.structure_id))
    found: list[StructureRow] = []
    for row in (*first, *rest):
        if len(found) == count:
            break
        if not any(one_names_the_other(row, taken) for taken in found):
            found.append(row)
    return tuple(found)


def could_be_wrong(row: StructureRow, target: StructureRow) -> bool:
    """Whether naming ``row`` is wrong where ``target`` is right: another structure, level and place."""
    if row.structure_id == target.structure_id or (row.level and row.level == target.level):
        return False
    return overlap(row.box, target.box) <= LARGEST_OVERLAP and not one_names_the_other(row, target)


def one_names_the_other(row: StructureRow, other: StructureRow) -> bool:
    """Whether one name is the other with a word more: aorta and abdominal aorta, lung and left lung."""
    first, second = set(row.name.casefold().split()), set(other.name.casefold().split())
    return first <= second or second <= first


def distance(row: StructureRow, target: StructureRow) -> float:
    """How far apart the centres are, in mm."""
    return math.dist(row.centre_millimetres, target.centre_millimetres)


def overlap(first: Sequence[int], second: Sequence[int]) -> float:
    """Intersection over union of two half-open boxes."""
    inside = _voxels([*map(max, first[:3], second[:3]), *map(min, first[3:], second[3:])])
    return inside / (_voxels(first) + _voxels(second) - inside)


def holds(outer: Sequence[int], inner: Sequence[int]) -> bool:
    """Whether one box lies wholly within the other."""
    return all(outer[axis] <= inner[axis] and inner[axis + 3] <= outer[axis + 3] for axis in range(3))


def window(things: Sequence[Thing], at: int, size: int, share: float) -> tuple[Thing, ...]:
    """``size`` things in a row, the one ``at`` among them at a place that ``share`` (in [0, 1)) draws."""
    starts = range(max(0, at - size + 1), max(0, min(at, len(things) - size)) + 1)
    start = starts[int(share * len(starts))]
    return tuple(things[start : start + size])


def from_study(named: Sequence[tuple[str, str]]) -> tuple[OptionOrigin, ...]:
    """Options with the structures that they come from, sorted, each once."""
    once: dict[str, str] = {}
    for option, reference in sorted(named, key=lambda pair: (natural(pair[0]), pair[1])):
        once.setdefault(option, reference)
    return tuple(
        OptionOrigin(option=option, origin=STUDY, reference=reference) for option, reference in once.items()
    )


def natural(text: str) -> tuple[tuple[float, str], ...]:
    """A key that sorts numbers within texts by size."""
    made: list[tuple[float, str]] = []
    number = ""
    for character in f"{text} ":
        if character.isdigit() or (character == "." and number and "." not in number):
            number += character
            continue
        if number:
            made.append((float(number), ""))
            number = ""
        made.append((math.inf, character))
    return tuple(made)


def _voxels(box: Sequence[int]) -> int:
    return math.prod(max(0, box[axis + 3] - box[axis]) for axis in range(3))
