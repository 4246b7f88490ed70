"""Where in the document a figure stands: titles of chapter and sections, outermost first."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grandrounds.textbooks import boxes
from grandrounds.textbooks.labels import head_of
from grandrounds.textbooks.mending import clean
from grandrounds.textbooks.pages import Line, Page
from grandrounds.textbooks.typography import Look

_CHAPTER = re.compile(
    r"^(?:chapter|kapitel|chapitre|cap[ií]tulo|capitolo|hoofdstuk|rozdział|глава|unit|part)\s+(?:\d+|[IVXLC]+)\b|^第.{1,4}[章节]",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+\S")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_DEEPEST = 6
_MOST_ON_PAGE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A title: its level (1 is the outermost) and where it stands; ``y`` in points from the top."""

    level: int
    title: str
    page: int
    y: float


class Sections:
    """Answers which titles a place in the document stands under."""

    def __init__(self, headings: Sequence[Heading]) -> None:
        self._headings = sorted(headings, key=lambda one: (one.page, one.y))
        self._places = [(one.page, one.y) for one in self._headings]

    def path(self, page: int, y: float) -> tuple[str, ...]:
        """The titles above a place, outermost first."""
        number = bisect_right(self._places, (page, y)) - 1
        path: list[str] = []
        level = _DEEPEST + 1
        while number >= 0 and level > 1:
            heading = self._headings[number]
            if heading.level < level:
                path.append(heading.title)
                level = heading.level
            number -= 1
        return tuple(reversed(path))


def chapter_of(path: Sequence[str], *, is_book: bool) -> str:
    """The chapter among the titles of a path: the one that says so, else the outermost of a book."""
    for title in path:
        if _CHAPTER.match(title):
            return title
    return path[0] if is_book and path else ""


def from_typography(pages: Sequence[Page], look: Look, running: Mapping[int, set[int]]) -> list[Heading]:
    """Headings by look: larger than the body, or bold on a line of their own."""
    rough: list[tuple[tuple[float, bool], str, int, float]] = []
    for page in pages:
        skipped = running.get(page.number, set())
        found: list[tuple[tuple[float, bool], str, int, float]] = []
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
                found[-1] = (style, f"{found[-1][1]} {text}", page.number, found[-1][3])
            else:
                found.append((style, text, page.number, line.box[1]))
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


def _levelled(rough: Sequence[tuple[tuple[float, bool], str, int, float]], pages: int) -> list[Heading]:
    """Levels by size and weight; numbers before the titles ("2.1") decide among equals."""
    counts = Counter(style for style, *_ in rough)
    styles = sorted(counts, reverse=True)
    if styles and counts[styles[0]] == 1 and pages <= 60 and len(styles) > 1:
        title = styles[0]  # the title of an article
        rough = [one for one in rough if one[0] != title]
        styles = styles[1:]
    level_of = {style: min(number + 1, _DEEPEST) for number, style in enumerate(styles)}
    headings = []
    for style, words, page, y in rough:
        match = _NUMBERED.match(words)
        deeper = match.group("number").count(".") if match and "." in match.group("number") else 0
        headings.append(
            Heading(level=min(level_of[style] + deeper, _DEEPEST), title=words[:200], page=page, y=y)
        )
    return headings
