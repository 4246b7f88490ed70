"""Scanned pages: text by OCR, illustrations by their ink. With ``textbook*.py`` alone it knows PyMuPDF.

Tesseract's program is used where it is installed, because it tells how sure it is of each word; else the
Tesseract within PyMuPDF, which needs its language files. Without either the pages stay without text.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf as _pymupdf
from pymupdf import mupdf

from grandrounds.sources.textbook_page import Interpreted, lines_of_text
from grandrounds.textbooks import boxes
from grandrounds.textbooks.grid import blobs
from grandrounds.textbooks.labels import head_of
from grandrounds.textbooks.mending import clean
from grandrounds.textbooks.pages import Image, Line, Page, Shapes
from grandrounds.textbooks.values import Box

pymupdf: Any = _pymupdf  # its types are there only in part

INSTALL = "apt-get install tesseract-ocr"
_DPI = 300
_MOST_PIXELS = 40_000_000
_SECONDS = 120
_LEAST_SURE = 30.0
_LANGUAGES = {
    "en": "eng",
    "de": "deu",
    "fr": "fra",
    "es": "spa",
    "it": "ita",
    "pt": "por",
    "nl": "nld",
    "pl": "pol",
}
_INK_DPI = 100
_INK_CELL = 2
_SMALLEST = 45.0
_OTHER_SIZE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ocr:
    """How text is read from pixels here: Tesseract's program, or PyMuPDF's own with its language files."""

    program: str = ""
    data: str = ""
    languages: frozenset[str] = frozenset()

    @property
    def there(self) -> bool:
        """Whether there is any OCR."""
        return bool(self.data and self.languages)

    def language(self, tag: str) -> str:
        """The name of the best language file for a document in ``tag``."""
        wanted = _LANGUAGES.get(tag[:2], "eng")
        if wanted in self.languages:
            return wanted
        return "eng" if "eng" in self.languages else min(self.languages)


def find_ocr() -> Ocr:
    """Look for Tesseract and its language files (``TESSDATA_PREFIX`` first)."""
    places = [os.environ.get("TESSDATA_PREFIX", "")]
    places += [
        str(one) for one in sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True)
    ]
    places += ["/usr/share/tessdata", "/usr/local/share/tessdata", "/opt/homebrew/share/tessdata"]
    for place in places:
        names = frozenset(one.stem for one in Path(place).glob("*.traineddata")) if place else frozenset()
        if names - {"osd", "equ"}:
            return Ocr(
                program=shutil.which("tesseract") or "", data=place, languages=names - {"osd", "equ"}
            )
    return Ocr()


def is_scan(page: Page, usual: tuple[float, float] | None = None) -> Box | None:
    """The box of the picture that fills a page with hardly any text, or ``None``.

    ``usual`` is the size of the document's pages with text, where it has some: a page of another size that
    a picture fills was made for the picture, and so was one that bears a figure's label.
    """
    letters = sum(len(line.text) for line in page.lines)
    if not page.images or letters > 40 or any(head_of(line.text) for line in page.lines):
        return None
    if usual and max(abs(page.width - usual[0]), abs(page.height - usual[1])) > _OTHER_SIZE:
        return None
    largest = max(page.images, key=lambda one: boxes.area(one.box))
    covered = boxes.area(boxes.clip(largest.box, page.box)) / (boxes.area(page.box) or 1.0)
    return largest.box if covered >= 0.6 else None


def read_scan(page: Page, interpreted: Interpreted, ocr: Ocr, language: str) -> str:
    """Put OCR's lines and the illustrations into ``page``. Answers why it could not, or nothing."""
    trouble = ""
    if ocr.there:
        try:
            lines, sure = _read(interpreted, ocr, ocr.language(language))
            page.lines = lines
            page.by_ocr, page.ocr_confidence = True, sure
        except (RuntimeError, OSError, subprocess.SubprocessError, ValueError) as error:
            trouble = f"Page {page.number} could not be read by OCR ({type(error).__name__})."
    page.images = [
        Image(box, round(boxes.width(box)), round(boxes.height(box)), f"scan {page.number} {box}", 0)
        for box in illustrations(interpreted, page.lines)
    ]
    page.shapes = Shapes.of(())
    return trouble


def illustrations(interpreted: Interpreted, lines: Sequence[Line]) -> list[Box]:
    """Boxes of pictures printed on a scanned page: connected ink far taller and wider than letters are."""
    scale = _INK_DPI / 72
    pixmap = _grey(interpreted, scale)
    grey = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)[:, : pixmap.width]
    paper = float(np.percentile(grey, 80))
    ink = grey < max(40.0, paper - 45)
    rows, columns = ink.shape[0] // _INK_CELL, ink.shape[1] // _INK_CELL
    if rows < 8 or columns < 8:
        return []
    cells = (
        ink[: rows * _INK_CELL, : columns * _INK_CELL]
        .reshape(rows, _INK_CELL, columns, _INK_CELL)
        .mean((1, 3))
        > 0.2
    )
    unit = _INK_CELL / scale
    found: list[Box] = []
    for x0, y0, x1, y1, count in blobs(cells):
        box = (x0 * unit, y0 * unit, x1 * unit, y1 * unit)
        wide, tall = boxes.width(box), boxes.height(box)
        if min(wide, tall) < _SMALLEST or count < 0.03 * (x1 - x0) * (y1 - y0):
            continue
        if wide > 0.95 * interpreted.width and tall > 0.95 * interpreted.height:
            continue  # the edge of the paper
        text = sum(boxes.shared(line.box, box) for line in lines)
        if text < 0.35 * boxes.area(box):
            found.append(box)
    return _joined(found)


