"""Reading order: columns first, and what spans several of them cuts the page into bands."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from grandrounds.textbooks import boxes
from grandrounds.textbooks.values import Box

_DEEPEST = 12
_NARROWEST_GUTTER = 5.0
_FEWEST_IN_COLUMN = 2


def reading_order(found: Sequence[Box], *, right_to_left: bool = False) -> list[int]:
    """The numbers of ``found`` as a reader comes upon them.

    A gutter is a place that most boxes keep clear; boxes across it span the columns, and what stands above
    such a box is read before it, column by column.
    """
    return _ordered(found, list(range(len(found))), right_to_left, _DEEPEST)


def gutters(found: Sequence[Box]) -> list[float]:
    """Where the gutters between columns are (middle, from left to right), each box counted by height."""
    cut = _gutter(found, list(range(len(found))))
    if cut is None:
        return []
    left = [box for box in found if box[2] <= cut + 1]
    right = [box for box in found if box[0] >= cut - 1]
    return [*gutters(left), cut, *gutters(right)] if left and right else [cut]


def _ordered(found: Sequence[Box], some: list[int], right_to_left: bool, depth: int) -> list[int]:
    if len(some) < 2:
        return some
    cut = _gutter(found, some) if depth else None
    if cut is None:
        return sorted(
            some,
            key=lambda one: (round(found[one][1]), -found[one][0] if right_to_left else found[one][0], one),
        )
    spanning = sorted(
        (one for one in some if found[one][0] < cut - 2 and found[one][2] > cut + 2),
        key=lambda one: (found[one][1], one),
    )
    rest = [one for one in some if one not in set(spanning)]
    ordered: list[int] = []
    for one in [*spanning, None]:
        middle = float("inf") if one is None else (found[one][1] + found[one][3]) / 2
        band = [other for other in rest if (found[other][1] + found[other][3]) / 2 <= middle]
        rest = [other for other in rest if other not in set(band)]
        left = [other for other in band if (found[other][0] + found[other][2]) / 2 <= cut]
        right = [other for other in band if other not in set(left)]
        for side in (right, left) if right_to_left else (left, right):
            ordered += _ordered(found, side, right_to_left, depth - 1)
        if one is not None:
            ordered.append(one)
    return ordered


def _gutter(found: Sequence[Box], some: Sequence[int]) -> float | None:  # noqa: PLR0912
    """The middle of the gutter that the least text crosses, or ``None`` where there is one column."""
    if len(some) < 2 * _FEWEST_IN_COLUMN:
        return None
    around = boxes.union(found[one] for one in some)
    wide = boxes.width(around)
    if wide < 80:
        return None
    edges = sorted({found[one][2] for one in some if found[one][2] < around[2] - 0.1 * wide})
    sized = [(found[one], boxes.height(found[one])) for one in some]
    total = sum(tall for _, tall in sized) or 1.0
    starts = sorted(found[one][0] for one in some)
    best: tuple[float, float, float] | None = None
    for edge in edges[:400]:
        place = bisect_left(starts, edge - 0.5)
        if place == len(starts):
            continue
        nearest = starts[place]
        if nearest - edge < _NARROWEST_GUTTER:
            continue
        middle = (edge + nearest) / 2
        left = right = crossing = 0.0
        lefts: list[Box] = []
        rights: list[Box] = []
        for box, tall in sized:
            if box[2] <= middle:
                left += tall
                lefts.append(box)
            elif box[0] >= middle:
                right += tall
                rights.append(box)
            else:
                crossing += tall
        if min(len(lefts), len(rights)) < _FEWEST_IN_COLUMN or min(left, right) < 0.08 * total:
            continue
        if crossing > 0.6 * total:
            continue
        beside = _beside(lefts, rights)
        if beside < 0.5 * min(left, right):
            continue
        rank = (crossing / total, -(nearest - edge), middle)
        if best is None or rank < best:
            best = rank
    return best[2] if best else None


def _beside(lefts: Sequence[Box], rights: Sequence[Box]) -> float:
    """How much of one side has the other beside it, in points of height."""
    left, right = boxes.union(lefts), boxes.union(rights)
    return max(0.0, -boxes.gap_y(left, right))
