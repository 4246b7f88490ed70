"""A ledger that an earlier version made is taken over whole, or left as it is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from grandrounds.errors import LedgerError
from grandrounds.fingerprint import canonical, content_id
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.ledger.migrations import APPLICATION_ID, HEAD, REVISIONS, USER_VERSION
from grandrounds.llm.request import KEY_VERSION, ModelRequest
from tests.conftest import ROOT
from tests.llm.helpers import ask, asks
from tests.llm.ledger.support import filed

# The tables as they were before Alembic, written out: they must never follow the code.
BEFORE = (
    """CREATE TABLE requests (
        request_id TEXT PRIMARY KEY NOT NULL, key_version INTEGER NOT NULL, model TEXT NOT NULL,
        prompt_name TEXT NOT NULL, prompt_version TEXT NOT NULL, prompt_sha256 TEXT NOT NULL,
        protected INTEGER NOT NULL, key TEXT NOT NULL, created_at TEXT NOT NULL
    )""",
    """CREATE TABLE answers (
        answer_id INTEGER PRIMARY KEY, request_id TEXT NOT NULL REFERENCES requests (request_id),
        status TEXT NOT NULL, text TEXT NOT NULL, finish_reason TEXT NOT NULL, refusal TEXT NOT NULL,
        model TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
        seconds REAL NOT NULL, attempts INTEGER NOT NULL, error_class TEXT NOT NULL, error TEXT NOT NULL,
        backend TEXT NOT NULL, created_at TEXT NOT NULL
    )""",
    "CREATE INDEX answers_by_request ON answers (request_id)",
    "CREATE UNIQUE INDEX one_ok_answer ON answers (request_id) WHERE status = 'ok'",
)
WHEN = "2026-05-04T08:00:00.000+00:00"


def make_former(path: Path, requests: list[ModelRequest]) -> None:
    """A ledger file as the version before wrote it: each request refused once, then answered."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    raw.execute("BEGIN")
    for statement in BEFORE:
        raw.execute(statement)
    for request in requests:
        raw.execute(
            "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                request.request_id, KEY_VERSION, request.model, request.prompt_name, request.prompt_version,
                request.prompt_sha256, request.protected, canonical(request.key()).decode(), WHEN,
            ),
        )  # fmt: skip
        for status in ("refused", "ok"):
            answer = filed(request, status).answer
            raw.execute(
                "INSERT INTO answers VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    request.request_id, status, answer.text, answer.finish_reason, answer.refusal,
                    answer.model, answer.prompt_tokens, answer.completion_tokens, answer.seconds,
                    answer.attempts, answer.error_class, answer.error, "http://before/v1", WHEN,
                ),
            )  # fmt: skip
    raw.execute("PRAGMA user_version = 1")
    raw.execute("COMMIT")
    raw.execute("PRAGMA journal_mode = WAL")
    raw.close()


def test_everything_in_a_former_ledger_is_taken_over(path: Path) -> None:
    requests = [*asks(1200), ask("naïve \x00 𝒳", protected=True, temperature=0.7)]
    make_former(path, requests)

    with Ledger(path) as ledger:
        served = ledger.lookup(requests)
        expected = {
            request.request_id: replace(filed(request).answer, from_ledger=True, cost=0.0)
            for request in requests
        }
        assert served == expected
        stats = ledger.stats()
        assert (stats.requests, stats.by_status) == (1201, {"ok": 1201, "refused": 1201})
        assert (stats.oldest, stats.newest) == (WHEN, WHEN)
        last = ledger.show(requests[-1].request_id)
        assert last.key == requests[-1].key()
        assert content_id("req", last.key) == last.request_id
        assert last.protected
        assert last.answers[0].backend == "http://before/v1"
        assert {group.prompt_name for group in stats.groups} == {"draft"}
        assert ledger.check() == []
    with Ledger(path) as again:
        assert again.lookup(requests) == expected
    raw = sqlite3.connect(path)
    names = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    raw.close()
    assert names == {"ledger_answers", "ledger_requests", "ledger_schemas", "ledger_version"}


def test_several_that_open_a_former_ledger_take_it_over_once(path: Path) -> None:
    requests = asks(200)
    make_former(path, requests)

    def look(_: int) -> int:
        with Ledger(path) as ledger:
            return len(ledger.lookup(requests))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(look, range(4))) == [200] * 4
    with Ledger(path) as ledger:
        assert ledger.stats().answers == 400


def test_an_empty_former_ledger_is_taken_over(path: Path) -> None:
    make_former(path, [])

    with Ledger(path) as ledger:
        ledger.write([filed(ask("a"))])
        assert ledger.stats().answers == 1


def test_damaged_rows_of_a_former_ledger_are_kept_as_they_are(path: Path) -> None:
    one, two, three = asks(3)
    make_former(path, [one, two, three])
    raw = sqlite3.connect(path)
    raw.execute("UPDATE requests SET key = '{\"cut' WHERE request_id = ?", (one.request_id,))
    raw.execute("DELETE FROM requests WHERE request_id = ?", (two.request_id,))
    raw.commit()
    raw.close()

    with Ledger(path) as ledger:
        assert len(ledger.lookup([one, two, three])) == 3
        assert ledger.show(one.request_id).key == {"unreadable": '{"cut'}
        assert ledger.check() == ["2 answers have no request"]
        assert len(list(ledger.stored())) == 4


_OPEN = "import sys; from grandrounds.llm.ledger import Ledger; Ledger(sys.argv[1]).close()"


@pytest.mark.slow
def test_a_takeover_killed_at_any_moment_starts_again_and_loses_nothing(tmp_path: Path) -> None:
    requests = asks(3000)
    make_former(tmp_path / "former.sqlite", requests)
    path = tmp_path / "ledger.sqlite"
    for pause in (0.02, 0.15):
        for file in tmp_path.glob("ledger.sqlite*"):
            file.unlink()
        shutil.copy(tmp_path / "former.sqlite", path)
        process = subprocess.Popen([sys.executable, "-c", _OPEN, str(path)], cwd=ROOT)
        _await_busy(path, process)
        time.sleep(pause)
        process.kill()
        process.wait()

        with Ledger(path) as ledger:
            assert len(ledger.lookup(requests)) == len(requests)
            assert ledger.stats().answers == 2 * len(requests)
            assert ledger.check() == []


def _await_busy(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the program writes to the file."""
    log = path.with_name(f"{path.name}-wal")
    while process.poll() is None and not (log.exists() and os.path.getsize(log) > 0):
        time.sleep(0.005)


def test_a_former_ledger_that_is_locked_is_reported(path: Path) -> None:
    make_former(path, asks(2))
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(LedgerError, match="locked by another process"):
        Ledger(path, busy_seconds=0.2)
    holder.close()


def test_the_version_before_refuses_what_was_taken_over(path: Path) -> None:
    """It takes a `user_version` above its own for a newer program's."""
    Ledger(path).close()
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA user_version").fetchone() == (USER_VERSION,)
    assert USER_VERSION > 1
    raw.close()


def test_the_list_of_revisions_is_the_one_that_alembic_finds() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(ROOT / "grandrounds/llm/ledger/migrations"))
    config.set_main_option("path_separator", "os")
    found = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]

    assert tuple(reversed(found)) == REVISIONS
    assert REVISIONS[-1] == HEAD
