"""Our volumes beside those of dcm2niix and published truths: voxel for voxel, affine for affine."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np

from grandrounds.lake import Lake
from grandrounds.records.volume import VolumeRecord
from grandrounds.volumes.reader import open_volume

WITHIN_MM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A volume against one reference: the largest differences (voxel values, mm). ``affine`` is ``None``
    where our volume has no place in a patient. ``fits`` is false where the shapes differ. ``turned``: the
    reference keeps MONOCHROME1 as it is stored, and is equal once it is turned into MONOCHROME2."""

    fits: bool
    turned: bool = False
    voxels: float = float("inf")
    affine: float | None = float("inf")

    def equal(self, within: float = 1e-5) -> bool:
        """Whether voxels and affine agree."""
        return self.fits and self.voxels <= within and (self.affine is None or self.affine <= WITHIN_MM)


def dcm2niix(files: Sequence[Path], work: Path) -> tuple[list[nibabel.Nifti1Image], str]:
    """What dcm2niix makes of ``files`` (its resampled extras left out), and what it says that went wrong."""
    source, out = work / "in", work / "out"
    source.mkdir(parents=True)
    out.mkdir()
    for number, path in enumerate(files):
        shutil.copyfile(path, source / f"{number:05d}.dcm")
    done = subprocess.run(
        ["dcm2niix", "-z", "n", "-b", "n", "-f", "o", "-o", str(out), str(source)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        errors="replace",
    )
    words = ("error", "warning", "unable", "unsupported", "unhandled", "no valid", "corrupt", "skipping")
    told = [
        line.strip().replace(str(source) + "/", "")
        for line in (done.stdout + done.stderr).splitlines()
        if any(word in line.casefold() for word in words)
    ]
    made = [nibabel.load(path) for path in sorted(out.glob("*.nii")) if "_Eq" not in path.name]
    return made, " ".join(dict.fromkeys(told))[:300]


def values(image: nibabel.Nifti1Image) -> np.ndarray:
    """Voxels; colour as a last axis."""
    found = np.asanyarray(image.dataobj)
    return np.stack([found[c] for c in "RGB"], axis=-1) if found.dtype.names else found


def ours(record: VolumeRecord, lake: Lake) -> tuple[np.ndarray, np.ndarray]:
    """Voxels (colour as a last axis) and affine of our volume."""
    volume = open_volume(lake, record)
    data = volume.data
    if data.dtype.names:
        data = np.stack([data[colour] for colour in data.dtype.names], axis=-1)
    return data, volume.affine


def compare(record: VolumeRecord, lake: Lake, image: nibabel.Nifti1Image) -> Comparison:
    """Our volume against ``image``, both turned to RAS+."""
    if image.get_data_dtype().names:
        # Colour with a slope in its header: nibabel would try to scale it.
        image = nibabel.Nifti1Image(image.dataobj.get_unscaled(), image.affine)
    theirs = nibabel.as_closest_canonical(image)
    data, affine = ours(record, lake)
    other = values(theirs)
    if record.space == "image":
        return _without_place(data, other, inverted=record.inverted)
    if other.size != data.size or other.shape[:3] != data.shape[:3]:
        return Comparison(fits=False)
    difference = np.abs(other.reshape(data.shape).astype(float) - data)
    return Comparison(
        fits=True,
        voxels=float(difference.max(initial=0.0)),
        affine=float(np.abs(theirs.affine - affine).max()),
    )


def _without_place(data: np.ndarray, other: np.ndarray, *, inverted: bool) -> Comparison:
    """Pictures: a reference program makes up a place for them, so either axis may be turned over."""
    if data.size != other.size or data.shape[:2] != other.shape[:2]:
        return Comparison(fits=False)
    mine = data.reshape(other.shape).astype(float)
    ways = list(itertools.product((1, -1), (1, -1)))
    if inverted:
        # Turned over, the sum of the two is the same everywhere.
        spread = min(float(np.ptp(mine[::i, ::j] + other)) for i, j in ways)
        return Comparison(fits=True, voxels=spread, affine=None, turned=True)
    least = min(float(np.abs(mine[::i, ::j] - other).max(initial=0.0)) for i, j in ways)
    return Comparison(fits=True, voxels=least, affine=None)


def by_pydicom(record: VolumeRecord, lake: Lake, path: Path) -> float:
    """The largest difference to the one file's pixels as pydicom gives them, rescaled by its header;
    infinite where the shapes differ. The place of the slices is not looked at, nor who is turned over."""
    import pydicom
    from pydicom.pixels import apply_color_lut, apply_rescale

    source = pydicom.dcmread(path, force=True)
    try:
        pixels = source.pixel_array
    except AttributeError:
        return float("inf")  # an object that is cut short: pydicom sees no pixels at all
    if source.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, source) >> (
            8 if source.RedPaletteColorLookupTableDescriptor[2] == 16 else 0
        )
    elif source.SamplesPerPixel == 1:
        pixels = apply_rescale(pixels, source) * float(source.get("DoseGridScaling") or 1)
    mine = ours(record, lake)[0].astype(float)
    planes = pixels.reshape(
        (-1, source.Rows, source.Columns, *([3] if mine.ndim > 3 and mine.shape[-1] == 3 else []))
    )
    theirs = planes.swapaxes(1, 2)  # frame, column, row
    found = (
        mine.reshape((*mine.shape[:2], len(planes), *planes.shape[3:]))
        if mine.shape[:2] == theirs.shape[1:3]
        else None
    )
    if found is None:
        return float("inf")
    found = np.moveaxis(found, 2, 0)
    ways = itertools.product((1, -1), (1, -1), (1, -1))
    return min(float(np.abs(found[::t, ::i, ::j] - theirs).max(initial=0.0)) for t, i, j in ways)


def best(record: VolumeRecord, lake: Lake, images: Iterable[nibabel.Nifti1Image]) -> Comparison:
    """Against the one of ``images`` that is nearest."""
    found = [compare(record, lake, image) for image in images]
    return min(
        found,
        key=lambda one: (not one.fits, not one.equal(), one.voxels, one.affine or 0.0),
        default=Comparison(fits=False),
    )
