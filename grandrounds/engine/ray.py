"""The Ray engine: actors of a cluster, one item each at a time. The same promises as the local engine.

Every node needs the same version of this project, and of what extends it; that is checked before an item is
sent. Items and results travel through the cluster; files that items name must be found there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from grandrounds.engine.base import Done, Fault, Item, Result, attempt, name_of, named
from grandrounds.engine.cluster import AUTO, Cluster
from grandrounds.engine.crew import Crew
from grandrounds.errors import EngineError
from grandrounds.fingerprint import code_fingerprint

_MOST_WORKERS = 256  # each has a thread in this process
_PATIENCE_SECONDS = 300.0  # for the first worker, on a cluster that has other things to do
_GLANCE_SECONDS = 1.0
_PROJECT = "grandrounds."


class RayEngine:
    """Actors of the Ray cluster at ``address`` (see ``Cluster``), which is joined when it is first needed.

    ``workers`` is how many at most; ``None`` takes one a processor of the cluster, up to 256. Where the
    cluster has room for fewer, fewer work.
    """

    name = "ray"

    def __init__(self, address: str = AUTO, *, workers: int | None = None) -> None:
        if workers is not None and workers < 1:
            raise EngineError(f"An engine needs at least one worker, not {workers}.")
        self._address = address
        self._workers = workers
        self._cluster: Cluster | None = None

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

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
        if self._cluster is None:
            self._cluster = Cluster(self._address)
        ray, patience = self._cluster.ray, _Patience()
        crew = Crew(
            lambda: _Actor(ray, spelled, patience),
            size=self._workers or min(self._cluster.processors, _MOST_WORKERS),
            seconds=seconds,
            retries=retries,
            second_tries_alone=False,
        )
        return crew.run(items)


class _Patience:
    """Whether any worker was ever ready: then others may wait for room as long as it takes."""

    def __init__(self) -> None:
        self._until = time.monotonic() + _PATIENCE_SECONDS
        self.rewarded = False

    @property
    def over(self) -> bool:
        return not self.rewarded and time.monotonic() > self._until


class _Actor:
    """One actor, seen from here."""

    def __init__(self, ray: Any, spelled: str, patience: _Patience) -> None:
        self._ray = ray
        self._patience = patience
        self._killed = threading.Event()
        self._errors = (ray.exceptions.RayActorError, ray.exceptions.RaySystemError,
                        ray.exceptions.ObjectLostError, ray.exceptions.OutOfMemoryError,
                        ray.exceptions.WorkerCrashedError)  # fmt: skip
        remote = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Hand)
        self._handle = remote.remote(spelled, _version(spelled))

    def start(self) -> None:
        """See ``Worker.start``."""
        ready = self._handle.ready.remote()
        while not self._ray.wait([ready], timeout=_GLANCE_SECONDS)[0]:
            if self._killed.is_set():
                raise EngineError("The work was ended.")
            if self._patience.over:
                raise EngineError(
                    f"The Ray cluster gave no processor within {_PATIENCE_SECONDS:.0f} s.",
                    remedy="Wait until it has less to do, or add nodes (`ray status` shows who has what).",
                )
        try:
            trouble = self._ray.get(ready)
        except Exception as exc:
            raise EngineError(f"A worker of the Ray cluster doesn't start: {_first_line(exc)}") from exc
        if trouble:
            raise EngineError(trouble)
        self._patience.rewarded = True

    def work(self, item: Any, *, seconds: float | None) -> Done[Any]:
        """See ``Worker.work``."""
        try:
            answer = self._handle.work.remote(item)
        except self._errors as exc:
            return _died(exc)
        except Exception as exc:
            raise EngineError(
                f"An item of type {type(item).__name__} can't be sent to a worker: {_first_line(exc)}."
            ) from exc
        try:
            done = self._ray.get(answer, timeout=seconds)
        except self._ray.exceptions.GetTimeoutError:
            return Done(fault=Fault.LATE, reason=f"It took longer than {seconds:g} s and was given up.")
        except self._errors as exc:
            return _died(exc)
        except self._ray.exceptions.RayTaskError as exc:
            return Done(fault=Fault.RAISED, reason=f"The result can't be sent back: {_first_line(exc)}")
        assert isinstance(done, Done)
        return done

    def kill(self) -> None:
        """See ``Worker.kill``."""
        self._killed.set()
        self._ray.kill(self._handle)


class Hand:
    """The actor: imports the function that it was named and works on what comes."""

    def __init__(self, spelled: str, version: str) -> None:
        self._spelled = spelled
        self._version = version

    def ready(self) -> str:
        """Empty, or why nothing can be done here."""
        try:
            self._work = named(self._spelled)
        except Exception as exc:  # noqa: BLE001 - told to the caller, whatever importing raised
            return str(exc) or type(exc).__name__
        if _version(self._spelled) != self._version:
            return (
                "A node of the Ray cluster has another version of grandrounds. Install the same everywhere."
            )
        return ""

    def work(self, item: Any) -> Done[Any]:
        """What became of ``item``."""
        return attempt(self._work, item)


def _version(spelled: str) -> str:
    """What the code of the work is; known only for that of this project."""
    module = spelled.partition(":")[0]
    return code_fingerprint(".".join(module.split(".")[:2])) if module.startswith(_PROJECT) else ""


def _died(exc: BaseException) -> Done[Any]:
    return Done(fault=Fault.DIED, reason=f"The process that worked on it died ({_first_line(exc)}).")


def _first_line(exc: BaseException) -> str:
    lines = str(exc).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(exc).__name__
