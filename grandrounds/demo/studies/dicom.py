"""DICOM objects, byte for byte: CT series, segmentations, planes of pixels, and the heads that all need."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless

from grandrounds.demo.studies.shapes import Reals

CT = "1.2.840.10008.5.1.4.1.1.2"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
FILM = "1.2.840.10008.5.1.4.1.1.1.1"
PLATE = "1.2.840.10008.5.1.4.1.1.1"
REPORT = "1.2.840.10008.5.1.4.1.1.88.11"
_OFFSET = 1024
_ORGAN_CODES = {"liver": ("10200004", "Liver"), "spleen": ("78961009", "Spleen")}


def uid(*parts: object) -> str:
    """A UID fixed by ``parts``, under the root for UIDs made from numbers."""
    return f"2.25.{int(hashlib.sha256(repr(parts).encode()).hexdigest()[:30], 16)}"


def head(sop_class: str, *, study: str, series: str, number: int, modality: str) -> Dataset:
    """An object with the attributes that all need; ``study`` and ``series`` are words that fix its UIDs."""
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = sop_class, uid(study, series, number)
    data.SpecificCharacterSet = "ISO_IR 192"
    data.StudyInstanceUID, data.SeriesInstanceUID = uid(study), uid(study, series)
    data.Modality, data.InstanceNumber, data.SeriesNumber = modality, number, 1
    data.Manufacturer = "Fictive Medical"
    data.PatientSex = "O"
    return data


def told(data: Dataset, *groups: Mapping[str, str], date: str) -> Dataset:
    """``data`` with attributes of a patient and a study, and its dates."""
    for group in groups:
        for name, value in group.items():
            setattr(data, name, value)
    for name in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(data, name, date)
    data.StudyTime = data.SeriesTime = data.ContentTime = "091500"
    return data


def slices(image: NDArray[np.int16], affine: Reals, *, study: str, series: str) -> list[Dataset]:
    """A CT series of a RAS image: rows run to the back, columns to the patient's left, slices upwards."""
    return [
        _slice(image[::-1, ::-1, k].T, affine, image.shape, k, study=study, series=series)
        for k in range(image.shape[2])
    ]


def segmentation(
    masks: Mapping[str, NDArray[np.bool_]], affine: Reals, *, study: str, series: str, of: str
) -> Dataset:
    """A binary segmentation of the series ``of``; masks are RAS, on its grid."""
    data = head(SEGMENTATION, study=study, series=series, number=1, modality="SEG")
    data.FrameOfReferenceUID = uid(study, "frame")
    data.SegmentationType, data.ImageType = "BINARY", ["DERIVED", "PRIMARY"]
    data.ContentLabel = "ORGANS"
    shape = next(iter(masks.values())).shape
    segments, frames, bits = [], [], []
    for number, (name, mask) in enumerate(masks.items(), start=1):
        segments.append(_segment(number, name))
        for k in np.flatnonzero(mask.any(axis=(0, 1))):
            place, content, which, item = Dataset(), Dataset(), Dataset(), Dataset()
            place.ImagePositionPatient = _position(affine, shape, int(k))
            content.DimensionIndexValues = [number, int(k) + 1]
            which.ReferencedSegmentNumber = number
            item.PlanePositionSequence = Items([place])
            item.FrameContentSequence = Items([content])
            item.SegmentIdentificationSequence = Items([which])
            frames.append(item)
            bits.append(mask[::-1, ::-1, k].T.reshape(-1))
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = _orientation(affine)
    measures.PixelSpacing, measures.SliceThickness = _spacing(affine)
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = Items([orientation]), Items([measures])
    data.SharedFunctionalGroupsSequence = Items([shared])
    data.PerFrameFunctionalGroupsSequence, data.SegmentSequence = Items(frames), Items(segments)
    data.ReferencedSeriesSequence = Items([_referenced(study, of, shape[2])])
    data.NumberOfFrames, data.Rows, data.Columns = len(frames), shape[1], shape[0]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 1
    data.HighBit = data.PixelRepresentation = 0
    packed = np.packbits(np.concatenate(bits), bitorder="little").tobytes()
    data.PixelData = packed + b"\0" * (len(packed) % 2)
    data["PixelData"].VR = "OB"
    return data


