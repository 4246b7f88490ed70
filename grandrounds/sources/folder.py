"""Walking through a source folder: deterministic, and never outside it.

Skipped without a word: hidden files, folders of version control, temporary files of editors and
downloads. Told, each as a file that was found: links that lead outside or in circles, files and
folders that may not be read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grandrounds.errors import SourceError
from grandrounds.fingerprint import sha256_bytes

RULES_NAME = "sources.yaml"

_SKIPPED_FOLDERS = frozenset({"CVS", "__MACOSX", "__pycache__", "node_modules", "lost+found"})
_SKIPPED_FILES = frozenset({"thumbs.db", "desktop.ini", "icon\r"})
_SKIPPED_ENDINGS = ("~", ".swp", ".swo", ".tmp", ".part", ".partial", ".crdownload", ".bak")
_SKIPPED_STARTS = (".", "~$", "#")
_READ_RIGHTS = "Give this user the right to read it, or take it out of the folder."


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file of a source folder.

    ``name`` is its path inside the folder with ``/``, printable whatever bytes it has. ``trouble``
    says why it can't be read at all and ``remedy`` what to do; ``outside`` marks a link that is not
    followed. ``stamp`` (size, modification and change time in nanoseconds, inode, device) tells
    whether it changed.
    """

    name: str
    path: Path
    size: int = 0
    stamp: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    trouble: str = ""
    remedy: str = ""
    outside: bool = False

    @property
    def folder(self) -> str:
        """The folder part of ``name``; empty at the top."""
        return self.name.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a walk found: the folder, its files sorted by name, and the rules file if there is one."""

    root: Path
    files: tuple[FoundFile, ...]
    rules: Path | None


def walk(folder: Path) -> Found:
    """All files below ``folder``; a single file gives itself alone.

    Raises ``SourceError`` when there is no such folder, or it can't be opened.
    """
    try:
        kind = folder.stat().st_mode
    except (OSError, ValueError) as exc:
        raise SourceError(
            f"There is no folder of sources at {folder}.",
            remedy="Give an existing folder with --sources or GRANDROUNDS_SOURCES.",
        ) from exc
    if stat.S_ISREG(kind):
        root = folder.parent
        rules = root / RULES_NAME
        return Found(
            root=root,
            files=(_file(folder, printable(folder.name)),),
            rules=rules if rules.is_file() else None,
        )
    if not stat.S_ISDIR(kind):
        raise SourceError(f"{folder} is neither a folder nor a file.", remedy="Give a folder of sources.")
    try:
        os.scandir(folder).close()
    except OSError as exc:
        raise SourceError(f"{folder} can't be opened: {exc.strerror}.", remedy=_READ_RIGHTS) from exc
    rules = folder / RULES_NAME
    files = sorted(_distinct(_below(folder, "", folder.resolve())), key=lambda file: file.name)
    return Found(root=folder, files=tuple(files), rules=rules if rules.is_file() else None)


def printable(name: str) -> str:
    """``name`` as text that can be stored and shown: odd bytes and control characters as ``\\xNN``."""
    if name.isascii() and name.isprintable():
        return name
    text = os.fsencode(name).decode("utf-8", errors="backslashreplace")
    return "".join(
        char if char.isprintable() or char == " " else char.encode("unicode_escape").decode()
        for char in text
    )


def _below(folder: Path, prefix: str, root: Path) -> Iterator[FoundFile]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: os.fsencode(entry.name))
    except OSError as exc:
        yield FoundFile(
            name=prefix.rstrip("/") or ".",
            path=folder,
            trouble=f"The folder can't be opened: {exc.strerror or exc}.",
            remedy=_READ_RIGHTS,
        )
        return
    for entry in entries:
        name = prefix + printable(entry.name)
        path = folder / entry.name
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            is_link = entry.is_symlink()
        except OSError:
            is_folder = is_link = False
        if _skipped(entry.name, is_folder=is_folder):
            continue
        if is_link:
            yield _link(path, name, root)
        elif is_folder:
            yield from _below(path, f"{name}/", root)
        elif name != RULES_NAME:
            yield _file(path, name)


def _skipped(name: str, *, is_folder: bool) -> bool:
    if name.startswith(_SKIPPED_STARTS):
        return True
    if is_folder:
        return name in _SKIPPED_FOLDERS
    return name.casefold() in _SKIPPED_FILES or name.casefold().endswith(_SKIPPED_ENDINGS)


def _link(path: Path, name: str, root: Path) -> FoundFile:
    """A link: followed only to a file inside the folder."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return FoundFile(
            name=name,
            path=path,
            outside=True,
            trouble="The link leads nowhere or in a circle; it was not followed.",
        )
    if not target.is_relative_to(root):
        return FoundFile(
            name=name,
            path=path,
            outside=True,
            trouble="The link leads outside the source folder; it was not followed.",
        )
    if target.is_dir():
        return FoundFile(
            name=name,
            path=path,
            outside=True,
            trouble="The link leads to a folder that is read where it stands; it was not followed.",
        )
    return _file(target, name)


def _file(path: Path, name: str) -> FoundFile:
    try:
        status = path.stat()
    except OSError as exc:
        return FoundFile(
            name=name,
            path=path,
            trouble=f"The file can't be read: {exc.strerror or exc}.",
            remedy=_READ_RIGHTS,
        )
    return FoundFile(
        name=name,
        path=path,
        size=status.st_size,
        stamp=(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev),
    )


def _distinct(files: Iterator[FoundFile]) -> Iterator[FoundFile]:
    """Two names that print alike are kept apart by a hash of their bytes."""
    seen: set[str] = set()
    for file in files:
        name = file.name
        if name in seen:
            name = f"{name}#{sha256_bytes(os.fsencode(file.path))[:8]}"
        seen.add(name)
        yield file if name == file.name else replace(file, name=name)
