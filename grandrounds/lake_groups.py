"""Groups of rows of the lake's tables, unpacked and mapped into memory: a row costs no more than itself.

A row of a Parquet table can't be had without decompressing its whole group, a thousand rows. Who serves one
row after the other would do so again and again; here a group is unpacked once, into a file that is mapped
into memory and has no name any more, so it is gone with the process.
"""

from __future__ import annotations

import os
import tempfile
from collections import OrderedDict
from dataclasses import dataclass
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any

from grandrounds.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BYTES = 2 << 30
"""Of unpacked groups at once, on the disk."""
_MOST_TABLES = 64

Stamp = tuple[int, float]


@dataclass(frozen=True, slots=True)
class _Group:
    table: pa.Table
    bytes: int


class Groups:
    """The unpacked groups of one lake's tables. Safe to use from several threads."""

    def __init__(self, lake: Lake, *, most_bytes: int = MOST_BYTES) -> None:
        self._lake = lake
        self._most = most_bytes
        self._lock = Lock()
        self._unpacking = Lock()
        self._ends: OrderedDict[tuple[str, Stamp], tuple[int, ...]] = OrderedDict()
        self._groups: OrderedDict[tuple[str, Stamp, int], _Group] = OrderedDict()
        self._bytes = 0

    def rows(self, key: str, stamp: Stamp, record_type: type[Any], numbers: tuple[int, ...]) -> list[Any]:
        """The rows at ``numbers`` (from 0, ascending) of the table in the state ``stamp``; numbers beyond
        its end give nothing. Raises like ``Lake.read_table``."""
        import pyarrow as pa

        from grandrounds.records.table import from_table

        ends = self._ends_of(key, stamp)
        found = []
        first = 0
        for place, end in enumerate(ends):
            inside = [number - first for number in numbers if first <= number < end]
            if inside:
                table = self._group(key, stamp, place)
                found.append(pa.concat_tables([table.slice(number, 1) for number in inside]))
            first = end
        return from_table(record_type, pa.concat_tables(found)) if found else []

    def _ends_of(self, key: str, stamp: Stamp) -> tuple[int, ...]:
        with self._lock:
            known = self._ends.get((key, stamp))
        if known is None:
            known = tuple(accumulate(self._lake.group_sizes(key)))
            with self._lock:
                self._ends[key, stamp] = known
                while len(self._ends) > _MOST_TABLES:
                    self._ends.popitem(last=False)
        return known

    def _group(self, key: str, stamp: Stamp, place: int) -> pa.Table:
        found = self._known(key, stamp, place)
        if found is not None:
            return found
        with self._unpacking:  # one at a time: many who need the same group at once unpack it once
            found = self._known(key, stamp, place)
            if found is not None:
                return found
            made = _mapped(self._lake.read_group(key, place))
            with self._lock:
                self._groups[key, stamp, place] = made
                self._bytes += made.bytes
                while self._bytes > self._most and len(self._groups) > 1:
                    self._bytes -= self._groups.popitem(last=False)[1].bytes
            return made.table

    def _known(self, key: str, stamp: Stamp, place: int) -> pa.Table | None:
        with self._lock:
            found = self._groups.get((key, stamp, place))
            if found is None:
                return None
            self._groups.move_to_end((key, stamp, place))
            return found.table


def _mapped(table: pa.Table) -> _Group:
    """``table`` as a mapped file; as it is where no file can be made."""
    import pyarrow as pa

    try:
        handle, path = tempfile.mkstemp(prefix="grandrounds-group-", suffix=".arrow")
        os.close(handle)
        try:
            with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
            size = os.path.getsize(path)
            mapped = pa.ipc.open_file(pa.memory_map(path)).read_all()
        finally:
            os.unlink(path)
    except OSError:
        return _Group(table, table.nbytes)
    return _Group(mapped, size)