def picture(
    data: Dataset, pixels: NDArray[Any], *, photometric: str = "MONOCHROME2", bits: int = 0
) -> Dataset:
    """``data`` with a plane of pixels; ``bits`` are those in use (0: all)."""
    width = pixels.dtype.itemsize * 8
    data.Rows, data.Columns = pixels.shape[:2]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, photometric
    data.BitsAllocated, data.BitsStored = width, bits or width
    data.HighBit, data.PixelRepresentation = (bits or width) - 1, int(pixels.dtype.kind == "i")
    raw = np.ascontiguousarray(pixels).tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OW" if width > 8 else "OB"
    return data


def file(data: Dataset, *, rle: bool = False) -> bytes:
    """The bytes of a DICOM file, plain or with run-length coded pixels."""
    data.file_meta = FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = UID(data.SOPClassUID)
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    # Left to itself the library would write its own version.
    data.file_meta.ImplementationClassUID = UID(uid("grandrounds", "demo"))
    data.file_meta.ImplementationVersionName = "GRANDROUNDS_DEMO"
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if rle:
        data.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    handle = io.BytesIO()
    dcmwrite(handle, data, enforce_file_format=True)
    return handle.getvalue()


def _slice(
    pixels: NDArray[np.int16], affine: Reals, shape: Sequence[int], k: int, *, study: str, series: str
) -> Dataset:
    data = head(CT, study=study, series=series, number=k + 1, modality="CT")
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.FrameOfReferenceUID = uid(study, "frame")
    data.AcquisitionNumber, data.KVP, data.BodyPartExamined = 1, "120", "ABDOMEN"
    data.ImagePositionPatient = _position(affine, shape, k)
    data.ImageOrientationPatient = _orientation(affine)
    data.PixelSpacing, data.SliceThickness = _spacing(affine)
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = str(-_OFFSET), "1", "HU"
    data.WindowCenter, data.WindowWidth = "50", "400"
    return picture(data, (pixels + _OFFSET).astype(np.uint16), bits=12)


def _segment(number: int, name: str) -> Dataset:
    item = Dataset()
    item.SegmentNumber, item.SegmentLabel, item.SegmentAlgorithmType = number, name, "MANUAL"
    item.SegmentedPropertyCategoryCodeSequence = Items([_code("123037004", "Anatomical Structure")])
    item.SegmentedPropertyTypeCodeSequence = Items([_code(*_ORGAN_CODES[name])])
    return item


def _code(value: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, "SCT", meaning
    return made


def _referenced(study: str, series: str, count: int) -> Dataset:
    item, images = Dataset(), []
    for number in range(1, count + 1):
        one = Dataset()
        one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = CT, uid(study, series, number)
        images.append(one)
    item.SeriesInstanceUID, item.ReferencedInstanceSequence = uid(study, series), Items(images)
    return item


def _position(affine: Reals, shape: Sequence[int], k: int) -> list[str]:
    """The first pixel of a slice, which is the last voxel along i and j; DICOM's own coordinates."""
    index = (shape[0] - 1, shape[1] - 1, k)
    place = [sum(affine[n, m] * index[m] for m in range(3)) + affine[n, 3] for n in range(3)]
    return [_number(-place[0]), _number(-place[1]), _number(place[2])]


def _orientation(affine: Reals) -> list[str]:
    made = []
    for axis in (0, 1):
        length = float(np.sqrt((affine[:3, axis] ** 2).sum()))
        right, front, up = (float(affine[n, axis]) / length for n in range(3))
        made += [_number(right), _number(front), _number(-up)]
    return made


def _spacing(affine: Reals) -> tuple[list[str], str]:
    sides = [float(np.sqrt((affine[:3, axis] ** 2).sum())) for axis in range(3)]
    return [_number(sides[1]), _number(sides[0])], _number(sides[2])


def _number(value: float) -> str:
    plain = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if plain in ("", "-0") else plain
