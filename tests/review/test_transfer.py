"""Decisions by file: the round trip, bad lines, and files made to do harm."""

from __future__ import annotations

import codecs
import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grandrounds.errors import ReviewError
from grandrounds.recipe import Review
from grandrounds.records.envelope import content_sha256
from grandrounds.review.accept import accept
from grandrounds.review.transfer import export_queue, import_file, write_export

RECIPE = "case_diagnosis"
TWO = Review(policy="readers", readers=2)
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@pytest.fixture
def filled(store, candidates):
    """A queue of six on each database."""
    store.enqueue(RECIPE, candidates[:6], policy=TWO)
    return store


@pytest.fixture
def queue(lite, candidates):
    lite.enqueue(RECIPE, candidates[:6], policy=TWO)
    return lite


def exported(store, **how):
    return [json.loads(line) for line in export_queue(store, RECIPE, **how)]


def decided(line, decision="accept", by="reviewer-a", **more):
    return {**line, "decision": decision, "reviewer": by, **more}


def put(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def bring(store, path, *lines):
    return import_file(store, put(path, *lines) if lines else path, now=NOW)


# The round trip


def test_a_round_by_two_readers_and_an_adjudicator(filled, candidates, tmp_path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    lines = exported(filled, reviewer="reviewer-a")
    report = bring(filled, first, *[{**line, "decision": "accept"} for line in lines])
    assert (report.lines, report.imported, report.bad) == (6, 6, 0)

    lines = exported(filled, reviewer="reviewer-b")
    words = ["accept", "accept", "accept", "reject", "edit", ""]
    answers = [{**line, "decision": word} for line, word in zip(lines, words, strict=True)]
    answers[3]["reasons"] = ["leak"]
    answers[4]["edits"] = {"rationale": "Shorter."}
    report = bring(filled, second, *answers)
    assert (report.imported, report.undecided, report.bad) == (5, 1, 0)

    disputed = exported(filled, disputed=True, reviewer="reviewer-z")
    assert [line["item_id"] for line in disputed] == [one.item_id for one in candidates[3:5]]
    assert {line["role"] for line in disputed} == {"adjudicator"}
    assert [row["decision"] for row in disputed[0]["earlier_decisions"]] == ["accept", "reject"]
    shown = json.dumps(disputed[0])
    assert "reviewer-a" not in shown
    assert "reviewer-b" not in shown
    report = bring(filled, tmp_path / "z.jsonl", *[{**line, "decision": "accept"} for line in disputed])
    assert (report.imported, report.bad) == (2, 0)

    made = accept([one.candidate for one in filled.queue(RECIPE)], filled.events(RECIPE), TWO)
    assert len(made.reviewed) == 5
    assert made.undecided == (candidates[5],)
    event = filled.events(RECIPE)[0]
    assert (event.reviewer, event.created_at) == ("reviewer-a", NOW)


def test_an_exported_line_shows_what_a_reviewer_needs(queue, candidates):
    line = exported(queue)[0]
    first = candidates[0]
    assert line["stem"] == first.stem
    assert line["options"] == list(first.options)
    assert line["answer"] == first.answer
    assert [row["quote"] for row in line["evidence"]] == [one.quote for one in first.evidence]
    assert [row["name"] for row in line["media"]] == [one.name for one in first.media]
    assert line["decision"] == line["comment"] == line["reviewer"] == ""


def test_a_reviewer_is_not_asked_again_what_they_decided(queue, tmp_path):
    lines = exported(queue)
    bring(queue, tmp_path / "a.jsonl", decided(lines[0]), decided(lines[1], by="reviewer-b"))
    assert len(exported(queue, reviewer="reviewer-a")) == 5
    assert len(exported(queue)) == 6


def test_an_export_for_a_name_that_is_no_pseudonym_is_refused(queue):
    with pytest.raises(ReviewError, match="pseudonym"):
        list(export_queue(queue, RECIPE, reviewer="someone@example.org"))


def test_line_ends_inside_a_text_never_break_a_line(lite, candidates):
    odd = replace(candidates[0], rationale="a\nb\u2028c\u2029d\x85e\r\nf")
    odd = replace(odd, content_sha256=content_sha256(odd))
    lite.enqueue(RECIPE, [odd], policy=TWO)
    (line,) = export_queue(lite, RECIPE)
    assert line.splitlines() == [line]
    assert json.loads(line)["rationale"] == odd.rationale


def test_only_the_filled_in_fields_are_needed(queue, candidates, tmp_path):
    slim = {
        "recipe": RECIPE,
        "item_id": candidates[0].item_id,
        "content_sha256": candidates[0].content_sha256,
        "reviewer": " Reviewer-A ",
        "decision": "Accept",
        "reasons": None,
        "decided_at": "2026-05-01T10:00:00+09:00",
        "seconds": 31.5,
    }
    assert bring(queue, tmp_path / "a.jsonl", slim).imported == 1
    (event,) = queue.events()
    assert (event.reviewer, event.seconds) == ("reviewer-a", 31.5)
    assert event.created_at == datetime(2026, 5, 1, 1, 0, tzinfo=UTC)


def test_marks_windows_line_ends_and_blank_lines_are_nothing(queue, tmp_path):
    lines = [json.dumps(decided(line)).encode() for line in exported(queue)]
    path = tmp_path / "a.jsonl"
    path.write_bytes(codecs.BOM_UTF8 + b"\r\n" + b"\r\n\r\n \t\r\n".join(lines))
    report = bring(queue, path)
    assert (report.lines, report.imported, report.bad) == (6, 6, 0)


def test_an_empty_file_is_an_empty_report(queue, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"")
    report = bring(queue, path)
    assert (report.lines, report.imported, report.bad) == (0, 0, 0)


# Again and again


def test_importing_twice_changes_nothing(filled, tmp_path):
    lines = exported(filled)
    answers = [
        decided(lines[0]),
        decided(lines[0], "withdraw"),
        decided(lines[0]),
        decided(lines[1], "comment", comment="Hm."),
        decided(lines[2], "reject", reasons="leak"),
    ]
    first = bring(filled, tmp_path / "a.jsonl", *answers)
    before = filled.events()
    second = import_file(filled, tmp_path / "a.jsonl", now=datetime(2027, 1, 1, tzinfo=UTC))
    assert (first.imported, first.bad) == (5, 0)
    assert (second.imported, second.known, second.bad) == (0, 5, 0)
    assert filled.events() == before


def test_a_line_repeated_in_a_file_decides_once(queue, tmp_path):
    line = decided(exported(queue)[0])
    report = bring(queue, tmp_path / "a.jsonl", line, line)
    assert report.bad == 0
    assert len(exported(queue, reviewer="reviewer-a")) == 5


def test_an_old_file_does_not_revive_a_decision_taken_back_and_says_so(queue, tmp_path):
    line = exported(queue)[0]
    bring(queue, tmp_path / "a.jsonl", decided(line))
    bring(queue, tmp_path / "b.jsonl", decided(line, "withdraw"))
    report = bring(queue, tmp_path / "a.jsonl")
    assert (report.imported, report.known, report.bad) == (0, 0, 1)
    assert "decided_at" in report.problems[0].reason
    assert len(exported(queue, reviewer="reviewer-a")) == 6
    again = decided(line, decided_at="2026-06-01T00:00:00Z")
    assert bring(queue, tmp_path / "c.jsonl", again).imported == 1
    assert len(exported(queue, reviewer="reviewer-a")) == 5


def test_a_conflicting_decision_is_told_and_the_first_one_stands(filled, tmp_path):
    line = exported(filled)[0]
    bring(filled, tmp_path / "a.jsonl", decided(line))
    report = bring(filled, tmp_path / "b.jsonl", decided(line, "reject", reasons=["leak"]))
    assert (report.imported, report.bad) == (0, 1)
    assert "already decided 'accept'" in report.problems[0].reason
    assert [event.decision for event in filled.events()] == ["accept"]
    changed = bring(
        filled, tmp_path / "c.jsonl", decided(line, "withdraw"), decided(line, "reject", reasons=["leak"])
    )
    assert (changed.imported, changed.bad) == (2, 0)


def test_nobody_adjudicates_what_they_read(queue, tmp_path):
    line = exported(queue)[0]
    report = bring(
        queue,
        tmp_path / "a.jsonl",
        decided(line),
        decided(line, "reject", by="reviewer-b"),
        decided(line, "accept", role="adjudicator"),
    )
    assert (report.imported, report.bad) == (2, 1)
    assert "somebody else must adjudicate" in report.problems[0].reason


# Bad lines: each is named, the others are stored


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"item_id": "item-unknown"}, "no such item"),
        ({"item_id": "x" * 10_000}, "no id"),
        ({"item_id": "a\x00b"}, "no id"),
        ({"recipe": "unheard_of"}, "no such item"),
        ({"content_sha256": "0" * 64}, "Export again"),
        ({"decision": "maybe"}, "'maybe' is none of"),
        ({"decision": 1}, "decision"),
        ({"decision": "", "comment": "Looks fine."}, "no decision"),
        ({"decision": "edit"}, "no edits"),
        ({"edits": {"rationale": "x"}}, "say 'edit'"),
        ({"decision": "edit", "edits": {"stem": "x"}}, "unknown key 'stem'"),
        ({"decision": "edit", "edits": {"answer": "gout"}}, "not among the options"),
        ({"decision": "edit", "edits": "rationale"}, "edits"),
        ({"decision": "withdraw"}, "no decision on this item to withdraw"),
        ({"reviewer": ""}, "reviewer is missing"),
        ({"reviewer": "Jane Doe"}, "pseudonym"),
        ({"role": "boss"}, "'boss' is none of"),
        ({"comment": "x" * 20_000}, "20,000"),
        ({"comment": "\x1b[31m"}, "U+001B"),
        ({"reasons": ["x"] * 50}, "50 reasons"),
        ({"reasons": [1]}, "reasons"),
        ({"seconds": -3}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"decided_at": "yesterday"}, "decided_at"),
        ({"decided_at": "0001-01-01T00:00:00+14:00"}, "out of range"),
        ({"verdict": "accept"}, "unknown key 'verdict'"),
        ({"question": "Which disease is this, really?"}, "question was changed in place"),
        ({"stem": "Another patient."}, "stem was changed, but it can't be edited"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_stored(filled, tmp_path, change, reason):
    lines = exported(filled)
    report = bring(
        filled, tmp_path / "a.jsonl", decided(lines[0]), decided(lines[1]) | change, decided(lines[2])
    )
    assert (report.lines, report.imported, report.bad) == (3, 2, 1)
    (problem,) = report.problems
    assert problem.line == 2
    assert reason in problem.reason
    assert len(problem.reason) < 500
    assert len(problem.item_id) <= 200


def test_a_line_about_a_content_that_changed_is_stale(queue, candidates, tmp_path):
    line = decided(exported(queue)[0])
    changed = replace(candidates[0], rationale="New.")
    changed = replace(changed, content_sha256=content_sha256(changed))
    queue.enqueue(RECIPE, [changed, *candidates[2:6]])
    gone = decided(exported_line(candidates[1]))
    report = bring(queue, tmp_path / "a.jsonl", line, gone)
    assert report.imported == 0
    assert "has changed since" in report.problems[0].reason
    assert "no longer asked" in report.problems[1].reason


def exported_line(candidate):
    return {
        "recipe": RECIPE,
        "item_id": candidate.item_id,
        "content_sha256": candidate.content_sha256,
    }


# Files made to do harm


@pytest.mark.parametrize(
    "raw",
    [
        b"not json",
        b"null",
        b"[1, 2]",
        b'"text"',
        b"\x00" * 100,
        b'{"recipe": "\xff\xfe"}',
        '{"recipe": "Müller"}'.encode("latin-1"),
        b"[" * 200_000,
        b'{"edits":' * 50_000,
        b'{"stem":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"recipe": "a"',
        b'{"seconds": ' + b"9" * 5000 + b"}",
        b'{"recipe":"case_diagnosis","item_id":"\\ud800","content_sha256":"x","decision":"accept"}',
        b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    ],
    ids=range(14),
)
def test_a_hostile_line_is_one_bad_line(queue, tmp_path, raw):
    good = json.dumps(decided(exported(queue)[0])).encode()
    path = tmp_path / "a.jsonl"
    path.write_bytes(good + b"\n\n" + raw + b"\n" + good)
    report = bring(queue, path)
    assert (report.lines, report.imported, report.bad) == (3, 2, 1)
    assert report.problems[0].line == 3
    assert len(report.problems[0].reason) < 300


def test_a_line_of_50_megabytes_is_passed_over_without_holding_it(queue, tmp_path):
    good = json.dumps(decided(exported(queue)[0])).encode()
    path = tmp_path / "a.jsonl"
    with path.open("wb") as handle:
        handle.write(b'{"comment": "')
        for _ in range(50):
            handle.write(b"x" * (1 << 20))
        handle.write(b'"}\n' + good + b"\n")
    tracemalloc.start()
    report = bring(queue, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (report.lines, report.imported, report.bad) == (2, 1, 1)
    assert "longer than 4 MiB" in report.problems[0].reason
    assert peak < 16 << 20


def test_a_file_of_nothing_but_bad_lines_is_counted_and_told_in_part(queue, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n" * 5000)
    report = bring(queue, path)
    assert (report.lines, report.bad) == (5000, 5000)
    assert len(report.problems) == 1000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_another_encoding_is_told_and_nothing_is_stored(queue, tmp_path, encoding):
    text = json.dumps(decided(exported(queue)[0])) + "\n"
    path = tmp_path / "a.jsonl"
    marks = codecs.BOM_UTF16_LE if encoding == "utf-16-le" else b""
    path.write_bytes(marks + text.encode(encoding))
    with pytest.raises(ReviewError, match="UTF-8"):
        bring(queue, path)
    assert queue.events() == []


def test_utf_16_without_a_mark_is_bad_lines(queue, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes((json.dumps(decided(exported(queue)[0])) + "\n").encode("utf-16-le"))
    assert bring(queue, path).imported == 0


def test_a_json_list_is_told_as_one_thing(queue, tmp_path):
    path = tmp_path / "a.json"
    path.write_text("  " + json.dumps([decided(line) for line in exported(queue)]))
    with pytest.raises(ReviewError, match="not JSON Lines"):
        bring(queue, path)


def test_a_file_that_is_not_there_or_a_folder_is_told(queue, tmp_path):
    for path in (tmp_path / "missing.jsonl", tmp_path):
        with pytest.raises(ReviewError, match="can't be read"):
            bring(queue, path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_import(queue, tmp_path, raw):
    path = tmp_path / "a.jsonl"
    path.write_bytes(raw)
    try:
        report = bring(queue, path)
    except ReviewError:
        return
    assert report.lines == report.imported + report.known + report.undecided + report.bad


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from(
    ["recipe", "item_id", "content_sha256", "reviewer", "role", "decision", "reasons", "comment", "edits",
     "seconds", "decided_at", "question", "options", "stem", "other"]
)  # fmt: skip


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(keys, anything, max_size=4))
def test_no_json_whatever_breaks_the_import(queue, tmp_path, change):
    report = bring(queue, tmp_path / "a.jsonl", decided(exported(queue)[0]) | change)
    assert report.lines == 1
    assert report.imported + report.known + report.undecided + report.bad == 1


# Writing the file


def test_an_export_never_overwrites_a_file(queue, tmp_path):
    path = tmp_path / "a.jsonl"
    write_export(export_queue(queue, RECIPE), path, recipe=RECIPE)
    before = path.read_bytes()
    with pytest.raises(ReviewError, match="exists already"):
        write_export(["other"], path, recipe=RECIPE)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.glob("a.jsonl*")] == ["a.jsonl"]


def test_an_export_that_fails_leaves_no_file(queue, tmp_path):
    def broken():
        yield "one"
        raise ReviewError("lost the database")

    with pytest.raises(ReviewError, match="lost"):
        write_export(broken(), tmp_path / "a.jsonl", recipe=RECIPE)
    assert list(tmp_path.glob("a.jsonl*")) == []
    with pytest.raises(ReviewError, match="can't be written"):
        write_export([], tmp_path / "no" / "a.jsonl", recipe=RECIPE)


def test_the_same_queue_exports_the_same_bytes(queue):
    assert list(export_queue(queue, RECIPE)) == list(export_queue(queue, RECIPE))
