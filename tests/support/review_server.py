"""The real server, ``grandrounds review serve``, as a process that can be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ONE = ("--workers", "1")
"""Arguments for a server with one process, which starts quickest."""

_START_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class ReviewServer:
    """A server on one database, with the lake in ``home``; always at the same address. ``cpu`` are processor seconds of all its lives,
    ``starts`` how long each start took until it answered."""

    home: Path
    database: str
    port: int = 0
    prefix: str = ""
    sources: Path | None = None
    arguments: tuple[str, ...] = ()
    cpu: float = 0.0
    starts: list[float] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def __enter__(self) -> ReviewServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.port = self.port or _free()
        began = time.monotonic()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "grandrounds", "review", "serve"),
                *("--port", str(self.port), "--prefix", self.prefix),
                *self.arguments,
            ],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            env={
                **os.environ,
                "GRANDROUNDS_HOME": str(self.home),
                "GRANDROUNDS_REVIEW_URL": self.database,
                **({"GRANDROUNDS_SOURCES": str(self.sources)} if self.sources else {}),
            },
        )
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() - began > _START_SECONDS:
                    raise RuntimeError("the server did not start") from None
                time.sleep(0.02)
        self.starts.append(time.monotonic() - began)

    def used(self) -> float:
        """Processor seconds so far."""
        if self.process is None:
            return self.cpu
        return self.cpu + sum(_seconds(each) for each in _family(self.process.pid))

    def kill(self) -> None:
        """``kill -9`` to each of its processes: nothing is said good-bye to, nothing flushed."""
        if self.process is not None:
            self.cpu = self.used()
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def _family(process: int) -> list[int]:
    """A process and its children."""
    found = [process]
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        found += [int(child) for child in children.read_text().split()]
    return found


def _seconds(process: int) -> float:
    """Of the processor, for a process so far."""
    # The name in parentheses may hold spaces; what follows it does not.
    parts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / _TICKS


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
