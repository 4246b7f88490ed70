"""Files of answers come back in any state, and each line is taken for what it is."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.llm.answer import OK, REFUSED, TRUNCATED, UNPARSABLE
from grandrounds.llm.files.answers import KINDS, ImportReport, import_answers
from grandrounds.llm.files.exported import ExportedRequests
from grandrounds.llm.files.lines import read_answer
from grandrounds.llm.files.shards import write_shards
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.prices import Prices
from grandrounds.llm.request import ModelRequest
from tests.llm.helpers import ask, asks
from tests.support.answering import (
    answer_shards,
    answered,
    answers_to,
    completion,
    expired,
    failed,
    requests_in,
)
from tests.support.commands import ROOT, environment


class Round:
    """One export with its ledger: requests go out, files of lines come in."""

    def __init__(self, folder: Path, requests: list[ModelRequest], **limits: int) -> None:
        self.folder = folder
        self.requests = requests
        self.export = write_shards(requests, out=folder / "out", **limits)
        self.shards = [folder / "out" / shard.file for shard in self.export.shards]
        self.lines = [line for shard in self.shards for line in requests_in(shard)]
        self.ledger = Ledger(folder / "ledger.sqlite")
        self._files = 0

    def answers(self) -> list[bytes]:
        return [line for line, _ in answers_to(self.lines)]

    def file(self, *lines: bytes) -> Path:
        self._files += 1
        path = self.folder / f"answers-{self._files}.jsonl"
        path.write_bytes(b"".join(lines))
        return path

    def take(self, *paths: Path, **options: Any) -> ImportReport:
        with ExportedRequests([self.folder / "out"]) as known:
            return import_answers(paths, ledger=self.ledger, known=known, **options)

    def read(self, *lines: bytes, **options: Any) -> ImportReport:
        return self.take(self.file(*lines), **options)

    def ok(self) -> int:
        return len(self.ledger.lookup(self.requests))


@pytest.fixture
def round_(tmp_path: Path) -> Iterator[Round]:
    made = Round(tmp_path, asks(6))
    yield made
    made.ledger.close()


def words(report: ImportReport, kind: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.words) for problem in report.problems if problem.kind == kind]


# Answers get in -----------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["openai", "vllm"])
def test_answers_of_either_program_are_judged_and_filed(round_: Round, style: str) -> None:
    paths = answer_shards(round_.shards, round_.folder / "back", style=style)

    report = round_.take(*paths)

    assert report.filed == {OK: 6}
    assert not report.odd
    answer = round_.ledger.lookup(round_.requests)[round_.requests[0].request_id]
    assert answer.value()["diagnosis"].startswith("answer ")
    assert (answer.prompt_tokens, answer.completion_tokens, answer.model) == (11, 7, "stub")


def test_answers_come_in_any_order_from_several_shards_and_files(tmp_path: Path) -> None:
    made = Round(tmp_path, asks(50), maximum_requests=7)
    lines = made.answers()
    random.Random(3).shuffle(lines)

    report = made.take(made.file(*lines[:20]), made.file(*lines[20:]))

    assert (report.files, report.lines, report.filed) == (2, 50, {OK: 50})
    assert made.ok() == 50


def test_a_part_of_the_answers_is_a_start(round_: Round) -> None:
    assert round_.read(*round_.answers()[:2]).filed == {OK: 2}
    assert round_.read(*round_.answers()[2:]).filed == {OK: 4}
    assert round_.ok() == 6


def test_packed_files_are_read_whatever_their_name(round_: Round) -> None:
    path = round_.folder / "answers"
    path.write_bytes(gzip.compress(b"".join(round_.answers())))

    assert round_.take(path).filed == {OK: 6}


def test_line_ends_marks_and_empty_lines_of_other_systems_do_no_harm(round_: Round) -> None:
    lines = [line.strip() + b"\r\n" for line in round_.answers()]

    assert round_.read(b"\xef\xbb\xbf", b"\r\n", *lines, b"\n \n").filed == {OK: 6}


def test_a_last_line_without_a_line_break_counts_when_it_is_whole(round_: Round) -> None:
    *lines, last = round_.answers()

    report = round_.read(*lines, last.rstrip(b"\n"))

    assert report.filed == {OK: 6}
    assert not report.odd


@pytest.mark.parametrize(
    ("document", "status"),
    [
        ({"text": "I am not sure."}, UNPARSABLE),
        ({"text": None, "refusal": "I can't help with that."}, REFUSED),
        ({"text": "", "finish_reason": "content_filter"}, REFUSED),
        ({"text": '{"diagnosis": "gou', "finish_reason": "length"}, TRUNCATED),
        ({"text": '{"diagnosis": 7, "quotes": []}'}, UNPARSABLE),
        ({"text": 'Here:\n```json\n{"diagnosis": "gout", "quotes": []}\n```'}, OK),
        ({"text": '{"diagnosis": "half \ud83d", "quotes": []}'}, OK),
    ],
)
def test_every_answer_is_judged_like_one_that_came_over_the_wire(
    round_: Round, document: dict[str, Any], status: str
) -> None:
    request = round_.lines[0]

    report = round_.read(answered(request, completion(request["body"], **document)))

    assert report.filed == {status: 1}
    assert round_.ok() == (status == OK)
    assert round_.ledger.stats().by_status == {status: 1}


def test_a_price_list_says_what_the_answers_cost(round_: Round) -> None:
    round_.read(*round_.answers(), prices=Prices(prompt_per_million=1_000_000, completion_per_million=0))

    answers = round_.ledger.lookup(round_.requests)
    if hasattr(round_.ledger.stats(), "cost"):  # pragma: no branch
        assert {answer.cost for answer in answers.values()} == {11.0}


# Answers don't get in -----------------------------------------------------------------------------


def test_what_is_no_answer_line_is_named_by_line_and_skipped(round_: Round) -> None:
    first, second, *_ = round_.answers()

    report = round_.read(
        first,
        b"not json\n",
        b"[1, 2]\n",
        b'{"response": {"status_code": 200}}\n',
        b'{"custom_id": 7}\n',
        b"\x00\xff\xfe\n",
        b'{"custom_id": "x", "response": ' + b"[" * 100_000 + b"\n",
        second,
    )

    assert report.filed == {OK: 2}
    assert report.skipped == {"malformed": 6}
    assert [line for line, _ in words(report, "malformed")] == [2, 3, 4, 5, 6, 7]
    assert report.odd and not report.useless


def test_a_file_that_was_cut_off_gives_what_is_whole(round_: Round) -> None:
    *lines, last = round_.answers()

    report = round_.read(*lines, last[: len(last) // 2])

    assert report.filed == {OK: 5}
    assert words(report, "cut_off") == [(6, "the file ends in the middle of this line")]


def test_a_packed_file_that_was_cut_off_gives_what_is_whole(tmp_path: Path) -> None:
    made = Round(
        tmp_path, [ask(f"case {number} {random.Random(number).random()}") for number in range(3000)]
    )
    packed = gzip.compress(b"".join(made.answers()))
    path = made.file(packed[: len(packed) // 2])

    report = made.take(path)

    assert 0 < report.imported < 3000
    assert report.skipped == {"cut_off": 1}
    assert "cut off here" in words(report, "cut_off")[0][1]


def test_a_packed_file_that_is_damaged_gives_what_stands_before(tmp_path: Path) -> None:
    made = Round(
        tmp_path, [ask(f"case {number} {random.Random(number).random()}") for number in range(3000)]
    )
    packed = bytearray(gzip.compress(b"".join(made.answers())))
    middle = len(packed) // 2
    packed[middle : middle + 400] = bytes(400)

    report = made.take(made.file(bytes(packed)))

    assert 0 < report.imported < 3000
    assert report.odd


def test_a_line_without_an_end_costs_no_memory(round_: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grandrounds.llm.files.reading.lines_of.__kwdefaults__", {"maximum": 100_000})
    first, second, *_ = round_.answers()
    path = round_.file(first, b'{"custom_id": "' + b"x" * 40_000_000 + b'"}\n', second)
    tracemalloc.start()
    try:
        report = round_.take(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert report.filed == {OK: 2}
    assert words(report, "unreadable") == [(2, "the line has more than 100000 bytes")]
    assert peak < 10_000_000


def test_an_answer_to_no_request_of_ours_is_not_filed(round_: Round) -> None:
    request = {**round_.lines[0], "custom_id": "req-000000000000000000000000"}

    report = round_.read(answered(request, completion(request["body"], '{"diagnosis": "x", "quotes": []}')))

    assert report.imported == 0
    assert report.skipped == {"unknown": 1}
    assert report.useless
    assert round_.ledger.stats().requests == 0


@pytest.mark.parametrize(
    "tamper", [str.upper, lambda key: key[:-1], lambda key: f" {key}", lambda key: key + "0"]
)
def test_an_id_that_was_changed_is_no_id_of_ours(round_: Round, tamper: Any) -> None:
    request = {**round_.lines[0], "custom_id": tamper(round_.lines[0]["custom_id"])}

    assert round_.read(answered(request, completion(request["body"], "{}"))).skipped == {"unknown": 1}


def test_an_answer_to_a_request_that_was_changed_after_its_export_is_not_filed(round_: Round) -> None:
    lines = round_.answers()
    round_.shards[0].write_bytes(round_.shards[0].read_bytes().replace(b"case 2", b"case 9"))

    report = round_.read(*lines)

    assert report.filed == {OK: 5}
    assert "was changed after the export" in words(report, "unknown")[0][1]


@pytest.mark.parametrize(
    "named", ["other", "stub-mini", "stub-2026-01-31-mini", "STUB", "", "xstub-2026-01-31"]
)
def test_an_answer_by_another_model_is_not_filed(round_: Round, named: str) -> None:
    request = round_.lines[0]
    line = answered(request, completion(request["body"], '{"diagnosis": "x", "quotes": []}', model=named))

    report = round_.read(line)

    assert report.skipped == {"other_model": 1}
    assert report.models == {named: 1}
    assert round_.ledger.stats().answers == 0
    assert round_.read(line, accepted_models=[named]).filed == {OK: 1}


@pytest.mark.parametrize("named", ["stub", "stub-2026-01-31", "stub-0613", "stub-20260131"])
def test_a_dated_snapshot_of_the_model_is_the_model(round_: Round, named: str) -> None:
    request = round_.lines[0]
    line = answered(request, completion(request["body"], '{"diagnosis": "x", "quotes": []}', model=named))

    assert round_.read(line).filed == {OK: 1}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (failed, "status 429: rate_limit_exceeded: Rate limit reached"),
        (lambda request: failed(request, style="vllm"), "the model `other` does not exist"),
        (expired, "batch_expired: This request could not be executed"),
        (lambda request: answered(request, None), "the response has no body"),
        (lambda request: answered(request, {"choices": []}), "holds no choices"),
        (lambda request: answered(request, {}, status=True), "status True"),
    ],
)
def test_a_request_that_failed_there_is_told_and_stays_without_answer(
    round_: Round, make: Any, said: str
) -> None:
    report = round_.read(make(round_.lines[0]), *round_.answers()[1:])

    assert report.filed == {OK: 5}
    ((line, told),) = words(report, "failed")
    assert line == 1
    assert told.startswith(round_.requests[0].request_id) and said in told


def test_a_shard_given_back_for_answers_is_seen_through(round_: Round) -> None:
    report = round_.take(round_.shards[0])

    assert report.skipped == {"not_an_answer": 6}
    assert report.useless
    assert "the line is a request" in words(report, "not_an_answer")[0][1]


@pytest.mark.parametrize("what", ["missing.jsonl", "."])
def test_what_is_no_file_is_told_and_the_others_are_read(round_: Round, what: str) -> None:
    report = round_.take(round_.folder / what, round_.file(*round_.answers()))

    assert report.filed == {OK: 6}
    assert report.skipped == {"unreadable": 1}


def test_words_from_outside_cannot_command_the_terminal(round_: Round) -> None:
    line = answered(round_.lines[0], {"error": {"message": "\x1b[2J gone \u202e" + "x" * 5000}}, status=500)

    ((_, told),) = words(round_.read(line), "failed")

    assert told.isprintable()
    assert len(told) < 300


# Once more ----------------------------------------------------------------------------------------


def test_importing_again_changes_nothing(round_: Round) -> None:
    request = round_.lines[0]
    bad = [
        answered(request, completion(request["body"], text, finish_reason=reason))
        for text, reason in (("no", "stop"), ("{", "length"))
    ]
    path = round_.file(*bad, *round_.answers()[1:], failed(round_.lines[0]))
    first = round_.take(path)
    before = round_.ledger.stats()

    again = round_.take(path)

    assert first.filed == {OK: 5, TRUNCATED: 1, UNPARSABLE: 1}
    assert again.imported == 0
    assert not again.useless
    assert round_.ledger.stats().answers == before.answers


def test_the_same_answer_twice_is_told_from_two_answers(round_: Round) -> None:
    request = round_.lines[0]
    other = answered(request, completion(request["body"], '{"diagnosis": "another", "quotes": []}'))
    spelled_otherwise = round_.answers()[0].replace(b'{\\"diagnosis\\"', b'{ \\"diagnosis\\"')
    assert spelled_otherwise != round_.answers()[0]

    report = round_.read(round_.answers()[0], round_.answers()[0], spelled_otherwise, other)

    assert report.filed == {OK: 1}
    assert report.skipped == {"another_answer": 1, "same_again": 2}
    assert words(report, "another_answer")[0][0] == 4
    answer = round_.ledger.lookup(round_.requests)[round_.requests[0].request_id]
    assert answer.value()["diagnosis"] != "another"


def test_a_better_answer_that_comes_later_is_taken(round_: Round) -> None:
    request = round_.lines[0]
    cut = answered(request, completion(request["body"], '{"diag', finish_reason="length"))

    assert round_.read(cut).filed == {TRUNCATED: 1}
    assert round_.read(round_.answers()[0], cut).filed == {OK: 1}
    assert round_.ok() == 1


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_whatever_happens_to_the_files_every_line_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    made = Round(tmp_path_factory.mktemp("round"), asks(12), maximum_requests=5)
    good = made.answers()
    bad = [b"{}\n", b"junk\n", failed(made.lines[3]), expired(made.lines[4]), good[0][:30] + b"\n"]
    lines = data.draw(st.lists(st.sampled_from([*good, *bad]), max_size=40))
    cut = data.draw(st.integers(0, 60))
    whole = b"".join(lines)
    path = made.file(whole[: len(whole) - cut] if cut < len(whole) else whole)
    left = path.read_bytes().splitlines()

    report = made.take(path)

    assert report.lines == len(left)
    assert report.imported + sum(report.skipped.values()) == len(left)
    assert set(report.skipped) <= set(KINDS)
    assert made.ok() == report.filed.get(OK, 0) == len({line for line in left if line + b"\n" in good})
    made.ledger.close()


@settings(max_examples=200, deadline=None)
@given(line=st.binary(max_size=80) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["custom_id", "response", "status_code", "body", "error", "choices", "message", "content", "code"]), inner, max_size=5),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_line_whatever_makes_the_reader_fall(line: bytes) -> None:
    answer = read_answer(line)

    assert (answer.reply is None) == bool(answer.fault)


def test_few_lines_are_in_memory_at_a_time(tmp_path: Path) -> None:
    made = Round(tmp_path, asks(40))
    line = answered(made.lines[0], completion(made.lines[0]["body"], "x" * 20_000))
    path = made.file(*[line] * 5_000)  # 100 MB
    tracemalloc.start()
    try:
        report = made.take(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert report.skipped == {"same_again": 4_999}
    assert len(report.problems) == 1_000, "more are counted and not named"
    assert peak < 90_000_000


def test_progress_is_told_by_lines(tmp_path: Path) -> None:
    made = Round(tmp_path, asks(1100))
    told: list[int] = []

    made.take(made.file(*made.answers()), on_progress=told.append)

    assert told == [500, 1000, 1100]


KILLED = """
import os, sys
from pathlib import Path
from grandrounds.llm.files.answers import import_answers
from grandrounds.llm.files.exported import ExportedRequests
from grandrounds.llm.ledger import Ledger
folder = Path(sys.argv[1])
def told(lines):
    if lines >= 1000:
        os.kill(os.getpid(), 9)
