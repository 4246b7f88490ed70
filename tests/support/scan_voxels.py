"""Voxels for the scans of ``tests.support.scans``: real canonical files in a lake."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grandrounds.lake import Lake
from grandrounds.records.scan import Scan
from grandrounds.volumes.canonical import Canonical, affine_of, blank


def with_image(scan: Scan, lake: Lake) -> Scan:
    """The scan with an image in ``lake``: air, and each structure's box filled with a value of its own."""
    shape = scan.volume.shape
    file, planes = blank(shape[::-1], np.dtype(np.int16))
    voxels = planes.T
    voxels[...] = -1000
    for row in scan.structures:
        i0, j0, k0, i1, j1, k1 = row.box
        voxels[i0:i1, j0:j1, k0:k1] = 40 + 20 * row.label
    made = Canonical(
        file=file, planes=planes, affine=affine_of(scan.volume), codes="RAS", original_shape=shape,
        space=scan.volume.space,
    )  # fmt: skip
    sha256 = lake.put_media(bytes(made.finish()))
    return replace(scan, volume=replace(scan.volume, sha256=sha256))
