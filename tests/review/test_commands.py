"""``grandrounds review`` as people and scripts use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from grandrounds.errors import ReviewError
from grandrounds.recipe import Review
from grandrounds.review.commands import review
from grandrounds.review.store import ReviewStore
from grandrounds.settings import resolve

RECIPE = "case_diagnosis"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRANDROUNDS_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def filled(home, candidates):
    with ReviewStore(resolve().review_url.value) as store:
        store.enqueue(RECIPE, candidates[:3], policy=Review(policy="readers", readers=1))
    return home


def call(*arguments, code=0):
    result = CliRunner().invoke(review, [str(one) for one in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def fill_in(path, decision="accept", **more):
    lines = [json.loads(line) | {"decision": decision} | more for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_round_by_file(filled):
    out = filled / "a.jsonl"
    said = call("export", RECIPE, "--reviewer", "reviewer-a", "--out", out).output
    assert "3 items" in said
    assert "grandrounds review import" in said
    fill_in(out)
    assert "imported" in call("import", out).output
    told = call("status", RECIPE).output
    assert "decided by reviewer-a" in told
    assert "policy is met" in told


def test_status_as_json(filled):
    (found,) = json.loads(call("status", "--json").output)
    assert found["recipe"] == RECIPE
    assert found["counts"] == {
        "accepted": 0, "accepted_edited": 0, "rejected": 0, "disputed": 0, "pending": 3, "unread": 0,
    }  # fmt: skip
    assert found["met"] is False
    assert found["agreement"]["items"] == 0


def test_export_without_a_file_prints_json_lines(filled):
    lines = call("export", RECIPE).output.splitlines()
    assert len([json.loads(line) for line in lines]) == 3


def test_export_and_import_as_json(filled):
    out = filled / "a.jsonl"
    assert json.loads(call("export", RECIPE, "--out", out, "--json").output)["lines"] == 3
    fill_in(out, reviewer="reviewer-a")
    assert json.loads(call("import", out, "--json").output)["imported"] == 3


def test_a_bad_line_is_named_and_the_command_ends_with_1(filled):
    out = filled / "a.jsonl"
    call("export", RECIPE, "--out", out)
    fill_in(out, "perhaps", reviewer="reviewer-a")
    result = call("import", out, code=1)
    assert "Line 1 (item-" in result.stderr
    assert "'perhaps' is none of" in result.stderr
    assert json.loads(call("import", out, "--json", code=1).stdout)["bad"] == 3


def test_without_a_queue_status_says_what_to_do(home):
    assert "grandrounds build" in call("status").output.replace("\n", " ")
    assert json.loads(call("status", "--json").output) == []


@pytest.mark.parametrize("command", [("status",), ("export",)])
def test_an_unknown_recipe_is_told(filled, command):
    with pytest.raises(ReviewError, match=r"(?s)no review queue of 'unheard_of'.*case_diagnosis"):
        call(*command, "unheard_of")


def test_a_file_that_is_not_there_is_a_wrong_use(home):
    assert "does not exist" in call("import", home / "missing.jsonl", code=2).output


@pytest.mark.parametrize("command", [(), ("status",), ("export",), ("import",)])
def test_help_teaches_with_an_example(command):
    assert "grandrounds review" in call(*command, "--help").output


def test_loading_the_commands_loads_nothing_heavy():
    code = (
        "import sys, grandrounds.review.commands; "
        "sys.exit(bool({'sqlalchemy', 'pydantic', 'rich', 'alembic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
