"""Shards go to a Batch API and come home; nothing is submitted twice, whatever breaks in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import GrandRoundsError, ModelError, RequestsError
from grandrounds.llm.answer import OK
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.files.answers import import_answers
from grandrounds.llm.files.batches import Polled, cancel, on_their_way, poll, state_of, submit
from grandrounds.llm.files.exported import ExportedRequests
from grandrounds.llm.files.notebook import read_notebook
from grandrounds.llm.files.service import BatchService
from grandrounds.llm.files.shards import write_shards
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.prices import Prices
from grandrounds.llm.request import ModelRequest
from tests.llm.helpers import ask, asks
from tests.support.commands import ROOT, environment
from tests.support.stub_batches import StubBatches

KEY = "sk-a-key-that-nobody-may-see"


class Site:
    """An export of ``count`` requests in shards of ten, and all it takes to send it."""

    def __init__(self, folder: Path, stub: StubBatches, count: int = 25, *, local: bool = True) -> None:
        self.folder = folder / "out"
        self.stub = stub
        self.requests = asks(count)
        write_shards(self.requests, out=self.folder, maximum_requests=10, recipe="cases", stage="draft")
        self.ledger = Ledger(folder / "ledger.sqlite")
        self._service = BatchService(Endpoint(base_url=stub.base_url, local=local, api_key=KEY), tries=0)

    def service(self, _: str) -> BatchService:
        return self._service

    def submit(self) -> list[Any]:
        return submit(self.folder, services=self.service)

    def poll(self, **options: Any) -> list[Polled]:
        return list(poll(self.folder, services=self.service, ledger=self.ledger, **options))

    def poll_to_the_end(self) -> list[Polled]:
        seen: list[Polled] = []
        for _ in range(10):
            found = self.poll()
            seen += [one for one in found if one.report is not None]
            if state_of(self.folder).done:
                return seen
        raise AssertionError(f"not done: {found}")

    def answered(self) -> int:
        return len(self.ledger.lookup(self.requests))

    def close(self) -> None:
        self._service.close()
        self.ledger.close()


@pytest.fixture
def stub() -> Iterator[StubBatches]:
    with StubBatches(api_key=KEY) as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, stub: StubBatches) -> Iterator[Site]:
    made = Site(tmp_path, stub)
    yield made
    made.close()


# There and back -----------------------------------------------------------------------------------


def test_shards_become_batches_and_their_answers_come_home(site: Site) -> None:
    sent = site.submit()

    assert [(one.shard, one.new) for one in sent] == [(f"requests-0000{n}.jsonl", True) for n in (1, 2, 3)]
    assert on_their_way([site.folder]) == [site.folder]
    assert not any(one.report for one in site.poll()), "they are still being worked on"

    ended = site.poll_to_the_end()

    assert [one.report.filed for one in ended if one.report] == [{OK: 10}, {OK: 10}, {OK: 5}]
    assert [(one.status, one.completed, one.total) for one in ended] == [
        ("completed", 10, 10),
        ("completed", 10, 10),
        ("completed", 5, 5),
    ]
    assert site.answered() == 25
    assert on_their_way([site.folder]) == []


def test_submitting_and_polling_again_does_nothing(site: Site) -> None:
    site.submit()
    again = site.submit()
    assert [one.new for one in again] == [False] * 3
    assert len(site.stub.batches) == len(site.stub.files) == 3
    site.poll_to_the_end()
    calls = site.stub.calls.total()

    assert site.poll() == []
    assert [one.status for one in site.submit()] == ["completed"] * 3
    assert site.stub.calls.total() == calls, "nobody was asked"


def test_the_batch_says_what_it_is_of_and_the_key_stands_in_no_file(site: Site) -> None:
    site.submit()
    site.poll_to_the_end()

    for row in site.stub.batches.values():
        assert row.metadata["grandrounds_recipe"] == "cases"
        assert row.metadata["grandrounds_stage"] == "draft"
    held = b"".join(path.read_bytes() for path in site.folder.rglob("*") if path.is_file())
    assert KEY.encode() not in held
    assert KEY not in repr(site._service.__dict__.get("endpoint"))


def test_prices_say_what_a_batch_cost(site: Site) -> None:
    site.submit()
    list(poll(site.folder, services=site.service, ledger=site.ledger))
    prices = Prices(prompt_per_million=1_000_000)
    list(poll(site.folder, services=site.service, ledger=site.ledger, prices=lambda _: prices))

    assert site.ledger.stats().cost == 25 * 11


# What can become of a batch -----------------------------------------------------------------------


def test_requests_that_failed_are_told_and_the_others_are_imported(site: Site) -> None:
    site.stub.plan.fail = 4
    site.submit()

    ended = site.poll_to_the_end()

    assert site.answered() == 25 - 2 - 2 - 1
    assert sum(one.report.skipped["failed"] for one in ended if one.report) == 5
    assert state_of(site.folder).done


def test_of_an_expired_batch_what_came_is_imported_and_the_rest_can_be_exported(site: Site) -> None:
    site.stub.plan.expire_after = 3
    site.submit()

    ended = site.poll_to_the_end()

    assert {one.status for one in ended} == {"expired"}
    assert site.answered() == 9
    assert [one.new for one in site.submit()] == [False] * 3, "what came was paid; the rest is a new export"
    assert len(site.stub.batches) == 3

    site.stub.plan.expire_after = None
    rest = site.folder.with_name("rest")
    site.ledger.lookup(site.requests)
    write_shards(
        site.requests, out=rest, skip=lambda some: dict.fromkeys(site.ledger.lookup(some), "answered")
    )
    submit(rest, services=site.service)
    for _ in range(2):
        list(poll(rest, services=site.service, ledger=site.ledger))
    assert site.answered() == 25
    keys = [line.split(b'"')[3] for row in list(site.stub.batches.values())[3:]
            for line in site.stub.files[row.input_file].data.splitlines()]  # fmt: skip
    assert len(keys) == 16


def test_a_batch_that_was_refused_is_told_and_can_be_submitted_again(site: Site) -> None:
    site.stub.plan.refuse = "token_limit_exceeded"
    site.submit()
    told = site.poll()

    assert {(one.status, one.words) for one in told} == {
        ("failed", "token_limit_exceeded: Enqueued token limit reached")
    }

    site.stub.plan.refuse = ""
    assert [one.new for one in site.submit()] == [True] * 3
    site.poll_to_the_end()
    assert site.answered() == 25
    assert [note.attempt for note in read_notebook(site.folder).notes] == [1, 1, 1, 2, 2, 2]


def test_a_cancelled_batch_brings_what_was_answered(site: Site) -> None:
    site.submit()

    assert [one.status for one in cancel(site.folder, services=site.service)] == ["cancelling"] * 3

    site.poll_to_the_end()
    assert site.answered() == 3
    assert cancel(site.folder, services=site.service) == []


def test_answers_by_another_model_are_told_and_stay_where_they_can_be_imported(site: Site) -> None:
    site.stub.plan.model = "stub-enterprise"
    site.submit()

    ended = site.poll_to_the_end()

    assert site.answered() == 0
    assert ended[0].report and ended[0].report.skipped == {"other_model": 10}
    with ExportedRequests([site.folder]) as known:
        report = import_answers(
            sorted((site.folder / "answers").glob("*.jsonl")),
            ledger=site.ledger,
            known=known,
            accepted_models=["stub-enterprise"],
        )
    assert report.filed == {OK: 25}


# Trouble ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["500_after", "reset_after"])
def test_a_batch_that_was_made_though_the_reply_never_came_is_found(site: Site, trouble: str) -> None:
    site.stub.trouble["create"] = [trouble]

    assert all(one.new for one in site.submit())

    assert len(site.stub.batches) == 3
    marks = [row.metadata["grandrounds_shard"] for row in site.stub.batches.values()]
    assert len(set(marks)) == 3


def test_a_service_in_trouble_is_told_and_the_next_command_goes_on(site: Site) -> None:
    site.stub.trouble["create"] = ["500"] * 3

    with pytest.raises(RequestsError, match=r"No batch could be made of requests-00001.jsonl"):
        site.submit()

    assert all(one.new for one in site.submit())
    assert len(site.stub.batches) == 3
    assert site.stub.calls["upload"] == 3, "what was uploaded is not uploaded again"


@pytest.mark.parametrize("trouble", ["500", "reset_after", "500_after", "html"])
def test_an_upload_that_broke_is_begun_again_or_found(site: Site, trouble: str) -> None:
    site.stub.trouble["upload"] = [trouble]
    with pytest.raises(GrandRoundsError):
        site.submit()

    site.submit()

    assert len(site.stub.batches) == 3
    assert len(site.stub.files) == 3


@pytest.mark.parametrize("kind", ["get", "content"])
def test_trouble_with_one_batch_keeps_nobody_elses_answers(site: Site, kind: str) -> None:
    site.submit()
    site.poll()
    site.stub.trouble[kind] = ["500"]

    told = site.poll()

    assert [bool(one.report) for one in told] == [False, True, True]
    assert "(500)" in told[0].words
    assert [bool(one.report) for one in site.poll()] == [True]
    assert site.answered() == 25


@pytest.mark.parametrize("kind", ["list", "upload", "create"])
def test_an_address_that_is_no_batch_api_is_told(site: Site, kind: str) -> None:
    site.stub.trouble[kind] = ["html"]

    with pytest.raises(RequestsError, match="can't be understood"):
        site.submit()


def test_an_uploaded_file_that_the_service_forgot_is_uploaded_again(site: Site) -> None:
    site.stub.trouble["create"] = ["500"] * 3
    with pytest.raises(RequestsError):
        site.submit()
    site.stub.files.clear()
    with pytest.raises(RequestsError, match="404"):
        site.submit()

    assert all(one.new for one in site.submit())
    assert len(site.stub.batches) == 3


def test_a_listing_of_many_pages_is_looked_through(tmp_path: Path, stub: StubBatches) -> None:
    made = Site(tmp_path, stub, 100)
    made.submit()
    (made.folder / "batches.json").unlink()

    assert [one.new for one in made.submit()] == [False] * 10
    assert len(stub.batches) == 10
    made.close()


def test_a_copy_of_the_export_is_not_submitted_twice(tmp_path: Path, site: Site) -> None:
    site.submit()
    copy = tmp_path / "copy"
    write_shards(site.requests, out=copy, maximum_requests=10, recipe="cases", stage="draft")

    assert [one.new for one in submit(copy, services=site.service)] == [False] * 3
    assert len(site.stub.batches) == 3


KILLED = """
import sys
from pathlib import Path
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.files.batches import submit
from grandrounds.llm.files.service import BatchService
service = BatchService(Endpoint(base_url=sys.argv[2], local=True, api_key=sys.argv[3]), tries=0)
submit(Path(sys.argv[1]), services=lambda model: service)
"""


@pytest.mark.parametrize(
    ("kind", "after"), [("upload", 0), ("upload", 2), ("create", 0), ("create", 1), ("list", 0)]
)
def test_kill_9_at_any_step_submits_nothing_twice(site: Site, kind: str, after: int) -> None:
    site.stub.trouble[kind] = [""] * after + ["stall_after"]
    command = [sys.executable, "-c", KILLED, str(site.folder), site.stub.base_url, KEY]
    process = subprocess.Popen(command, env=environment(), cwd=ROOT)
    assert site.stub.stalled.wait(60)
    process.send_signal(signal.SIGKILL)
    process.wait()

    site.submit()

    marks = [row.metadata["grandrounds_shard"] for row in site.stub.batches.values()]
    assert len(marks) == len(set(marks)) == 3
    assert len(site.stub.files) == 3
    site.poll_to_the_end()
    assert site.answered() == 25


def test_two_commands_at_once_submit_once(site: Site) -> None:
    site.stub.plan.latency = 0.05
    command = [sys.executable, "-c", KILLED, str(site.folder), site.stub.base_url, KEY]
    both = [subprocess.Popen(command, env=environment(), cwd=ROOT) for _ in range(2)]

    codes = [process.wait(120) for process in both]

    assert 0 in codes, "one of them may have been told that the other is at work"
    assert len(site.stub.batches) == len(site.stub.files) == 3


def test_a_key_that_is_refused_stops_everything_and_is_not_shown(site: Site) -> None:
    site.stub.plan.api_key = "another"

    with pytest.raises(ModelError, match="refuses the key") as refused:
        site.submit()

    assert KEY not in str(refused.value)
    assert "OPENAI_API_KEY" in str(refused.value)


def test_an_address_where_nothing_answers_is_told(tmp_path: Path) -> None:
    write_shards(asks(1), out=tmp_path)
    service = BatchService(Endpoint(base_url="http://127.0.0.1:9/v1", local=True), tries=0)

    with service, pytest.raises(RequestsError, match=r"127\.0\.0\.1:9"):
        submit(tmp_path, services=lambda _: service)


def test_batches_of_another_address_are_left_alone(site: Site, tmp_path: Path) -> None:
    site.submit()
    with (
        StubBatches() as other,
        BatchService(Endpoint(base_url=other.base_url, local=True), tries=0) as service,
    ):
        assert [one.new for one in submit(site.folder, services=lambda _: service)] == [False] * 3
        told = list(poll(site.folder, services=lambda _: service, ledger=site.ledger))

        assert {f"It was submitted to {site.stub.base_url}" in one.words for one in told} == {True}
        assert other.calls.total() == 0


@pytest.mark.parametrize("name", ["../../outside", "a/b", "", "x" * 300])
def test_a_service_cannot_name_files_outside_the_export(site: Site, name: str) -> None:
    site.submit()
    for row in site.stub.batches.values():
        row.output, row.status = name or "-", "completed"

    told = site.poll()

    assert all("is no id" in one.words for one in told)
    assert not list(site.folder.parent.rglob("*outside*"))


# Protected evidence -------------------------------------------------------------------------------


def protected() -> ModelRequest:
    return ask("the patient of room 12", protected=True)


def test_protected_evidence_goes_to_no_service_that_is_not_local(tmp_path: Path, stub: StubBatches) -> None:
    made = Site(tmp_path, stub, local=False)
    folder = tmp_path / "protected"
    write_shards([*asks(30), protected()], out=folder, maximum_requests=10, local=True)

    with pytest.raises(RequestsError, match=r"isn't marked local\. Nothing was sent"):
        submit(folder, services=made.service)

    assert stub.calls.total() == 0, "not one byte left"
    made.close()


def test_protected_evidence_goes_to_a_local_service(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "protected"
    write_shards([protected()], out=folder, local=True)

    submit(folder, services=site.service)

    assert b"room 12" in site.stub.received()


def test_the_package_behind_it_is_loaded_only_when_a_batch_is_touched() -> None:
    script = "import sys, grandrounds.llm.files.batches\nprint('openai' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert done.stdout.strip() == "False"


@pytest.fixture(autouse=True)
def _proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment must not come between us and this machine."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
