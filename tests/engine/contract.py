"""What every engine promises, as tests: subclassed for each, with a fixture ``engine`` of two workers.

Few calls of ``map`` with much in each: on Ray, every call starts processes that take a second or two.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grandrounds.engine import Engine, Fault
from grandrounds.errors import EngineError
from tests.engine.work import Errand, run

BIG = b"x" * 3_000_000


class EngineContract:
    """The promises of ``Engine.map``."""

    def test_other_processes_do_the_work_in_order_and_items_are_read_as_they_are_needed(
        self, engine: Engine
    ) -> None:
        read = []

        def endless() -> Iterator[Errand]:
            while True:
                read.append(len(read))
                yield Errand(number=len(read), what="pid")

        outcomes = engine.map(run, endless())
        done = [next(outcomes) for _ in range(50)]
        outcomes.close()  # type: ignore[attr-defined]
        assert [outcome.result()[0] for outcome in done] == list(range(1, 51))
        assert {outcome.tries for outcome in done} == {1}
        assert len(read) <= 50 + 2 * 8
        workers = {outcome.result()[1] for outcome in done}
        assert 1 <= len(workers) <= 2
        assert os.getpid() not in workers
        assert all(gone(worker) for worker in workers)

    def test_what_an_item_raises_or_gives_concerns_nobody_else(self, engine: Engine) -> None:
        raised, refused, grown, locked, fine = engine.map(
            run,
            [
                Errand(number=1, what="raise"),
                Errand(number=2, what="refuse"),
                Errand(number=3, what="grow", data=BIG),
                Errand(number=4, what="lock"),
                Errand(number=5),
            ],
        )
        assert (raised.fault, raised.reason) == (Fault.RAISED, "ValueError: no square of 1")
        assert (refused.fault, refused.reason) == (Fault.RAISED, "2.xml is empty. Look at it.")
        assert grown.result() == BIG * 2
        assert locked.fault is Fault.RAISED
        assert "can't be sent back" in locked.reason
        assert fine.result() == 25

    def test_a_death_costs_nobody_else_anything(self, engine: Engine, tmp_path: Path) -> None:
        deadly = {3: "die", 5: "die once"}
        errands = [Errand(number=n, what=deadly.get(n, "note"), folder=tmp_path) for n in range(12)]
        done = list(engine.map(run, errands, retries=1))
        assert [n for n, outcome in enumerate(done) if not outcome.ok] == [3]
        assert (done[3].fault, done[3].tries) == (Fault.DIED, 2)
        assert "died" in done[3].reason
        assert (done[5].result(), done[5].tries) == (5, 2)
        times = [len((tmp_path / str(n)).read_text().splitlines()) for n in range(12)]
        assert times == [2 if n in deadly else 1 for n in range(12)]

    def test_without_retries_one_death_is_the_end(self, engine: Engine, tmp_path: Path) -> None:
        (done,) = engine.map(run, [Errand(number=5, what="die once", folder=tmp_path)], retries=0)
        assert (done.fault, done.tries) == (Fault.DIED, 1)

    def test_what_takes_too_long_is_given_up_at_once(self, engine: Engine, tmp_path: Path) -> None:
        errands = [Errand(number=n, what="hang" if n == 1 else "square", folder=tmp_path) for n in range(6)]
        began = time.monotonic()
        done = list(engine.map(run, errands, seconds=2.0))
        assert time.monotonic() - began < 120
        assert [outcome.fault for outcome in done] == ["", Fault.LATE, "", "", "", ""]
        assert "2 s" in done[1].reason
        assert gone(int((tmp_path / "1").read_text()))

    def test_leaving_ends_workers_in_the_middle_of_their_work(self, engine: Engine, tmp_path: Path) -> None:
        errands = [Errand(number=0), *(Errand(number=n, what="hang", folder=tmp_path) for n in (1, 2))]
        outcomes = engine.map(run, errands)
        next(outcomes)
        deadline = time.monotonic() + 60
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        outcomes.close()  # type: ignore[attr-defined]
        notes = [int(note.read_text()) for note in tmp_path.iterdir()]
        assert len(notes) == 2
        assert all(gone(worker) for worker in notes)

    def test_an_item_that_can_not_travel_ends_the_run(self, engine: Engine) -> None:
        with pytest.raises(EngineError, match="of type lock can't be sent"):
            list(engine.map(run, [threading.Lock()]))  # type: ignore[list-item]

    def test_an_error_of_the_items_own_iterator_is_the_callers(self, engine: Engine) -> None:
        def broken() -> Iterator[Errand]:
            yield from ()
            raise OSError("the disk is gone")

        with pytest.raises(OSError, match="the disk is gone"):
            list(engine.map(run, broken()))

    def test_no_items_no_outcomes(self, engine: Engine) -> None:
        assert list(engine.map(run, [])) == []

    def test_only_functions_of_modules_are_taken(self, engine: Engine) -> None:
        for work in (lambda n: n, Errand(number=1).__repr__, str.upper):
            with pytest.raises(EngineError, match="no function at the top of a module"):
                engine.map(work, [1])


def gone(number: int, *, within: float = 30.0) -> bool:
    """Whether that process ends soon."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{number}/stat") as handle:
                if handle.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.05)
    return False
