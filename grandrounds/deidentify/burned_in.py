"""Text that is part of the picture: when it must be suspected, and how a person clears it.

Rules go by what a file says of itself. They are wide on purpose: ultrasound, captured and scanned
pictures are suspected whatever they claim, radiographs unless they are said to be free of it.
An OCR program can only add suspicion: text that it can't read is still there.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from grandrounds.errors import MissingDependencyError, SettingsError


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_ROOT = "1.2.840.10008.5.1.4.1.1."
_NO_PICTURES = frozenset(
    {"SEG", "RTSTRUCT", "RTPLAN", "RTRECORD", "SR", "KO", "PR", "RTDOSE", "REG", "ECG"}
)
_ALWAYS = frozenset(
    {"US", "IVUS", "ES", "XC", "GM", "SM", "OP", "OPT", "OT", "SC", "DOC", "DG", "BI", "HC"}
)
_UNLESS_DENIED = frozenset({"CR", "DX", "MG", "RG", "RF", "XA", "IO", "PX", "RTIMAGE", "BMD", "TG", "EPS"})
_SLICES = frozenset({"CT", "MR", "PT", "NM", "SPECT"})
_ALWAYS_CLASSES = {
    f"{_ROOT}6.1": "an ultrasound picture",
    f"{_ROOT}6.2": "an ultrasound picture",
    f"{_ROOT}3.1": "an ultrasound picture",
    f"{_ROOT}6": "an ultrasound picture",
    f"{_ROOT}3": "an ultrasound picture",
    f"{_ROOT}7": "a secondary capture",
    f"{_ROOT}7.1": "a secondary capture",
    f"{_ROOT}7.2": "a secondary capture",
    f"{_ROOT}7.3": "a secondary capture",
    f"{_ROOT}7.4": "a secondary capture",
}
_DRAWN = _words(
    "SCREEN SAVE SCREENSHOT CAPTURE REPORT DOSE INFO RESULT RESULTS SUMMARY TEXT GRAPH",
    "CURVE SPLASH EXAM PROTOCOL VXTL FILM",
)
_COMPUTED = _words(
    "MPR ADC FA TRACEW TRACE MIP MINIP VRT REFORMATTED RESAMPLED SUBTRACTION AXIAL",
)
_WORD = re.compile(r"[A-Za-z]{3,}|\d{4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelFacts:
    """What the rules look at. Strings upper case."""

    modality: str = ""
    sop_class: str = ""
    image_type: tuple[str, ...] = ()
    burned_in: str = ""
    conversion: str = ""
    photometric: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A person's word that pixels are free of identifying text."""

    pixels_sha256: str
    by: str
    on: date
    note: str = ""


def suspicion(facts: PixelFacts) -> str:
    """Why a picture must be suspected to show identifying text; empty where nothing says so."""
    drawn = next((word for word in facts.image_type if word in _DRAWN), None) or next(
        (part for word in facts.image_type for part in re.split(r"[ _]", word) if part in _DRAWN), None
    )
    if facts.burned_in == "YES":
        return "it is marked as having burned-in text"
    if facts.modality in _NO_PICTURES and facts.sop_class not in _ALWAYS_CLASSES:
        return ""
    if facts.sop_class in _ALWAYS_CLASSES:
        return f"it is {_ALWAYS_CLASSES[facts.sop_class]}"
    if facts.conversion:
        return "it was captured, scanned or drawn (conversion type)"
    if drawn:
        return "its image type names a capture or report"
    if facts.modality in _ALWAYS:
        return f"pictures of modality {facts.modality} often carry text"
    if facts.modality in _UNLESS_DENIED:
        if facts.burned_in == "NO":
            return ""
        return (
            f"pictures of modality {facts.modality} often carry text, and this one is not said to be free"
        )
    if facts.modality in _SLICES:
        return _slice_suspicion(facts)
    return "its modality is not known"


def _slice_suspicion(facts: PixelFacts) -> str:
    if facts.photometric in ("RGB", "PALETTE COLOR") or facts.photometric.startswith("YBR"):
        return "it is a colour picture of a modality that measures grey values"
    computed = any(word in _COMPUTED for word in facts.image_type[2:])
    if facts.image_type[1:2] == ("SECONDARY",) and not computed and facts.burned_in != "NO":
        return "its image type says that it is secondary"
    return ""


def read_clear_list(path: Path) -> Mapping[str, Cleared]:
    """Read a clear list: CSV with the columns ``pixels_sha256,by,on,note``; one row a picture.

    ``by`` is who looked, ``on`` the day (ISO). Raises ``SettingsError`` with the line that is wrong.
    """
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise SettingsError(
            f"The clear list {path} can't be read.", remedy="It must be a CSV file in UTF-8."
        ) from exc
    return {
        row.pixels_sha256: row for number, raw in enumerate(rows, 2) for row in (_row(raw, path, number),)
    }


def write_clear_list(path: Path, rows: Mapping[str, Cleared]) -> None:
    """Write a clear list, sorted, whole or not at all."""
    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["pixels_sha256", "by", "on", "note"])
        for name in sorted(rows):
            row = rows[name]
            writer.writerow([row.pixels_sha256, row.by, row.on.isoformat(), row.note])
    draft.replace(path)


def ocr_available() -> bool:
    """Whether the program ``tesseract`` is there."""
    return shutil.which("tesseract") is not None


def ocr_text(picture: Any, *, seconds: float = 60.0) -> tuple[str, ...]:
    """Words and numbers that OCR reads in an 8-bit picture (rows x columns, or with three colours).

    They are evidence for a person who looks and must not be stored in a released table. Raises
    ``MissingDependencyError`` when the program is absent.
    """
    program = shutil.which("tesseract")
    if program is None:
        raise MissingDependencyError(
            "OCR of burned-in text needs the program tesseract.",
            remedy="Install it (Debian: apt-get install tesseract-ocr), or clear pictures by eye.",
        )
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "picture.png"
        Image.fromarray(picture).save(file)
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program on a file of our own
                [program, str(file), "stdout", "--psm", "11"],
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ("(OCR took too long)",)
    return tuple(_WORD.findall(done.stdout.decode("utf-8", "replace")))


def _row(raw: Mapping[str | Any, str | Any], path: Path, number: int) -> Cleared:
    sha, by = str(raw.get("pixels_sha256") or "").strip().lower(), str(raw.get("by") or "").strip()
    try:
        day = date.fromisoformat(str(raw.get("on") or "").strip())
    except ValueError:
        day = None
    if not re.fullmatch(r"[0-9a-f]{64}", sha) or not by or day is None:
        raise SettingsError(
            f"Line {number} of the clear list {path} is wrong.",
            remedy="Each line needs a SHA-256 (64 hex digits), who looked, and a day such as 2026-01-31.",
        )
    return Cleared(pixels_sha256=sha, by=by, on=day, note=str(raw.get("note") or ""))
