"""Cells that a spreadsheet program neither runs, nor makes dates of, nor cuts off."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_IN_A_CELL = 32_000
"""Characters; Excel keeps 32,767 and drops the rest without a word."""

# What spreadsheets take for a formula, a number, a date or a truth value. An apostrophe keeps it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_NUMBER_OR_DATE = re.compile(
    r"[\d\s.,:/%eE+-]*\d[\d\s.,:/%eE+-]*(?:[AaPp][Mm])?|true|false"
    rf"|\d{{1,4}}[-/ .]?{_MONTH}(?:[-/ .]\d{{1,4}})?|{_MONTH}[-/ .]?\d{{1,4}}(?:[-/ .,]+\d{{1,4}})?",
    re.IGNORECASE,
)
_LONGEST_NUMBER = 60  # longer ones stay text by themselves


def guarded(text: str) -> str:
    """``text`` as a cell that stays text."""
    plain = text.strip()
    risky = text.startswith((*_FORMULA, "'")) or plain.startswith(_FORMULA)
    if not risky and len(plain) <= _LONGEST_NUMBER:
        risky = _NUMBER_OR_DATE.fullmatch(plain) is not None
    return f"'{text}" if text and risky else text


def harmless(text: str) -> str:
    """``text`` as a cell that is no formula; a number or a date may be taken for one."""
    risky = text.startswith(("'", *_FORMULA)) or text.strip().startswith(_FORMULA)
    return f"'{text}" if text and risky else text


def unguarded(cell: str) -> str:
    """The text of a cell that ``guarded`` wrote, or that somebody typed."""
    return cell[1:] if cell.startswith("'") and guarded(cell[1:]) == cell else cell


def pieces(text: str) -> list[str]:
    """``text`` in pieces that fit into cells; one at least."""
    return [text[start : start + MOST_IN_A_CELL] for start in range(0, len(text), MOST_IN_A_CELL)] or [""]


def csv_row(cells: Sequence[str]) -> str:
    """One row of comma-separated values, cells guarded, without its line end."""
    return ",".join(quoted(guarded(cell)) for cell in cells)


def quoted(cell: str) -> str:
    """A cell between quotes where it needs them."""
    plain = not any(char in cell for char in ',;"\n\r\t') and cell == cell.strip()
    return cell if plain else '"' + cell.replace('"', '""') + '"'
