"""How many processors there are to work with."""

from __future__ import annotations

import os


def processors() -> int:
    """The processors that this process may use, which containers limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
