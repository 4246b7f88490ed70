"""Whole pages of a PDF as pictures, for people who check where figures and captions were found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymupdf

from grandrounds.errors import SourceError
from grandrounds.sources.textbook_file import PdfLimits, opened, tidy_store
from grandrounds.sources.textbook_page import interpret

_DEFAULT = PdfLimits()
_MOST_PIXELS = 6_000_000
_Matrix: Any = pymupdf.Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePicture:
    """A page as PNG, and its size in points as seen."""

    number: int
    picture: bytes
    width: float
    height: float


def page_picture(path: Path, *, page: int, dpi: int, limits: PdfLimits = _DEFAULT) -> bytes:
    """Page ``page`` (from 1) as a reader sees it, as PNG at ``dpi`` (fewer for a page of poster size).

    Raises ``SourceError`` for what can't be opened or drawn.
    """
    return next(iter(page_pictures(path, [page], dpi=dpi, limits=limits))).picture


def page_pictures(
    path: Path, pages: Iterable[int], *, dpi: int, limits: PdfLimits = _DEFAULT
) -> Iterator[PagePicture]:
    """The same for several pages of one document, which is opened once; one picture in memory at a time."""
    with opened(Path(path), limits) as document:
        for number in pages:
            if not 1 <= number <= document.page_count:
                raise SourceError(
                    f"{Path(path).name} has no page {number}.",
                    remedy="The file has changed since it was read; build the recipe again.",
                )
            interpreted = interpret(document, number, largest_side=limits.largest_side)
            scale = min(dpi / 72, (_MOST_PIXELS / (interpreted.width * interpreted.height)) ** 0.5)
            drawn = interpreted.drawn.get_pixmap(matrix=_Matrix(scale, scale), alpha=0)
            yield PagePicture(
                number=number,
                picture=drawn.tobytes("png"),
                width=interpreted.width,
                height=interpreted.height,
            )
            tidy_store()
