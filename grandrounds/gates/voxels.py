"""What the gates of volumes see of the voxels: one scan's files, looked at once.

A scan is opened when the first of its revisions is judged and forgotten when the next scan's turn comes, so
memory holds one image and one mask. What stays are summaries: each grid, and how each label's voxels
spread along the axes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from grandrounds.records.scan import Scan
from grandrounds.records.volume import VolumeRecord

OpenVolume = Callable[[VolumeRecord], Any]
"""Opens a volume by its row: ``data``, ``affine`` and ``shape``, as ``volumes.volume.Volume`` has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The grid of a file as it lies in the lake. ``affine`` is row-major, 16 numbers."""

    shape: tuple[int, ...]
    affine: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voxels:
    """What the files of one scan hold.

    ``grids`` are by volume id; ``counts`` by mask id and label, along i, j and k, the voxels at each index;
    ``at_landmarks`` by mask id and label the label that the landmark's voxel has (0: none, -1: outside).
    ``again`` is the scan measured again. ``problem`` says what could not be opened or measured.
    """

    grids: Mapping[str, Grid]
    counts: Mapping[tuple[str, int], tuple[tuple[int, ...], ...]]
    at_landmarks: Mapping[tuple[str, int], int]
    again: Scan | None = None
    problem: str = ""
