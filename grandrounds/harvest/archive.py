"""Pictures out of a zip from outside: bounded in number and bytes, names never trusted as paths."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection
from io import BytesIO

from grandrounds.harvest.feed import FIGURE, FetchedFile
from grandrounds.harvest.names import PICTURES, safe_name
from grandrounds.harvest.problems import MalformedError, TooLargeError

_MOST_ENTRIES = 2000


def pictures_in(
    data: bytes, *, wanted: Collection[str], limit: int
) -> tuple[tuple[FetchedFile, ...], tuple[str, ...]]:
    """The pictures of the zip ``data`` whose names the article mentions, and notes of what was left out.

    ``wanted`` holds names as the article prints them, with or without ending. ``limit`` bounds the
    unpacked bytes of all together. Raises ``MalformedError`` for what is no zip, ``TooLargeError`` for
    a bomb.
    """
    stems = {_stem(name) for name in wanted}
    made: dict[str, FetchedFile] = {}
    notes: list[str] = []
    left = limit
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_ENTRIES:
                raise TooLargeError(f"The archive holds {len(entries):,} entries.")
            for entry in sorted(entries, key=lambda one: one.filename):
                base = entry.filename.replace("\\", "/").rpartition("/")[2]
                if not base.casefold().endswith(PICTURES) or _stem(base) not in stems:
                    continue
                name = safe_name(base)
                if entry.flag_bits & 0x1 or name in made:
                    notes.append(f"{base[:80]!r} was left out of the archive.")
                    continue
                picture = _read(archive, entry, left)
                left -= len(picture)
                made[name] = FetchedFile(name=name, data=picture, role=FIGURE)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as exc:
        raise MalformedError(f"The archive of figures is no sound zip: {exc}.") from exc
    return tuple(made.values()), tuple(notes)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    """At most ``left`` bytes, whatever the entry says of its size."""
    if entry.file_size > left:
        raise TooLargeError(f"The archive unpacks to more bytes than are taken ({entry.filename[:80]!r}).")
    with archive.open(entry) as handle:
        data = handle.read(left + 1)
    if len(data) > left:
        raise TooLargeError(f"The archive unpacks to more bytes than are taken ({entry.filename[:80]!r}).")
    return data


def _stem(name: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2].casefold()
    return next((base.removesuffix(ending) for ending in PICTURES if base.endswith(ending)), base)
