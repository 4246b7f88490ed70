"""Opening PDF files within limits. This module and its neighbours ``textbook*.py`` alone know PyMuPDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymupdf as _pymupdf
from pymupdf import mupdf

from grandrounds.errors import SourceError
from grandrounds.textbooks.headings import Heading
from grandrounds.textbooks.mending import clean

pymupdf: Any = _pymupdf  # its types are there only in part

_JAVASCRIPT_PLACES = ("Names/JavaScript", "OpenAction/JS", "AA")
_DEEPEST_OUTLINE = 8
_LINK_PAGES = 4
_INNER = re.compile("#|file:")
_KEPT_PERCENT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfLimits:
    """What a PDF may ask for: more is a ``SourceError`` or a note, never a wait without end.

    ``pages``; ``largest_side`` of a page in points; ``pixels`` of one picture; ``shapes`` drawn on one page
    that are looked at; ``outline`` entries read; ``pictures`` cut in all, and their ``picture_bytes``.
    """

    pages: int = 5000
    largest_side: float = 14_400.0
    pixels: int = 50_000_000
    shapes: int = 30_000
    outline: int = 10_000
    pictures: int = 20_000
    picture_bytes: int = 1 << 30


@contextmanager
def opened(path: Path, limits: PdfLimits) -> Iterator[Any]:
    """The open document. Raises ``SourceError`` where it can't be opened, is locked or too long."""
    document = _open(path)
    try:
        _check(document, path, limits)
        yield document
    finally:
        document.close()
        empty_store()


def tidy_store() -> None:
    """Keep MuPDF's cache of fonts and decoded pictures small while a long book is read."""
    pymupdf.TOOLS.store_shrink(_KEPT_PERCENT)


def empty_store() -> None:
    """Forget every decoded picture: MuPDF draws from what it has, so pixels tell what was read before."""
    pymupdf.TOOLS.store_shrink(100)


def notes_of(document: Any) -> list[str]:
    """What is odd about the file and does no harm."""
    notes = []
    if document.is_repaired:
        notes.append("The file is damaged and was repaired while reading; something may be missing.")
    if _has_javascript(document):
        notes.append("The file holds JavaScript; it was ignored.")
    if document.embfile_count():
        notes.append(f"The file holds {document.embfile_count()} attached files; they were ignored.")
    return notes


def outline_of(document: Any, limits: PdfLimits, notes: list[str]) -> list[Heading]:
    """The outline's titles with page and place; what is too long or turns in circles is cut off."""
    found: list[Heading] = []
    try:
        root = mupdf.fz_load_outline(document.this)
    except Exception:  # noqa: BLE001  (MuPDF's own exceptions share no base)
        notes.append("The outline can't be read; it turns in circles or is damaged.")
        return []
    stack = [(root, 1)]
    while stack and len(found) < limits.outline:
        item, level = stack.pop()
        if not item.m_internal:
            continue
        stack.append((item.next(), level))
        if level < _DEEPEST_OUTLINE:
            stack.append((item.down(), level + 1))
        title = clean(item.title() or "")
        page = item.m_internal.page.page
        if title and 0 <= page < document.page_count:
            x, y = float(item.m_internal.x), float(item.m_internal.y)
            known = 0 < y < 20_000  # an entry without a place is told as 0, or as no number
            found.append(
                Heading(
                    level=level,
                    title=title[:200],
                    page=page + 1,
                    y=y if known else None,
                    x=x if known and 0 < x < 20_000 else None,
                )
            )
    if stack and len(found) >= limits.outline:
        notes.append(f"The outline has more than {limits.outline:,} entries; the rest was left out.")
    return found


def metadata_of(document: Any) -> dict[str, str]:
    """The file's own words on itself: title, author, subject, keywords, and its XMP packet."""
    said = {name: str(value or "") for name, value in (document.metadata or {}).items()}
    try:
        xmp = str(document.get_xml_metadata() or "")[:200_000]
    except Exception:  # noqa: BLE001
        xmp = ""
    try:
        _, language = document.xref_get_key(document.pdf_catalog(), "Lang")
    except Exception:  # noqa: BLE001
        language = ""
    return {**said, "xmp": xmp, "language": language if language != "null" else ""}


def licence_links(document: Any) -> tuple[str, ...]:
    """Links to licences on the first and last pages."""
    count = document.page_count
    numbers = sorted({*range(min(_LINK_PAGES, count)), *range(max(0, count - _LINK_PAGES), count)})
    found: dict[str, None] = {}
    for number in numbers:
        try:
            link = mupdf.fz_load_links(document.load_page(number).this)
            while link.m_internal:
                uri = str(link.uri() or "")[:500]
                folded = uri.casefold()
                if ("creativecommons.org" in folded or "/licen" in folded) and not _INNER.match(folded):
                    found.setdefault(uri, None)
                link = link.next()
        except Exception:  # noqa: BLE001, S112  (links say nothing that a broken page must fail for)
            continue
    return tuple(found)[:20]


def _open(path: Path) -> Any:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(2048)
    except OSError as error:
        raise SourceError(
            f"{path.name} can't be opened: {error.strerror}.", remedy="Check its permissions."
        ) from error
    if not size:
        raise SourceError(f"{path.name} is empty.", remedy="Copy it again from where it came from.")
    if b"%PDF" not in head:
        raise SourceError(
            f"{path.name} is no PDF, whatever its name says.", remedy="Give it its right ending."
        )
    try:
        return pymupdf.open(str(path), filetype="pdf")
    except Exception as error:
        raise SourceError(
            f"{path.name} can't be opened as PDF: it is truncated or damaged ({type(error).__name__}).",
            remedy="Get a whole copy, or print it to a new PDF.",
        ) from error


def _check(document: Any, path: Path, limits: PdfLimits) -> None:
    if document.needs_pass:
        raise SourceError(
            f"{path.name} is encrypted and needs a password.",
            remedy="Save a copy without a password beside it.",
        )
    if not document.permissions & pymupdf.PDF_PERM_COPY:
        raise SourceError(
            f"{path.name} is encrypted, and its owner has not given the right to copy.",
            remedy="Ask the owner for a copy that may be copied from; a benchmark is made of copies.",
        )
    try:
        pages = document.page_count
        if pages:
            document.load_page(0)
    except Exception as error:
        raise SourceError(
            f"The pages of {path.name} can't be counted: the page tree is broken ({type(error).__name__}).",
            remedy="Get a whole copy, or print it to a new PDF.",
        ) from error
    if pages == 0:
        raise SourceError(f"{path.name} has no pages.", remedy="Get a whole copy.")
    if pages > limits.pages:
        raise SourceError(
            f"{path.name} has {pages:,} pages, more than {limits.pages:,}.",
            remedy="Split it, or raise evidence.figure.maximum_pages in the recipe.",
        )


def _has_javascript(document: Any) -> bool:
    try:
        catalog = document.pdf_catalog()
        return any(document.xref_get_key(catalog, place)[0] != "null" for place in _JAVASCRIPT_PLACES)
    except Exception:  # noqa: BLE001
        return False
