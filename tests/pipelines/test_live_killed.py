"""A week that is killed in every stage, and run again, is the week that was never disturbed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

WEEK = "2025-W40"
MOMENTS: dict[str, Callable[[Path], bool]] = {
    "harvesting": lambda home: any((home / "harvest").glob("journal.sqlite-wal")),
    "laid out": lambda home: (home / "harvest" / "weeks" / "live_cases" / WEEK).is_dir(),
    "read": lambda home: table(home, "cases").exists(),
    "drafted": lambda home: table(home, "drafts").exists(),
    "judged": lambda home: table(home, "candidates").exists(),
    "releasing": lambda home: any((home / "releases" / "live_cases").glob(".staging-*")),
    "released": lambda home: (home / "releases" / "live_cases" / "0.202540.0").exists(),
}


def table(home: Path, name: str) -> Path:
    return home / "lake" / "tables" / "live_cases" / WEEK / f"{name}.parquet"


def start(home: Path) -> subprocess.Popen[bytes]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("GRANDROUNDS", "DAGSTER"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "grandrounds", "build", "live_cases", "--week", WEEK],
        env={**kept, "GRANDROUNDS_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def kill_when(home: Path, reached: Callable[[Path], bool]) -> bool:
    """Kill a build with SIGKILL as soon as ``reached``; whether it was still at work."""
    running = start(home)
    while running.poll() is None and not reached(home):
        time.sleep(0.005)
    alive = running.poll() is None
    if alive:
        os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    return alive


def bytes_of(home: Path) -> dict[str, str]:
    """Everything that a week leaves for others, by name."""
    found = [
        *(home / "lake" / "tables" / "live_cases").rglob("*.parquet"),
        *(path for path in (home / "releases" / "live_cases").rglob("*") if path.is_file()),
        *(home / "reports" / "live_cases").glob("*.xml"),
        *(home / "reports" / "live_cases").glob("*.html"),
        *(home / "harvest" / "weeks").rglob("*.xml"),
    ]
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if path.name != ".lock"
    }


def test_killed_in_every_stage_and_run_again_gives_the_same_bytes(tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"

    caught = [moment for moment, reached in MOMENTS.items() if kill_when(killed, reached)]
    assert len(caught) >= 5, caught
    for home in (killed, whole):
        running = start(home)
        _, told = running.communicate()
        assert running.returncode == 0, told.decode()

    assert bytes_of(killed) == bytes_of(whole)
