"""Progress, told by whoever does long work to whoever shows it. Silent unless somebody listens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol


class Listener(Protocol):
    """Shows progress. ``total`` is ``None`` while it is not known."""

    def start(self, name: str) -> None:
        """A stage begins."""

    def update(self, name: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` things are finished."""

    def note(self, name: str, words: str) -> None:
        """What else there is to say of the stage now, in a few words: a rate, a cost, the time left."""

    def finish(self, name: str) -> None:
        """A stage ended, well or not."""


class Report:
    """Tells how far one stage is: call it with ``(done, total)`` as things get finished."""

    def __init__(self, name: str, listeners: Sequence[Listener]) -> None:
        self._name = name
        self._listeners = listeners

    def __call__(self, done: int, total: int | None) -> None:
        """``done`` of ``total`` things are finished."""
        for listener in self._listeners:
            listener.update(self._name, done, total)

    def note(self, words: str) -> None:
        """Say more beside the numbers; replaces what was said before."""
        for listener in self._listeners:
            listener.note(self._name, words)


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
def stage(name: str) -> Iterator[Report]:
    """A stage of work; the value is called with ``(done, total)`` as things get finished."""
    listeners = tuple(_listeners)
    for listener in listeners:
        listener.start(name)
    try:
        yield Report(name, listeners)
    finally:
        for listener in listeners:
            listener.finish(name)
