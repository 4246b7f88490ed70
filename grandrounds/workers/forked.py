"""The parent's side of fork servers: workers that take milliseconds to start, not most of a second.

All workers of one module share one server (``forking``), whichever pool they belong to. It is started with
the first of them, anew after a death, and ended with the last.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import threading
from contextlib import ExitStack, suppress
from typing import BinaryIO

from grandrounds.workers import forking
from grandrounds.workers.starting import Executed, Worker, close, executed

_LAST_SECONDS = 2.0
_KILLED = -9


class Starter:
    """Starts the workers of one module. To be closed after the last of them."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._shared: _Shared | None = None

    def start(self) -> Worker:
        """A new worker, without waiting until it is ready. Raises ``OSError``."""
        if not forking.FORKING:
            return Executed(self._module)
        if self._shared is None:
            self._shared = _REGISTRY.acquired(self._module)
        return self._shared.fork()

    def close(self) -> None:
        """Start no more workers; the last to say so ends the server."""
        shared, self._shared = self._shared, None
        if shared is not None:
            _REGISTRY.released(shared)


class Forked:
    """A worker that a server forks. Its exit code comes over a channel; letting go of that ends it."""

    def __init__(self, server: ForkServer, channel: socket.socket, orders: int, answers: int) -> None:
        self.stdin: BinaryIO = os.fdopen(orders, "wb")
        self.stdout: BinaryIO = os.fdopen(answers, "rb")
        self.trouble = ""
        self.orphaned = False
        self._server = server
        self._channel = channel
        self._code: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """See ``Worker``."""
        return self.wait(0)

    def wait(self, seconds: float) -> int | None:
        """See ``Worker``. An orphan's exit code is its server's."""
        with self._lock:
            if self._code is None and _is_readable(self._channel, seconds):
                self._learn()
            return self._code

    def kill(self) -> None:
        """See ``Worker``."""
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """See ``Worker``. A server that is still loading won't fork a worker that was let go."""
        self.kill()
        if self._server.is_ready():
            self.wait(_LAST_SECONDS)
        with self._lock:
            self._channel.close()
            self._code = _KILLED if self._code is None else self._code
        close(self.stdin, self.stdout)

    def _learn(self) -> None:
        told = b""
        with suppress(OSError):
            told = self._channel.recv(forking.REPORT.size)
        if len(told) == forking.REPORT.size:
            what, self._code = forking.REPORT.unpack(told)
            self.trouble = os.strerror(self._code) if what == forking.REFUSED else ""
            return
        code = self._server.wait(_LAST_SECONDS)
        self._code = _KILLED if code is None else code
        self.orphaned = code is not None
        self.trouble = "" if self.orphaned else "the fork server could not take the request"


class ForkServer:
    """The process that forks the workers of ``module``. Raises ``OSError`` where it can't be started."""

    def __init__(self, module: str) -> None:
        with ExitStack() as undo:
            self._control, theirs = socket.socketpair()
            undo.enter_context(self._control)
            with theirs:
                self._process = executed([module, forking.FORK], stdin=theirs.fileno())
            undo.pop_all()
        self._ready = False
        self._lock = threading.Lock()

    def fork(self) -> Forked:
        """A new worker, without waiting until it is there. Raises ``OSError``, of which ``ConnectionError``
        says that this server is gone."""
        with ExitStack() as given, ExitStack() as undo:
            answers, their_output = _pipe(undo, given)
            their_input, orders = _pipe(given, undo)
            channel, their_channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undo.enter_context(channel)
            given.enter_context(their_channel)
            descriptors = [their_input, their_output, their_channel.fileno()]
            socket.send_fds(self._control, [forking.REQUEST], descriptors)
            worker = Forked(self, channel, orders, answers)
            undo.pop_all()
        return worker

    def wait(self, seconds: float) -> int | None:
        """The server's exit code; ``None`` where it still runs after ``seconds``."""
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def is_ready(self) -> bool:
        """Whether it has loaded everything and takes requests."""
        with self._lock:
            if not self._ready and self._control.fileno() >= 0 and _is_readable(self._control, 0):
                with suppress(OSError):
                    self._ready = bool(self._control.recv(len(forking.READY)))
            return self._ready

    def close(self) -> None:
        """End it. Once it takes requests it reaps what it forked; before it has forked nothing."""
        ready = self.is_ready()
        with self._lock:
            self._control.close()
        if ready:
            self.wait(_LAST_SECONDS)
        self._process.kill()
        self._process.wait()


class _Shared:
    """The server of a module, started anew when it died."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.users = 0
        self._server: ForkServer | None = None
        self._lock = threading.Lock()

    def fork(self) -> Forked:
        with self._lock:
            if self._server is not None:
                with suppress(ConnectionError):
                    return self._server.fork()
                self._server.close()
            self._server = ForkServer(self.module)
            return self._server.fork()

    def close(self) -> None:
        with self._lock:
            if self._server is not None:
                self._server.close()


class _Registry:
    """The servers of this process, by module."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know of none. A copy of this process has servers of its own: the first's end with the first."""
        self._lock = threading.Lock()
        self._servers: dict[str, _Shared] = {}

    def acquired(self, module: str) -> _Shared:
        with self._lock:
            shared = self._servers.setdefault(module, _Shared(module))
            shared.users += 1
            return shared

    def released(self, shared: _Shared) -> None:
        with self._lock:
            shared.users -= 1
            if shared.users:
                return
            if self._servers.get(shared.module) is shared:
                del self._servers[shared.module]
        shared.close()


_REGISTRY = _Registry()

if forking.FORKING:
    os.register_at_fork(after_in_child=_REGISTRY.forget)


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    """The two ends of a pipe, each to be closed by its stack."""
    source, sink = os.pipe()
    reader.callback(os.close, source)
    writer.callback(os.close, sink)
    return source, sink


def _is_readable(channel: socket.socket, seconds: float) -> bool:
    """Whether there is something to read, or the other side is gone, within ``seconds``."""
    look = select.poll()
    look.register(channel, select.POLLIN)
    return bool(look.poll(seconds * 1000))
