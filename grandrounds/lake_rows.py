"""Single rows of the lake's tables, by what stands in a column: for those that serve one thing at a time.

A table is not read whole for one row. Its column is read once and remembered, and the row comes from its
group alone, which is unpacked once. When a build has replaced the table, both are read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from grandrounds.errors import LakeError
from grandrounds.lake import Lake
from grandrounds.lake_groups import Groups, Stamp

Record = TypeVar("Record")
_KEPT_ROWS = 256
_KEPT_COLUMNS = 64
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where values stand: row numbers by value, and the table's state when that was read."""

    stamp: Stamp
    rows: Mapping[str, tuple[int, ...]]


class LakeRows:
    """Finds rows of the tables of one lake. Safe to use from several threads."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._groups = Groups(lake)
        self._lock = Lock()
        self._reading = Lock()
        self._places: OrderedDict[tuple[str, str], _Places] = OrderedDict()
        self._kept: OrderedDict[tuple[str, str, str, Stamp], tuple[Any, ...]] = OrderedDict()

    def one(
        self, recipe: str, table: str, record_type: type[Record], *, column: str, value: str
    ) -> Record | None:
        """The first row of a recipe's table that has ``value`` in ``column``; ``None`` where there is none,
        or no such table."""
        found = self.all(recipe, table, record_type, column=column, value=value)
        return found[0] if found else None

    def all(
        self, recipe: str, table: str, record_type: type[Record], *, column: str, value: str
    ) -> tuple[Record, ...]:
        """All such rows, in the table's order. A recipe that is built by the week has a table for each: the
        newest that holds any such row gives them. Raises ``LakeError`` for a damaged table."""
        found = self._found(f"{recipe}/{table}", record_type, column=column, value=value)
        if found:
            return found
        for week in reversed(self._lake.tables_below(recipe, table)):
            found = self._found(f"{recipe}/{week}/{table}", record_type, column=column, value=value)
            if found:
                return found
        return ()

    def _found(self, key: str, record_type: type[Record], *, column: str, value: str) -> tuple[Record, ...]:
        for _ in range(_TRIES):
            stamp = self._stamp(key)
            if stamp is None:
                return ()
            known = (key, column, value, stamp)
            with self._lock:
                if known in self._kept:
                    self._kept.move_to_end(known)
                    return self._kept[known]
            numbers = self._column(key, column, stamp).get(value, ())
            found = self._read(key, stamp, record_type, numbers)
            # A build may have replaced the table between the two readings.
            if self._stamp(key) == stamp and all(getattr(row, column) == value for row in found):
                self._keep(known, found)
                return found
        raise LakeError(f"The table {key!r} is being written again and again.", remedy="Try again later.")

    def _stamp(self, key: str) -> Stamp | None:
        try:
            state = self._lake.table_path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            raise LakeError(f"The table {key!r} can't be read: {exc.strerror or exc}.") from exc
        return int(state.st_size), float(state.st_mtime)

    def _column(self, key: str, column: str, stamp: Stamp) -> Mapping[str, tuple[int, ...]]:
        known = self._known(key, column, stamp)
        if known is not None:
            return known
        with self._reading:  # one at a time: many who ask at once after a start read it once
            known = self._known(key, column, stamp)
            return self._read_column(key, column, stamp) if known is None else known

    def _known(self, key: str, column: str, stamp: Stamp) -> Mapping[str, tuple[int, ...]] | None:
        with self._lock:
            known = self._places.get((key, column))
        return known.rows if known is not None and known.stamp == stamp else None

    def _read_column(self, key: str, column: str, stamp: Stamp) -> Mapping[str, tuple[int, ...]]:
        rows: dict[str, tuple[int, ...]] = {}
        for number, value in enumerate(self._lake.read_table(key, columns=[column])[column].to_pylist()):
            if value is not None:
                rows[value] = (*rows.get(value, ()), number)
        with self._lock:
            self._places[key, column] = _Places(stamp=stamp, rows=rows)
            while len(self._places) > _KEPT_COLUMNS:
                self._places.popitem(last=False)
        return rows

    def _read(
        self, key: str, stamp: Stamp, record_type: type[Record], numbers: tuple[int, ...]
    ) -> tuple[Record, ...]:
        if not numbers:
            return ()
        return tuple(self._groups.rows(key, stamp, record_type, numbers))

    def _keep(self, known: tuple[str, str, str, Stamp], found: tuple[Any, ...]) -> None:
        with self._lock:
            self._kept[known] = found
            while len(self._kept) > _KEPT_ROWS:
                self._kept.popitem(last=False)
