"""The local engine: processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grandrounds.engine.base import Done, Fault, name_of
from grandrounds.engine.local import LocalEngine
from grandrounds.errors import EngineError
from tests.conftest import ROOT
from tests.engine.contract import EngineContract, gone
from tests.engine.work import Errand, run


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    with LocalEngine(workers=2) as made:
        yield made


class TestLocalEngine(EngineContract):
    pass


def test_an_outcome_without_a_result_says_why_when_asked_for_it() -> None:
    done: Done[int] = Done(fault=Fault.LATE, reason="It took longer than 2 s.")
    with pytest.raises(EngineError, match="longer than 2 s"):
        done.result()


def test_a_worker_that_leaves_by_itself_is_told_of_with_its_exit_code(
    engine: LocalEngine, tmp_path: Path
) -> None:
    left, fine = engine.map(
        run, [Errand(number=1, what="leave", folder=tmp_path), Errand(number=2)], retries=0
    )
    assert left.fault is Fault.DIED
    assert "exit code 0" in left.reason
    assert fine.result() == 4


def test_an_engine_has_workers() -> None:
    with pytest.raises(EngineError, match="at least one worker"):
        LocalEngine(workers=0)


def test_a_function_that_was_replaced_under_its_name_is_not_sent_under_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = run
    monkeypatch.setattr("tests.engine.work.run", abs)
    with pytest.raises(EngineError):
        name_of(real)


def _in_daemon(queue: multiprocessing.Queue[list[int]]) -> None:
    errands = [Errand(number=n, what="pid") for n in range(3)]
    queue.put([outcome.result()[1] for outcome in LocalEngine(workers=2).map(run, errands)])


def test_a_process_that_may_have_no_children_works_itself() -> None:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_in_daemon, args=(queue,), daemon=True)
    process.start()
    assert set(queue.get(timeout=60)) == {process.pid}
    process.join()


_HANGING = """
import sys
from pathlib import Path
from grandrounds.engine.local import LocalEngine
from tests.engine.work import Errand, run

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    list(LocalEngine(workers=2).map(run, [Errand(number=n, what="hang", folder=folder) for n in range(4)]))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_the_program_however_it_ends(tmp_path: Path, how: signal.Signals) -> None:
    script, notes = tmp_path / "hanging.py", tmp_path / "notes"
    script.write_text(_HANGING)
    notes.mkdir()
    process = subprocess.Popen(
        [sys.executable, str(script), str(notes)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(list(notes.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, how) if how == signal.SIGINT else process.kill()
    _, words = process.communicate(timeout=30)
    assert process.returncode != 0
    assert len(list(notes.iterdir())) == 2
    assert all(gone(int(note.read_text())) for note in notes.iterdir())
    if how == signal.SIGINT:
        assert words.count("Traceback") == 1  # the program's own; workers say nothing
