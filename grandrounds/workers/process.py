"""One worker process seen from the parent: it is asked, answers in time, or is ended and started anew."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, cast

from grandrounds.workers import serving

_LAST_SECONDS = 2.0


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
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._closed = False
        self._lock = threading.Lock()

    def ask(self, data: bytes, *, seconds: float) -> bytes | Lost:
        """The answer to ``data``, or how it was lost. Starting the process doesn't count as its time."""
        if self._closed:
            return Lost(how=How.CLOSED)
        try:
            process = self._started()
        except OSError as exc:
            return Lost(how=How.NOT_STARTED, cause=str(exc.strerror or exc))
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        try:
            serving.send(cast(BinaryIO, process.stdin), data)
            answer = serving.receive(cast(BinaryIO, process.stdout))
        except (OSError, ValueError):
            answer = None
        finally:
            timer.cancel()
        if answer is not None and not late.is_set():
            return answer
        cause = _cause(process)
        self._end()
        if late.is_set():
            return Lost(how=How.LATE, cause=cause)
        return Lost(how=How.CLOSED) if self._closed else Lost(how=How.DIED, cause=cause)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process, without waiting for it. Raises ``OSError``."""
        with self._lock:
            if self._closed:
                raise OSError("the run was ended")
            if self._process is None:
                self._process, self._ready = _launched(self._module), False
            return self._process

    def close(self) -> None:
        """End the process, whatever it does. It isn't started again."""
        with self._lock:
            self._closed = True
        self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        process = self.launch()
        if not self._ready:
            # Starting may be slow on a busy machine; that is not the file's fault.
            self._ready = serving.receive(cast(BinaryIO, process.stdout)) is not None
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _cause(process: subprocess.Popen[bytes]) -> str:
    """What ended a process whose answer stayed away; it is about to end, or has."""
    try:
        code = process.wait(_LAST_SECONDS)
    except subprocess.TimeoutExpired:
        return "it stopped answering"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _launched(module: str) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH", "")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(part for part in (root, inherited) if part),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OMP_THREAD_LIMIT": "1",
    }
    return subprocess.Popen(  # noqa: S603 - a module of our own
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
