"""EPUB 2 and 3: the container names the package, the package the documents in reading order.

Written from the specifications of EPUB 3.3 and OPF 2.0. A book whose documents are encrypted (DRM) is
refused; fonts that are merely obfuscated are no hindrance.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from grandrounds.errors import SourceError
from grandrounds.records.parts import Identifier
from grandrounds.sources import languages
from grandrounds.sources.dates import parse_iso
from grandrounds.sources.formulas import local_name
from grandrounds.sources.graphics import MAXIMUM_BYTES as MAXIMUM_PICTURE
from grandrounds.sources.identity import clean_doi
from grandrounds.sources.xml_safety import parse
from grandrounds.textbooks.archive import Archive
from grandrounds.textbooks.html_elements import words_of
from grandrounds.textbooks.html_head import MAXIMUM_BYTES as MAXIMUM_DOCUMENT
from grandrounds.textbooks.html_head import parse_document
from grandrounds.textbooks.markup import Gathered, figures_of, with_status
from grandrounds.textbooks.values import ReadBook, ReadFigure
from grandrounds.textbooks.xhtml import ChapterWalk, drop_ornaments

MOST_DOCUMENTS = 5_000

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_OBFUSCATION = frozenset(
    {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}  # fonts only
)
_MARKUP = frozenset({"application/xhtml+xml", "text/html", "application/html+xml", "text/x-oeb1-document"})
_ISBN = re.compile(r"(?:97[89][\s-]?)?(?:\d[\s-]?){9}[\dXx]")
_REMEDY = "Get the book again from its publisher."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """An entry of the manifest: its name in the archive, its type, its properties."""

    name: str
    type: str
    properties: frozenset[str]


class Epub:
    """An open book: ``book`` is what it says, without the bytes of pictures; ``picture`` gives those."""

    def __init__(self, path: Path) -> None:
        self._archive = Archive(path)
        try:
            self.book = _read(self._archive)
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> Epub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def picture(self, figure: ReadFigure) -> tuple[bytes, str]:
        """The bytes of a figure's picture, or none and why."""
        if figure.picture:
            return figure.picture, ""
        if re.match(r"[a-z][a-z0-9+.-]+:|//", figure.graphic, re.IGNORECASE):
            return b"", f"The picture {figure.graphic[:200]!r} lies outside the book; nothing is fetched."
        name = self._archive.find(figure.graphic)
        if not name:
            return b"", f"The picture {figure.graphic[:200]!r} is not in the book."
        try:
            return self._archive.read(name, most=MAXIMUM_PICTURE), ""
        except SourceError as exc:
            return b"", exc.what


def read_epub(path: Path) -> ReadBook:
    """The whole book with its pictures, as they are in it. Raises ``SourceError``."""
    with Epub(path) as epub:
        figures = []
        for figure in epub.book.figures:
            picture, reason = epub.picture(figure) if figure.graphic else (b"", figure.reason)
            figures.append(
                with_status(replace(figure, picture=picture), has_picture=bool(picture), reason=reason)
            )
        return replace(epub.book, figures=tuple(figures))


def _read(archive: Archive) -> ReadBook:
    _refuse_encrypted(archive)
    package_name = _package_name(archive)
    package = parse(archive.read(package_name, most=MAXIMUM_DOCUMENT)).root
    items = dict(_manifest(package, posixpath.dirname(package_name)))
    said = _metadata(package)
    notes: list[str] = []
    titles = _contents(archive, items, notes)
    gathered = Gathered()
    spine = list(_spine(package, items))
    if not spine:
        raise SourceError("The package names no documents in reading order.", remedy=_REMEDY)
    if len(spine) > MOST_DOCUMENTS:
        raise SourceError(
            f"The book has {len(spine):,} documents, more than the {MOST_DOCUMENTS:,} that are read.",
            remedy="Split it.",
        )
    rights, read = "", 0
    for item in spine:
        name = archive.find(item.name)
        if item.type not in _MARKUP or not name:
            notes.append(f"The document {item.name[:120]} is {'missing' if not name else item.type}.")
            continue
        try:
            root = parse_document(archive.read(name, most=MAXIMUM_DOCUMENT), notes)
        except SourceError as exc:
            if "bomb" in exc.what or "own entities" in exc.what:
                raise
            notes.append(f"The document {item.name[:120]} was left out: {exc.what}")
            continue
        ChapterWalk(gathered, file=item.name).read(root, chapter=titles.get(item.name, ""))
        rights = rights or _rights_page(root)
        read += 1
    if not read:
        raise SourceError(
            f"None of the {len(spine)} documents of the book can be read. {notes[-1] if notes else ''}",
            remedy=_REMEDY,
        )
    drop_ornaments(gathered)
    return replace(
        said,
        language=said.language or languages.guess(gathered.prose) or "",
        licence_words=said.licence_words or rights,
        tables=gathered.tables,
        decoration=gathered.decoration,
        figures=figures_of(gathered),
        notes=tuple(dict.fromkeys(notes + gathered.notes))[:40],
    )


