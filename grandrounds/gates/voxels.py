"""What the gates of volumes see of the voxels: one scan's files, looked at once.

A scan is opened when the first of its revisions is judged and forgotten when the next scan's turn comes, so
memory never holds voxels of two. What stays of a scan are summaries: each grid, and how each label's
voxels spread along the axes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grandrounds.records.scan import Scan
from grandrounds.records.volume import VolumeRecord

if TYPE_CHECKING:
    from grandrounds.measure.structure import Counts

OpenVolume = Callable[[VolumeRecord], Any]
"""Opens a volume by its row: ``data``, ``affine`` and ``shape``, as ``volumes.volume.Volume`` has them."""

OUTSIDE = -1
"""Stands for the label of a landmark that lies outside its volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The grid that a file itself says it has. ``affine`` is row-major, 16 numbers."""

    shape: tuple[int, ...]
    affine: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voxels:
    """What the files of one scan hold.

    ``grids`` are by volume id; ``counts`` by mask id, then by label: how many of its voxels have each
    index along i, j and k. ``at_landmarks`` is by mask id, then by label of a landmark: the label of the
    voxel that the landmark lies in (0: none). ``problems`` are by volume id: why a file can't be opened, or
    its labels not be counted. ``again`` is the scan measured again, ``differences`` how it differs from
    what is stored; ``failed`` says why nothing was measured.
    """

    grids: Mapping[str, Grid]
    counts: Mapping[str, Mapping[int, tuple[Counts, Counts, Counts]]]
    at_landmarks: Mapping[str, Mapping[int, int]]
    problems: Mapping[str, str]
    again: Scan | None = None
    differences: tuple[str, ...] = ()
    failed: str = ""
