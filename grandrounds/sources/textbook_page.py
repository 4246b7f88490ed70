"""Pages of a PDF as plain values. This module and its neighbours ``textbook*.py`` alone know PyMuPDF.

PyMuPDF is under the AGPL-3.0; another library could be put behind these modules. A page is interpreted
once; text and shapes come out of C in one piece each, which is several times faster than its dictionaries.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

import orjson
import pymupdf as _pymupdf
from pymupdf import mupdf

from grandrounds.errors import SourceError
from grandrounds.sources.textbook_blocks import painted
from grandrounds.textbooks.mending import clean, has_rtl, logical
from grandrounds.textbooks.pages import Image, Line, Page, Shapes
from grandrounds.textbooks.values import Box

pymupdf: Any = _pymupdf  # its types are there only in part

_FLAGS = (
    mupdf.FZ_STEXT_COLLECT_VECTORS
    | mupdf.FZ_STEXT_PRESERVE_IMAGES
    | mupdf.FZ_STEXT_PRESERVE_WHITESPACE
    | mupdf.FZ_STEXT_CLIP
)
_IMAGE, _VECTOR = int(mupdf.FZ_STEXT_BLOCK_IMAGE), int(mupdf.FZ_STEXT_BLOCK_VECTOR)
_SCALE = 100
_VECTOR_BLOCK = re.compile(rb'\{"type":"vector",[^{}]*\},?')
_STRAY_ESCAPE = re.compile(r"\\(?![\"\\/bfnrt]|u[0-9a-fA-F]{4})")
_SHAPE = re.compile(
    r"<vector (?P<how>\w+), color: #(?P<color>[0-9a-f]{1,6}), "
    r"alpha: (?P<alpha>\d+), is-rect: (?P<rect>true|false)"
)
_SUBSET = re.compile(r"^[A-Z]{6}\+")
_BOLD = re.compile(r"bold|black|heavy|semibold|demi(?!a)|\bbd\b|-bd|\.b$|,b\b", re.IGNORECASE)
_ITALIC = re.compile(r"ital|obli|slanted|\.i$", re.IGNORECASE)
_HEAD_BYTES = 1 << 16
_MOST_LINES = 20_000
_MOST_LETTERS = 4000


@dataclass(slots=True, kw_only=True)
class Interpreted:
    """A page that was interpreted once: to take text and shapes from, and to draw from."""

    number: int
    width: float
    height: float
    drawn: Any
    text: Any
    _blocks: list[tuple[Any, ...]] | None = None
    _images: list[tuple[int, Any, Any]] | None = None

    @property
    def box(self) -> Box:
        """The whole page as seen."""
        return (0.0, 0.0, self.width, self.height)

    def blocks(self) -> list[tuple[Any, ...]]:
        """What is painted, in order: x0, y0, x1, y1, words about it, place in the order, kind."""
        if self._blocks is None:
            self._blocks = painted(self.text)
        return self._blocks

    def images(self) -> list[tuple[int, Any, Any]]:
        """The embedded pictures: place in the order of painting, block, picture."""
        if self._images is None:
            orders = [block[5] for block in self.blocks() if block[6] == mupdf.FZ_STEXT_BLOCK_IMAGE]
            self._images = []
            if orders:
                for order, block in enumerate(
                    self.text
                ):  # in Python block by block, so no farther than needed
                    if block.m_internal.type == mupdf.FZ_STEXT_BLOCK_IMAGE:
                        self._images.append((order, block, block.i_image()))
                        if len(self._images) == len(orders):
                            break
        return self._images


def interpret(document: Any, number: int, *, largest_side: float = 14_400.0) -> Interpreted:
    """Interpret page ``number`` (from 1). Raises ``SourceError`` for a page too large or broken."""
    try:
        page = document.load_page(number - 1)
        width, height = float(page.rect.width), float(page.rect.height)
        if not (0 < width <= largest_side and 0 < height <= largest_side):
            raise SourceError(
                f"Page {number} measures {width:.0f} x {height:.0f} points.",
                remedy=f"Pages up to {largest_side:.0f} points a side are read; print it smaller.",
            )
        drawn = page.get_displaylist(annots=0)
        return Interpreted(
            number=number, width=width, height=height, drawn=drawn, text=drawn.get_textpage(_FLAGS)
        )
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(
            f"Page {number} can't be interpreted ({type(error).__name__}).",
            remedy="Repair the file, for example by printing it to a new PDF.",
        ) from error


def page_of(interpreted: Interpreted, *, most_shapes: int) -> Page:
    """The lines, pictures and shapes of a page."""
    blocks, drawn = _json(interpreted.text)
    images: list[Image] = []
    shapes = Shapes.of(())
    cut = False
    if drawn or any(block.get("type") == "image" for block in blocks):
        images, shapes, cut = _art(interpreted, most_shapes)
    return Page(
        number=interpreted.number,
        width=interpreted.width,
        height=interpreted.height,
        lines=_lines(blocks, interpreted),
        images=images,
        shapes=shapes,
        cut_shapes=cut,
    )


def raw_bytes(image: Any) -> tuple[bytes, int]:
    """The stored, still compressed bytes of a picture and MuPDF's number of their format."""
    data, kind = _stored(image)
    return bytes(data), kind


