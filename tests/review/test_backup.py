"""Backups are whole, checked, portable; a restore happens or it doesn't."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import ReviewError
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate, content_sha256, item_id
from grandrounds.records.review_event import ACCEPT
from grandrounds.review import tables
from grandrounds.review.backup import back_up, check, restore
from grandrounds.review.desk.desk import Desk
from grandrounds.review.desk.gold import Gold
from grandrounds.review.desk.values import Verdict
from grandrounds.review.migrations import HEAD
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.people.sessions import Sessions
from grandrounds.review.store import ReviewStore

RECIPE = "case_diagnosis"
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)


@pytest.fixture
def full(store: ReviewStore, candidates: Sequence[Candidate]) -> ReviewStore:
    """A database with something in every table that a backup holds."""
    store.enqueue(RECIPE, candidates, policy=Review(policy="readers", readers=2))
    people, desk = Accounts(store.database), Desk(store)
    reader = people.add("reviewer-a", roles=["reviewer"], password="correct horse battery")
    lead = people.add("lead-a", roles=["lead"])
    Sessions(store.database).open(reader)
    for _ in range(3):
        slot = desk.next(reader, recipe=RECIPE)
        assert slot is not None
        answer = (slot.candidate.options or ("ein Stein",))[0]
        verdict = Verdict(decision=ACCEPT, seconds=12.5, comment="Überprüft ✓", answer=answer)
        desk.decide(reader, slot, verdict)
    slot = desk.next(reader, recipe=RECIPE)
    assert slot is not None
    desk.save(reader, slot, body='{"comment": "half"}', revision=1, seconds=2, answer="mine")
    desk.decline(reader, slot, "later")
    done = {event.item_id for event in store.events(RECIPE)}
    other = next(one for one in candidates if one.item_id not in done)
    Gold(store).mark(lead, recipe=RECIPE, item_id=other.item_id, decision=ACCEPT)
    return store


def state(store: ReviewStore) -> Any:
    return (
        store.snapshot(RECIPE),
        store.policy(RECIPE),
        Gold(store).of(RECIPE),
        Accounts(store.database).all(),
    )


def without_answers(lines: list[bytes]) -> list[bytes]:
    """The lines of a backup as the version before kept them: no column for answers, another schema."""
    found, place, digest = [], None, hashlib.sha256()
    for line in lines:
        value = json.loads(line)
        if isinstance(value, dict) and "schema" in value:
            value["schema"] = "0007"
        elif isinstance(value, dict) and "columns" in value:
            place = value["columns"].index("answer") if "answer" in value["columns"] else None
            value["columns"] = [name for name in value["columns"] if name != "answer"]
        elif isinstance(value, dict):
            value["end"]["sha256"] = digest.hexdigest()
        elif place is not None:
            del value[place]
        found.append(json.dumps(value).encode() + b"\n")
        digest.update(found[-1])
    return found


def test_a_backup_from_before_answers_were_kept_is_restored_whole(
    full: ReviewStore, tmp_path: Path
) -> None:
    file, older = tmp_path / "b.grb", tmp_path / "older.grb"
    back_up(full.database, file, now=NOW)
    with gzip.open(file) as lines, gzip.open(older, "wb") as out:
        out.writelines(without_answers(list(lines)))
    with ReviewStore(f"sqlite:///{tmp_path / 'restored.sqlite'}") as restored:
        restore(restored.database, older)
        assert [replace(event, answer="") for event in full.events(RECIPE)] == restored.events(RECIPE)
        with restored.database.reading() as connection:
            (row,) = connection.execute(tables.unsent.select())
        assert (row.body, row.answer) == ('{"comment": "half"}', None)


@pytest.mark.parametrize("target", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_backup_restored_elsewhere_is_the_same(
    full: ReviewStore, target: str, tmp_path: Path, request: pytest.FixtureRequest, decide: Any
) -> None:
    file = tmp_path / "b.grb"
    report = back_up(full.database, file, now=NOW)
    assert report == check(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = state(full)
    full.close()
    if target == "sqlite":
        url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    else:
        url = request.getfixturevalue("postgres").empty()
    with ReviewStore(url) as other:
        assert restore(other.database, file).rows == report.rows
        assert state(other) == before
        with pytest.raises(ReviewError, match="append-only"), other.database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM review_events")
        asked = before[0].entries[-1].candidate
        other.append([decide(asked, by="reviewer-z")])
        assert other.events(RECIPE)[:-1] == list(before[0].events)
        assert Accounts(other.database).check("reviewer-a", "correct horse battery") is not None


def test_sessions_stay_closed(full: ReviewStore, tmp_path: Path) -> None:
    back_up(full.database, tmp_path / "b", now=NOW)
    words = gzip.decompress((tmp_path / "b").read_bytes())
    assert b"review_sessions" not in words
    assert b"review_events" in words


def test_a_database_that_holds_something_is_not_overwritten_unless_told(
    full: ReviewStore, tmp_path: Path, candidates: Sequence[Candidate], decide: Any
) -> None:
    file = tmp_path / "b"
    back_up(full.database, file, now=NOW)
    before = state(full)
    full.append([decide(candidates[-1], by="reviewer-y")])
    with pytest.raises(ReviewError, match="not empty"):
        restore(full.database, file)
    assert len(full.events(RECIPE)) == len(before[0].events) + 1
    restore(full.database, file, replace=True)
    assert state(full) == before
    with pytest.raises(ReviewError, match="append-only"), full.database.writing() as connection:
        connection.exec_driver_sql("UPDATE review_events SET comment = ''")


def test_a_backup_never_replaces_a_file(lite: ReviewStore, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("dear")
    with pytest.raises(ReviewError, match="exists already"):
        back_up(lite.database, tmp_path / "b", now=NOW)
    assert [entry.name for entry in tmp_path.iterdir() if "b." in entry.name] == []


def test_a_damaged_backup_is_refused_before_anything_is_touched(full: ReviewStore, tmp_path: Path) -> None:
    file, bad = tmp_path / "b", tmp_path / "bad"
    back_up(full.database, file, now=NOW)
    whole, words = file.read_bytes(), gzip.decompress(file.read_bytes())
    lines = words.splitlines(keepends=True)
    before = state(full)
    for data in (
        whole[:-20],
        whole[: len(whole) // 2],
        whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
        gzip.compress(words.replace(b"Rounds", b"rounds").replace(b"accept", b"reject", 1)),
        gzip.compress(b"".join(lines[:-1])),
        gzip.compress(b"".join([*lines[:3], *lines[4:]])),
        gzip.compress(words + b"[]\n"),
        gzip.compress(b'{"format": "another"}\n'),
        gzip.compress(lines[0].replace(HEAD.encode(), b"9999") + b"".join(lines[1:])),
        b"",
        b"SQLite format 3\0",
    ):
        bad.write_bytes(data)
        with pytest.raises(ReviewError):
            restore(full.database, bad, replace=True)
    assert state(full) == before


def test_a_backup_while_others_write_is_one_moment(
    store: ReviewStore, candidates: Sequence[Candidate], decide: Any, tmp_path: Path
) -> None:
    """Events come in pairs, in one transaction each; no backup holds half a pair."""
    store.enqueue(RECIPE, candidates, policy=Review(policy="readers"))
    events = [
        (
            decide(one, "comment", by="reviewer-a", comment=str(n)),
            decide(one, "comment", by="reviewer-b", comment=str(n)),
        )
        for n in range(15)
        for one in candidates[:2]
    ]
    stop = threading.Event()

    def write() -> None:
        for pair in events:
            store.append(pair)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    made = 0
    while not stop.is_set() or made == 0:
        report = back_up(store.database, tmp_path / f"b{made}", now=NOW)
        assert report.rows["review_events"] % 2 == 0
        made += 1
    writer.join()


def test_killed_in_the_middle_of_a_restore_the_old_state_stays(
    lite: ReviewStore, candidates: Sequence[Candidate], decide: Any, tmp_path: Path
) -> None:
    lite.enqueue(RECIPE, candidates, policy=Review(policy="readers"))
    lite.append([decide(candidates[0])])
    back_up(lite.database, tmp_path / "small", now=NOW)
    before = state(lite)
    url = lite.database._url.render_as_string()
    lite.close()
    # Dies when half of the rows are written.
    program = f"""
