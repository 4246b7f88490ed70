from __future__ import annotations

import io
import warnings

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from grandrounds.deidentify.key import ProjectKey

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def key() -> ProjectKey:
    return ProjectKey(b"a key that is used in tests only")


@pytest.fixture(autouse=True)
def _quiet() -> None:
    warnings.simplefilter("ignore")


def image(number: int = 1, *, patient: str = "MRN778899", study: str = "1.2.3.4.5.678901") -> Dataset:
    """A CT slice with nothing planted besides ids."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = CT, f"{study}.7.{number}"
    made.StudyInstanceUID, made.SeriesInstanceUID = study, f"{study}.7"
    made.FrameOfReferenceUID = f"{study}.99"
    made.PatientID, made.PatientName = patient, "Quillfeather^Marguerite"
    made.Modality, made.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.StudyDate, made.StudyTime = "20190714", "101112"
    made.Rows = made.Columns = 8
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation = 15, 0
    made.PixelData = np.arange(64, dtype="<u2").tobytes()
    made["PixelData"].VR = "OW"
    made.ImagePositionPatient = [0.0, 0.0, float(number)]
    made.InstanceNumber = str(number)
    return made


def as_bytes(data: Dataset, *, implicit: bool = False, preamble: bytes = b"\0" * 128) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = "QUILLPACS"
    out = io.BytesIO()
    file = FileDataset(out, data, preamble=preamble, file_meta=meta)
    pydicom.dcmwrite(out, file, enforce_file_format=True)
    return out.getvalue()


def items(*found: Dataset) -> Items:
    return Items(found)
