"""A Markdown note as its blocks: headings, paragraphs, list items, rows of tables, each with its line.

Only what a note of provenance needs. What can't be told for certain goes the way that gives less: text in
fences and comments is left out, a quotation states nothing, a rule or a line that is all bold ends a
section as a heading does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

HEADING, PARAGRAPH, ITEM, QUOTE, ROW = "heading", "paragraph", "item", "quote", "row"
DEEPEST = 7
"""The level of a bold line or a rule: below every real heading."""

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\Z")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}\Z")
_BOLD = re.compile(r"\s*(\*\*|__)(?!\s)(?:(?!\1).)+\1:?\s*\Z")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+(.*)\Z")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*\Z")
_TAG_HEADING = re.compile(r"\s*<h([1-6])\b[^>]*>(.*?)(?:</h\1>)?\s*\Z", re.IGNORECASE)
_FIELD = re.compile(r"\s*(?:\*\*|__)?(?:Origin|Source|Provenance|Licen[cs]e)(?:\*\*|__)?:", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its kind, words and first line; the level of a heading, or by how many blanks an item or
    paragraph is moved in; the cells of a row by header."""

    kind: str
    text: str
    line: int
    level: int = 0
    cells: tuple[tuple[str, str], ...] = ()


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a note, in order."""
    text = _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text.lstrip("\ufeff"))
    lines = list(_outside_fences(text.splitlines()))
    position = 0
    while position < len(lines):
        number, line = lines[position]
        heading = _heading(line, number)
        if heading is not None:
            yield heading
            position += 1
        elif not line.strip():
            position += 1
        elif _is_table(lines, position):
            end = _end_of_table(lines, position)
            yield from _rows(lines[position:end])
            position = end
        else:
            end = _end_of_words(lines, position)
            yield _words(lines, position, end)
            position = end + (end < len(lines) and _underlines(lines, position, end))


def _outside_fences(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Numbered lines; those of fenced text are empty."""
    fence = ""
    for number, line in enumerate(lines, 1):
        match = _FENCE.match(line)
        if fence:
            if match and match.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            yield number, ""
        elif match:
            fence = match.group(1)
            yield number, ""
        else:
            yield number, line


def _heading(line: str, number: int) -> Block | None:
    if match := _HEADING.match(line):
        return Block(HEADING, (match.group(2) or "").strip(), number, len(match.group(1)))
    if match := _TAG_HEADING.match(line):
        return Block(HEADING, match.group(2).strip(), number, int(match.group(1)))
    if _RULE.match(line):
        return Block(HEADING, "", number, DEEPEST)
    if _BOLD.match(line):
        return Block(HEADING, line.strip().strip("*_: "), number, DEEPEST)
    return None


def _is_table(lines: list[tuple[int, str]], position: int) -> bool:
    follows = position + 1 < len(lines) and lines[position + 1][1]
    return "|" in lines[position][1] and bool(follows) and "|" in str(follows) and _delimits(str(follows))


def _delimits(line: str) -> bool:
    return _DELIMITER.match(line) is not None


def _end_of_table(lines: list[tuple[int, str]], position: int) -> int:
    while position < len(lines) and "|" in lines[position][1]:
        position += 1
    return position


def _rows(lines: list[tuple[int, str]]) -> Iterator[Block]:
    headers = _cells(lines[0][1])
    for number, line in lines[2:]:
        cells = _cells(line)
        # A row with other cells than the header can't be read for certain.
        named = tuple(zip(headers, cells, strict=True)) if len(cells) == len(headers) else ()
        yield Block(ROW, line.strip(), number, cells=named)


def _cells(line: str) -> list[str]:
    parts = [part.strip() for part in _CELL.split(line.strip())]
    if parts and not parts[0]:
        parts = parts[1:]
    if parts and not parts[-1]:
        parts = parts[:-1]
    return parts


def _end_of_words(lines: list[tuple[int, str]], position: int) -> int:
    """The line after a paragraph or an item: a blank one, or one that begins something else."""
    end = position + 1
    while end < len(lines):
        number, line = lines[end]
        if not line.strip() or _ITEM.match(line) or _UNDERLINE.match(line) or _is_table(lines, end):
            break
        if _heading(line, number) is not None or line.lstrip().startswith(">"):
            break
        # Lines of fields are one paragraph in Markdown; a line moved in below an item is still its own.
        if _FIELD.match(line) and (line[0].isspace() or not _ITEM.match(lines[position][1])):
            break
        end += 1
    return end


def _underlines(lines: list[tuple[int, str]], start: int, end: int) -> bool:
    """Whether the line at ``end`` makes a heading of the paragraph before it."""
    return _UNDERLINE.match(lines[end][1]) is not None and not _ITEM.match(lines[start][1])


def _words(lines: list[tuple[int, str]], start: int, end: int) -> Block:
    number, first = lines[start]
    inset = len(first.expandtabs(4)) - len(first.expandtabs(4).lstrip())
    text = " ".join(line.strip() for _, line in lines[start:end])
    if item := _ITEM.match(first):
        rest = " ".join(line.strip() for _, line in lines[start + 1 : end])
        return Block(ITEM, f"{item.group(1).strip()} {rest}".strip(), number, inset)
    if end < len(lines) and _underlines(lines, start, end):
        return Block(HEADING, text, number, 1 if "=" in lines[end][1] else 2)
    return Block(QUOTE if first.lstrip().startswith(">") else PARAGRAPH, text, number, inset)
