"""Synthetic DICOM series and NIfTI files, made by code: small, exact, and bad on demand."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"
AXIAL = (1, 0, 0, 0, 1, 0)
ROOT = "1.2.826.0.1.3680043.10.999."


def uid(*parts: object) -> str:
    """A UID fixed by ``parts``."""
    from hashlib import sha256

    return ROOT + str(int(sha256(repr(parts).encode()).hexdigest()[:20], 16))


def ramp(shape: tuple[int, int, int], *, low: int = -1000, high: int = 2000) -> np.ndarray:
    """Distinct-looking values over (slice, row, column), as 16-bit integers."""
    return np.random.default_rng(7).integers(low, high, shape).astype(np.int16)


def slice_dataset(pixels: np.ndarray, number: int, **changes: Any) -> Dataset:
    """One classic CT slice: ``pixels`` (rows x columns). ``changes`` sets or (``None``) removes attributes."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.SOPClassUID = CT
    series = changes.pop("series", "series")
    data.SOPInstanceUID = uid(series, "instance", number, changes.pop("instance_salt", ""))
    data.file_meta.MediaStorageSOPClassUID = UID(data.SOPClassUID)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.file_meta.TransferSyntaxUID = UID(changes.pop("syntax", EXPLICIT))
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.Modality = "CT"
    data.PatientName, data.PatientID = "Fictional^Case", "P1"
    data.StudyInstanceUID, data.SeriesInstanceUID = uid("study"), uid(series)
    data.FrameOfReferenceUID = uid("frame")
    data.SeriesDescription = "Axial Chest 1.0 Smith"
    data.BodyPartExamined = "CHEST"
    data.InstanceNumber, data.AcquisitionNumber = number + 1, 1
    data.SliceThickness = "2"
    data.ImagePositionPatient = [-10.0, -20.0, 2.0 * number]
    data.ImageOrientationPatient = list(AXIAL)
    data.PixelSpacing = [0.5, 0.75]
    data.Rows, data.Columns = pixels.shape[:2]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    width = pixels.dtype.itemsize * 8
    data.BitsAllocated, data.BitsStored, data.HighBit = width, width, width - 1
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = "0", "1", "HU"
    data.WindowCenter, data.WindowWidth = "40", "400"
    data.PixelData = np.ascontiguousarray(pixels).tobytes()
    data["PixelData"].VR = "OW"
    for name, value in changes.items():
        if value is None:
            if name in data:
                delattr(data, name)
        else:
            setattr(data, name, value)
    return data


