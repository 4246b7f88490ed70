"""Where in the document a figure stands: titles of chapter and sections, outermost first."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from grandrounds.textbooks import boxes
from grandrounds.textbooks.labels import head_of
from grandrounds.textbooks.layout import Block
from grandrounds.textbooks.mending import clean
from grandrounds.textbooks.pages import Line, Page
from grandrounds.textbooks.typography import Look, reads_as_text

_CHAPTER = re.compile(
    r"^(?:chapter|kapitel|chapitre|cap[ií]tulo|capitolo|hoofdstuk|rozdział|глава|unit|part)\s+(?:\d+|[IVXLC]+)\b|^第.{1,4}[章节]",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_NO_LETTERS = re.compile(r"[\W_]+")
_LONGEST_BLOCK = 300
_NUMBER_BEFORE = 6
_DEEPEST = 6
_MOST_ON_PAGE = 12
_Rough = tuple[tuple[float, bool], str, int, float, float]
"""Style, words, page, and place (``y``, ``x``) of what may be a heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A title: its level (1 is the outermost) and where it stands: ``x``, ``y`` in points.

    ``y`` is ``None`` where only the page is known, as in many outlines; ``x`` where no column is.
    """

    level: int
    title: str
    page: int
    y: float | None
    x: float | None = None


class Sections:
    """Answers which titles a place in the document stands under.

    Places are those of the reading order, so that a heading in the right column does not stand above a
    figure in the left one. ``blocks_on`` gives a page's blocks in that order.
    """

    def __init__(self, headings: Sequence[Heading], blocks_on: Callable[[int], Sequence[Block]]) -> None:
        self._headings = sorted(headings, key=lambda one: one.page)  # within a page as they were told
        self._pages = [one.page for one in self._headings]
        self._blocks_on = blocks_on
        self._ordered: set[int] = set()
        self._places: dict[int, float] = {}

    def path(self, page: int, place: float) -> tuple[str, ...]:
        """The titles above the block that is number ``place`` of ``page``, outermost first."""
        number = self._order(page)
        while number >= 0 and self._pages[number] == page and self._places[number] >= place:
            number -= 1
        path: list[str] = []
        level = _DEEPEST + 1
        while number >= 0 and level > 1:
            if self._pages[number] != page:
                self._order(self._pages[number])
            heading = self._headings[number]
            if heading.level < level:
                path.append(heading.title)
                level = heading.level
            number -= 1
        return tuple(reversed(path))

    def _order(self, page: int) -> int:
        """Put the headings of a page in reading order; the number of the last one on it or before it."""
        start, end = bisect_left(self._pages, page), bisect_right(self._pages, page)
        if start < end and page not in self._ordered:
            self._ordered.add(page)
            blocks = [(block, _said(block)) for block in self._blocks_on(page)]
            some: list[tuple[float, int, Heading]] = []
            for number, heading in enumerate(self._headings[start:end]):
                # a title that is not found stands where the one before it does, as outlines are in order
                least = some[-1][0] if some else -1.0
                some.append((_place_of(heading, blocks, least), number, heading))
            some.sort(key=lambda one: one[:2])
            for number, (place, _, heading) in enumerate(some, start):
                self._headings[number] = heading
                self._places[number] = place
        return end - 1


def _place_of(heading: Heading, blocks: Sequence[tuple[Block, str]], least: float) -> float:
    """The number, in reading order, of the block that is the heading: by its words, else by its place."""
    words = _plain(heading.title)
    same = [block for block, said in blocks if said and _says(said, words)]
    if same:
        found = min(same, key=lambda block: (_away(heading, block), block.order <= least, block.order))
        return float(found.order)
    if heading.y is None:
        return least
    below = [
        block.order
        for block, _ in blocks
        if block.box[3] > heading.y + 1 and (heading.x is None or block.box[2] > heading.x)
    ]
    return min(below, default=len(blocks)) - 0.25


def _away(heading: Heading, block: Block) -> float:
    """How far a block stands from where the heading is said to be, in steps of some lines."""
    return 0.0 if heading.y is None else abs(block.box[1] - heading.y) // 40


def _said(block: Block) -> str:
    """The letters and digits of a block that may be a title, of a long one its first line's; else empty."""
    if block.head is not None:
        return ""
    lines = block.lines[:1] if block.length > _LONGEST_BLOCK else block.lines
    return _plain("".join([line.text for line in lines]))