def lines_of_text(text: Any, interpreted: Interpreted) -> list[Line]:
    """The lines of a text page (as OCR gives one)."""
    return _lines(_json(text)[0], interpreted)


def _stored(image: Any) -> tuple[Any, int]:
    """A view of the stored bytes, good while ``image`` is, and the number of their format."""
    buffer = mupdf.fz_compressed_image_buffer(image)
    if not buffer.m_internal or not buffer.m_internal.buffer:
        return b"", 0
    inner = mupdf.FzBuffer(mupdf.ll_fz_keep_buffer(buffer.m_internal.buffer))
    return mupdf.fz_buffer_storage_memoryview(inner), int(buffer.m_internal.params.type)


def _json(text: Any) -> tuple[list[dict[str, Any]], bool]:
    """The blocks of a text page without its shapes, and whether it has any.

    MuPDF tells only the colours of shapes here, and a page may have thousands of them.
    """
    buffer = mupdf.fz_new_buffer(16_384)
    out = mupdf.FzOutput(buffer)
    mupdf.fz_print_stext_page_as_json(out, text, _SCALE)
    out.fz_close_output()
    whole = bytes(mupdf.fz_buffer_extract_copy(buffer))
    raw = _VECTOR_BLOCK.sub(b"", whole)
    drawn = len(raw) < len(whole)
    if raw.endswith(b",]}"):
        raw = raw[:-3] + b"]}"
    try:
        blocks = _parsed(raw)["blocks"]
    except ValueError:
        # MuPDF writes the names of fonts as they stand in the file: a broken one may hold anything.
        mended = _STRAY_ESCAPE.sub(r"\\\\", raw.decode("utf-8", "replace"))
        try:
            blocks = json.loads(mended, strict=False)["blocks"]
        except ValueError as error:
            raise SourceError(
                "The text of a page makes no sense.", remedy="Print it to a new PDF."
            ) from error
    return list(blocks), drawn


def _parsed(raw: bytes) -> Any:
    """JSON by the fast reader, or by the patient one: it takes halves of letters, as broken files have."""
    try:
        return orjson.loads(raw)
    except ValueError:
        return json.loads(raw)


