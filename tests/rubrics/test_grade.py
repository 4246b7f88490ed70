"""``grandrounds grade``: from a release and a file of responses to scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from grandrounds.contracts import contract
from grandrounds.records.table import to_table
from grandrounds.rubrics.commands import grade
from grandrounds.rubrics.grade import GradeError, read_items, read_responses
from tests.rubrics.test_dialogue import item_of

ITEMS = [item_of("consultation"), item_of("consultation_turns")]


@pytest.fixture
def release(tmp_path: Path) -> Path:
    for item in ITEMS:
        path = tmp_path / "release" / "data" / item.task / "test-00000-of-00001.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(to_table([item], contract("items")), path)
    return tmp_path / "release"


def responses(folder: Path, *rows: Any) -> Path:
    path = folder / "responses.jsonl"
    path.write_text(
        "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8"
    )
    return path


def run(*arguments: object) -> Any:
    return CliRunner().invoke(grade, [str(each) for each in arguments], catch_exceptions=False)


def test_a_good_answer_scores_and_an_item_without_a_line_counts_as_empty(
    release: Path, tmp_path: Path
) -> None:
    path = responses(tmp_path, {"item_id": ITEMS[0].item_id, "response": ITEMS[0].answer}, "")
    told = json.loads(run(release, path, "--json").output)
    scores = {each["item_id"]: each["score"] for each in told["items"]}
    assert scores == {ITEMS[0].item_id: 1.0, ITEMS[1].item_id: 0.0}
    assert told["missing"] == 1 and told["parse_failures"] == 0.0
    assert told["judge"] == "rule" and told["score"]["mean"] == 0.5
    first = next(each for each in told["items"] if each["answered"])
    assert {verdict["verdict"] for verdict in first["judgement"]["verdicts"]} == {"met", "not_met"}
    assert all(verdict["quote"] in ITEMS[0].answer for verdict in first["judgement"]["verdicts"])


def test_it_prints_items_axes_intervals_and_the_rate_of_failures(release: Path, tmp_path: Path) -> None:
    path = responses(tmp_path, {"item_id": ITEMS[1].item_id, "response": "It is tularemia."})
    shown = run(release, path).output
    for words in (
        ITEMS[1].item_id,
        "parse failures  0.0%",
        "responses       1 of 2",
        "accuracy",
        "n = 2",
        "no response",
    ):
        assert words in shown


def test_answers_of_known_worth_are_worth_that(release: Path) -> None:
    (first, second) = json.loads(run(release, "--controls", "--json").output)
    for scores in (first, second):
        assert scores["reference"] >= 0.9
        assert max(scores["empty"], scores["generic"]) < 0.2
        assert scores["wrong"] < 0.2 and scores["wrong_of"]
        assert scores["neighbour"] is None  # there is no other patient here
    assert "worst" in run(release, "--controls").output


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["{"], "line 1 is not JSON"),
        ([[1]], "no `item_id`"),
        ([{"item_id": ITEMS[0].item_id}], "no `response`"),
        ([{"item_id": "item-0", "response": ""}], "no consultation 'item-0'"),
        ([{"item_id": ITEMS[0].item_id, "response": "a"}] * 2, "line 2"),
        (["[" * 50000], "not JSON"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, rows: list[Any], words: str) -> None:
    with pytest.raises(GradeError, match=words):
        read_responses(responses(tmp_path, *rows), ITEMS)


def test_a_folder_that_is_no_release_or_has_no_rubrics_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(GradeError, match="holds no items"):
        read_items(tmp_path)


def test_a_file_or_controls_but_not_both(release: Path) -> None:
    assert run(release).exit_code == 2
