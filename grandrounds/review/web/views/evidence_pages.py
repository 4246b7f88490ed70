"""Pages of PDF sources as pictures, with what was found on them outlined.

A source's file is found by the hash of its bytes alone: a path in a table is a word, and opens nothing.
Pages are drawn in a process of their own, which a bad file may kill.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock

from grandrounds.errors import GrandRoundsError
from grandrounds.records.figure import FigureRow
from grandrounds.sources.page_drawing import PageDrawer

DPI = 132
_KEPT_BYTES = 48 << 20
_LOOK_AGAIN = 30.0
_HASH_BYTES = 1 << 20
_MOST_FILES = 500_000

_FIGURE, _CAPTION, _MENTION, _PANEL = (0, 114, 178), (213, 94, 0), (0, 158, 115), (0, 114, 178)


class SourceFiles:
    """The files below a folder, by the hash of their bytes. Links are not followed."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = Lock()
        self._looked = float("-inf")
        self._by_size: dict[int, list[str]] = {}
        self._hashes: dict[tuple[str, int, int], str] = {}

    def find(self, sha256: str, *, size: int) -> Path | None:
        """A file of ``size`` bytes that hash to ``sha256``, or ``None``."""
        if self._folder is None or not sha256:
            return None
        with self._lock:
            found = self._among(sha256, size)
            if found is None and time.monotonic() - self._looked > _LOOK_AGAIN:
                self._look()
                found = self._among(sha256, size)
            return found

    def _among(self, sha256: str, size: int) -> Path | None:
        for name in self._by_size.get(size, ()):
            try:
                state = os.stat(name, follow_symlinks=False)
                key = (name, state.st_size, state.st_mtime_ns)
                if key not in self._hashes:
                    self._hashes[key] = _hash(name)
                if self._hashes[key] == sha256:
                    return Path(name)
            except OSError:
                continue
        return None

    def _look(self) -> None:
        found: defaultdict[int, list[str]] = defaultdict(list)
        count = 0
        for folder, _, names in os.walk(self._folder or "", followlinks=False):
            for name in sorted(names):
                path = os.path.join(folder, name)
                try:
                    state = os.stat(path, follow_symlinks=False)
                except OSError:
                    continue
                if os.path.isfile(path) and not os.path.islink(path):
                    found[state.st_size].append(path)
                    count += 1
            if count > _MOST_FILES:
                break
        self._by_size = dict(found)
        self._looked = time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A box to be drawn on a page, in points."""

    box: tuple[float, float, float, float]
    colour: tuple[int, int, int]
    width: int


class Pages:
    """Draws pages of sources; the last ones are kept. Safe to use from threads."""

    def __init__(self, files: SourceFiles) -> None:
        self._files = files
        self._drawer = PageDrawer()
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, int], tuple[bytes, float]] = OrderedDict()

    def there(self, sha256: str, *, size: int) -> bool:
        """Whether the source's file is there."""
        return self._files.find(sha256, size=size) is not None

    def picture(self, sha256: str, *, size: int, page: int, outlines: Sequence[Outline]) -> bytes | None:
        """The page as PNG; ``None`` where the file isn't there. Raises ``GrandRoundsError`` where it can't
        be drawn."""
        path = self._files.find(sha256, size=size)
        if path is None:
            return None
        with self._lock:
            known = self._kept.get((sha256, page))
        if known is None:
            known = self._drawer.draw(path, page=page, dpi=DPI)
            with self._lock:
                self._kept[sha256, page] = known
                while sum(len(one[0]) for one in self._kept.values()) > _KEPT_BYTES:
                    self._kept.popitem(last=False)
        return _outlined(known[0], outlines, scale=known[1])

    def close(self) -> None:
        """End the process that draws."""
        self._drawer.close()


def outlines_on(figure: FigureRow, page: int) -> list[Outline]:
    """What was found of a figure on a page: itself, its panels, its caption, where it is mentioned."""
    made = []
    if figure.page == page:
        made += _outline(figure.box, _FIGURE, 4)
        for panel in figure.panels:
            made += _outline(panel.box, _PANEL, 2)
    if figure.caption_page == page:
        made += _outline(figure.caption_box, _CAPTION, 3)
    for mention in figure.mentions:
        if mention.page == page:
            made += _outline(mention.box, _MENTION, 2)
    return made


def _outline(box: Sequence[float], colour: tuple[int, int, int], width: int) -> list[Outline]:
    if len(box) != 4 or not (box[0] < box[2] and box[1] < box[3]):
        return []
    return [Outline(box=(box[0], box[1], box[2], box[3]), colour=colour, width=width)]


def _outlined(png: bytes, outlines: Sequence[Outline], *, scale: float) -> bytes:
    from PIL import Image, ImageDraw

    with Image.open(BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    pen = ImageDraw.Draw(picture, "RGBA")
    for outline in outlines:
        gap = outline.width + 2
        place = [round(side * scale) for side in outline.box]
        around = [place[0] - gap, place[1] - gap, place[2] + gap, place[3] + gap]
        pen.rectangle(
            around, outline=(*outline.colour, 255), width=outline.width, fill=(*outline.colour, 14)
        )
    made = BytesIO()
    picture.save(made, "PNG", compress_level=3)
    return made.getvalue()


def _hash(name: str) -> str:
    digest = hashlib.sha256()
    with open(name, "rb") as handle:
        while piece := handle.read(_HASH_BYTES):
            digest.update(piece)
    return digest.hexdigest()


__all__ = ["DPI", "GrandRoundsError", "Outline", "Pages", "SourceFiles", "outlines_on"]
