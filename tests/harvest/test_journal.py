"""The journal: append-only, whole pages, one writer, moments that never go back; and what kills leave."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from datetime import UTC, date, datetime, timedelta

import pytest

from grandrounds.errors import GrandRoundsError
from grandrounds.harvest.feed import FeedRecord
from grandrounds.harvest.journal import Journal, KeptFile, Version, stamp
from grandrounds.harvest.known import of_record
from grandrounds.harvest.problems import HarvestError
from tests.conftest import ROOT
from tests.support.feeds.worlds import Harvests, case, tree, week, week_end

AT = datetime(2026, 11, 2, tzinfo=UTC)


def version(record_id: str = "1", **more) -> Version:
    record = FeedRecord(feed="a", record_id=record_id, first_public=date(2026, 1, 1))
    said = {"record": record, "fingerprint": record.fingerprint(), "seen_at": AT, "decision": "taken"}
    files = (KeptFile(name="article.xml", role="main", sha256="0" * 64, bytes=3),)
    return Version(**{**said, "known": of_record(record), "files": files, **more})


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "j" / "journal.sqlite") as opened:
        yield opened


def begin(journal: Journal, at: datetime = AT):
    return journal.begin("a", at=at, since=None, until=None, cursor="")


def test_nothing_in_it_can_be_changed_or_deleted(journal):
    run = begin(journal)
    journal.stage(run, version().record, version().files)
    journal.add_page(run, [version()], at=AT, cursor="c", last=True, listed=["1"])
    journal.add_trouble(run, at=AT, cursor="c", detail="x", abandoned=False)
    other = sqlite3.connect(journal.path)
    tables = [row[0] for row in other.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert len(tables) == 7
    for table in tables:
        column = other.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchone()[0]
        assert other.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 1
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            other.execute(f"UPDATE {table} SET {column} = {column}")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            other.execute(f"DELETE FROM {table}")


def test_a_page_is_written_whole_or_not_at_all(journal):
    run = begin(journal)
    broken = version("2", files=(KeptFile(name="x", role="main", sha256="short", bytes=1),))
    with pytest.raises(sqlite3.IntegrityError):
        journal.add_page(run, [version("1"), broken], at=AT, cursor="behind", last=False, listed=["1", "2"])
    assert journal.latest("a", "1") is None
    assert journal.open_run("a").cursor == ""


def test_what_was_written_is_read_again(journal):
    run = begin(journal)
    journal.add_page(run, [version()], at=AT, cursor="c", last=False, listed=["1"])
    found = journal.latest("a", "1")
    assert (found.record, found.files, found.seen_at) == (version().record, version().files, AT)
    assert journal.open_run("a").cursor == "c"


def test_moments_never_go_back(journal):
    run = begin(journal, AT)
    journal.add_page(run, [version()], at=AT - timedelta(minutes=2), cursor="", last=True, listed=["1"])
    assert journal.latest("a", "1").seen_at == AT, "a clock that is a little slow does not count"
    with pytest.raises(HarvestError, match="clock"):
        begin(journal, AT - timedelta(hours=1))
    with pytest.raises(HarvestError, match="time zone"):
        begin(journal, datetime(2026, 11, 3))


def test_stamps_sort_as_time_does():
    moments = [datetime(2026, 11, 2, 0, 0, 0, n, tzinfo=UTC) for n in (0, 1, 10, 999_999)]
    assert sorted(map(stamp, moments)) == [stamp(moment) for moment in moments]


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "journal.sqlite"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(HarvestError, match="newer"):
        Journal(path)
    (tmp_path / "text").write_text("this is no database" * 100)
    with pytest.raises(HarvestError, match="can't be opened"):
        Journal(tmp_path / "text")


def test_two_harvests_of_one_feed_at_once_the_second_is_told(tmp_path):
    made = Harvests(tmp_path)
    made.world.publish(week(0), case(1))
    inner = []

    def meanwhile(_: str) -> None:
        with pytest.raises(GrandRoundsError, match="in use by another process"):
            made.harvest("europe-pmc", week(0))
        inner.append(made.harvest("atom", week(0)).taken)

    made.world.now = week(0)
    made.room.harvest(
        "europe-pmc",
        made.settings("europe-pmc"),
        now=lambda: week(0),
        since=date(2026, 1, 1),
        progress=meanwhile,
    )
    assert inner == [1], "another feed is not in the way"


_CHILD = """
    import sys, time
    from datetime import date
    from pathlib import Path
    from tests.support.feeds.worlds import Harvests, case, week
    from grandrounds.harvest import store

    made = Harvests(Path(sys.argv[1]))
    for number in range(1, 13):
        made.world.publish(week(0), case(number))
    real = store.os.fsync
    def slow(handle):
        print("file", flush=True)
        time.sleep(0.02)
        real(handle)
    store.os.fsync = slow
    made.harvest(sys.argv[2], week(0))
    print("done", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("files", [1, 2, 5, 8, 12])
def test_a_kill_anywhere_leaves_the_same_bytes_in_the_end(tmp_path, files):
    whole = Harvests(tmp_path / "whole")
    killed = Harvests(tmp_path / "killed")
    for made in (whole, killed):
        for number in range(1, 13):
            made.world.publish(week(0), case(number))
    whole.harvest("europe-pmc", week(0))
    (tmp_path / "killed").mkdir(exist_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_CHILD), str(tmp_path / "killed"), "europe-pmc"],
        stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
    )  # fmt: skip
    for _ in range(files):
        child.stdout.readline()
    time.sleep(0.013)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    before = {
        path.name for path in (tmp_path / "killed" / "harvest" / "files").rglob("*") if len(path.name) == 64
    }
    report = killed.harvest("europe-pmc", week(0))
    assert report.finished
    assert tree(killed.snapshot(week_end(0)).folder) == tree(whole.snapshot(week_end(0)).folder)
    with killed.room.open_journal() as journal:
        ids = [v.record.record_id for v in journal.versions()]
    assert sorted(ids) == sorted(set(ids)) and len(ids) == 12
    texts = [path for path in killed.answers.asked if path.endswith("fullTextXML")]
    assert len(before) >= files - 1
    assert len(texts) <= 12 - len(before) + 1, "at most the file in hand is fetched again"