def _joined(found: Sequence[Box]) -> list[Box]:
    """Pieces of one illustration put together."""
    rest = sorted(found)
    changed = True
    while changed:
        changed = False
        for number, one in enumerate(rest):
            for other in rest[number + 1 :]:
                if boxes.gap(one, other) < 6:
                    rest = [box for box in rest if box not in (one, other)] + [boxes.union((one, other))]
                    changed = True
                    break
            if changed:
                break
    return [boxes.rounded(box) for box in sorted(rest, key=lambda box: (box[1], box[0]))]


def _read(interpreted: Interpreted, ocr: Ocr, language: str) -> tuple[list[Line], float | None]:
    scale = min(_DPI / 72, (_MOST_PIXELS / (interpreted.width * interpreted.height)) ** 0.5)
    pixmap = _grey(interpreted, scale)
    if ocr.program:
        return _by_program(pixmap, ocr, language, scale)
    pdf = pixmap.pdfocr_tobytes(language=language, tessdata=ocr.data)
    with pymupdf.open("pdf", pdf) as read:
        text = read.load_page(0).get_displaylist(annots=0).get_textpage(0)
        width = float(read.load_page(0).rect.width)
        lines = lines_of_text(text, interpreted)
    factor = interpreted.width / width if width else 1.0
    return [_scaled(line, factor) for line in lines], None


def _scaled(line: Line, factor: float) -> Line:
    x0, y0, x1, y1 = line.box
    box = (x0 * factor, y0 * factor, x1 * factor, y1 * factor)
    return Line(line.text, box, line.size * factor, "ocr", bold=False, italic=False, block=line.block)


def _grey(interpreted: Interpreted, scale: float) -> Any:
    matrix = mupdf.FzMatrix(scale, 0, 0, scale, 0, 0)
    area = mupdf.fz_round_rect(mupdf.fz_transform_rect(mupdf.FzRect(*interpreted.box), matrix))
    made = mupdf.fz_new_pixmap_with_bbox(
        mupdf.FzColorspace(mupdf.FzColorspace.Fixed_GRAY), area, mupdf.FzSeparations(), 0
    )
    mupdf.fz_clear_pixmap_with_value(made, 255)
    device = mupdf.fz_new_draw_device(matrix, made)
    mupdf.fz_run_display_list(
        interpreted.drawn.this, device, mupdf.FzMatrix(), mupdf.FzRect(*interpreted.box), mupdf.FzCookie()
    )
    mupdf.fz_close_device(device)
    return pymupdf.Pixmap("raw", made)


def _by_program(pixmap: Any, ocr: Ocr, language: str, scale: float) -> tuple[list[Line], float | None]:
    command = [
        ocr.program,
        "stdin",
        "stdout",
        "--tessdata-dir",
        ocr.data,
        "-l",
        language,
        "--dpi",
        str(round(72 * scale)),
    ]
    if (Path(ocr.data) / "osd.traineddata").exists():
        command += ["--psm", "1"]  # finds pages that lie on their side
    answer = subprocess.run(  # noqa: S603  (the program found on the path, no shell)
        [*command, "tsv"],
        input=pixmap.tobytes("png"),
        capture_output=True,
        timeout=_SECONDS,
        check=True,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )
    return _lines(answer.stdout.decode("utf-8", "replace"), scale)


def _lines(table: str, scale: float) -> tuple[list[Line], float | None]:
    """Lines of Tesseract's table of words, and the mean confidence of the words, 0 to 1."""
    rows: dict[tuple[int, int, int], list[tuple[str, Box]]] = {}
    sure: list[float] = []
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        try:
            word, confidence = clean(row["text"] or ""), float(row["conf"])
            x, y, wide, tall = (int(row[name]) for name in ("left", "top", "width", "height"))
            key = (int(row["block_num"]), int(row["par_num"]), int(row["line_num"]))
        except (KeyError, TypeError, ValueError):
            continue
        if not word or confidence < 0:
            continue
        sure.append(confidence)
        if confidence >= _LEAST_SURE:
            rows.setdefault(key, []).append(
                (word, (x / scale, y / scale, (x + wide) / scale, (y + tall) / scale))
            )
    found = []
    for (block, _, _), words in rows.items():
        box = boxes.union(one for _, one in words)
        size = round(float(np.median([boxes.height(one) for _, one in words])) * 1.25 * 2) / 2
        text = " ".join(word for word, _ in words)
        found.append(Line(text, box, max(4.0, size), "ocr", bold=False, italic=False, block=block))
    return found, round(sum(sure) / len(sure) / 100, 4) if sure else None
