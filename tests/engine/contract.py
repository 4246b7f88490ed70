"""What every engine promises, as tests: subclassed for each, with a fixture ``engine``."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grandrounds.engine import Engine, Fault
from grandrounds.errors import EngineError
from tests.engine.work import Errand, blob, length, pid, run, unsendable


class EngineContract:
    """The promises of ``Engine.map``."""

    def test_outcomes_come_in_the_order_of_items(self, engine: Engine) -> None:
        done = list(engine.map(run, (Errand(number=n) for n in range(40))))
        assert [outcome.result() for outcome in done] == [n * n for n in range(40)]
        assert {outcome.tries for outcome in done} == {1}

    def test_no_items_no_outcomes(self, engine: Engine) -> None:
        assert list(engine.map(run, [])) == []

    def test_another_process_does_the_work(self, engine: Engine) -> None:
        pids = {outcome.result() for outcome in engine.map(pid, range(30))}
        assert os.getpid() not in pids
        assert 1 <= len(pids) <= 2

    def test_items_are_read_as_they_are_needed(self, engine: Engine) -> None:
        read = []

        def endless() -> Iterator[Errand]:
            number = 0
            while True:
                read.append(number)
                yield Errand(number=number)
                number += 1

        outcomes = engine.map(run, endless())
        for _ in range(50):
            next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]
        assert len(read) <= 50 + 2 * 8

    def test_what_is_raised_is_the_items_own_fault(self, engine: Engine) -> None:
        raised, refused, fine = engine.map(
            run, [Errand(number=1, what="raise"), Errand(number=2, what="refuse"), Errand(number=3)]
        )
        assert (raised.fault, raised.reason) == (Fault.RAISED, "ValueError: no square of 1")
        assert (refused.fault, refused.reason) == (Fault.RAISED, "2.xml is empty. Look at it.")
        assert fine.result() == 9
        with pytest.raises(EngineError, match="no square of 1"):
            raised.result()

    def test_a_death_costs_nobody_else_anything(self, engine: Engine, tmp_path: Path) -> None:
        deadly = {3: "die", 7: "leave"}
        errands = [Errand(number=n, what=deadly.get(n, "note"), folder=tmp_path) for n in range(12)]
        done = list(engine.map(run, errands, retries=1))
        assert [n for n, outcome in enumerate(done) if not outcome.ok] == [3, 7]
        assert (done[3].fault, done[3].tries) == (Fault.DIED, 2)
        assert "died" in done[3].reason
        assert len((tmp_path / "3").read_text().splitlines()) == 2
        others = [(tmp_path / str(n)).read_text() for n in range(12) if n not in deadly]
        assert all(len(text.splitlines()) == 1 for text in others)

    def test_an_item_that_was_killed_once_is_done_at_the_second_try(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        (done,) = engine.map(run, [Errand(number=5, what="die once", folder=tmp_path)])
        assert (done.result(), done.tries) == (25, 2)

    def test_without_retries_one_death_is_the_end(self, engine: Engine, tmp_path: Path) -> None:
        (done,) = engine.map(run, [Errand(number=5, what="die once", folder=tmp_path)], retries=0)
        assert (done.fault, done.tries) == (Fault.DIED, 1)

    def test_what_takes_too_long_is_given_up_at_once(self, engine: Engine, tmp_path: Path) -> None:
        errands = [Errand(number=n, what="hang" if n == 1 else "", folder=tmp_path) for n in range(6)]
        began = time.monotonic()
        done = list(engine.map(run, errands, seconds=2.0))
        assert time.monotonic() - began < 60
        assert [outcome.fault for outcome in done] == ["", Fault.LATE, "", "", "", ""]
        assert "2 s" in done[1].reason
        (hung,) = (tmp_path / "1").read_text().split()
        assert _gone(int(hung))

    def test_large_items_and_results_pass(self, engine: Engine) -> None:
        assert [len(done.result()) for done in engine.map(blob, [3_000_000] * 3)] == [3_000_000] * 3
        assert [done.result() for done in engine.map(length, [b"y" * 3_000_000] * 3)] == [3_000_000] * 3

    def test_a_result_that_can_not_travel_is_told(self, engine: Engine) -> None:
        (done,) = engine.map(unsendable, [1])
        assert done.fault is Fault.RAISED
        assert "can't be sent back" in done.reason

    def test_an_item_that_can_not_travel_ends_the_run(self, engine: Engine) -> None:
        with pytest.raises(EngineError, match="of type lock can't be sent"):
            list(engine.map(length, [threading.Lock()]))  # type: ignore[list-item]

    def test_an_error_of_the_items_own_iterator_is_the_callers(self, engine: Engine) -> None:
        def broken() -> Iterator[Errand]:
            yield Errand(number=1)
            raise OSError("the disk is gone")

        with pytest.raises(OSError, match="the disk is gone"):
            list(engine.map(run, broken()))

    def test_only_functions_of_modules_are_taken(self, engine: Engine) -> None:
        for work in (lambda n: n, Errand(number=1).__repr__, str.upper):
            with pytest.raises(EngineError, match="no function at the top of a module"):
                engine.map(work, [1])

    def test_leaving_ends_the_workers(self, engine: Engine, tmp_path: Path) -> None:
        errands = [Errand(number=0), *(Errand(number=n, what="hang", folder=tmp_path) for n in (1, 2))]
        outcomes = engine.map(run, errands)
        next(outcomes)
        deadline = time.monotonic() + 30
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        outcomes.close()  # type: ignore[attr-defined]
        for note in tmp_path.iterdir():
            assert _gone(int(note.read_text()))


def _gone(number: int, *, within: float = 15.0) -> bool:
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
