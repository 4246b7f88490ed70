"""Which action an attribute gets: the table of Annex E first, then rules by kind of value.

The table says what must go. What it does not name does not stay for that reason: texts stay only where
their keyword is on the list below, and then only as controlled words; code strings only as known terms;
numbers only where they are numbers; binary values only where listed; unknown attributes not at all.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import lru_cache

from pydicom._dicom_dict import DicomDictionary

from grandrounds.deidentify.profile import rows
from grandrounds.deidentify.settings import FULL, MODIFIED, DeidentifySettings


class Act(enum.Enum):
    """What is done with an element."""

    REMOVE = "remove"
    EMPTY = "empty"
    DUMMY = "dummy"
    UID = "uid"
    SHIFT = "shift"
    KEEP_DATE = "keep date"
    WORDS = "words"
    VERBATIM = "verbatim"
    TERM = "term"
    CODE = "code"
    NUMBER = "number"
    AGE = "age"
    BINARY = "binary"
    RECURSE = "recurse"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class Decision:
    """An act and why."""

    act: Act
    reason: str


TEXT_VRS = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
NUMBER_VRS = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV", "AT"})
DATE_VRS = frozenset({"DA", "DT", "TM"})
BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW"})

PATIENT_ID, PATIENT_NAME = 0x00100020, 0x00100010
CODE_VALUE, CODE_SCHEME, CODE_MEANING = 0x00080100, 0x00080102, 0x00080104

# Texts that stay as controlled words though the table does not ask for their removal.
KEPT_TEXTS = frozenset(
    {
        "Manufacturer",
        "ManufacturerModelName",
        "SequenceName",
        "PulseSequenceName",
        "RescaleType",
        "WindowCenterWidthExplanation",
        "ConvolutionKernel",
        "ReceiveCoilName",
        "TransmitCoilName",
        "LUTExplanation",
        "ModalityLUTType",
        "ImagedNucleus",
        "ResonantNucleus",
        "FilterType",
        "CollimatorGridName",
        "ReconstructionMethod",
        "AttenuationCorrectionMethod",
        "ScatterCorrectionMethod",
        "StackID",
        "DimensionDescriptionLabel",
        "Radiopharmaceutical",
        "ViewName",
    }
)
# Names of structures: kept whole or not at all.
KEPT_NAMES = frozenset({"SegmentLabel", "ROIName", "ROIObservationLabel", "SegmentDescription"})
KEPT_BINARY = frozenset(
    {
        "PixelData",
        "FloatPixelData",
        "DoubleFloatPixelData",
        "RedPaletteColorLookupTableData",
        "GreenPaletteColorLookupTableData",
        "BluePaletteColorLookupTableData",
        "AlphaPaletteColorLookupTableData",
        "SegmentedRedPaletteColorLookupTableData",
        "SegmentedGreenPaletteColorLookupTableData",
        "SegmentedBluePaletteColorLookupTableData",
        "LUTData",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
        "PointCoordinatesData",
        "VectorGridData",
        "SurfacePointNormals",
        "LongPrimitivePointIndexList",
        "LongTrianglePointIndexList",
        "TrianglePointIndexList",
        "DoublePointCoordinatesData",
    }
)
# Written anew at the end, from the settings: what a file claims of an earlier cleaning is not believed.
OWN = frozenset(
    {
        "PatientIdentityRemoved",
        "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
        "LongitudinalTemporalInformationModified",
    }
)
_AMBIGUOUS = {"US or SS": "US", "OB or OW": "OB", "US or OW": "US", "US or SS or OW": "US"}
_SAME_KIND = (
    frozenset({"US", "SS", "UL", "SL", "UV", "SV", "OW"}),
    frozenset({"OB", "OW", "UN"}),
    frozenset({"DS", "IS"}),
    TEXT_VRS,
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the installed dictionary says of a public attribute."""

    keyword: str
    vr: str
    most: int | None


@lru_cache(maxsize=8192)
def known(tag: int) -> Known | None:
    """The dictionary's entry, or ``None``. ``most`` is how many values there may be (``None``: any)."""
    entry = DicomDictionary.get(tag)
    if entry is None:
        return None
    vr, multiplicity, _, _, keyword = entry
    last = multiplicity.rpartition("-")[2]
    return Known(keyword, _AMBIGUOUS.get(vr, vr), int(last) if last.isdigit() else None)


def decide(tag: int, vr: str, settings: DeidentifySettings) -> Decision:
    """What happens to the public element ``tag`` that a file gives the value representation ``vr``."""
    return _decide(tag, vr, settings)


