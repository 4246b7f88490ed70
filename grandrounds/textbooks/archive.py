"""A zip archive from a stranger: read by name, in memory, within a budget; nothing is unpacked to disk."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from types import TracebackType

from grandrounds.errors import SourceError

MOST_ENTRIES = 20_000
BUDGET_BYTES = 1 << 30
"""All that is ever unpacked of one archive; the largest illustrated books have a few hundred megabytes."""

_PIECE = 1 << 18
_EXPANSION = 200
_SURELY_SMALL = 8 << 20
_REMEDY = "Get the book again from its publisher."
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    struct.error,
    ValueError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    KeyError,
)


class Archive:
    """An open archive. Raises ``SourceError`` when it is broken, encrypted, or claims too much."""

    def __init__(self, path: Path) -> None:
        self._left = BUDGET_BYTES
        try:
            self._file = zipfile.ZipFile(path)
        except _BROKEN as exc:
            raise SourceError(f"The archive is broken: {_short(exc)}.", remedy=_REMEDY) from exc
        entries = [entry for entry in self._file.infolist() if not entry.is_dir()]
        if len(entries) > MOST_ENTRIES:
            self.close()
            raise SourceError(
                f"The archive has {len(entries):,} entries, more than the {MOST_ENTRIES:,} that are read.",
                remedy="Don't trust where it came from.",
            )
        self._entries = {entry.filename: entry for entry in entries}
        folded = Counter(name.casefold() for name in self._entries)
        self._folded = {n.casefold(): n for n in self._entries if folded[n.casefold()] == 1}

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def find(self, name: str) -> str:
        """The entry that ``name`` means, whatever its case; empty where there is none."""
        return name if name in self._entries else self._folded.get(name.casefold(), "")

    def size(self, name: str) -> int:
        """Bytes that the entry claims to have; 0 for none."""
        entry = self._entries.get(name)
        return entry.file_size if entry else 0

    def read(self, name: str, *, most: int) -> bytes:
        """The bytes of an entry. What it claims of its size is not believed.

        Raises ``SourceError`` when it is missing, encrypted, broken, larger than ``most``, packed too
        tightly to be true, or when the archive's budget is spent.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise SourceError(f"The archive has no {name[:200]!r}.", remedy=_REMEDY)
        if entry.flag_bits & 0x1:
            raise SourceError(
                f"The entry {name[:200]!r} is encrypted.", remedy="Get the book without protection."
            )
        limit = min(most, self._left)
        pieces: list[bytes] = []
        total = 0
        try:
            with self._file.open(entry) as handle:
                while piece := handle.read(_PIECE):
                    total += len(piece)
                    pieces.append(piece)
                    tight = total > _SURELY_SMALL and total > _EXPANSION * max(entry.compress_size, 1)
                    if total > limit or tight:
                        raise _TooMuch
        except _TooMuch:
            self._left -= total
            raise SourceError(
                f"The entry {name[:99]!r} unpacks to {total:,} bytes or more: the archive may be a bomb.",
                remedy="Don't trust where it came from.",
            ) from None
        except _BROKEN as exc:
            raise SourceError(
                f"The entry {name[:200]!r} of the archive is broken: {_short(exc)}.", remedy=_REMEDY
            ) from exc
        self._left -= total
        return b"".join(pieces)


class _TooMuch(Exception):  # noqa: N818 - a signal to ourselves
    """An entry is larger than it may be."""


def _short(exc: Exception) -> str:
    return "".join(char if char.isprintable() else "?" for char in str(exc)[:200]) or type(exc).__name__
