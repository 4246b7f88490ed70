"""The readers that are compared: ours, plain extraction of pictures, others where they are installed."""

from __future__ import annotations

import importlib.util
import logging
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pymupdf

from benchmarks.printed.chapters import Box
from benchmarks.printed.score import FoundFigure, FoundPanel

Reader = Callable[[Path], list[FoundFigure]]
Block = tuple[Box, str]
_LABEL = re.compile(
    r"^\s*((?:fig(?:ure|\.)?|plate|图|図|شكل|איור)\s*\d+(?:[.\-]\d+)*)\s*[.:|]?\s*", re.IGNORECASE
)


def ours(path: Path) -> list[FoundFigure]:
    """Grand Rounds' own reader: every figure that has a picture and a page."""
    from grandrounds.sources.textbook import read_pdf

    return [_ours(one) for one in read_pdf(path, ocr=False).figures if one.page and one.box]


def _ours(one: object) -> FoundFigure:
    from grandrounds.textbooks.values import ReadFigure

    assert isinstance(one, ReadFigure)
    assert one.page is not None
    panels = tuple(
        FoundPanel(
            label=panel.label,
            box=_box(panel.box) if panel.box else None,
            caption=(
                one.caption[panel.caption_start : panel.caption_end]
                if panel.caption_start is not None
                else ""
            ),
        )
        for panel in one.panels
    )
    return FoundFigure(
        page=one.page,
        box=_box(one.box),
        label=one.label,
        caption=one.caption,
        panels=panels,
        note=f"{one.status}, {one.origin}, alignment {one.alignment:.2f}",
    )


def plain(path: Path) -> list[FoundFigure]:
    """What a script of ten lines does: every picture of the page, and the text block nearest to it."""
    found = []
    with pymupdf.open(path) as document:
        for page in document:
            turn = page.rotation_matrix
            blocks = [
                (_box(pymupdf.Rect(block[:4]) * turn), block[4])
                for block in page.get_text("blocks")
                if block[6] == 0
            ]
            boxes = (
                _box(rect * turn)
                for image in page.get_images(full=True)
                for rect in page.get_image_rects(image[0])
            )
            found += _with_nearest(page.number + 1, boxes, blocks)
    return found


def by_pdfplumber(path: Path) -> list[FoundFigure]:
    """pdfplumber's pictures, with the nearest of the blocks that its words make."""
    import pdfplumber

    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    found = []
    with pdfplumber.open(path) as document:
        for page in document.pages:
            boxes = [_seen(one) for one in page.images]
            words = page.extract_words() if boxes else []
            found += _with_nearest(
                page.page_number, boxes, _blocks((_seen(one), one["text"]) for one in words)
            )
            page.close()
    return found


def by_pdfium(path: Path) -> list[FoundFigure]:
    """pypdfium2's pictures, with the nearest of the blocks that its rectangles of text make."""
    import pypdfium2

    found = []
    document = pypdfium2.PdfDocument(path)
    for number in range(len(document)):
        page = document[number]
        seen = _upright(page.get_size()[1], page.get_rotation())
        boxes = [
            seen(one.get_bounds()) for one in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
        ]
        blocks = _blocks(_pdfium_words(page.get_textpage(), seen)) if boxes else []
        found += _with_nearest(number + 1, boxes, blocks)
    return found


READERS: dict[str, tuple[str, Reader]] = {
    "ours": ("grandrounds.sources.textbook", ours),
    "plain": ("pymupdf", plain),
    "pdfplumber": ("pdfplumber", by_pdfplumber),
    "pypdfium2": ("pypdfium2", by_pdfium),
}


def installed(name: str) -> bool:
    """Whether that reader can run here."""
    try:
        return importlib.util.find_spec(READERS[name][0]) is not None
    except ModuleNotFoundError:
        return False


def _pdfium_words(text: Any, seen: Callable[[Sequence[float]], Box]) -> Iterator[Block]:
    """The words of a page's text: letters up to the next space, with the box around them."""
    from pypdfium2 import raw

    letters: list[tuple[Box, str]] = []
    for k in range(text.count_chars() + 1):
        code = raw.FPDFText_GetUnicode(text.raw, k) if k < text.count_chars() else 32
        if chr(code).isspace() or not code:
            if letters:
                x0, y0, x1, y1 = zip(*(box for box, _ in letters), strict=True)
                yield (min(x0), min(y0), max(x1), max(y1)), "".join(letter for _, letter in letters)
            letters = []
        else:
            letters.append((seen(text.get_charbox(k, loose=True)), chr(code)))


def _blocks(words: Iterable[Block]) -> list[Block]:
    """Words joined along lines, and lines with those right below them."""
    lines: list[Block] = []
    for box, word in words:
        if lines:
            last, before = lines[-1]
            tall = max(last[3] - last[1], 4.0)
            if abs(box[3] - last[3]) < 0.5 * tall and -1 < box[0] - last[2] < 1.2 * tall:
                lines[-1] = (_around(last, box), f"{before} {word}")
                continue
        lines.append((box, word))
    made: list[tuple[Box, str, Box]] = []
    for box, line in sorted(lines, key=lambda one: one[0][1]):
        for k, (whole, before, last) in enumerate(made):
            tall = max(last[3] - last[1], 4.0)
            if -0.4 * tall < box[1] - last[3] < 0.5 * tall and box[0] < whole[2] and box[2] > whole[0]:
                made[k] = (_around(whole, box), f"{before} {line}", box)
                break
        else:
            made.append((box, line, box))
    return [(whole, words) for whole, words, _ in made]


def _around(one: Box, other: Box) -> Box:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def _seen(one: dict[str, float]) -> Box:
    return (one["x0"], one["top"], one["x1"], one["bottom"])


def _upright(height: float, turned: int) -> Callable[[Sequence[float]], Box]:
    """From a page's own points (origin below) to those a reader sees."""

    def seen(box: Sequence[float]) -> Box:
        left, bottom, right, top = box
        return (bottom, left, top, right) if turned == 90 else (left, height - top, right, height - bottom)

    return seen


def _with_nearest(page: int, boxes: Iterable[Box], blocks: Sequence[Block]) -> list[FoundFigure]:
    found = []
    for box in boxes:
        nearest = min(blocks, key=lambda block: _gap(block[0], box), default=(box, ""))
        words = " ".join(nearest[1].split())
        label = _LABEL.match(words)
        found.append(
            FoundFigure(
                page=page,
                box=box,
                label=label[1] if label else "",
                caption=words[label.end() :] if label else words,
            )
        )
    return found


def _gap(one: Box, other: Box) -> float:
    across = max(one[0] - other[2], other[0] - one[2], 0.0)
    down = max(one[1] - other[3], other[1] - one[3], 0.0)
    return math.hypot(across, down)


def _box(box: Iterable[float]) -> Box:
    x0, y0, x1, y1 = box
    return (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
