"""Small PDF files made in the test that reads them: pages with text, pictures, drawings and captions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image

BODY = (
    "The wall thickens first at its lower third where the pressure is highest at rest. Most people notice "
    "nothing for years and many are found when another organ is examined. "
)
Box = tuple[float, float, float, float]


def picture(seed: int, *, size: tuple[int, int] = (300, 200), kind: str = "JPEG") -> bytes:
    """A picture that differs from any other seed's."""
    random = np.random.default_rng(seed)
    ground = random.integers(30, 220, (size[1] // 20 + 1, size[0] // 20 + 1, 3), dtype=np.uint8)
    made = Image.fromarray(ground).resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    made.save(out, kind, quality=88) if kind == "JPEG" else made.save(out, kind)
    return out.getvalue()


class Book:
    """A document in the making."""

    def __init__(self) -> None:
        self.document = pymupdf.open()
        self.page = self.new_page()

    def new_page(self, *, width: float = 595, height: float = 842) -> pymupdf.Page:
        """The next page, at which everything is put from now on."""
        self.page = self.document.new_page(width=width, height=height)
        return self.page

    def body(self, box: Box, text: str = BODY * 3, *, size: float = 10) -> None:
        """Running text in ``box``."""
        assert self.page.insert_textbox(box, text, fontsize=size, fontname="tiro") >= 0, "text too long"

    def words(self, x: float, y: float, text: str, *, size: float = 8, font: str = "helv") -> None:
        """One line with its baseline at ``y``."""
        self.page.insert_text((x, y), text, fontsize=size, fontname=font)

    def caption(self, x: float, y: float, lines: Sequence[str], *, size: float = 8) -> None:
        """Lines of a caption, the first baseline at ``y``."""
        for number, line in enumerate(lines):
            self.words(x, y + 1.25 * size * number, line, size=size)

    def image(self, box: Box, data: bytes, *, rotate: int = 0) -> None:
        """A picture that fills ``box``."""
        self.page.insert_image(box, stream=data, keep_proportion=False, rotate=rotate)

    def save(self, path: Path, **options: object) -> Path:
        """Write the file."""
        self.document.save(str(path), **options)
        self.document.close()
        return path
