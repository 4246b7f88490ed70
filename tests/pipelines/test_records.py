"""Dagster's records are Dagster's files: kept engines change how they are opened, and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from grandrounds.paths import bundled
from pipelines.instance import place_settings
from tests.support.commands import ROOT, environment


@contextmanager
def opened(
    home: Path, monkeypatch: pytest.MonkeyPatch, *, plain: bool = False
) -> Iterator[dg.DagsterInstance]:
    """The instance of ``home``: as commands make it, or (``plain``) with Dagster's own storage."""
    (home / "dagster.yaml").unlink(missing_ok=True)
    if plain:
        home.mkdir(exist_ok=True)
        shutil.copy(bundled("dagster.yaml"), home)
    else:
        place_settings(home)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        yield instance


@dg.asset
def pulse() -> int:
    """A fictional asset."""
    return 72


def run(instance: dg.DagsterInstance) -> str:
    return dg.materialize([pulse], instance=instance).run_id


def told(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [each.dagster_event.event_type_value for each in instance.all_logs(run_id) if each.dagster_event]


def test_what_either_wrote_the_other_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    with opened(home, monkeypatch, plain=True) as instance:
        old = run(instance)
        before = told(instance, old)
    with opened(home, monkeypatch) as instance:
        assert type(instance.run_storage).__module__ == "pipelines.records"
        assert told(instance, old) == before and "ASSET_MATERIALIZATION" in before
        new = run(instance)
        after = told(instance, new)
    assert sorted(after) == sorted(before)
    with opened(home, monkeypatch, plain=True) as instance:
        assert {each.run_id for each in instance.get_runs()} == {old, new}
        assert told(instance, new) == after
        latest = instance.get_latest_materialization_event(pulse.key)
        assert latest is not None and latest.run_id == new


def test_nothing_stays_open_and_no_log_stays_beside_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with opened(home, monkeypatch) as instance:
        runs = [run(instance) for _ in range(12)]
        assert len(open_files(home)) <= 3 * (8 + 8), "files of runs that are over stay open"
        assert all("PIPELINE_SUCCESS" in told(instance, each) for each in runs)
    assert open_files(home) == []
    assert [path.name for path in home.rglob("*-wal")] == []


def open_files(home: Path) -> list[str]:
    """What this process holds open of the records."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("open files are counted on Linux alone")
    targets = [os.path.realpath(each) for each in folder.iterdir()]
    return [target for target in targets if target.startswith(str(home.resolve())) and ".db" in target]


def test_many_threads_read_while_one_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path / "home", monkeypatch) as instance, ThreadPoolExecutor(4) as pool:
        first = run(instance)
        reading = [pool.submit(told, instance, first) for _ in range(40)]
        later = [run(instance) for _ in range(3)]
        assert all("PIPELINE_SUCCESS" in each.result(timeout=60) for each in reading)
        assert all("PIPELINE_SUCCESS" in told(instance, each) for each in later)


def test_who_watches_a_run_is_told_while_it_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = threading.Event()

    @dg.asset
    def slow() -> bool:
        """Ends as soon as somebody saw that it began."""
        return seen.wait(60)

    def look(entry: dg.EventLogEntry, _cursor: str) -> None:
        if entry.dagster_event and entry.dagster_event.event_type_value == "STEP_START":
            seen.set()

    with opened(tmp_path / "home", monkeypatch) as instance:
        run_id = dg.DagsterRun(job_name="any").run_id
        instance.event_log_storage.watch(run_id, None, look)
        job = dg.Definitions([slow], jobs=[dg.define_asset_job("watched")]).resolve_job_def("watched")
        assert job.execute_in_process(instance=instance, run_id=run_id).output_for_node("slow") is True


_WRITER = """
import dagster as dg
@dg.asset
def pulse():
    return 72
with dg.DagsterInstance.get() as instance:
    print("open", flush=True)
    while True:
        print(dg.materialize([pulse], instance=instance).run_id, flush=True)
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts a process that makes runs in ``tmp_path/home`` until it is killed."""
    started = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER], env=environment(DAGSTER_HOME=str(tmp_path / "home")), cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_two_commands_write_at_once_and_one_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: Callable[[], subprocess.Popen[str]]
) -> None:
    home = tmp_path / "home"
    with opened(home, monkeypatch) as instance:
        other = writer()
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        ended = [other.stdout.readline().strip() for _ in range(2)]
        own = [run(instance) for _ in range(2)]
        ended.append(other.stdout.readline().strip())
        other.send_signal(signal.SIGKILL)
        other.wait()
        own.append(run(instance))
        for each in ended + own:
            assert "PIPELINE_SUCCESS" in told(instance, each)
    with opened(home, monkeypatch, plain=True) as instance:
        assert {*ended, *own} <= {each.run_id for each in instance.get_runs()}
