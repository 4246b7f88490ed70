"""What earlier runs found out, kept in the lake: readings by content, and an index of files by stamp.

Nothing here is ever trusted blindly. A reading is stored with a hash of itself and is made anew when
that does not fit. An index entry counts only while size, times, inode and device are unchanged, and
only when the file had been left alone for two seconds before it was looked at: a file system's
clock may be too coarse to show a change within that time.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from grandrounds.errors import LakeError
from grandrounds.fingerprint import code_fingerprint, sha256_bytes, sha256_text
from grandrounds.lake import Lake
from grandrounds.sources import kinds
from grandrounds.sources.case_report import Reading
from grandrounds.sources.folder import FoundFile
from grandrounds.sources.graphics import Picture

_SETTLED_NS = 2_000_000_000


@dataclass(slots=True, kw_only=True)
class Entry:
    """What is known of one file: its stamp when it was looked at, its kind, and more where needed."""

    stamp: tuple[int, int, int, int, int]
    seen_ns: int
    kind: str
    sha256: str = ""
    picture: Picture | None = None


@dataclass(slots=True)
class FileIndex:
    """What is known of the files of one folder, by name."""

    entries: dict[str, Entry] = field(default_factory=dict)
    changed: bool = False

    def known(self, file: FoundFile) -> Entry | None:
        """The entry of ``file`` while it holds, else ``None``."""
        entry = self.entries.get(file.name)
        if entry is None or entry.stamp != file.stamp:
            return None
        last_change = max(file.stamp[1], file.stamp[2])
        return entry if last_change + _SETTLED_NS < entry.seen_ns else None

    def note(
        self, file: FoundFile, *, kind: str, seen_ns: int, sha256: str = "", picture: Picture | None = None
    ) -> None:
        """Remember what ``file`` is; ``seen_ns`` is the time just before its bytes were looked at."""
        self.entries[file.name] = Entry(
            stamp=file.stamp, seen_ns=seen_ns, kind=kind, sha256=sha256, picture=picture
        )
        self.changed = True

    def recognise(self, file: FoundFile) -> tuple[str, int]:
        """The kind of ``file``, as known while it is untouched; and when its bytes were looked at."""
        if file.trouble:
            return ("link" if file.outside else kinds.UNREADABLE), 0
        known = self.known(file)
        if known is not None:
            return known.kind, known.seen_ns
        seen_ns = now_ns()
        kind = kinds.recognise(file.path)
        if kind != kinds.UNREADABLE:
            self.note(file, kind=kind, seen_ns=seen_ns)
        return kind, seen_ns

    def forget_others(self, names: set[str]) -> None:
        """Drop the entries of files that are gone."""
        gone = self.entries.keys() - names
        for name in gone:
            del self.entries[name]
        self.changed = self.changed or bool(gone)


def now_ns() -> int:
    """The wall clock, for stamps only; it never reaches a table."""
    return time.time_ns()


def load_index(lake: Lake, folder: Path) -> FileIndex:
    """The index of ``folder``; an empty one when there is none, or it is damaged or of other code."""
    data = _read(lake, _index_key(folder))
    if data is None:
        return FileIndex()
    try:
        return FileIndex(entries=_entries().validate_json(data))
    except ValidationError:
        return FileIndex()


def save_index(lake: Lake, folder: Path, index: FileIndex) -> None:
    """Store the index when it changed. Of two runs at once the last one's is kept, whole."""
    if index.changed:
        _write(lake, _index_key(folder), _entries().dump_json(index.entries))


def load_reading(lake: Lake, *, sha256: str, kind: str, version: str) -> Reading | None:
    """The reading of a file's bytes by this version of the reader; ``None`` when it must be read anew."""
    data = _read(lake, _reading_key(sha256, kind, version))
    return unpack(data) if data is not None else None


def save_reading(lake: Lake, packed: bytes, *, sha256: str, kind: str, version: str) -> None:
    """Store a packed reading under the hash of the bytes that it was made of."""
    _write(lake, _reading_key(sha256, kind, version), packed)


def pack(reading: Reading) -> bytes:
    """A reading as bytes: for the lake, and for the way between processes."""
    return _reading().dump_json(reading)


def unpack(data: bytes) -> Reading | None:
    """The reading that bytes hold; ``None`` when they are damaged."""
    try:
        return _reading().validate_json(data)
    except ValidationError:
        return None


def _read(lake: Lake, key: str) -> bytes | None:
    try:
        data = lake.read_blob(key)
    except LakeError:
        return None  # what can't be read is made anew
    if data is None:
        return None
    digest, _, body = data.partition(b"\n")
    return body if digest == sha256_bytes(body).encode() else None


def _write(lake: Lake, key: str, body: bytes) -> None:
    lake.write_blob(key, sha256_bytes(body).encode() + b"\n" + body)


def _index_key(folder: Path) -> str:
    code = code_fingerprint("grandrounds.sources")
    return f"sources/index/{sha256_text(json.dumps([str(folder.absolute()), code]))[:32]}.json"


def _reading_key(sha256: str, kind: str, version: str) -> str:
    return f"sources/readings/{sha256_text(json.dumps([version, kind]))[:16]}/{sha256[:2]}/{sha256}.json"


@cache
def _reading() -> TypeAdapter[Reading]:
    return TypeAdapter(Reading)


@cache
def _entries() -> TypeAdapter[dict[str, Entry]]:
    return TypeAdapter(dict[str, Entry])
