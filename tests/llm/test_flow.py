"""Answers stream: in order, lazily, in bounded memory, and leaving early keeps what was paid."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import LedgerError, ModelError
from grandrounds.llm.answering import Progress
from grandrounds.llm.backends.base import Try, Turn
from grandrounds.llm.client import ModelClient
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.reply import Reply
from grandrounds.llm.request import ModelRequest
from tests.conftest import ROOT
from tests.llm.helpers import ask, asks, client
from tests.support.stub_openai import StubServer

_FITS = '{"diagnosis":"x","quotes":[]}'


class FastBackend:
    """Answers at once, in this process."""

    name = "fast"
    local = True

    def __init__(self, text: str = _FITS, *, seconds: float = 0.0) -> None:
        self._text = text
        self._seconds = seconds
        self.asked: list[str] = []

    async def __aenter__(self) -> FastBackend:
        return self

    async def __aexit__(self, *_: Any) -> None:
        pass

    async def ask(
        self, request: ModelRequest, *, stopping: asyncio.Event, turn: Turn | None = None
    ) -> Reply:
        turn = turn or Turn(stopping)
        await turn.begin()
        self.asked.append(request.request_id)
        await asyncio.sleep(self._seconds)
        turn.end(Try(seconds=self._seconds))
        return Reply(text=self._text, finish_reason="stop", prompt_tokens=1, completion_tokens=1)


def fast(folder: Path, answering: FastBackend | None = None, **options: Any) -> ModelClient:
    options.setdefault("concurrency", 64)
    return ModelClient(
        Ledger(folder / "ledger.sqlite"), answering or FastBackend(), model="stub", **options
    )


def ordered(pairs: Iterator[Any], requests: list[ModelRequest]) -> bool:
    given = list(pairs)
    return [request for request, _ in given] == requests and all(
        request.request_id == answer.request_id for request, answer in given
    )


def test_one_pair_for_every_request_in_the_order_given(tmp_path: Path) -> None:
    requests = asks(300)
    requests = [*requests, *requests[::7], *requests[::-1]]
    with StubServer() as stub, client(stub.base_url, tmp_path, concurrency=32) as asking:
        assert ordered(asking.answers(iter(requests)), requests)
        assert stub.stats()["received"] == 300


def test_the_order_holds_when_the_first_is_the_slowest(tmp_path: Path) -> None:
    requests = [ask("[[hang*1]]"), *asks(200)]
    with StubServer() as stub, client(stub.base_url, tmp_path, timeout_seconds=0.5) as asking:
        assert ordered(asking.answers(requests), requests)


@pytest.mark.parametrize("window", [1, 2, 7, 100])
def test_a_small_window_gives_the_same(tmp_path: Path, window: int) -> None:
    requests = asks(150) + asks(150)
    with fast(tmp_path, window=window, concurrency=4) as asking:
        assert ordered(asking.answers(iter(requests)), requests)
        assert asking.sent == 150


def test_nothing_is_read_before_somebody_asks_and_never_more_than_the_window(tmp_path: Path) -> None:
    read = 0

    def requests() -> Iterator[ModelRequest]:
        nonlocal read
        for number in range(100_000):
            read += 1
            yield ask(f"case {number}")

    with fast(tmp_path, window=50) as asking:
        pairs = asking.answers(requests())
        assert read == 0
        next(pairs)
        time.sleep(0.3)
        assert read <= 51
        for _ in range(200):
            next(pairs)
        assert read <= 251
        pairs.close()


def test_however_long_the_list_few_requests_are_alive(tmp_path: Path) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    most = 0

    class Watched(ModelRequest):  # with room for a weak reference
        __slots__ = ("__weakref__",)

    def requests() -> Iterator[ModelRequest]:
        made = ask("x")
        for number in range(6000):
            values = {name: getattr(made, name) for name in made.__slots__ if name != "request_id"}
            request = Watched(**{**values, "prompt_name": f"n{number}", "prompt_version": str(number)})
            alive.add(request)
            yield request

    with fast(tmp_path, window=300) as asking:
        for number, _ in enumerate(asking.answers(requests())):
            if number % 100 == 0:
                most = max(most, len(alive))
        gc.collect()

    assert number == 5999
    assert 200 < most <= 400


def test_equal_requests_in_the_window_are_one_question(tmp_path: Path) -> None:
    answering = FastBackend(seconds=0.05)
    with fast(tmp_path, answering) as asking:
        pairs = list(asking.answers([ask("same")] * 500))

    assert len(pairs) == 500
    assert len(answering.asked) == 1
    assert len({id(answer) for _, answer in pairs}) == 1
    assert asking.tally.done == 500


def test_a_repeat_far_behind_is_served_by_the_ledger(tmp_path: Path) -> None:
    requests = [ask("same"), *asks(50), ask("same")]
    with fast(tmp_path, window=10) as asking:
        pairs = list(asking.answers(requests))

    assert asking.sent == 51
    assert pairs[-1][1].from_ledger
    assert pairs[-1][1].parsed == pairs[0][1].parsed


def test_a_bad_answer_far_behind_is_remembered(tmp_path: Path) -> None:
    requests = [ask("[[refuse]]"), *asks(50), ask("[[refuse]]"), *asks(3), ask("[[refuse]]")]
    with StubServer() as stub, client(stub.base_url, tmp_path, window=10) as asking:
        pairs = list(asking.answers(requests))
        assert stub.stats()["received"] == 51
    assert [pairs[place][1].status for place in (0, 51, 55)] == ["refused"] * 3


def test_a_slow_iterator_does_not_hold_up_what_can_be_sent(tmp_path: Path) -> None:
    def requests() -> Iterator[ModelRequest]:
        for number in range(5):
            yield ask(f"case {number}")
            time.sleep(0.15)

    answering = FastBackend()
    with fast(tmp_path, answering) as asking:
        pairs = asking.answers(requests())
        next(pairs)
        assert len(answering.asked) < 5
        assert len(list(pairs)) == 4


def test_a_slow_reader_finds_answers_ready(tmp_path: Path) -> None:
    answering = FastBackend(seconds=0.05)
    with fast(tmp_path, answering, concurrency=10) as asking:
        pairs = asking.answers(asks(100))
        next(pairs)
        end = time.monotonic() + 60
        while len(answering.asked) < 100:  # though nobody reads
            assert time.monotonic() < end, len(answering.asked)
            time.sleep(0.01)
        assert len(list(pairs)) == 99


def test_it_works_without_uvloop_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    requests = asks(100)
    with StubServer() as stub, client(stub.base_url, tmp_path) as asking:
        assert ordered(asking.answers(requests), requests)


def test_few_open_files_are_few_in_flight(tmp_path: Path) -> None:
    """A process of its own, which may open little more than it needs."""
    code = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (140, 140))
from tests.llm.helpers import asks, client
with client(sys.argv[1], Path(sys.argv[2]), concurrency=500) as asking:
    print(sum(answer.ok for _, answer in asking.answers(asks(600))))
"""
    with StubServer(latency_ms=5) as stub:
        command = [sys.executable, "-c", code, stub.base_url, str(tmp_path)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        most = stub.stats()["most_open"]

    assert ran.stdout == "600\n", ran.stderr
    assert most <= 12


def test_two_stages_in_a_row(tmp_path: Path) -> None:
    first_folder, second_folder = tmp_path / "1", tmp_path / "2"
    with fast(first_folder, window=20) as first, fast(second_folder, window=20) as second:
        drafts = (ask(f"revise {request.messages[-1].content}") for request, _ in first.answers(asks(200)))
        assert len(list(second.answers(drafts))) == 200
        assert (first.sent, second.sent) == (200, 200)


def test_a_run_that_is_all_answered_opens_no_connection_and_no_thread(tmp_path: Path) -> None:
    requests = asks(2000)
    with fast(tmp_path) as asking:
        asking.answer_all(requests)
    threads = threading.active_count()
    with client("http://127.0.0.1:9/v1", tmp_path) as again:  # nothing listens there
        most = 0
        for _ in again.answers(requests):
            most = max(most, threading.active_count())
        assert (again.served, again.sent) == (2000, 0)

    assert most == threads


# Leaving early ------------------------------------------------------------------------------------


def test_leaving_early_keeps_what_is_in_flight_and_sends_nothing_more(tmp_path: Path) -> None:
    with StubServer(latency_ms=100) as stub, client(stub.base_url, tmp_path, concurrency=4) as asking:
        for number, _ in enumerate(asking.answers(asks(1000))):
            if number == 5:
                break
        gc.collect()
        received = stub.stats()["received"]
        assert asking.ledger.stats().by_status == {"ok": received}
        time.sleep(0.3)
        assert stub.stats()["received"] == received < 30
        assert len(asking.answer_all(asks(10))) == 10  # it can go on


def test_an_error_in_the_readers_code_keeps_what_is_in_flight(tmp_path: Path) -> None:
    with StubServer(latency_ms=50) as stub:
        with (
            pytest.raises(ZeroDivisionError),
            client(stub.base_url, tmp_path, concurrency=4) as asking,
        ):
            _ = [1 / 0 for _ in asking.answers(asks(1000))]
        with Ledger(tmp_path / "ledger.sqlite") as ledger:
            assert ledger.stats().by_status == {"ok": stub.stats()["received"]}


def test_closing_the_client_ends_a_run_that_nobody_reads_to_the_end(tmp_path: Path) -> None:
    with StubServer(latency_ms=50) as stub:
        with client(stub.base_url, tmp_path, concurrency=4) as asking:
            pairs = asking.answers(asks(1000))
            next(pairs)
        with Ledger(tmp_path / "ledger.sqlite") as ledger:
            assert ledger.stats().by_status == {"ok": stub.stats()["received"]}
        pairs.close()


def test_stop_ends_also_what_comes_from_the_ledger_alone(tmp_path: Path) -> None:
    requests = asks(100)
    with fast(tmp_path) as asking:
        asking.answer_all(requests)
        pairs = asking.answers(requests)
        next(pairs)
        asking.stop()
        with pytest.raises(ModelError, match="was stopped"):
            list(pairs)
        assert len(list(asking.answers(requests))) == 100


def test_what_was_ready_before_an_error_is_given_before_it(tmp_path: Path) -> None:
    requests = [*asks(20), ask("[[401]]"), *asks(40)[20:]]
    given = []
    with (
        StubServer() as stub,
        client(stub.base_url, tmp_path, concurrency=1) as asking,
        pytest.raises(ModelError, match="refuses the key"),
    ):
        given.extend(asking.answers(requests))

    assert [request for request, _ in given] == requests[:20]


def test_a_ledger_that_breaks_while_reading_ends_the_run(tmp_path: Path) -> None:
    def requests() -> Iterator[ModelRequest]:
        yield from asks(600)
        asking.ledger.close()
        yield from asks(1200)[600:]

    with fast(tmp_path) as asking, pytest.raises((LedgerError, ModelError)):
        list(asking.answers(requests()))


_NEVER_CLOSED = """
import sys
from pathlib import Path
from tests.llm.helpers import asks, client
asking = client(sys.argv[1], Path(sys.argv[2]), concurrency=8)
for number, pair in enumerate(asking.answers(asks(1000))):
    if number == 20:
        print("leaving")
        HOW
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["sys.exit(3)", "raise KeyboardInterrupt", "1 / 0"])
def test_a_program_that_ends_without_closing_keeps_what_is_in_flight(tmp_path: Path, how: str) -> None:
    with StubServer(latency_ms=150) as stub:
        code = _NEVER_CLOSED.replace("HOW", how)
        command = [sys.executable, "-c", code, stub.base_url, str(tmp_path)]
        subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)
        received = stub.stats()["received"]

    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.stats().by_status == {"ok": received}
        assert ledger.check() == []


# Progress -----------------------------------------------------------------------------------------


def test_progress_counts_every_request_and_shows_cost_as_it_goes(tmp_path: Path) -> None:
    seen: list[Progress] = []
    requests = asks(60) + asks(60)
    with fast(tmp_path, FastBackend(seconds=0.1), concurrency=5) as asking:
        list(asking.answers(requests, on_progress=seen.append))

    assert (seen[-1].done, seen[-1].total, seen[-1].sent) == (120, 120, 60)
    assert len(seen) > 3
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert any(one.seconds_left for one in seen)


def test_progress_does_not_wait_for_the_slowest(tmp_path: Path) -> None:
    seen: list[Progress] = []
    requests = [ask("[[hang*1]]"), *asks(50)]
    with StubServer() as stub, client(stub.base_url, tmp_path, timeout_seconds=1.5) as asking:
        list(asking.answers(requests, on_progress=seen.append))

    assert any(one.done == 50 for one in seen)  # all but the one that hangs
