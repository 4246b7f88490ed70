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
    sets = Sets(len(found))
    if len(found) <= _FEW:
        for first in range(len(found)):
            for second in range(first + 1, len(found)):
                if _touch(found[first], found[second], frames[first], frames[second], distance):
                    sets.join(first, second)
    else:
        _join_on_grid(found, frames, sets, distance=distance, cell=cell)
    parts: dict[int, list[int]] = {}
    for one in range(len(found)):
        parts.setdefault(sets.find(one), []).append(one)
    return [parts[key] for key in sorted(parts)]


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


def _join_on_grid(
    found: Sequence[Box], hollow: Sequence[bool], sets: Sets, *, distance: float, cell: float
) -> None:
    whole = boxes.grown(boxes.union(found), distance)
    cell = max(cell, boxes.width(whole) / 600, boxes.height(whole) / 600)  # bounds time and memory
    columns, rows = int(boxes.width(whole) / cell) + 2, int(boxes.height(whole) / cell) + 2
    mask = np.zeros((rows, columns), dtype=bool)
    places: list[tuple[int, int]] = []
    for box, frame in zip(found, hollow, strict=True):
        x0 = int((box[0] - distance / 2 - whole[0]) / cell)
        y0 = int((box[1] - distance / 2 - whole[1]) / cell)
        x1 = int((box[2] + distance / 2 - whole[0]) / cell) + 1
        y1 = int((box[3] + distance / 2 - whole[1]) / cell) + 1
        x0, y0 = max(0, x0), max(0, y0)
        places.append((y0, x0))
        if frame and x1 - x0 > 4 and y1 - y0 > 4:
            mask[y0 : y0 + 2, x0:x1] = mask[y1 - 2 : y1, x0:x1] = True
            mask[y0:y1, x0 : x0 + 2] = mask[y0:y1, x1 - 2 : x1] = True
        else:
            mask[y0:y1, x0:x1] = True
    runs, parts = _runs(mask)
    starts: dict[int, list[tuple[int, int, int]]] = {}
    for number, (row, start, stop) in enumerate(runs):
        starts.setdefault(row, []).append((start, stop, number))
    first_of: dict[int, int] = {}
    for one, (row, column) in enumerate(places):
        for start, stop, number in starts.get(row, ()):
            if start <= column < stop:
                key = parts.find(number)
                sets.join(first_of.setdefault(key, one), one)
                break


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