with ExportedRequests([folder / "out"]) as known, Ledger(folder / "ledger.sqlite") as ledger:
    import_answers([Path(sys.argv[2])], ledger=ledger, known=known, on_progress=told)
"""


def test_an_import_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    made = Round(tmp_path, asks(2000))
    path = made.file(*made.answers())
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(path)]
    assert subprocess.run(command, env=environment(), cwd=ROOT, check=False).returncode == -9
    assert made.ledger.check() == []

    report = made.take(path)

    assert report.filed == {OK: 1000}
    assert report.skipped == {"same_again": 1000}
    assert made.ok() == 2000


def test_two_imports_at_once_file_each_answer_once(tmp_path: Path) -> None:
    made = Round(tmp_path, asks(1500))
    paths = [made.file(*made.answers()), made.file(*reversed(made.answers()))]
    command = [sys.executable, "-c", KILLED.replace("if lines", "if False and lines"), str(tmp_path)]
    both = [subprocess.Popen([*command, str(path)], env=environment(), cwd=ROOT) for path in paths]

    assert [process.wait(120) for process in both] == [0, 0]

    assert made.ok() == 1500
    assert made.ledger.stats().answers == 1500


def test_requests_at_hand_will_do_for_known_ones(round_: Round) -> None:
    known = {request.request_id: request for request in round_.requests[:3]}

    report = import_answers([round_.file(*round_.answers())], ledger=round_.ledger, known=known)

    assert report.filed == {OK: 3}
    assert Counter(problem.kind for problem in report.problems) == {"unknown": 3}
