"""Several readers at once at the real server, which is killed in the middle: nothing given twice, nothing lost.

How fast it is with fifty readers is measured by ``benchmarks/review.py``, on a machine that does nothing else.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="the readers are clients made with aiohttp")

from benchmarks.reading_room.day import judged, spend
from benchmarks.reading_room.queue import NAME, lake_in, names, open_house
from benchmarks.reading_room.readers import Log
from grandrounds.review.policy import Outcome, rulings
from grandrounds.review.store import ReviewStore
from tests.support.review_server import ReviewServer

pytestmark = pytest.mark.slow
READERS, ITEMS = 5, 200


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'review.sqlite'}"
    return str(request.getfixturevalue("postgres").empty())


def test_nothing_is_given_twice_or_lost_when_the_server_is_killed_in_the_middle(database, tmp_path):
    with ReviewStore(database) as store:
        people = names(READERS)
        filled = open_house(store, lake_in(tmp_path), items=ITEMS, readers=people)
        with ReviewServer(tmp_path, database) as server:
            log, taken = asyncio.run(spend(server, people, seconds=8, think=0.1, kill=True))
            found = judged(log, taken, server=server, store=store, filled=filled, limit=float("inf"))
    assert found.broken == ()
    assert found.decisions == len(log.decided) > READERS
    assert log.interrupted > 0, "nobody was at the server when it was killed"
    assert found.kept >= 1, "nobody had saved anything when it was killed"
    assert len(found.starts) == 2


def test_what_must_never_happen_would_be_told(tmp_path):
    """The judgement itself: a lost decision, one that nobody made, an item given to three."""
    with ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}") as store:
        filled = open_house(store, lake_in(tmp_path), items=4, readers=names(1))
        server = ReviewServer(tmp_path, "")
        one = store.queue(NAME)[0].candidate.item_id
        log = Log(given={one: ["a", "b", "c"]}, decided={"event-1": ("reviewer-00", one)})
        log.times["next"] = [0.3]
        taken = {"login": 0.0, "reading": 1.0, "cpu": 0.0}
        found = judged(log, taken, server=server, store=store, filled=filled, limit=200)
    said = " ".join(found.broken)
    for words in ("was acknowledged, and is lost", "was given to 3 readers", "300 ms"):
        assert words in said


def test_a_sampled_queue_is_read_as_its_policy_says(tmp_path):
    database = f"sqlite:///{tmp_path / 'review.sqlite'}"
    with ReviewStore(database) as store:
        policy = {"overlap": 0.5, "sample": {"test": 0.4}, "order": "queue"}
        filled = open_house(store, lake_in(tmp_path), items=30, readers=names(3), **policy)
        with ReviewServer(tmp_path, database) as server:
            log, taken = asyncio.run(spend(server, names(3), seconds=60, think=0.0, kill=False))
            found = judged(log, taken, server=server, store=store, filled=filled, limit=float("inf"))
        ruled = rulings(store.snapshot(NAME), filled.recipe.review)
    assert found.broken == ()
    assert {ruling.outcome for ruling in ruled} == {Outcome.ACCEPTED, Outcome.UNREAD}
    assert all(len(ruling.readers) == ruling.wanted for ruling in ruled)


def test_one_that_ends_unasked_is_replaced_and_all_end_with_the_first(tmp_path):
    database = f"sqlite:///{tmp_path / 'review.sqlite'}"
    ReviewStore(database).close()
    server = ReviewServer(tmp_path, database, arguments=("--workers", "2"))
    with server:
        assert server.process is not None
        first = children(server.process.pid)
        assert len(first) == 2
        os.kill(first[0], signal.SIGKILL)
        until = time.monotonic() + 30
        while len(now := children(server.process.pid)) < 2 or first[0] in now:
            assert time.monotonic() < until, "nobody came instead"
            time.sleep(0.05)
        assert first[1] in now
        urllib.request.urlopen(f"{server.url}/health", timeout=20).close()
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        while any(alive(each) for each in now):
            assert time.monotonic() < until + 30, "they outlived the first"
            time.sleep(0.05)
        server.process = None


def test_all_of_them_end_when_they_are_told_to(tmp_path):
    database = f"sqlite:///{tmp_path / 'review.sqlite'}"
    ReviewStore(database).close()
    with ReviewServer(tmp_path, database, arguments=("--workers", "3")) as server:
        assert server.process is not None
        found = children(server.process.pid)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        assert not any(alive(each) for each in found)
        server.process = None


def children(process: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        found += map(int, path.read_text().split())
    return sorted(found)


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}
