"""Names of files from outside: the last part only, plain characters, nothing a shell or system minds."""

from __future__ import annotations

import re
import unicodedata

from grandrounds.fingerprint import sha256_text

_LONGEST = 120
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_PASSED_BY = frozenset({"CVS", "__MACOSX", "__pycache__", "node_modules", "lost+found"})
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp")
"""Endings of pictures that readers take."""


def safe_name(name: str, *, default: str = "file") -> str:
    """``name`` as the name of a file in a folder of ours; the same name always gives the same.

    Folders, dots in front, control and odd characters go; what was changed beyond that gets a mark of
    the whole name, so that two names stay two.
    """
    base = re.split(r"[/\\]", name)[-1]
    plain = unicodedata.normalize("NFKD", base).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")
    if plain and plain == base and len(plain) <= _LONGEST and not _RESERVED.fullmatch(plain):
        return plain
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 5:
        stem, ending = plain, ""
    mark = sha256_text(name)[:8]
    made = f"{stem[: _LONGEST - 20] or default}-{mark}" + (f".{ending}" if ending else "")
    return made if not _RESERVED.fullmatch(made) else f"{default}-{mark}"


def folder_name(record_id: str) -> str:
    """A record's id as the name of a folder; two ids never share one."""
    plain = safe_name(re.sub(r"[/\\:]", "_", record_id), default="record")
    if plain == record_id and plain not in _PASSED_BY:
        return plain
    mark = sha256_text(record_id)[:8]
    return plain if plain.endswith(mark) else f"{plain}-{mark}"
