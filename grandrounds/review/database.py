"""Opening the review database: SQLite by default, PostgreSQL by URL; brought to this version on open.

Nothing of SQLAlchemy's or a driver's errors leaves this module untold: each becomes a ``ReviewError``
that names the database (never its password) and what to do.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from grandrounds.errors import MissingDependencyError, ReviewError
from grandrounds.review.migrations import HEAD, REVISIONS
from grandrounds.review.tables import VERSION_TABLE, metadata
from grandrounds.settings import without_password

# Any number will do as long as no other program uses it in the same PostgreSQL database.
_LOCK_KEY = 0x6772616E64  # "grand"
_SETTING = "GRANDROUNDS_REVIEW_URL"
_LOOK_AGAIN = 0.001  # seconds, for one writer of each process
# Made as they are needed. A server works on so many requests at once; those beyond would open a connection
# each and close it again.
_POOL = {"pool_size": 20, "max_overflow": 30}


class DatabaseError(ReviewError):
    """The database itself failed, not a rule of the review: nothing for readers to mend."""


class Database:
    """An open review database: short transactions for reading and writing, errors told in plain words."""

    def __init__(self, url: str, *, wait_seconds: float = 30.0) -> None:
        """Open ``url`` and migrate it. ``wait_seconds``: how long to wait for another writer."""
        self.shown = without_password(url)
        self.wait_seconds = wait_seconds
        self._url = _checked(url, shown=self.shown)
        self._secrets = _secrets(url, self._url)
        self._turn = Lock()
        with self.telling():
            self._engine = _engine(self._url, wait_seconds=wait_seconds)
        try:
            with self.telling():
                self._migrate()
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout."""
        with self.telling(), self._engine.connect() as connection:
            if self.dialect == "postgresql":
                # Its default lets each statement see another state.
                connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, lasting: bool = True, in_turn: bool = True) -> Iterator[Connection]:
        """A transaction that no other writer of this program runs beside; all of it lands or nothing.

        Writers take turns on both databases, so the order of ``sequence`` is the order of commit. What is
        not ``lasting`` survives the end of the program as well, but is not waited for until it is on the
        disk: a power cut may undo it, with all that is not lasting after it. Not ``in_turn`` is for what
        changes one row that no rule about others depends on: PostgreSQL has nobody else wait for it.
        """
        with self.telling(), self._first_in_line(), self._engine.connect() as connection:
            writer = connection.execution_options(
                grandrounds_writes=self.wait_seconds, grandrounds_lasting=lasting
            )
            with writer.begin():
                if self.dialect == "postgresql":
                    writer.execute(_taking_turn(self.wait_seconds, lasting=lasting, in_turn=in_turn))
                yield writer

    @contextmanager
    def _first_in_line(self) -> Iterator[None]:
        """SQLite has each writer look again and again whether the other is done: those of this process
        queue up here. PostgreSQL keeps a queue of its own, for all processes, first come, first served."""
        if self.dialect == "postgresql":
            yield
            return
        if not self._turn.acquire(timeout=self.wait_seconds):
            raise self._locked()
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Turn the errors of SQLAlchemy and the drivers into ``ReviewError``."""
        try:
            yield
        except PoolTimeout as exc:
            raise self._error("has no free connection", remedy="Try again in a moment.") from exc
        except DBAPIError as exc:
            raise self._told(exc) from exc
        except (SQLAlchemyError, sqlite3.Error) as exc:
            raise self._error(f"can't be used: {self._clean(exc)}", remedy=f"Check {_SETTING}.") from exc

    def version(self) -> str | None:
        """The revision the database is at, ``None`` before the first migration."""
        with self.reading() as connection:
            return _version(connection)

    def start_over(self, connection: Connection) -> None:
        """Inside a writing transaction, drop every table of this program and make them anew, empty: for a
        restore alone. Until the transaction is committed, everybody else sees what was there."""
        for table in reversed(metadata.sorted_tables):
            connection.execute(text(f"DROP TABLE IF EXISTS {table.name}"))
        connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))
        if self.dialect == "postgresql":
            connection.execute(text("DROP FUNCTION IF EXISTS review_events_refuse()"))
        _upgrade(connection)

    def _migrate(self) -> None:
        with self._engine.connect() as connection, connection.begin():
            if _version(connection) == HEAD:
                return
        with self.writing() as connection:
            # Looked at again: another process may have migrated while this one waited.
            found = _version(connection)
            if found == HEAD:
                return
            if found is None:
                self._refuse_foreign(connection)
            elif found not in REVISIONS:
                raise self._error(
                    f"was written by a newer version of grandrounds (schema {found}, this one knows "
                    f"up to {HEAD})",
                    remedy="Install that version or a later one; nothing was changed.",
                )
            _upgrade(connection)

    def _refuse_foreign(self, connection: Connection) -> None:
        """A PostgreSQL database may be shared with others' tables; a SQLite file is wholly ours."""
        names = inspect(connection).get_table_names()
        if self.dialect == "sqlite" and names:
            raise self._error(
                f"is a SQLite file of something else (it holds the table {names[0]!r})",
                remedy=f"Point {_SETTING} to a file of its own; nothing was changed.",
            )

    def _told(self, error: DBAPIError) -> DatabaseError:
        words = self._clean(error.orig or error)
        state = getattr(error.orig, "sqlstate", None)
        low = words.lower()
        if "locked" in low or "busy" in low or state in {"55P03", "40P01"}:
            return self._locked()
        if "not a database" in low or "malformed" in low:
            return self._error(
                "is not a SQLite database, or it is damaged",
                remedy=f"Point {_SETTING} to another file, or restore this one from a backup.",
            )
        if "unable to open" in low:
            return self._error(
                "can't be opened", remedy="Check that its folder exists, is a folder, and may be written."
            )
        if "readonly" in low or state == "42501":
            return self._error("may not be written", remedy="Give this user the right to write it.")
        if "is full" in low or state == "53100":
            return self._error("has no room: the disk is full", remedy="Free some space and run again.")
        if self._url.get_backend_name() == "postgresql" and state is None:
            return self._error(
                f"can't be reached: {words}", remedy=f"Check that the server runs, and {_SETTING}."
            )
        return self._error(f"refused: {words}", remedy="Run again; see --debug for the details.")

    def _locked(self) -> DatabaseError:
        return self._error(
            f"is locked: another program has been writing to it for {self.wait_seconds:g} s",
            remedy="Close that program (or wait for it) and run the same command again; "
            "nothing was half written.",
        )

    def _error(self, what: str, *, remedy: str) -> DatabaseError:
        return DatabaseError(f"The review database {self.shown} {what}.", remedy=remedy)

    def _clean(self, error: BaseException) -> str:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return words.rstrip(". ")


