"""Printed tables: HTML-style rows and CALS rows (plain or in the OASIS namespace) as grids of cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from grandrounds.sources.formulas import local_name
from grandrounds.sources.jats_inline import Flow, words_of
from grandrounds.sources.marked_text import MarkedText

# Limits against hostile spans; the widest printed tables have some 60 columns.
_MAXIMUM_COLUMNS = 300
_MAXIMUM_CELLS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table's cells by row, spans repeated, and its rows as lines of text (spans printed once)."""

    rows: tuple[tuple[str, ...], ...]
    words: MarkedText


@dataclass(slots=True)
class _Cell:
    words: MarkedText
    column: int | None
    width: int
    height: int


def read_grid(table: Any, flow: Flow) -> Grid:
    """The grid of one ``table`` element (or of CALS ``tgroup`` elements inside it)."""
    filled: dict[tuple[int, int], MarkedText] = {}
    origins: dict[tuple[int, int], bool] = {}
    height = 0
    for number, cells in enumerate(_rows(table, flow)):
        column = 0
        for cell in cells:
            column = cell.column if cell.column is not None else column
            while (number, column) in filled:
                column += 1
            _fill(filled, origins, cell, number=number, column=column)
            column += cell.width
        height = number + 1
        if len(filled) > _MAXIMUM_CELLS:
            flow.skipped["rest of a table beyond the limit"] += 1
            break
    return _grid(filled, origins, height)


def _fill(
    filled: dict[tuple[int, int], MarkedText],
    origins: dict[tuple[int, int], bool],
    cell: _Cell,
    *,
    number: int,
    column: int,
) -> None:
    for row in range(number, number + cell.height):
        for offset in range(cell.width):
            place = (row, column + offset)
            if column + offset < _MAXIMUM_COLUMNS and place not in filled:
                filled[place] = cell.words
                origins[place] = offset == 0


def _grid(
    filled: dict[tuple[int, int], MarkedText], origins: dict[tuple[int, int], bool], height: int
) -> Grid:
    width = 1 + max((column for _, column in filled), default=-1)
    rows = []
    words = MarkedText()
    empty = MarkedText()
    for row in range(height):
        cells = [filled.get((row, column), empty) for column in range(width)]
        if not any(len(cell) for cell in cells):
            continue
        rows.append(tuple(cell.text for cell in cells))
        if len(words):
            words.add("\n")
        printed = [cell for column, cell in enumerate(cells) if origins.get((row, column), True)]
        while printed and not len(printed[-1]):
            printed.pop()
        for column, cell in enumerate(printed):
            words.add(" | " if column else "")
            words.extend(cell)
    return Grid(rows=tuple(rows), words=words.stripped())


def _rows(table: Any, flow: Flow) -> Iterable[list[_Cell]]:
    """The rows in printed order: heads, bodies, then foots of each group."""
    groups = [child for child in table if local_name(child) == "tgroup"]
    if groups:
        for group in groups:
            names, spans = _columns(group)
            for row in _elements(group, "row"):
                flow.check_time()
                yield [
                    _cals_cell(entry, names, spans, flow)
                    for entry in row
                    if local_name(entry) in ("entry", "entrytbl")
                ]
        return
    late = []
    for row in _elements(table, "tr"):
        if local_name(row.getparent()) == "tfoot":
            late.append(row)
        else:
            yield _html_row(row, flow)
    for row in late:
        yield _html_row(row, flow)


def _html_row(row: Any, flow: Flow) -> list[_Cell]:
    flow.check_time()
    return [
        _Cell(
            words_of(cell, flow),
            None,
            _number(cell.get("colspan"), 1),
            min(_number(cell.get("rowspan"), 1), 500),
        )
        for cell in row
        if local_name(cell) in ("td", "th")
    ]


def _elements(parent: Any, name: str) -> Iterable[Any]:
    """Descendants called ``name``, those inside nested tables aside."""
    for child in parent:
        tag = local_name(child)
        if tag == name:
            yield child
        elif tag in ("thead", "tbody", "tfoot"):
            yield from _elements(child, name)


def _columns(group: Any) -> tuple[dict[str, int], dict[str, tuple[str, str]]]:
    """Column positions by name, and named spans, of a CALS group."""
    names: dict[str, int] = {}
    spans: dict[str, tuple[str, str]] = {}
    position = 0
    for child in group:
        tag = local_name(child)
        if tag == "colspec":
            said = child.get("colnum", "")
            position = int(said) if said.isdigit() and int(said) <= _MAXIMUM_COLUMNS else position + 1
            names[child.get("colname", f"col{position}")] = position - 1
        elif tag == "spanspec":
            spans[child.get("spanname", "")] = (child.get("namest", ""), child.get("nameend", ""))
    return names, spans


def _cals_cell(entry: Any, names: dict[str, int], spans: dict[str, tuple[str, str]], flow: Flow) -> _Cell:
    first, last = spans.get(entry.get("spanname", ""), (entry.get("namest", ""), entry.get("nameend", "")))
    column = names.get(first or entry.get("colname", ""))
    width = 1
    if column is not None and last in names:
        width = max(1, names[last] - column + 1)
    height = min(_number(entry.get("morerows"), 0) + 1, 500)
    return _Cell(words_of(entry, flow), column, width, height)


def _number(text: str | None, default: int) -> int:
    text = (text or "").strip()
    if not text.isdecimal() or len(text) > 9:
        return default
    return max(default, min(int(text), _MAXIMUM_COLUMNS))
