"""Panels within one picture: empty bands between them, found in its grey values."""

from __future__ import annotations

from typing import Any

import numpy as np

_FLAT = 3.0
"""Standard deviation (of 255 grey levels) within which a row or column counts as empty."""
_THINNEST = 0.006
_OFF_GRID = 0.06
"""How far a grid's line may be from its place, as a share of a panel's side."""
_SMALLEST = 0.1

Cell = tuple[int, int, int, int]


def panels_in(grey: Any, count: int) -> list[Cell]:
    """Boxes of ``count`` panels in a grey picture (rows by columns, 0 to 255), row by row, or none.

    The widest empty band that crosses a part cuts it, again and again, until there are as many as asked.
    """
    if count < 2 or grey.ndim != 2 or min(grey.shape) < 16:
        return []
    values = grey.astype(np.float32)
    gridded = _grid(values, count)
    if gridded:
        return gridded
    whole = _trimmed(values, (0, 0, values.shape[1], values.shape[0]))
    cells: list[Cell] = [whole]
    tried: dict[Cell, tuple[float, int, int, int] | None] = {}
    while len(cells) < count:
        tried |= {cell: _widest(values, cell) for cell in cells if cell not in tried}
        cuts = [
            (cut[0], number, cut) for number, cell in enumerate(cells) if (cut := tried[cell]) is not None
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


def _spread(values: Any, axis: int) -> Any:
    """The standard deviation along an axis, in one pass. Grey levels lose nothing as 32-bit floats: their
    sums over any side of a picture are whole numbers below 2**24."""
    count = values.shape[axis]
    mean = values.sum(axis=axis).astype(np.float64) / count
    squares = np.einsum("ij,ij->j" if axis == 0 else "ij,ij->i", values, values) / count
    return np.sqrt(np.maximum(squares - mean * mean, 0.0))


def _grid(values: Any, count: int) -> list[Cell]:
    """Panels of equal size in rows and columns: thin empty lines near where a grid has them.

    Such lines may be a pixel or two wide and of any grey; only all of a grid's lines together are proof.
    The last row may hold fewer panels than the others.
    """
    best: tuple[float, list[Cell]] | None = None
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        if (
            columns > 8
            or rows > 8
            or (columns * rows - count >= columns)
            or (columns * rows > count and rows == 1)
        ):
            continue
        across, sure_across = _lines(values, 1, columns)
        down, sure_down = _lines(values, 0, rows)
        if across is None or down is None:
            continue
        cells = [
            (across[column][1], down[row][1], across[column + 1][0], down[row + 1][0])
            for row in range(rows)
            for column in range(columns)
        ][:count]
        worth = min(sure_across, sure_down) - 0.02 * (columns * rows - count)
        if best is None or worth > best[0]:
            best = (worth, cells)
    return best[1] if best else []


def _lines(values: Any, axis: int, parts: int) -> tuple[list[tuple[int, int]] | None, float]:
    """Empty lines that cut ``values`` in so many equal parts: ends of each, and how empty the worst is."""
    length = values.shape[axis]
    found = [(0, 0)]
    worst = 1.0
    along = values if axis == 1 else values.T
    for part in range(1, parts):
        expected = part * length / parts
        reach = _OFF_GRID * length / parts
        first, last = int(expected - reach), int(expected + reach) + 1
        if first < 1 or last > length - 1:
            return None, 0.0
        window = _spread(along[:, first:last], 0)
        flattest = float(window.min())
        before = along[:, max(0, first - 3 * (last - first)) : first : 3]
        if flattest > _FLAT or float(np.median(_spread(before, 0))) < 2 * _FLAT:
            return None, 0.0
        flat = np.nonzero(window <= max(flattest + 0.3, 1.0))[0] + first
        middle = flat[np.argmin(np.abs(flat - expected))]
        start = stop = int(middle)
        empty = set(flat.tolist())
        while start - 1 in empty and expected - start < reach:
            start -= 1
        while stop + 1 in empty and stop - expected < reach:
            stop += 1
        found.append((start, stop + 1))
        worst = min(worst, 1 - flattest / _FLAT)
    found.append((length, length))
    return found, worst


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
        flat = _spread(along, 0) < _FLAT
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
    rows = np.nonzero(_spread(part, 1) >= _FLAT)[0]
    columns = np.nonzero(_spread(part, 0) >= _FLAT)[0]
    if not len(rows) or not len(columns):
        return cell
    return (x0 + int(columns[0]), y0 + int(rows[0]), x0 + int(columns[-1]) + 1, y0 + int(rows[-1]) + 1)