def save(data: Dataset, path: Path) -> Path:
    """Write a data set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path


def write_series(
    folder: Path, volume: np.ndarray, *, positions: Sequence[Sequence[float]] | None = None, **changes: Any
) -> list[Path]:
    """A series of classic slices; file names are in no spatial order."""
    made = []
    for number, pixels in enumerate(volume):
        own = dict(changes)
        if positions is not None:
            own["ImagePositionPatient"] = [float(value) for value in positions[number]]
        made.append(save(slice_dataset(pixels, number, **own), folder / f"I{(number * 7) % 1000}.dcm"))
    return made


def write_enhanced(folder: Path, volume: np.ndarray, **changes: Any) -> Path:
    """An enhanced multi-frame MR object, frames stored from the last position to the first."""
    data = slice_dataset(volume[0], 0, **changes)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.4.1")
    data.Modality = "MR"
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"):
        delattr(data, name)
    data.NumberOfFrames = len(volume)
    shared, frames = Dataset(), []
    orientation, measures, values = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = list(AXIAL)
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.75], 2.0
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = "1", "0", "US"
    shared.PlaneOrientationSequence = Items([orientation])
    shared.PixelMeasuresSequence = Items([measures])
    shared.PixelValueTransformationSequence = Items([values])
    for number in range(len(volume)):
        item, place = Dataset(), Dataset()
        place.ImagePositionPatient = [-10.0, -20.0, 2.0 * (len(volume) - 1 - number)]
        item.PlanePositionSequence = Items([place])
        frames.append(item)
    data.SharedFunctionalGroupsSequence = Items([shared])
    data.PerFrameFunctionalGroupsSequence = Items(frames)
    data.PixelData = np.ascontiguousarray(volume[::-1]).tobytes()
    return save(data, folder / "enhanced.dcm")


def csa_header(count: int, normal: Sequence[float]) -> bytes:
    """A Siemens CSA image header (SV10) with the two entries that a mosaic needs."""
    entries = {"NumberOfImagesInMosaic": [f"{count}"], "SliceNormalVector": [f"{v:.8f}" for v in normal]}
    made = b"SV10\x04\x03\x02\x01" + len(entries).to_bytes(4, "little") + (77).to_bytes(4, "little")
    for name, values in entries.items():
        made += name.encode().ljust(64, b"\0") + (len(values)).to_bytes(4, "little") + b"DS\0\0"
        made += (0).to_bytes(4, "little") + len(values).to_bytes(4, "little") + (77).to_bytes(4, "little")
        for value in values:
            text = value.encode() + b"\0"
            made += b"".join(len(text).to_bytes(4, "little") for _ in range(4))
            made += text.ljust((len(text) + 3) // 4 * 4, b"\0")
    return made


def write_mosaic(folder: Path, volume: np.ndarray, **changes: Any) -> Path:
    """A Siemens mosaic of ``volume`` (slice, row, column), whose true first slice begins at (-10, -20, 0)."""
    count, rows, columns = volume.shape
    side = int(np.ceil(np.sqrt(count)))
    mosaic = np.zeros((side * rows, side * columns), volume.dtype)
    for number, plane in enumerate(volume):
        down, across = divmod(number, side)
        mosaic[down * rows : (down + 1) * rows, across * columns : (across + 1) * columns] = plane
    shift = [
        -10.0 - 0.75 * (side * columns - columns) / 2,
        -20.0 - 0.5 * (side * rows - rows) / 2,
        0.0,
    ]
    data = slice_dataset(
        mosaic,
        0,
        ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"],
        ImagePositionPatient=shift,
        SpacingBetweenSlices="2",
        **changes,
    )
    data.Modality, data.SOPClassUID = "MR", UID(MR)
    block = data.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", csa_header(count, (0, 0, 1)))
    return save(data, folder / "mosaic.dcm")


def nifti(
    array: np.ndarray,
    *,
    affine: np.ndarray | None = None,
    sform: int = 1,
    qform: int = 0,
    order: str = "<",
    patch: dict[int, bytes] | None = None,
) -> bytes:
    """A NIfTI-1 file of ``array`` (i, j, k, ...). ``patch`` overwrites header bytes by offset."""
    import nibabel

    grid = affine if affine is not None else np.eye(4)
    image = nibabel.Nifti1Image(array, grid)
    image.header.set_sform(grid, sform)
    image.header.set_qform(grid, qform)
    if order == ">":
        image = nibabel.Nifti1Image(array, None, image.header.as_byteswapped(">"))
    data = bytearray(image.to_bytes())
    # nibabel will not write a file without any code.
    struct.pack_into(order + "2h", data, 252, qform, sform)
    for offset, value in (patch or {}).items():
        data[offset : offset + len(value)] = value
    return bytes(data)


def write_nifti(path: Path, array: np.ndarray, **changes: Any) -> Path:
    """Write a NIfTI file, gzipped where its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = nifti(array, **changes)
    path.write_bytes(gzip.compress(data, 1, mtime=0) if path.name.endswith(".gz") else data)
    return path


def write_centroids(path: Path, codes: str, points: dict[int, Sequence[float]]) -> Path:
    """A VerSe centroid file."""
    document: list[dict[str, Any]] = [{"direction": list(codes)}]
    document += [{"label": n, "X": p[0], "Y": p[1], "Z": p[2]} for n, p in points.items()]
    path.write_text(json.dumps(document))
    return path
