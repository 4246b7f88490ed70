"""Connected parts of a mask, with numpy alone: runs of voxels joined to runs of neighbouring lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from grandrounds.measure.structure import Mask

Indices = npt.NDArray[np.int64]


def component_sizes(mask: Mask, *, corners: bool = True) -> tuple[int, ...]:
    """Voxels of each connected part of a 3D mask, largest first.

    With ``corners`` voxels that share a face, edge or corner are connected (26 neighbours), otherwise only
    those that share a face (6).
    """
    roots, lengths, _ = _joined(mask, corners=corners)
    if not len(roots):
        return ()
    sizes = np.bincount(roots, weights=lengths).astype(np.int64)
    return tuple(int(size) for size in sorted(sizes[sizes > 0], reverse=True))


def largest_component(mask: Mask, *, corners: bool = True) -> Mask:
    """The mask of the largest connected part; the one met first where two are equally large."""
    roots, lengths, (lines, starts) = _joined(mask, corners=corners)
    made = np.zeros(mask.shape, dtype=bool)
    if not len(roots):
        return made
    sizes = np.bincount(roots, weights=lengths)
    keep = np.flatnonzero(roots == int(np.argmax(sizes)))
    flat = made.reshape(-1, mask.shape[-1])
    for run in keep:
        flat[lines[run], starts[run] : starts[run] + lengths[run]] = True
    return made


def _joined(mask: Mask, *, corners: bool) -> tuple[Indices, Indices, tuple[Indices, Indices]]:
    """Runs along the last axis: the root of each, its length, and its (line, start)."""
    lines, starts, stops = _runs(mask)
    first, second = _pairs(mask.shape, lines, starts, stops, corners=corners)
    return _roots(len(lines), first, second), stops - starts, (lines, starts)


def _runs(mask: Mask) -> tuple[Indices, Indices, Indices]:
    width = mask.shape[-1]
    padded = np.zeros((mask.size // max(width, 1), width + 2), dtype=np.int8)
    padded[:, 1:-1] = mask.reshape(-1, width)
    edges = np.diff(padded, axis=1)
    lines, starts = np.nonzero(edges == 1)
    _, stops = np.nonzero(edges == -1)
    return lines.astype(np.int64), starts.astype(np.int64), stops.astype(np.int64)


def _pairs(
    shape: tuple[Any, ...], lines: Indices, starts: Indices, stops: Indices, *, corners: bool
) -> tuple[Indices, Indices]:
    """Which runs touch a run of a neighbouring line."""
    rows, columns, width = shape
    reach = 1 if corners else 0
    pitch = width + 2
    start_keys, stop_keys = lines * pitch + starts, lines * pitch + stops
    row, column = np.divmod(lines, columns)
    found: list[tuple[Indices, Indices]] = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)) if corners else ((0, 1), (1, 0)):
        there = (row + down < rows) & (column + right >= 0) & (column + right < columns)
        runs = np.flatnonzero(there)
        target = (lines[runs] + down * columns + right) * pitch
        low = np.searchsorted(stop_keys, target + starts[runs] - reach, side="right")
        high = np.searchsorted(start_keys, target + stops[runs] + reach, side="left")
        many = np.maximum(high - low, 0)
        offsets = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        found.append((np.repeat(runs, many), np.repeat(low, many) + offsets))
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _roots(number: int, first: Indices, second: Indices) -> Indices:
    """The smallest member of each part, for every run: hook to the smaller root, shorten, repeat."""
    root = np.arange(number, dtype=np.int64)
    while True:
        a, b = root[first], root[second]
        apart = a != b
        if not apart.any():
            return root
        first, second = first[apart], second[apart]
        low, high = np.minimum(a, b)[apart], np.maximum(a, b)[apart]
        np.minimum.at(root, high, low)
        while not np.array_equal(shorter := root[root], root):
            root = shorter
