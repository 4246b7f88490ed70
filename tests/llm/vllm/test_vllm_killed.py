"""Whatever ends us ends vLLM too, and the next run goes on with the shard that was at work."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grandrounds.errors import ModelError
from grandrounds.llm.ledger import open_ledger
from tests.conftest import ROOT
from tests.llm.helpers import asks
from tests.llm.vllm.helpers import Bench
from tests.support.commands import environment

_PROGRAM = """
import sys
from pathlib import Path
from tests.llm.helpers import asks
from tests.llm.vllm.helpers import Bench

bench = Bench(folder=Path(sys.argv[1]), python=sys.argv[2])
with bench.client("--fake-seconds", sys.argv[3], shard_size=10) as client:
    answers = client.answer_all(asks(int(sys.argv[4])))
    sys.exit(0 if all(answer.ok for answer in answers.values()) else 3)
"""


def _start(bench: Bench, *, seconds: float, requests: int = 40) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(bench.folder), bench.python, str(seconds), str(requests)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _until(seen: Callable[[], object], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def _answered(bench: Bench) -> int:
    with open_ledger(bench.ledger) as ledger:
        return ledger.stats().answers


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_our_end_is_vllms_end_and_only_the_shard_at_work_is_run_again(bench: Bench, number: int) -> None:
    process = _start(bench, seconds=0.8)
    _until(lambda: len(bench.runs) == 3)
    process.send_signal(number)
    assert process.wait(20) != 0
    assert process.stderr is not None
    process.stderr.close()
    _until(lambda: not bench.alive)
    finished = bench.notes("ended")

    assert len(finished) == 2
    assert _answered(bench) == 20
    with bench.client(shard_size=10) as client:
        assert all(answer.ok for answer in client.answer_all(asks(40)).values())
        assert (client.served, client.sent) == (20, 20)
    assert [len(run) for run in bench.runs] == [10, 10, 10, 10, 10]
    assert bench.runs[2] == bench.runs[3]
    assert bench.shards == []


def test_kill_9_of_vllm_itself_is_an_aborted_run_not_a_lost_one(bench: Bench) -> None:
    import os

    with bench.client("--fake-seconds", "1", shard_size=4) as client:
        threading.Thread(
            target=lambda: (_until(lambda: bench.runs), os.kill(bench.notes("started")[0], signal.SIGKILL))
        ).start()
        answers = client.answer_all(asks(4))

    assert all(answer.ok for answer in answers.values())
    assert bench.alive == []


def test_stop_from_another_thread_ends_the_run(bench: Bench) -> None:
    with bench.client("--fake-seconds", "60") as client:
        threading.Thread(target=lambda: (_until(lambda: bench.runs), client.stop())).start()
        with pytest.raises(ModelError, match="was stopped"):
            client.answer_all(asks(4))

        assert bench.alive == []
        client.stop()  # without a run it does nothing


def test_two_programs_at_once_take_turns_and_ask_nothing_twice(bench: Bench) -> None:
    programs = [_start(bench, seconds=0.3) for _ in range(2)]
    for program in programs:
        assert program.wait(60) == 0
        assert program.stderr is not None
        program.stderr.close()

    asked = [key for run in bench.runs for key in run]
    assert len(asked) == len(set(asked)) == 40


def test_a_full_disk_or_a_missing_right_is_said_plainly(bench: Bench) -> None:
    bench.work.write_text("not a folder")
    with bench.client() as client, pytest.raises(ModelError, match="can't be used"):
        client.answer_all(asks(1))


# The minder ------------------------------------------------------------------------------------------


def _mind(tmp_path: Path, script: str, *, grace: float = 5.0) -> subprocess.Popen[bytes]:
    from grandrounds.llm.vllm import minder

    return subprocess.Popen(
        [sys.executable, "-I", minder.__file__, str(grace), "sh", "-c", script],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_status_is_the_commands(tmp_path: Path, script: str, status: int) -> None:
    with _mind(tmp_path, script) as minded:
        assert minded.wait(10) == status


def test_what_the_command_leaves_behind_is_ended(tmp_path: Path) -> None:
    with _mind(tmp_path, "sleep 600 & echo $! > pid; exit 3") as minded:
        assert minded.wait(10) == 3

    assert not _lives(tmp_path / "pid")


def test_closing_the_pipe_lets_the_command_tidy_up(tmp_path: Path) -> None:
    script = (
        "trap 'sleep 0.2; echo tidy > tidied; exit 0' TERM; echo x > ready; while :; do sleep 0.05; done"
    )
    with _mind(tmp_path, script) as minded:
        _until((tmp_path / "ready").exists)
        assert minded.stdin is not None
        minded.stdin.close()
        assert minded.wait(10) == 0

    assert (tmp_path / "tidied").read_text() == "tidy\n"


def test_a_command_that_does_not_listen_is_killed_after_the_grace(tmp_path: Path) -> None:
    script = "trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done"
    with _mind(tmp_path, script, grace=0.3) as minded:
        _until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
        assert minded.stdin is not None
        minded.stdin.close()
        assert minded.wait(10) == 137

    assert not _lives(tmp_path / "pid")


def _lives(pid: Path) -> bool:
    stat = Path(f"/proc/{pid.read_text().strip()}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
