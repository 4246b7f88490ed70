"""A table of figures, to be shown and to be taken away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from grandrounds.review.exchange.cells import harmless, quoted

Cell: TypeAlias = str | int | float | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``name`` names it in addresses; ``columns`` are keys of the page's words as ``column.NAME``."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def as_csv(self) -> str:
        """Comma-separated, for spreadsheets: with a byte order mark, and no cell is a formula."""
        rows: Sequence[Sequence[Cell]] = [self.columns, *self.rows]
        return "\ufeff" + "".join(",".join(map(_csv, row)) + "\r\n" for row in rows)

    def as_json(self) -> str:
        """A list of objects."""
        rows = [dict(zip(self.columns, map(_plain, row), strict=True)) for row in self.rows]
        return json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _csv(cell: Cell) -> str:
    plain = _plain(cell)
    if plain is None:
        return ""
    return quoted(harmless(plain)) if isinstance(plain, str) else str(plain)


def _plain(cell: Cell) -> str | int | float | None:
    return cell.isoformat(timespec="seconds") if isinstance(cell, datetime) else cell
