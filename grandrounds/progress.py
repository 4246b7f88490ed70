"""Progress, told by whoever does long work to whoever shows it. Silent unless somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol


class Listener(Protocol):
    """Shows progress. ``total`` is ``None`` while it is not known."""

    def start(self, name: str) -> None:
        """A stage begins."""

    def update(self, name: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` things are finished."""

    def finish(self, name: str) -> None:
        """A stage ended, well or not."""


_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of this process to ``listener`` while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextmanager
def stage(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A stage of work; the value is called with ``(done, total)`` as things get finished."""
    for listener in _listeners:
        listener.start(name)

    def report(done: int, total: int | None) -> None:
        for listener in _listeners:
            listener.update(name, done, total)

    try:
        yield report
    finally:
        for listener in _listeners:
            listener.finish(name)
