"""The ledger keeps every answer, serves only good ones, and never loses or replaces a file quietly."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.errors import LedgerError
from grandrounds.fingerprint import content_id, sha256_text
from grandrounds.llm.answer import STATUSES, ModelAnswer
from grandrounds.llm.ledger import Filed, Ledger
from grandrounds.llm.ledger.migrations import USER_VERSION
from grandrounds.llm.request import ModelRequest
from tests.conftest import ROOT
from tests.llm.helpers import ask, asks


def filed(request: ModelRequest, status: str = "ok", text: str = "") -> Filed:
    good = '{"diagnosis": "measles", "quotes": []}'
    answer = ModelAnswer(
        request_id=request.request_id,
        status=status,
        text=text or (good if status == "ok" else "no"),
        parsed='{"diagnosis":"measles","quotes":[]}' if status == "ok" else "",
        finish_reason="stop",
        model="stub-1",
        prompt_tokens=7,
        completion_tokens=3,
        seconds=0.25,
        attempts=2,
        error="" if status == "ok" else "words",
    )
    return Filed(request=request, answer=answer, backend="http://localhost/v1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "ledger.sqlite"


def test_what_was_filed_is_served_by_the_next_process(path: Path) -> None:
    request = ask("a")
    with Ledger(path) as ledger:
        ledger.write([filed(request)])

    with Ledger(path) as again:
        assert again.lookup([request, ask("b")]) == {
            request.request_id: replace(filed(request).answer, from_ledger=True)
        }


@pytest.mark.parametrize("status", [status for status in STATUSES if status not in {"ok", "waiting"}])
def test_only_good_answers_are_served_and_the_others_are_kept(path: Path, status: str) -> None:
    request = ask("a")
    with Ledger(path) as ledger:
        ledger.write([filed(request, status)])

        assert ledger.lookup([request]) == {}
        assert ledger.stats().by_status == {status: 1}


def test_refusals_are_served_when_asked_for_and_a_good_answer_wins(path: Path) -> None:
    request = ask("a")
    with Ledger(path) as ledger:
        ledger.write([filed(request, "refused")])
        served = ledger.lookup([request], statuses=("ok", "refused"))
        assert served[request.request_id].status == "refused"

        ledger.write([filed(request), filed(request, "refused")])
        served = ledger.lookup([request], statuses=("ok", "refused"))
        assert served[request.request_id].status == "ok"


def test_the_first_good_answer_counts_and_is_the_one_handed_back(path: Path) -> None:
    request = ask("a")
    other = '{"diagnosis": "mumps", "quotes": []}'
    with Ledger(path) as one, Ledger(path) as two:
        one.write([filed(request)])
        (counted,) = two.write([filed(request, text=other)])

        assert counted.value()["diagnosis"] == "measles"
        assert two.stats().by_status == {"ok": 1}


def test_an_answer_damaged_inside_the_file_is_asked_again_and_replaced(path: Path) -> None:
    request = ask("a")
    with Ledger(path) as ledger:
        ledger.write([filed(request)])
        with sqlite3.connect(path) as raw:
            raw.execute('UPDATE ledger_answers SET text = \'{"diagnosis": "mea\'')
        raw.close()
        assert ledger.lookup([request]) == {}

        ledger.write([filed(request)])
        assert ledger.lookup([request])[request.request_id].ok
        assert ledger.stats().by_status == {"ok": 1, "unparsable": 1}


def test_a_stored_request_hashes_to_its_id(path: Path) -> None:
    request = ask("naïve 𝒳 \x00 text", protected=True)
    with Ledger(path) as ledger:
        ledger.write([filed(request)])
        stored = ledger.show(request.request_id)

    assert stored.request_id == content_id("req", stored.key)
    assert stored.protected


def test_stats_count_what_was_paid_for(path: Path) -> None:
    first, second = ask("a"), ask("b")
    with Ledger(path) as ledger:
        ledger.write([filed(first, "unparsable"), filed(first), filed(second, "truncated")])
        stats = ledger.stats()

    assert (stats.requests, stats.answers) == (2, 3)
    assert (stats.prompt_tokens, stats.completion_tokens) == (21, 9)
    assert stats.by_status == {"ok": 1, "truncated": 1, "unparsable": 1}
    assert stats.bytes > 0


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_history_serves_the_first_good_answer(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A model of the ledger as a dict, against the file, over writes from two openings and reopenings."""
    path = tmp_path_factory.mktemp("ledger") / "l.sqlite"
    requests = asks(3)
    model: dict[str, str] = {}
    ledgers = [Ledger(path), Ledger(path)]
    steps = st.tuples(
        st.integers(0, 2), st.sampled_from(STATUSES[:-1]), st.text(max_size=5), st.integers(0, 1)
    )
    history = data.draw(st.lists(steps, max_size=12))
    for position, status, word, opening in history:
        request = requests[position]
        text = f'{{"diagnosis": "{sha256_text(word)}", "quotes": []}}'
        ledgers[opening].write([filed(request, status, text)])
        if status == "ok":
            model.setdefault(request.request_id, text)
    for ledger in ledgers:
        ledger.close()

    with Ledger(path) as again:
        served = again.lookup(requests)
        assert {key: answer.text for key, answer in served.items()} == model
        assert again.stats().answers == len(history) - (
            sum(step[1] == "ok" for step in history) - len(model)
        )
        assert again.check() == []


