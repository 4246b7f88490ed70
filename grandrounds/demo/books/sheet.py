"""A small typesetter for the demo books: columns, headings, paragraphs, figures and tables on PDF pages.

It knows where it puts every picture, and says so (``told.Told``). Text is set in the fonts that every
PDF reader has, so that files stay small and their bytes repeat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pymupdf

from grandrounds.demo.books import plates
from grandrounds.demo.books.told import Box, Told

library: Any = pymupdf
"""PyMuPDF, which says nothing of its types."""

ROMAN, BOLD, ITALIC, SANS, SANS_BOLD = "tiro", "tibo", "tiit", "helv", "hebo"
_LEAD = 1.24  # distance of lines, in sizes
_GREY = (0.35, 0.35, 0.35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The page: its size, columns and margins, in points."""

    width: float = 595.0
    height: float = 794.0
    columns: int = 2
    margin: float = 50.0
    gap: float = 20.0
    top: float = 64.0
    size: float = 9.4

    @property
    def column(self) -> float:
        """How wide a column is."""
        return (self.width - 2 * self.margin - (self.columns - 1) * self.gap) / self.columns

    @property
    def bottom(self) -> float:
        """Where the running text ends."""
        return self.height - 58.0

    def left(self, column: int) -> float:
        """Where a column begins."""
        return self.margin + column * (self.column + self.gap)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure to set. ``pictures`` are plates, set side by side where there are several; ``place`` is
    where the caption goes: below, above, beside, overleaf (next page), none; ``wide`` spans all columns."""

    label: str = ""
    caption: str = ""
    pictures: tuple[str, ...] = ()
    place: str = "below"
    width: float = 0.0
    wide: bool = False
    bars: tuple[tuple[str, float], ...] = ()
    licence: str = ""
    why: str = ""


class Setter:
    """Sets a document from top to bottom; ``told`` is what was set."""

    def __init__(self, sheet: Sheet, *, running: str, mark: bool = False) -> None:
        self._sheet = sheet
        self._running = running
        self._mark = mark
        self._document = library.open()
        self._waiting: list[Figure] = []
        self._paragraphs: list[str] = []
        self._path: tuple[str, ...] = ()
        self._outline: list[tuple[int, str, int, float]] = []
        self._told: list[Told] = []
        self._shape = self._new_page()

    @property
    def told(self) -> tuple[Told, ...]:
        """The figures, as a reader should find them, in the order in which they were set."""
        return tuple(
            replace(one, mentions=sum(speaks_of(text, one.label) for text in self._paragraphs))
            for one in self._told
        )

    @property
    def pages(self) -> int:
        """How many pages there are so far."""
        return int(self._document.page_count)

    def title(self, title: str, *, chapter: str = "", authors: str) -> None:
        """The head of the first page, over all columns."""
        sheet = self._sheet
        y = sheet.top
        wide = sheet.width - 2 * sheet.margin
        parts = ((chapter, SANS, 10.0), (title, SANS_BOLD, 19.0), (authors, ITALIC, 10.5))
        for text, font, size in parts:
            for line in lines(text, font=font, size=size, width=wide) if text else ():
                y += size * _LEAD
                self._write(sheet.margin, y, line, font=font, size=size)
            y += 5.0 if text else 0.0
        self._y = self._above = y + 8.0
        self._outline.append((1, title, self.pages, sheet.top))
        self._path = (title,)

    def heading(self, text: str, *, level: int = 2) -> None:
        """A heading; it goes into the outline and never stands alone at the foot of a column."""
        size = 12.5 if level == 2 else 10.5
        self._need(size * 5)
        self._outline.append((level, text, self.pages, self._y + 4.0))
        self._y += 7.0 + size
        self._write(self._x, self._y, text, font=SANS_BOLD, size=size)
        self._y += 3.0
        self._path = (*self._path[: level - 1], text)

    def text(self, words: str, *, font: str = ROMAN, size: float = 0.0) -> None:
        """A paragraph, which may run on in the next column."""
        self._paragraphs.append(words.replace("\u00ad", ""))
        size = size or self._sheet.size
        for line in lines(words, font=font, size=size, width=self._sheet.column):
            self._need(size * _LEAD)
            self._y += size * _LEAD
            self._write(self._x, self._y, line, font=font, size=size)
        self._y += 4.5

    def figure(self, figure: Figure) -> None:
        """A figure here, or at the head of the next column that has room for it."""
        if figure.place == "overleaf":
            self._overleaf(figure)
        elif figure.wide or self._y + self._tall(figure) > self._sheet.bottom:
            self._waiting.append(figure)
        else:
            self._set(figure)

    def table(
        self, label: str, caption: str, rows: Sequence[Sequence[str]], *, shares: Sequence[float]
    ) -> None:
        """A ruled table with its caption above."""
        size = self._sheet.size - 1.0
        self._need(size * _LEAD * (len(rows) + 4) + 16)
        self._y += 6.0
        self._caption(label, caption, x=self._x, width=self._sheet.column)
        self._y += 4.0
        for number, row in enumerate(rows):
            self._rule(strong=number < 2)
            x = self._x
            self._y += size * _LEAD + 2.0
            for cell, share in zip(row, shares, strict=True):
                self._write(x + 3, self._y, cell, font=SANS_BOLD if not number else SANS, size=size)
                x += share * self._sheet.column
            self._y += 4.0
        self._rule(strong=True)
        self._y += 10.0

    def finish(
        self, *, title: str, author: str, day: str, subject: str = "", outline: bool = True
    ) -> bytes:
        """The document's bytes. ``day`` as in 20240115."""
        while self._waiting:
            self._next_column()
        self._shape.commit()
        if outline:
            self._document.set_toc(
                [
                    [level, text, page, {"kind": library.LINK_GOTO, "to": library.Point(0.0, y)}]
                    for level, text, page, y in self._outline
                ]
            )
        moment = f"D:{day}120000Z"
        self._document.set_metadata(
            {"title": title, "author": author, "subject": subject, "creator": "Grand Rounds demo",
             "creationDate": moment, "modDate": moment}
        )  # fmt: skip
        return bytes(self._document.tobytes(garbage=4, deflate=True, no_new_id=True))

    def leave_page(self) -> None:
        """Go on at the head of the next page."""
        number = self.pages
        while self.pages == number:
            self._next_column()

    def _new_page(self) -> Any:
        sheet = self._sheet
        page = self._document.new_page(width=sheet.width, height=sheet.height)
        self._shape = page.new_shape()
        self._column = 0
        self._y = self._above = sheet.top
        self._x = sheet.left(0)
        if self.pages > 1:
            self._write(sheet.margin + 26, 38, self._running, font=SANS, size=8.0, colour=_GREY)
            self._shape.draw_line((sheet.margin, 48), (sheet.width - sheet.margin, 48))
            self._shape.finish(color=_GREY, width=0.5)
        if self._mark:
            page.insert_image((sheet.margin, 24, sheet.margin + 20, 44), stream=plates.logo())
        self._write(
            sheet.width / 2 - 4, sheet.height - 30, str(self.pages), font=SANS, size=8.0, colour=_GREY
        )
        return self._shape

    def _next_column(self) -> None:
        if self._column + 1 < self._sheet.columns:
            self._column += 1
            self._x = self._sheet.left(self._column)
            self._y = self._above
        else:
            self._shape.commit()
            self._new_page()
            for figure in [one for one in self._waiting if one.wide]:
                self._waiting.remove(figure)
                self._set(figure, floated=True)
                self._above = self._y
        while self._waiting and not self._waiting[0].wide:
            if self._y > self._above and self._y + self._tall(self._waiting[0]) > self._sheet.bottom:
                break
            self._set(self._waiting.pop(0), floated=True)

    def _need(self, height: float) -> None:
        if self._y + height > self._sheet.bottom:
            self._next_column()

    def _span(self, figure: Figure) -> float:
        wide = self._sheet.width - 2 * self._sheet.margin
        return figure.width or (wide if figure.wide else self._sheet.column)

    def _sizes(self, figure: Figure) -> tuple[float, float, float]:
        """Width of the picture, its height, and width of the caption."""
        span = self._span(figure)
        if figure.bars:
            return span, 14.0 + 21.0 * len(figure.bars) + 24.0, self._sheet.column
        if not figure.pictures:
            return 0.0, 0.0, self._sheet.column
        if figure.place == "beside":
            return span, _height(figure.pictures, span), self._sheet.column - span - 14.0
        whole = self._sheet.width - 2 * self._sheet.margin if figure.wide else self._sheet.column
        return span, _height(figure.pictures, span), whole

    def _tall(self, figure: Figure) -> float:
        _, height, width = self._sizes(figure)
        told = len(_caption_lines(figure.label, figure.caption, size=self._sheet.size - 1.2, width=width))
        caption = told * (self._sheet.size - 1.2) * _LEAD
        return (max(height, caption) if figure.place == "beside" else height + caption) + 22.0

    def _set(self, figure: Figure, *, floated: bool = False) -> None:
        span, height, width = self._sizes(figure)
        x = self._x if not figure.wide else self._sheet.margin
        room = width if figure.place != "beside" else span
        left = x + max(room - span, 0.0) / 2
        self._y += 6.0
        caption_page = self.pages if figure.label else None
        if figure.place == "above":
            self._caption(figure.label, figure.caption, x=x, width=width)
            self._y += 5.0
        top = self._y
        box = self._picture(figure, (left, top, left + span, top + height)) if height else ()
        if figure.place == "beside":
            self._caption(figure.label, figure.caption, x=left + span + 14.0, width=width)
            self._y = max(self._y, top + height)
        else:
            self._y = top + height + (3.0 if height else 0.0)
            if figure.place == "below":
                self._caption(figure.label, figure.caption, x=x, width=width)
        self._y += 9.0
        page = self.pages if height else None
        self._say(figure, box=box, page=page, caption_page=caption_page, floated=floated)

    def _overleaf(self, figure: Figure) -> None:
        """The picture fills the rest of a page, and its caption begins the next one."""
        _, height, width = self._sizes(figure)
        while self._y + height + 8 > self._sheet.bottom:
            self._next_column()
        self._y = max(self._y + 6.0, self._sheet.bottom - height - 2)
        left = self._x + max(width - self._span(figure), 0.0) / 2
        box = self._picture(figure, (left, self._y, left + self._span(figure), self._y + height))
        page = self.pages
        self.leave_page()
        self._caption(figure.label, figure.caption, x=self._x, width=width)
        self._y += 8.0
        self._say(figure, box=box, page=page, caption_page=self.pages, floated=False)

    def _say(
        self,
        figure: Figure,
        *,
        box: tuple[float, ...],
        page: int | None,
        caption_page: int | None,
        floated: bool,
    ) -> None:
        status = "no_picture" if not box else "paired" if figure.caption else "no_caption"
        several = len(figure.pictures) > 1
        origin = "none" if not box else "vector" if figure.bars else "mixed" if several else "raster"
        self._told.append(
            Told(
                status=status,
                label=figure.label.rstrip("."),
                caption=figure.caption,
                page=page,
                caption_page=caption_page if figure.caption else None,
                box=tuple(round(edge, 1) for edge in box),
                origin=origin,
                picture=figure.pictures[0] if len(figure.pictures) == 1 else "",
                panels="".join(re.findall(r"\(([A-F])\)", figure.caption)),
                section=self._path if self._sheet.columns == 1 and not floated else (),
                licence=figure.licence,
                why=figure.why,
            )
        )

    def _picture(self, figure: Figure, box: Box) -> Box:
        if figure.bars:
            return self._bars(figure.bars, box)
        page = self._document[-1]
        x = box[0]
        for number, name in enumerate(figure.pictures):
            wide, high = plates.plate(name).size
            across = (box[3] - box[1]) * wide / high
            page.insert_image((x, box[1], x + across, box[3]), stream=plates.encoded(name))
            if len(figure.pictures) > 1:
                self._letter("ABCDEF"[number], x + 2, box[3] - 15)
            x += across + _BETWEEN
        return box[0], box[1], x - _BETWEEN, box[3]

    def _letter(self, letter: str, x: float, y: float) -> None:
        # Into a shape of its own: what the page's shape holds is drawn when the page is full.
        self._shape.draw_rect((x, y, x + 13, y + 13))
        self._shape.finish(color=None, fill=(1, 1, 1))
        self._write(x + 3, y + 10.5, letter, font=SANS_BOLD, size=10.0)

    def _bars(self, bars: Sequence[tuple[str, float]], box: Box) -> Box:
        """A bar chart of lines and rectangles, with its words and an axis."""
        x0, y0, x1, y1 = box
        foot, left = y1 - 24.0, x0 + 84.0
        most = max(value for _, value in bars)
        for number, (name, value) in enumerate(bars):
            y = y0 + 14.0 + 21.0 * number
            long = (x1 - left - 34.0) * value / most
            self._shape.draw_rect((left, y, left + long, y + 13.0))
            self._shape.finish(color=(0.1, 0.25, 0.4), fill=(0.36, 0.58, 0.76), width=0.6)
            self._write(x0 + 6.0, y + 10.0, name, font=SANS, size=7.6)
            self._write(left + long + 4.0, y + 10.0, f"{value:g}", font=SANS, size=7.6)
        self._shape.draw_line((left, y0 + 6.0), (left, foot))
        self._shape.draw_line((left, foot), (x1 - 6.0, foot))
        self._shape.finish(color=(0, 0, 0), width=0.9, closePath=False)
        self._write(left + 40.0, y1 - 9.0, "millilitres of fluid", font=SANS, size=7.6)
        self._shape.draw_rect(box)
        self._shape.finish(color=(0.5, 0.5, 0.5), width=0.5)
        return box

    def _caption(self, label: str, caption: str, *, x: float, width: float) -> None:
        size = self._sheet.size - 1.2
        for number, line in enumerate(_caption_lines(label, caption, size=size, width=width)):
            self._y += size * _LEAD
            at = x
            if not number and label:
                self._write(x, self._y, label, font=SANS_BOLD, size=size)
                at += _length(f"{label} ", SANS_BOLD, size)
            self._write(at, self._y, line, font=SANS, size=size)

    def _rule(self, *, strong: bool) -> None:
        self._shape.draw_line((self._x, self._y), (self._x + self._sheet.column, self._y))
        self._shape.finish(color=(0, 0, 0), width=0.9 if strong else 0.3)

    def _write(
        self, x: float, y: float, text: str, *, font: str, size: float, colour: tuple[float, ...] = (0.0,)
    ) -> None:
        self._shape.insert_text((x, y), text, fontname=font, fontsize=size, color=colour)


