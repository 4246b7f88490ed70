"""Streams with a length: what is too long to hold, and yet has progress to show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Generic, TypeVar

_Thing = TypeVar("_Thing")


class Counted(Generic[_Thing]):
    """A stream that can be begun again and knows how many things it has at most."""

    def __init__(self, begin: Callable[[], Iterator[_Thing]], most: int) -> None:
        self._begin = begin
        self._most = most

    def __iter__(self) -> Iterator[_Thing]:
        return self._begin()

    def __len__(self) -> int:
        return self._most


def length(things: Iterable[object]) -> int | None:
    """How many ``things`` there are, where that is known without reading them."""
    return len(things) if isinstance(things, Sized) else None
