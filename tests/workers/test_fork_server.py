"""Workers forked from one process: what is loaded once, and what is left when any of them is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grandrounds.workers import forking
from grandrounds.workers.process import How, Lost, WorkerProcess

pytestmark = pytest.mark.skipif(not forking.FORKING, reason="no worker is forked on this system")
ROOT = Path(__file__).resolve().parents[2]
MODULE = "tests.support.odd_worker"


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    process = WorkerProcess(MODULE)
    yield process
    process.close()


@pytest.fixture
def other() -> Iterator[WorkerProcess]:
    process = WorkerProcess(MODULE)
    yield process
    process.close()


def number(worker: WorkerProcess, order: bytes) -> int:
    answer = worker.ask(order, seconds=60)
    assert isinstance(answer, bytes)
    return int(answer)


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def state(pid: int) -> str:
    """The state letter of a process; empty where there is none."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def children(pid: int) -> set[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.add(int(entry.name))
    return found


def files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


# One process loads -----------------------------------------------------------------------------


def test_what_workers_need_is_loaded_once_for_all_of_them(
    worker: WorkerProcess, other: WorkerProcess
) -> None:
    server = number(worker, b"parent")
    assert number(other, b"parent") == server
    assert number(worker, b"prepared") == number(other, b"prepared") == server
    assert len({server, number(worker, b"pid"), number(other, b"pid"), os.getpid()}) == 4
    worker.renew()
    assert number(worker, b"prepared") == server


def test_a_worker_holds_its_own_pipes_alone(worker: WorkerProcess, other: WorkerProcess) -> None:
    number(worker, b"pid")
    held = other.ask(b"files", seconds=60)
    # Standard streams, the answers' pipe, the null device, and the listing itself.
    assert isinstance(held, bytes) and len(held.split()) == 6


