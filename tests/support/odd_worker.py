"""A worker that does what it is told, good or bad (tests.workers). What it loads may be odd too: the
environment variable ``ODD_PREPARE`` says how."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import threading
import time
from pathlib import Path

from grandrounds.workers.serving import Work, serve

_PREPARED: list[int] = []
"""The process that loaded what the worker needs."""


def prepare() -> None:
    """Load what a worker needs."""
    how = os.environ.get("ODD_PREPARE", "")
    _PREPARED.append(os.getpid())
    if how == "fail":
        sys.exit(7)
    elif how == "thread":
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    elif how == "slow":
        time.sleep(3)
    elif how == "very slow":
        time.sleep(120)
    elif how == "no fork":
        os.fork = _no_fork


def _no_fork() -> int:
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def work_of(data: bytes) -> Work:
    order, _, argument = data.decode().partition(" ")

    def do() -> bytes:
        if order == "crash":
            ctypes.string_at(0)
        elif order == "exit":
            os._exit(3)
        elif order == "sleep":
            if argument:
                Path(argument).write_text(str(os.getpid()))
            time.sleep(600)
        elif order == "nap":
            Path(argument).write_text(str(os.getpid()))
            time.sleep(1)
        elif order == "print":
            os.write(1, b"noise on standard output")
            os.write(2, b"noise on standard error")
        elif order == "eat":
            try:
                return str(len(bytearray(2 << 30))).encode()
            except MemoryError:
                return b"not enough memory"
        elif order == "pid":
            return str(os.getpid()).encode()
        elif order == "parent":
            return str(os.getppid()).encode()
        elif order == "orphan":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)
        elif order == "prepared":
            return " ".join(str(pid) for pid in _PREPARED).encode()
        elif order == "files":
            return " ".join(sorted(os.listdir("/proc/self/fd"))).encode()
        return data

    return Work(do=do, seconds=30.0, process_bytes=1 << 30)


if __name__ == "__main__":
    serve(work_of, prepare=prepare)
