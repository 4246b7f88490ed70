"""Killed, interrupted, at once: whatever happens to a build, the same command goes on with it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grandrounds.fingerprint import sha256_file
from grandrounds.release.verify import verify
from pipelines.running import Outcome
from tests.support.commands import ended, grandrounds, start, until
from tests.support.dagster_records import records_of
from tests.support.expert import answer
from tests.support.stub_openai import StubServer

pytestmark = pytest.mark.slow

IN_FLIGHT = 16  # the recipe's concurrency


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(responder=answer, latency_ms=100) as server:
        yield server


def model(stub: StubServer) -> dict[str, str]:
    return {"GRANDROUNDS_LLM_BASE_URL": stub.base_url, "GRANDROUNDS_LLM_MODEL": "stub"}


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def killed(process: subprocess.Popen[str]) -> None:
    """Kill the command alone, as the system would when memory runs out."""
    process.kill()
    assert ended(process).code == -signal.SIGKILL


def filed(home: Path) -> int:
    with sqlite3.connect(home / "ledger.sqlite") as ledger:
        return int(ledger.execute("SELECT count(*) FROM ledger_answers WHERE status = 'ok'").fetchone()[0])


def readings(home: Path) -> dict[Path, int]:
    """The readings that are kept, and when each was written."""
    return {
        path: path.stat().st_mtime_ns
        for path in (home / "lake" / "cache").rglob("*")
        if path.is_file() and "reading" in str(path) and not path.name.endswith(".tmp")
    }


def test_a_build_killed_while_reading_drafting_and_publishing_ends_as_if_nothing_had_been(
    tmp_path: Path,
    sources: Path,
    stub: StubServer,
    build: Callable[..., Outcome],
    record_property: Callable[[str, object], None],
) -> None:
    home, releases = tmp_path / "home", tmp_path / "home/releases/case_diagnosis"
    command: list[Any] = ["build", "case_diagnosis", "--sources", sources]

    run = start(*command, home=home, **model(stub))
    until(lambda: readings(home), process=run)
    killed(run)
    kept = readings(home)
    assert kept
    assert stub.stats()["received"] == 0

    run = start(*command, home=home, **model(stub))
    until(lambda: stub.stats()["answered"] >= IN_FLIGHT + 4, process=run)
    killed(run)
    paid = filed(home)
    assert paid >= 4
    assert not releases.exists() or not list(releases.glob("[!.]*"))

    run = start(*command, home=home, **model(stub))
    until(lambda: list(releases.glob(".staging-*/*")), process=run)
    killed(run)
    assert not list(releases.glob("[!.]*")), "half a release must not have a name"
    after_drafting = stub.stats()

    last = grandrounds(*command, home=home, **model(stub))
    assert (last.code, last.err) == (0, "")
    assert not list(releases.glob(".staging-*"))
    assert {path: time for path, time in readings(home).items() if path in kept} == kept

    stats = stub.stats()
    sent_again = stats["received"] - stats["distinct"]
    record_property("requests", stats["distinct"])
    record_property("filed when killed", paid)
    record_property("sent again", sent_again)
    assert sent_again <= IN_FLIGHT
    assert stats["received"] == after_drafting["received"], "the third run had them all"
    assert verify(releases / "0.1.0").sound

    quiet = build(tmp_path / "quiet", sources, **model(stub))
    assert quiet.release is not None
    assert digests(Path(quiet.release)) == digests(releases / "0.1.0")
    assert abandoned(home) == []


def abandoned(home: Path) -> list[str]:
    """Runs that Dagster's page would show as running for ever."""
    with records_of(home) as instance:
        runs = instance.get_runs()
        assert len(runs) == 4
        return [run.run_id for run in runs if not run.is_finished]


def test_ctrl_c_ends_with_130_and_keeps_every_answer(
    tmp_path: Path, few: Path, stub: StubServer, build: Callable[..., Outcome]
) -> None:
    command: list[Any] = ["build", "case_diagnosis", "--sources", few, "--json"]
    run = start(*command, home=tmp_path / "home", **model(stub))
    until(lambda: stub.stats()["answered"] >= 5, process=run)
    os.kill(run.pid, signal.SIGINT)
    stopped = ended(run)
    assert stopped.code == 130
    assert "Interrupted" in stopped.err and "again to go on" in stopped.err
    assert stopped.calm
    assert '"error"' in stopped.out
    assert filed(tmp_path / "home") == stub.stats()["answered"]

    assert build(tmp_path / "home", few, **model(stub)).success
    assert stub.stats()["answered_twice"] == 0


def test_one_build_of_a_recipe_at_a_time_and_two_recipes_side_by_side(
    tmp_path: Path, few: Path, stub: StubServer
) -> None:
    first = start("build", "case_diagnosis", "--sources", few, home=tmp_path, **model(stub))
    until(lambda: stub.stats()["received"] > 0, process=first)
    first.send_signal(signal.SIGSTOP)
    second = grandrounds("build", "case_diagnosis", "--sources", few, home=tmp_path, **model(stub))
    first.send_signal(signal.SIGCONT)
    other = start("build", "case_diagnosis_reviewed", "--sources", few, home=tmp_path, **model(stub))
    assert second.code == 1
    assert str(first.pid) in second.err and "case_diagnosis" in second.err and second.calm
    assert ended(first).code == 0
    assert ended(other).code == 0