def _checked(url: str, *, shown: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not chained: SQLAlchemy's message may quote the address with its password.
        raise ReviewError(
            f"{_SETTING} is {shown!r}, which is not a database address.",
            remedy="Use sqlite:////folder/review.sqlite or postgresql://user@host/database.",
        ) from None
    backend = parsed.drivername
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if backend in {"sqlite", "sqlite+pysqlite"}:
        if not parsed.database or parsed.database == ":memory:" or parsed.query:
            raise ReviewError(
                f"The review database {shown} is not a plain file.",
                remedy="Decisions must outlive the program: use sqlite:////folder/review.sqlite.",
            )
        return parsed
    if backend == "postgresql+psycopg":
        return parsed
    raise ReviewError(
        f"The review database {shown} is of a kind that is not supported ({backend}).",
        remedy="Use SQLite (sqlite:////folder/review.sqlite) or PostgreSQL (postgresql://user@host/database).",
    )


def _secrets(given: str, url: URL) -> tuple[str, ...]:
    """Every spelling under which the password could turn up in somebody's message."""
    found = {str(url.password)} if url.password else set()
    found |= {str(value) for key, value in url.query.items() if "pass" in key.lower()}
    found |= {unquote(secret) for secret in found}
    raw = re.search(r"://[^/@:]*:(.*)@", given)
    return tuple(sorted((found | {raw.group(1) if raw else ""}) - {""}, key=len, reverse=True))


def _engine(url: URL, *, wait_seconds: float) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, wait_seconds=wait_seconds)
    try:
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10}, **_POOL)
    except (ModuleNotFoundError, NoSuchModuleError, ImportError) as exc:
        raise MissingDependencyError(
            "A review database in PostgreSQL needs the driver psycopg 3, which is not installed.",
            remedy='Install it: pip install "grandrounds[postgres]"',
        ) from exc


def _sqlite(url: URL, *, wait_seconds: float) -> Engine:
    path = Path(url.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ReviewError(
            f"The folder {path.parent} of the review database can't be made: {exc.strerror}.",
            remedy=f"Set {_SETTING} (or GRANDROUNDS_HOME) to a place you may write to.",
        ) from exc
    engine = create_engine(url, connect_args={"timeout": wait_seconds}, **_POOL)
    event.listen(engine, "connect", lambda raw, _record: _prepare(raw, wait_seconds=wait_seconds))
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(raw: sqlite3.Connection, *, wait_seconds: float) -> None:
    # The driver's own transactions begin too late and never for DDL: they are switched off.
    raw.isolation_level = None
    until = time.monotonic() + wait_seconds
    while True:
        try:
            raw.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as exc:
            # SQLite doesn't wait by itself when two connections change the mode of a new file at once.
            if "locked" not in str(exc) or time.monotonic() > until:
                raise
            time.sleep(0.02)
    for setting in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
        raw.execute(f"PRAGMA {setting}")


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    seconds = options.get("grandrounds_writes")
    if seconds is None:
        connection.exec_driver_sql("BEGIN")
        return
    raw: Any = connection.connection.dbapi_connection
    # FULL: an acknowledged decision survives a power cut too, not only a killed process.
    wanted = "FULL" if options.get("grandrounds_lasting", True) else "NORMAL"
    if connection.info.get("synchronous") != wanted:
        raw.execute(f"PRAGMA synchronous = {wanted}")
        connection.info["synchronous"] = wanted
    _await_turn(connection, raw, until=time.monotonic() + seconds)


def _await_turn(connection: Connection, raw: Any, *, until: float) -> None:
    """Begin to write, when no other process does. SQLite itself looks again after 10, 20, up to 100 ms,
    while the turns of others last a few."""
    # IMMEDIATE takes the write lock at once; a reader that turns writer half way can't be made to wait.
    (patience,) = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < until:
            try:
                raw.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as exc:
                if "locked" not in str(exc):
                    break
                time.sleep(_LOOK_AGAIN)
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # tells what is wrong
    finally:
        raw.execute(f"PRAGMA busy_timeout = {patience}")


@cache
def _taking_turn(wait_seconds: float, *, lasting: bool, in_turn: bool) -> TextClause:
    """What a writer in PostgreSQL begins with: one statement, since each is a journey to the server."""
    parts = [f"set_config('lock_timeout', '{int(wait_seconds * 1000)}ms', true)"]
    if not lasting:
        parts.append("set_config('synchronous_commit', 'off', true)")
    if in_turn:
        parts.append(f"pg_advisory_xact_lock({_LOCK_KEY})")
    return text(f"SELECT {', '.join(parts)}")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: Any = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    return None if found is None else str(found)


def _upgrade(connection: Connection, revision: str = HEAD) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
