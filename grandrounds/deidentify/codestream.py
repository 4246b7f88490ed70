"""Pixel data without stowaways: text segments of compressed frames, bytes behind the image, overlay bits.

Image samples are never touched: a comment is overwritten in place, what lies behind the last sample
goes. JPEG, JPEG-LS: ISO/IEC 10918-1 B.1.1, 14495-1; JPEG 2000: ISO/IEC 15444-1 A.9.2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_ITEM = b"\xfe\xff\x00\xe0"
_DELIMITER = b"\xfe\xff\xdd\xe0"
_MOST_FRAGMENTS = 10_000_000
_KEPT_APPLICATION = (0xEE, 0xE8)  # APP14 (Adobe) and APP8 (SPIFF, mrfx) say how colours are to be read
_TEXT_BOXES = (b"xml ", b"uuid", b"uinf", b"jp2i")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Pixel data after cleaning, what was changed, and why it can't be trusted (empty: it can)."""

    data: bytes
    changes: tuple[str, ...] = ()
    doubt: str = ""


def clean_native(data: bytes, expected: int | None) -> Cleaned:
    """Uncompressed pixel data of ``expected`` bytes: what lies behind goes; ``None``: not known."""
    if expected is None:
        return Cleaned(data, doubt="the pixel data's size can't be checked")
    padded = expected + expected % 2
    tail = data[expected:]
    if not tail.strip(b"\0") and len(data) <= padded:
        return Cleaned(data)
    return Cleaned(data[:expected] + b"\0" * (expected % 2), ("bytes behind the pixels",))


def clean_encapsulated(data: bytes) -> Cleaned:
    """Compressed pixel data (PS3.5 A.4): every fragment's text segments are blanked in place."""
    buffer = bytearray(data)
    changes: dict[str, None] = {}
    position, number = 0, 0
    while position < len(buffer):
        mark = bytes(buffer[position : position + 4])
        if mark == _DELIMITER:
            if buffer[position + 8 :].strip(b"\0"):
                changes["bytes behind the pixels"] = None
            del buffer[position:]
            break
        if mark != _ITEM or position + 8 > len(buffer) or number > _MOST_FRAGMENTS:
            return Cleaned(data, doubt="the compressed pixel data's fragments can't be followed")
        (length,) = struct.unpack_from("<I", buffer, position + 4)
        start, end = position + 8, position + 8 + length
        if end > len(buffer):
            return Cleaned(data, doubt="the compressed pixel data ends early")
        if number > 0:  # the first item is the offset table
            changes.update(dict.fromkeys(_clean_fragment(buffer, start, end)))
        elif length % 4:
            return Cleaned(data, doubt="the offset table has an odd size")
        position, number = end, number + 1
    return Cleaned(bytes(buffer), tuple(changes))


def _clean_fragment(buffer: bytearray, start: int, end: int) -> list[str]:
    head = bytes(buffer[start : start + 12])
    if head[:2] == b"\xff\xd8":
        return _clean_jpeg(buffer, start, end)
    if head[:2] == b"\xff\x4f":
        return _clean_jpeg2000(buffer, start, end)
    if head[4:8] == b"jP  ":
        return _clean_boxes(buffer, start, end)
    return []


def _clean_jpeg(buffer: bytearray, start: int, end: int) -> list[str]:
    """Comments (COM) and application segments up to the first scan, and bytes behind the end of image."""
    changes = []
    position = start + 2
    while position + 4 <= end and buffer[position] == 0xFF:
        marker = buffer[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        (length,) = struct.unpack_from(">H", buffer, position + 2)
        if length < 2:
            break
        application = 0xE0 < marker <= 0xEF and marker not in _KEPT_APPLICATION
        if marker == 0xFE or application:
            changes += _blank(buffer, position + 4, min(position + 2 + length, end), "compressed: comment")
        elif marker == 0xE0 and length > 16:  # JFIF's own fields are 14 bytes, a thumbnail follows
            changes += _blank(
                buffer, position + 18, min(position + 2 + length, end), "compressed: thumbnail"
            )
        if marker == 0xDA:
            break
        position += 2 + length
    stop = buffer.rfind(b"\xff\xd9", start, end)
    if stop >= 0:
        changes += _blank(buffer, stop + 2, end, "compressed: bytes behind the image")
    return changes


def _clean_jpeg2000(buffer: bytearray, start: int, end: int) -> list[str]:
    """Comments (COM) of the main header, and bytes behind the end of the codestream."""
    changes = []
    position = start + 2
    while position + 4 <= end and buffer[position] == 0xFF and buffer[position + 1] != 0x90:
        marker = buffer[position + 1]
        (length,) = struct.unpack_from(">H", buffer, position + 2)
        if length < 2:
            break
        if marker == 0x64:
            changes += _blank(buffer, position + 6, min(position + 2 + length, end), "compressed: comment")
        position += 2 + length
    stop = buffer.rfind(b"\xff\xd9", start, end)
    if stop >= 0:
        changes += _blank(buffer, stop + 2, end, "compressed: bytes behind the image")
    return changes


def _clean_boxes(buffer: bytearray, start: int, end: int) -> list[str]:
    """The boxes of a JP2 file: text and vendors' boxes are blanked, the codestream is cleaned."""
    changes = []
    position = start
    while position + 8 <= end:
        (length,) = struct.unpack_from(">I", buffer, position)
        kind = bytes(buffer[position + 4 : position + 8])
        stop = end if length == 0 else position + length
        if length == 1 or stop <= position + 8 or stop > end:
            break
        if kind in _TEXT_BOXES:
            changes += _blank(buffer, position + 8, stop, "compressed: text box")
        elif kind == b"jp2c":
            changes += _clean_jpeg2000(buffer, position + 8, stop)
        position = stop
    return changes


def _blank(buffer: bytearray, start: int, stop: int, what: str) -> list[str]:
    if start >= stop or not bytes(buffer[start:stop]).strip(b"\0"):
        return []
    buffer[start:stop] = bytes(stop - start)
    return [what]
