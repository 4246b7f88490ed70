"""Blocks of a page: lines that belong together, in reading order, and what each is.

A block breaks where a reader sees a break: a wider gap, another size or weight, an indented first line, the
label of a caption.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grandrounds.textbooks import boxes
from grandrounds.textbooks.labels import OTHER, Head, head_of
from grandrounds.textbooks.mending import has_rtl
from grandrounds.textbooks.ordering import reading_order
from grandrounds.textbooks.pages import Line, Page
from grandrounds.textbooks.typography import Look, reads_as_text
from grandrounds.textbooks.values import Box

CAPTION, TABLE_CAPTION, HEADING, BODY, SMALL = "caption", "table_caption", "heading", "body", "small"
BARRIERS = frozenset({CAPTION, TABLE_CAPTION, HEADING, BODY})
"""Blocks that part one figure from another."""

_TERMINAL = re.compile(r"[.!?:;。！？：؟…][\"'\u2019\u201d)\]\d,\-\u2013]*\s*$")
_LETTER = re.compile(r"[^\W\d_]")
_BULLET = re.compile(r"^\s*(?:[•●▪■◦‣–—\-*]\s|\(?\d{1,2}[.)]\s|[a-z][.)]\s)")
_SURE = 4
_ENOUGH = 2


@dataclass(slots=True)
class Block:
    """Lines that belong together. ``score`` says how sure a caption's head is one."""

    lines: list[Line]
    kind: str = BODY
    head: Head | None = None
    score: float = 0.0
    box: Box = boxes.EMPTY
    page: int = 0
    order: int = 0
    extra: list[Block] = field(default_factory=list)

    @property
    def size(self) -> float:
        """The size in which most of the block is set."""
        return max(self.lines, key=lambda line: len(line.text)).size

    @property
    def style(self) -> tuple[str, float, bool, bool]:
        """The style in which most of the block is set; of a caption, its words' and not its label's."""
        return max(self.lines[1:] or self.lines, key=lambda line: len(line.text)).style

    @property
    def length(self) -> int:
        """Characters."""
        return sum(len(line.text) for line in self.lines)


def blocks_of(page: Page, *, look: Look, running: Iterable[int] = ()) -> list[Block]:
    """The blocks of ``page`` in reading order, running lines left out."""
    skipped = frozenset(running)
    lines = joined_lines(line for number, line in enumerate(page.lines) if number not in skipped)
    lines.sort(key=lambda line: (line.box[1], line.box[0]))
    heads = _heads(lines, look)
    blocks: list[Block] = []
    open_blocks: list[Block] = []
    for number, line in enumerate(lines):
        head = heads.get(number)
        home = None if head else _home(open_blocks, line, look)
        if home is None:
            block = Block([line], box=line.box, page=page.number)
            if head:
                block.head, block.score = head
            blocks.append(block)
            open_blocks.append(block)
        else:
            home.lines.append(line)
            (x0, y0, x1, y1), (left, top, right, foot) = home.box, line.box
            home.box = (min(x0, left), min(y0, top), max(x1, right), max(y1, foot))
        reach = line.box[1] - 4 * max(line.size, 8)
        open_blocks = [block for block in open_blocks if block.box[3] > reach]
    for block in blocks:
        block.kind = _kind(block, look)
    ordered = [
        blocks[number]
        for number in reading_order([block.box for block in blocks], right_to_left=_is_rtl(blocks))
    ]
    for number, block in enumerate(ordered):
        block.order = number
    return ordered


def joined_lines(lines: Iterable[Line]) -> list[Line]:
    """Lines whose pieces stand apart on one baseline (wide spaces, changes of font) put together."""
    found: list[Line] = []
    for line in lines:
        if not line.text.strip():
            continue
        last = found[-1] if found else None
        if last is not None and _same_row(last, line):
            found[-1] = _together(last, line)
        else:
            found.append(line)
    return found


def ends_sentence(text: str) -> bool:
    """Whether ``text`` ends as a sentence does."""
    return bool(_TERMINAL.search(text[-12:]))


