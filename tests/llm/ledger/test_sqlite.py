"""A ledger in a SQLite file is never lost, replaced or half written quietly."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

import pytest

from grandrounds.errors import LedgerError
from grandrounds.llm.ledger import Ledger, Selection, open_ledger
from grandrounds.llm.ledger.migrations import USER_VERSION
from tests.llm.helpers import ask, asks
from tests.llm.ledger.support import filed, python


def test_a_path_and_its_address_are_the_same_ledger(path: Path) -> None:
    with open_ledger(path) as ledger:
        ledger.write([filed(ask("a"))])
        assert ledger.name == str(path)

    for where in (str(path), f"sqlite:///{path}", f"sqlite+pysqlite:///{path}"):
        with open_ledger(where) as ledger:
            assert len(ledger.lookup([ask("a")])) == 1
    assert [file.name for file in path.parent.iterdir()] == ["ledger.sqlite"]


def test_odd_characters_in_a_path_are_just_characters(tmp_path: Path) -> None:
    for name in ("a ? b#c %20.sqlite", "naïve 𝒳.sqlite"):
        with Ledger(tmp_path / name) as ledger:
            ledger.write([filed(ask("a"))])
        assert (tmp_path / name).exists()


@pytest.mark.parametrize(
    "address",
    ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///l.sqlite?mode=memory", "sqlite://host/l"],
)
def test_an_address_that_keeps_nothing_is_refused(address: str) -> None:
    with pytest.raises(LedgerError, match="not a plain file"):
        Ledger(address)


def test_an_address_of_another_kind_is_refused_without_its_password() -> None:
    with pytest.raises(LedgerError, match="not supported") as caught:
        Ledger("mysql://me:hush@host/db")
    assert "hush" not in str(caught.value)


_IMPORTED = """
import sys
from pathlib import Path
from grandrounds.llm.ledger import Ledger
Ledger(Path(sys.argv[1])).close()
print(sorted({"alembic", "sqlalchemy", "psycopg", "pyarrow"} & set(sys.modules)))
"""


@pytest.mark.slow
def test_opening_a_ledger_that_is_up_to_date_needs_no_alembic(path: Path) -> None:
    Ledger(path).close()

    assert python(_IMPORTED, str(path)).strip() == "[]"


def test_every_commit_is_synced_and_readers_never_wait(path: Path) -> None:
    with Ledger(path) as ledger:
        for connection in (ledger._database._writer, ledger._database._reader):  # type: ignore[attr-defined]
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def _plan(ledger: Ledger, query: str) -> str:
    rows = ledger._database.read(
        lambda session: session.rows(f"EXPLAIN QUERY PLAN {query}", ["[]", "[]"][: query.count("?")])
    )
    return str(rows)


@pytest.mark.parametrize(
    ("condition", "index"),
    [("a.status = 'ok'", "ledger_one_ok_answer"), ("a.status <> 'ok'", "ledger_other_answers")],
)
def test_answers_are_found_by_their_index(path: Path, condition: str, index: str) -> None:
    with Ledger(path) as ledger:
        query = (
            f"SELECT a.text FROM ledger_answers a WHERE {condition} "
            "AND a.request_id IN (SELECT value FROM json_each(?))"
        )
        assert f"USING INDEX {index}" in _plan(ledger, query)


def test_stats_read_an_index_alone_and_pages_none(path: Path) -> None:
    from grandrounds.llm.ledger.reading import _GROUPS
    from grandrounds.llm.ledger.selecting import condition

    with Ledger(path) as ledger:
        assert "COVERING INDEX ledger_counts" in _plan(ledger, _GROUPS)

        chosen = Selection(models=("m",), statuses=("failed",))
        selected, _ = ledger._database.read(lambda session: condition(chosen, session, paged=True))
        plan = _plan(
            ledger,
            f"SELECT a.text FROM ledger_answers a WHERE a.answer_id > 1 AND {selected} ORDER BY a.answer_id LIMIT 2",
        )
        assert "INTEGER PRIMARY KEY" in plan
        assert "TEMP B-TREE" not in plan


def test_pruned_room_goes_back_to_the_disk(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.write([filed(request, "failed", text="x" * 10_000) for request in asks(100)])
        before = ledger.stats().bytes
        ledger.prune(Selection(statuses=("failed",)), dry_run=False)
        ledger.shrink()

        assert ledger.stats().bytes < before / 10
        assert path.stat().st_size < 100_000
        assert ledger.check() == []


def test_a_ledger_in_use_is_not_shrunk_and_says_so(path: Path) -> None:
    with (
        Ledger(path, busy_seconds=0.2) as ledger,
        _lock(path),
        pytest.raises(LedgerError, match="locked by another process"),
    ):
        ledger.shrink()


def test_a_second_writer_waits_its_turn(path: Path) -> None:
    with Ledger(path) as ledger, _lock(path) as holder:
        threading.Timer(0.3, holder.execute, ["ROLLBACK"]).start()
        began = time.monotonic()
        ledger.write([filed(ask("a"))])

    assert 0.2 < time.monotonic() - began < 30


def test_a_ledger_held_by_another_program_is_reported_in_bounded_time(path: Path) -> None:
    with Ledger(path, busy_seconds=0.2) as ledger, _lock(path):
        began = time.monotonic()
        with pytest.raises(LedgerError, match="locked by another process") as caught:
            ledger.write([filed(ask("a"))])
        with pytest.raises(LedgerError, match="locked by another process"):
            Ledger(path, busy_seconds=0.2)

        assert time.monotonic() - began < 30
        assert ledger.lookup([ask("a")]) == {}  # readers don't mind
    assert str(path) in str(caught.value)
    assert "run again" in caught.value.remedy


def _lock(path: Path) -> sqlite3.Connection:
    """Hold the write lock, as another program would."""
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    return holder


# Files that can't be used -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cut off"),
        (b"SQLite format 3", "not a database"),
        (b"not a database at all, but long enough" * 100, "damaged"),
        (b"x", "damaged"),
    ],
)
def test_a_file_that_is_no_database_is_reported_and_left_alone(
    path: Path, content: bytes, words: str
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(LedgerError, match=words) as caught:
        Ledger(path)

    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_truncated_ledger_is_reported_and_left_alone(path: Path, share: float) -> None:
    with Ledger(path) as ledger:
        ledger.write([filed(request) for request in asks(300)])
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(LedgerError, match=r"damaged|empty"):
        Ledger(path)

    assert path.read_bytes() == whole[: int(len(whole) * share)]


def test_a_ledger_damaged_in_its_middle_is_found_out(path: Path) -> None:
    requests = asks(300)
    with Ledger(path) as ledger:
        ledger.write([filed(request) for request in requests])
    whole = bytearray(path.read_bytes())
    whole[8192:-4096] = os.urandom(len(whole) - 8192 - 4096)
    path.write_bytes(bytes(whole))

    with Ledger(path) as ledger, pytest.raises(LedgerError, match="damaged"):
        ledger.lookup(requests)


def test_a_database_of_another_program_is_not_touched(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE reviews (id INTEGER)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(LedgerError, match="not a ledger"):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_ledger_from_the_future_is_not_touched(path: Path) -> None:
    Ledger(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {USER_VERSION + 1}")
    raw.close()

    with pytest.raises(LedgerError, match="newer version"):
        Ledger(path)


def test_a_folder_in_the_ledgers_place_is_reported(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(LedgerError, match="can't be opened"):
        Ledger(path)


def test_a_file_in_the_folders_place_is_reported(path: Path) -> None:
    path.parent.write_text("a file")

    with pytest.raises(LedgerError, match="can't be opened"):
        Ledger(path)


_AS_NOBODY = """
import os, sys
from pathlib import Path
from grandrounds.errors import LedgerError
from grandrounds.llm.ledger import Ledger
if os.geteuid() == 0:
    os.setuid(65534)  # rights mean nothing to root