def _refuse_encrypted(archive: Archive) -> None:
    """Refuse a book with DRM. Raises ``SourceError``."""
    remedy = "Get the book without protection from its publisher."
    if archive.find("META-INF/rights.xml") and not archive.find(_ENCRYPTION):
        raise SourceError("The book carries a licence of a DRM system.", remedy=remedy)
    name = archive.find(_ENCRYPTION)
    if not name:
        return
    root = parse(archive.read(name, most=MAXIMUM_DOCUMENT)).root
    for data in root.iter():
        if local_name(data) != "EncryptedData":
            continue
        method = next((e.get("Algorithm") for e in data if local_name(e) == "EncryptionMethod"), "")
        if method not in _OBFUSCATION:
            what = next((e.get("URI") for e in data.iter() if local_name(e) == "CipherReference"), "")
            raise SourceError(
                f"The book is encrypted (DRM): {what or 'its documents'} can't be read.", remedy=remedy
            )


def _package_name(archive: Archive) -> str:
    name = archive.find(_CONTAINER)
    if not name:
        raise SourceError(f"The archive has no {_CONTAINER}: it is no EPUB.", remedy=_REMEDY)
    root = parse(archive.read(name, most=MAXIMUM_DOCUMENT)).root
    for element in root.iter():
        if local_name(element) == "rootfile" and element.get("full-path"):
            package = archive.find(_inside(element.get("full-path")))
            if package:
                return package
    raise SourceError("The container names no package that is in the archive.", remedy=_REMEDY)


def _manifest(package: Any, folder: str) -> Iterator[tuple[str, _Item]]:
    for element in package.iter():
        if local_name(element) == "item" and element.get("id") and element.get("href"):
            yield (
                element.get("id"),
                _Item(
                    name=_inside(posixpath.join(folder, unquote(element.get("href")))),
                    type=(element.get("media-type") or "").casefold(),
                    properties=frozenset((element.get("properties") or "").split()),
                ),
            )


def _spine(package: Any, items: dict[str, _Item]) -> Iterator[_Item]:
    seen = set()
    for element in package.iter():
        if local_name(element) == "itemref" and element.get("idref") in items:
            item = items[element.get("idref")]
            if item.name not in seen:
                seen.add(item.name)
                yield item


def _metadata(package: Any) -> ReadBook:
    metadata = next((e for e in package if local_name(e) == "metadata"), None)
    told: dict[str, list[str]] = {}
    links: list[str] = []
    for element in metadata.iter() if metadata is not None else ():
        name, text = local_name(element), " ".join("".join(element.itertext()).split())
        if name == "meta":
            name = (element.get("property") or element.get("name") or "").rpartition(":")[2]
            text = text or element.get("content") or ""
        if name == "link" and "license" in (element.get("rel") or ""):
            links.append((element.get("href") or "").strip())
        elif text:
            told.setdefault(name, []).append(text)
    words = told.get("rights", []) + told.get("license", [])
    links += [w for w in words if re.match(r"https?://\S+$", w)]
    return ReadBook(
        title=(told.get("title") or [""])[0],
        authors=tuple(dict.fromkeys(told.get("creator", []))),
        identifiers=tuple(dict.fromkeys(_identifiers(told.get("identifier", []) + told.get("source", [])))),
        language=languages.clean_tag((told.get("language") or [""])[0]) or "",
        published=next((day for d in told.get("date", []) if (day := parse_iso(d))), None),
        licence_words=" ".join(dict.fromkeys(words)),
        licence_links=tuple(links),
    )


def _identifiers(values: list[str]) -> Iterator[Identifier]:
    for value in values:
        doi = clean_doi(value)
        isbn = _ISBN.search(value)
        if doi:
            yield Identifier(scheme="doi", value=doi)
        elif isbn and ("isbn" in value.casefold() or isbn.group() == value.strip()):
            yield Identifier(scheme="isbn", value=re.sub(r"[\s-]", "", isbn.group()).upper())


def _contents(archive: Archive, items: dict[str, _Item], notes: list[str]) -> dict[str, str]:
    """Titles of documents as the book's contents give them."""
    found: dict[str, str] = {}
    for item in items.values():
        is_nav, is_ncx = "nav" in item.properties, item.type == "application/x-dtbncx+xml"
        name = archive.find(item.name)
        if not name or not (is_nav or is_ncx):
            continue
        try:
            root = parse_document(archive.read(name, most=MAXIMUM_DOCUMENT), notes)
        except SourceError:
            continue
        folder = posixpath.dirname(item.name)
        for address, title in _entries(root, is_nav=is_nav):
            place = _inside(posixpath.join(folder, unquote(address.partition("#")[0])))
            if title:
                found.setdefault(place, title)
    return found


def _entries(root: Any, *, is_nav: bool) -> Iterator[tuple[str, str]]:
    if is_nav:
        for nav in (e for e in root.iter() if local_name(e) == "nav"):
            if (nav.get(_EPUB_TYPE) or "toc") == "toc":
                for link in nav.iter():
                    if local_name(link) == "a" and link.get("href"):
                        yield link.get("href"), words_of(link)
        return
    for point in (e for e in root.iter() if local_name(e) == "navPoint"):
        content = next((e for e in point if local_name(e) == "content"), None)
        label = next((e for e in point if local_name(e) == "navLabel"), None)
        if content is not None and content.get("src") and label is not None:
            yield content.get("src"), words_of(label)


def _rights_page(root: Any) -> str:
    """The words of a page that is marked up as the copyright page."""
    for element in root.iter():
        if "copyright-page" in (element.get(_EPUB_TYPE) or ""):
            return words_of(element)[:4000]
    return ""


def _inside(name: str) -> str:
    """A name in the archive, without ways out of it: it is only ever looked up, never opened as a path."""
    return posixpath.normpath(name).lstrip("/")
