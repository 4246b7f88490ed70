"""How the parent starts worker processes: forked from a server that loaded everything once, or executed."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol, cast


class Worker(Protocol):
    """A worker process seen from the parent: its standard input and output, and its end."""

    stdin: BinaryIO
    stdout: BinaryIO

    @property
    def trouble(self) -> str:
        """Why there is no process; empty where there is or was one."""

    @property
    def orphaned(self) -> bool:
        """Whether it is gone because its fork server is: no job of its own ended it."""

    def poll(self) -> int | None:
        """The exit code, as ``subprocess`` has it; ``None`` while it runs."""

    def wait(self, seconds: float) -> int | None:
        """The exit code; ``None`` where it still runs after ``seconds``."""

    def kill(self) -> None:
        """End it now, without waiting."""

    def close(self) -> None:
        """End it, and give back what it holds here."""


class Executed:
    """A worker that loads everything for itself."""

    trouble = ""
    orphaned = False

    def __init__(self, module: str) -> None:
        self._process = executed([module], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.stdin = cast(BinaryIO, self._process.stdin)
        self.stdout = cast(BinaryIO, self._process.stdout)

    def poll(self) -> int | None:
        """See ``Worker``."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """See ``Worker``."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def kill(self) -> None:
        """See ``Worker``."""
        self._process.kill()

    def close(self) -> None:
        """See ``Worker``."""
        self._process.kill()
        self._process.wait()
        close(self.stdin, self.stdout)


def executed(
    arguments: list[str], *, stdin: int, stdout: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """A process that runs a module of ours (the first argument) with one thread a library. Raises
    ``OSError``."""
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
        [sys.executable, "-P", "-m", *arguments],  # what lies in the current folder is not ours
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def close(*streams: BinaryIO) -> None:
    """Close pipes whose other side may be gone."""
    for stream in streams:
        with suppress(OSError):
            stream.close()