import os, signal
from pathlib import Path
from grandrounds.review import backup
from grandrounds.review.database import Database
backup._count_on = lambda connection: os.kill(os.getpid(), signal.SIGKILL)
backup.restore(Database({url!r}), Path({str(tmp_path / "small")!r}), replace=True)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert state(lite) == before


def test_thousands_of_items_take_seconds(
    lite: ReviewStore, tmp_path: Path, candidates: Sequence[Candidate]
) -> None:
    rows = []
    for number in range(2000):
        asked = replace(candidates[0], question=f"Which of these is it, in case {number}?")
        asked = replace(asked, item_id=item_id(asked))
        rows.append(replace(asked, content_sha256=content_sha256(asked)))
    lite.enqueue(RECIPE, rows, policy=Review(policy="readers"))
    begun = time.process_time()
    back_up(lite.database, tmp_path / "b", now=NOW)
    with ReviewStore(f"sqlite:///{tmp_path / 'c.sqlite'}") as other:
        restore(other.database, tmp_path / "b")
        assert len(other.queue(RECIPE)) == 2000
    assert time.process_time() - begun < 40  # some two seconds on an idle core


def test_the_commands_do_the_same(
    lite: ReviewStore, candidates: Sequence[Candidate], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from grandrounds.review.commands import review

    lite.enqueue(RECIPE, candidates, policy=Review(policy="readers"))
    monkeypatch.setenv("GRANDROUNDS_HOME", str(tmp_path))
    monkeypatch.setenv("GRANDROUNDS_REVIEW_URL", f"sqlite:///{tmp_path / 'lite.sqlite'}")
    run = CliRunner()
    assert "12 contents, 0 decisions" in run.invoke(review, ["backup", str(tmp_path / "b")]).output
    assert "sound" in run.invoke(review, ["restore", "--check", str(tmp_path / "b")]).output
    refused = run.invoke(review, ["restore", str(tmp_path / "b")])
    assert isinstance(refused.exception, ReviewError)
    assert run.invoke(review, ["restore", "--replace", str(tmp_path / "b"), "--json"]).exit_code == 0
