"""What the makers of the demo books know of them: the truth that readers are held to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A figure of a demo book, as a reader should find it.

    ``status`` and ``origin`` mean what they mean in ``records.figure.FigureRow``; ``caption`` are the words
    after the label; ``page`` and ``box`` (points, origin top left) say where the picture is, none for
    markup. ``panels`` are the letters that the caption speaks of; ``mentions`` counts the paragraphs that
    refer to the figure. ``chapter`` and ``section`` are left out where the layout
    leaves them open. ``picture`` is the name of the plate (``demo.books.plates``), or "" for a drawing of
    lines, or where there is no picture. ``licence`` where it is not the book's; ``why`` where the figure
    is there to show something.
    """

    status: str = "paired"
    label: str = ""
    caption: str = ""
    page: int | None = None
    caption_page: int | None = None
    box: tuple[float, ...] = ()
    origin: str = "raster"
    picture: str = ""
    panels: str = ""
    mentions: int = 0
    chapter: str = ""
    section: tuple[str, ...] = ()
    licence: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A file of the demo books: its bytes, and what becomes of it.

    ``status`` is the row's in the sources table; ``says`` are words of the reason where it is not read.
    ``facts`` are what the row of a book must say (title, licence, language, pages, tables ...).
    """

    data: bytes
    kind: str
    status: str = "read"
    says: str = ""
    why: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    figures: tuple[Told, ...] = ()
