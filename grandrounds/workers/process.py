"""One worker process seen from the parent: it is asked, answers in time, or is ended and started anew."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass
from enum import StrEnum

from grandrounds.workers import serving
from grandrounds.workers.forked import Starter
from grandrounds.workers.starting import Worker

_LAST_SECONDS = 2.0
_TRIES = 3


class How(StrEnum):
    """How an answer was lost."""

    LATE = "late"
    DIED = "died"
    CLOSED = "closed"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An answer that never came. ``cause`` says what ended the process ("signal SIGSEGV", "exit code 1"),
    or why none could be started."""

    how: How
    cause: str = ""


class WorkerProcess:
    """A process that runs ``module`` (which calls ``serving.serve``), started when first asked, and again
    after a death. One thread at a time may ask it; any may close it."""

    def __init__(self, module: str) -> None:
        self._starter = Starter(module)
        self._process: Worker | None = None
        self._ready = False
        self._closed = False
        self._lock = threading.Lock()

    def ask(self, data: bytes, *, seconds: float) -> bytes | Lost:
        """The answer to ``data``, or how it was lost. Starting the process doesn't count as its time. What
        was lost because the fork server was ended is asked once more: the question didn't do that."""
        answer, again = self._asked(data, seconds)
        return self._asked(data, seconds)[0] if again else answer

    def launch(self) -> Worker:
        """Start the process, without waiting for it. Raises ``OSError``."""
        with self._lock:
            if self._closed:
                raise OSError("the run was ended")
            if self._process is None:
                self._process, self._ready = self._starter.start(), False
            return self._process

    def renew(self) -> None:
        """End the process, whatever it does; the next question is asked of a new one."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.close()

    def close(self) -> None:
        """End the process, whatever it does. It isn't started again."""
        with self._lock:
            self._closed = True
        self.renew()
        self._starter.close()

    def _asked(self, data: bytes, seconds: float) -> tuple[bytes | Lost, bool]:
        """The answer to ``data`` or how it was lost, and whether to ask again."""
        if self._closed:
            return Lost(how=How.CLOSED), False
        try:
            process = self._started()
        except OSError as exc:
            return Lost(how=How.NOT_STARTED, cause=str(exc.strerror or exc)), False
        answer, late = _answer(process, data, seconds)
        if answer is not None and not late:
            return answer, False
        lost = self._lost(process, late=late)
        return lost, process.orphaned and lost.how is How.DIED

    def _lost(self, process: Worker, *, late: bool) -> Lost:
        """How a process was lost that gave no answer in time; it is ended."""
        cause = _cause(process)
        self.renew()
        if late:
            return Lost(how=How.LATE, cause=cause)
        if self._closed:
            return Lost(how=How.CLOSED)
        if process.trouble:
            return Lost(how=How.NOT_STARTED, cause=process.trouble)
        return Lost(how=How.DIED, cause=cause)

    def _started(self) -> Worker:
        process = self.launch()
        if not self._ready:
            # Starting may be slow on a busy machine; that is not the file's fault.
            self._ready = serving.receive(process.stdout) is not None
        return process


def _answer(process: Worker, data: bytes, seconds: float) -> tuple[bytes | None, bool]:
    """The answer of a process that is killed after ``seconds``, and whether it was."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    answer = None
    try:
        serving.send(process.stdin, data)
        answer = serving.receive(process.stdout)
    except (OSError, ValueError):
        pass
    finally:
        timer.cancel()
    return answer, late.is_set()


def _cause(process: Worker) -> str:
    """What ended a process whose answer stayed away; it is about to end, or has."""
    code = process.wait(_LAST_SECONDS)
    if code is None:
        return "it stopped answering"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
