"""De-identify one DICOM file: PS3.15 Annex E's Basic Profile, stricter where its table is silent.

The file is built anew: zeroed preamble, fresh file meta, every element by a rule. Then the bytes
are searched for everything identifying that was met (``residue``): a hit is quarantined, not released.
"""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID, ExplicitVRLittleEndian

from grandrounds.deidentify import values
from grandrounds.deidentify.burned_in import Cleared, PixelFacts, suspicion
from grandrounds.deidentify.codestream import Cleaned, clean_encapsulated, clean_native
from grandrounds.deidentify.key import ProjectKey
from grandrounds.deidentify.profile import edition
from grandrounds.deidentify.report import (
    ADDED,
    CHANGES,
    CLEANED,
    OK,
    QUARANTINED,
    REFUSED,
    Change,
    Deidentified,
    Findings,
)
from grandrounds.deidentify.settings import FULL, MODIFIED, DeidentifySettings
from grandrounds.deidentify.walk import Walk

METHOD = f"grandrounds, PS3.15 {edition()}"
_ROOT = "1.2.840.10008.5.1.4.1.1."
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_NOT_CLEANABLE = {
    "1.2.840.10008.1.3.10": "a directory (DICOMDIR) names every patient; it is made anew",
    f"{_ROOT}66": "raw data can't be looked into",
    f"{_ROOT}9.4.1": "a voice can be recognised",
    f"{_ROOT}9.4.2": "a voice can be recognised",
}
_DOCUMENTS = f"{_ROOT}104."
_LARGEST = 4 << 30


def deidentify(
    source: Dataset | Path | bytes,
    *,
    settings: DeidentifySettings,
    key: ProjectKey,
    cleared: Mapping[str, Cleared] | None = None,
) -> Deidentified:
    """De-identify a file, its bytes, or a data set that was read (which stays as it is).

    Never raises for what a file holds: what can't be cleaned is ``refused`` with a reason. ``cleared``
    are pictures whose pixels a person has looked at (``burned_in.read_clear_list``). Deterministic.
    """
    try:
        with _silent_parser():
            raw = _bytes_of(source)
    except Exception as exc:  # noqa: BLE001 - whatever is wrong with a file ends in a row
        return _refused(b"", f"the file can't be read ({type(exc).__name__})")
    with _silent_parser():
        try:
            return _deidentify(raw, settings, key, cleared or {})
        except RecursionError:
            return _refused(raw, "it is nested too deep")
        except MemoryError:
            return _refused(raw, "it claims more memory than there is")
        except Exception as exc:  # noqa: BLE001 - hostile files fail in every way a parser can
            return _refused(raw, f"it can't be parsed ({type(exc).__name__})")


def examine(raw: bytes, *, settings: DeidentifySettings, key: ProjectKey) -> Findings:
    """What ``deidentify`` would change in a file and doubt of it, without making the new file.

    A fifth of the cost. Nothing is searched for afterwards: there are no new bytes that could hold it.
    Never raises for what a file holds. Deterministic.
    """
    with _silent_parser():
        try:
            return _examine(raw, settings, key)
        except RecursionError:
            return Findings(status=REFUSED, reasons=("it is nested too deep",))
        except MemoryError:
            return Findings(status=REFUSED, reasons=("it claims more memory than there is",))
        except Exception as exc:  # noqa: BLE001 - hostile files fail in every way a parser can
            return Findings(status=REFUSED, reasons=(f"it can't be parsed ({type(exc).__name__})",))


def _examine(raw: bytes, settings: DeidentifySettings, key: ProjectKey) -> Findings:
    source = pydicom.dcmread(io.BytesIO(raw), force=True)
    sop_class = _sop_class(source)
    reason = _why_not(sop_class, _syntax(source))
    if reason:
        return Findings(status=REFUSED, reasons=(reason,))
    walk = _walk(source, settings, key)
    made = walk.clean(source)
    in_pixels = _clean_pixels(source, made, walk)
    pixels = _pixels(made)
    if pixels and (why := suspicion(_facts(source))):
        in_pixels.append(f"text may be burned into the pixels: {why}")
    doubts = _doubts(sop_class, walk)
    return Findings(
        status=QUARANTINED if doubts or in_pixels else OK,
        reasons=tuple(doubts),
        in_pixels=tuple(in_pixels),
        pixels_sha256=hashlib.sha256(pixels).hexdigest() if pixels else "",
        counts={kind: sum(change.change == kind for change in walk.changes) for kind in CHANGES},
    )


def _walk(source: Dataset, settings: DeidentifySettings, key: ProjectKey) -> Walk:
    patient = _text(source, "PatientID") or _text(source, "PatientName").strip("^ ")
    patient = patient or f"study {key.uid(_text(source, 'StudyInstanceUID'))}"
    return Walk(
        settings=settings,
        key=key,
        patient=patient,
        pseudonym=key.patient(patient),
        days=key.shift_days(patient),
    )


