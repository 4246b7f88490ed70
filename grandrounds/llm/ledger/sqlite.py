"""The ledger in a SQLite file: write-ahead logging, every commit synced, one writer at a time.

Keep the file on a local disk: SQLite's write-ahead log does not work over network file systems.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

from grandrounds.errors import LedgerError
from grandrounds.llm.ledger.faults import MOVE_AWAY, NEWER, sqlite_error
from grandrounds.llm.ledger.migrations import APPLICATION_ID, HEAD, REVISIONS, USER_VERSION, VERSION_TABLE
from grandrounds.llm.ledger.rows import Row

T = TypeVar("T")

_MAGIC = b"SQLite format 3\x00"
_ENDINGS = ("", "-wal", "-shm", "-journal")
_CACHE_KIB = 16_000  # holds the upper levels of the indexes of a million answers
_PAGES_A_CHECKPOINT = 4_000  # 16 MB; a checkpoint syncs the file, so not after every few commits
_LARGEST_LOG = 64_000_000  # bytes that the log keeps after something large, such as a takeover


class SqliteDatabase:
    """The ledger file at ``path``, made when it is absent.

    One connection writes, one reads; both may be used from any thread. A file that is locked for longer
    than ``busy_seconds``, damaged, foreign, read-only or on a full disk is a ``LedgerError``; a damaged
    file is never replaced.
    """

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        self.path = path
        self.name = str(path)
        self._busy_seconds = busy_seconds
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        with self._told("opened"):
            self._create_if_absent()
            self._refuse_other_files()
            self._writer = self._connect()
            try:
                self._recognise()
                self._reader = self._connect()
            except BaseException:
                self._writer.close()
                raise

    def close(self) -> None:
        """See ``Database``. Waits for what is being read or written: closed underneath, SQLite crashes."""
        with self._writing, self._reading:
            for connection in (self._reader, self._writer):
                with suppress(sqlite3.Error):
                    connection.close()

    def read(self, work: Callable[[SqliteSession], T]) -> T:
        """See ``Database``."""
        with self._reading, self._told("read"), _transaction(self._reader, "BEGIN"):
            return work(SqliteSession(self._reader))

    def write(self, work: Callable[[SqliteSession], T]) -> T:
        """See ``Database``."""
        with self._writing, self._told("written"), _transaction(self._writer, "BEGIN IMMEDIATE"):
            return work(SqliteSession(self._writer))

    def write_alone(self, work: Callable[[SqliteSession], T]) -> T:
        """See ``Database``. SQLite has one writer at a time anyhow."""
        return self.write(work)

    def faults(self) -> list[str]:
        """See ``Database``. Reads the whole file."""
        with self._reading, self._told("checked"):
            rows = self._reader.execute("PRAGMA quick_check(20)").fetchall()
        return [row[0] for row in rows if row[0] != "ok"]

    def size(self) -> int:
        """See ``Database``. The files that belong to the log count too."""
        files = [self.path.with_name(self.path.name + ending) for ending in _ENDINGS]
        return sum(file.stat().st_size for file in files if file.exists())

    def shrink(self) -> None:
        """See ``Database``. Needs as much free room as the file takes, and no other user of the file."""
        with self._writing, self._reading, self._told("shrunk"):
            self._writer.execute("VACUUM")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # Opening ----------------------------------------------------------------------------------

    def _create_if_absent(self) -> None:
        """A new ledger appears whole: made under another name, then linked to its own."""
        if self.path.exists():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            with temporary.open("xb") as handle:
                handle.write(_empty())
                handle.flush()
                os.fsync(handle.fileno())
            connection = sqlite3.connect(temporary, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            finally:
                connection.close()
            _name(temporary, self.path)
        finally:
            for ending in _ENDINGS:
                temporary.with_name(temporary.name + ending).unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        # FULL: an answer that counts as kept survives a power cut too, not only a killed process.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_A_CHECKPOINT}")
        connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_LOG}")
        return connection

    def _refuse_other_files(self) -> None:
        """SQLite takes an empty or tiny file for a new database and writes over it; we don't."""
        with self.path.open("rb") as handle:
            head = handle.read(len(_MAGIC))
        if head != _MAGIC:
            state = "not a database" if head else "empty, it was cut off"
            raise LedgerError(f"The ledger {self.path} is damaged ({state}).", remedy=MOVE_AWAY)

    def _recognise(self) -> None:
        mark = self._writer.execute("PRAGMA application_id").fetchone()[0]
        if mark != APPLICATION_ID:
            raise LedgerError(
                f"{self.path} is a SQLite database, but not a ledger of this program.",
                remedy="Point GRANDROUNDS_LEDGER_URL to another file, or move that one away.",
            )
        version = self._version()
        if version is not None and version not in REVISIONS:
            raise LedgerError(
                f"The ledger {self.path} was written by a newer version of grandrounds.", remedy=NEWER
            )
        # Learn now, before anything is paid for, whether answers can be stored at all.
        with _transaction(self._writer, "BEGIN IMMEDIATE"):
            pass
        if version != HEAD:
            _upgrade(self._connect)

    def _version(self) -> str | None:
        """The version of the tables; ``None`` for those made before Alembic kept it."""
        user_version = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if user_version > USER_VERSION:
            return f"user_version {user_version}"
        if user_version < USER_VERSION:
            return None
        row = self._writer.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
        return str(row[0]) if row else None

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            raise sqlite_error(exc, path=self.path, done=done, busy_seconds=self._busy_seconds) from exc


class SqliteSession:
    """See ``Session``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """See ``Session``."""
        return self._connection.execute(statement, values).fetchall()

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """See ``Session``."""
        return self._connection.execute(statement, values).rowcount

    def change_many(self, statement: str, rows: Sequence[Row]) -> int:
        """See ``Session``."""
        return self._connection.executemany(statement, rows).rowcount if rows else 0

    def among(self, column: str, values: Sequence[str] | Sequence[int]) -> tuple[str, list[object]]:
        """See ``Session``. One value whatever their number: SQLite limits how many a statement has."""
        return f"{column} IN (SELECT value FROM json_each(?))", [json.dumps(values)]  # noqa: S608


def _upgrade(connect: Callable[[], sqlite3.Connection]) -> None:
    from grandrounds.llm.ledger.upgrade import upgrade

    upgrade("sqlite", connect, begin="BEGIN IMMEDIATE")


@cache
def _empty() -> bytes:
    """The bytes of an empty ledger: Alembic runs once a process, however many ledgers it makes."""

    def connect() -> sqlite3.Connection:
        address = "file:grandrounds-empty-ledger?mode=memory&cache=shared"
        return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)

    with closing(connect()) as connection:  # what is in memory lives as long as one connection
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _upgrade(connect)
        return connection.serialize()


def _name(temporary: Path, path: Path) -> None:
    """Give a finished file its name, unless another process was faster."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not path.exists():
            os.replace(temporary, path)


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
