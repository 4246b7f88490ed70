"""Text fields found by themselves: every string in a row, however deep, that could hold a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Shorter strings hold no eight words, in no writing.
_SHORTEST = 8
# A string so long without a space is a picture or a key, not a text.
_LONGEST_WORD = 4000
_DEEPEST = 32


def leaves(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Field and text of each string in ``row``, in order; ``choices[2].text`` is a field inside others."""
    for name, value in row.items():
        if isinstance(value, str):  # most are, and this way is quick
            if len(value) >= _SHORTEST and not _opaque(value):
                yield str(name), value
        else:
            yield from _inside(str(name), value, 0)


def _inside(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if len(value) >= _SHORTEST and not _opaque(value):
            yield name, value
    elif isinstance(value, Mapping) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _inside(f"{name}.{key}" if name else str(key), inner, depth + 1)
    elif isinstance(value, list | tuple) and depth < _DEEPEST:
        for number, inner in enumerate(value):
            yield from _inside(f"{name}[{number}]", inner, depth + 1)


def _opaque(text: str) -> bool:
    return len(text) > _LONGEST_WORD and text.isascii() and " " not in text[:_LONGEST_WORD]
