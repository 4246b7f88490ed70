"""Several programs at once, and programs that are killed: what was acknowledged is there."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from grandrounds.fingerprint import unit_interval
from grandrounds.llm.ledger import Ledger
from tests.llm.ledger.support import start
from tests.llm.ledger.writer import good, request


def _killed(process: subprocess.Popen[str], *, after: float) -> list[str]:
    """The ids that a writer acknowledged before it was killed, ``after`` seconds from its first ones."""
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    assert lines[0], process.stderr.read() if process.stderr else ""
    time.sleep(after)
    process.kill()
    lines += process.stdout.readlines()
    process.communicate()
    return [key for line in lines if line.endswith("\n") for key in line.split()]


@pytest.mark.slow
def test_a_writer_killed_ten_times_loses_nothing_that_it_acknowledged(where: str) -> None:
    acknowledged: list[str] = []
    for time_ in range(10):
        process = start("tests.llm.ledger.writer", where, str(time_), "10")
        acknowledged += _killed(process, after=0.3 * unit_interval("kill", str(time_)))
        with Ledger(where, busy_seconds=10) as ledger:
            assert ledger.check() == []

    assert len(acknowledged) >= 50
    with Ledger(where) as ledger:
        kept = {stored.request_id for stored in ledger.stored() if stored.answers[0].answer.ok}
        assert set(acknowledged) <= kept
        assert ledger.stats().requests == ledger.stats().answers == len(kept)


@pytest.mark.slow
def test_two_programs_write_at_once_while_a_third_reads(where: str) -> None:
    Ledger(where).close()
    writers = [start("tests.llm.ledger.writer", where, str(first), "2") for first in (0, 1)]
    with Ledger(where) as ledger:
        counts = []
        until = time.monotonic() + 60
        while time.monotonic() < until and (not counts or counts[-1] < 200):
            counts.append(ledger.stats().answers)
            list(ledger.stored())
        acknowledged = [key for writer in writers for key in _killed(writer, after=0)]
        assert counts == sorted(counts)
        assert ledger.check() == []
        kept = {stored.request_id for stored in ledger.stored()}
    assert set(acknowledged) <= kept
    assert len(acknowledged) >= 200


_SAME = """
import json, sys
from grandrounds.llm.ledger import Ledger
from tests.llm.ledger.writer import good, request
requests = [request(number) for number in range(300)]
if sys.argv[2] == "backwards":
    requests.reverse()
told = {}
with Ledger(sys.argv[1]) as ledger:
    for begin in range(0, 300, 10):
        batch = [good(one, sys.argv[2]) for one in requests[begin : begin + 10]]
        told.update((answer.request_id, answer.text) for answer in ledger.write(batch))
print(json.dumps(told))
"""


@pytest.mark.slow
def test_programs_that_file_the_same_are_told_the_same(where: str) -> None:
    Ledger(where).close()
    processes = [start(_SAME, where, word) for word in ("forwards", "backwards")]
    told = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert out, err
        told.append(json.loads(out))

    assert told[0] == told[1]
    with Ledger(where) as ledger:
        served = ledger.lookup([request(number) for number in range(300)])
        assert {key: answer.text for key, answer in served.items()} == told[0]
        assert ledger.stats().by_status == {"ok": 300}


_TORN = """
import os, sys
from grandrounds.llm.ledger import Ledger
from tests.llm.ledger.writer import good, request
ledger = Ledger(sys.argv[1])
for begin in (0, 20):
    ledger.write([good(request(number)) for number in range(begin, begin + 20)])
    print(os.path.getsize(sys.argv[1] + "-wal"), flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_log_that_is_cut_off_costs_no_earlier_commit(path: Path, share: float) -> None:
    """As a power cut may leave it: the last commit half written, all before it whole."""
    Ledger(path).close()
    out, err = start(_TORN, str(path)).communicate(timeout=60)
    first, second = map(int, out.split())
    assert 0 < first < second, err
    log = path.with_name("ledger.sqlite-wal")
    log.write_bytes(log.read_bytes()[: first + int((second - first) * share)])

    requests = [request(number) for number in range(40)]
    with Ledger(path) as ledger:
        assert ledger.check() == []
        assert set(ledger.lookup(requests)) == {one.request_id for one in requests[:20]}
        ledger.write([good(one) for one in requests])
        assert len(ledger.lookup(requests)) == 40
