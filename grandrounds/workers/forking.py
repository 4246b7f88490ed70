"""The inside of a fork server: a clean process that loads what its workers need once, and forks each.

It is the worker module itself, started with ``FORK`` and a socket as its standard input. Each request on
that socket is one byte and three descriptors: the worker's input, its output, and a channel. On the
channel the parent lets go of the worker (which then is killed), and is told how the worker ended.

The server runs no file's code and has one thread, so a fork copies no lock that another holds; should a
library have started threads, the worker is executed anew instead. When the parent is gone the server ends,
and with the server every worker.
"""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress

FORK = "--fork"
FORKING = sys.platform == "linux" and hasattr(socket, "recv_fds")
"""Whether workers are forked here. Elsewhere each is a process of its own, as ``spawn`` would have it."""

READY = b"r"
REQUEST = b"f"
ENDED, REFUSED = 0, 1
REPORT = struct.Struct("<ii")
"""What a channel tells, once: ``ENDED`` and the exit code as ``subprocess`` has it, or ``REFUSED`` and the
error number of the fork."""

_GIVEN = 3
_LOOK_MILLISECONDS = 2000
"""How often the server looks whether its parent is there, should a copy of the socket outlive it."""


def asked_for() -> bool:
    """Whether this process was started to be a fork server."""
    return FORKING and sys.argv[1:2] == [FORK]


def until_worker() -> None:
    """Serve requests until the parent is gone. Returns in each worker, whose standard input and output are
    then those of its request."""
    gc.collect()
    gc.freeze()
    try:
        is_worker = _Server().run()
    except Exception:  # noqa: BLE001 - neither a server nor a worker may go on half made
        os._exit(1)
    if not is_worker:
        os._exit(0)


class _Server:
    def __init__(self) -> None:
        self.control = socket.socket(fileno=os.dup(0))
        self.parent = os.getppid()
        self.poll = select.poll()
        self.woken = os.pipe()
        self.workers: dict[int, tuple[int, socket.socket]] = {}
        """By the channel's descriptor: the worker's process id, and the channel."""

    def run(self) -> bool:
        """Fork what is asked for. True in a worker, False when the parent is gone."""
        for end in self.woken:
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.woken[1], warn_on_full_buffer=False)
        self.poll.register(self.control, select.POLLIN)
        self.poll.register(self.woken[0], select.POLLIN)
        self.control.send(READY)
        while os.getppid() == self.parent:
            for descriptor, _ in self.poll.poll(_LOOK_MILLISECONDS):
                if descriptor in self.workers:
                    self._kill(descriptor)
                elif descriptor == self.woken[0]:
                    with suppress(BlockingIOError):
                        os.read(descriptor, 4096)
                elif (worker := self._request()) is not None:
                    if not worker:
                        self._end_all()
                    return worker
            self._reap()
        self._end_all()
        return False

    def _request(self) -> bool | None:
        """Take one request. True in the worker, ``None`` in the server, False when the parent is gone."""
        try:
            asked, given, _, _ = socket.recv_fds(self.control, len(REQUEST), _GIVEN)
        except OSError:
            return False
        if not asked:
            return False
        if len(given) < _GIVEN:  # out of descriptors: the parent sees the channel close
            for descriptor in given:
                os.close(descriptor)
            return None
        source, sink, channel = given[0], given[1], socket.socket(fileno=given[2])
        try:
            if _let_go(channel):
                _report(channel, ENDED, -int(signal.SIGKILL))
                channel.close()
            elif self._forked(source, sink, channel):
                return True
        finally:
            os.close(source)
            os.close(sink)
        return None

    def _forked(self, source: int, sink: int, channel: socket.socket) -> bool:
        """True in the new worker."""
        me, alone = os.getpid(), _alone()
        try:
            pid = os.fork()
        except OSError as exc:
            _report(channel, REFUSED, exc.errno or errno.EAGAIN)
            channel.close()
            return False
        if pid:
            self.workers[channel.fileno()] = pid, channel
            self.poll.register(channel, select.POLLIN)
            return False
        self._become_worker(source, sink, channel, server=me, alone=alone)
        return True

    def _become_worker(
        self, source: int, sink: int, channel: socket.socket, *, server: int, alone: bool
    ) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        end_with_parent()
        if os.getppid() != server:
            os._exit(1)
        os.dup2(source, 0)
        os.dup2(sink, 1)
        for one in (self.control, channel, *(known for _, known in self.workers.values())):
            one.close()
        for end in self.woken:
            os.close(end)
        if not alone:
            module = sys.modules["__main__"].__spec__
            os.execv(sys.executable, [sys.executable, "-P", "-m", module.name if module else ""])  # noqa: S606

    def _kill(self, descriptor: int) -> None:
        """End a worker that the parent let go of. It isn't reaped yet, so the id is still its own."""
        self.poll.unregister(descriptor)
        os.kill(self.workers[descriptor][0], signal.SIGKILL)

    def _reap(self) -> None:
        for descriptor, (pid, channel) in list(self.workers.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with suppress(KeyError):
                    self.poll.unregister(descriptor)
                del self.workers[descriptor]
                _report(channel, ENDED, os.waitstatus_to_exitcode(status))
                channel.close()

    def _end_all(self) -> None:
        for pid, _ in self.workers.values():
            os.kill(pid, signal.SIGKILL)
        for pid, _ in self.workers.values():
            os.waitpid(pid, 0)


def end_with_parent() -> None:
    """Have the kernel end this process when its parent is killed, whatever it does then (Linux; elsewhere
    the alarm ends it)."""
    with suppress(OSError, AttributeError, ImportError):
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH_SIGNAL, int(signal.SIGKILL))


_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def _alone() -> bool:
    """Whether this process has one thread, of Python or of a library."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _let_go(channel: socket.socket) -> bool:
    look = select.poll()
    look.register(channel, select.POLLIN)
    return bool(look.poll(0))


def _report(channel: socket.socket, what: int, value: int) -> None:
    with suppress(OSError):
        channel.send(REPORT.pack(what, value))