def test_where_a_library_started_threads_nothing_is_forked(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODD_PREPARE", "thread")
    assert number(worker, b"prepared") == number(worker, b"pid")
    assert worker.ask(b"crash", seconds=60) == Lost(how=How.DIED, cause="signal SIGSEGV")
    assert worker.ask(b"eat", seconds=60) == b"not enough memory"


def test_a_fork_that_fails_is_told(worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD_PREPARE", "no fork")
    lost = worker.ask(b"hello", seconds=60)
    assert lost == Lost(how=How.NOT_STARTED, cause="Resource temporarily unavailable")


def test_a_copy_of_the_parent_has_servers_of_its_own(worker: WorkerProcess) -> None:
    server = number(worker, b"parent")
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            mine = WorkerProcess(MODULE)
            code = 0 if number(mine, b"parent") != server else 2
            mine.close()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert number(worker, b"parent") == server


# What is killed --------------------------------------------------------------------------------


def test_a_killed_worker_is_told_and_replaced_without_loading_again(worker: WorkerProcess) -> None:
    server, pid = number(worker, b"parent"), number(worker, b"pid")
    os.kill(pid, signal.SIGKILL)
    assert worker.ask(b"hello", seconds=60) == Lost(how=How.DIED, cause="signal SIGKILL")
    assert number(worker, b"parent") == server and number(worker, b"pid") != pid


def test_a_server_killed_between_two_questions_is_started_again(
    worker: WorkerProcess, other: WorkerProcess
) -> None:
    server, pids = number(worker, b"parent"), [number(worker, b"pid"), number(other, b"pid")]
    os.kill(server, signal.SIGKILL)
    until(lambda: not any(state(pid) for pid in pids), "a worker outlived its server")
    again = number(worker, b"parent")
    assert again != server and number(other, b"parent") == again
    assert state(server) == "", "a zombie is left"


def test_a_worker_of_a_server_that_died_while_loading_is_closed_like_any(
    worker: WorkerProcess, other: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODD_PREPARE", "slow")
    before = children(os.getpid())
    left = worker.launch()
    (server,) = children(os.getpid()) - before
    os.kill(server, signal.SIGKILL)
    until(lambda: state(server) == "Z", "it lives on")
    monkeypatch.delenv("ODD_PREPARE")
    again = number(other, b"parent")
    worker.renew()
    assert left.poll() == -signal.SIGKILL
    assert number(worker, b"parent") == again != server


def test_a_question_that_a_killed_server_took_along_is_asked_again(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    server, began = number(worker, b"parent"), tmp_path / "began"
    threading.Thread(
        target=lambda: (until(began.exists, "it never began"), os.kill(server, signal.SIGKILL))
    ).start()
    order = f"nap {began}".encode()
    assert worker.ask(order, seconds=60) == order


def test_a_question_that_always_kills_the_server_is_lost_in_the_end(worker: WorkerProcess) -> None:
    assert worker.ask(b"orphan", seconds=60) == Lost(how=How.DIED, cause="signal SIGKILL")
    assert worker.ask(b"hello", seconds=60) == b"hello"


def test_a_server_that_is_stopped_does_not_stop_the_run(worker: WorkerProcess) -> None:
    server, pid = number(worker, b"parent"), number(worker, b"pid")
    os.kill(server, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        assert worker.ask(b"hello", seconds=60) == b"hello"
        worker.close()
        assert time.monotonic() - begun < 20
        until(lambda: not state(pid), "the worker is still there")
    finally:
        if state(server):
            os.kill(server, signal.SIGCONT)


def test_a_killed_parent_takes_server_and_workers_along(tmp_path: Path) -> None:
    script = (
        "import threading\nfrom grandrounds.workers.process import WorkerProcess\n"
        f"marks = [{str(tmp_path / 'a')!r}, {str(tmp_path / 'b')!r}]\n"
        f"workers = [WorkerProcess({MODULE!r}) for _ in marks]\n"
        "asked = [threading.Thread(target=one.ask, args=(f'sleep {mark}'.encode(),), kwargs={'seconds': 60})"
        " for one, mark in zip(workers, marks)]\n"
        "for one in asked: one.start()\n"
    )
    run = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    marks = [tmp_path / "a", tmp_path / "b"]
    until(lambda: all(mark.exists() and mark.read_text() for mark in marks), "the workers never began")
    (server,) = children(run.pid)
    workers = {int(mark.read_text()) for mark in marks}
    assert children(server) == workers
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    until(lambda: not any(state(pid) in "RSD" for pid in workers | {server} if state(pid)), "one is left")


# What is left ----------------------------------------------------------------------------------


def test_no_zombie_and_no_open_file_is_left_behind(worker: WorkerProcess, other: WorkerProcess) -> None:
    server = number(worker, b"parent")
    number(other, b"pid")
    here, there = files(os.getpid()), files(server)
    for order in (b"crash", b"exit") * 4:
        assert isinstance(worker.ask(order, seconds=60), Lost)
        other.renew()
        number(other, b"pid")
    assert isinstance(worker.ask(b"sleep", seconds=0.2), Lost)
    number(worker, b"pid")
    assert (files(os.getpid()), files(server)) == (here, there)
    assert not [pid for pid in children(server) if state(pid) == "Z"]
    worker.close()
    assert number(other, b"parent") == server, "the other still needs it"
    left = number(other, b"pid")
    other.close()
    assert not state(server) and not state(left)


def test_closing_what_is_still_loading_takes_no_time_and_leaves_nothing(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODD_PREPARE", "very slow")
    before, held = children(os.getpid()), files(os.getpid())
    process = worker.launch()
    assert process.poll() is None
    begun = time.monotonic()
    worker.close()
    assert time.monotonic() - begun < 60  # loading takes two minutes
    assert process.poll() is not None
    assert children(os.getpid()) == before and files(os.getpid()) == held


def test_a_worker_that_is_asked_while_it_is_closed_gives_up(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODD_PREPARE", "slow")
    threading.Timer(0.3, worker.close).start()
    assert worker.ask(b"sleep", seconds=60) == Lost(how=How.CLOSED)


def test_many_workers_at_once(tmp_path: Path) -> None:
    workers = [WorkerProcess(MODULE) for _ in range(12)]
    try:
        for one in workers:
            one.launch()
        assert len({number(one, b"pid") for one in workers}) == 12
        assert len({number(one, b"parent") for one in workers}) == 1
    finally:
        for one in workers:
            one.close()