def _same_row(first: Line, second: Line) -> bool:
    if first.box[3] <= second.box[1] or first.sideways or second.sideways:
        return False
    if boxes.overlap_y(first.box, second.box) < 0.6:
        return False
    size = max(first.size, second.size)
    apart = second.box[0] - first.box[2]
    return -0.6 * size <= apart <= 1.1 * size and min(first.size, second.size) > 0.45 * size


def _together(first: Line, second: Line) -> Line:
    main = first if len(first.text) >= len(second.text) else second
    apart = second.box[0] - first.box[2]
    space = "" if apart < 0.12 * main.size or first.text.endswith(" ") else " "
    return Line(
        text=f"{first.text}{space}{second.text}",
        box=boxes.union((first.box, second.box)),
        size=main.size,
        font=main.font,
        bold=main.bold,
        italic=main.italic,
        block=first.block,
    )


def _heads(lines: Sequence[Line], look: Look) -> dict[int, tuple[Head, float]]:
    """Which lines begin a caption, and how sure that is."""
    found: dict[int, tuple[Head, float]] = {}
    for number, line in enumerate(lines):
        head = head_of(line.text)
        if head is None or head.kind == OTHER or line.sideways:
            continue
        score = _score(head, line, _above(lines, number), look)
        if score >= _ENOUGH:
            found[number] = (head, score)
    return found


def _score(head: Head, line: Line, above: Line | None, look: Look) -> float:
    score = 0.0
    words = head.words
    if head.separated:
        score += 2
    if not words:
        score += 1.5
    elif words[0].isupper() or words[0] in "([{“\"'‘" or words[0].isdigit() or not words[0].isascii():
        score += 1
    if head.sentence:
        score -= 1.5 if head.separated and words[:1] not in ",;)" else 4
    if head.plural:
        score -= 2
    if line.text.lstrip()[:1] in "([":
        score -= 3
    if not look.is_body(line):
        score += 1.5
    if above is None:
        score += 1.5
    elif above.style != line.style and abs(above.size - line.size) > 0.3:
        score += 1
    elif not ends_sentence(above.text):
        score -= 2.5
    if head.word[:1].islower() and head.word.isascii():
        score -= 2
    return score


def _above(lines: Sequence[Line], number: int) -> Line | None:
    """The line right above, set so close that both may be one paragraph."""
    line = lines[number]
    for other in reversed(lines[:number]):
        down = line.box[1] - other.box[3]
        if down > 3 * line.size:
            if other.box[1] < line.box[1] - 12 * line.size:
                break
            continue
        if -0.5 * line.size <= down <= 0.62 * line.size and boxes.overlap_x(line.box, other.box) > 0.3:
            return other
    return None


def _home(open_blocks: Sequence[Block], line: Line, look: Look) -> Block | None:
    """The block that ``line`` goes on, or ``None`` where it begins one."""
    left, top, right, _ = line.box
    size, wide = line.size, line.box[2] - line.box[0]
    best, nearest = None, math.inf
    for block in open_blocks:  # written out: it is asked for every line and every block near it
        last = block.lines[-1]
        down = top - last.box[3]
        if down >= nearest or down < -0.55 * (size if size > last.size else last.size):
            continue
        x0, _, x1, _ = block.box
        shared = (right if right < x1 else x1) - (left if left > x0 else x0)
        narrow = wide if wide < x1 - x0 else x1 - x0
        if shared <= 0 or shared < 0.35 * narrow or last.sideways != line.sideways:
            continue
        best, nearest = block, down
    return best if best is not None and _goes_on(best, line, nearest, look) else None


