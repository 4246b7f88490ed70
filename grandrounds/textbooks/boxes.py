"""Rectangles on a page: ``(x0, y0, x1, y1)`` in points, origin at the top left, y downwards."""

from __future__ import annotations

from collections.abc import Iterable

from grandrounds.textbooks.values import Box

EMPTY: Box = (0.0, 0.0, 0.0, 0.0)


def width(box: Box) -> float:
    """How wide ``box`` is; never negative."""
    wide = box[2] - box[0]
    return wide if wide > 0 else 0.0


def height(box: Box) -> float:
    """How tall ``box`` is; never negative."""
    tall = box[3] - box[1]
    return tall if tall > 0 else 0.0


def area(box: Box) -> float:
    """Square points of ``box``."""
    wide, tall = box[2] - box[0], box[3] - box[1]
    return wide * tall if wide > 0 and tall > 0 else 0.0


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all ``boxes``; ``EMPTY`` for none."""
    found = iter(boxes)
    first = next(found, None)
    if first is None:
        return EMPTY
    x0, y0, x1, y1 = first
    for left, top, right, foot in found:
        x0 = left if left < x0 else x0
        y0 = top if top < y0 else y0
        x1 = right if right > x1 else x1
        y1 = foot if foot > y1 else y1
    return (x0, y0, x1, y1)


def common(first: Box, second: Box) -> Box:
    """What both boxes cover; empty (no area) where they are apart."""
    return (
        max(first[0], second[0]),
        max(first[1], second[1]),
        min(first[2], second[2]),
        min(first[3], second[3]),
    )


def shared(first: Box, second: Box) -> float:
    """Square points that both cover."""
    left = first[0] if first[0] > second[0] else second[0]
    right = first[2] if first[2] < second[2] else second[2]
    if right <= left:
        return 0.0
    top = first[1] if first[1] > second[1] else second[1]
    foot = first[3] if first[3] < second[3] else second[3]
    return (right - left) * (foot - top) if foot > top else 0.0


def share_inside(inner: Box, outer: Box) -> float:
    """Which share of ``inner`` lies in ``outer``: by area, by length where ``inner`` has no area."""
    if inner[0] > outer[2] or outer[0] > inner[2] or inner[1] > outer[3] or outer[1] > inner[3]:
        return 0.0
    size = area(inner)
    if size > 0:
        return shared(inner, outer) / size
    both = common(inner, outer)
    length = width(inner) + height(inner)
    return (width(both) + height(both)) / length if length > 0 else 1.0


def overlap_ratio(first: Box, second: Box) -> float:
    """Intersection over union, 0 to 1."""
    both = shared(first, second)
    whole = area(first) + area(second) - both
    return both / whole if whole > 0 else 0.0


def gap_x(first: Box, second: Box) -> float:
    """Empty space between the two from left to right; negative where they overlap."""
    return max(first[0], second[0]) - min(first[2], second[2])


def gap_y(first: Box, second: Box) -> float:
    """Empty space between the two from top to bottom; negative where they overlap."""
    return max(first[1], second[1]) - min(first[3], second[3])


def gap(first: Box, second: Box) -> float:
    """Empty space between the two, the larger of both ways; 0 where they touch or overlap."""
    return max(0.0, gap_x(first, second), gap_y(first, second))


def overlap_x(first: Box, second: Box) -> float:
    """Which share of the narrower box's width both have in common."""
    left = first[0] if first[0] > second[0] else second[0]
    right = first[2] if first[2] < second[2] else second[2]
    if right <= left:
        return 0.0
    one, other = first[2] - first[0], second[2] - second[0]
    return (right - left) / (one if one < other else other)


def overlap_y(first: Box, second: Box) -> float:
    """Which share of the lower box's height both have in common."""
    top = first[1] if first[1] > second[1] else second[1]
    foot = first[3] if first[3] < second[3] else second[3]
    if foot <= top:
        return 0.0
    one, other = first[3] - first[1], second[3] - second[1]
    return (foot - top) / (one if one < other else other)


def center_inside(inner: Box, outer: Box, *, margin: float = 0.0) -> bool:
    """Whether the middle of ``inner`` lies in ``outer``, widened by ``margin``."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] - margin <= x <= outer[2] + margin and outer[1] - margin <= y <= outer[3] + margin


def between(first: Box, second: Box) -> Box:
    """The rectangle that lies between two boxes apart from each other, over the width they share.

    Below one another: from the bottom of the upper to the top of the lower. Beside: likewise across.
    """
    down, across = gap_y(first, second), gap_x(first, second)
    if down >= across:
        upper, lower = (first, second) if first[1] <= second[1] else (second, first)
        left, right = max(first[0], second[0]), min(first[2], second[2])
        if right < left:
            left, right = right, left
        return (left, upper[3], right, lower[1])
    left_one, right_one = (first, second) if first[0] <= second[0] else (second, first)
    top, bottom = max(first[1], second[1]), min(first[3], second[3])
    if bottom < top:
        top, bottom = bottom, top
    return (left_one[2], top, right_one[0], bottom)


def clip(box: Box, page: Box) -> Box:
    """``box`` cut at the edges of ``page``."""
    both = common(box, page)
    return (both[0], both[1], max(both[0], both[2]), max(both[1], both[3]))


def grown(box: Box, by: float) -> Box:
    """``box`` widened by ``by`` points on every side."""
    return (box[0] - by, box[1] - by, box[2] + by, box[3] + by)


def rounded(box: Box) -> Box:
    """``box`` to a hundredth of a point: what is stored, and what pictures are cut by."""
    return (round(box[0], 2), round(box[1], 2), round(box[2], 2), round(box[3], 2))
