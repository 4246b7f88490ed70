"""One builder at a time, and a dead builder blocks nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grandrounds.errors import GrandRoundsError
from grandrounds.locks import exclusive
from tests.conftest import ROOT

HOLD = """
import sys, time
from pathlib import Path
from grandrounds.locks import exclusive
with exclusive(Path(sys.argv[1]), what="The recipe"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "a.lock")], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_builder_is_told_who_holds_the_lock(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    taken = f"The recipe is in use by another process .{holder.pid}."
    with pytest.raises(GrandRoundsError, match=taken), exclusive(tmp_path / "a.lock", what="The recipe"):
        pass


def test_a_killed_builder_frees_its_lock(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with exclusive(tmp_path / "a.lock", what="The recipe"):
        pass


def test_a_waiting_builder_goes_on_when_the_lock_is_free(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    begun = time.monotonic()
    holder.kill()
    with exclusive(tmp_path / "a.lock", what="The recipe", wait_seconds=60):
        assert time.monotonic() - begun < 60
