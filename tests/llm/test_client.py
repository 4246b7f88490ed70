"""Every request gets an answer, each is paid for once, and stopping at any moment loses nothing paid."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grandrounds.errors import GrandRoundsError, LedgerError, ModelError, SettingsError
from grandrounds.llm.client import ModelClient, Progress
from grandrounds.llm.config import client_from_settings
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.request import ModelRequest
from grandrounds.settings import resolve
from tests.conftest import ROOT
from tests.llm.helpers import ask, asks, backend, client
from tests.support.stub_openai import StubProcess, StubServer


def test_every_request_gets_its_own_answer_in_the_order_of_the_requests(tmp_path: Path) -> None:
    requests = asks(100)
    with StubServer() as stub, client(stub.base_url, tmp_path) as asking:
        answers = asking.answer_all(requests)

    assert list(answers) == [request.request_id for request in requests]
    assert all(answer.ok for answer in answers.values())
    assert len({answer.parsed for answer in answers.values()}) == 100


def test_a_second_run_sends_nothing_and_says_the_same(tmp_path: Path) -> None:
    requests = asks(1200)
    with StubProcess() as stub:
        with client(stub.base_url, tmp_path, concurrency=32) as first:
            told = first.answer_all(requests)
            assert (first.sent, first.served) == (1200, 0)
        with client(stub.base_url, tmp_path) as second:
            again = second.answer_all(requests)
            assert (second.sent, second.served, second.prompt_tokens) == (0, 1200, 0)
        assert stub.stats()["received"] == 1200

    assert {key: a.parsed for key, a in again.items()} == {key: a.parsed for key, a in told.items()}
    assert all(answer.from_ledger for answer in again.values())


def test_changing_one_request_sends_one(tmp_path: Path) -> None:
    with StubServer() as stub, client(stub.base_url, tmp_path) as asking:
        asking.answer_all(asks(50))
        asking.answer_all([*asks(50), ask("one more")])

    assert asking.sent == 51


def test_equal_requests_are_one(tmp_path: Path) -> None:
    with StubServer() as stub, client(stub.base_url, tmp_path) as asking:
        answers = asking.answer_all(asks(5) * 300)

        assert len(answers) == 5
        assert stub.stats()["received"] == 5


def test_no_requests_are_no_work(tmp_path: Path) -> None:
    with client("http://127.0.0.1:9/v1", tmp_path) as asking:
        assert asking.answer_all([]) == {}


def test_bad_answers_end_no_run_and_are_asked_again_next_time(tmp_path: Path) -> None:
    marks = ["", "refuse", "length", "nonsense", "400", "500", "html"]
    requests = [ask(f"[[{mark}]]" if mark else "plain") for mark in marks]
    with StubServer() as stub:
        with client(stub.base_url, tmp_path) as asking:
            answers = asking.answer_all(requests)
            statuses = [answers[request.request_id].status for request in requests]
            stored = asking.ledger.stats().by_status
        with client(stub.base_url, tmp_path) as again:
            again.answer_all(requests)
        with client(stub.base_url, tmp_path, serve_refused=True) as patient:
            patient.answer_all(requests)

    assert statuses == ["ok", "refused", "truncated", "unparsable", "failed", "failed", "failed"]
    assert stored == {"ok": 1, "refused": 1, "truncated": 1, "unparsable": 2, "failed": 3}
    assert (again.sent, again.served) == (6, 1)
    assert (patient.sent, patient.served) == (5, 2)


def test_no_more_requests_are_in_flight_than_asked_for(tmp_path: Path) -> None:
    with StubServer(latency_ms=5) as stub, client(stub.base_url, tmp_path, concurrency=7) as asking:
        asking.answer_all(asks(100))

        assert stub.stats()["most_open"] == 7


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    seen: list[Progress] = []
    with StubServer(latency_ms=100) as stub, client(stub.base_url, tmp_path, concurrency=5) as asking:
        asking.answer_all([*asks(20), ask("[[refuse]]")], on_progress=seen.append)

    last = seen[-1]
    assert (last.done, last.total, last.sent, last.served, last.not_ok, last.waiting) == (
        21,
        21,
        21,
        0,
        1,
        0,
    )
    assert (last.prompt_tokens, last.completion_tokens, last.seconds_left) == (2100, 210, 0.0)
    assert 5 < last.rate < 60
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert len(seen) > 1


def test_an_error_in_the_callers_progress_stops_the_run_and_comes_out(tmp_path: Path) -> None:
    def broken(_: Progress) -> None:
        raise ZeroDivisionError

    with StubServer(latency_ms=50) as stub, client(stub.base_url, tmp_path, concurrency=2) as asking:
        with pytest.raises(ZeroDivisionError):
            asking.answer_all(asks(500), on_progress=broken)
        assert asking.ledger.stats().by_status == {"ok": stub.stats()["answered"]}


def test_an_error_in_the_callers_iterator_comes_out(tmp_path: Path) -> None:
    def requests() -> Iterator[ModelRequest]:
        yield from asks(600)
        raise ZeroDivisionError

    with StubServer() as stub, client(stub.base_url, tmp_path) as asking:
        with pytest.raises(ZeroDivisionError):
            asking.answer_all(requests())
        assert asking.ledger.stats().by_status == {"ok": stub.stats()["answered"]}


# Protected evidence -------------------------------------------------------------------------------


def test_protected_evidence_is_refused_before_any_byte_leaves(tmp_path: Path) -> None:
    requests = [ask(f"a patient {number}", protected=True) for number in range(20)]
    with StubServer() as stub, client(stub.base_url, tmp_path, local=False) as asking:
        answers = asking.answer_all(requests)

        assert {answer.status for answer in answers.values()} == {"not_local"}
        assert stub.stats()["received"] == 0
        assert (asking.sent, asking.ledger.stats().answers) == (0, 0)


def test_the_rest_of_a_run_goes_on_beside_protected_evidence(tmp_path: Path) -> None:
    with StubServer() as stub, client(stub.base_url, tmp_path, local=False) as asking:
        answers = asking.answer_all([ask("open"), ask("closed", protected=True)])

        assert [answer.status for answer in answers.values()] == ["ok", "not_local"]
        assert "closed" not in str(stub.book.bodies)


def test_a_local_endpoint_gets_protected_evidence_and_its_answer_is_served_anywhere(tmp_path: Path) -> None:
    request = ask("a patient", protected=True)
    with StubServer() as stub:
        with client(stub.base_url, tmp_path, local=True) as near:
            assert near.answer_all([request])[request.request_id].ok
        with client(stub.base_url, tmp_path, local=False) as far:
            assert far.answer_all([request])[request.request_id].from_ledger
        assert stub.stats()["received"] == 1


# Where it runs ------------------------------------------------------------------------------------


def test_it_works_inside_a_running_event_loop(tmp_path: Path) -> None:
    async def inside(asking: ModelClient) -> int:
        return len(asking.answer_all(asks(10)))

    with StubServer() as stub, client(stub.base_url, tmp_path) as asking:
        assert asyncio.run(inside(asking)) == 10


def test_it_works_in_a_thread_and_refuses_two_calls_at_once(tmp_path: Path) -> None:
    done: list[int] = []
    with StubServer(latency_ms=300) as stub, client(stub.base_url, tmp_path) as asking:
        thread = threading.Thread(target=lambda: done.append(len(asking.answer_all(asks(3)))))
        thread.start()
        _until(lambda: stub.book.open > 0)
        with pytest.raises(ModelError, match="already answering"):
            asking.answer_all(asks(3))
        thread.join()

    assert done == [3]


def test_another_thread_can_stop_it_and_what_was_in_flight_is_kept(tmp_path: Path) -> None:
    with StubServer(latency_ms=100) as stub, client(stub.base_url, tmp_path, concurrency=4) as asking:
        threading.Timer(0.35, asking.stop).start()
        with pytest.raises(ModelError, match="was stopped"):
            asking.answer_all(asks(1000))

        assert 0 < asking.ledger.stats().by_status["ok"] == stub.stats()["received"] < 100


# The ledger fails ---------------------------------------------------------------------------------


def test_a_ledger_that_another_program_holds_stops_the_run_soon(tmp_path: Path) -> None:
    with StubServer() as stub, Ledger(tmp_path / "l.sqlite", busy_seconds=0.3) as ledger:
        asking = ModelClient(ledger, backend(stub.base_url), model="stub", concurrency=4)
        holder = sqlite3.connect(tmp_path / "l.sqlite", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="locked"):
            asking.answer_all(asks(500))
        holder.close()

        assert stub.stats()["received"] <= 8  # nothing more is bought that can't be kept


# Killed, interrupted, and two at once: processes of their own -------------------------------------

_RUN = """
import sys
from pathlib import Path
from tests.llm.helpers import asks, client
with client(sys.argv[1], Path(sys.argv[2]), concurrency=int(sys.argv[4])) as asking:
    try:
        answers = asking.answer_all(asks(int(sys.argv[3])))
    except KeyboardInterrupt:
        print("interrupted")
        sys.exit(130)
    print(sum(answer.ok for answer in answers.values()), asking.sent)
