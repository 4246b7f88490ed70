"""The ledger in PostgreSQL: for several machines that write at once.

Needs the driver psycopg 3 and a database in UTF-8. A connection that breaks is made again, so that a
restart of the server doesn't end a run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from grandrounds.errors import LedgerError, MissingDependencyError
from grandrounds.llm.ledger.faults import NEWER, postgres_error
from grandrounds.llm.ledger.migrations import HEAD, REVISIONS, VERSION_TABLE
from grandrounds.llm.ledger.rows import Row
from grandrounds.settings import without_password

try:
    import psycopg
except ImportError as exc:
    raise MissingDependencyError(
        "A ledger in PostgreSQL needs the driver psycopg 3, which is not installed.",
        remedy='Install it: pip install "grandrounds[postgres]"',
    ) from exc

T = TypeVar("T")

_CONNECT_SECONDS = 10
_PAUSE_SECONDS = 0.2  # between tries to connect again
# Any number will do as long as no other program uses it in the same database.
_LOCK = 0x6C6564676572  # "ledger"
_SHARED = f"SELECT pg_advisory_xact_lock_shared({_LOCK})"
_ALONE = f"SELECT pg_advisory_xact_lock({_LOCK})"
_TABLES = ("ledger_schemas", "ledger_requests", "ledger_answers")
#: States after which the same work may succeed: deadlock, serialisation, a server that restarts.
_AGAIN = frozenset({"40P01", "40001", "57P01", "57P02", "57P03", "53300"})

# PostgreSQL stores every character but NUL. Where one is, it becomes a mark and "0"; the mark itself
# (a private character) becomes itself and "1".
_MARK = "\U0010fffd"


class PostgresDatabase:
    """The ledger in the database at ``address`` (``postgresql://...``).

    One connection writes, one reads, each made when it is needed first. Any number of processes write
    at once; only pruning and migrating need to be alone.
    """

    def __init__(self, address: str, *, busy_seconds: float) -> None:
        self.name = without_password(address)
        self._address = address
        self._busy_seconds = busy_seconds
        self._writer = _Line(self._connect)
        self._reader = _Line(self._connect)
        with self._told("opened"):
            try:
                self._recognise()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """See ``Database``."""
        for line in (self._reader, self._writer):
            line.close()

    def read(self, work: Callable[[PostgresSession], T]) -> T:
        """See ``Database``."""
        with self._told("read"):
            return self._through(self._reader, work, before="")

    def write(self, work: Callable[[PostgresSession], T]) -> T:
        """See ``Database``."""
        with self._told("written"):
            return self._through(self._writer, work, before=_SHARED)

    def write_alone(self, work: Callable[[PostgresSession], T]) -> T:
        """See ``Database``."""
        with self._told("written"):
            return self._through(self._writer, work, before=_ALONE)

    def faults(self) -> list[str]:
        """See ``Database``. PostgreSQL looks after its pages itself."""
        return []

    def size(self) -> int:
        """See ``Database``. Tables and their indexes."""
        sums = " + ".join(f"pg_total_relation_size('{table}')" for table in _TABLES)
        return int(self.read(lambda session: session.rows(f"SELECT {sums}"))[0][0])

    def shrink(self) -> None:
        """See ``Database``. Makes room for new rows at once, for the disk as far as it comes."""
        with self._told("shrunk"), self._writer.lock:
            connection = self._writer.open()
            connection.autocommit = True
            try:
                for table in _TABLES:
                    connection.execute(f"VACUUM (ANALYZE) {table}")
            finally:
                connection.autocommit = False

    # Opening ----------------------------------------------------------------------------------

    def _connect(self) -> psycopg.Connection[Row]:
        connection = psycopg.connect(
            self._address, connect_timeout=_CONNECT_SECONDS, fallback_application_name="grandrounds"
        )
        # An answer that counts as kept is on the server's disk, whatever its default is.
        connection.execute("SET synchronous_commit = on")
        connection.execute(f"SET lock_timeout = {int(self._busy_seconds * 1000)}")
        connection.execute("SET client_encoding = 'UTF8'")
        connection.commit()
        return connection

    def _recognise(self) -> None:
        version = self._through(self._reader, _version, before="", again=False)
        if version == HEAD:
            self._refuse_without_rights()
            return
        if version is not None and version not in REVISIONS:
            raise LedgerError(
                f"The ledger {self.name} was written by a newer version of grandrounds.", remedy=NEWER
            )
        self._refuse_other_encodings()
        from grandrounds.llm.ledger.upgrade import upgrade

        upgrade("postgresql+psycopg", self._connect, begin=_ALONE)

    def _refuse_other_encodings(self) -> None:
        rows = self.read(lambda session: session.rows("SHOW server_encoding"))
        if rows[0][0] != "UTF8":
            raise LedgerError(
                f"The database of the ledger {self.name} stores {rows[0][0]}, not every character.",
                remedy="Make one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
            )

    def _refuse_without_rights(self) -> None:
        """Learn now, before anything is paid for, whether answers can be stored at all."""
        asked = "SELECT NOT pg_is_in_recovery() AND " + " AND ".join(
            f"has_table_privilege('{table}', 'INSERT')" for table in _TABLES
        )
        if not self.read(lambda session: session.rows(asked))[0][0]:
            raise LedgerError(
                f"The ledger {self.name} is read-only for this user, so answers can't be kept.",
                remedy="Give the user the rights to read and write its tables, or name the main server.",
            )

    # Work -------------------------------------------------------------------------------------

    def _through(
        self, line: _Line, work: Callable[[PostgresSession], T], *, before: str, again: bool = True
    ) -> T:
        """``work`` in a transaction; once more when the connection broke, until that took too long."""
        until = time.monotonic() + self._busy_seconds
        with line.lock:
            while True:
                try:
                    with line.open().transaction() as transaction:
                        session = PostgresSession(transaction.connection)
                        if before:
                            session.rows(before)
                        return work(session)
                except psycopg.Error as exc:
                    broken = line.broken()
                    if not again or not (broken or exc.sqlstate in _AGAIN) or time.monotonic() > until:
                        raise
                    if broken:
                        line.close()
                        time.sleep(_PAUSE_SECONDS)

    @contextmanager
    def _told(self, done: str) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as exc:
            error = postgres_error(
                exc, name=self.name, address=self._address, done=done, busy_seconds=self._busy_seconds
            )
            # Not chained: the driver's own words may hold the password.
            raise error from None


class _Line:
    """One connection, made when it is needed and again when it broke; one user at a time."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Row]]) -> None:
        self.lock = threading.Lock()
        self._connect = connect
        self._connection: psycopg.Connection[Row] | None = None

    def open(self) -> psycopg.Connection[Row]:
        """The connection."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def broken(self) -> bool:
        """Whether there is no usable connection (any more)."""
        return self._connection is None or self._connection.closed

    def close(self) -> None:
        """Close the connection; the next use makes another."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


class PostgresSession:
    """See ``Session``."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """See ``Session``."""
        cursor = self._connection.execute(_translated(statement), _stored(values))
        return [_read(row) for row in cursor]

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """See ``Session``."""
        return self._connection.execute(_translated(statement), _stored(values)).rowcount

    def change_many(self, statement: str, rows: Sequence[Row]) -> int:
        """See ``Session``."""
        if not rows:
            return 0
        with self._connection.cursor() as cursor:
            cursor.executemany(_translated(statement), [_stored(row) for row in rows])
            return cursor.rowcount

    def among(self, column: str, values: Sequence[str] | Sequence[int]) -> tuple[str, list[object]]:
        """See ``Session``."""
        return f"{column} = ANY(?)", [list(values)]


def _translated(statement: str) -> Any:
    """The statement with the driver's spelling of ``?``. None of ours holds another ``?`` or a ``%``."""
    return statement.replace("?", "%s")


def _stored(values: Sequence[object]) -> list[object]:
    return [_escaped(value) if isinstance(value, str) else value for value in values]


def _escaped(text: str) -> str:
    if "\x00" not in text and _MARK not in text:
        return text
    return text.replace(_MARK, f"{_MARK}1").replace("\x00", f"{_MARK}0")


def _read(row: Row) -> Row:
    if not any(isinstance(value, str) and _MARK in value for value in row):
        return row
    return tuple(_restored(value) if isinstance(value, str) else value for value in row)


def _restored(text: str) -> str:
    return text.replace(f"{_MARK}0", "\x00").replace(f"{_MARK}1", _MARK)


def _version(session: PostgresSession) -> str | None:
    if session.rows(f"SELECT to_regclass('{VERSION_TABLE}')")[0][0] is None:
        return None
    rows = session.rows(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
    return str(rows[0][0]) if rows else None
