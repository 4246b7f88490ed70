"""How much a file may ask for. Everything is checked before memory is taken for it."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from grandrounds.errors import SourceError

_LEAST_MEMORY, _MOST_MEMORY = 4 << 30, 12 << 30
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class VolumeError(SourceError):
    """A volume, a slice or a sidecar can't be read as it stands; the message is the row's reason."""


@cache
def machine_bytes() -> int:
    """The memory of this machine, or of the container that it is; 0 where nothing tells."""
    found = []
    with contextlib.suppress(ValueError, OSError, AttributeError):
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for name in _CGROUP_LIMITS:
        with contextlib.suppress(ValueError, OSError):  # "max" is no number
            found.append(int(Path(name).read_text()))
    return min((size for size in found if size > 0), default=0)


def process_share() -> int:
    """A quarter of the memory, but at least 4 GB (a large volume whose axes change places is held twice)
    and at most 12 GB (more than the largest volume that is read ever needs)."""
    return min(max(machine_bytes() // 4, _LEAST_MEMORY), _MOST_MEMORY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on one volume and on the process that reads it.

    ``voxels`` and ``bytes`` bound what is decoded, ``header_bytes`` what stands before the pixels,
    ``sidecar_bytes`` a file of names or centroids, ``files`` the slices of one series.
    ``seconds`` bounds the work on one series or file in a process of its own (it grows with the
    bytes read, see ``seconds_for``), ``process_bytes`` that process's address space (0: no bound;
    by default a share of the machine's memory, see ``process_share``).
    ``expansion`` is the largest believable ratio of decoded to stored bytes of a compressed frame.
    """

    voxels: int = 640_000_000
    bytes: int = 2_560_000_000
    header_bytes: int = 64 << 20
    sidecar_bytes: int = 4 << 20
    files: int = 20_000
    seconds: float = 60.0
    process_bytes: int = field(default_factory=process_share)
    expansion: int = 5_000

    def seconds_for(self, size: int) -> float:
        """Seconds for a job over ``size`` stored bytes: the base, and one for each 2 MB."""
        return self.seconds + size / 2_000_000

    def check_shape(self, shape: Sequence[int], *, itemsize: int, what: str) -> int:
        """The bytes that ``shape`` takes. Raises ``VolumeError`` before anything is allocated."""
        if not shape or any(side < 1 for side in shape):
            raise VolumeError(f"{what} claims the shape {_shown(shape)}.", remedy="Write the file again.")
        voxels = math.prod(shape)
        if voxels > self.voxels or voxels * itemsize > self.bytes:
            raise VolumeError(
                f"{what} claims {_shown(shape)} = {voxels:,} voxels, more than the {self.voxels:,} voxels "
                f"or {self.bytes:,} bytes that are read.",
                remedy="If the claim is true, raise the limit; if not, the header lies.",
            )
        return voxels * itemsize


DEFAULT = Limits()
"""The limits used where a caller gives none."""


def _shown(shape: Sequence[int]) -> str:
    return "x".join(str(side) for side in shape)
