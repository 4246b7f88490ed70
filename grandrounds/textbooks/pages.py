"""What a page holds, as plain values: lines of text, pictures, drawn shapes. No PDF library here.

Boxes are in points of the page as a reader sees it (after its rotation), origin at the top left.

No value here is changed once it is made. They aren't frozen all the same: a page may have thousands of
lines and shapes, and a frozen one takes four times as long to make.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grandrounds.textbooks.values import Box


@dataclass(slots=True)
class Line:
    """A run of text on one line. ``block`` numbers the block that the PDF library put it in.

    ``size`` is the font size in points, ``font`` its name without the subset's prefix. ``sideways`` is
    text that runs up or down the page.
    """

    text: str
    box: Box
    size: float
    font: str
    bold: bool
    italic: bool
    block: int
    sideways: bool = False

    @property
    def style(self) -> tuple[str, float, bool, bool]:
        """What tells two kinds of text apart by look."""
        return (self.font, round(self.size * 2) / 2, self.bold, self.italic)


@dataclass(frozen=True, slots=True)
class Image:
    """An embedded picture where it shows. ``digest`` names its bytes; pixels as stored.

    ``order`` is its place in the order of painting; ``whole`` is false where a clip cut it.
    """

    box: Box
    width: int
    height: int
    digest: str
    order: int
    whole: bool = True
    masked: bool = False


@dataclass(slots=True)
class Shape:
    """A drawn path, or a piece of one: a rectangle, a line, or anything else within ``box``.

    ``color`` is ``0xRRGGBB``; ``filled`` tells a filled area from a stroke.
    """

    box: Box
    rectangle: bool
    filled: bool
    color: int
    order: int


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of a page in columns: as objects, those of a long book take ten times as much.

    ``boxes`` has a row a shape (x0, y0, x1, y1; single precision, as MuPDF computes), the others a value.
    """

    boxes: Any
    rectangle: Any
    filled: Any
    color: Any
    order: Any

    @classmethod
    def of(cls, shapes: Sequence[tuple[Box, bool, bool, int, int]]) -> Shapes:
        """From rows as the fields of ``Shape`` stand."""
        box, rectangle, filled, color, order = zip(*shapes, strict=True) if shapes else ([],) * 5
        return cls(
            np.array(box, np.float32).reshape(-1, 4),
            np.array(rectangle, bool),
            np.array(filled, bool),
            np.array(color, np.uint32),
            np.array(order, np.int32),
        )

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Shape]:
        return iter(self.where(slice(None)))

    def where(self, wanted: Any) -> list[Shape]:
        """Those that ``wanted`` (a mask, a slice) picks, as objects."""
        columns = (self.boxes, self.rectangle, self.filled, self.color, self.order)
        box, *others = (column[wanted].tolist() for column in columns)
        return [Shape(tuple(one), *rest) for one, *rest in zip(box, *others, strict=True)]


@dataclass(slots=True, kw_only=True)
class Page:
    """One page. ``number`` counts from 1. ``scan`` is the box of the picture that is the scanned page.

    ``cut_shapes`` tells that the page has more shapes than are kept. ``by_ocr`` and ``ocr_confidence``
    (0 to 1) are set where the text was read from pixels.
    """

    number: int
    width: float
    height: float
    lines: list[Line]
    images: list[Image]
    shapes: Shapes
    cut_shapes: bool = False
    scan: Box | None = None
    by_ocr: bool = False
    ocr_confidence: float | None = None

    @property
    def box(self) -> Box:
        """The whole page."""
        return (0.0, 0.0, self.width, self.height)