try:
    Ledger(Path(sys.argv[1]))
except LedgerError as error:
    print("refused:", error)
"""


@pytest.mark.slow
def test_a_read_only_ledger_is_reported_before_anything_is_paid_for() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        Ledger(path).close()
        path.chmod(0o444)
        path.parent.chmod(0o555)

        said = python(_AS_NOBODY, str(path))

        path.parent.chmod(0o755)
        assert said.startswith("refused:"), said
        assert str(path) in said


@pytest.mark.slow
def test_a_folder_that_may_not_be_written_is_reported() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)

        said = python(_AS_NOBODY, f"{folder}/made/ledger.sqlite")

        Path(folder).chmod(0o755)
        assert said.startswith("refused:"), said
        assert "Permission denied" in said


_SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
from grandrounds.errors import LedgerError
from tests.llm.helpers import asks
from tests.llm.ledger.support import filed
from grandrounds.llm.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
kept = 0
try:
    for request in asks(2000):
        ledger.write([filed(request)])
        kept += 1
except LedgerError as error:
    print("refused:", kept, error)
"""


@pytest.mark.slow
def test_a_disk_that_fills_up_is_reported_and_loses_nothing(path: Path) -> None:
    said = python(_SMALL_DISK, str(path))

    assert said.startswith("refused:"), said
    assert str(path) in said
    kept = int(said.split()[1])
    assert kept > 10
    with Ledger(path) as ledger:
        assert ledger.check() == []
        assert len(ledger.lookup(asks(2000))) == kept