def _lines(blocks: list[dict[str, Any]], interpreted: Interpreted) -> list[Line]:
    found: list[Line] = []
    fonts: dict[str, tuple[str, bool, bool]] = {}
    for number, block in enumerate(blocks):
        if block.get("type") != "text":
            continue
        for line in block["lines"]:
            text = clean(line["text"][:_MOST_LETTERS])
            if not text:
                continue
            box, font = line["bbox"], line["font"]
            x0, y0 = box["x"] / _SCALE, box["y"] / _SCALE
            x1, y1 = x0 + box["w"] / _SCALE, y0 + box["h"] / _SCALE
            size = font["size"] / _SCALE
            name = font["name"]
            if name not in fonts:
                fonts[name] = _font(name, font)
            family, bold, italic = fonts[name]
            if has_rtl(text) and line["x"] / _SCALE < x1 - 2 * size:
                text = logical(text)
            sideways = y1 - y0 > 1.8 * (x1 - x0) and len(text) > 2
            if size < 1.5 and y1 - y0 > 4 * size:  # a font whose own measures are wrong, as in Type 3
                base = line["y"] / _SCALE
                y0, y1, size, sideways = base - 7.0, base + 2.0, 9.0, False
            if x1 <= 0 or y1 <= 0 or x0 >= interpreted.width or y0 >= interpreted.height:
                continue
            found.append(Line(text, (x0, y0, x1, y1), size, family, bold, italic, number, sideways))
            if len(found) >= _MOST_LINES:
                return found
    return found


def _font(name: str, font: dict[str, Any]) -> tuple[str, bool, bool]:
    family = _SUBSET.sub("", name)[:80]
    bold = font.get("weight") == "bold" or bool(_BOLD.search(family))
    italic = font.get("style") == "italic" or bool(_ITALIC.search(family))
    return family, bold, italic


def _art(interpreted: Interpreted, most_shapes: int) -> tuple[list[Image], Shapes, bool]:
    shapes: list[tuple[Box, bool, bool, int, int]] = []
    image_boxes: dict[int, Box] = {}
    looks: dict[str, tuple[bool, bool, bool, int]] = {}
    cut = False
    for x0, y0, x1, y1, words, order, kind in interpreted.blocks():
        if kind == _VECTOR:
            if len(shapes) >= most_shapes:
                cut = True
                continue
            look = looks.get(words)
            if look is None:
                look = looks[words] = _look(words)
            shown, rectangle, filled, color = look
            if shown:
                shapes.append(((x0, y0, x1, y1), rectangle, filled, color, order))
        elif kind == _IMAGE:
            image_boxes[order] = (x0, y0, x1, y1)
    images = _images(interpreted) if image_boxes else []
    return images, Shapes.of(shapes), cut


def _look(words: str) -> tuple[bool, bool, bool, int]:
    """Whether a shape shows at all, is a rectangle, is filled; its colour."""
    match = _SHAPE.search(words)
    if match is None or match.group("alpha") == "0":
        return (False, False, False, 0)
    return (
        True,
        match.group("rect") == "true",
        match.group("how") == "filled",
        int(match.group("color"), 16),
    )


def _images(interpreted: Interpreted) -> list[Image]:
    found = []
    for order, block, image in interpreted.images():
        inner = block.m_internal.bbox
        box = (float(inner.x0), float(inner.y0), float(inner.x1), float(inner.y1))
        matrix = block.i_transform()
        full = mupdf.fz_transform_rect(mupdf.FzRect(0, 0, 1, 1), matrix)
        whole = all(
            abs(one - other) < 0.75
            for one, other in zip(box, (full.x0, full.y0, full.x1, full.y1), strict=True)
        )
        if box[2] <= box[0] or box[3] <= box[1]:
            continue
        found.append(
            Image(box, image.w(), image.h(), _digest(image), order, whole, bool(image.mask().m_internal))
        )
    return found


def _digest(image: Any) -> str:
    data, _ = _stored(image)
    head = hashlib.blake2b(data[:_HEAD_BYTES], digest_size=12)
    head.update(f"{len(data)} {image.w()} {image.h()}".encode())
    return head.hexdigest()


def _quiet() -> None:
    """MuPDF tells every oddity of a file on stderr; the reader tells what matters in notes."""
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)


_quiet()
