"""A process that is asked: it answers, or tells how its answer was lost, and is started anew."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from grandrounds.workers import forking
from grandrounds.workers.process import How, Lost, WorkerProcess


@pytest.fixture(params=["forked", "executed"])
def worker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerProcess]:
    if request.param == "executed":
        monkeypatch.setattr(forking, "FORKING", False)
    elif not forking.FORKING:
        pytest.skip("no worker is forked on this system")
    process = WorkerProcess("tests.support.odd_worker")
    yield process
    process.close()


def test_one_process_answers_one_question_after_another(worker: WorkerProcess) -> None:
    first = worker.ask(b"pid", seconds=60)
    assert worker.ask(b"hello", seconds=60) == b"hello"
    assert worker.ask(b"pid", seconds=60) == first


def test_what_decoders_print_does_not_reach_the_answer(worker: WorkerProcess) -> None:
    assert worker.ask(b"print", seconds=60) == b"print"


def test_a_crash_is_told_with_its_signal_and_the_next_question_is_answered(worker: WorkerProcess) -> None:
    assert worker.ask(b"crash", seconds=60) == Lost(how=How.DIED, cause="signal SIGSEGV")
    assert worker.ask(b"exit", seconds=60) == Lost(how=How.DIED, cause="exit code 3")
    assert worker.ask(b"hello", seconds=60) == b"hello"


def test_an_answer_that_takes_too_long_ends_the_process(worker: WorkerProcess) -> None:
    pid = worker.ask(b"pid", seconds=60)
    begun = time.monotonic()
    lost = worker.ask(b"sleep", seconds=0.3)
    assert isinstance(lost, Lost) and lost.how is How.LATE
    assert time.monotonic() - begun < 20
    assert isinstance(pid, bytes)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
    assert worker.ask(b"hello", seconds=60) == b"hello"


def test_a_process_killed_from_outside_is_told(worker: WorkerProcess) -> None:
    pid = worker.ask(b"pid", seconds=60)
    assert isinstance(pid, bytes)
    threading.Timer(0.3, lambda: os.kill(int(pid), signal.SIGKILL)).start()
    assert worker.ask(b"sleep", seconds=60) == Lost(how=How.DIED, cause="signal SIGKILL")


def test_ctrl_c_is_the_business_of_the_process_that_asks(worker: WorkerProcess) -> None:
    pid, parent = worker.ask(b"pid", seconds=60), worker.ask(b"parent", seconds=60)
    assert isinstance(pid, bytes) and isinstance(parent, bytes)
    for one in {int(pid), int(parent)} - {os.getpid()}:
        os.kill(one, signal.SIGINT)
    assert worker.ask(b"pid", seconds=60) == pid


def test_a_renewed_worker_is_another_process(worker: WorkerProcess) -> None:
    first = worker.ask(b"pid", seconds=60)
    worker.renew()
    second = worker.ask(b"pid", seconds=60)
    assert isinstance(second, bytes) and second != first


def test_a_worker_that_can_not_load_says_so_and_does_not_hang(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODD_PREPARE", "fail")
    assert worker.ask(b"hello", seconds=60) == Lost(how=How.DIED, cause="exit code 7")


def test_memory_is_bounded(worker: WorkerProcess) -> None:
    assert worker.ask(b"eat", seconds=60) == b"not enough memory"


def test_a_closed_worker_says_so(worker: WorkerProcess) -> None:
    worker.close()
    assert worker.ask(b"hello", seconds=60) == Lost(how=How.CLOSED)
