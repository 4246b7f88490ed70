"""A rate for each host, kept over threads and processes: a small file a host, locked while it is read.

The file holds the moment (seconds since 1970) from which the next request may go.
"""

from __future__ import annotations

import fcntl
import math
import os
import re
from collections.abc import Callable
from pathlib import Path

from grandrounds.fingerprint import sha256_text
from grandrounds.harvest.problems import HarvestError, UnreachableError

_LONGEST = 86_400.0  # a file that asks for more was written by a clock gone wrong


class Pace:
    """Hands out turns. ``now`` and ``sleep`` are the machine's own clock, or a test's."""

    def __init__(self, folder: Path, *, now: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._folder = folder
        self._now = now
        self._sleep = sleep

    def wait(self, host: str, *, seconds_between: float, patience: float) -> float:
        """Take the next turn at ``host`` and wait for it; the answer is how long.

        Raises ``UnreachableError`` where the turn comes later than ``patience`` seconds from now (none is
        taken then), ``HarvestError`` where the folder can't be written.
        """
        waits = 0.0

        def next_turn(at: float, now: float) -> float:
            nonlocal waits
            waits = max(0.0, at - now)
            return at if waits > patience else now + waits + seconds_between

        self._change(host, next_turn)
        if waits > patience:
            raise UnreachableError(
                f"{host} asked to be left alone for {waits:.0f} more seconds.",
                remedy="Harvest again after that; what was taken is kept.",
            )
        if waits > 0:
            self._sleep(waits)
        return waits

    def hold(self, host: str, *, seconds: float) -> None:
        """Nobody visits ``host`` for ``seconds``: it asked to be left alone."""
        self._change(host, lambda at, now: max(at, now + min(seconds, _LONGEST)))

    def pause(self, seconds: float) -> None:
        """Sleep between two tries."""
        if seconds > 0:
            self._sleep(seconds)

    def _change(self, host: str, change: Callable[[float, float], float]) -> None:
        name = re.sub(r"[^a-z0-9.-]", "_", host.casefold())[:80]
        path = self._folder / f"{name}-{sha256_text(host.casefold())[:8]}.turn"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as exc:
            raise HarvestError(
                f"{path} can't be written: {exc.strerror or exc}.",
                remedy="Set GRANDROUNDS_HOME to a folder you may write to.",
            ) from exc
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            now = self._now()
            at = _number(os.pread(handle, 64, 0))
            if at > now + 2 * _LONGEST:
                at = now
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{change(at, now):.6f}".encode(), 0)
        finally:
            os.close(handle)


def _number(data: bytes) -> float:
    try:
        number = float(data)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0
