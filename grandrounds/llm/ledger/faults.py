"""What SQLite and the file system say about a ledger, in words that name the file and the remedy."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from grandrounds.errors import LedgerError

MOVE_AWAY = "Put a copy in its place, or move it away and a new one is made; nothing was changed."


def ledger_error(
    exc: sqlite3.Error | OSError, *, path: Path, done: str, busy_seconds: float
) -> LedgerError:
    """The ``LedgerError`` for ``exc``; ``done`` says what could not be done (opened, read, written)."""
    name = getattr(exc, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerError(
            f"The ledger {path} is locked by another process (waited {busy_seconds:g} s).",
            remedy="Close the program that holds it (a database browser, a run that hangs) and run again.",
        )
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return LedgerError(f"The ledger {path} is damaged: {exc}.", remedy=MOVE_AWAY)
    if name.startswith("SQLITE_READONLY"):
        return LedgerError(
            f"The ledger {path} is read-only, so answers can't be kept.",
            remedy="Give this user the right to write the file and its folder, or set GRANDROUNDS_HOME.",
        )
    if name.startswith("SQLITE_FULL"):
        return LedgerError(
            f"The disk with the ledger {path} is full.",
            remedy="Make room and run again; every answer filed so far is kept.",
        )
    return LedgerError(
        f"The ledger {path} can't be {done}: {_words(exc)}.",
        remedy="Check the folder, its rights and its free space, or set GRANDROUNDS_HOME.",
    )


def _words(exc: sqlite3.Error | OSError) -> str:
    return (exc.strerror or str(exc)) if isinstance(exc, OSError) else str(exc)
