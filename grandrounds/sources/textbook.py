"""Reads PDF books and articles: figures, captions, panels, mentions, and where in the document each stands.

``read_pdf`` and ``cut`` are the only doors to PDF files; this module and its neighbours
``textbook_blocks.py``, ``textbook_file.py``, ``textbook_page.py``, ``textbook_picture.py`` and
``textbook_scan.py`` alone know PyMuPDF (AGPL-3.0), so that another library could be put behind them.
What the layout means is found in ``grandrounds.textbooks``, on plain values.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from grandrounds.errors import SourceError
from grandrounds.records.figure import NONE
from grandrounds.sources.languages import clean_tag, guess
from grandrounds.sources.textbook_file import (
    PdfLimits,
    empty_store,
    licence_links,
    metadata_of,
    notes_of,
    opened,
    outline_of,
    tidy_store,
)
from grandrounds.sources.textbook_page import Interpreted, interpret, page_of
from grandrounds.sources.textbook_picture import Cut, cut_picture
from grandrounds.sources.textbook_scan import INSTALL, find_ocr, is_scan, read_scan
from grandrounds.textbooks import boxes, facts
from grandrounds.textbooks.atoms import repeated_art
from grandrounds.textbooks.found import find_figures
from grandrounds.textbooks.gutters import panels_in
from grandrounds.textbooks.headings import Sections, from_typography
from grandrounds.textbooks.labels import head_of
from grandrounds.textbooks.layout import Block, blocks_of
from grandrounds.textbooks.mending import Words
from grandrounds.textbooks.pages import Page
from grandrounds.textbooks.rows import Row, finished, row_panels, rows_of
from grandrounds.textbooks.typography import Look, look_of, running_lines
from grandrounds.textbooks.values import Box, ReadBook, ReadFigure, ReadPanel

__all__ = ["Cut", "PdfLimits", "cut", "read_pdf"]

Taker = Callable[[ReadFigure, Any], ReadFigure]
"""Takes a figure with its picture, and the picture's pixels (rows by columns, or by 3 for colours) where
they were at hand, else ``None``; gives what is kept of the figure."""

_DEFAULT = PdfLimits()
_MAYBE_LABEL = re.compile(r"\d|[IVX]")
_BOOK_PAGES = 40
_THUMB = 800
_SAMPLE = 3_000
_MOST_NOTES = 40
_TIDY_EVERY = 32
_FULL_PAGE = 400
_WHOLE = 0.999
_KEPT_PAGES = 32
"""So many interpreted pages are kept until their pictures are cut; articles are then interpreted once."""


def read_pdf(
    path: Path,
    *,
    limits: PdfLimits = _DEFAULT,
    ocr: bool = True,
    take: Taker | None = None,
) -> ReadBook:
    """The book, chapter or article in the PDF at ``path``, with all its figures and their pictures.

    ``ocr``: read pages without text by Tesseract where it is installed. ``take`` is called with each figure
    as its picture is cut, and gives what is kept of it: so a long book's pictures need not be in memory all
    at once. Raises ``SourceError`` for a file that can't be opened, is locked, may not be copied from, has
    no pages or more than ``limits`` allow. A page that can't be read is told in the notes.
    """
    with opened(Path(path), limits) as document:
        reader = _Reader(document=document, limits=limits, name=Path(path).name, take=take)
        reader.read_pages(ocr=ocr)
        return reader.book()


def cut(path: Path, *, page: int, box: Sequence[float], limits: PdfLimits = _DEFAULT) -> Cut:
    """The picture at ``box`` (points, as seen) of ``page`` (from 1): the same bytes that ``read_pdf`` gave.

    Raises ``SourceError`` for what can't be opened or cut.
    """
    with opened(Path(path), limits) as document:
        if not 1 <= page <= document.page_count or len(box) != 4:
            raise SourceError(
                f"{Path(path).name} has no page {page} with a box {tuple(box)}.",
                remedy="Take page and box from the figures table.",
            )
        interpreted = interpret(document, page, largest_side=limits.largest_side)
        made = cut_picture(interpreted, (box[0], box[1], box[2], box[3]), most_pixels=limits.pixels)
    if isinstance(made, str):
        raise SourceError(f"{Path(path).name}, page {page}: {made}", remedy="Raise the limit of pixels.")
    return made


@dataclass(slots=True, kw_only=True)
class _Reader:
    """One document at work."""

    document: Any
    limits: PdfLimits
    name: str
    take: Taker | None = None
    pages: dict[int, Page] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    without_text: int = 0
    look: Look = field(default_factory=Look)
    running: dict[int, set[int]] = field(default_factory=dict)
    _blocks: dict[int, list[Block]] = field(default_factory=dict)
    _kept: dict[int, Interpreted] = field(default_factory=dict)
    _decoded: set[str] = field(default_factory=set)

    def read_pages(self, *, ocr: bool) -> None:
        """Take every page's text and art; scanned ones through OCR."""
        self.notes += notes_of(self.document)
        tesseract = find_ocr() if ocr else None
        language = clean_tag(metadata_of(self.document)["language"]) or "en"
        missing = 0
        usual: tuple[float, float] | None = None
        for number in range(1, self.document.page_count + 1):
            try:
                interpreted = interpret(self.document, number, largest_side=self.limits.largest_side)
                page = page_of(interpreted, most_shapes=self.limits.shapes)
            except SourceError as error:
                self.notes.append(str(error))
                continue
            if page.cut_shapes:
                self.notes.append(
                    f"Page {number} has more than {self.limits.shapes:,} shapes; the rest was left out."
                )
            scan = is_scan(page, usual)
            if usual is None and sum(len(line.text) for line in page.lines) > _FULL_PAGE:
                usual = (page.width, page.height)
            if scan is not None:
                page.scan = scan
                self.without_text += 1
                missing += tesseract is None or not tesseract.there
                if self._safe_to_draw(page):
                    trouble = read_scan(page, interpreted, tesseract or find_none(), language)
                    self.notes += [trouble] if trouble else []
            self.pages[number] = page
            if (page.images or page.shapes) and len(self._kept) < _KEPT_PAGES:
                self._kept[number] = interpreted
            del interpreted
            if number % _TIDY_EVERY == 0:
                tidy_store()
        if not self.pages:
            raise SourceError(f"No page of {self.name} can be read.", remedy="Print it to a new PDF.")
        if missing:
            how = f"install OCR ({INSTALL})" if ocr else "switch OCR on"
            self.notes.append(f"{missing} scanned pages have no text; {how} to read them.")

    def _safe_to_draw(self, page: Page) -> bool:
        return all(image.width * image.height <= self.limits.pixels for image in page.images)

    def blocks_on(self, number: int) -> list[Block]:
        """The blocks of a page, laid out once."""
        if number not in self._blocks:
            page = self.pages.get(number)
            self._blocks[number] = (
                blocks_of(page, look=self.look, running=self.running.get(number, ())) if page else []
            )
        return self._blocks[number]

    def book(self) -> ReadBook:
        """Everything found, made one value."""
        pages = list(self.pages.values())
        self.look, self.running = look_of(pages), running_lines(pages)
        wanted = [page.number for page in pages if page.images or page.shapes or _has_label(page)]
        found = find_figures(
            pages, blocks_on=self.blocks_on, repeated=repeated_art(pages), wanted=wanted, look=self.look
        )
        outline = outline_of(self.document, self.limits, self.notes)
        headings = outline if len(outline) >= 2 else from_typography(pages, self.look, self.running)
        words = Words(lambda: (line.text for page in pages for line in page.lines))
        rows = rows_of(
            found.figures,
            pages=self.pages,
            blocks_on=self.blocks_on,
            sections=Sections(headings, self.blocks_on),
            words=words,
            is_book=self.document.page_count >= _BOOK_PAGES,
        )
        figures = self._with_pictures(rows)
        metadata = metadata_of(self.document)
        first = "\n".join(line.text for page in pages[:3] for line in page.lines)
        sample = "\n".join(line.text for page in pages[:: max(1, len(pages) // 12)] for line in page.lines)[
            :_SAMPLE
        ]
        return ReadBook(
            title=facts.title_of(metadata.get("title", ""), pages),
            authors=facts.authors_of(metadata.get("author", "")),
            identifiers=facts.identifiers_of(
                (metadata.get("subject", ""), metadata.get("xmp", ""), metadata.get("keywords", "")), first
            ),
            language=guess(sample) or clean_tag(metadata["language"]) or "",
            published=facts.published_on(first),
            licence_words=facts.licence_words(pages),
            licence_links=licence_links(self.document),
            pages=self.document.page_count,
            pages_without_text=self.without_text,
            tables=found.tables,
            decoration=found.decoration,
            running=sum(map(len, self.running.values())),
            figures=tuple(figures),
            notes=tuple(self.notes[:_MOST_NOTES]),
        )

    def _with_pictures(self, rows: Sequence[Row]) -> list[ReadFigure]:
        """Cut the pictures, page by page, so that each page is interpreted once more at most."""
        made: dict[int, ReadFigure] = {}
        order = sorted(range(len(rows)), key=lambda one: (rows[one].found.page or 0, one))
        interpreted: Interpreted | None = None
        count = size = 0
        for place in order:
            row = rows[place]
            if row.found.page is None:
                made[place] = finished(row, row_panels(row, self.blocks_on, _no_split), pages=self.pages)
                continue
            if count >= self.limits.pictures or size >= self.limits.picture_bytes:
                made[place] = finished(
                    row, (), pages=self.pages, trouble="The book has more pictures than are cut."
                )
                continue
            if interpreted is None or interpreted.number != row.found.page:
                interpreted = self._kept.pop(row.found.page, None) or interpret(
                    self.document, row.found.page, largest_side=self.limits.largest_side
                )
                if count % 4 == 3:
                    tidy_store()
            figure, pixels = self._with_picture(row, interpreted)
            count, size = count + 1, size + len(figure.picture)
            made[place] = self.take(figure, pixels) if self.take and figure.picture else figure
        return [made[place] for place in range(len(rows))]

    def _with_picture(self, row: Row, interpreted: Interpreted) -> tuple[ReadFigure, Any]:
        box = boxes.rounded(row.found.box)
        self._forget(self.pages[interpreted.number], box)
        try:
            made: Cut | str = cut_picture(interpreted, box, most_pixels=self.limits.pixels)
        except Exception as error:  # noqa: BLE001  (MuPDF's own exceptions share no base)
            made = f"The picture can't be decoded ({type(error).__name__})."
        if isinstance(made, str):
            panels = row_panels(row, self.blocks_on, _no_split)
            return finished(row, panels, pages=self.pages, trouble=made), None
        panels = row_panels(row, self.blocks_on, _splitter(made, box))
        figure = finished(row, tuple(_with_pixels(panel, box, made) for panel in panels), pages=self.pages)
        whole = replace(
            figure,
            picture=made.picture,
            mime=made.mime,
            width=made.width,
            height=made.height,
            dpi=made.dpi,
            origin=made.origin if made.picture else NONE,
        )
        return whole, made.decoded

    def _forget(self, page: Page, box: Box) -> None:
        """See that a picture comes out as ``cut`` makes it, which has decoded nothing before.

        Of a picture that a box shows in part, MuPDF decodes that part alone where it has not the whole.
        """
        inside = [image for image in page.images if boxes.shared(image.box, box) > 0]
        around = boxes.grown(box, 1.0)
        partly = {
            image.digest
            for image in inside
            if not image.whole or boxes.share_inside(image.box, around) < _WHOLE
        }
        if page.scan is not None or partly & self._decoded:
            empty_store()
            self._decoded.clear()
        self._decoded |= {image.digest for image in inside}


def find_none() -> Any:
    """No OCR at all."""
    from grandrounds.sources.textbook_scan import Ocr

    return Ocr()


def _has_label(page: Page) -> bool:
    return any(_MAYBE_LABEL.search(line.text[:40]) and head_of(line.text) for line in page.lines)


def _no_split(_count: int) -> Sequence[Box]:
    return ()


def _splitter(made: Cut, box: Box) -> Callable[[int], Sequence[Box]]:
    """Looks for panels in the cut pixels, and tells them in points of the page."""

    def split(count: int) -> Sequence[Box]:
        try:
            values = _small(made)
        except (OSError, ValueError):
            return ()
        x, y = boxes.width(box) / values.shape[1], boxes.height(box) / values.shape[0]
        return [
            (box[0] + cell[0] * x, box[1] + cell[1] * y, box[0] + cell[2] * x, box[1] + cell[3] * y)
            for cell in panels_in(values, count)
        ]

    return split


def _small(made: Cut) -> Any:
    """The grey values of a picture, made smaller where it is large."""
    if made.decoded is not None:
        grey = Pillow.fromarray(made.decoded).convert("L")
    else:
        with Pillow.open(io.BytesIO(made.picture)) as picture:
            picture.draft("L", (_THUMB, _THUMB))
            grey = picture.convert("L")
    grey.thumbnail((_THUMB, _THUMB), Pillow.Resampling.BOX)
    return np.asarray(grey)


def _with_pixels(panel: ReadPanel, box: Box, made: Cut) -> ReadPanel:
    """The panel with its box in pixels of the picture."""
    if not panel.box:
        return panel
    x, y = made.width / max(boxes.width(box), 0.01), made.height / max(boxes.height(box), 0.01)
    x0, y0, x1, y1 = panel.box
    pixels = (
        max(0, round((x0 - box[0]) * x)),
        max(0, round((y0 - box[1]) * y)),
        min(made.width, round((x1 - box[0]) * x)),
        min(made.height, round((y1 - box[1]) * y)),
    )
    if pixels[2] <= pixels[0] or pixels[3] <= pixels[1]:
        return replace(panel, box=(), pixels=(), confidence=0.0)
    return replace(panel, pixels=pixels)
