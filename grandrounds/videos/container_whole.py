"""Whether a file is as long as its outermost parts say: a film that was cut off may look whole otherwise.

ISO 14496-12 (boxes), RFC 9559 (the segment of Matroska), and RIFF of AVI state sizes; of other formats
nothing is said here.
"""

from __future__ import annotations

import io
import os
import struct
from typing import IO

from grandrounds.videos.container_open import Source

_MOST_BOXES = 100_000
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067


def bytes_missing(source: Source) -> int:
    """How many bytes of the file are missing at its end, as far as it tells."""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as handle:
            size = handle.seek(0, os.SEEK_END)
            handle.seek(0)
            head = handle.read(12)
            if head[:4] == b"\x1a\x45\xdf\xa3":
                end = _end_of_segment(handle)
            elif head[:4] == b"RIFF":
                end = 8 + struct.unpack("<I", head[4:8])[0] if head[8:12] == b"AVI " else 0
            else:
                end = _end_of_boxes(handle, size)
    except (OSError, struct.error):
        return 0
    return max(0, end - size)


def _end_of_boxes(handle: IO[bytes], size: int) -> int:
    """Where the last box of an MP4 ends; 0 where it is none."""
    place = 0
    for number in range(_MOST_BOXES):
        handle.seek(place)
        head = handle.read(16)
        if len(head) < 8:
            return place
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if number == 0 and kind not in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"):
            return 0
        if not kind.isascii() or length == 0:
            return place
        if length == 1:
            if len(head) < 16:
                return place
            length = int.from_bytes(head[8:], "big")
        if length < 8:
            return place
        place += length
        if place >= size:
            return place
    return place


def _end_of_segment(handle: IO[bytes]) -> int:
    """Where the segment of a Matroska file ends; 0 where it doesn't say."""
    handle.seek(0)
    for wanted in (_EBML, _SEGMENT):
        name = _number(handle, keep_marker=True)
        length = _number(handle, keep_marker=False)
        if name != wanted or length is None:
            return 0
        if wanted == _SEGMENT:
            return handle.tell() + length
        handle.seek(length, os.SEEK_CUR)
    return 0


def _number(handle: IO[bytes], *, keep_marker: bool) -> int | None:
    """A number of variable length (RFC 8794, section 4); ``None`` for the one that means unknown."""
    first = handle.read(1)
    if not first or first[0] == 0:
        return None
    length = 9 - first[0].bit_length()
    data = first + handle.read(length - 1)
    if len(data) < length:
        return None
    value = int.from_bytes(data, "big")
    if keep_marker:
        return value
    mask = (1 << (7 * length)) - 1
    return None if value & mask == mask else value & mask
