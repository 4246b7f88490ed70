"""A token bucket: how soon the next request may go under a limit a minute."""

from __future__ import annotations

import time
from collections.abc import Callable

_MINUTE = 60.0
_ROUNDING = 1e-6
"""The share of a bucket that may lack: after months of waiting, sums of times are no more exact than this,
and who waits for the last of it may wait for ever."""


class Bucket:
    """Fills at ``per_minute`` and holds a second's worth, at least one, so no minute gets a burst.

    One taking may be larger than the bucket: it goes when the bucket is full, and those after it wait
    until the debt is filled up. What turns out smaller than estimated is given back.
    """

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_second = per_minute / _MINUTE
        self._size = max(1.0, self._a_second)
        self._clock = clock
        self._level = self._size
        self._then = clock()

    def wait(self, amount: float) -> float:
        """Seconds until ``amount`` may be taken; 0 for now."""
        self._fill()
        lacking = min(amount, self._size) - self._level
        return lacking / self._a_second if lacking > _ROUNDING * self._size else 0.0

    def take(self, amount: float) -> None:
        """Take ``amount`` out; ask ``wait`` first."""
        self._fill()
        self._level -= amount

    def give_back(self, amount: float) -> None:
        """Put back what was not used; negative for what was used beyond the estimate."""
        self._fill()
        self._level = min(self._size, self._level + amount)

    def _fill(self) -> None:
        now = self._clock()
        self._level = min(self._size, self._level + (now - self._then) * self._a_second)
        self._then = now
