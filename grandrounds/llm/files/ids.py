"""A set of request ids that outgrows memory: a private temporary SQLite file, gone when it is closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from types import TracebackType


def scratch() -> sqlite3.Connection:
    """An empty private database: in memory while it is small, on the disk when it grows, never kept."""
    connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA cache_size = -16000")  # kibibytes
    return connection


class IdSet:
    """Which request ids were seen."""

    def __init__(self) -> None:
        self._store = scratch()
        self._store.execute("CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def __enter__(self) -> IdSet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()

    def new(self, keys: Sequence[str]) -> list[bool]:
        """For each key, whether it was never given before; from now on it was."""
        insert = "INSERT OR IGNORE INTO seen VALUES (?)"
        self._store.execute("BEGIN")
        fresh = [self._store.execute(insert, (key,)).rowcount == 1 for key in keys]
        self._store.execute("COMMIT")
        return fresh
