"""The client on a real Ray cluster of one node: the same answers, each asked once, whatever dies."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from grandrounds.engine.cluster import Cluster
from grandrounds.errors import LedgerError, ModelError, SettingsError
from grandrounds.llm.answer import NOT_LOCAL, OK, REFUSED, WAITING
from grandrounds.llm.budget import BudgetReached, Limits
from grandrounds.llm.models import ModelEntry
from grandrounds.llm.prices import Prices
from grandrounds.llm.ray_client import RayClient, make
from grandrounds.settings import resolve
from tests.llm.helpers import ask, asks, client
from tests.support.ray_cluster import RayCluster, ray_cluster
from tests.support.stub_openai import StubServer

pytestmark = pytest.mark.slow
KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with ray_cluster() as started:
        yield started


@pytest.fixture(scope="module")
def joined(cluster: RayCluster) -> Iterator[Cluster]:
    """One connection for all tests of this process: to join takes seconds."""
    with Cluster(cluster.address) as made:
        yield made


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(latency_ms=20, api_key=KEY) as server:
        yield server


def spread(
    base_url: str,
    folder: Path,
    *,
    address: str = "127.0.0.1:1",
    key: str = KEY,
    local: bool = True,
    limits: Limits | None = None,
    concurrency: int = 16,
    workers: int | None = 2,
) -> RayClient:
    settings = resolve(
        {"GRANDROUNDS_HOME": str(folder), "GRANDROUNDS_RAY_ADDRESS": address, "OPENAI_API_KEY": key}, {}
    )
    entry = ModelEntry(
        name="stub",
        model="stub",
        where="",
        base_url=base_url,
        local=local,
        key_env="OPENAI_API_KEY",
        prices=Prices(prompt_per_million=1.0),
        limits=limits or Limits(),
        timeout_seconds=20.0,
    )
    return make(settings, entry, concurrency=concurrency, workers=workers)


# On a cluster -----------------------------------------------------------------------------------


def test_the_cluster_answers_as_the_live_client_does_and_asks_nothing_twice(
    cluster: RayCluster, joined: Cluster, stub: StubServer, tmp_path: Path
) -> None:
    requests = [*asks(150), ask("one more"), ask("declined [[refuse]]"), ask("late [[500*2]]"), *asks(10)]
    (tmp_path / "ray").mkdir()
    (tmp_path / "live").mkdir()
    told = []
    with spread(stub.base_url, tmp_path / "ray", address=cluster.address) as fleet:
        pairs = list(fleet.answers(iter(requests), on_progress=told.append))
        tally = fleet.tally
    assert [request.request_id for request, _ in pairs] == [request.request_id for request in requests]
    assert stub.stats()["answered_twice"] == 0
    assert stub.book.most_open <= 16
    assert (tally.done, tally.sent, tally.prompt_tokens) == (163, 153, 15_300)
    assert tally.cost == pytest.approx(0.0153)
    assert told[-1].done == 163
    with client(stub.base_url, tmp_path / "live", api_key=KEY) as live:
        expected = live.answer_all(requests)
    got = {request.request_id: answer for request, answer in pairs}
    assert {key: (a.status, a.parsed) for key, a in got.items()} == {
        key: (a.status, a.parsed) for key, a in expected.items()
    }
    assert got[ask("declined [[refuse]]").request_id].status == REFUSED
    assert got[ask("late [[500*2]]").request_id].attempts == 3
    assert KEY not in cluster.logs()


def test_a_worker_that_is_killed_costs_only_what_was_in_flight(
    cluster: RayCluster, joined: Cluster, tmp_path: Path
) -> None:
    requests = asks(240)
    with (
        StubServer(latency_ms=100) as stub,
        spread(stub.base_url, tmp_path, address=cluster.address, key="") as fleet,
    ):
        killed: list[int] = []
        killer = threading.Thread(target=_kill_one_worker, args=(cluster, stub, killed))
        killer.start()
        pairs = list(fleet.answers(requests))
        killer.join()
        assert len(killed) == 1
        assert {answer.status for _, answer in pairs} == {OK}
        assert [request for request, _ in pairs] == requests
        stats = stub.stats()
        assert stats["distinct"] == 240
        assert stats["received"] <= 240 + 8  # a worker has 8 places
        assert fleet.ledger.stats().by_status == {"ok": 240}
        assert fleet.ledger.check() == []


def _kill_one_worker(cluster: RayCluster, stub: StubServer, killed: list[int]) -> None:
    """As soon as some were answered, and well before all are."""
    deadline = time.monotonic() + 300
    while stub.book.answered.total() < 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    worker = cluster.processes("Asker")[0]
    os.kill(worker, signal.SIGKILL)
    killed.append(worker)


def test_one_budget_holds_for_all_workers_and_what_is_left_over_waits(
    cluster: RayCluster, joined: Cluster, stub: StubServer, tmp_path: Path
) -> None:
    with spread(stub.base_url, tmp_path, address=cluster.address, limits=Limits(requests=30)) as fleet:
        pairs = fleet.answers(asks(50))
        assert sorted(answer.status for _, answer in islice(pairs, 50)) == [OK] * 30 + [WAITING] * 20
        with pytest.raises(BudgetReached, match="30 requests"):
            next(pairs)
        assert stub.stats()["received"] == 30
        assert fleet.ledger.stats().by_status == {"ok": 30}


def test_a_wrong_key_ends_the_run_with_the_live_clients_words(
    cluster: RayCluster, joined: Cluster, stub: StubServer, tmp_path: Path
) -> None:
    with (
        spread(stub.base_url, tmp_path, address=cluster.address, key="sk-wrong-wrong") as fleet,
        pytest.raises(ModelError, match="refuses the key") as caught,
    ):
        list(fleet.answers(asks(40)))
    assert "sk-wrong-wrong" not in str(caught.value)


def test_whoever_leaves_early_goes_on_later_where_it_was(
    cluster: RayCluster, joined: Cluster, stub: StubServer, tmp_path: Path
) -> None:
    with spread(stub.base_url, tmp_path, address=cluster.address, concurrency=4) as fleet:
        pairs = fleet.answers(asks(100_000))
        next(pairs)
        pairs.close()
        kept = fleet.ledger.stats().answers
        sent = stub.stats()["received"]
        assert 1 <= kept <= sent < 10_000
        time.sleep(0.5)
        assert stub.stats()["received"] == sent  # nobody goes on asking
        again = list(fleet.answers(asks(8)))
        assert len(again) == 8
        assert stub.stats()["answered_twice"] == 0


# Without one ------------------------------------------------------------------------------------


def test_what_the_ledger_holds_needs_no_cluster(stub: StubServer, tmp_path: Path) -> None:
    with client(stub.base_url, tmp_path, api_key=KEY) as live:
        live.answer_all(asks(20))
    with spread(stub.base_url, tmp_path) as fleet:
        assert [answer.status for _, answer in fleet.answers(asks(20))] == [OK] * 20
        assert (fleet.sent, fleet.served) == (0, 20)


def test_protected_evidence_is_refused_before_a_cluster_is_joined(stub: StubServer, tmp_path: Path) -> None:
    with spread(stub.base_url, tmp_path, local=False) as fleet:
        ((_, answer),) = fleet.answers([ask("a patient", protected=True)])
    assert answer.status == NOT_LOCAL
    assert stub.stats()["received"] == 0


def test_a_worker_refuses_protected_evidence_by_itself(stub: StubServer, tmp_path: Path) -> None:
    """Should a block with such a request ever reach one: the worker's own client is no less strict."""
    from dataclasses import replace

    from grandrounds.llm.fanout.post import mark_of, open_client
    from grandrounds.llm.purse import Purse

    with spread(stub.base_url, tmp_path, local=False) as fleet:
        post = replace(fleet._post, ledger_mark=mark_of(fleet._post.ledger_url))
        with open_client(post, purse=Purse()) as worker:
            ((_, answer),) = worker.answers([ask("a patient", protected=True)])
    assert answer.status == NOT_LOCAL
    assert stub.stats()["received"] == 0