def _goes_on(block: Block, line: Line, down: float, look: Look) -> bool:
    last = block.lines[-1]
    size = max(line.size, last.size)
    label_alone = block.head is not None and not block.head.words and len(block.lines) == 1
    if abs(line.size - last.size) > max(0.35, 0.04 * size) and not (
        label_alone or _small_capitals(line, last)
    ):
        return False
    limit = max(0.5, look.leading + 0.25) * size
    if len(block.lines) > 1:
        before = last.box[1] - block.lines[-2].box[3]
        limit = min(limit + 0.2 * size, max(before, 0.0) + 0.3 * size)
    elif label_alone:
        limit = max(limit, 0.8 * size)
    if down > limit:
        return False
    if block.head is not None:
        return _caption_goes_on(block, line, look, label_alone=label_alone)
    return _paragraph_goes_on(block, line)


def _small_capitals(first: Line, second: Line) -> bool:
    """Whether lines differ in size only by how they begin: small capitals are larger type made smaller."""
    tall, other = boxes.height(first.box), boxes.height(second.box)
    return first.font == second.font and abs(tall - other) < 0.06 * max(tall, other)


def _caption_goes_on(block: Block, line: Line, look: Look, *, label_alone: bool) -> bool:
    first = block.lines[0]
    if label_alone:
        return not look.is_body(line) or line.block == first.block
    if look.is_body(line) and not look.is_body(block.lines[-1]) and len(block.lines) > 1:
        # a bold title may go over into words set as the body is, in the middle of a sentence
        return not ends_sentence(block.lines[-1].text) and abs(first.size - look.size) <= 0.3
    if look.is_body(line) and abs(first.size - look.size) > 0.3:
        return False
    size = line.size
    wider_left, wider_right = block.box[0] - line.box[0], line.box[2] - block.box[2]
    centered = abs((line.box[0] + line.box[2]) - (block.box[0] + block.box[2])) < size
    if centered:
        return True
    if len(block.lines) > 1 and (wider_left > 1.2 * size or wider_right > 6 * size):
        return False
    if wider_left > 3 * size:
        return False
    indented = line.box[0] - block.lines[-1].box[0] > 0.7 * size and len(block.lines) > 1
    return not (indented and line.block != first.block and ends_sentence(block.lines[-1].text))


def _paragraph_goes_on(block: Block, line: Line) -> bool:
    last = block.lines[-1]
    if line.bold != last.bold and (line.bold or all(one.bold for one in block.lines)):
        # bold words may stand at the head of a line within a paragraph
        return line.bold and not ends_sentence(last.text) and len(line.text) > 40
    size = line.size
    shift = line.box[0] - last.box[0]
    centered = abs((line.box[0] + line.box[2]) - (last.box[0] + last.box[2])) < size
    if shift > 0.7 * size and not centered and ends_sentence(last.text):
        return False
    if _BULLET.match(line.text) and (ends_sentence(last.text) or _BULLET.match(block.lines[0].text)):
        return False
    short = last.box[2] < block.box[2] - 0.25 * boxes.width(block.box)
    return not (short and ends_sentence(last.text) and len(block.lines) > 1 and line.text[:1].isupper())


def _kind(block: Block, look: Look) -> str:
    if block.head is not None:
        return CAPTION if block.head.kind == "figure" else TABLE_CAPTION
    text = " ".join(line.text for line in block.lines)
    if not _LETTER.search(text) or block.lines[0].sideways:
        return SMALL
    size = block.size
    larger = size > look.size + 0.7
    bold = all(line.bold for line in block.lines) and not look.bold
    if (
        len(block.lines) <= 3
        and len(text) < 160
        and len(text) > 2
        and (larger or bold)
        and size >= look.size - 0.4
        and not reads_as_text(text)
    ):
        return HEADING
    long = max(len(line.text) for line in block.lines)
    if look.is_body(block.lines[0]) and (len(block.lines) > 1 or long > 24):
        return BODY
    if (len(block.lines) >= 2 and long >= 40) or long >= 60:
        return BODY
    return SMALL


def _is_rtl(blocks: Sequence[Block]) -> bool:
    sample = "".join(line.text for block in blocks[:12] for line in block.lines[:4])[:800]
    if not has_rtl(sample):
        return False
    rtl = sum("\u0590" <= char <= "\u08ff" for char in sample)
    return rtl > 0.4 * max(1, sum(char.isalpha() for char in sample))