"""

_RUN_IN_THREAD = """
import sys, threading, time
from pathlib import Path
from tests.llm.helpers import asks, client
asking = client(sys.argv[1], Path(sys.argv[2]), concurrency=int(sys.argv[4]))
threading.Thread(target=asking.answer_all, args=(asks(int(sys.argv[3])),)).start()
time.sleep(60)
"""

_RUN_AFTER_MAIN = """
import sys, threading, time
from pathlib import Path
from tests.llm.helpers import asks, client
asking = client(sys.argv[1], Path(sys.argv[2]), concurrency=int(sys.argv[4]))
threading.Thread(target=lambda: print(len(asking.answer_all(asks(int(sys.argv[3])))))).start()
for _ in range(3000):
    if asking.sent >= 10:
        break
    time.sleep(0.01)
"""


def _start(stub: StubProcess, folder: Path, count: int, *, code: str = _RUN) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, stub.base_url, str(folder), str(count), "16"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("code", [_RUN, _RUN_IN_THREAD], ids=["main thread", "another thread"])
def test_ctrl_c_keeps_what_is_in_flight(tmp_path: Path, code: str) -> None:
    with StubProcess(latency_ms=150) as stub:
        process = _start(stub, tmp_path, 5000, code=code)
        _until(lambda: stub.stats()["answered"] >= 20)
        process.send_signal(signal.SIGINT)
        said, complaints = process.communicate(timeout=20)
        seen = stub.stats()

    assert process.returncode in {130, 1, -signal.SIGINT}
    assert code != _RUN or said == "interrupted\n", complaints
    assert seen["received"] < 400
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.stats().by_status == {"ok": seen["received"]}  # sent, finished, kept: all of them


@pytest.mark.slow
def test_a_main_thread_that_ends_too_early_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    with StubProcess(latency_ms=100) as stub:
        _, said = _start(stub, tmp_path, 5000, code=_RUN_AFTER_MAIN).communicate(timeout=20)
        received = stub.stats()["received"]

    assert "Let the main thread wait for it" in said
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert 10 <= ledger.stats().by_status["ok"] == received


@pytest.mark.slow
def test_a_second_ctrl_c_does_not_wait_at_all(tmp_path: Path) -> None:
    code = _RUN.replace("concurrency", "grace_seconds=60, concurrency")
    with StubProcess(always="hang") as stub:
        process = _start(stub, tmp_path, 100, code=code)
        _until(lambda: stub.stats()["received"] >= 16)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)

    assert said == "interrupted\n"


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_an_endpoint_that_hangs(tmp_path: Path) -> None:
    with StubProcess(always="hang") as stub:
        process = _start(stub, tmp_path, 100)
        _until(lambda: stub.stats()["received"] >= 16)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)

    assert said == "interrupted\n"
    assert time.monotonic() - began < 30  # the grace is 2 s here, and the endpoint never answers


@pytest.mark.slow
def test_two_processes_share_one_ledger(tmp_path: Path) -> None:
    with StubProcess(latency_ms=5) as stub:
        processes = [_start(stub, tmp_path, 400) for _ in range(2)]
        said = [process.communicate(timeout=60) for process in processes]

    assert [line.split()[0] for line, _ in said] == ["400", "400"], said
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.stats().by_status == {"ok": 400}
        assert ledger.check() == []


# From settings ------------------------------------------------------------------------------------


def _settings(folder: Path, **environ: str) -> ModelClient | None:
    return client_from_settings(resolve(environ={"GRANDROUNDS_HOME": str(folder), **environ}))


def test_without_an_endpoint_or_a_model_there_is_no_client(tmp_path: Path) -> None:
    assert _settings(tmp_path) is None
    assert _settings(tmp_path, GRANDROUNDS_LLM_MODEL="m") is None
    assert _settings(tmp_path, GRANDROUNDS_LLM_BASE_URL="http://localhost:1/v1") is None
    assert not (tmp_path / "ledger.sqlite").exists()


@pytest.mark.parametrize(
    ("address", "said", "local"),
    [
        ("http://localhost:1/v1", "", True),
        ("http://localhost:1/v1", "false", False),  # a tunnel to somewhere else
        ("http://gpu-box:8000/v1", "", False),
        ("http://gpu-box:8000/v1", "TRUE", True),
    ],
)
def test_the_settings_say_what_is_local(tmp_path: Path, address: str, said: str, local: bool) -> None:
    made = _settings(
        tmp_path,
        GRANDROUNDS_LLM_BASE_URL=address,
        GRANDROUNDS_LLM_MODEL="m",
        GRANDROUNDS_LLM_LOCAL=said,
        OPENAI_API_KEY="sk-0123456789",
    )
    assert made is not None
    with made:
        assert made.model == "m"
        assert made._backend.local == local
        assert "sk-0123456789" not in repr(made)


def test_a_word_that_is_neither_yes_nor_no_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="GRANDROUNDS_LLM_LOCAL is 'perhaps'"):
        _settings(
            tmp_path,
            GRANDROUNDS_LLM_BASE_URL="http://localhost:1/v1",
            GRANDROUNDS_LLM_MODEL="m",
            GRANDROUNDS_LLM_LOCAL="perhaps",
        )


def test_all_its_errors_are_the_projects_own(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"garbage" * 1000)

    with pytest.raises(GrandRoundsError, match="damaged"):
        _settings(tmp_path, GRANDROUNDS_LLM_BASE_URL="http://localhost:1/v1", GRANDROUNDS_LLM_MODEL="m")