class _TwoMachines:
    """Stands for a cluster with a node elsewhere: there is none here."""

    other_machines = ("192.0.2.7",)
    processors = 8


def test_a_ledger_in_a_file_is_refused_where_nodes_are_on_other_machines(
    stub: StubServer, tmp_path: Path
) -> None:
    words = r"192\.0\.2\.7.*GRANDROUNDS_LEDGER_URL to a PostgreSQL"
    with spread(stub.base_url, tmp_path) as fleet, pytest.raises(LedgerError, match=words):
        fleet._divided(_TwoMachines())  # type: ignore[arg-type]


class _OneMachine(_TwoMachines):
    other_machines = ()


@pytest.mark.parametrize(
    ("concurrency", "workers", "expected"),
    [(16, None, (1, 16)), (100, None, (7, 14)), (1000, None, (8, 125)), (3, 8, (3, 1)), (17, 2, (2, 8))],
)
def test_places_are_divided_and_never_more_in_all(
    stub: StubServer, tmp_path: Path, concurrency: int, workers: int | None, expected: tuple[int, int]
) -> None:
    with spread(stub.base_url, tmp_path, concurrency=concurrency, workers=workers) as fleet:
        post, count = fleet._divided(_OneMachine())  # type: ignore[arg-type]
    assert (count, post.concurrency) == expected
    assert count * post.concurrency <= concurrency


def test_a_cluster_that_does_not_answer_is_named(stub: StubServer, tmp_path: Path) -> None:
    words = "'somewhere' is not the address of a Ray cluster"
    with (
        spread(stub.base_url, tmp_path, address="somewhere") as fleet,
        pytest.raises(SettingsError, match=words),
    ):
        list(fleet.answers(asks(1)))
