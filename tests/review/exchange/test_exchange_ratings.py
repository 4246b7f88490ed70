"""Ratings, wrong marks and readers' own answers: out as boxes, in as values, in every format alike."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import Rating, WrongMark
from grandrounds.review.exchange.files import KINDS, Kind, export_file, import_other
from grandrounds.review.exchange.people import people_from
from grandrounds.review.parts import line_of_mark, mark_of, parts_of
from grandrounds.review.store import ReviewStore
from grandrounds.review.transfer import ImportReport, export_queue, import_file

RECIPE = "case_diagnosis"
NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
CRITERIA = ("clear: no word too many", "Clinically_useful", "依据")
NAMES = ("clear", "Clinically_useful", "依据")
POLICY = Review(policy="readers", criteria=CRITERIA, blind_answer=True)
Way = Literal["lines", "labelstudio", "argilla", "csv"]
WAYS: tuple[Way, ...] = ("lines", *KINDS)


@pytest.fixture
def queue(lite: ReviewStore, candidates: Sequence[Candidate]) -> ReviewStore:
    lite.enqueue(RECIPE, candidates[:3], policy=POLICY)
    return lite


def fill(way: Way, text: str, answer: dict[str, Any]) -> str:
    """The exported file with the first item answered by reviewer-a."""
    said = {"decision": "accept", **answer}
    scores: dict[str, Any] = said.pop("ratings", {})
    if way == "lines":
        lines = [json.loads(line) for line in text.splitlines()]
        lines[0] |= said | {"ratings": scores, "reviewer": "reviewer-a"}
        return "".join(json.dumps(line) + "\n" for line in lines)
    said["marks"] = "\n".join(said.get("marks", ()))
    if way == "csv":
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        rows[0] |= said | {"reviewer": "reviewer-a"}
        rows[0] |= {f"rating: {name}": str(score) for name, score in scores.items()}
        out = io.StringIO()
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()
    items = json.loads(text)
    boxes = {f"rating_{NAMES.index(name) + 1}": score for name, score in scores.items()}
    if way == "argilla":
        items[0]["responses"] = {
            name: [{"value": value, "user_id": "7"}] for name, value in {**said, **boxes}.items() if value
        }
        return json.dumps(items)
    result = [
        {"from_name": name, "type": "textarea", "value": {"text": [value]}}
        for name, value in said.items()
        if name != "decision"
    ]
    result += [
        {"from_name": name, "type": "rating", "value": {"rating": score}} for name, score in boxes.items()
    ]
    result.append({"from_name": "decision", "type": "choices", "value": {"choices": [said["decision"]]}})
    items[0]["annotations"] = [{"result": result, "completed_by": 7}]
    return json.dumps(items)


def exported(store: ReviewStore, folder: Path, way: Way) -> str:
    if way == "lines":
        return "\n".join(export_queue(store, RECIPE))
    file = folder / f"{way}-{len(list(folder.iterdir()))}.out"
    export_file(store, RECIPE, file, to=way)
    return file.read_text(encoding="utf-8")


def imported(store: ReviewStore, folder: Path, way: Way, text: str) -> ImportReport:
    file = folder / f"{way}.back"
    file.write_text(text, encoding="utf-8", newline="")
    if way == "lines":
        return import_file(store, file, now=NOW)
    kind: Kind = way
    people = people_from(["7=reviewer-a", "reviewer-a=reviewer-a"])
    return import_other(store, file, come_from=kind, people=people, now=NOW)


@pytest.mark.parametrize("way", WAYS)
def test_they_come_back_as_they_were_given_and_a_second_time_change_nothing(
    queue: ReviewStore, candidates: Sequence[Candidate], tmp_path: Path, way: Way
) -> None:
    item = candidates[0]
    first, *_ = parts_of(item)
    answer = {
        "ratings": {"clear": 4, "依据": 1},
        "marks": [f"{first.kind} {first.reference}: another organ: not this"],
        "answered": item.options[1],
    }
    text = fill(way, exported(queue, tmp_path, way), answer)
    report = imported(queue, tmp_path, way, text)
    assert (report.problems, report.imported, report.undecided) == ((), 1, 2)
    (event,) = queue.events(RECIPE)
    assert event.ratings == (Rating(criterion="clear", score=4), Rating(criterion="依据", score=1))
    wrong = WrongMark(kind=first.kind, reference=first.reference, words="another organ: not this")
    assert (event.marks, event.answer) == ((wrong,), item.options[1])
    again = imported(queue, tmp_path, way, text)
    assert (again.known, again.imported, again.bad) == (1, 0, 0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "changed",
    [{"ratings": {"clear": 5}}, {"ratings": {}}, {"marks": []}, {"answered": ""}],
    ids=["other ratings", "no ratings", "no marks", "no answer"],
)
def test_a_decision_that_says_the_same_with_other_ratings_is_told_and_overwrites_nothing(
    queue: ReviewStore, candidates: Sequence[Candidate], tmp_path: Path, way: Way, changed: dict[str, Any]
) -> None:
    first, *_ = parts_of(candidates[0])
    answer = {
        "ratings": {"clear": 4},
        "marks": [f"{first.kind} {first.reference}"],
        "answered": candidates[0].options[0],
    }
    text = exported(queue, tmp_path, way)
    imported(queue, tmp_path, way, fill(way, text, answer))
    before = queue.events(RECIPE)
    report = imported(queue, tmp_path, way, fill(way, text, answer | changed))
    assert len(before) == 1 and queue.events(RECIPE) == before
    assert "already decided so on this item, with other" in report.problems[0].reason
    assert report.problems[0].item_id == candidates[0].item_id


BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"ratings": {"clear": 6}}, "from 1 to 5"),
    ({"ratings": {"clear": 3.5}}, "ratings"),
    ({"marks": ["quote 99: gone"]}, "rests on no quote 99"),
    ({"marks": ["the second quote is odd"]}, "is no mark"),
    ({"answered": "None of these, I think"}, "none of the options"),
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("answer", "told"), BAD, ids=[told for _, told in BAD])
def test_what_cannot_be_is_told_and_not_stored(
    queue: ReviewStore, tmp_path: Path, way: Way, answer: dict[str, Any], told: str
) -> None:
    report = imported(queue, tmp_path, way, fill(way, exported(queue, tmp_path, way), answer))
    assert told in report.problems[0].reason
    assert queue.events(RECIPE) == []


@pytest.mark.parametrize("way", WAYS)
def test_criteria_that_changed_since_are_told_and_mixed_up_with_no_other(
    queue: ReviewStore, candidates: Sequence[Candidate], tmp_path: Path, way: Way
) -> None:
    text = exported(queue, tmp_path, way)
    queue.enqueue(
        RECIPE, candidates[:3], policy=Review(policy="readers", criteria=(CRITERIA[2], CRITERIA[0]))
    )
    report = imported(queue, tmp_path, way, fill(way, text, {"ratings": {"Clinically_useful": 2}}))
    assert "none of what the recipe has rated: 依据, clear" in report.problems[0].reason
    imported(queue, tmp_path, way, fill(way, text, {"ratings": {"clear": 2}}))
    assert queue.events(RECIPE)[0].ratings == (Rating(criterion="clear", score=2),)


@pytest.mark.parametrize("way", WAYS)
def test_where_the_marked_answer_is_shown_at_once_no_answer_counts_as_given_before(
    queue: ReviewStore, candidates: Sequence[Candidate], tmp_path: Path, way: Way
) -> None:
    queue.enqueue(RECIPE, candidates[:3], policy=Review(policy="readers"))
    text = exported(queue, tmp_path, way)
    assert "answered" not in text
    report = imported(queue, tmp_path, way, fill(way, text, {"answered": candidates[0].options[0]}))
    assert "nobody answers before" in report.problems[0].reason


@pytest.mark.parametrize("way", WAYS)
def test_an_adjudicator_is_shown_them_without_names(
    queue: ReviewStore, candidates: Sequence[Candidate], decide: Any, tmp_path: Path, way: Way
) -> None:
    mark = WrongMark(kind="quote", reference=next(parts_of(candidates[0])).reference, words="another organ")
    rated = {"ratings": (Rating(criterion="clear", score=2),), "marks": (mark,)}
    queue.append(
        [
            decide(candidates[0], answer=candidates[0].options[1], **rated),
            decide(candidates[0], "reject", by="reviewer-b", reasons=("leak",)),
        ]
    )
    if way == "lines":
        text = "\n".join(export_queue(queue, RECIPE, disputed=True))
    else:
        export_file(queue, RECIPE, tmp_path / "disputed", to=way, disputed=True)
        text = (tmp_path / "disputed").read_text(encoding="utf-8")
    assert "another organ" in text and "reviewer-a" not in text
    assert candidates[0].options[1] in text


def test_the_settings_beside_the_files_have_a_box_for_each_criterion(
    queue: ReviewStore, tmp_path: Path
) -> None:
    _, config = export_file(queue, RECIPE, tmp_path / "t.json", to="labelstudio")
    _, settings = export_file(queue, RECIPE, tmp_path / "r.json", to="argilla")
    assert config is not None and settings is not None
    root = ElementTree.fromstring(config.read_text(encoding="utf-8"))
    assert [tag.get("name") for tag in root.iter("Rating")] == ["rating_1", "rating_2", "rating_3"]
    titles = [tag.get("value") or "" for tag in root.iter("Header")]
    assert any("依据" in title for title in titles) and any("Your own answer" in title for title in titles)
    shown = {tag.get("value") for tag in root.iter("Text")}
    task = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))[0]["data"]
    assert {name.removeprefix("$") for name in shown if name} <= set(task)
    questions = json.loads(settings.read_text(encoding="utf-8"))["questions"]
    rated = [one["settings"] for one in questions if one["settings"]["type"] == "rating"]
    assert rated == [{"type": "rating", "options": [{"value": score} for score in range(1, 6)]}] * 3


def test_the_flat_forms_are_taken_too(queue: ReviewStore, tmp_path: Path) -> None:
    task = json.loads(exported(queue, tmp_path, "labelstudio"))[0]["data"]
    task |= {"decision": "accept", "rating_2": 3, "annotator": 7, "marks": ["quote 1: a", "quote 2: b"]}
    report = imported(queue, tmp_path, "labelstudio", json.dumps([task]))
    assert report.problems == ()
    record = json.loads(exported(queue, tmp_path, "argilla"))[1]
    flat = {**record["fields"], **record["metadata"], "id": record["id"]}
    for name, value in (("decision", "accept"), ("rating_3", 5)):
        flat |= {f"{name}.responses": [value], f"{name}.responses.users": ["7"]}
    assert imported(queue, tmp_path, "argilla", json.dumps([flat])).problems == ()
    one, two = queue.events(RECIPE)
    assert one.ratings == (Rating(criterion="Clinically_useful", score=3),)
    assert [mark.words for mark in one.marks] == ["a", "b"]
    assert two.ratings == (Rating(criterion="依据", score=5),)


def test_a_spreadsheet_may_change_the_titles_and_the_numbers(queue: ReviewStore, tmp_path: Path) -> None:
    rows = list(
        csv.reader(io.StringIO(exported(queue, tmp_path, "csv").removeprefix("\ufeff"), newline=""))
    )
    rows[0] = [title.upper().replace("_", " ") for title in rows[0]]
    for title, cell in (
        ("DECISION", "accept"),
        ("REVIEWER", "reviewer-a"),
        ("RATING: CLINICALLY USEFUL", "4.0"),
    ):
        rows[1][rows[0].index(title)] = cell
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    assert imported(queue, tmp_path, "csv", out.getvalue()).problems == ()
    assert queue.events(RECIPE)[0].ratings == (Rating(criterion="Clinically_useful", score=4),)


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("quote 0: words", WrongMark(kind="quote", reference="0", words="words")),
        (" Box  2 ", WrongMark(kind="box", reference="2")),
        ("picture:abc: two\nlines", WrongMark(kind="picture", reference="abc", words="two lines")),
        ("quote 0", WrongMark(kind="quote", reference="0")),
    ],
)
def test_a_mark_is_read_as_people_write_it(line: str, mark: WrongMark) -> None:
    assert mark_of(line) == mark
    assert mark_of(line_of_mark(mark)) == mark


@pytest.mark.parametrize("line", ["", "quote", "paragraph 3: x", "this is wrong", "quote 1 and 2"])
def test_what_is_no_mark_is_none(line: str) -> None:
    assert mark_of(line) is None


def test_files_from_before_there_were_ratings_keep_their_ids(
    queue: ReviewStore, candidates: Sequence[Candidate], tmp_path: Path
) -> None:
    from grandrounds.fingerprint import content_id

    item = candidates[0]
    line = {"recipe": RECIPE, "item_id": item.item_id, "content_sha256": item.content_sha256}
    line |= {"reviewer": "reviewer-a", "decision": "accept"}
    imported(queue, tmp_path, "lines", json.dumps(line))
    said = [
        RECIPE,
        item.item_id,
        item.content_sha256,
        "reviewer-a",
        "reviewer",
        "accept",
        [],
        "",
        "{}",
        None,
    ]
    assert queue.events(RECIPE)[0].event_id == content_id("event", [*said, 1])
