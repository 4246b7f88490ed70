"""The stem of a question on a volume: what the solver is told of it before the question.

Made from the de-identified row alone: how it was taken, its voxels, which way its axes run, how boxes and
slices are written, and the window of the pictures. Never a structure's name, and of the body part no more
than its region: ``LUMBAR SPINE`` or ``KIDNEY`` would answer questions.
"""

from __future__ import annotations

import re

from grandrounds.records.scan import Scan
from grandrounds.records.volume import VolumeRecord, Window

_FILM = "radiograph"
_AXES = "ijk"
_MODALITIES = {
    "CT": "CT",
    "MR": "MR",
    "PT": "PET",
    "NM": "nuclear medicine",
    "US": "ultrasound",
    "CR": _FILM,
    "DX": _FILM,
    "RF": _FILM,
    "XA": "angiography",
    "MG": "mammography",
}
_REGIONS = {
    "HEAD": "head",
    "BRAIN": "head",
    "SKULL": "head",
    "NECK": "neck",
    "CHEST": "chest",
    "THORAX": "chest",
    "ABDOMEN": "abdomen",
    "PELVIS": "pelvis",
    "SPINE": "spine",
    "CSPINE": "spine",
    "TSPINE": "spine",
    "LSPINE": "spine",
    "SSPINE": "spine",
    "EXTREMITY": "limb",
    "WHOLEBODY": "whole body",
}
_SEQUENCES = {"T1": "T1-weighted", "T2": "T2-weighted", "PD": "proton density", "FLAIR": "FLAIR"}
_UNITS = {"hu": " HU", "suv": " SUV"}
_PATIENT = (
    "Voxels are counted from 0 along i (to the patient's right), j (to the front) and k (to the head), so "
    "slices across i are sagittal, across j coronal and across k axial."
)
_IMAGE = "Voxels are counted from 0 along i (columns, to the right of the image) and j (rows, downwards)."
_OBLIQUE_DEGREES = 5.0


def stem(scan: Scan) -> str:
    """What the solver is told of the scan's image: a few sentences, the same for all its questions."""
    volume = scan.volume
    return " ".join(
        sentence
        for sentence in (
            _what(volume),
            _axes(volume),
            "A box is a range of voxels along each axis: the first index is inside, the last one is not.",
            _window(volume),
        )
        if sentence
    )


def _what(volume: VolumeRecord) -> str:
    words = " ".join(
        word for word in (_region(volume), _sequence(volume), _modality(volume), _noun(volume)) if word
    )
    article = "An" if re.match(r"(?i)[aeio]|ultra|mr\b", words) else "A"
    sides = [axis for axis in range(3) if volume.shape[axis] > 1 or not _is_flat(volume)]
    shape = " x ".join(str(volume.shape[axis]) for axis in sides)
    spacing = " x ".join(f"{volume.spacing[axis]:.4g}" for axis in sides)
    pieces = "pixels" if _is_flat(volume) else "voxels"
    where = " on the detector" if _modality(volume) == _FILM else ""
    along = ", ".join(_AXES[axis] for axis in sides)
    told = f"{article} {words} of {shape} {pieces} ({along}), {spacing} mm apart{where}."
    frames = volume.shape[3] if len(volume.shape) > 3 else 1
    if frames > 1:
        told += f" It has {frames} frames; the first one is shown."
    return told


def _noun(volume: VolumeRecord) -> str:
    if _is_flat(volume):
        return "" if _modality(volume) == _FILM else "image"
    return "volume"


def _axes(volume: VolumeRecord) -> str:
    if volume.space != "patient":
        third = "" if _is_flat(volume) else " Slices are counted along k."
        return _IMAGE + _film_directions(volume) + third
    if volume.obliquity_degrees < _OBLIQUE_DEGREES:
        return _PATIENT
    return (
        f"{_PATIENT} The grid is tilted by {volume.obliquity_degrees:.0f} degrees against these directions."
    )


def _film_directions(volume: VolumeRecord) -> str:
    sides = {"L": "left", "R": "right"}
    first = volume.patient_directions[0][:1] if volume.patient_directions else ""
    if first not in sides:
        return ""
    return f" The right of the image is the patient's {sides[first]}."


def _window(volume: VolumeRecord) -> str:
    window = next((one for one in volume.windows if _usable(one)), None)
    if window is None:
        return ""
    unit = _UNITS.get(volume.intensity, "")
    low, high = window.center - window.width / 2, window.center + window.width / 2
    return f"Pictures run from black at {low:.6g}{unit} to white at {high:.6g}{unit}."


def _usable(window: Window) -> bool:
    return 0 < window.width < float("inf") and abs(window.center) < float("inf")


def _modality(volume: VolumeRecord) -> str:
    return _MODALITIES.get((volume.modality or "").upper(), "")


def _sequence(volume: VolumeRecord) -> str:
    if (volume.modality or "").upper() != "MR":
        return ""
    known = [_SEQUENCES[word.upper()] for word in volume.sequence_words if word.upper() in _SEQUENCES]
    return known[0] if known else ""


def _region(volume: VolumeRecord) -> str:
    """The region in a word; empty where the body part is unknown or says more than a region."""
    return _REGIONS.get(re.sub(r"[^A-Z]", "", (volume.body_part or "").upper()), "")


def _is_flat(volume: VolumeRecord) -> bool:
    """Whether it is one slice."""
    return 1 in volume.shape[:3]
