"""The volumes of a release, opened from its own files: each held against its row before it is used.

An image is kept until the next one is asked for, a mask not at all: memory holds one of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from grandrounds.errors import GrandRoundsError, ReleaseError
from grandrounds.records.volume import VolumeRecord
from grandrounds.release.packed import claimed_bytes, dtype_of, packed_path, unpack

if TYPE_CHECKING:
    from grandrounds.lake import Lake
    from grandrounds.volumes.volume import Volume

TOLERANCE_MM = 1e-3
"""How far a voxel may lie from where its file's header puts it; that has 32-bit numbers only."""
_RELATIVE = 1e-6


class ReleasedVolumes:
    """Opens volumes by their rows. ``sound`` are the files of the release whose bytes are as listed;
    ``faults`` says, by ``volume_id``, what is wrong with those that were asked for and can't be opened."""

    def __init__(self, directory: Path, *, sound: frozenset[str]) -> None:
        self._directory = directory
        self._sound = sound
        self._image: Volume | None = None
        self.faults: dict[str, str] = {}
        self.opened: set[str] = set()

    def open(self, row: VolumeRecord) -> Volume:
        """The volume of a row. Raises ``ReleaseError`` saying what is wrong with it."""
        if self._image is not None and not row.is_mask and self._image.record == row:
            return self._image
        if not row.is_mask:
            self._image = None  # before the next one takes memory
        self.opened.add(row.volume_id)
        try:
            volume = self._opened(row)
        except GrandRoundsError as exc:
            self.faults[row.volume_id] = exc.what
            raise
        if not row.is_mask:
            self._image = volume
        return volume

    def make_sure(self, row: VolumeRecord) -> None:
        """Look at a volume that nothing has opened yet; what is wrong with it stands in ``faults`` then."""
        if row.volume_id not in self.opened:
            try:
                self.open(row)
            except GrandRoundsError:
                return

    def forget(self) -> None:
        """Let go of the image."""
        self._image = None

    def _opened(self, row: VolumeRecord) -> Volume:
        from grandrounds.volumes.volume import Volume

        path = packed_path(row.sha256 or "")
        if path not in self._sound:
            raise ReleaseError(f"{path} is missing or damaged")
        try:
            data = unpack(self._directory / path, row)
        except ReleaseError as exc:
            raise ReleaseError(f"{path} {exc.what}") from exc
        volume = Volume(cast("Lake", _Held(data)), row.sha256 or "", row)
        fault = next(header_faults(data, row), "")
        if fault:
            raise ReleaseError(f"{path} {fault}")
        return volume


class _Held:
    """What ``Volume`` needs of a lake: the bytes of the one file that it opens."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def get_media(self, _sha256: str) -> bytes:
        return self._data


def header_faults(data: bytes, row: VolumeRecord) -> Iterator[str]:
    """What the header of a NIfTI file says otherwise than its row, worst first."""
    import numpy as np

    from grandrounds.volumes.canonical import affine_of
    from grandrounds.volumes.geometry import check_affine, corners, spacing
    from grandrounds.volumes.nifti import header_of
    from grandrounds.volumes.nifti_file import OFFSET

    try:
        header = header_of(data)
    except GrandRoundsError as exc:
        yield f"is no volume: {exc.what}"
        return
    if (header.offset, header.shape, header.dtype.newbyteorder("=")) != (OFFSET, row.shape, dtype_of(row)):
        yield "has another shape, voxel type or layout than its row"
        return
    if len(data) != claimed_bytes(row) or row.bytes != len(data):
        yield f"holds {len(data):,} bytes, its row says {row.bytes:,}"
    if len(row.affine) != 16:
        yield "has a row without an affine"
        return
    own = affine_of(row)
    try:
        check_affine(own)
        check_affine(header.affine)
    except GrandRoundsError as exc:
        yield f"can't be placed: {exc.what}"
        return
    apart = float(np.abs(corners(own, row.shape) - corners(header.affine, row.shape)).max())
    # Written so that a distance that is no number is a fault, too.
    if not apart <= TOLERANCE_MM:
        yield f"lies {apart:.3g} mm from where its row says"
    if not np.allclose(spacing(own), row.spacing[:3], rtol=_RELATIVE, atol=0):
        yield "has a spacing that its row's affine does not give"
    scale = (header.slope, header.intercept)
    if not np.allclose(scale, (row.slope, row.intercept), rtol=_RELATIVE, atol=1e-6):
        yield "scales its voxels otherwise than its row"
