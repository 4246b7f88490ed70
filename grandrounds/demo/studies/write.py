"""Files of the demo studies: NIfTI in any axis order, centroids as VerSe writes them, small sidecars."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grandrounds.demo.studies.shapes import Reals
from grandrounds.volumes import nifti_file

_LETTERS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}


def nifti(
    array: NDArray[Any],
    affine: Reals,
    *,
    codes: str = "RAS",
    is_mask: bool = False,
    slope: float = 1.0,
    intercept: float = 0.0,
) -> bytes:
    """A NIfTI file of a RAS array, stored in the axis order ``codes``; only the sform is filled in."""
    order = [_LETTERS[letter] for letter in codes]
    stored = array.transpose([world for world, _ in order])
    turn = np.zeros((4, 4))
    turn[3, 3] = 1.0
    for axis, (world, sign) in enumerate(order):
        turn[world, axis] = sign
        if sign < 0:
            stored = np.flip(stored, axis)
            turn[world, 3] = array.shape[world] - 1
    grid = np.array(
        [[sum(affine[r, m] * turn[m, c] for m in range(4)) for c in range(4)] for r in range(4)]
    )
    head = bytearray(
        nifti_file.header(
            shape=stored.shape,
            dtype=stored.dtype,
            affine=grid,
            slope=slope,
            intercept=intercept,
            is_mask=is_mask,
        )
    )
    # The quaternion's last bits depend on the machine; the sform says all.
    struct.pack_into("<h", head, 252, 0)
    struct.pack_into("<6f", head, 256, *[0.0] * 6)
    return bytes(head) + np.ascontiguousarray(stored.T).tobytes()


def packed(data: bytes) -> bytes:
    """``data`` as gzip: one member, no name, time 0."""
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    return engine.compress(data) + engine.flush()


def centroids(
    points: Mapping[int, Sequence[float]], shape: Sequence[int], *, codes: str = "RAS", places: int = 1
) -> bytes:
    """VerSe's centroid file of RAS voxel indices, told along ``codes``."""
    document: list[dict[str, Any]] = [{"direction": list(codes)}]
    for label, voxel in points.items():
        told = []
        for letter in codes:
            world, sign = _LETTERS[letter]
            told.append(round(voxel[world] if sign > 0 else shape[world] - 1 - voxel[world], places))
        document.append({"label": label, "X": told[0], "Y": told[1], "Z": told[2]})
    return as_json(document)


def as_json(document: Any) -> bytes:
    """A sidecar's bytes."""
    return (json.dumps(document, indent=1) + "\n").encode()
