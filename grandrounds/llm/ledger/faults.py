"""What databases and file systems say about a ledger, in words that name it and the remedy."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from grandrounds.errors import LedgerError

if TYPE_CHECKING:
    import psycopg

MOVE_AWAY = "Put a copy in its place, or move it away and a new one is made; nothing was changed."
NEWER = "Upgrade grandrounds, or point GRANDROUNDS_LEDGER_URL elsewhere."

_MAKE_ROOM = "Make room and run again; every answer filed so far is kept."


def sqlite_error(
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
        return LedgerError(f"The disk with the ledger {path} is full.", remedy=_MAKE_ROOM)
    words = (exc.strerror or str(exc)) if isinstance(exc, OSError) else str(exc)
    return LedgerError(
        f"The ledger {path} can't be {done}: {words}.",
        remedy="Check the folder, its rights and its free space, or set GRANDROUNDS_HOME.",
    )


def postgres_error(
    exc: psycopg.Error, *, name: str, address: str, done: str, busy_seconds: float
) -> LedgerError:
    """The ``LedgerError`` for ``exc``, without the password that stands in ``address``."""
    state = exc.sqlstate or ""
    words = _without_secrets(str(exc), address)
    if state in {"55P03", "40P01"}:
        return LedgerError(
            f"The ledger {name} is locked by another program (waited {busy_seconds:g} s).",
            remedy="Wait for it (a prune, a migration) or end it, and run again.",
        )
    if state in {"42501", "25006"}:
        return LedgerError(
            f"The ledger {name} may not be written, so answers can't be kept: {words}.",
            remedy="Give this user the rights to create tables and to write them, or use another server.",
        )
    if state.startswith("53"):  # insufficient resources: disk, memory, connections
        return LedgerError(f"The server of the ledger {name} has no room: {words}.", remedy=_MAKE_ROOM)
    if not state or state.startswith(("08", "28", "3D", "57")):
        return LedgerError(
            f"The ledger {name} can't be reached: {words}.",
            remedy="Check that the server runs, and GRANDROUNDS_LEDGER_URL; what was filed is kept.",
        )
    return LedgerError(
        f"The ledger {name} can't be {done}: {words}.",
        remedy="Check that the database belongs to this program, and run again.",
    )


def _without_secrets(words: str, address: str) -> str:
    """The first line of a message. A server or driver may quote the password it was given."""
    line = (words.strip().splitlines() or ["no reason given"])[0].rstrip(". ")
    found = re.findall(r"://[^/@:]*:([^/]*)@", address) + re.findall(
        r"[?&][^=&]*pass[^=&]*=([^&]*)", address
    )
    for secret in sorted({*found, *map(unquote, found)} - {""}, key=len, reverse=True):
        line = line.replace(secret, "***")
    return line
