"""Studies that are wrong in one way each: what a reader must refuse, flag, or see through."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from grandrounds.demo.studies import dicom, spine, write
from grandrounds.demo.studies.phantom import Phantom, straight
from grandrounds.demo.studies.shapes import Reals
from grandrounds.demo.studies.torso import NUMBERS, Body, Tissues, Torso, paint
from grandrounds.demo.studies.vertebrae import Build

_BOMB_BYTES = 24 << 20


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that are written as they are, whatever the file's name says."""

    data: bytes


Made = dict[str, bytes | Raw]


def truncated() -> Made:
    """A packed file that ends in the middle."""
    image, grid = _slab()
    # Stored, not packed: every zlib writes these bytes alike.
    engine = zlib.compressobj(0, zlib.DEFLATED, 31)
    whole = engine.compress(write.nifti(image[:20, :20, :10], grid)) + engine.flush()
    return {"sub-demo901_ct.nii.gz": Raw(whole[: len(whole) * 6 // 10])}


def other_grid() -> Made:
    """A mask that lies on another grid than the image beside it."""
    image, grid = _slab(2)
    mask = _labels()[::2, ::2, ::2]
    coarse = grid.copy()
    coarse[:3, :3] *= 2
    return {
        "sub-demo902_ct.nii.gz": write.nifti(image, grid),
        "sub-demo902_seg.nii.gz": write.nifti(np.ascontiguousarray(mask), coarse),
        "sub-demo902_seg.csv": _table(),
    }


def nan_affine() -> Made:
    """An affine that holds no numbers."""
    return {"sub-demo903_ct.nii.gz": _patched({280: struct.pack("<f", float("nan"))})}


def zero_spacing() -> Made:
    """Slices that lie 0 mm apart."""
    return {"sub-demo904_ct.nii.gz": _patched({280 + 4 * 10: struct.pack("<f", 0.0)})}


def huge_claim() -> Made:
    """A header that claims a thousand million voxels, in a file of a few hundred bytes."""
    return {"sub-demo905_ct.nii.gz": _patched({42: struct.pack("<3h", 1000, 1000, 1000)})}


def zip_bomb() -> Made:
    """A small sound volume, followed by zeros that pack a thousand times smaller."""
    image, grid = _slab()
    return {"sub-demo906_ct.nii.gz": write.nifti(image[:24, :24, :16], grid) + bytes(_BOMB_BYTES)}


def fractions() -> Made:
    """A mask whose values are no whole numbers."""
    image, grid = _slab(7)
    mask = np.where(_labels() == NUMBERS["liver"], 1.0, 0.0).astype(np.float32)
    soft = (mask + np.roll(mask, 1, axis=0)) / 2
    return {
        "sub-demo907_ct.nii.gz": write.nifti(image, grid),
        "sub-demo907_liver_mask.nii.gz": write.nifti(soft, grid),
    }


def flipped() -> Made:
    """A mask whose voxels were mirrored from left to right; its affine was not."""
    image, grid = _slab(8)
    return {
        "sub-demo908_ct.nii.gz": write.nifti(image, grid),
        "sub-demo908_seg.nii.gz": write.nifti(np.ascontiguousarray(_labels()[::-1]), grid),
        "sub-demo908_seg.csv": _table(),
    }


def swapped() -> Made:
    """A centroid file in which two vertebrae have each other's label."""
    study = spine.draw(_SMALL_SPINE)
    shape, grid = study.phantom.shape, study.phantom.affine
    exchanged = {21: 22, 22: 21}
    points = {exchanged.get(label, label): at for label, at in study.centres.items()}
    return {
        "sub-demo909_ct.nii.gz": write.nifti(study.phantom.stored(), grid),
        "sub-demo909_seg-vert_msk.nii.gz": write.nifti(study.bones, grid),
        "sub-demo909_seg-subreg_ctd.json": write.centroids(dict(sorted(points.items())), shape),
    }


def missing_slice() -> Made:
    """A series of which one slice never arrived."""
    return _dicom("910", lambda data, number: None if number == 5 else data)


def double_slice() -> Made:
    """A series one slice of which is there twice."""
    made = _dicom("911", lambda data, _: data)
    return made | {"IM0003-copy.dcm": made["IM0003.dcm"]}


def two_patients() -> Made:
    """One series that holds slices of two patients."""

    def other(data: Dataset, number: int) -> Dataset:
        data.PatientID = "DEMO-912-A" if number <= 4 else "DEMO-912-B"
        return data

    return _dicom("912", other)


FAULTS: Mapping[str, Callable[[], Made]] = {
    "truncated": truncated,
    "other-grid": other_grid,
    "nan-affine": nan_affine,
    "zero-spacing": zero_spacing,
    "huge-claim": huge_claim,
    "zip-bomb": zip_bomb,
    "fractions": fractions,
    "flipped": flipped,
    "swapped-centroids": swapped,
    "missing-slice": missing_slice,
    "double-slice": double_slice,
    "two-patients": two_patients,
}

_SMALL_SPINE = spine.SpinePlan(
    subject="sub-demo909",
    top="L1",
    bottom="L4",
    shape=(44, 48, 62),
    spacing=(2.5, 2.5, 2.5),
    codes="RAS",
    bone=150.0,
    build=Build(),
    shift=(0.0, 10.0, 0.0),
)
_LABELS = ("liver", "spleen", "kidney_right", "kidney_left", "stomach")


@cache
def _drawn() -> tuple[Phantom, Mapping[str, NDArray[np.bool_]]]:
    shape = (54, 40, 30)
    phantom = Phantom(shape=shape, affine=straight((6.5, 6.5, 8.0), shape, (0.0, -3.0, 50.0)))
    return phantom, paint(phantom, Body(Torso()), Tissues())


def _slab(shade: int = 0) -> tuple[NDArray[np.int16], Reals]:
    """A small coarse abdomen, and its grid; ``shade`` is added to tissue, so that patients differ."""
    phantom, _ = _drawn()
    image = phantom.stored()
    return np.where(image > -900, image + shade, image).astype(np.int16), phantom.affine


def _labels() -> NDArray[np.uint8]:
    phantom, drawn = _drawn()
    mask = phantom.mask()
    for name in _LABELS:
        mask[drawn[name]] = NUMBERS[name]
    return mask


def _table() -> bytes:
    rows = "".join(f"{NUMBERS[name]},{name}\n" for name in _LABELS)
    return f"label,name\n{rows}".encode()


def _patched(changes: Mapping[int, bytes]) -> bytes:
    """A small volume with bytes of its header overwritten."""
    image, grid = _slab()
    data = bytearray(write.nifti(image[:12, :12, :8], grid))
    for offset, value in changes.items():
        data[offset : offset + len(value)] = value
    return bytes(data)


def _dicom(number: str, change: Callable[[Dataset, int], Dataset | None]) -> Made:
    """Eight small slices; ``change`` alters a slice, or takes it out."""
    image, grid = _slab()
    part = np.ascontiguousarray(image[11:43, 4:36, 11:19])
    grid = grid.copy()
    for n, start in enumerate((11, 4, 11)):
        grid[n, 3] += grid[n, n] * start
    made: Made = {}
    for data in dicom.slices(part, grid, study=f"demo {number}", series="CT"):
        dicom.told(data, {"PatientID": f"DEMO-{number}", "PatientName": "Nobody^Demo"}, date="20210301")
        changed = change(data, int(data.InstanceNumber))
        if changed is not None:
            made[f"IM{int(data.InstanceNumber):04d}.dcm"] = dicom.file(changed)
    return made
