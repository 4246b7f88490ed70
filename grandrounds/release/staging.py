"""Folders that nobody sees until they are whole: made beside their place under a hidden name, then renamed.

What a killed process leaves is a hidden folder; the next one that holds the lock removes it.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staging(place: Path, *, mark: str) -> Iterator[Path]:
    """A new hidden folder beside ``place``, whose name begins with ``mark``; gone when the block ends."""
    staged = place.parent / f"{mark}{place.name}-{os.getpid()}-{secrets.token_hex(4)}"
    staged.mkdir()
    try:
        yield staged
    finally:
        # Gone already when it was renamed.
        shutil.rmtree(staged, ignore_errors=True)


def remove_leftovers(folder: Path, *, mark: str) -> None:
    """Remove what killed processes left. Only the holder of the lock calls this, so none is alive."""
    for path in folder.glob(f"{mark}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def rename_into(staged: Path, place: Path) -> None:
    """Make every file of ``staged`` read-only, bring all of it to the disk, and give it its name.

    A folder is renamed onto nothing: were the place taken, this would fail and not overwrite.
    """
    for path in sorted(staged.rglob("*")):
        if path.is_file():
            path.chmod(0o444)
        _sync(path)
    _sync(staged)
    os.rename(staged, place)
    _sync(place.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
