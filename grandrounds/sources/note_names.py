"""Whether a path that a note names is a file's: itself, a folder above it, or a glob.

Globs are matched in time proportional to pattern times name: a note may come from anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

_WILD = frozenset("*?")


def covers(path: str, name: str) -> bool:
    """Whether ``path`` is the file ``name``, a folder above it (with its slash), or a glob that matches it:
    ``*`` and ``?`` stay inside one folder, ``**`` crosses folders."""
    if not _WILD & set(path):
        return name.startswith(path) if path.endswith("/") else name == path
    return _glob((f"{path}**" if path.endswith("/") else path).split("/"), name.split("/"))


def may_cover(path: str, name: str) -> bool:
    """Whether it would at any depth: what people write of ``scan.nii`` may be about ``spine/scan.nii``."""
    if _WILD & set(path):
        return covers(path, name) or covers(f"**/{path}", name)
    return f"/{path}" in f"/{name}" if path.endswith("/") else f"/{name}".endswith(f"/{path}")


def _glob(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    reached = {0}
    for number, piece in enumerate(pattern):
        if piece == "**":
            least = min(reached, default=len(parts) + 1) + (number == len(pattern) - 1)
            reached = set(range(least, len(parts) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and _matches(piece, parts[at])}
    return len(parts) in reached


def _matches(piece: str, part: str) -> bool:
    """One folder's or file's name against one piece of a glob, going back to the last star only."""
    at = position = 0
    star, mark = -1, 0
    while position < len(part):
        if at < len(piece) and piece[at] == "*":
            star, mark, at = at, position, at + 1
        elif at < len(piece) and piece[at] in ("?", part[position]):
            at, position = at + 1, position + 1
        elif star >= 0:
            mark += 1
            at, position = star + 1, mark
        else:
            return False
    return piece[at:].strip("*") == ""
