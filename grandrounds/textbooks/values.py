"""What a reader of books hands over, whatever the format: a book with its figures, before the lake.

Pages count from 1; boxes are ``(x0, y0, x1, y1)`` in points of the page as a reader sees it (after its
rotation), origin at the top left, y downwards. Markup has neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from grandrounds.records.parts import Identifier

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPanel:
    """A part of a figure. ``caption_start`` and ``caption_end`` cut its part out of the figure's caption
    (both ``None`` where the caption has none); ``pixels`` and ``box`` are empty where it was not told
    apart in the picture."""

    label: str
    box: tuple[float, ...] = ()
    pixels: tuple[int, ...] = ()
    caption_start: int | None = None
    caption_end: int | None = None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMention:
    """A paragraph that speaks of the figure, the reference as printed, and where the paragraph begins."""

    words: str
    paragraph: str
    page: int | None = None
    box: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFigure:
    """A figure as a reader found it; the fields mean what they mean in ``records.figure.FigureRow``.

    ``picture`` holds the encoded bytes (none without a picture); they leave memory when the row is made.
    ``part_of`` is shared by figures of one book that are parts of one printed figure (markup with several
    pictures under one caption); empty for a figure of its own.
    """

    status: str
    reason: str = ""
    label: str = ""
    caption: str = ""
    caption_page: int | None = None
    caption_box: tuple[float, ...] = ()
    page: int | None = None
    box: tuple[float, ...] = ()
    picture: bytes = field(default=b"", repr=False)
    mime: str = ""
    width: int | None = None
    height: int | None = None
    dpi: float | None = None
    origin: str
    graphic: str = ""
    words_inside: tuple[str, ...] = ()
    panels: tuple[ReadPanel, ...] = ()
    mentions: tuple[ReadMention, ...] = ()
    chapter: str = ""
    section: tuple[str, ...] = ()
    read_by_ocr: bool = False
    ocr_confidence: float | None = None
    alignment: float
    alignment_parts: tuple[tuple[str, float], ...] = ()
    part_of: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBook:
    """A book, chapter or article: what it says of itself, and its figures in reading order.

    ``licence_words`` and ``licence_links`` are what its pages or its metadata say of the licence, for
    ``sources.licences.read_licence``. ``tables``, ``decoration`` and ``running`` count tables, pictures
    left out as decoration (by area, repetition, place) and lines left out as running heads and feet.
    ``pages`` is 0 for markup; ``pages_without_text`` counts pages that were, or had to be, read by OCR.
    """

    title: str = ""
    authors: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    language: str = ""
    published: date | None = None
    licence_words: str = ""
    licence_links: tuple[str, ...] = ()
    pages: int = 0
    pages_without_text: int = 0
    tables: int = 0
    decoration: int = 0
    running: int = 0
    figures: tuple[ReadFigure, ...] = ()
    notes: tuple[str, ...] = ()
