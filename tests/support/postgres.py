"""A PostgreSQL server of the tests' own, started once a session by the first test that asks for it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

# Characters that an address must escape and that must never be seen in a message.
PASSWORD = "s3cret/p@ss:w%rd"


@dataclass(frozen=True)
class Server:
    """A throw-away PostgreSQL cluster on loopback that asks for a password."""

    port: int

    def url(self, database: str) -> str:
        return f"postgresql://tester:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    def empty(self) -> str:
        """The address of its database, emptied of what an earlier test left.

        One database for all tests: making one copies 7 MB, which adds up.
        """
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return self.url("postgres")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The server; its tests skip, saying why, where its programs are not installed."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed (apt-get install postgresql)")
    with running(programs) as server:
        yield server


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs, where they are installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if found:
        return found[-1].parent
    named = shutil.which("postgres")
    return Path(named).parent if named else None


@contextmanager
def running(programs: Path, *, fsync: bool = False) -> Iterator[Server]:
    """A throw-away server; with ``fsync`` what it commits is on the disk, as people run it."""
    # It refuses to run as root, and must be able to enter its folder.
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="grandrounds-pg-"))
    if who:
        shutil.chown(folder, "postgres", "postgres")
    try:
        yield from _serve(programs, folder, who, fsync=fsync)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(programs: Path, folder: Path, who: dict[str, object], *, fsync: bool) -> Iterator[Server]:
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}
    subprocess.run(
        [programs / "initdb", "-D", folder / "data", "-U", "tester", "-E", "UTF8", "--no-sync",
         "-A", "scram-sha-256", "--pwfile", folder / "password"],
        check=True, capture_output=True, env=environment, cwd=folder, **who,
    )  # fmt: skip
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder,
         "-c", "listen_addresses=127.0.0.1", "-c", f"fsync={'on' if fsync else 'off'}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=folder, **who,
    )  # fmt: skip
    try:
        _await_ready(Server(port))
        yield Server(port)
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing in it is kept
        server.wait(timeout=30)


def _await_ready(server: Server) -> None:
    import psycopg

    for _ in range(200):
        try:
            psycopg.connect(server.url("postgres")).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise RuntimeError("the throw-away PostgreSQL did not start")
