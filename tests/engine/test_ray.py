"""The Ray engine keeps the same promises, on a real cluster."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from grandrounds.engine.cluster import Cluster, _refuse_unreachable
from grandrounds.engine.ray import RayEngine
from grandrounds.errors import EngineError, MissingDependencyError, SettingsError
from tests.engine.contract import EngineContract
from tests.support.ray_cluster import RayCluster, cluster

__all__ = ["cluster"]

pytestmark = pytest.mark.slow


@pytest.fixture
def engine(cluster: RayCluster) -> Iterator[RayEngine]:
    with RayEngine(cluster.address) as made:
        yield made


class TestRayEngine(EngineContract):
    pass


def test_the_cluster_is_this_machine_alone_and_stays_joined_while_anybody_needs_it(
    cluster: RayCluster,
) -> None:
    with Cluster(cluster.address) as joined:
        assert joined.other_machines == ()
        assert joined.processors == 2
    assert joined.ray.is_initialized()


def test_one_process_joins_one_cluster(cluster: RayCluster) -> None:
    with pytest.raises(EngineError, match="joined the Ray cluster"):
        Cluster("192.0.2.1:6379")


@pytest.mark.parametrize("address", ["ray://127.0.0.1:10001", "somewhere", "127.0.0.1:port", ":6379"])
def test_an_address_of_the_wrong_form_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="HOST:PORT"):
        Cluster(address)


def test_where_nothing_listens_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(EngineError, match=f"No Ray cluster answers at 127.0.0.1:{port}.*ray start --head"):
        _refuse_unreachable(f"127.0.0.1:{port}")


def test_without_ray_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'grandrounds\[ray\]'"):
        Cluster()


def test_an_engine_has_workers() -> None:
    with pytest.raises(EngineError, match="at least one worker"):
        RayEngine(workers=0)