def _pixels(made: Dataset) -> bytes:
    return next((bytes(made[name].value) for name in _PIXELS if made.get(name)), b"")


def _deidentify(
    raw: bytes, settings: DeidentifySettings, key: ProjectKey, cleared: Mapping[str, Cleared]
) -> Deidentified:
    source = pydicom.dcmread(io.BytesIO(raw), force=True)
    sop_class, syntax = _sop_class(source), _syntax(source)
    reason = _why_not(sop_class, syntax)
    if reason:
        return _refused(raw, reason)
    walk = _walk(source, settings, key)
    made = walk.clean(source)
    doubts = _clean_pixels(source, made, walk)
    pixels = _pixels(made)
    pixels_sha256 = hashlib.sha256(pixels).hexdigest() if pixels else ""
    _sign(made, walk, pixels_sha256 in cleared)
    data = _write(made, sop_class, syntax)
    doubts += _doubts(sop_class, walk)
    if walk.residue.found_in(data, spared=_spared(walk)):
        doubts.append("something identifying that was taken out still stands in the file")
    if pixels and pixels_sha256 not in cleared and (why := suspicion(_facts(source))):
        doubts.append(f"text may be burned into the pixels: {why}")
    return Deidentified(
        status=QUARANTINED if doubts else OK,
        reasons=tuple(doubts),
        data=data,
        name=_name(source, walk),
        changes=tuple(sorted(walk.changes, key=lambda change: (change.path, change.change))),
        original_sha256=hashlib.sha256(raw).hexdigest(),
        pixels_sha256=pixels_sha256,
    )


@contextmanager
def _silent_parser() -> Iterator[None]:
    """pydicom quotes the values it dislikes in warnings and in its log: neither may hold a patient's."""
    log = logging.getLogger("pydicom")
    level = log.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        log.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            log.setLevel(level)


# What is refused or doubted ----------------------------------------------------------------


def _why_not(sop_class: str, syntax: str) -> str:
    if not sop_class:
        return "it names no SOP class, so it is no DICOM object"
    if sop_class in _NOT_CLEANABLE:
        return _NOT_CLEANABLE[sop_class]
    if sop_class.startswith(_DOCUMENTS):
        return "an encapsulated document can't be looked into"
    if not values.is_registered(syntax) or not UID(syntax).is_transfer_syntax:
        return "its transfer syntax is not one of the standard's"
    return ""


def _doubts(sop_class: str, walk: Walk) -> list[str]:
    found = []
    if not values.is_registered(sop_class):
        found.append("its SOP class is private")
    if walk.too_deep:
        found.append("it is nested too deep")
    return found


def _spared(walk: Walk) -> frozenset[str]:
    """Values that are part of what every clean file says of itself."""
    own = (METHOD, str(PYDICOM_IMPLEMENTATION_UID), *(f"{a} {b}" for a, b in walk.settings.method_codes))
    return frozenset(
        {walk.pseudonym, *(value for value in walk.residue.values if any(value in text for text in own))}
    )


def _refused(raw: bytes, reason: str) -> Deidentified:
    return Deidentified(
        status=REFUSED,
        reasons=(reason,),
        data=b"",
        name="",
        changes=(),
        original_sha256=hashlib.sha256(raw).hexdigest(),
        pixels_sha256="",
    )


def _facts(source: Dataset) -> PixelFacts:
    types = values.as_list(_value(source, "ImageType"))
    return PixelFacts(
        modality=_text(source, "Modality").upper(),
        sop_class=_text(source, "SOPClassUID"),
        image_type=tuple(str(word).strip().upper() for word in types),
        burned_in=_text(source, "BurnedInAnnotation").upper(),
        conversion=_text(source, "ConversionType").upper(),
        photometric=_text(source, "PhotometricInterpretation").upper(),
    )


# Pixels ------------------------------------------------------------------------------------


def _clean_pixels(source: Dataset, made: Dataset, walk: Walk) -> list[str]:
    doubts = []
    for name in _PIXELS:
        if name not in made:
            continue
        element = made[name]
        data = bytes(element.value or b"")
        compressed = bool(element.is_undefined_length)
        done = clean_encapsulated(data) if compressed else clean_native(data, _expected(source, name))
        if done.doubt:
            doubts.append(done.doubt)
        if done.data != data:
            _set_pixels(made, element, done)
        walk.changes += [
            Change(path=str(element.tag).replace(" ", ""), keyword=name, change=CLEANED, reason=what)
            for what in done.changes
        ]
    if any(tag.group & 0xFF01 == 0x6000 and tag.element == 0x0102 for tag in sorted(source.keys())):
        doubts += _overlay_bits(source)
    return doubts


def _set_pixels(made: Dataset, element: DataElement, done: Cleaned) -> None:
    fresh = DataElement(element.tag, element.VR, done.data)
    fresh.is_undefined_length = element.is_undefined_length
    made[element.tag] = fresh