def _says(said: str, words: str) -> bool:
    """Whether a block says a title, and but a number or so before it."""
    return said.endswith(words) and len(said) <= len(words) + _NUMBER_BEFORE


def _plain(text: str) -> str:
    return _NO_LETTERS.sub("", text.casefold())


def chapter_of(path: Sequence[str], *, is_book: bool) -> str:
    """The chapter among the titles of a path: the one that says so, else the outermost of a book."""
    for title in path:
        if _CHAPTER.match(title):
            return title
    return path[0] if is_book and path else ""


def from_typography(pages: Sequence[Page], look: Look, running: Mapping[int, set[int]]) -> list[Heading]:
    """Headings by look: larger than the body, or bold on a line of their own."""
    rough: list[_Rough] = []
    for page in pages:
        skipped = running.get(page.number, set())
        found: list[_Rough] = []
        last: Line | None = None
        for number, line in enumerate(page.lines):
            larger = line.size > look.size + 0.9
            if (
                not (larger or (line.bold and not look.bold and line.size > look.size - 0.3))
                or number in skipped
            ):
                continue
            text = clean(line.text)
            if line.sideways or len(text) > 140 or not _LETTERS.search(text) or head_of(text):
                continue
            if not larger and _runs_on(page.lines, number, look):
                continue
            style = (round(line.size * 2) / 2, line.bold)
            if last is not None and found and found[-1][0] == style and _continues(last, line):
                found[-1] = (style, f"{found[-1][1]} {text}", *found[-1][2:])
            else:
                found.append((style, text, page.number, line.box[1], line.box[0]))
            last = line
        if len(found) <= _MOST_ON_PAGE:
            rough += found
    return _levelled(rough, len(pages))


def _runs_on(lines: Sequence[Line], number: int, look: Look) -> bool:
    """A bold line that text goes on beside, or that ends like a sentence, is no heading."""
    line = lines[number]
    for other in lines[max(0, number - 2) : number + 3]:
        if other is not line and boxes.overlap_y(line.box, other.box) > 0.6:
            apart = boxes.gap_x(line.box, other.box)
            if apart < 1.5 * look.size:
                return True
    return line.text.rstrip().endswith((",", ";")) or len(line.text) > 90


def _continues(upper: Line, lower: Line) -> bool:
    return (
        -2 < lower.box[1] - upper.box[3] < 0.8 * lower.size and boxes.overlap_x(upper.box, lower.box) > 0.2
    )


def _without_prose(rough: Sequence[_Rough]) -> list[_Rough]:
    """What is left when paragraphs are taken out, and any style that is used for paragraphs in the main.

    In a short document the captions may hold more words than the text, which then looks large.
    """
    told: Counter[tuple[float, bool]] = Counter()
    in_prose: Counter[tuple[float, bool]] = Counter()
    for style, words, *_ in rough:
        told[style] += len(words)
        in_prose[style] += len(words) if reads_as_text(words) else 0
    return [one for one in rough if not reads_as_text(one[1]) and in_prose[one[0]] * 2 <= told[one[0]]]


def _levelled(rough: Sequence[_Rough], pages: int) -> list[Heading]:
    """Levels by size and weight; numbers before the titles ("2.1") decide among equals."""
    rough = _without_prose(rough)
    counts = Counter(style for style, *_ in rough)
    styles = sorted(counts, reverse=True)
    if styles and counts[styles[0]] == 1 and pages <= 60 and len(styles) > 1:
        title = styles[0]  # the title of an article
        rough = [one for one in rough if one[0] != title]
        styles = styles[1:]
    level_of = {style: min(number + 1, _DEEPEST) for number, style in enumerate(styles)}
    headings = []
    for style, words, page, y, x in rough:
        match = _NUMBERED.match(words)
        deeper = match.group("number").count(".") if match and "." in match.group("number") else 0
        headings.append(
            Heading(level=min(level_of[style] + deeper, _DEEPEST), title=words[:200], page=page, y=y, x=x)
        )
    return headings
