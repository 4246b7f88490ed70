"""What a document's text looks like: its body type, its running heads and feet."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from grandrounds.textbooks import boxes
from grandrounds.textbooks.labels import head_of
from grandrounds.textbooks.pages import Line, Page

_DIGITS = re.compile(r"\d+|\b[ivxlc]+\b")
_NUMBER_ONLY = re.compile(
    r"^\W*(?:page|seite|página|p\.?)?\W*(?:\d{1,4}|[ivxlc]{1,7})\W*(?:(?:of|von|de|/)\W*\d{1,4})?\W*$",
    re.IGNORECASE,
)
_STOP = re.compile(r"[^\W\d_]{3,}[\])\u201d\"']?(?:[.](?=\s|$)|。)")
_LONGEST_TITLE = 220
_MOST_WORDS_IN_SENTENCE_TITLE = 12
_EDGE = 0.11
"""Share of a page's height, at its top and foot, in which running lines stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The body type of a document: size in points, font; ``leading`` is the gap between lines in ems."""

    size: float = 10.0
    font: str = ""
    bold: bool = False
    leading: float = 0.3
    width: float = 0.0

    def is_body(self, line: Line) -> bool:
        """Whether ``line`` is set as the body is: its size and font, neither bold nor italic."""
        return (
            abs(line.size - self.size) <= 0.3
            and line.font == self.font
            and line.bold == self.bold
            and not line.italic
        )


def reads_as_text(words: str) -> bool:
    """Whether words are too long for a title, or whole sentences, as those of a paragraph are."""
    if len(words) > _LONGEST_TITLE:
        return True
    sentences = len(_STOP.findall(words))
    return sentences > 1 or (sentences == 1 and len(words.split()) > _MOST_WORDS_IN_SENTENCE_TITLE)


def look_of(pages: Sequence[Page]) -> Look:
    """The body type: the style in which most characters of long lines are set."""
    sizes: Counter[float] = Counter()
    fonts: dict[float, Counter[tuple[str, bool]]] = defaultdict(Counter)
    for page in pages:
        for line in page.lines:
            if len(line.text) >= 20 and not line.sideways:
                size = round(line.size * 4) / 4
                sizes[size] += len(line.text)
                fonts[size][(line.font, line.bold)] += len(line.text)
    if not sizes:
        return Look()
    size = max(sizes, key=lambda one: (sizes[one], one))
    font, bold = max(fonts[size], key=lambda one: (fonts[size][one], one))
    gaps, widths = _gaps(pages, size, font)
    return Look(
        size=size,
        font=font,
        bold=bold,
        leading=max(-0.2, median(gaps) / size) if gaps else 0.3,
        width=median(widths) if widths else 0.0,
    )


def _gaps(pages: Sequence[Page], size: float, font: str) -> tuple[list[float], list[float]]:
    """Gaps between lines of the body that follow one another, and widths of full lines."""
    gaps: list[float] = []
    widths: list[float] = []
    step = max(1, len(pages) // 60)  # a sample is enough, and a book may have a thousand pages
    for page in pages[::step]:
        body = [line for line in page.lines if line.font == font and abs(line.size - size) <= 0.3]
        for upper, lower in pairwise(body):
            if len(upper.text) > 25:
                widths.append(boxes.width(upper.box))
            down = lower.box[1] - upper.box[3]
            if -size < down < 1.5 * size and boxes.overlap_x(upper.box, lower.box) > 0.5:
                gaps.append(down)
    return gaps, widths


def running_lines(pages: Sequence[Page]) -> dict[int, set[int]]:
    """By page number, the positions in ``page.lines`` of running heads, feet and page numbers.

    A running line stands near the edge and comes again, digits aside, on at least three pages (two in a
    short document) at about the same height.
    """
    seen: dict[tuple[str, int], set[int]] = defaultdict(set)
    edge: list[tuple[int, int, tuple[str, int], bool]] = []
    for page in pages:
        for position, line in enumerate(page.lines):
            top, foot = line.box[1] < _EDGE * page.height, line.box[3] > (1 - _EDGE) * page.height
            if not (top or foot) or len(line.text) > 160:
                continue
            text = " ".join(line.text.casefold().split())
            if head_of(line.text) is None:  # "Figure 2" and "Figure 3" at the foot of two pages are labels
                text = _DIGITS.sub("#", text)
            height = line.box[3] if top else page.height - line.box[1]
            key = (text, round(height / 6) * (1 if top else -1))
            edge.append((page.number, position, key, bool(_NUMBER_ONLY.match(line.text))))
            seen[key].add(page.number)
    needed = 2 if len(pages) <= 6 else 3
    found: dict[int, set[int]] = defaultdict(set)
    for number, position, key, is_number in edge:
        text, height = key
        pages_with = set().union(*(seen.get((text, height + shift), set()) for shift in (-1, 0, 1)))
        if len(pages_with) >= needed or is_number:
            found[number].add(position)
    return dict(found)
