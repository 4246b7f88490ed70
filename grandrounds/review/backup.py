"""The whole review database as one checked file, and back, from and to SQLite and PostgreSQL alike.

A backup sees one state of the database while others go on writing. A restore is one transaction: killed in
the middle, it leaves what was there. Sessions, invitations and failed logins are left out: restored, they
would open again what was closed since.

The file is gzip of lines of JSON: a header, for each table its name and columns and then its rows, and at
the end how many rows there are and the SHA-256 of all lines before.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import secrets
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Table, func, insert, select, text

from grandrounds.errors import ReviewError
from grandrounds.review import tables
from grandrounds.review.database import Database
from grandrounds.review.migrations import HEAD, REVISIONS

FORMAT = "grandrounds-review-backup-1"
_LEFT_OUT = frozenset({tables.sessions.name, tables.invitations.name, tables.attempts.name})
_KEPT = tuple(table for table in tables.metadata.sorted_tables if table.name not in _LEFT_OUT)
_BATCH = 500  # rows a statement
_LONGEST = 64 << 20  # bytes of a line; the largest candidate is some MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """What a backup holds: ``rows`` by table; ``schema`` is the version of the tables it was made of."""

    file: str
    schema: str
    made_at: str
    rows: dict[str, int]
    sha256: str


def back_up(database: Database, path: Path, *, now: datetime) -> BackupReport:
    """Write everything to a new file, readable by its owner alone. Raises ``ReviewError`` when it exists
    already or can't be written."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with _made(temporary) as out:
            report = _write_all(database, out, path=path, now=now)
        try:
            os.link(temporary, path)  # unlike a rename, refuses to replace
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if path.exists():
                raise FileExistsError(path) from None
            os.replace(temporary, path)
    except FileExistsError as exc:
        raise ReviewError(f"{path} exists already.", remedy="Give another name.") from exc
    except OSError as exc:
        raise ReviewError(f"{path} can't be written: {exc.strerror or exc}.") from exc
    finally:
        temporary.unlink(missing_ok=True)
    return report


def check(path: Path) -> BackupReport:
    """Read a backup to its end. Raises ``ReviewError`` when it is none, is damaged, or is too new."""
    reader = _Reader(path=path)
    for _ in reader.rows():
        pass
    return reader.report()


def restore(database: Database, path: Path, *, replace: bool = False) -> BackupReport:
    """Put a backup into ``database``. One that holds something is refused, unless ``replace``: then all of
    it, events included, becomes what the backup says.

    The file is checked whole before anything is touched. Raises ``ReviewError``.
    """
    check(path)
    with database.writing() as connection:
        full = [table.name for table in _KEPT if connection.scalar(select(func.count()).select_from(table))]
        if full and not replace:
            raise ReviewError(
                f"The review database {database.shown} is not empty (it has rows in {full[0]}).",
                remedy="Restore into an empty one, or say --replace to lose what is there.",
            )
        if full:
            database.start_over(connection)
        reader = _Reader(path=path)
        for table, batch in _batches(reader.rows()):
            connection.execute(insert(table), batch)
        report = reader.report()  # again: the file may have changed meanwhile
        _count_on(connection)
    return report


# Writing --------------------------------------------------------------------------------------------


