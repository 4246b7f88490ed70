"""What earlier runs read of books, kept in the lake: by the hash of a file's bytes, the reader's version
and what else a reading depends on. A reading counts only while the pictures that it names are in the lake.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata

from pydantic import ValidationError

from grandrounds.errors import LakeError
from grandrounds.fingerprint import code_fingerprint, sha256_bytes, sha256_value
from grandrounds.lake import Lake
from grandrounds.sources import kinds
from grandrounds.sources.books_reading import (
    PICTURES,
    Answer,
    BookLimits,
    BookReading,
    SeenPicture,
    dump_answer,
    load_answer,
)

NAME = "book"
VERSION = "1.0.0"
"""Raised by hand when the meaning of what is read changes; changed code is noticed anyway."""


def reader_version() -> str:
    """The version that is stored beside what was read: by hand, and by code."""
    code = code_fingerprint(
        "grandrounds.sources",
        "grandrounds.textbooks",
        "grandrounds.figures.hashes",
        "grandrounds.figures.pixels",
        "grandrounds.text",
        "grandrounds.records.case",
        "grandrounds.records.figure",
        "grandrounds.records.parts",
        "grandrounds.workers.pool",
        "grandrounds.fingerprint",
    )
    return f"{VERSION}+{code}"


class BookMemory:
    """The memory of one run. ``ocr`` tells whether pages without text are recognised on this machine; it
    is only asked for a PDF."""

    def __init__(self, lake: Lake, limits: BookLimits, *, ocr: Callable[[], bool]) -> None:
        self._lake = lake
        self._limits = limits
        self._ocr = ocr

    def recall(self, sha256: str, kind: str) -> BookReading | None:
        """The reading of these bytes; ``None`` when they must be read."""
        answer = self._load(self._key(sha256, kind))
        reading = answer.reading if answer else None
        if reading is None:
            return None
        media = [picture.sha256 for picture in reading.pictures if picture.sha256]
        return reading if all(map(self._lake.has_media, dict.fromkeys(media))) else None

    def keep(self, reading: BookReading, kind: str) -> None:
        """Remember a reading, unless the same bytes might end otherwise."""
        if reading.lasting and reading.sha256:
            self._store(self._key(reading.sha256, kind), Answer(reading=reading))

    def recall_picture(self, sha256: str) -> SeenPicture | None:
        """What is known of a picture file's bytes."""
        answer = self._load(self._key(sha256, PICTURES))
        seen = answer.pictures[0] if answer and answer.pictures else None
        if seen is None or (seen.sha256 and not self._lake.has_media(seen.sha256)):
            return None
        return seen

    def keep_picture(self, sha256: str, seen: SeenPicture) -> None:
        """Remember what a picture file's bytes are."""
        self._store(self._key(sha256, PICTURES), Answer(pictures=(seen,)))

    def _load(self, key: str) -> Answer | None:
        try:
            data = self._lake.read_blob(key)
        except LakeError:
            return None  # what can't be read is made anew
        digest, _, body = (data or b"").partition(b"\n")
        if not body or digest != sha256_bytes(body).encode():
            return None
        try:
            return load_answer(body)
        except ValidationError:
            return None

    def _store(self, key: str, answer: Answer) -> None:
        body = dump_answer(answer)
        self._lake.write_blob(key, sha256_bytes(body).encode() + b"\n" + body)

    def _key(self, sha256: str, kind: str) -> str:
        told = [reader_version(), kind]
        if kind == kinds.PDF:
            told += [str(self._limits.pages), str(self._ocr()), _library_version()]
        return f"books/readings/{sha256_value(told)[:16]}/{sha256[:2]}/{sha256}.json"


def _library_version() -> str:
    try:
        return metadata.version("pymupdf")
    except metadata.PackageNotFoundError:
        return "none"
