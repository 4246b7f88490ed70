"""Panels within one picture: empty bands between them, found in its grey values."""

from __future__ import annotations

from typing import Any

import numpy as np

_FLAT = 9.0
"""Grey levels (of 255) within which a row or column counts as empty."""
_THINNEST = 0.006
_SMALLEST = 0.1

Cell = tuple[int, int, int, int]


def panels_in(grey: Any, count: int) -> list[Cell]:
    """Boxes of ``count`` panels in a grey picture (rows by columns, 0 to 255), row by row; ``[]`` if not found.

    The widest empty band that crosses a part cuts it, again and again, until there are as many as asked.
    """
    if count < 2 or grey.ndim != 2 or min(grey.shape) < 16:
        return []
    values = grey.astype(np.float32)
    whole = _trimmed(values, (0, 0, values.shape[1], values.shape[0]))
    cells: list[Cell] = [whole]
    while len(cells) < count:
        cuts = [
            (cut[0], number, cut)
            for number, cell in enumerate(cells)
            if (cut := _widest(values, cell)) is not None
        ]
        if not cuts:
            return []
        best = max(cuts, key=lambda one: (one[0], -one[1]))
        _, axis, low, high = best[2]
        x0, y0, x1, y1 = cells.pop(best[1])
        halves = (
            [(x0, y0, low, y1), (high, y0, x1, y1)]
            if axis == 1
            else [(x0, y0, x1, low), (x0, high, x1, y1)]
        )
        cells += [_trimmed(values, half) for half in halves]
    cells = in_rows(cells)
    areas = [(cell[2] - cell[0]) * (cell[3] - cell[1]) for cell in cells]
    return cells if min(areas) > 0.12 * max(areas) else []


def in_rows(cells: list[Cell]) -> list[Cell]:
    """``cells`` row by row, from left to right."""
    rest = sorted(cells, key=lambda cell: (cell[1], cell[0]))
    ordered: list[Cell] = []
    while rest:
        top = rest[0]
        middle = (top[1] + top[3]) / 2
        row = [cell for cell in rest if cell[1] < middle < cell[3]] or [top]
        ordered += sorted(row, key=lambda cell: cell[0])
        rest = [cell for cell in rest if cell not in row]
    return ordered


def _widest(values: Any, cell: Cell) -> tuple[float, int, int, int] | None:
    """The widest empty band across ``cell``: width, axis (1: cuts columns apart), from, to."""
    x0, y0, x1, y1 = cell
    part = values[y0:y1, x0:x1]
    best: tuple[float, int, int, int] | None = None
    for axis, start, stop in ((1, x0, x1), (0, y0, y1)):
        length = stop - start
        if length < 24:
            continue
        along = part if axis == 1 else part.T
        low, high = np.percentile(along, (2, 98), axis=0)
        flat = (high - low) < _FLAT
        edge = int(_SMALLEST * length)
        for first, last in _bands(flat):
            if first < edge or last > length - edge or last - first < max(2, _THINNEST * max(values.shape)):
                continue
            level = float(along[:, first:last].mean())
            if 40 < level < 215 or not _changes(along, first, last, level):
                continue
            centered = 1 - abs((first + last) / length - 1)
            # bands near the middle part panels rather than a picture from its margin
            worth = (last - first) * (0.5 + 0.5 * centered)
            if best is None or worth > best[0]:
                best = (worth, axis, start + first, start + last)
    return best


def _changes(along: Any, first: int, last: int, level: float) -> bool:
    """Whether both sides of a band begin at once, as panels do at their edges."""
    before = np.abs(along[:, max(0, first - 3) : first] - level).mean()
    after = np.abs(along[:, last : last + 3] - level).mean()
    return bool(before > 3 and after > 3)


def _bands(flat: Any) -> list[tuple[int, int]]:
    change = np.diff(np.concatenate(([0], flat.astype(np.int8), [0])))
    return list(zip(np.nonzero(change == 1)[0].tolist(), np.nonzero(change == -1)[0].tolist(), strict=True))


def _trimmed(values: Any, cell: Cell) -> Cell:
    """``cell`` without its empty edges."""
    x0, y0, x1, y1 = cell
    part = values[y0:y1, x0:x1]
    if part.size == 0:
        return cell
    rows = np.nonzero(np.ptp(part, axis=1) >= _FLAT)[0]
    columns = np.nonzero(np.ptp(part, axis=0) >= _FLAT)[0]
    if not len(rows) or not len(columns):
        return cell
    return (x0 + int(columns[0]), y0 + int(rows[0]), x0 + int(columns[-1]) + 1, y0 + int(rows[-1]) + 1)
