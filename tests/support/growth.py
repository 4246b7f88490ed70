"""Whether work grows no faster than what it is done on."""

from __future__ import annotations

import time
from collections.abc import Callable

_TRIES = 5
_ROOM_SECONDS = 0.2


def grows_linearly(work: Callable[[str], object], text: str) -> bool:
    """Whether ``text`` takes less than three times what its first half takes (squared, it were four times).

    The least of several processor times counts: other work on the machine only ever adds to them.
    """
    work("Warm up.")
    half, whole = _least(work, text[: len(text) // 2]), _least(work, text)
    return whole < 3 * half + _ROOM_SECONDS


def _least(work: Callable[[str], object], text: str) -> float:
    return min(_seconds(work, text) for _ in range(_TRIES))


def _seconds(work: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    work(text)
    return time.process_time() - began
