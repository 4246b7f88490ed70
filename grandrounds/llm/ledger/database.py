"""What the ledger asks of a database, whatever its kind; and which kind an address means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from grandrounds.errors import LedgerError
from grandrounds.llm.ledger.rows import Row
from grandrounds.llm.ledger.sqlite import SqliteDatabase
from grandrounds.settings import without_password

T = TypeVar("T")

_EXAMPLES = "Use sqlite:////folder/ledger.sqlite or postgresql://user@host/database."


class Session(Protocol):
    """One open transaction. In every statement ``?`` stands for a value."""

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """All rows of a query, as tuples."""

    def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run one changing statement; how many rows it changed."""

    def change_many(self, statement: str, rows: Sequence[Row]) -> int:
        """Run a changing statement once for each row of values; how many rows it changed in all."""

    def among(self, column: str, values: Sequence[str] | Sequence[int]) -> tuple[str, list[object]]:
        """The condition that ``column`` is one of ``values``, and the values for its ``?``."""


class Database(Protocol):
    """An open database, brought to this version. All errors are ``LedgerError`` in plain words."""

    name: str

    def read(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a transaction that others may write beside."""

    def write(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a transaction; when this returns, what it changed is on the disk.

        ``work`` may run twice, when the connection broke on the way.
        """

    def write_alone(self, work: Callable[[Session], T]) -> T:
        """Like ``write``, while no other process writes."""

    def faults(self) -> list[str]:
        """What is wrong inside, as the database itself sees it."""

    def size(self) -> int:
        """Bytes on the disk."""

    def shrink(self) -> None:
        """Give the room of what was deleted back to the disk."""

    def close(self) -> None:
        """Close it."""


def open_database(where: str | Path, *, busy_seconds: float) -> Database:
    """The database at a path or an address. Raises ``LedgerError`` for one that can't be used."""
    path = sqlite_path(where)
    if path is not None:
        return SqliteDatabase(path, busy_seconds=busy_seconds)
    address = str(where)
    scheme, _, rest = address.partition("://")
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        from grandrounds.llm.ledger.postgresql import PostgresDatabase

        return PostgresDatabase(f"postgresql://{rest}", busy_seconds=busy_seconds)
    raise LedgerError(
        f"The ledger {without_password(address)} is of a kind that is not supported ({scheme}).",
        remedy=_EXAMPLES,
    )


def sqlite_path(where: str | Path) -> Path | None:
    """The file of a SQLite ledger; ``None`` when ``where`` is the address of another kind.

    Raises ``LedgerError`` when it is an address of SQLite that names no plain file.
    """
    if isinstance(where, Path) or "://" not in where:
        return Path(where)
    scheme, _, rest = where.partition("://")
    if scheme not in {"sqlite", "sqlite+pysqlite"}:
        return None
    path = rest.removeprefix("/")
    if not rest.startswith("/") or not path or path == ":memory:" or "?" in path:
        raise LedgerError(
            f"The ledger {where} is not a plain file.",
            remedy=f"Answers must outlive the program. {_EXAMPLES}",
        )
    return Path(path)
