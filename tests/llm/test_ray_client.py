"""The client on a real Ray cluster of one node: the same answers, each asked once, whatever dies."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import pytest

from grandrounds.errors import EngineError, LakeError, LedgerError, ModelError, SettingsError
from grandrounds.llm import ray_client
from grandrounds.llm.answer import NOT_LOCAL, OK, WAITING
from grandrounds.llm.budget import BudgetReached, Limits
from grandrounds.llm.fanout.blocks import Report
from grandrounds.llm.models import ModelEntry
from grandrounds.llm.prices import Prices
from grandrounds.llm.ray_client import RayClient, make
from grandrounds.llm.request import MediaPart, Message
from grandrounds.settings import resolve
from tests.llm.helpers import ask, asks, client
from tests.support.postgres import PASSWORD
from tests.support.ray_cluster import RayCluster, cluster
from tests.support.stub_openai import StubServer

__all__ = ["cluster"]

pytestmark = pytest.mark.slow
KEY = "sk-a-key-that-nobody-may-see"


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
    ledger_url: str = "",
) -> RayClient:
    settings = resolve(
        {
            "GRANDROUNDS_HOME": str(folder),
            "GRANDROUNDS_LEDGER_URL": ledger_url,
            "GRANDROUNDS_RAY_ADDRESS": address,
            "OPENAI_API_KEY": key,
        },
        {},
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


@pytest.fixture
def server_ledger(request: pytest.FixtureRequest) -> str:
    """A ledger in PostgreSQL, as a cluster of several machines needs it; a file where there is no server."""
    try:
        return str(request.getfixturevalue("postgres").empty())
    except pytest.skip.Exception:
        return ""


# On a cluster -----------------------------------------------------------------------------------


def test_the_cluster_answers_as_the_live_client_does_and_a_killed_worker_costs_what_was_in_flight(
    cluster: RayCluster, tmp_path: Path
) -> None:
    requests = [*asks(200), ask("declined [[refuse]]"), ask("late [[500*2]]"), *asks(10)]
    (tmp_path / "ray").mkdir()
    (tmp_path / "live").mkdir()
    told, killed = [], []
    with (
        StubServer(latency_ms=100, api_key=KEY) as stub,
        spread(stub.base_url, tmp_path / "ray", address=cluster.address) as fleet,
    ):
        killer = threading.Thread(target=_kill_one_worker, args=(cluster, stub, killed))
        killer.start()
        pairs = list(fleet.answers(iter(requests), on_progress=told.append))
        killer.join()
        stats, filed = stub.stats(), fleet.ledger.stats().by_status
        assert fleet.ledger.check() == []
    assert len(killed) == 1
    assert [request.request_id for request, _ in pairs] == [request.request_id for request in requests]
    assert (stats["distinct"], filed) == (202, {"ok": 201, "refused": 1})
    assert stats["received"] <= 202 + 2 + 8  # two tries that failed, and a worker's 8 places
    assert stub.book.most_open <= 16
    assert told[-1].done == 212
    with StubServer(api_key=KEY) as stub, client(stub.base_url, tmp_path / "live", api_key=KEY) as live:
        expected = live.answer_all(requests)
    got = {request.request_id: answer for request, answer in pairs}
    assert {key: (a.status, a.parsed) for key, a in got.items()} == {
        key: (a.status, a.parsed) for key, a in expected.items()
    }
    assert KEY not in cluster.logs()


def _kill_one_worker(cluster: RayCluster, stub: StubServer, killed: list[int]) -> None:
    """As soon as some were answered, and well before all are."""
    deadline = time.monotonic() + 300
    while stub.book.answered.total() < 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    worker = cluster.processes("Asker")[0]
    os.kill(worker, signal.SIGKILL)
    killed.append(worker)


def test_whoever_leaves_early_goes_on_where_it_was_and_one_budget_holds_for_all_workers_and_runs(
    cluster: RayCluster, server_ledger: str, tmp_path: Path
) -> None:
    with (
        StubServer(latency_ms=100) as stub,
        spread(
            stub.base_url,
            tmp_path,
            address=cluster.address,
            limits=Limits(requests=500),
            key="",
            ledger_url=server_ledger,
        ) as fleet,
    ):
        pairs = fleet.answers(asks(100_000))
        next(pairs)
        pairs.close()
        sent = stub.stats()["received"]
        assert 1 <= sent <= 500  # leaving needs nothing to be finished; a slow machine may get that far
        assert fleet.ledger.stats().answers == sent == fleet.sent
        time.sleep(0.5)
        assert stub.stats()["received"] == sent  # nobody goes on asking

        known = {request.request_id for request in asks(500)} & set(fleet.ledger.lookup(asks(500)))
        pairs = fleet.answers([*asks(500), *asks(200, "more")])
        statuses = Counter(answer.status for _, answer in islice(pairs, 700))
        with pytest.raises(BudgetReached, match="500 requests"):
            next(pairs)
        stats = stub.stats()
        received = stats["received"]
        # Leave that a worker had when it stopped counts as spent: those that left early, and the last ones.
        assert 500 - 32 <= received <= 500
        assert stats["answered_twice"] == 0
        assert statuses == {OK: len(known) + received - sent, WAITING: 700 - len(known) - received + sent}
        assert fleet.cost == pytest.approx(received * 100 / 1_000_000)
    if server_ledger:
        assert quote(PASSWORD, safe="") not in cluster.logs()


# With reports from elsewhere ------------------------------------------------------------------------


class Reports:
    """A fleet whose workers report what ``answer`` makes of each block; ``None`` ends them all."""

    workers = 2
    far_lake = "/data/lake"

    def __init__(self, answer: Callable[[int], Report | None]) -> None:
        self._answer = answer

    def open(self, *, take: Callable[[Report], None], ended: Callable[[BaseException | None], None]) -> int:
        self._take, self._ended = take, ended
        return 0

    def put(self, number: int, data: bytes) -> None:
        report = self._answer(number)
        if report is None:
            self._ended(None)
        else:
            self._take(report)

    def drop(self, number: int) -> None:
        """Nothing is held."""

    def halt(self) -> None:
        self._ended(None)

    def finish(self) -> None:
        self._ended(None)

    def joined(self) -> int:
        return 0

    def heard(self) -> list[Report]:
        return []

    def close(self) -> None:
        """Nothing is open."""


def test_a_workers_trouble_ends_the_run_in_its_own_words(stub: StubServer, tmp_path: Path) -> None:
    trouble = ModelError("It refuses the key (401).", remedy="Check OPENAI_API_KEY.")
    with spread(stub.base_url, tmp_path) as fleet:
        fleet._fleet = Reports(lambda number: Report(block=number, trouble=trouble))  # type: ignore[assignment]
        with pytest.raises(ModelError, match=r"refuses the key \(401\)\. Check OPENAI_API_KEY"):
            list(fleet.answers(asks(40)))


def test_workers_that_end_too_soon_are_told_of(stub: StubServer, tmp_path: Path) -> None:
    with spread(stub.base_url, tmp_path) as fleet:
        fleet._fleet = Reports(lambda number: None)  # type: ignore[assignment]
        with pytest.raises(EngineError, match=r"ended before all was answered.*goes on where it was"):
            list(fleet.answers(asks(40)))


def test_pictures_that_other_machines_can_not_read_are_not_sent_there(
    stub: StubServer, tmp_path: Path
) -> None:
    picture = MediaPart(sha256="a" * 64, media_type="image/png")
    request = ask("", messages=(Message(role="user", content="What is it?", media=(picture,)),))
    with spread(stub.base_url, tmp_path) as fleet:
        fleet._fleet = Reports(lambda number: None)  # type: ignore[assignment]
        with pytest.raises(LakeError, match=r"/data/lake.*GRANDROUNDS_LAKE_URL"):
            list(fleet.answers([request]))


def test_a_cluster_without_room_is_not_waited_for_without_a_word(
    stub: StubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_client, "_PATIENCE_SECONDS", 0.02)
    monkeypatch.setattr(ray_client, "_LOOK_SECONDS", 0.01)
    silent = Reports(lambda number: Report(block=-1))
    with spread(stub.base_url, tmp_path) as fleet:
        fleet._fleet = silent  # type: ignore[assignment]
        with pytest.raises(EngineError, match=r"gave no processor.*ray status"):
            list(fleet.answers(asks(40)))


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
