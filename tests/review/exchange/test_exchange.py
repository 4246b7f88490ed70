"""Other programs' files: out, filled in by somebody, and in again by the same guards as any import."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import ReviewError
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.review.exchange.cells import guarded, unguarded
from grandrounds.review.exchange.files import KINDS, Kind, export_file, import_other
from grandrounds.review.exchange.filled import listed, unlisted
from grandrounds.review.exchange.people import People, people_from
from grandrounds.review.exchange.texts import moment_of
from grandrounds.review.store import ReviewStore
from grandrounds.review.transfer import ImportReport

RECIPE = "case_diagnosis"
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
SUFFIX: dict[Kind, str] = {"labelstudio": "json", "argilla": "json", "csv": "csv"}
Answers = Sequence[dict[str, str]]


@pytest.fixture
def queue(lite: ReviewStore, candidates: Sequence[Candidate]) -> ReviewStore:
    lite.enqueue(RECIPE, candidates[:4], policy=Review(policy="readers", readers=2))
    return lite


def fill_csv(text: str, answers: Answers) -> str:
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    for row, answer in zip(rows, answers, strict=False):
        row.update(answer)
    out = io.StringIO()
    # Another order of columns, semicolons and Windows line ends, as a spreadsheet in Europe saves it.
    writer = csv.DictWriter(
        out, fieldnames=[*reversed(rows[0]), "my own notes"], delimiter=";", quoting=csv.QUOTE_ALL
    )
    writer.writeheader()
    writer.writerows({**row, "my own notes": "hm"} for row in rows)
    return "\ufeff" + out.getvalue()


def fill_labelstudio(text: str, answers: Answers) -> str:
    tasks = json.loads(text)
    for place, (task, answer) in enumerate(zip(tasks, answers, strict=False)):
        boxes = {
            part["from_name"]: part["value"]["text"][0] for part in task.pop("predictions")[0]["result"]
        }
        result: list[dict[str, Any]] = []
        for name, said in {**boxes, **answer}.items():
            value = {"choices": [said]} if name == "decision" else {"text": said.split("\n")}
            result.append(
                {"from_name": name, "to_name": "question", "type": "x", "value": value, "id": name}
            )
        when = {"created_at": "2026-05-04T07:00:00.5Z", "updated_at": f"2026-05-04T07:0{place}:00.250000Z"}
        cancelled = {"result": [], "was_cancelled": True, "completed_by": 8}
        answered = {"id": 1, "result": result, "was_cancelled": False, "completed_by": 7, "lead_time": 21.5}
        task.update(
            {"id": place + 1, "annotations": [cancelled, answered | when] if answer else [cancelled]}
        )
    return json.dumps(tasks)


def fill_argilla(text: str, answers: Answers) -> str:
    records = json.loads(text)
    for record, answer in zip(records, answers, strict=False):
        if answer:
            boxes = {name: part["value"] for name, part in record["suggestions"].items()}
            record["responses"] = {
                name: [{"value": said, "user_id": "7"}] for name, said in {**boxes, **answer}.items()
            }
        record |= {"status": "completed", "_server_id": "c0ffee"}
    return json.dumps(records)


FILL = {"csv": fill_csv, "labelstudio": fill_labelstudio, "argilla": fill_argilla}


def round_trip(
    store: ReviewStore, folder: Path, kind: Kind, answers: Answers, *, people: People | None = None
) -> ImportReport:
    file = folder / f"{kind}-out.{SUFFIX[kind]}"
    if not file.exists():
        export_file(store, RECIPE, file, to=kind, reviewer="reviewer-a")
    back = folder / f"{kind}-back.{SUFFIX[kind]}"
    back.write_text(FILL[kind](file.read_text(encoding="utf-8"), answers), encoding="utf-8", newline="")
    given = people or people_from(["7=reviewer-a", "reviewer-a=reviewer-a"])
    return import_other(store, back, come_from=kind, people=given, now=NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_decisions_come_back_as_they_were_made(
    queue: ReviewStore, candidates: Sequence[Candidate], tmp_path: Path, kind: Kind
) -> None:
    options = list(candidates[2].options)
    swapped = [option if option == candidates[2].answer else f"{option}, mild" for option in options]
    answers = [
        {"decision": "accept", "comment": "Fine,\nreally"},
        {"decision": "reject", "reasons": "two answers\nleak"},
        {"decision": "edit", "edited_options": "\n".join(swapped), "edited_rationale": "=1+1 fits."},
        {},
    ]
    report = round_trip(queue, tmp_path, kind, answers)
    assert report.problems == ()
    assert (report.imported, report.undecided, report.bad) == (3, 1, 0)
    first, second, third = queue.events(RECIPE)
    assert (first.decision, first.comment, first.reviewer) == ("accept", "Fine,\nreally", "reviewer-a")
    assert second.reasons == ("two answers", "leak")
    assert json.loads(third.edits) == {"options": swapped, "rationale": "=1+1 fits."}
    if kind == "labelstudio":
        assert first.seconds == 21.5
        assert first.created_at == datetime(2026, 5, 4, 7, 0, 0, 250_000, tzinfo=UTC)
    again = round_trip(queue, tmp_path, kind, answers)
    assert (again.imported, again.known, again.bad) == (0, 3, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_conflicts_are_told_by_place_and_nothing_is_overwritten(
    queue: ReviewStore, candidates: Sequence[Candidate], tmp_path: Path, kind: Kind
) -> None:
    round_trip(queue, tmp_path, kind, [{"decision": "accept"}])
    report = round_trip(
        queue, tmp_path, kind, [{"decision": "reject", "reasons": "no"}, {"decision": "accept"}]
    )
    (problem,) = report.problems
    assert problem.line == (2 if kind == "csv" else 1)
    assert problem.item_id == candidates[0].item_id
    assert "already decided 'accept'" in problem.reason
    assert [event.decision for event in queue.events(RECIPE)] == ["accept", "accept"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_with_the_shown_value_is_no_edit(queue: ReviewStore, tmp_path: Path, kind: Kind) -> None:
    report = round_trip(queue, tmp_path, kind, [{"decision": "edit"}])
    assert "no edits" in report.problems[0].reason


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_of_somebody_unknown_is_not_taken(
    queue: ReviewStore, tmp_path: Path, kind: Kind
) -> None:
    report = round_trip(
        queue,
        tmp_path,
        kind,
        [{"decision": "accept", "reviewer": "7"}],
        people=people_from(["9=reviewer-z"]),
    )
    assert "Nobody said who '7' is" in report.problems[0].reason
    assert queue.events(RECIPE) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_adjudicator_sees_what_was_said_and_not_by_whom(
    queue: ReviewStore, candidates: Sequence[Candidate], decide: Any, tmp_path: Path, kind: Kind
) -> None:
    queue.append(
        [decide(candidates[0]), decide(candidates[0], "reject", by="reviewer-b", reasons=("leak",))]
    )
    file = tmp_path / "disputed"
    report, _ = export_file(queue, RECIPE, file, to=kind, reviewer="reviewer-z", disputed=True)
    text = file.read_text(encoding="utf-8")
    assert report.lines == 1
    assert "leak" in text
    assert "reviewer-a" not in text and "reviewer-b" not in text
    assert "adjudicator" in text


def test_the_flat_forms_are_taken_too(
    queue: ReviewStore, candidates: Sequence[Candidate], tmp_path: Path
) -> None:
    """Label Studio's JSON-MIN, and Argilla's flattened list, in which drafts are told apart."""
    tasks, records = tmp_path / "t.json", tmp_path / "r.json"
    export_file(queue, RECIPE, tasks, to="labelstudio")
    export_file(queue, RECIPE, records, to="argilla")
    task = json.loads(tasks.read_text(encoding="utf-8"))[0]["data"]
    task |= {"id": 1, "decision": "reject", "reasons": "leak", "annotator": 7, "lead_time": 9.5}
    tasks.write_text(json.dumps([task]), encoding="utf-8")
    record = json.loads(records.read_text(encoding="utf-8"))[1]
    flat = {**record["fields"], **record["metadata"], "id": record["id"]}
    flat |= {
        "decision.responses": ["accept", "reject"],
        "decision.responses.users": ["u-7", "u-9"],
        "decision.responses.status": ["submitted", "draft"],
    }
    records.write_text(json.dumps([flat]), encoding="utf-8")
    people = people_from(["7=reviewer-a", "u-7=reviewer-a", "u-9=reviewer-b"])
    one = import_other(queue, tasks, come_from="labelstudio", people=people, now=NOW)
    two = import_other(queue, records, come_from="argilla", people=people, now=NOW)
    assert (one.problems, two.problems) == ((), ())
    said = [(event.item_id, event.reviewer, event.decision) for event in queue.events(RECIPE)]
    assert said == [
        (candidates[0].item_id, "reviewer-a", "reject"), (candidates[1].item_id, "reviewer-a", "accept"),
    ]  # fmt: skip


def test_what_is_no_such_file_is_said(queue: ReviewStore, tmp_path: Path) -> None:
    for kind, data, match in (
        ("csv", b"recipe,item_id\n", "no column 'content_sha256'"),
        ("csv", "item,decision\näöü".encode("latin-1"), "not UTF-8"),
        ("csv", b"recipe,item_id,content_sha256,decision,decision\n", "two columns"),
        ("csv", b"PK\x03\x04\0\0", "no text"),
        ("csv", b"", "no column"),
        ("argilla", b"{", "no JSON"),
        ("labelstudio", b"[" * 100_000, "no JSON"),
    ):
        file = tmp_path / "bad"
        file.write_bytes(data)
        with pytest.raises(ReviewError, match=match):
            import_other(queue, file, come_from=kind, people=People(), now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["labelstudio", "argilla"])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "data",
                        "annotations",
                        "result",
                        "value",
                        "responses",
                        "fields",
                        "metadata",
                        "decision",
                        "x",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_json_of_any_shape_is_told_or_passed_over(kind: str, value: Any) -> None:
    from grandrounds.review.exchange import argilla, labelstudio

    read = labelstudio.read if kind == "labelstudio" else argilla.read
    for number, line in read([(1, value)], people=People(everybody="reviewer-a")):
        assert number == 1
        assert isinstance(line, str | bytes)


# Spreadsheets


@given(st.text())
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "=HYPERLINK(1)",
        "+1",
        "-2+3",
        "@SUM(1)",
        "\t=1",
        " =1",
        "'=1",
        "1/2",
        "3-4",
        "12 May",
        "May-26",
        "1e5",
        "TRUE",
        "＝1",
    ],
)
def test_nothing_is_left_to_a_spreadsheet_to_interpret(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["Aortic dissection", "5 mm nodule", "T4 N1", "grade 2 of 3", "May be benign"]
)
def test_words_stay_as_they_are(text: str) -> None:
    assert guarded(text) == text


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1),
        min_size=1,
        max_size=6,
    )
)
def test_options_come_back_from_their_list(options: list[str]) -> None:
    assert unlisted(listed(options, lettered=True)) == options


def test_cells_too_long_for_a_spreadsheet_are_cut_into_columns(
    queue: ReviewStore, tmp_path: Path, candidates: Sequence[Candidate]
) -> None:
    from dataclasses import replace

    from grandrounds.records.envelope import content_sha256

    long = replace(candidates[0], stem='A, "b"\n' * 12_000)
    long = replace(long, content_sha256=content_sha256(long))
    queue.enqueue(RECIPE, [long])
    file = tmp_path / "long.csv"
    export_file(queue, RECIPE, file, to="csv")
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))
    assert max(len(cell) for cell in rows[0].values()) <= 32_767
    assert {"stem", "stem (2)", "stem (3)"} <= set(rows[0])
    report = round_trip(queue, tmp_path, "csv", [{"decision": "accept", "reviewer": "reviewer-a"}])
    assert (report.imported, report.problems) == (1, ())


def test_the_table_as_excel_saves_unicode_text(queue: ReviewStore, tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    export_file(queue, RECIPE, file, to="csv", reviewer="reviewer-a")
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))
    rows[0] = [title.replace("_", " ").upper() for title in rows[0]]
    place = rows[0].index("DECISION")
    rows[1][place] = "Accepted"
    rows[1][rows[0].index("DECIDED AT")] = "31.05.2026 14:30"
    rows[1][rows[0].index("SECONDS")] = "12,5"
    out = io.StringIO()
    csv.writer(out, delimiter="\t").writerows(rows)
    file.with_name("u.txt").write_bytes(out.getvalue().encode("utf-16"))
    report = import_other(queue, file.with_name("u.txt"), come_from="csv", people=People(), now=NOW)
    assert (report.imported, report.problems) == (1, ())
    (event,) = queue.events(RECIPE)
    assert (event.seconds, event.created_at) == (12.5, datetime(2026, 5, 31, 14, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-05-31T14:30:00+02:00", "2026-05-31T12:30"),
        ("2026/5/31 14:30", "2026-05-31T14:30"),
        ("31.5.2026 14:30", "2026-05-31T14:30"),
        ("5/31/2026 2:30 PM", "2026-05-31T14:30"),
        ("31/05/2026", "2026-05-31T00:00"),
        ("46173.604166667", "2026-05-31T14:30"),
        ("2026年5月31日 14:30", "2026-05-31T14:30"),
    ],
)
def test_dates_as_spreadsheets_write_them(text: str, read: str) -> None:
    found = moment_of(text)
    assert isinstance(found, datetime)
    assert found.isoformat().startswith(read)


@pytest.mark.parametrize("text", ["5/6/2026", "5/6/26", "soon", "99/99/2026", "2026-13-40"])
def test_dates_in_doubt_are_asked_back(text: str) -> None:
    assert isinstance(moment_of(text), str)


def test_a_round_by_the_commands(
    queue: ReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from grandrounds.review.commands import review

    monkeypatch.setenv("GRANDROUNDS_HOME", str(tmp_path))
    monkeypatch.setenv("GRANDROUNDS_REVIEW_URL", f"sqlite:///{tmp_path / 'lite.sqlite'}")
    run, out = CliRunner(), tmp_path / "tasks.json"
    assert run.invoke(review, ["export", RECIPE, "--to", "labelstudio"]).exit_code == 2
    made = run.invoke(review, ["export", RECIPE, "--to", "labelstudio", "--out", str(out)])
    assert "tasks.config.xml" in made.output
    assert "--from labelstudio" in made.output
    assert (tmp_path / "tasks.config.xml").read_text(encoding="utf-8").startswith("<View>")
    out.write_text(
        fill_labelstudio(out.read_text(encoding="utf-8"), [{"decision": "accept"}]), encoding="utf-8"
    )
    back = ["import", "--from", "labelstudio", str(out)]
    refused = run.invoke(review, [*back])
    assert refused.exit_code == 1
    assert "Nobody said who '7' is" in refused.output
    assert run.invoke(review, [*back, "--person", "7=reviewer-a"]).exit_code == 0
    assert [event.reviewer for event in queue.events(RECIPE)] == ["reviewer-a"]
    assert run.invoke(review, ["import", "--person", "7=reviewer-a", str(out)]).exit_code == 2
