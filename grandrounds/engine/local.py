"""The local engine: processes of this machine, one item each at a time, over pipes.

Not ``concurrent.futures``: there a process that dies takes every item in flight with it, and nothing can be
ended that takes too long.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

from grandrounds.engine.base import Done, Fault, Item, Result, attempt, name_of, named
from grandrounds.engine.crew import Crew
from grandrounds.errors import EngineError

_MOST_WORKERS = 16
_START_SECONDS = 120.0  # importing the work's module, on a machine that has other things to do
_STARTS = 3  # so often a process may die before it is ready
_READY = "ready"


class LocalEngine:
    """Processes of this machine.

    ``workers`` is how many at most; ``None`` takes one a processor, up to 16. In a process that may have
    no children (a daemonic one), items are worked on in the process itself, one after another, without a
    limit of time.
    """

    name = "local"

    def __init__(self, *, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise EngineError(f"An engine needs at least one worker, not {workers}.")
        self._workers = workers or min(os.cpu_count() or 1, _MOST_WORKERS)

    def __enter__(self) -> LocalEngine:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing outlives ``map``."""

    def map(
        self,
        work: Callable[[Item], Result],
        items: Iterable[Item],
        *,
        seconds: float | None = None,
        retries: int = 1,
    ) -> Iterator[Done[Result]]:
        """See ``Engine.map``."""
        spelled = name_of(work)
        if multiprocessing.current_process().daemon:
            return map(partial(attempt, work), items)
        crew = Crew(
            lambda: _Process(spelled),
            size=self._workers,
            seconds=seconds,
            retries=retries,
            second_tries_alone=True,
        )
        return crew.run(items)


class _Process:
    """One worker process, seen from the parent."""

    def __init__(self, spelled: str) -> None:
        self._spelled = spelled
        self._killing = threading.Lock()
        self._killed = False
        self._launch()

    def start(self) -> None:
        """See ``Worker.start``."""
        for _ in range(_STARTS):
            try:
                if not self._conn.poll(_START_SECONDS):
                    raise EngineError(f"No worker process was ready within {_START_SECONDS:.0f} s.")
                said = self._conn.recv()
            except (EOFError, OSError):
                if self._killed:
                    break
                self._end()
                self._launch()
                continue
            if said != _READY:
                raise EngineError(f"A worker process can't start: {said}")
            return
        raise EngineError(
            f"{_STARTS} worker processes died before they were ready.",
            remedy="Look at the memory of this machine, or use fewer workers.",
        )

    def work(self, item: Any, *, seconds: float | None) -> Done[Any]:
        """See ``Worker.work``."""
        try:
            self._conn.send(item)
        except OSError:
            return self._died()
        except Exception as exc:
            raise EngineError(
                f"An item of type {type(item).__name__} can't be sent to a worker: {exc}."
            ) from exc
        try:
            if not self._conn.poll(seconds):
                return Done(fault=Fault.LATE, reason=f"It took longer than {seconds:g} s and was given up.")
            done = self._conn.recv()
        except (EOFError, OSError):
            return self._died()
        assert isinstance(done, Done)
        return done

    def kill(self) -> None:
        """See ``Worker.kill``."""
        with self._killing:
            self._killed = True
            self._process.kill()

    def _launch(self) -> None:
        context = _context()
        self._conn, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, self._spelled), name="grandrounds-worker", daemon=True
        )
        with self._killing:
            if self._killed:
                raise EngineError("The work was ended.")
            self._process.start()
        theirs.close()

    def _end(self) -> None:
        self._process.kill()
        self._process.join()
        self._conn.close()

    def _died(self) -> Done[Any]:
        self._process.join(1.0)
        return Done(fault=Fault.DIED, reason=f"The process that worked on it died ({self._cause()}).")

    def _cause(self) -> str:
        code = self._process.exitcode
        if code == -signal.SIGKILL:
            return "killed from outside, or out of memory"
        if code is not None and code < 0:
            return f"signal {signal.Signals(-code).name}"
        return f"exit code {code}"


def _context() -> Any:
    """Forking a process that has threads (a web server, a database driver) can hang the child."""
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")


# In the worker process ------------------------------------------------------------------------


def _serve(conn: Connection, spelled: str) -> None:
    """Work on what comes, until nothing comes any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent decides
    _end_with_parent()
    try:
        work = named(spelled)
    except Exception as exc:  # noqa: BLE001 - told to the parent, whatever importing raised
        conn.send(str(exc) or type(exc).__name__)
        return
    conn.send(_READY)
    while True:
        try:
            item = conn.recv()
        except (EOFError, OSError):
            return
        except Exception as exc:  # noqa: BLE001 - its own class refuses to be made here
            done: Done[Any] = Done(fault=Fault.RAISED, reason=f"The item can't be read by a worker: {exc}")
        else:
            done = attempt(work, item)
        _tell(conn, done)


def _tell(conn: Connection, done: Done[Any]) -> None:
    try:
        conn.send(done)
    except OSError:
        sys.exit(0)
    except Exception as exc:  # noqa: BLE001 - whatever pickling the result raises
        reason = f"The result, of type {type(done.value).__name__}, can't be sent back: {exc}"
        conn.send(Done(fault=Fault.RAISED, reason=reason))


def _end_with_parent() -> None:
    """A worker in the middle of something long mustn't outlive a parent that was killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
