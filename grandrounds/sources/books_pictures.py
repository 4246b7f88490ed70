"""Pictures that books in markup name: looked up among the walked files, never opened by the name itself."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from grandrounds.sources import kinds
from grandrounds.sources.folder import FoundFile
from grandrounds.sources.graphics import GraphicFinder

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:|//", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The file that a picture's name means, or why there is none."""

    file: FoundFile | None = None
    reason: str = ""


class PictureFinder:
    """Looks pictures up: by the path that the markup gives, else by name beside or above the document.

    JATS names pictures without paths or endings: those are looked up as the case-report reader does.
    """

    def __init__(self, files: Iterable[FoundFile], *, article_folders: Iterable[str]) -> None:
        found = [file for file in files if not file.trouble]
        self._by_name = {file.name: file for file in found}
        self._by_fold: dict[str, list[FoundFile]] = defaultdict(list)
        for file in found:
            self._by_fold[file.name.casefold()].append(file)
        self._graphics = GraphicFinder(found, article_folders=article_folders)

    def find(self, graphic: str, document: FoundFile, kind: str) -> Located:
        """The file that ``document`` means by ``graphic``."""
        if kind == kinds.JATS:
            choice = self._graphics.find(graphic, document)
            if choice.file is not None:
                return Located(file=choice.file)
            return Located(
                reason=choice.note or f"The picture {_shown(graphic)} is not beside the article."
            )
        if _ADDRESS.match(graphic):
            return Located(
                reason=f"The picture {_shown(graphic)} lies outside the folder; nothing is fetched."
            )
        bare = unquote(re.split(r"[?#]", graphic, maxsplit=1)[0])
        for name in _candidates(bare, document.folder):
            file = self._by_name.get(name)
            if file is None:
                alike = self._by_fold.get(name.casefold(), [])
                file = alike[0] if len(alike) == 1 else None
            if file is not None:
                return Located(file=file)
        if _leads_out(bare, document.folder):
            return Located(reason=f"The picture {_shown(graphic)} lies outside the folder of sources.")
        return Located(reason=f"The picture {_shown(graphic)} is not in the folder.")


def _candidates(name: str, folder: str) -> Iterator[str]:
    """Where a picture may be: where the markup says; beside; in ``media`` or ``images`` above."""
    given = posixpath.normpath(posixpath.join(folder, name))
    if not given.startswith(("../", "/")) and given != "..":
        yield given
    base = posixpath.basename(name)
    if not base:
        return
    yield posixpath.join(folder, base)
    above = folder
    while True:
        for place in ("media", "images", "figures"):
            yield posixpath.join(above, place, base)
        if not above:
            return
        above = posixpath.dirname(above)


def _leads_out(name: str, folder: str) -> bool:
    return posixpath.normpath(posixpath.join(folder, name)).startswith(("../", "/"))


def _shown(name: str) -> str:
    return repr("".join(char if char.isprintable() else "?" for char in name[-120:]))
