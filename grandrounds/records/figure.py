"""One row of the ``figures`` table: a figure with its caption, panels and mentions, and where each stands.

Pages count from 1. Boxes are ``(x0, y0, x1, y1)`` in points (1/72 inch) of the page as a reader sees it
(after its rotation), origin at the top left, y downwards. Boxes in pixels are half-open, of the stored
picture, origin at its top left. Figures from markup (CNXML, XHTML, EPUB, JATS) have no page and no boxes in
points.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from grandrounds.records.parts import Identifier, Span

PAIRED = "paired"
NO_CAPTION = "no_caption"
NO_PICTURE = "no_picture"
LABEL_ONLY = "label_only"
STATUSES = (PAIRED, NO_CAPTION, NO_PICTURE, LABEL_ONLY)

RASTER, VECTOR, MIXED, MARKUP, NONE = "raster", "vector", "mixed", "markup", "none"
ORIGINS = (RASTER, VECTOR, MIXED, MARKUP, NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePanel:
    """A part of a figure that its caption speaks of by a letter.

    ``label`` is as printed, without brackets ("A", "b", "iii"). ``pixels`` is its box in the picture,
    empty where the panel could not be told apart; ``box`` the same in points of the page. ``caption`` is
    the part of the caption that is about it, ``span`` where that stands in the row's text (``None`` where
    the caption has no such part). ``confidence`` (0 to 1) says how sure the two belong together.
    """

    label: str
    pixels: tuple[int, ...] = ()
    box: tuple[float, ...] = ()
    caption: str = ""
    span: Span | None = None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureMention:
    """Where the running text speaks of the figure.

    ``words`` are the reference as printed ("Figure 7.2(b)"); ``span`` is the whole paragraph in the row's
    text; ``page`` and ``box`` are where that paragraph begins in the source, none for markup.
    """

    words: str
    span: Span
    page: int | None = None
    box: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentPart:
    """One reason to believe that caption and picture belong together: its name and its weight, 0 to 1."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """A figure, or a caption without one, or a picture without a caption.

    ``status``: ``paired``; ``no_caption`` (a picture that no caption belongs to); ``no_picture`` (a caption
    whose picture was not found, or lies outside the source); ``label_only`` (picture and label, but no
    words after it). ``reason`` says why where it is not ``paired``. ``evidence_id`` is the content id.

    ``text`` is the stored text of the row: the caption, then each paragraph that mentions the figure, a
    blank line between; spans count code points in it. ``label`` is as printed ("Figure 7.2", "Fig. 3"),
    empty where the source numbers none; ``caption`` the words after it. ``caption_page`` and
    ``caption_box`` are where the caption begins.

    ``sha256`` names the picture in the lake (empty without one), ``mime``, ``width`` and ``height``
    (pixels) are the picture's, ``dpi`` its resolution on the page (``None`` for markup). ``origin`` says
    what it was: ``raster`` (one embedded picture, its pixels unchanged), ``vector`` (a drawing, rendered),
    ``mixed`` (several pictures, or a picture with drawings or text over it, rendered), ``markup`` (a file
    that the markup names) or ``none``. ``graphic`` is that file's name. ``perceptual_hash`` is 16
    hexadecimal digits. ``words_inside`` is text that lies within the figure's box on the page, or that was
    read from the picture.

    ``book``, ``chapter`` and ``section`` (titles, outermost first) say where in the source it stands;
    ``family`` is shared by rows that show the same figure (one on several pages or in several editions).
    ``read_by_ocr`` tells that the page had no text layer: ``ocr_confidence`` is 0 to 1. ``alignment`` is
    the confidence (0 to 1) that caption and picture belong together, ``alignment_parts`` what it is made
    of. ``licence`` is the figure's own: ``unknown`` where its caption says it was taken from elsewhere.
    """

    evidence_id: str
    source_id: str
    group_id: str
    family: str
    status: str
    reason: str = ""
    label: str = ""
    caption: str = ""
    caption_span: Span | None = None
    caption_page: int | None = None
    caption_box: tuple[float, ...] = ()
    text: str
    text_sha256: str
    page: int | None = None
    box: tuple[float, ...] = ()
    sha256: str = ""
    mime: str = ""
    width: int | None = None
    height: int | None = None
    dpi: float | None = None
    origin: str
    graphic: str = ""
    perceptual_hash: str = ""
    words_inside: tuple[str, ...] = ()
    panels: tuple[FigurePanel, ...] = ()
    mentions: tuple[FigureMention, ...] = ()
    book: str = ""
    chapter: str = ""
    section: tuple[str, ...] = ()
    read_by_ocr: bool = False
    ocr_confidence: float | None = None
    alignment: float
    alignment_parts: tuple[AlignmentPart, ...] = ()
    language: str
    licence: str
    citation: str = ""
    identifiers: tuple[Identifier, ...] = ()
    published: date | None = None
    protected: bool = False
    notes: tuple[str, ...] = ()