def test_lookups_of_any_size_are_answered(path: Path) -> None:
    requests = asks(2345)
    with Ledger(path) as ledger:
        ledger.write([filed(request) for request in requests])

        assert set(ledger.lookup(requests)) == {request.request_id for request in requests}
        assert ledger.lookup([]) == {}


def test_good_answers_are_found_by_their_index(path: Path) -> None:
    with Ledger(path) as ledger:
        plan = ledger._database._reader.execute(
            "EXPLAIN QUERY PLAN SELECT text FROM ledger_answers WHERE request_id IN ('a', 'b') AND status = 'ok'"
        ).fetchall()

    assert "ledger_one_ok_answer" in str(plan)


# Several at once ----------------------------------------------------------------------------------


def test_threads_write_and_read_at_once(path: Path) -> None:
    requests = asks(200)
    with Ledger(path) as ledger, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda request: ledger.write([filed(request)]), requests))
        found = list(pool.map(lambda request: len(ledger.lookup([request])), requests))

    assert found == [1] * 200


def test_many_openings_of_a_new_ledger_make_one(path: Path) -> None:
    requests = asks(24)

    def open_and_write(request: ModelRequest) -> None:
        with Ledger(path) as ledger:
            ledger.write([filed(request)])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_and_write, requests))

    with Ledger(path) as ledger:
        assert len(ledger.lookup(requests)) == 24
    assert [file.name for file in path.parent.iterdir()] == ["ledger.sqlite"]


def test_a_second_writer_waits_its_turn(path: Path) -> None:
    with Ledger(path) as ledger, _lock(path) as holder:
        threading.Timer(0.3, holder.execute, ["ROLLBACK"]).start()
        began = time.monotonic()
        ledger.write([filed(ask("a"))])

    assert 0.2 < time.monotonic() - began < 5


def test_a_ledger_held_by_another_program_is_reported_in_bounded_time(path: Path) -> None:
    with Ledger(path, busy_seconds=0.2) as ledger, _lock(path):
        began = time.monotonic()
        with pytest.raises(LedgerError, match="locked by another process") as caught:
            ledger.write([filed(ask("a"))])
        with pytest.raises(LedgerError, match="locked by another process"):
            Ledger(path, busy_seconds=0.2)

        assert time.monotonic() - began < 5
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

        said = _python(_AS_NOBODY, str(path))

        path.parent.chmod(0o755)
        assert said.startswith("refused:"), said
        assert str(path) in said


@pytest.mark.slow
def test_a_folder_that_may_not_be_written_is_reported() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)

        said = _python(_AS_NOBODY, f"{folder}/made/ledger.sqlite")

        Path(folder).chmod(0o755)
        assert said.startswith("refused:"), said
        assert "Permission denied" in said


_SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
from grandrounds.errors import LedgerError
from tests.llm.helpers import asks
from tests.llm.test_ledger import filed
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
    said = _python(_SMALL_DISK, str(path))

    assert said.startswith("refused:"), said
    assert str(path) in said
    kept = int(said.split()[1])
    assert kept > 10
    with Ledger(path) as ledger:
        assert ledger.check() == []
        assert len(ledger.lookup(asks(2000))) == kept


def _python(code: str, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.stdout + ended.stderr
