"""Several processes that serve one address: what one of them computes keeps no reader of another waiting.

They share nothing but the database and the listening socket, and are forked before anything runs, so each
opens connections of its own. One that ends unasked is replaced; when the first process ends, however it
does, the others end with it.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from grandrounds.workers.processors import processors

_PAUSE = 1.0  # seconds before one that ended unasked is replaced
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def default_workers() -> int:
    """Two where there are two cores, one where processes can't be forked."""
    return min(2, processors()) if hasattr(os, "fork") else 1


def run_workers(count: int, work: Callable[[], None]) -> None:
    """Run ``work`` in ``count`` processes until a signal ends this one; then they are told to end, too.

    Must be called before any thread is started.
    """
    _Crew(count, work).run()


class _Crew:
    """The processes, as the first one sees them."""

    def __init__(self, count: int, work: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._ends = False
        self._children: set[int] = set()
        self._alive, self._held = os.pipe()  # its writing end is open as long as the first process lives

    def run(self) -> None:
        before = {number: signal.signal(number, self._end) for number in _SIGNALS}
        try:
            for _ in range(self._count):
                self._hire()
            while self._children:
                self._await_one()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._held)
            os.close(self._alive)

    def _await_one(self) -> None:
        child, _ = os.wait()
        self._children.discard(child)
        if not self._ends:
            time.sleep(_PAUSE)
        if not self._ends:
            self._hire()

    def _hire(self) -> None:
        child = os.fork()
        if not child:
            self._serve()
        self._children.add(child)
        if self._ends:  # the signal came before this one was known
            _tell(child)

    def _serve(self) -> NoReturn:
        status = 1
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            os.close(self._held)
            threading.Thread(target=_end_with, args=(self._alive,), daemon=True).start()
            self._work()
            status = 0
        except KeyboardInterrupt:
            status = 0
        except BaseException:  # noqa: BLE001 - nobody else will tell of it
            traceback.print_exc()
        finally:
            os._exit(status)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._ends = True
        for child in tuple(self._children):
            _tell(child)


def _tell(child: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGTERM)


def _end_with(alive: int) -> None:
    """Wait until the first process is no more, then end at once: nobody would ever end this one."""
    os.read(alive, 1)
    os._exit(1)
