"""Pictures beside an article: found by name among the files that were walked, checked, never trusted.

A name in an article is a key for looking up, never a path to open. A picture must stand in the
article's own folder or below it. What two different articles could both claim belongs to neither:
a picture of another patient is worse than none.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

from grandrounds.sources.folder import FoundFile

MAXIMUM_BYTES = 64 * 1024 * 1024
MAXIMUM_PIXELS = 120_000_000
"""Larger pictures are not taken along; a page scanned at 1200 dpi has about that many pixels."""

_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp")
_MIME = {
    "PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "TIFF": "image/tiff",
    "WEBP": "image/webp", "BMP": "image/bmp",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that was checked: its media type, or why it is not taken (``refusal``)."""

    mime: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The file chosen for one graphic name, or why none was (``note``; empty when there is simply none)."""

    file: FoundFile | None = None
    note: str = ""


class GraphicFinder:
    """Looks up graphic names among the walked files."""

    def __init__(self, files: Iterable[FoundFile], *, article_folders: Iterable[str]) -> None:
        self._by_stem: dict[str, list[FoundFile]] = {}
        self._article_folders = frozenset(article_folders)
        for file in files:
            base = file.name.rpartition("/")[2].casefold()
            stem, ending = _split(base)
            if ending and not file.trouble:
                self._by_stem.setdefault(stem, []).append(file)
                self._by_stem.setdefault(base, []).append(file)

    def find(self, name: str, article: FoundFile) -> Choice:
        """The file that ``article`` means by the graphic ``name``."""
        for key in _keys(name):
            near = [file for file in self._by_stem.get(key, ()) if self._beside(file, article)]
            if not near:
                continue
            best = min(_rank(file, article) for file in near)
            chosen = [file for file in near if _rank(file, article) == best]
            folders = {file.folder for file in chosen}
            if len(folders) > 1:
                return Choice(note=f"The graphic {name!r} is in {len(folders)} folders; none was taken.")
            return Choice(file=min(chosen, key=_preference))
        return Choice()

    def _beside(self, file: FoundFile, article: FoundFile) -> bool:
        """Whether the nearest folder above the picture that holds articles is this article's."""
        folder = file.folder
        while folder and folder not in self._article_folders:
            folder = folder.rpartition("/")[0]
        return folder == article.folder


def check_picture(data: bytes) -> Picture:
    """Whether ``data`` is a whole picture of a common kind. What it says of itself beyond is not read."""
    if len(data) > MAXIMUM_BYTES:
        return Picture(refusal=f"it has {len(data):,} bytes")
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(BytesIO(data), formats=tuple(_MIME)) as image:
                kind = image.format or ""
                if image.width * image.height > MAXIMUM_PIXELS:
                    return Picture(refusal=f"it has {image.width} x {image.height} pixels")
                image.load()
    except Warning as exc:
        return Picture(refusal=f"it is no sound picture ({type(exc).__name__})")
    except Exception as exc:  # noqa: BLE001 - a decoder may raise anything on hostile bytes
        return Picture(refusal=f"it is no sound picture ({type(exc).__name__})")
    return (
        Picture(mime=_MIME[kind]) if kind in _MIME else Picture(refusal="it is no picture of a common kind")
    )


def shared_by_strangers(claims: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Names of files that articles of different groups claim; ``claims`` gives the groups by file."""
    return frozenset(name for name, groups in claims.items() if len(set(groups)) > 1)


def _split(base: str) -> tuple[str, str]:
    for ending in _ENDINGS:
        if base.endswith(ending) and len(base) > len(ending):
            return base[: -len(ending)], ending
    return base, ""


def _keys(name: str) -> tuple[str, ...]:
    """What to look up for a printed name, most exact first ("info:doi/10.1371/journal.pone.1.g001")."""
    base = re.split(r"[/\\]", name.strip().split("?")[0])[-1].casefold()
    stem, _ = _split(base)
    keys = [base, stem]
    for key in (base, stem):
        if key.startswith("journal."):
            keys.append(key.removeprefix("journal."))
        elif re.match(r"p[a-z]{3}\.\d", key):
            keys.append(f"journal.{key}")
    return tuple(dict.fromkeys(key for key in keys if key))


def _rank(file: FoundFile, article: FoundFile) -> tuple[int, int]:
    """Nearness: the article's own folder, then one named after the article, then by depth."""
    if file.folder == article.folder:
        return 0, 0
    stem = article.name.rpartition("/")[2].rpartition(".")[0].casefold()
    named = stem and stem in file.folder[len(article.folder) :].casefold().split("/")
    return (1 if named else 2), file.folder.count("/")


def _preference(file: FoundFile) -> tuple[int, str]:
    """Of one picture in several formats: the lossless one that every viewer shows, first."""
    ending = _split(file.name.casefold())[1]
    return _ENDINGS.index(ending), file.name
