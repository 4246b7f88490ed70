"""The thread in which a run has its event loop, and how it is brought to its end."""

from __future__ import annotations

import asyncio
import atexit
import sys
import threading
from collections.abc import Callable

from grandrounds.errors import ModelError
from grandrounds.llm.run import Run

_LOOK_SECONDS = 0.2  # how often the main thread is looked after
_LAST_SECONDS = 2.0  # for closing connections and the last commit


class RunThread:
    """The thread in which a run has its event loop."""

    def __init__(self, run: Run, *, ended: Callable[[], None]) -> None:
        self._run = run
        self._tell = ended
        self._end = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="model-client", daemon=True)

    @property
    def ended(self) -> bool:
        """Whether the run is over, well or not."""
        return self._end.is_set()

    def start(self) -> None:
        """Begin. A program that ends without closing still gets what is in flight."""
        atexit.register(self.wind_up, _LAST_SECONDS)
        self._thread.start()

    def wait(self) -> None:
        """Wait for the end, but not beyond that of the program."""
        while not self._end.wait(_LOOK_SECONDS):
            if not threading.main_thread().is_alive():
                raise main_thread_ended()

    def raise_error(self) -> None:
        """Raise what ended the run, if it was an error."""
        if self._error is not None:
            raise self._error if threading.main_thread().is_alive() else main_thread_ended()

    def wind_up(self, grace_seconds: float) -> None:
        """End the run, within the grace; a second interrupt meanwhile ends it at once."""
        atexit.unregister(self.wind_up)
        if self.ended:
            return
        self._run.halt()
        try:
            self._end.wait(grace_seconds + _LAST_SECONDS)
        except BaseException:
            self._run.abort()
            self._end.wait(_LAST_SECONDS)
            raise

    def _work(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._run.work())
        except BaseException as exc:  # noqa: BLE001 - it is raised again in the caller's thread
            self._error = exc
        finally:
            self._end.set()
            self._tell()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed: a third less CPU a request."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def main_thread_ended() -> BaseException:
    """What to raise when the main thread ended while we work in another.

    Mostly Ctrl-C ended it, and we mustn't hold the program up. If not, we can't go on either: Python
    resolves no names and starts no helpers for event loops any more.
    """
    if isinstance(getattr(sys, "last_value", None), KeyboardInterrupt):
        return KeyboardInterrupt()
    return ModelError(
        "The program's main thread ended while model requests ran in another one.",
        remedy="Let the main thread wait for it (join); what was answered so far is in the ledger.",
    )
