"""One DICOM file as the reader sees it: its header's values, cleaned and typed, and its pixels' place."""

from __future__ import annotations

import hashlib
import math
import struct
from functools import cached_property
from pathlib import Path

from grandrounds.volumes.dicom_header import Scan, scan
from grandrounds.volumes.dicom_tags import NATIVE, PIXELS, SEQUENCE_WORDS, VIEWS
from grandrounds.volumes.limits import Limits, VolumeError

_FIRST_READ = 16 * 1024
_NUMBER_KINDS = {"US": ("H", 2), "SS": ("h", 2), "UL": ("I", 4), "FD": ("d", 8)}
_NOTHING = frozenset({"", "NONE", "UNKNOWN", "N/A"})


class DicomObject:
    """The header of one file. Values are looked up by tag and cleaned on the way out.

    A value that can't be what its tag says raises ``VolumeError`` when it is asked for.
    """

    def __init__(self, name: str, path: Path, *, size: int, found: Scan) -> None:
        self.name = name
        self.path = path
        self.size = size
        self.scan = found

    def text(self, tag: int) -> str:
        """A value as text, trimmed; empty when absent."""
        return self.scan.values.get(tag, b"").decode("latin-1").strip(" \0\t\r\n")

    def words(self, tag: int) -> tuple[str, ...]:
        """The values of a code string, upper case."""
        whole = self.text(tag)
        return tuple(part.strip().upper() for part in whole.split("\\")) if whole else ()

    def numbers(self, tag: int) -> tuple[float, ...]:
        """The numbers of a decimal or integer string. Raises ``VolumeError`` for what is none."""
        whole = self.text(tag)
        if not whole:
            return ()
        try:
            return tuple([float(part) for part in whole.split("\\") if part.strip()])
        except ValueError as exc:
            shown = whole[:40].encode("unicode_escape").decode()
            raise VolumeError(
                f"({tag >> 16:04X},{tag & 0xFFFF:04X}) holds {shown!r}, which are no numbers.",
                remedy="Correct the header at its source.",
            ) from exc

    def number(self, tag: int) -> float | None:
        """The first number of a value; ``None`` when absent, or when it is no finite number."""
        try:
            found = self.numbers(tag)
        except VolumeError:
            return None
        return found[0] if found and math.isfinite(found[0]) else None

    def integer(self, tag: int) -> int | None:
        """The first number as an integer; ``None`` when absent or no integer of at most 32 bits."""
        value = self.number(tag)
        return int(value) if value is not None and abs(value) < 2**31 else None

    def binary(self, tag: int, kind: str = "US") -> float | None:
        """A binary number (``US``, ``SS``, ``UL``, ``FD``); ``None`` when absent or too short."""
        letter, width = _NUMBER_KINDS[kind]
        raw = self.scan.values.get(tag, b"")
        if len(raw) < width:
            return None
        (value,) = struct.unpack_from(("<" if self.scan.little else ">") + letter, raw)
        return float(value)

    def count(self, tag: int, default: int = 0) -> int:
        """An unsigned short; ``default`` when absent."""
        value = self.binary(tag)
        return default if value is None else int(value)

    # What most of the reader asks for -------------------------------------------------------

    @cached_property
    def syntax(self) -> str:
        """Transfer syntax UID."""
        return self.scan.syntax

    @cached_property
    def sop_class(self) -> str:
        """SOP class UID; that of the file meta where the object names none (a DICOMDIR)."""
        return self.text(0x00080016) or self.text(0x00020002)

    @cached_property
    def sop_instance(self) -> str:
        """SOP instance UID."""
        return self.text(0x00080018)

    @property
    def study(self) -> str:
        """Study instance UID."""
        return self.text(0x0020000D)

    @property
    def series(self) -> str:
        """Series instance UID."""
        return self.text(0x0020000E)

    @property
    def frame_of_reference(self) -> str:
        """Frame of reference UID."""
        return self.text(0x00200052)

    @cached_property
    def modality(self) -> str:
        """Modality, upper case."""
        return self.text(0x00080060).upper()

    @cached_property
    def patient(self) -> str:
        """A hash that tells patients apart without naming them: of the id, else of the name; or empty."""
        raw = self.scan.values.get(0x00100020, b"").strip(b" \0")
        raw = raw or self.scan.values.get(0x00100010, b"").strip(b" \0^")
        return hashlib.sha256(b"patient\0" + raw).hexdigest()[:16] if raw else ""

    @cached_property
    def rows(self) -> int:
        """Rows."""
        return self.count(0x00280010)

    @cached_property
    def columns(self) -> int:
        """Columns."""
        return self.count(0x00280011)

    @cached_property
    def samples(self) -> int:
        """Samples per pixel."""
        return self.count(0x00280002, 1)

    @cached_property
    def frames(self) -> int:
        """Number of frames; 1 when the attribute is absent."""
        value = self.integer(0x00280008)
        return 1 if value is None else value

    @cached_property
    def photometric(self) -> str:
        """Photometric interpretation; MONOCHROME2 when absent."""
        return self.text(0x00280004).upper() or "MONOCHROME2"

    @cached_property
    def bits_allocated(self) -> int:
        """Bits allocated."""
        return self.count(0x00280100)

    @cached_property
    def bits_stored(self) -> int:
        """Bits stored; all when the attribute is absent."""
        return self.count(0x00280101, self.bits_allocated) or self.bits_allocated

    @cached_property
    def high_bit(self) -> int:
        """High bit; the highest stored one when the attribute is absent."""
        return self.count(0x00280102, self.bits_stored - 1)

    @cached_property
    def signed(self) -> bool:
        """Whether stored values are in two's complement."""
        return self.count(0x00280103) == 1

    @property
    def padding(self) -> int | None:
        """The stored value of pixels outside the field of view."""
        value = self.binary(0x00280120, "SS" if self.signed else "US")
        return None if value is None else int(value)

    @property
    def has_pixels(self) -> bool:
        """Whether the object claims an image: a pixel element, and rows and columns."""
        return bool(self.scan.pixel_tag and self.rows and self.columns)

    @cached_property
    def plain(self) -> bool:
        """Whether this is one uncompressed little-endian slice of 8 or 16 bits a pixel."""
        return (
            self.scan.pixel_tag == PIXELS
            and self.scan.inflated is None
            and self.scan.little
            and self.syntax in NATIVE
            and not self.scan.encapsulated
            and self.frames == 1
            and self.samples == 1
            and self.bits_allocated in (8, 16)
            and self.photometric in ("MONOCHROME1", "MONOCHROME2")
        )

    @property
    def geometry(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Position and orientation in DICOM's LPS mm; ``None`` when one of them is absent.

        Raises ``VolumeError`` for values that are no numbers.
        """
        position, orientation = self.numbers(0x00200032), self.numbers(0x00200037)
        if not position or not orientation:
            return None
        if len(position) != 3 or len(orientation) != 6:
            raise VolumeError(
                "The position or orientation does not have 3 and 6 numbers.", remedy="Correct the header."
            )
        if not all(math.isfinite(value) for value in position + orientation):
            raise VolumeError(
                "The position or orientation holds NaN or infinity.", remedy="Correct the header."
            )
        return position, orientation

    @property
    def pixel_spacing(self) -> tuple[tuple[float, ...], str]:
        """Row and column spacing in mm, and where it was said (``PixelSpacing``, ``ImagerPixelSpacing``,
        which is measured at the detector and not in the patient, or empty)."""
        for tag, origin in ((0x00280030, "PixelSpacing"), (0x00181164, "ImagerPixelSpacing")):
            found = self.numbers(tag)
            if len(found) >= 2:
                return found[:2], origin
        return (), ""

    @property
    def body_part(self) -> str | None:
        """Body part examined, where it is a code and not free text."""
        text = self.text(0x00180015).upper()
        return text if text not in _NOTHING and text.replace("_", "").replace(" ", "").isalnum() else None

    @cached_property
    def sequence_words(self) -> tuple[str, ...]:
        """Words of a closed list, from the view position and the descriptions of series, protocol and
        sequence. A view position that is stated stands for what descriptions say of it."""
        text = " ".join(self.text(tag) for tag in (0x0008103E, 0x00181030, 0x00180024))
        plain = "".join(char if char.isalnum() or char == "*" else " " for char in text.casefold())
        found = dict.fromkeys(word.replace("*", "star") for word in plain.split())
        view = VIEWS.get(self.text(0x00185101).upper())
        others = frozenset(VIEWS.values()) | {"lat"} if view else frozenset()
        told = (word for word in found if word in SEQUENCE_WORDS and word not in others)
        return (view, *told) if view else tuple(told)


def read_object(name: str, path: Path, limits: Limits, *, head: bytes = b"") -> DicomObject:
    """Read the header of the file at ``path``, whose first bytes are ``head`` where they are known.

    Raises ``VolumeError`` when it is no DICOM object.
    """
    try:
        size = path.stat().st_size
        found = scan(head, size=size, limits=limits) if head else None
        if found is None:
            found = _scanned(path, size, limits)
    except OSError as exc:
        raise VolumeError(
            f"The file can't be read: {exc.strerror or exc}.", remedy="Check its rights."
        ) from exc
    return DicomObject(name, path, size=size, found=found)


def _scanned(path: Path, size: int, limits: Limits) -> Scan:
    with open(path, "rb", buffering=0) as handle:
        head = handle.read(_FIRST_READ)
        while (found := scan(head, size=size, limits=limits)) is None:
            if len(head) >= limits.header_bytes:
                raise VolumeError(
                    f"The header is longer than {limits.header_bytes:,} bytes.", remedy="Look at the file."
                )
            more = handle.read(max(len(head) * 15, 1))
            if not more:
                raise VolumeError("The file became shorter while it was read.", remedy="Run again.")
            head += more
    return found