@lru_cache(maxsize=16384)
def _decide(tag: int, vr: str, settings: DeidentifySettings) -> Decision:
    group = tag >> 16
    if tag & 0xFFFF == 0:
        return Decision(Act.REMOVE, "group length")
    if group <= 0x0004 or group & 1 or group >= 0xFFFA:
        return Decision(Act.REMOVE, "not of a data set")
    if group & 0xFF00 == 0x5000:
        return Decision(Act.REMOVE, "curve data")
    if group & 0xFF00 == 0x6000:
        return Decision(Act.REMOVE, "overlay")
    if tag in (PATIENT_ID, PATIENT_NAME):
        return Decision(Act.PATIENT, "patient's pseudonym")
    entry = known(tag)
    if entry is None:
        return Decision(Act.REMOVE, "unknown attribute")
    if not _vr_fits(vr, entry.vr):
        return Decision(Act.REMOVE, "not the attribute's value representation")
    if entry.keyword in OWN or entry.keyword == "SpecificCharacterSet":
        return Decision(Act.REMOVE, "written anew")
    row = rows().get(tag)
    if row is None:
        return _by_kind(entry.keyword, vr, settings)
    for option in settings.options:
        if option in row.options:
            return _by_option(option, row.options[option], entry.keyword, vr, settings)
    return _by_action(row.action, vr)


def _vr_fits(vr: str, standard: str) -> bool:
    return vr == standard or any(vr in kind and standard in kind for kind in _SAME_KIND)


def _by_option(option: str, code: str, keyword: str, vr: str, settings: DeidentifySettings) -> Decision:
    reason = f"option {option}"
    if option == "dates_full":
        return Decision(Act.KEEP_DATE, reason)
    if option == "dates_modified":
        return Decision(Act.SHIFT if vr in DATE_VRS else Act.KEEP_DATE, reason)
    if keyword in KEPT_NAMES:
        return Decision(Act.WORDS, reason)
    if vr == "UI":
        return Decision(Act.UID, reason)
    if vr in TEXT_VRS:
        words = code == "C" or option == "patient"
        return Decision(Act.WORDS if words else Act.VERBATIM, reason)
    if vr == "AE":
        return Decision(Act.VERBATIM, reason)
    return Decision(_by_kind(keyword, vr, settings).act, reason)


def _by_action(action: str, vr: str) -> Decision:
    reason = f"Annex E {action}"
    if vr == "UI":
        return Decision(Act.REMOVE if action == "X" else Act.UID, reason)
    if action == "X":
        return Decision(Act.REMOVE, reason)
    if action in ("Z", "X/Z") or (action == "Z/D" and vr in DATE_VRS):
        return Decision(Act.EMPTY, reason)
    if action == "X/Z/U*":
        return Decision(Act.RECURSE if vr == "SQ" else Act.UID, reason)
    # A cleaned person or content tree would tell more than a dummy may.
    if vr == "SQ":
        return Decision(Act.EMPTY, reason)
    return Decision(Act.DUMMY, reason)


def _by_kind(keyword: str, vr: str, settings: DeidentifySettings) -> Decision:  # noqa: PLR0912 - one row a kind
    if vr == "SQ":
        return Decision(Act.RECURSE, "sequence")
    if vr == "UI":
        return Decision(Act.UID, "UID")
    if vr == "PN":
        return Decision(Act.EMPTY, "person's name")
    if vr in DATE_VRS:
        if settings.retain_longitudinal == FULL:
            return Decision(Act.KEEP_DATE, "option dates_full")
        if settings.retain_longitudinal == MODIFIED:
            return Decision(Act.SHIFT, "option dates_modified")
        return Decision(Act.EMPTY, "date or time")
    if vr == "AS":
        return Decision(Act.AGE, "age")
    if vr == "CS":
        return Decision(Act.TERM, "code string")
    if vr in NUMBER_VRS:
        return Decision(Act.NUMBER, "number")
    if vr in BINARY_VRS:
        if keyword in KEPT_BINARY:
            return Decision(Act.BINARY, "image data")
        return Decision(Act.REMOVE, "binary value that is not on the list of those kept")
    if keyword in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"):
        return Decision(Act.CODE, "code")
    if vr in TEXT_VRS and (keyword in KEPT_TEXTS or keyword in KEPT_NAMES):
        return Decision(Act.WORDS, "controlled words")
    return Decision(Act.REMOVE, "text that is not on the list of those kept")
