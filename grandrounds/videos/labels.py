"""The labels of a clip: modality and anatomy by the words that show it to be medical, and the department
that follows.

A scheme is labelled only where those words agree on one place; where they are silent, what is said in the
clip is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from grandrounds.records.clip import ClipRow
from grandrounds.records.parts import Label

_SCHEMES = ("modality", "anatomy")
_Path = tuple[str, ...]


def labels_of(row: ClipRow, *, told: dict[str, _Path] | None = None) -> tuple[Label, ...]:
    """The labels of a clip. ``told`` are paths by scheme for where its own words are silent."""
    from grandrounds.figures.reading import labels_of as with_department

    own = {scheme: path for scheme in _SCHEMES if (path := _path(row, scheme))}
    return with_department({**(told or {}), **own})


def _path(row: ClipRow, scheme: str) -> _Path:
    words = tuple(word.partition(":")[2].strip() or word for word in row.medical)
    return _agreed(words, scheme) or _agreed((row.text,), scheme)


@lru_cache(maxsize=1024)
def _agreed(texts: tuple[str, ...], scheme: str) -> _Path:
    """The deepest place that all namings of a scheme lie on the way to; empty where they part, or none."""
    from grandrounds.figures.vocabulary import fired

    paths = {each.path for text in texts for each in fired(text, scheme) if each.asserted}
    deepest: _Path = max(sorted(paths), key=len, default=())
    return deepest if _on_the_way(paths, deepest) else ()


def _on_the_way(paths: Iterable[_Path], deepest: _Path) -> bool:
    return all(deepest[: len(path)] == path for path in paths)
