"""A volume in canonical order, in the very bytes of its NIfTI file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import numpy as np

from grandrounds.records.volume import VolumeRecord
from grandrounds.volumes import nifti_file
from grandrounds.volumes.geometry import (
    CANONICAL,
    Affine,
    Array,
    Reorientation,
    axis_codes,
    obliquity,
    reorientation,
    shear,
    spacing,
    tidy,
)

AS_STORED = Reorientation((0, 1, 2), (False, False, False))


class Media(Protocol):
    """A file of a ``MediaStore`` in the making."""

    def write(self, piece: memoryview) -> None:
        """Add ``piece``. Raises ``OSError``."""

    def keep(self) -> str:
        """Store the file; the answer is its SHA-256. Raises ``OSError``."""

    def drop(self) -> None:
        """Remove what was not kept."""


class MediaStore(Protocol):
    """Where canonical volumes are put: a lake."""

    def put_media(self, data: bytes) -> str:
        """Store the bytes; the answer is their SHA-256."""

    def new_media(self) -> Media:
        """A file to be written in pieces."""


@dataclass(slots=True, kw_only=True)
class Outline:
    """All of a canonical volume but its voxels. ``shape`` is in index order: i, j, k and time."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    affine: Affine
    codes: str
    original_shape: tuple[int, ...]
    space: str = "patient"
    turn: Reorientation = field(default_factory=lambda: AS_STORED)
    slope: float = 1.0
    intercept: float = 0.0

    def header(self, *, is_mask: bool = False, time_step: float = 0.0) -> bytes:
        """The bytes of the file before its voxels."""
        return nifti_file.header(
            shape=self.shape,
            dtype=self.dtype,
            affine=self.affine,
            slope=self.slope,
            intercept=self.intercept,
            time_step=time_step,
            is_mask=is_mask,
            patient_space=self.space == "patient",
        )

    def facts(self) -> dict[str, Any]:
        """The geometry columns of the evidence row."""
        return {
            "bytes": nifti_file.OFFSET + math.prod(self.shape) * self.dtype.itemsize,
            "dtype": "rgb" if self.dtype.names else self.dtype.name,
            "shape": tuple(int(side) for side in self.shape),
            "affine": tuple(float(value) for value in self.affine.ravel()),
            "spacing": spacing(self.affine),
            "space": self.space,
            "original_codes": self.codes,
            "original_shape": self.original_shape,
            "obliquity_degrees": round(obliquity(self.affine), 4),
            "shear_degrees": round(shear(self.affine), 4),
            "slope": self.slope,
            "intercept": self.intercept,
        }


@dataclass(slots=True, kw_only=True)
class Canonical:
    """``file`` is a whole NIfTI file, its header filled in by ``finish``; ``planes`` views its voxels in
    file order ([time,] k, j, i)."""

    file: memoryview
    planes: Array
    affine: Affine
    codes: str
    original_shape: tuple[int, ...]
    space: str = "patient"
    turn: Reorientation = field(default_factory=lambda: AS_STORED)
    slope: float = 1.0
    intercept: float = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape in index order: i, j, k and time."""
        return self.planes.shape[::-1]

    @property
    def outline(self) -> Outline:
        """All but the voxels."""
        return Outline(
            shape=self.shape,
            dtype=self.planes.dtype,
            affine=self.affine,
            codes=self.codes,
            original_shape=self.original_shape,
            space=self.space,
            turn=self.turn,
            slope=self.slope,
            intercept=self.intercept,
        )

    def finish(self, *, is_mask: bool = False, time_step: float = 0.0) -> bytes:
        """Write the header, and give the file."""
        self.file[: nifti_file.OFFSET] = self.outline.header(is_mask=is_mask, time_step=time_step)
        # The lake writes and hashes any buffer; copying hundreds of megabytes into bytes gains nothing.
        return cast(bytes, self.file)

    def facts(self) -> dict[str, Any]:
        """The geometry columns of the evidence row."""
        return self.outline.facts()


def blank(shape: Sequence[int], dtype: np.dtype[Any]) -> tuple[memoryview, Array]:
    """A file for voxels of ``shape`` in file order, and the view of them, to be filled whole."""
    # numpy does not clear what is written over anyway.
    file = np.empty(nifti_file.OFFSET + math.prod(shape) * dtype.itemsize, np.uint8)
    return file.data, file[nifti_file.OFFSET :].view(dtype).reshape(shape)


def turn_for(affine: Affine, space: str) -> Reorientation:
    """The reorientation of a grid: nearest to RAS+ in patient space, none in image space."""
    return reorientation(affine) if space == "patient" else AS_STORED


def turned(affine: Affine, turn: Reorientation, shape: Sequence[int]) -> Affine:
    """The affine of the canonical grid."""
    return tidy(affine @ turn.matrix(shape[:3]))


def codes_of(affine: Affine, space: str) -> str:
    """The orientation code of a stored grid; empty in image space."""
    return axis_codes(affine) if space == "patient" else ""


def affine_of(record: VolumeRecord) -> Affine:
    """A record's affine as a 4x4 array."""
    return np.asarray(record.affine, dtype=np.float64).reshape(4, 4)


__all__ = [
    "AS_STORED",
    "CANONICAL",
    "Canonical",
    "Media",
    "MediaStore",
    "Outline",
    "affine_of",
    "blank",
    "codes_of",
    "turn_for",
    "turned",
]
