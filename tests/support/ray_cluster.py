"""A Ray cluster for tests: one node with two processors, on loopback alone, that surely ends.

Run as a script it starts the cluster in a folder of its own, prints its address, and ends it when its
standard input is closed: however the test run ends, even killed, that happens.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # Ray's name for "listen on 127.0.0.1 alone"
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32),
    "RAY_enable_metrics_collection": "0",
}
"""What a cluster and who joins it need. Ray reads it once a process, so it must stand before Ray is imported
and can't change; the token keeps other users of this machine out."""

_START_SECONDS = 180


class RayCluster:
    """``with RayCluster() as cluster``: ``cluster.address``; who joins needs ``ENVIRONMENT``."""

    def __enter__(self) -> RayCluster:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT},
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.folder = Path(self._process.stdout.readline().strip())
        self._session = int(self._process.stdout.readline())
        self.address = self._process.stdout.readline().strip()
        if not self.address:
            self.close()
            raise RuntimeError("the Ray cluster did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the cluster."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    def processes(self, name: str) -> list[int]:
        """The processes of the cluster whose title holds ``name``, oldest first."""
        ours = [path for path in Path("/proc").glob("[0-9]*") if _session(path) == self._session]
        return sorted(int(path.name) for path in ours if name in _title(path))

    def logs(self) -> str:
        """Everything that Ray wrote down."""
        return "\n".join(
            path.read_text(encoding="utf-8", errors="replace")
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        )


@contextmanager
def ray_cluster() -> Iterator[RayCluster]:
    """A cluster that this process may join; skips visibly where Ray isn't installed."""
    import pytest

    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray isn't installed (pip install 'grandrounds[ray]')")
    os.environ.update(ENVIRONMENT)
    with RayCluster() as cluster:
        yield cluster


def _serve() -> None:
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    process = subprocess.Popen(_command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)  # fmt: skip
    try:
        sys.stdout.write(f"{folder}\n{process.pid}\n{_address(folder, process)}\n")
        sys.stdout.flush()
        sys.stdin.read()
    finally:
        _kill_session(process.pid)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


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


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the cluster is, once Ray has written it down."""
    note = folder / "ray_current_cluster"
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if note.exists() and (address := note.read_text().strip()):
            return address
        time.sleep(0.05)
    return ""


if __name__ == "__main__":
    _serve()
