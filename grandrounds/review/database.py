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
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from grandrounds.errors import MissingDependencyError, ReviewError
from grandrounds.review.migrations import HEAD, REVISIONS
from grandrounds.review.tables import VERSION_TABLE
from grandrounds.settings import without_password

# Any number will do as long as no other program uses it in the same PostgreSQL database.
_LOCK_KEY = 0x6772616E64  # "grand"
_SETTING = "GRANDROUNDS_REVIEW_URL"


class Database:
    """An open review database: short transactions for reading and writing, errors told in plain words."""

    def __init__(self, url: str, *, wait_seconds: float = 30.0) -> None:
        """Open ``url`` and migrate it. ``wait_seconds``: how long to wait for another writer."""
        self.shown = without_password(url)
        self.wait_seconds = wait_seconds
        self._url = _checked(url, shown=self.shown)
        self._secrets = _secrets(url, self._url)
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
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer of this program runs beside; all of it lands or nothing.

        Writers take turns on both databases, so the order of ``sequence`` is the order of commit.
        """
        with self.telling(), self._engine.connect() as connection:
            writer = connection.execution_options(grandrounds_writes=True)
            with writer.begin():
                self._take_turn(writer)
                yield writer

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

    def _take_turn(self, connection: Connection) -> None:
        if self.dialect == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(self.wait_seconds * 1000)}")
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})

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

    def _told(self, error: DBAPIError) -> ReviewError:
        words = self._clean(error.orig or error)
        state = getattr(error.orig, "sqlstate", None)
        low = words.lower()
        if "locked" in low or "busy" in low or state in {"55P03", "40P01"}:
            return self._error(
                f"is locked: another program has been writing to it for {self.wait_seconds:g} s",
                remedy="Close that program (or wait for it) and run the same command again; "
                "nothing was half written.",
            )
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

    def _error(self, what: str, *, remedy: str) -> ReviewError:
        return ReviewError(f"The review database {self.shown} {what}.", remedy=remedy)

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
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
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
    engine = create_engine(url, connect_args={"timeout": wait_seconds})
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
    # FULL: an acknowledged decision survives a power cut too, not only a killed process.
    for setting in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
        raw.execute(f"PRAGMA {setting}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("grandrounds_writes")
    # IMMEDIATE takes the write lock at once; a reader that turns writer half way can't be made to wait.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


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