def _overlay_bits(source: Dataset) -> list[str]:
    """Old overlays lie in unused bits of the pixels; those can't be told from samples by rule."""
    for tag in sorted(source.keys()):
        if tag.group & 0xFF01 == 0x6000 and tag.element == 0x0102:
            try:
                position = int(source[tag].value or 0)
            except (TypeError, ValueError):
                position = 1
            if position:
                return ["an overlay lies in unused bits of the pixels"]
    return []


def _expected(source: Dataset, name: str) -> int | None:
    """Bytes that uncompressed pixels take (PS3.5 8.1.1); ``None`` where the header does not tell."""
    try:
        rows, columns = int(source.Rows), int(source.Columns)
        frames, samples = int(source.get("NumberOfFrames") or 1), int(source.get("SamplesPerPixel") or 1)
        bits = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(name) or int(source.BitsAllocated)
    except Exception:  # noqa: BLE001 - absent, or not what their tags say
        return None
    if min(rows, columns, frames, samples, bits) < 1:
        return None
    total = rows * columns * frames * samples * bits
    if _text(source, "PhotometricInterpretation") == "YBR_FULL_422" and samples == 3:
        total = total * 2 // 3
    return (total + 7) // 8


# The new file ------------------------------------------------------------------------------


def _sign(made: Dataset, walk: Walk, cleared: bool) -> None:
    """What the standard asks a cleaned file to say of itself (PS3.15 E.1, PS3.3 C.12.1.1.1)."""
    had = {"PatientID", "PatientName"} & {name for name in ("PatientID", "PatientName") if name in made}
    made.PatientID = made.PatientName = walk.pseudonym
    walk.changes += [
        Change(path=path, keyword=name, change=ADDED, reason="patient's pseudonym")
        for path, name in (("(0010,0010)", "PatientName"), ("(0010,0020)", "PatientID"))
        if name not in had
    ]
    made.PatientIdentityRemoved = "YES"
    made.DeidentificationMethod = METHOD
    codes = walk.settings.method_codes
    made.DeidentificationMethodCodeSequence = Items([_code(code, meaning) for code, meaning in codes])
    temporal = {FULL: "UNMODIFIED", MODIFIED: "MODIFIED"}
    made.LongitudinalTemporalInformationModified = temporal.get(
        walk.settings.retain_longitudinal, "REMOVED"
    )
    if cleared:
        made.BurnedInAnnotation = "NO"
    if _has_other_letters(made):
        made.SpecificCharacterSet = "ISO_IR 192"


def _code(code: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code, "DCM", meaning
    return item


def _has_other_letters(made: Dataset) -> bool:
    """Whether a text that an option keeps has letters beyond ASCII."""
    return any(
        not str(element.value).isascii()
        for element in made.iterall()
        if element.VR in ("LO", "SH", "ST", "LT", "UT", "UC", "PN")
    )


def _write(made: Dataset, sop_class: str, syntax: str) -> bytes:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(str(made.get("SOPInstanceUID") or ""))
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    meta.ImplementationVersionName = "GRANDROUNDS"
    out = io.BytesIO()
    file = FileDataset(out, made, preamble=b"\0" * 128, file_meta=meta)
    pydicom.dcmwrite(out, file, enforce_file_format=True)
    return out.getvalue()


def _name(source: Dataset, walk: Walk) -> str:
    """The file's path in a release: pseudonyms only."""
    uids = [_text(source, name) for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")]
    study, series, instance = (walk.key.uid(uid).removeprefix("2.25.") or "none" for uid in uids)
    return f"{walk.pseudonym}/{study[-16:]}/{series[-16:]}/{instance}.dcm"


# Reading -----------------------------------------------------------------------------------


def _bytes_of(source: Dataset | Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, Path):
        if source.stat().st_size > _LARGEST:
            raise ValueError("too large")
        return source.read_bytes()
    out = io.BytesIO()
    pydicom.dcmwrite(out, source, enforce_file_format=False)
    return out.getvalue()


def _sop_class(source: Dataset) -> str:
    """The SOP class; a directory has it in its file meta only."""
    meta = getattr(source, "file_meta", None)
    return _text(source, "SOPClassUID") or (_text(meta, "MediaStorageSOPClassUID") if meta else "")


def _syntax(source: Dataset) -> str:
    named = str(getattr(source, "file_meta", Dataset()).get("TransferSyntaxUID", "") or "").strip(" \0")
    if named:
        return named
    implicit, little = source.original_encoding
    if implicit:
        return "1.2.840.10008.1.2"
    return str(ExplicitVRLittleEndian) if little else "1.2.840.10008.1.2.2"


def _value(source: Dataset, keyword: str) -> Any:
    try:
        return source.get(keyword)
    except Exception:  # noqa: BLE001 - a value that can't be read is none
        return None


def _text(source: Dataset, keyword: str) -> str:
    value = _value(source, keyword)
    return "" if value is None else str(value).strip(" \0")
