"""Folders in which workers hand pictures over. They are emptied as the pictures go into the lake, and what
a killed run left behind is removed by the next one: a lock that the kernel frees tells that nobody is left.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grandrounds.errors import LakeError
from grandrounds.lake import Lake
from grandrounds.lake_files import is_local

_LOCK = ".lock"
_TRIES = 5


@contextmanager
def spool_folder(lake: Lake) -> Iterator[Path]:
    """A folder of this run's own, beside the lake where that is local. Raises ``LakeError``."""
    base = _base(lake)
    try:
        base.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(base)
        folder, handle = _made(base)
    except OSError as exc:
        raise LakeError(
            f"{base} can't be written: {exc.strerror or exc}.", remedy="Check free space and rights."
        ) from exc
    try:
        yield folder
    finally:
        _removed(folder, handle)


def sweep(base: Path) -> None:
    """Remove the folders of runs that are gone."""
    for lock in base.glob(f"*{_LOCK}"):
        handle = _locked(lock)
        if handle is not None:
            _removed(lock.with_suffix(""), handle)


def _base(lake: Lake) -> Path:
    root = lake.root
    if is_local(root):
        return Path(str(root.path)) / "incoming" / "books"
    return Path(tempfile.gettempdir()) / f"grandrounds-books-{os.getuid()}"


def _made(base: Path) -> tuple[Path, int]:
    """A new folder and the lock that is held on it. The lock comes first: a folder always has one."""
    for _ in range(_TRIES):
        folder = base / f"{os.getpid()}-{secrets.token_hex(4)}"
        lock = folder.with_name(folder.name + _LOCK)
        lock.touch(mode=0o600)
        handle = _locked(lock)
        if handle is not None:
            folder.mkdir(mode=0o700)
            return folder, handle
    raise OSError("no lock could be had")


def _locked(lock: Path) -> int | None:
    """A handle that holds the lock; ``None`` while another process does, or where the file is gone."""
    try:
        handle = os.open(lock, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


def _removed(folder: Path, handle: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.with_name(folder.name + _LOCK).unlink()
    os.close(handle)
