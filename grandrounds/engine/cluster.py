"""Joining a Ray cluster, quietly: no usage statistics, no dashboard, no output of workers.

No cluster is ever started, unless the address says ``local``.
"""

from __future__ import annotations

import os
import socket
import threading
from types import TracebackType
from typing import Any

from grandrounds.errors import EngineError, MissingDependencyError, SettingsError

AUTO = "auto"
LOCAL = "local"

_REACH_SECONDS = 5.0
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else Ray warns of what a later version will do
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # its C++ half writes to standard error
    "RAY_NUM_REDIS_GET_RETRIES": "2",  # of a minute each, when it finds nobody
}
_START = "Start one with `ray start --head`, or set GRANDROUNDS_RAY_ADDRESS=local to have one for this run."

_joining = threading.Lock()
_joined = 0
_joined_address = ""


class Cluster:
    """A connection to a Ray cluster, shared by all who join from this process; the last one leaves it.

    ``address`` is ``HOST:PORT``, ``auto`` (or nothing) for the cluster that runs on this machine, or
    ``local`` for one of this process's own. A connection that the program had before is used and kept.
    Raises ``MissingDependencyError`` without Ray, ``SettingsError`` for an address of the wrong form and
    ``EngineError`` when no cluster answers there.
    """

    def __init__(self, address: str = AUTO) -> None:
        self.address = address or AUTO
        _refuse_malformed(self.address)
        self.ray = _ray()
        self._left = False
        _join(self.ray, self.address)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster."""
        global _joined  # noqa: PLW0603 - there is one connection a process
        with _joining:
            if self._left or not _joined:
                return
            self._left = True
            _joined -= 1
            if not _joined:
                self.ray.shutdown()

    @property
    def processors(self) -> int:
        """Processors of all nodes together; at least one."""
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)))

    @property
    def other_machines(self) -> tuple[str, ...]:
        """Addresses of the nodes that aren't this machine."""
        mine = self.ray.util.get_node_ip_address()
        nodes = (node["NodeManagerAddress"] for node in self.ray.nodes() if node.get("Alive"))
        return tuple(sorted({address for address in nodes if address != mine}))


def _ray() -> Any:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as exc:
        raise MissingDependencyError(
            "The engine `ray` needs Ray, which isn't installed here.",
            remedy="Install it: pip install 'grandrounds[ray]'",
        ) from exc
    return ray


def _join(ray: Any, address: str) -> None:
    global _joined, _joined_address  # noqa: PLW0603 - there is one connection a process
    with _joining:
        if ray.is_initialized():
            # The program's own connection (then we never leave it), or one of ours.
            if _joined and address not in (AUTO, _joined_address):
                raise EngineError(
                    f"This process has joined the Ray cluster at {_joined_address!r} already.",
                    remedy=f"Use one cluster in one process; {address!r} needs another.",
                )
            _joined += bool(_joined)
            return
        if address not in (AUTO, LOCAL):
            _refuse_unreachable(address)
        try:
            ray.init(
                address=address,
                include_dashboard=False if address == LOCAL else None,
                log_to_driver=False,
                logging_level="ERROR",
                namespace="grandrounds",
            )
        except Exception as exc:
            raise EngineError(
                f"The Ray cluster at {address!r} can't be used: {exc}", remedy=_START
            ) from exc
        _joined, _joined_address = 1, address


def _refuse_malformed(address: str) -> None:
    host, separator, port = address.rpartition(":")
    if address in (AUTO, LOCAL) or (separator and host and port.isdigit() and "://" not in address):
        return
    raise SettingsError(
        f"{address!r} is not the address of a Ray cluster.",
        remedy="Give HOST:PORT of the head node (mostly port 6379), `auto` or `local`. "
        "ray:// addresses can't be used: run on a node of the cluster.",
    )


def _refuse_unreachable(address: str) -> None:
    """Ray itself tries for minutes; a port where nothing listens is known at once."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_SECONDS).close()
    except OSError as exc:
        raise EngineError(
            f"No Ray cluster answers at {address} ({exc.strerror or exc}).", remedy=_START
        ) from exc
