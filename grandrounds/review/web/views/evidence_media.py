"""Media bytes to a browser: what they are is told by the bytes alone; pieces are sent when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from starlette.responses import Response, StreamingResponse

from grandrounds.lake import Lake

PIECE = 1 << 19
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")
_OTHER = "application/octet-stream"
_HEAD = 512
_CHECKED = 16 << 20

KEPT = "private, max-age=31536000, immutable"
"""Media never change under their name. ``Vary: Cookie`` goes with it: another session asks anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Bytes ``first`` to ``last``, both inside."""

    first: int
    last: int


class UnsatisfiableError(ValueError):
    """A range that lies outside the media."""


def media_response(lake: Lake, sha256: str, headers: Mapping[str, str]) -> Response:
    """The media named ``sha256``, or the piece that ``headers`` (lower-case names) ask for.

    Types are found in the bytes: what an item calls its media is never believed, and only pictures, films
    and volumes that a browser shows as such get a type of their own. Raises ``LakeError`` where the lake
    has no such media, or damaged ones.
    """
    handle, kind, size = _opened(lake, sha256)
    tag = f'"{sha256}"'
    given = {
        "etag": tag,
        "accept-ranges": "bytes",
        "cache-control": KEPT,
        "vary": "Cookie",
        "content-disposition": f'{"inline" if kind != _OTHER else "attachment"}; filename="{sha256[:16]}"',
        "content-security-policy": "default-src 'none'; sandbox",
    }
    if _names(headers.get("if-none-match", ""), tag):
        handle.close()
        return Response(status_code=304, headers=given)
    try:
        wanted = piece_of(headers.get("range", ""), size) if headers.get("if-range", tag) == tag else None
    except UnsatisfiableError:
        handle.close()
        return Response(status_code=416, headers={**given, "content-range": f"bytes */{size}"})
    first, last = (wanted.first, wanted.last) if wanted else (0, size - 1)
    given["content-length"] = str(last - first + 1)
    if wanted:
        given["content-range"] = f"bytes {first}-{last}/{size}"
    return StreamingResponse(
        _pieces(handle, first, last), status_code=206 if wanted else 200, headers=given, media_type=kind
    )


def piece_of(header: str, size: int) -> Piece | None:
    """The piece that a ``Range`` header asks for: ``None`` for all of it, which is also the answer to a
    header that is no single range of bytes (RFC 9110, 14.2). Raises ``UnsatisfiableError``."""
    found = _RANGE.match(header.strip())
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        if length == 0:
            raise UnsatisfiableError(header)
        return Piece(first=size - length, last=size - 1)
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    if found[2] and int(found[2]) < first:
        return None
    if first >= size:
        raise UnsatisfiableError(header)
    return Piece(first=first, last=last)


def content_type(head: bytes) -> str:
    """What the bytes are, of those kinds that are shown; anything else (SVG and HTML too) is only bytes."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if len(head) >= 348 and head[344:348] in (b"n+1\0", b"ni1\0"):
        return "application/x-nifti"
    return _OTHER


def _opened(lake: Lake, sha256: str) -> tuple[BinaryIO, str, int]:
    """The media, what they are and their size. What is small is checked against its name each time."""
    handle = lake.open_media(sha256)
    try:
        kind = content_type(handle.read(_HEAD))
        size = handle.seek(0, 2)
        if size > _CHECKED:
            return handle, kind, size
    except BaseException:
        handle.close()
        raise
    handle.close()
    return BytesIO(lake.get_media(sha256)), kind, size


def _names(header: str, tag: str) -> bool:
    tags = [part.strip().removeprefix("W/") for part in header.split(",")]
    return tag in tags or "*" in tags


def _pieces(handle: BinaryIO, first: int, last: int) -> Iterator[bytes]:
    with handle:
        handle.seek(first)
        left = last - first + 1
        while left > 0:
            data = handle.read(min(PIECE, left))
            if not data:
                return
            left -= len(data)
            yield data
