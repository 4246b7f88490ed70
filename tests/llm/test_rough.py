"""A rough endpoint and a hard death: every request is answered, none twice, nothing paid is lost."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grandrounds.llm.ledger import Ledger
from tests.conftest import ROOT
from tests.llm.helpers import asks, client
from tests.support.stub_openai import StubProcess

CONCURRENCY = 16


def test_through_429s_500s_and_hung_sockets_every_request_is_answered_once(tmp_path: Path) -> None:
    requests = asks(800)
    with StubProcess(latency_ms=20, share_429=0.02, share_500=0.01, share_hang=0.005) as stub:
        with client(stub.base_url, tmp_path, concurrency=64, timeout_seconds=1.0) as asking:
            pairs = list(asking.answers(iter(requests)))
            stored = asking.ledger.stats()
            tries = asking.tally.tries
        seen = stub.stats()

    assert [request for request, _ in pairs] == requests
    assert all(answer.ok for _, answer in pairs)
    assert (stored.requests, stored.answers) == (800, 800)
    assert (seen["answered"], seen["answered_twice"]) == (800, 0)
    assert min(seen["behaviours"][name] for name in ("429", "500", "hang")) >= 1
    assert tries == seen["received"] > 800


def test_a_server_that_takes_few_at_a_time_gets_through_them_all(tmp_path: Path) -> None:
    requests = asks(300, "[[429*3]]")
    with StubProcess(latency_ms=5) as stub, client(stub.base_url, tmp_path, concurrency=64) as asking:
        assert all(answer.ok for _, answer in asking.answers(requests))
        assert stub.stats()["answered_twice"] == 0


_RUN = """
import sys
from pathlib import Path
from tests.llm.helpers import asks, client
with client(sys.argv[1], Path(sys.argv[2]), concurrency=int(sys.argv[3])) as asking:
    print("ready", flush=True)
    for request, answer in asking.answers(asks(int(sys.argv[4]))):
        assert answer.ok
"""


@pytest.mark.slow
def test_kill_9_ten_times_sends_again_only_what_was_in_flight(tmp_path: Path) -> None:
    """One set of requests; each life is ended at a moment of chance, the last one may finish."""
    chance, count = random.Random(20261106), 4000
    path = tmp_path / "ledger.sqlite"
    kills = 0
    with StubProcess(latency_ms=30) as stub:
        for _ in range(10):
            before = stub.stats()
            process = subprocess.Popen(
                [sys.executable, "-c", _RUN, stub.base_url, str(tmp_path), str(CONCURRENCY), str(count)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.02, 0.6))
            process.kill()
            process.communicate()
            kills += process.returncode == -9
            time.sleep(0.1)  # the stub answers what it holds
            after = stub.stats()
            with Ledger(path) as ledger:
                assert ledger.check() == []
                kept = ledger.stats()
            assert kept.requests == kept.answers == kept.by_status.get("ok", 0)
            # Whatever the stub has answered and the ledger doesn't hold was in flight when a life ended.
            assert after["distinct"] - kept.answers <= CONCURRENCY
            assert after["answered_twice"] - before["answered_twice"] <= CONCURRENCY
        assert kills == 10, "the machine was faster than the killer: raise the number of requests"
        with client(stub.base_url, tmp_path, concurrency=CONCURRENCY) as asking:
            assert all(answer.ok for _, answer in asking.answers(asks(count)))
            assert asking.served == kept.answers
        seen = stub.stats()

    assert 0 < kept.answers < count
    assert seen["distinct"] == count
    assert seen["received"] - count <= 10 * CONCURRENCY
    assert seen["answered_twice"] <= 10 * CONCURRENCY
