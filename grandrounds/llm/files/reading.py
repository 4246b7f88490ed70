"""The lines of files that come from elsewhere: plain or packed, of any length, cut off anywhere."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

#: Longest line that is looked at, in bytes; an answer is a few thousand.
MAXIMUM_LINE = 32 * 1024 * 1024

_GZIP = b"\x1f\x8b"
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line without its end. ``whole`` is false for a last line without a line break; ``fault`` says
    why a line, or the rest of the file, can't be read."""

    number: int
    data: bytes = b""
    whole: bool = True
    fault: str = ""


def lines_of(path: Path, *, maximum: int = MAXIMUM_LINE) -> Iterator[Line]:
    """The lines of a file that aren't empty. Never raises: what can't be read is a line with a fault."""
    number = 0
    try:
        if not path.is_file():
            yield Line(number=0, fault="it is not a file")
            return
        with path.open("rb") as raw:
            packed = raw.peek(2)[:2] == _GZIP
            handle: BinaryIO = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if packed else raw
            while data := handle.readline(maximum + 1):
                number += 1
                yield from _line(number, data, handle, maximum)
    except EOFError:
        yield Line(number=number + 1, whole=False, fault="the packed file was cut off here")
    except (gzip.BadGzipFile, zlib.error):
        yield Line(number=number + 1, fault="the packed file is damaged from here on")
    except OSError as exc:
        yield Line(number=number + 1, fault=f"it can't be read: {exc.strerror or exc}")


def _line(number: int, data: bytes, handle: BinaryIO, maximum: int) -> Iterator[Line]:
    if len(data) > maximum and not data.endswith(b"\n"):
        while (rest := handle.readline(1 << 20)) and not rest.endswith(b"\n"):
            pass
        yield Line(number=number, fault=f"the line has more than {maximum} bytes")
        return
    bare = data.removeprefix(_MARK).strip() if number == 1 else data.strip()
    if bare:
        yield Line(number=number, data=bare, whole=data.endswith(b"\n"))
