"""A Ray cluster for tests: one node with two processors, on loopback alone, one for a whole test run.

Whichever test process needs it first starts it, the others (pytest-xdist's) find it in a note. It ends when
the test run's main process has ended, however that was: a guard watches over it, which is this file run as
a script.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

_START_SECONDS = 240
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # Ray's name for "listen on 127.0.0.1 alone"
    "RAY_AUTH_MODE": "token",  # keeps other users of this machine out
    "RAY_enable_metrics_collection": "0",
}


@dataclass(frozen=True, kw_only=True)
class RayCluster:
    """A running cluster. ``session`` is that of its processes, ``folder`` holds what Ray writes."""

    address: str
    session: int
    folder: str
    token: str

    @property
    def environment(self) -> dict[str, str]:
        """What who joins needs. Ray reads it once a process, when it is imported."""
        return {**_QUIET, "RAY_AUTH_TOKEN": self.token}

    def processes(self, name: str) -> list[int]:
        """The processes of the cluster whose title holds ``name``, oldest first."""
        ours = [path for path in Path("/proc").glob("[0-9]*") if _session(path) == self.session]
        return sorted(int(path.name) for path in ours if name in _title(path))

    def logs(self) -> str:
        """Everything that Ray wrote down."""
        return "\n".join(
            path.read_text(encoding="utf-8", errors="replace")
            for path in sorted(Path(self.folder).rglob("*"))
            if path.is_file()
        )


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """The test run's cluster, joined; skips visibly where Ray isn't installed."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray isn't installed (pip install 'grandrounds[ray]')")
    in_worker = "PYTEST_XDIST_WORKER" in os.environ
    shared = tmp_path_factory.getbasetemp().parent if in_worker else tmp_path_factory.getbasetemp()
    running = _running(shared, main=os.getppid() if in_worker else os.getpid())
    os.environ.update(running.environment)
    from grandrounds.engine.cluster import Cluster

    with Cluster(running.address):  # joining takes seconds: once for all tests of this process
        yield running


def _running(shared: Path, *, main: int) -> RayCluster:
    """The cluster that ``shared`` has a note of, started now if there is none."""
    note = shared / "ray.json"
    with _locked(shared / "ray.lock"):
        if not note.exists():
            token = secrets.token_hex(32)
            guard = subprocess.Popen(
                [sys.executable, __file__, str(main)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **_QUIET, "RAY_AUTH_TOKEN": token},
                start_new_session=True,
            )
            assert guard.stdout is not None
            told = guard.stdout.readline()
            assert told, "the Ray cluster did not start"
            note.touch(mode=0o600)
            note.write_text(json.dumps(asdict(RayCluster(**json.loads(told), token=token))))
        return RayCluster(**json.loads(note.read_text()))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


# The guard -------------------------------------------------------------------------------------


def _guard(main: int) -> None:
    """Start the cluster, tell where it is, and end it when process ``main`` has ended."""
    watched = os.pidfd_open(main)
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    process = subprocess.Popen(
        _command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        address = _address(folder, process, watched)
        if address:
            told = {"address": address, "session": process.pid, "folder": str(folder)}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.close()
            select.select([watched], [], [])
    finally:
        _kill_session(process.pid)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _command(folder: Path) -> list[str]:
    return [
        str(Path(sys.executable).with_name("ray")),
        "start", "--head", "--block", "--disable-usage-stats",
        "--node-ip-address", "127.0.0.1", "--port", "0", "--num-cpus", "2",
        "--ray-client-server-port", _free_port(), "--dashboard-agent-listen-port", "0",
        "--include-dashboard", "false", "--include-log-monitor", "false",
        "--object-store-memory", "80000000", "--temp-dir", str(folder),
    ]  # fmt: skip


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def _address(folder: Path, process: subprocess.Popen[Any], watched: int) -> str:
    """Where the cluster is, once Ray has written it down; empty when it never does."""
    note = folder / "ray_current_cluster"
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if note.exists() and (address := note.read_text().strip()):
            return address
        if select.select([watched], [], [], 0.05)[0]:
            break
    return ""


def _kill_session(leader: int) -> None:
    """Kill what Ray started: its workers have process groups of their own, but all are in one session."""
    for _ in range(100):
        ours = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _session(path) == leader]
        if not ours:
            return
        for number in ours:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.1)


def _session(process: Path) -> int:
    """The session of a process that still runs, else 0."""
    try:
        state, _, _, session, *_ = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if state == "Z" else int(session)


def _title(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    _guard(int(sys.argv[1]))
