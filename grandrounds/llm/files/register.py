"""Remembers where requests were exported to, so that their answers find them on another day.

One small file in the home, ``requests/exports.json``: a list of folders. The exports themselves say what is
in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from grandrounds.errors import RequestsError
from grandrounds.llm.files.manifest import is_export, replace_file
from grandrounds.locks import exclusive

_LOCK_SECONDS = 30.0


class Register:
    """The exports known in ``home``."""

    def __init__(self, home: Path) -> None:
        self._path = home / "requests" / "exports.json"

    def add(self, folder: Path) -> None:
        """Remember ``folder``. Raises ``RequestsError`` when the register can't be written."""
        wanted = str(folder.absolute())
        try:
            with exclusive(self._path.with_name(".lock"), what=str(self._path), wait_seconds=_LOCK_SECONDS):
                known = self._read()
                if wanted not in known:
                    replace_file(self._path, json.dumps([*known, wanted], indent=2).encode() + b"\n")
        except OSError as exc:
            raise RequestsError(f"{self._path} can't be written: {exc.strerror or exc}.") from exc

    def folders(self) -> list[Path]:
        """The exports that are still where they were, in the order in which they were written."""
        return [folder for folder in self.all() if is_export(folder)]

    def all(self) -> list[Path]:
        """All folders that were ever remembered, moved or deleted ones too."""
        return [Path(name) for name in self._read()]

    def _read(self) -> list[str]:
        try:
            names = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as exc:
            raise _damaged(self._path) from exc
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise _damaged(self._path)
        return names


def exports_beside(paths: Iterable[Path]) -> list[Path]:
    """The exports that ``paths`` are, lie in, or lie in a folder of."""
    found: dict[Path, None] = {}
    for path in paths:
        for folder in (path, path.absolute().parent, path.absolute().parent.parent):
            if is_export(folder):
                found[folder.absolute()] = None
                break
    return list(found)


def _damaged(path: Path) -> RequestsError:
    return RequestsError(
        f"{path} is damaged.",
        remedy="Delete it, and give export folders with --requests; nothing else is lost.",
    )
