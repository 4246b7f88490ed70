"""Which of many boxes hang together: connected parts on a grid of small cells.

A page may hold tens of thousands of drawn shapes; comparing each with each would take minutes. Painting
them on a grid takes time in proportion to their number, whatever a hostile file holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from grandrounds.textbooks import boxes
from grandrounds.textbooks.values import Box

_FEW = 48
"""Up to this many boxes are compared one with another: exact, and faster than a grid."""


class Sets:
    """Disjoint sets of the numbers below ``count``."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def find(self, one: int) -> int:
        """The number that stands for the set of ``one``."""
        parent = self._parent
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    def join(self, first: int, second: int) -> None:
        """Make one set of two; the smaller number stands for it."""
        first, second = self.find(first), self.find(second)
        if first != second:
            self._parent[max(first, second)] = min(first, second)


def connected(
    found: Sequence[Box], *, distance: float, hollow: Sequence[bool] | None = None, cell: float = 2.0
) -> list[list[int]]:
    """Numbers of the boxes that hang together, at most ``distance`` points apart; by first member.

    ``hollow`` boxes are frames: what lies inside one without touching its edge does not hang on it.
    """
    if not found:
        return []
    frames = hollow or [False] * len(found)
    if len(found) > _FEW:
        names = _names_on_grid(found, frames, distance=distance, cell=cell)
    else:
        sets = Sets(len(found))
        for first in range(len(found)):
            for second in range(first + 1, len(found)):
                if _touch(found[first], found[second], frames[first], frames[second], distance):
                    sets.join(first, second)
        names = [sets.find(one) for one in range(len(found))]
    parts: dict[int, list[int]] = {}
    for one, name in enumerate(names):
        parts.setdefault(name, []).append(one)
    return list(parts.values())


def blobs(mask: Any) -> list[tuple[int, int, int, int, int]]:
    """Connected parts of a two-dimensional boolean array: ``(x0, y0, x1, y1, cells)``, half-open."""
    runs, sets = _runs(mask)
    found: dict[int, list[int]] = {}
    for number, (row, start, stop) in enumerate(runs):
        key = sets.find(number)
        part = found.get(key)
        if part is None:
            found[key] = [start, row, stop, row + 1, stop - start]
        else:
            part[0], part[2] = min(part[0], start), max(part[2], stop)
            part[3] = row + 1
            part[4] += stop - start
    return [(part[0], part[1], part[2], part[3], part[4]) for part in found.values()]


def _touch(first: Box, second: Box, first_hollow: bool, second_hollow: bool, distance: float) -> bool:
    if boxes.gap(first, second) > distance:
        return False
    for frame, other, hollow in ((first, second, first_hollow), (second, first, second_hollow)):
        if hollow:
            inner = boxes.grown(frame, -distance - 0.5)
            if inner[0] < other[0] and inner[1] < other[1] and other[2] < inner[2] and other[3] < inner[3]:
                return False
    return True


def _names_on_grid(
    found: Sequence[Box], hollow: Sequence[bool], *, distance: float, cell: float
) -> list[int]:
    """For each box the number of the part it belongs to."""
    all_boxes = np.array(found, dtype=np.float64)
    low = all_boxes[:, :2].min(axis=0) - distance
    size = all_boxes[:, 2:].max(axis=0) + distance - low
    cell = max(cell, float(size.max()) / 600)  # bounds time and memory
    columns, rows = int(size[0] / cell) + 3, int(size[1] / cell) + 3
    starts = np.maximum(0, ((all_boxes[:, :2] - distance / 2 - low) / cell).astype(int))
    stops = ((all_boxes[:, 2:] + distance / 2 - low) / cell).astype(int) + 1
    wide = ((stops - starts) > 4).all(axis=1)
    frames = np.array(hollow, dtype=bool) & wide
    counts = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    x0, y0 = starts[~frames, 0], starts[~frames, 1]
    x1, y1 = stops[~frames, 0], stops[~frames, 1]
    np.add.at(counts, (y0, x0), 1)  # corners; running sums both ways fill the boxes
    np.add.at(counts, (y1, x1), 1)
    np.add.at(counts, (y0, x1), -1)
    np.add.at(counts, (y1, x0), -1)
    mask = counts.cumsum(axis=0).cumsum(axis=1)[:rows, :columns] > 0
    for (left, top), (right, foot) in zip(starts[frames].tolist(), stops[frames].tolist(), strict=True):
        mask[top : top + 2, left:right] = mask[foot - 2 : foot, left:right] = True
        mask[top:foot, left : left + 2] = mask[top:foot, right - 2 : right] = True
    runs, parts = _runs(mask)
    labels = np.full(mask.shape, -1, dtype=np.int32)
    for number, (row, start, stop) in enumerate(runs):
        labels[row, start:stop] = parts.find(number)
    return [int(name) for name in labels[starts[:, 1], starts[:, 0]]]


def _runs(mask: Any) -> tuple[list[tuple[int, int, int]], Sets]:
    """Rows' runs of true cells as ``(row, start, stop)``, and which of them hang together."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    change = np.diff(padded, axis=1)
    rows, starts = np.nonzero(change == 1)
    _, stops = np.nonzero(change == -1)
    runs = list(zip(rows.tolist(), starts.tolist(), stops.tolist(), strict=True))
    sets = Sets(len(runs))
    above: list[int] = []
    current: list[int] = []
    last_row = -2
    for number, (row, start, stop) in enumerate(runs):
        if row != last_row:
            above = current if row == last_row + 1 else []
            current, last_row = [], row
        for other in above:
            if runs[other][1] <= stop and start <= runs[other][2]:  # corners count
                sets.join(other, number)
        current.append(number)
    return runs, sets
