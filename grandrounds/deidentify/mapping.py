"""The way back: which original each new path and id stands for. Kept in the house, for its owner only.

It lies beside the key in ``GRANDROUNDS_HOME``, never in the lake, and never in a release. Deleting it and
the key cuts the way back for good.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from grandrounds.errors import SettingsError
from grandrounds.locks import exclusive

FOLDER = "deidentification"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\Z")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Original:
    """What a new name stands for. ``kind``: ``path``, ``source``, ``sha256`` (of a source), ``volume``,
    ``group``, ``study``, ``series``."""

    kind: str
    new: str
    original: str


def save_map(home: Path, name: str, originals: Iterable[Original]) -> Path:
    """Add ``originals`` to the map ``name`` (a recipe's) below ``home``; rights 0600, folder 0700.

    What was there stays: a source that is gone may still be in a release. Whole or not at all, one writer
    at a time. Raises ``SettingsError`` for a name that is none, and where the file can't be written, is
    damaged or open to others.
    """
    if not _NAME.match(name):
        raise SettingsError(f"{name!r} is no name for a map.", remedy="Use letters, digits, -, _ and dots.")
    folder = home / FOLDER
    path = folder / f"{name}.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive(folder / f"{name}.lock", what=f"the map {path}", wait_seconds=60.0):
            everything = sorted({*load_map(home, name), *originals})
            _write(path, everything)
    except OSError as exc:
        raise SettingsError(
            f"The re-identification map {path} can't be written: {exc.strerror or exc}.",
            remedy="Check the folder's rights.",
        ) from exc
    return path


def load_map(home: Path, name: str) -> tuple[Original, ...]:
    """The map ``name``; empty where there is none. Raises ``SettingsError`` like ``save_map``."""
    path = home / FOLDER / f"{name}.json"
    try:
        if os.name != "nt" and path.stat().st_mode & 0o077:
            raise SettingsError(
                f"The re-identification map {path} can be read by others.", remedy=f"Run: chmod 600 {path}"
            )
        text = path.read_text(encoding="utf-8", errors="surrogatepass")
        return tuple(Original(**one) for one in json.loads(text))
    except FileNotFoundError:
        return ()
    except (ValueError, TypeError) as exc:  # its text is not shown: it names patients
        raise SettingsError(
            f"The re-identification map {path} is damaged.", remedy="Bring it back from a backup."
        ) from exc.with_traceback(None)


def _write(path: Path, everything: Iterable[Original]) -> None:
    lines = ",\n".join(json.dumps(asdict(one), sort_keys=True) for one in everything)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"[\n{lines}\n]\n" if lines else "[]\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
