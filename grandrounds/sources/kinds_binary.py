"""Signatures of binary files: pictures, films, studies, archives."""

from __future__ import annotations

import struct

_IMAGE_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
_VIDEO_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
# Value representations of DICOM (PS3.5, table 6.2-1); those with 4-byte lengths come second.
_SHORT_VR = {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
             b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}  # fmt: skip
_LONG_VR = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"II+\x00", "image"),
    (b"MM\x00+", "image"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image"),
    (b"\xff\x4f\xff\x51", "image"),
    (b"8BPS", "image"),
    (b"\x00\x00\x01\xba", "video"),
    (b"\x00\x00\x01\xb3", "video"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),
    (b"FLV\x01", "video"),
    (b"OggS", "video"),
    (b"PK\x03\x04", "archive"),
    (b"PK\x05\x06", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
    (b"PAR1", "table"),
    (b"ARROW1\x00\x00", "table"),
)


def by_signature(head: bytes) -> str | None:
    """The kind that a fixed signature tells, ``None`` when there is none."""
    if len(head) >= 132 and head[128:132] == b"DICM":
        return "dicom"
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[4:8] == b"ftyp":
        return "image" if head[8:12] in _IMAGE_BRANDS else "video"
    if head[4:8] in _VIDEO_BOXES and head[:1] == b"\x00":
        return "video"
    if head[:4] == b"RIFF":
        return {b"AVI ": "video", b"WEBP": "image"}.get(head[8:12])
    if (
        head[:2] == b"BM"
        and len(head) > 18
        and head[6:10] == b"\x00" * 4
        and head[14] in (12, 40, 108, 124)
    ):
        return "image"
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "video"
    if head[257:262] == b"ustar":
        return "archive"
    # Readers of PDF accept the header anywhere in the first 1024 bytes.
    return "pdf" if b"%PDF-" in head[:1024] and b"<" not in head[:1024].split(b"%PDF-")[0] else None


def is_epub(head: bytes) -> bool:
    """Whether a zip archive that begins with ``head`` is an EPUB: its first entry says so (OCF 3.3, section
    4.3), or, where a careless tool packed it, one of its first entries is the container file."""
    if not head.startswith(b"PK\x03\x04"):
        return False
    if head[30:38] == b"mimetype":
        return b"application/epub+zip" in head[38:200]
    return b"META-INF/container.xml" in head


def is_nifti(head: bytes) -> bool:
    """Whether ``head`` is a NIfTI-1 or NIfTI-2 header (magic and header size agree)."""
    if len(head) >= 348 and head[344:348] in (b"n+1\x00", b"ni1\x00"):
        return _header_size(head) == 348
    return len(head) >= 12 and head[4:8] in (b"n+2\x00", b"ni2\x00") and _header_size(head) == 540


def is_truncated_nifti(head: bytes, *, size: int) -> bool:
    """Whether a file shorter than a NIfTI header begins like one (size field, sane dimensions), or is a
    header alone without NIfTI's magic: ANALYZE 7.5, NIfTI's ancestor, whose voxels are in another file."""
    if not 56 <= size <= 348 or _header_size(head) != 348:
        return False
    order = "<" if struct.unpack("<i", head[:4])[0] == 348 else ">"
    (rank,) = struct.unpack(order + "h", head[40:42])
    return bool(1 <= rank <= 7)


def is_dicom(head: bytes) -> bool:
    """Whether ``head`` parses as DICOM data elements although the preamble is missing.

    Three elements in ascending order must parse, starting in group 0002 or 0008.
    """
    return any(
        _parses(head, order=order, explicit=explicit) for order in "<>" for explicit in (True, False)
    )


def _header_size(head: bytes) -> int:
    """The header size field, whichever the byte order; 0 when it is neither of the two."""
    for order in "<>":
        (value,) = struct.unpack(order + "i", head[:4])
        if value in (348, 540):
            return int(value)
    return 0


def _parses(head: bytes, *, order: str, explicit: bool) -> bool:
    position, before = 0, (0, 0)
    for count in range(3):
        if position + 12 > len(head):
            return False
        tag = struct.unpack(order + "HH", head[position : position + 4])
        if (count == 0 and tag[0] not in (0x0002, 0x0008)) or tag <= before or tag[0] > 0x7FE0:
            return False
        length = _element_length(head, position, order=order, explicit=explicit)
        if length is None:
            return False
        position, before = position + length, tag
    return True


def _element_length(head: bytes, position: int, *, order: str, explicit: bool) -> int | None:
    """Bytes that the element at ``position`` takes with its header; ``None`` when it is none."""
    if not explicit:
        (length,) = struct.unpack(order + "I", head[position + 4 : position + 8])
        return 8 + length if length < 4096 and length % 2 == 0 else None
    kind = head[position + 4 : position + 6]
    if kind in _SHORT_VR:
        (length,) = struct.unpack(order + "H", head[position + 6 : position + 8])
        return 8 + length if length % 2 == 0 else None
    if kind in _LONG_VR and head[position + 6 : position + 8] == b"\x00\x00":
        (length,) = struct.unpack(order + "I", head[position + 8 : position + 12])
        return 12 + length if length < 65536 else None
    return None
