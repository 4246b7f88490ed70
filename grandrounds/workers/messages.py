"""What may go over a pipe as JSON: text that can be written, numbers that are some, paths of any bytes."""

from __future__ import annotations

import os
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

Value = TypeVar("Value")


def spelt(path: str) -> str:
    """A path byte by byte: not every file system's name is text."""
    return os.fsencode(path).decode("latin-1")


def unspelt(name: str) -> str:
    """The path that ``spelt`` spelt."""
    return os.fsdecode(name.encode("latin-1"))


def sound(value: Value) -> Value:
    """``value`` with text that can be written: half characters (a broken file may give some) become ``?``,
    so that spans keep their places; numbers that are none become 0."""
    changed: Any = value
    if isinstance(value, str):
        if not value.isascii():
            changed = value.encode("utf-8", errors="replace").decode("utf-8")
        changed = changed.replace("\0", "?")
    elif isinstance(value, float):
        changed = value if value - value == 0 else 0.0
    elif isinstance(value, tuple):
        changed = tuple(map(sound, value))
    elif is_dataclass(value) and not isinstance(value, type):
        made = {one.name: getattr(value, one.name) for one in fields(value)}
        changed = replace(value, **{name: sound(inner) for name, inner in made.items()})
    found: Value = changed
    return found
