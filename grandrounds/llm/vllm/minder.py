"""Stands between us and vLLM, so that vLLM never outlives us: not even after ``kill -9``.

A program of its own, started as ``python minder.py SECONDS COMMAND...`` with a pipe as its input.
When the pipe closes, because we closed it or because we are gone, it ends the command and everything
the command started: SIGTERM first, SIGKILL after ``SECONDS``. vLLM leaves that to others: when its main
process is killed, its engine and workers go on and keep the memory. The exit status is the command's,
or 128 and the number of the signal that ended it. Only the standard library, to start in no time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import FrameType

_GLANCE_SECONDS = 0.05


def mind(command: list[str], *, grace_seconds: float) -> int:
    """Run ``command`` in a process group of its own until it ends or our input closes."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603 - our caller's
    over = threading.Event()

    def end(*_: int | FrameType | None) -> None:
        over.set()

    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for those who wait for us
    threading.Thread(target=_until_input_closes, args=(over,), daemon=True).start()
    threading.Thread(target=_until_child_ends, args=(child, over), daemon=True).start()
    over.wait()
    # While the child isn't waited for, its group can't be anybody else's.
    _signal(child.pid, signal.SIGTERM)
    _wait_for_group(child.pid, seconds=grace_seconds)
    _signal(child.pid, signal.SIGKILL)
    code = child.wait()
    return 128 - code if code < 0 else code


def _until_input_closes(over: threading.Event) -> None:
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    over.set()


def _until_child_ends(child: subprocess.Popen[bytes], over: threading.Event) -> None:
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # leaves it to be waited for
    over.set()


def _wait_for_group(group: int, *, seconds: float) -> None:
    """Give the group time to free its shared memory and the like; what is killed leaves them behind."""
    end = time.monotonic() + seconds
    while _alive(group) and time.monotonic() < end:
        time.sleep(_GLANCE_SECONDS)


def _alive(group: int) -> bool:
    """Whether a process of the group still runs; one that only waits to be waited for doesn't."""
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if not name.isdigit():
            continue
        with suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
            state, _, of_group = stat.read().rpartition(")")[2].split()[:3]
            if int(of_group) == group and state not in {"Z", "X"}:
                return True
    return False


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(mind(sys.argv[2:], grace_seconds=float(sys.argv[1])))
