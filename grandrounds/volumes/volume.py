"""A volume from the lake, its voxels read when they are first asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from grandrounds.errors import LakeError
from grandrounds.lake import Lake
from grandrounds.records.volume import VolumeLabel, VolumeRecord
from grandrounds.volumes import nifti, nifti_file
from grandrounds.volumes.canonical import CANONICAL, affine_of
from grandrounds.volumes.geometry import Affine, Array
from grandrounds.volumes.limits import VolumeError


class Volume:
    """A canonical volume. ``record`` is its evidence row, ``None`` where only the file is known.

    ``stored`` is the array as it stands in the file, ``data`` the same in real units (they differ only
    where the row has a slope). Both are indexed [i, j, k(, time)] and read-only; colour has fields R, G, B.
    """

    axis_codes = CANONICAL

    def __init__(self, lake: Lake, sha256: str, record: VolumeRecord | None = None) -> None:
        self._lake = lake
        self.sha256 = sha256
        self.record = record

    @cached_property
    def _file(self) -> tuple[bytes, nifti.NiftiHeader]:
        data = self._lake.get_media(self.sha256)
        return data, nifti.header_of(data)

    @cached_property
    def stored(self) -> Array:
        """The voxels as stored. Raises ``LakeError`` when the lake does not hold them undamaged."""
        data, header = self._file
        return nifti_file.voxels(data, shape=header.shape, dtype=header.dtype)

    @cached_property
    def data(self) -> Array:
        """The voxels in real units; 64-bit reals where the row has a slope, else as stored."""
        _, header = self._file
        if (header.slope, header.intercept) == (1.0, 0.0) or self.stored.dtype.names:
            return self.stored
        # The header holds 32-bit numbers; the row has the exact ones.
        slope = self.record.slope if self.record else header.slope
        intercept = self.record.intercept if self.record else header.intercept
        made = self.stored * np.float64(slope) + intercept
        made.flags.writeable = False
        return np.asarray(made)

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along i, j, k (and time)."""
        return self.record.shape if self.record else self._file[1].shape

    @cached_property
    def affine(self) -> Affine:
        """From voxel centres to world mm (RAS); with 64-bit numbers where the row is known."""
        return affine_of(self.record) if self.record else self._file[1].affine

    @property
    def header_affine(self) -> Affine:
        """The affine that the file itself holds, in 32-bit numbers, whatever the row says."""
        return self._file[1].affine

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel distances in mm along i, j, k."""
        lengths = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        return float(lengths[0]), float(lengths[1]), float(lengths[2])

    @property
    def labels(self) -> tuple[VolumeLabel, ...]:
        """The labels of a mask; empty for images and where only the file is known."""
        return self.record.labels if self.record else ()

    def gz(self) -> bytes:
        """The file as ``.nii.gz``, for a release."""
        return nifti_file.deflate(self._file[0])


def open_volume(lake: Lake, which: VolumeRecord | str) -> Volume:
    """The volume of an evidence row, or the canonical file named by a sha256.

    Raises ``LakeError`` when the row has no volume, or no such file is in the lake.
    """
    if isinstance(which, VolumeRecord):
        if which.sha256 is None:
            raise LakeError(f"The volume {which.volume_id} was refused: {which.reason}")
        return Volume(lake, which.sha256, which)
    if not lake.has_media(which):
        raise LakeError(f"There is no volume {which} in the lake.", remedy="Read the sources again.")
    return Volume(lake, which)


__all__ = ["Volume", "VolumeError", "open_volume"]
