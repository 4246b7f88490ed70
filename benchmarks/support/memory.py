"""The most memory that a benchmark's process held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def peak_mb() -> float:
    """The most memory this program held, in MiB.

    What the system counts for a process begins with what its parent held when it was started, so this
    program's own memory is asked where that can be.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 2**20
