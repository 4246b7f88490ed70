"""The inside of a worker process: messages come in on standard input, answers go out.

It bounds its own address space, and is killed from outside when a message takes too long; should that
process be gone, an alarm ends it. Decoders in C print and crash as they like: their output is thrown
away, and a crash costs one message.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from grandrounds.workers import forking

_HEAD = struct.Struct("<Q")
_GRACE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a message asks for: ``do`` gives the answer, within ``seconds`` and ``process_bytes`` of
    address space (0: no bound; the first message's bound holds for the life of the process)."""

    do: Callable[[], bytes]
    seconds: float
    process_bytes: int = 0


def serve(work_of: Callable[[bytes], Work], *, prepare: Callable[[], None] = lambda: None) -> None:
    """Answer messages until standard input closes. ``prepare`` loads what nearly every message needs: once
    for all workers in a fork server, else while the first message is still being thought of."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C ends
    forked = forking.asked_for()
    if forked:
        prepare()
        forking.until_worker()
    out = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    forking.end_with_parent()
    send(out, b"ready")
    if not forked:
        prepare()
    bounded = False
    while (data := receive(sys.stdin.buffer)) is not None:
        work = work_of(data)
        if not bounded:
            _bound(work.process_bytes)
            bounded = True
        _alarm(work.seconds + _GRACE)
        send(out, work.do())
        _alarm(0)


def receive(stream: BinaryIO) -> bytes | None:
    """The next message; ``None`` where the other side is gone."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    (length,) = _HEAD.unpack(head)
    data = stream.read(length)
    return data if len(data) == length else None


def send(stream: BinaryIO, data: bytes) -> None:
    """Write one message."""
    stream.write(_HEAD.pack(len(data)) + data)
    stream.flush()


def _bound(size: int) -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        if size:
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
