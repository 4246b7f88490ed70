"""The real command line in processes of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def calm(self) -> bool:
        """Whether no traceback was shown."""
        return "Traceback" not in self.out + self.err


def environment(**more: str) -> dict[str, str]:
    """The environment of a command: the developer's own settings left out, eighty columns."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GRANDROUNDS_", "DAGSTER_")) and name != "OPENAI_API_KEY"
    }
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **more}


def start(
    *arguments: str | Path,
    home: Path | None = None,
    cwd: Path | None = None,
    before: Sequence[str] = (),
    **more: str,
) -> subprocess.Popen[str]:
    """Start ``grandrounds ARGUMENTS`` in a process group of its own."""
    place = [] if home is None else ["--home", str(home)]
    return subprocess.Popen(
        [*before, sys.executable, "-m", "grandrounds", *place, *map(str, arguments)],
        cwd=cwd,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], *, patience: float = 120) -> Ended:
    """Wait for a started command."""
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the command hangs\n{out}\n{err}") from None
    return Ended(process.returncode, out, err)


def grandrounds(
    *arguments: str | Path,
    home: Path | None = None,
    cwd: Path | None = None,
    before: Sequence[str] = (),
    **more: str,
) -> Ended:
    """Run ``grandrounds ARGUMENTS`` to its end."""
    return ended(start(*arguments, home=home, cwd=cwd, before=before, **more))


def until(
    seen: Callable[[], object], *, process: subprocess.Popen[str] | None = None, seconds: float = 60
) -> None:
    """Wait until ``seen`` is true, while ``process`` lives."""
    end = time.monotonic() + seconds
    while not seen():
        if process is not None and process.poll() is not None and not seen():
            raise AssertionError(f"the command ended too early: {ended(process)}")
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def without_override() -> list[str]:
    """What to put before a command so that file rights count; root is asked to give up its own."""
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]
    if shutil.which("setpriv") and subprocess.run([*prefix, "true"], check=False).returncode == 0:
        return prefix
    pytest.skip("root's rights can't be dropped here (setpriv is missing), so nothing is unreadable")