@contextmanager
def _made(path: Path) -> Iterator[gzip.GzipFile]:
    """A new compressed file; the same rows give the same bytes."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as out:
            yield out
        raw.flush()
        os.fsync(raw.fileno())


def _write_all(database: Database, out: gzip.GzipFile, *, path: Path, now: datetime) -> BackupReport:
    digest = hashlib.sha256()
    counts: dict[str, int] = {}

    def put(value: Any) -> None:
        line = orjson.dumps(value) + b"\n"
        digest.update(line)
        out.write(line)

    made_at = now.isoformat()
    with database.reading() as connection:
        put({"format": FORMAT, "schema": HEAD, "made_at": made_at})
        for table in _KEPT:
            name = str(table.name)  # a str of SQLAlchemy's own otherwise
            put({"table": name, "columns": [str(column.name) for column in table.columns]})
            counts[name] = 0
            statement = select(table).order_by(*table.primary_key.columns)
            # Streamed: a queue of large candidates need not fit into memory.
            for row in connection.execute(statement, execution_options={"yield_per": _BATCH}):
                put([_plain(value) for value in row])
                counts[name] += 1
    found = digest.hexdigest()
    out.write(orjson.dumps({"end": {"rows": counts, "sha256": found}}) + b"\n")
    return BackupReport(file=str(path), schema=HEAD, made_at=made_at, rows=counts, sha256=found)


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value


# Reading --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Reader:
    """Goes through a backup once; ``report`` is to be had at its end."""

    path: Path
    header: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    sha256: str = ""

    def rows(self) -> Iterator[tuple[Table, dict[str, Any]]]:
        """Every row with its table. Raises ``ReviewError`` at the first thing that is wrong."""
        try:
            with gzip.open(self.path, "rb") as lines:
                yield from self._rows(lines)
        except (EOFError, zlib.error, gzip.BadGzipFile, orjson.JSONDecodeError, ValueError) as exc:
            raise self._damaged("it can't be read to its end") from exc
        except OSError as exc:
            raise ReviewError(f"{self.path} can't be read: {exc.strerror or exc}.") from exc

    def report(self) -> BackupReport:
        """What the backup holds."""
        return BackupReport(
            file=str(self.path),
            schema=self.header["schema"],
            made_at=str(self.header.get("made_at", "")),
            rows=dict(self.counts),
            sha256=self.sha256,
        )

    def _rows(self, lines: gzip.GzipFile) -> Iterator[tuple[Table, dict[str, Any]]]:
        digest = hashlib.sha256()
        table: Table = _KEPT[0]
        columns: tuple[str, ...] = ()
        first = True
        while line := lines.readline(_LONGEST + 1):
            if len(line) > _LONGEST:
                raise self._damaged("a line of it is too long")
            value = orjson.loads(line)
            if first:
                self._open(value)
                first = False
            elif isinstance(value, dict) and "end" in value:
                self._close(value["end"], digest.hexdigest(), rest=lines.read(1))
                return
            elif isinstance(value, dict):
                table, columns = self._table(value)
            else:
                if not isinstance(value, list) or len(value) != len(columns):
                    raise self._damaged(f"a row of {table.name} doesn't fit its columns")
                self.counts[table.name] += 1
                yield (
                    table,
                    {name: _typed(table, name, part) for name, part in zip(columns, value, strict=True)},
                )
            digest.update(line)
        raise self._damaged("its end is missing")

    def _open(self, value: Any) -> None:
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise ReviewError(
                f"{self.path} is no backup of a review database.",
                remedy="Give a file that `grandrounds review backup` wrote.",
            )
        if value.get("schema") not in REVISIONS:
            raise self._newer()
        self.header = value

    def _table(self, value: dict[str, Any]) -> tuple[Table, tuple[str, ...]]:
        table = next((table for table in _KEPT if table.name == value.get("table")), None)
        columns = tuple(value.get("columns", ()))
        if table is None or not set(columns) <= {column.name for column in table.columns}:
            raise self._newer()
        self.counts.setdefault(str(table.name), 0)
        return table, columns

    def _close(self, end: Any, found: str, *, rest: bytes) -> None:
        if (
            not isinstance(end, dict)
            or end.get("sha256") != found
            or end.get("rows") != self.counts
            or rest
        ):
            raise self._damaged("its checksum is another")
        self.sha256 = found

    def _damaged(self, why: str) -> ReviewError:
        return ReviewError(
            f"The backup {self.path} is damaged: {why}.",
            remedy="Take another one; nothing was changed.",
        )

    def _newer(self) -> ReviewError:
        return ReviewError(
            f"{self.path} was written by a newer version of grandrounds.",
            remedy="Restore it with that version or a later one; nothing was changed.",
        )


def _typed(table: Table, column: str, value: Any) -> Any:
    if isinstance(value, str) and isinstance(table.columns[column].type, tables.UtcTimestamp):
        return datetime.fromisoformat(value)
    return value


def _batches(
    rows: Iterator[tuple[Table, dict[str, Any]]],
) -> Iterator[tuple[Table, Sequence[dict[str, Any]]]]:
    held: Table | None = None
    batch: list[dict[str, Any]] = []
    for table, row in rows:
        if batch and (table is not held or len(batch) >= _BATCH):
            yield held if held is not None else table, batch
            batch = []
        held = table
        batch.append(row)
    if held is not None and batch:
        yield held, batch


def _count_on(connection: Connection) -> None:
    """Let the numbers of new rows follow on those restored; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in _KEPT:
        column = table.autoincrement_column
        if column is not None and column.autoincrement is True:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "  # noqa: S608
                    f"COALESCE(MAX({column.name}), 0) + 1, false) FROM {table.name}"
                )
            )