def lines(words: str, *, font: str, size: float, width: float, indent: float = 0.0) -> list[str]:
    """``words`` in lines of at most ``width``; soft hyphens are where a word may be broken."""
    made: list[str] = []
    line, room = "", width - indent
    for word in words.split():
        joined = f"{line} {word}" if line else word
        if _length(joined, font, size) <= room:
            line = joined
            continue
        start, rest = _broken(word, room=room - _length(f"{line} ", font, size), font=font, size=size)
        if line:
            made.append(f"{line} {start}".rstrip().replace("\u00ad", ""))
            line, room = rest, width
        else:
            line = word
    return [*made, line.replace("\u00ad", "")] if line else made


def _broken(word: str, *, room: float, font: str, size: float) -> tuple[str, str]:
    """As much of a word as fits, with its hyphen, and the rest; nothing and all of it where none fits."""
    parts = word.split("\u00ad")
    for count in range(len(parts) - 1, 0, -1):
        start = "".join(parts[:count]) + "-"
        if _length(start, font, size) <= room:
            return start, "\u00ad".join(parts[count:])
    return "", word


def speaks_of(text: str, label: str) -> bool:
    """Whether a paragraph refers to the figure with this label, by itself or in a list or range."""
    if not label:
        return False
    number = label.rpartition(" ")[2]
    told = re.findall(r"(?:Figures?|Figs?\.) ([\d.]*\d)(?:(?:,| and| to|-) ?([\d.]*\d))?", text)
    return any(number in pair for pair in told)


_BETWEEN = 4.0  # points between the panels of a figure


@cache
def _length(text: str, font: str, size: float) -> float:
    return float(library.get_text_length(text.replace("\u00ad", ""), fontname=font, fontsize=size))


def _height(names: Sequence[str], span: float) -> float:
    """The height at which the pictures, side by side and equally high, are ``span`` wide."""
    shapes = [plates.plate(name).size for name in names]
    return (span - _BETWEEN * (len(names) - 1)) / sum(wide / high for wide, high in shapes)


def _caption_lines(label: str, caption: str, *, size: float, width: float) -> list[str]:
    indent = _length(f"{label} ", SANS_BOLD, size) if label else 0.0
    return lines(caption, font=SANS, size=size, width=width, indent=indent)
