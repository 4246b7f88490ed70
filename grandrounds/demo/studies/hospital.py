"""One fictional patient as an archive sends her: two CT series, segmentations, films, a capture, a report.

Headers are full of what must not get out (``identifiers``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from grandrounds.demo.studies import dicom, films, identifiers
from grandrounds.demo.studies.identifiers import DATES, NESTED, PATIENT, PRIVATE, STUDY
from grandrounds.demo.studies.phantom import Phantom, straight
from grandrounds.demo.studies.shapes import Reals
from grandrounds.demo.studies.torso import Body, Tissues, Torso, paint
from grandrounds.volumes import pictures_draw

FOLDER = "quillfeather-ottoline-7731"
TILT_DEGREES = 12.0
_ORGANS = ("liver", "spleen")


def files() -> dict[str, bytes]:
    """All files of the patient by name."""
    return _plain_series() | _tilted_series() | _pictures() | {"SR/report.dcm": _report()}


def _plain_series() -> dict[str, bytes]:
    """An axial series, its pixels run-length coded, and the liver and spleen segmented in it."""
    shape, spacing = (96, 72, 24), (3.75, 3.75, 6.0)
    return _series("CT_ABDOMEN", DATES[0], straight(spacing, shape, (0.0, -3.0, 70.0)), shape, rle=True)


def _tilted_series() -> dict[str, bytes]:
    """A series from a tilted gantry: slices lean forward but are stacked straight up."""
    shape, spacing = (72, 56, 20), (5.0, 5.0, 7.0)
    grid = straight(spacing, shape, (0.0, -3.0, 70.0))
    # The cosine and sine of the tilt; three figures each, so that they are the same everywhere.
    cosine, sine = 0.978148, 0.207912
    grid[1, 1], grid[2, 1] = spacing[1] * cosine, spacing[1] * sine
    grid[2, 3] -= sine * spacing[1] * (shape[1] - 1) / 2
    return _series("CT_TILTED", DATES[1], grid, shape, rle=False)


def _series(
    name: str, date: str, grid: Reals, shape: tuple[int, int, int], *, rle: bool
) -> dict[str, bytes]:
    phantom = Phantom(shape=shape, affine=grid)
    drawn = paint(phantom, Body(Torso(lesion=30)), Tissues())
    study = f"{FOLDER} {date}"
    made = {}
    for number, data in enumerate(dicom.slices(phantom.stored(), grid, study=study, series=name), start=1):
        _betray(data, date)
        # Names that are in no spatial order, as archives give them.
        made[f"{name}/IM{number * 7 % 31:04d}.dcm"] = dicom.file(data, rle=rle)
    masks = {organ: drawn[organ] for organ in _ORGANS}
    seg = dicom.segmentation(masks, grid, study=study, series=f"{name} SEG", of=name)
    _betray(seg, date)
    made[f"{name}_SEG/organs.dcm"] = dicom.file(seg)
    return made


def _pictures() -> dict[str, bytes]:
    """Two films, one of them said to be free of text, and a screen with text in its pixels."""
    study = f"{FOLDER} {DATES[0]}"
    grey = films.draw(1.0)[0][::-1, ::-1].T
    film = dicom.head(dicom.FILM, study=study, series="DX", number=1, modality="DX")
    film.BurnedInAnnotation, film.ViewPosition, film.BodyPartExamined = "NO", "PA", "CHEST"
    film.ImageType, film.PatientOrientation = ["ORIGINAL", "PRIMARY"], ["L", "F"]
    film.PixelSpacing = film.ImagerPixelSpacing = ["2.2", "2.2"]
    film.RescaleIntercept, film.RescaleSlope, film.RescaleType = "0", "1", "US"
    dicom.picture(film, (4095 - grey).astype(np.uint16), photometric="MONOCHROME1", bits=12)
    plate = dicom.head(dicom.PLATE, study=study, series="CR", number=1, modality="CR")
    plate.ImageType, plate.BodyPartExamined = ["ORIGINAL", "PRIMARY"], "CHEST"
    plate.PatientOrientation, plate.ImagerPixelSpacing = ["L", "F"], ["4.4", "4.4"]
    dicom.picture(plate, grey[::2, ::2].astype(np.uint16), bits=12)
    screen = dicom.head(dicom.CAPTURE, study=study, series="SC", number=1, modality="OT")
    screen.BurnedInAnnotation, screen.ConversionType = "YES", "WSD"
    screen.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    dicom.picture(screen, _screen(grey))
    for data in (film, plate, screen):
        _betray(data, DATES[0])
    return {
        "DX/chest.dcm": dicom.file(film, rle=True),
        "CR/plate.dcm": dicom.file(plate),
        "SC/screen.dcm": dicom.file(screen),
    }


def _screen(grey: NDArray[np.int16]) -> NDArray[np.uint8]:
    """A film as on a screen, with the patient's name drawn into it."""
    pixels = np.zeros((128, 192), np.uint8)
    small = (grey[:128, :164] // 16).astype(np.uint8)
    pixels[: small.shape[0], 28 : 28 + small.shape[1]] = small
    for line, words in enumerate(identifiers.IN_PIXELS):
        coloured = np.stack([pixels] * 3, axis=-1)
        pictures_draw.text(coloured, words, x=2, y=2 + 12 * line)
        pixels = coloured[..., 0]
    return pixels


def _report() -> bytes:
    data = dicom.head(dicom.REPORT, study=f"{FOLDER} {DATES[0]}", series="SR", number=1, modality="SR")
    _betray(data, DATES[0])
    data.ValueType, data.ContinuityOfContent = "CONTAINER", "SEPARATE"
    data.CompletionFlag, data.VerificationFlag = "COMPLETE", "UNVERIFIED"
    title = Dataset()
    title.CodeValue, title.CodingSchemeDesignator, title.CodeMeaning = "11528-7", "LN", "Radiology Report"
    data.ConceptNameCodeSequence = Items([title])
    lines = []
    for words in identifiers.REPORT:
        line, code = Dataset(), Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "121071", "DCM", "Finding"
        line.RelationshipType, line.ValueType, line.TextValue = "CONTAINS", "TEXT", words
        line.ConceptNameCodeSequence = Items([code])
        lines.append(line)
    data.ContentSequence = Items(lines)
    return dicom.file(data)


def _betray(data: Dataset, date: str) -> None:
    """Put everything into a header that names the patient and who met her."""
    dicom.told(data, PATIENT, STUDY, date=date)
    block = data.private_block(0x0029, "FICTIVE MEDICAL 01", create=True)
    for number, words in enumerate(PRIVATE):
        block.add_new(0x10 + number, "LO", words)
    inner, outer, request = Dataset(), Dataset(), Dataset()
    inner.PatientName, inner.PatientComments = NESTED[0], NESTED[2]
    outer.ReferencedPatientSequence = Items([inner])
    request.RequestedProcedureID, request.ScheduledProcedureStepDescription = NESTED[1], NESTED[2]
    request.ScheduledProtocolCodeSequence = Items([outer])
    data.RequestAttributesSequence = Items([request])


__all__ = ["FOLDER", "files"]
