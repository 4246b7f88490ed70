"""Runs one client against the stub server and measures it from the outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.stub_openai import StubProcess

_CLIENTS = Path(__file__).with_name("clients.py")
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # what the system counts peak memory in, in bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How much is asked, how many at once, and how the server behaves."""

    requests: int
    concurrency: int
    latency_ms: float
    share_429: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of one client.

    ``window_seconds`` is from the first request that the server saw to its last answer, ``wall_seconds``
    the life of the client's process; ``cpu_seconds`` and ``peak_mb`` are the process's own;
    ``server_cpu_seconds`` the server's. ``received`` counts requests at the server.
    """

    wall_seconds: float
    window_seconds: float
    cpu_seconds: float
    peak_mb: float
    received: int
    answered: int
    refused: int
    server_cpu_seconds: float

    @property
    def rate(self) -> float:
        """Answers a second while the server was asked."""
        return self.answered / self.window_seconds


def run_client(name: str, stub: StubProcess, work: Work, folder: Path) -> Measured:
    """Run client ``name`` in ``folder``, which is two levels below the folder of the whole benchmark.

    Raises ``SystemExit`` when it doesn't get every answer once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stub.reset(latency_ms=work.latency_ms, share_429=work.share_429)
    before = stub.stats()["cpu_seconds"]
    began = time.monotonic()
    process = subprocess.Popen(
        _command(name, stub, work, folder), stdout=subprocess.PIPE, text=True, env=_environment(folder)
    )
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or int(printed or 0) != work.requests:
        raise SystemExit(
            f"{name} ended with {process.returncode} and {printed.strip() or 'no'} good answers"
        )
    seen = stub.stats()
    if seen["answered_twice"]:
        raise SystemExit(f"{name} asked {seen['answered_twice']} answered requests again")
    return Measured(
        wall_seconds=wall,
        window_seconds=seen["seconds"],
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_mb=used.ru_maxrss * _RSS_UNIT / 2**20,
        received=seen["received"],
        answered=seen["answered"],
        refused=seen["statuses"].get("429", 0),
        server_cpu_seconds=seen["cpu_seconds"] - before,
    )


def warm_up(name: str, stub: StubProcess, folder: Path) -> None:
    """Run client ``name`` once without measuring, so that its modules are compiled and in memory."""
    run_client(name, stub, Work(requests=20, concurrency=4, latency_ms=0.0), folder)


def _environment(folder: Path) -> dict[str, str]:
    """Compiled modules are kept beside the clients' folders, whatever this machine usually does."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder.parent.parent / "compiled")}


def _command(name: str, stub: StubProcess, work: Work, folder: Path) -> list[str]:
    return [
        *(sys.executable, str(_CLIENTS), name),
        *("--requests", str(work.requests), "--concurrency", str(work.concurrency)),
        *("--base-url", stub.base_url, "--folder", str(folder)),
    ]
