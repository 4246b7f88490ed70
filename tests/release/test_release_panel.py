"""A release with votes says which models filtered it, and every lie about that is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from grandrounds.cli import cli
from grandrounds.errors import ReleaseError
from grandrounds.recipe import VOTE_LIMITS
from grandrounds.records.vote import PanelVote
from grandrounds.release.manifest import read_manifest
from grandrounds.release.panel import filtered_by
from grandrounds.release.published import read_items
from grandrounds.release.verify import verify
from grandrounds.release.writer import ReleaseRequest, write_release
from tests.support.factories import make_candidate, make_case, world
from tests.support.releases import (
    change_cell,
    change_manifest,
    files_of,
    make_recipe,
    make_request,
    seal_again,
    writable,
)
from tests.support.votes import cast, votes_on

VOTES = "votes.parquet"


def voted_request(*, reviewed: bool = False, **gates: Any) -> ReleaseRequest:
    """A release of six cases, both models right with the evidence and wrong without; two items fell blind."""
    recipe = make_recipe(panel={"models": ["m-a", "m-b"]}, gates=gates, reviewed=reviewed)
    made = world(6)
    votes = votes_on(made.candidates)
    by_item: dict[str, list[PanelVote]] = {}
    for vote in votes:
        by_item.setdefault(vote.item_id, []).append(vote)
    made = replace(
        made,
        candidates=tuple(
            replace(row, votes=tuple(vote.short() for vote in by_item[row.item_id]))
            for row in made.candidates
        ),
        rejections=tuple(replace(row, gate="blind") for row in made.rejections),
        funnel=tuple(
            replace(
                step, refused=tuple(replace(p, reason=p.reason.replace("leakage", "blind")) for p in step.refused)
            )
            for step in made.funnel
        ),
    )  # fmt: skip
    for number, rejection in enumerate(made.rejections, start=20):
        row = make_candidate(make_case(number))
        votes += [
            cast("m-a", correct=True, blind=True, row=row, revision_id=rejection.subject_id),
            cast("m-b", correct=number == 20, blind=True, row=row, revision_id=rejection.subject_id),
            cast("m-b", status="failed", row=row, revision_id=rejection.subject_id),
        ]
    return make_request(made=made, recipe=recipe, votes=votes)


@pytest.fixture
def voted(tmp_path: Path) -> Path:
    """A release with votes, whose files may be changed."""
    path = write_release(voted_request(), root=tmp_path / "releases").path
    writable(path)
    return path


def told(directory: Path) -> str:
    return "\n".join(f"{problem.where}: {problem.what}" for problem in verify(directory).problems)


@pytest.mark.parametrize("reviewed", [False, True])
def test_it_is_sound_and_names_the_models_that_filtered_it(reviewed: bool, tmp_path: Path) -> None:
    path = write_release(voted_request(reviewed=reviewed), root=tmp_path).path
    report = verify(path)
    assert report.problems == ()
    assert report.filtered_by == ("m-a", "m-b")
    assert [(each.model, each.versions, each.removed) for each in filtered_by(path)] == [
        ("m-a", ("m-a-2026",), 2),
        ("m-b", ("m-b-2026",), 1),
    ]
    assert any(checked.what.startswith("votes:") and checked.count for checked in report.checked)


def test_the_manifest_counts_votes_on_all_items_and_on_the_released(voted: Path) -> None:
    panel = read_manifest(voted).panel
    assert panel is not None
    assert (panel.items_asked, panel.items_removed, panel.items_untested) == (14, {"blind": 2}, 0)
    one = panel.models[0]
    assert (one.asked, one.counted) == (20, 20)
    assert (one.with_evidence.right, one.with_evidence.votes) == (12, 12)
    assert (one.blind.right, one.blind.votes) == (2, 8)
    assert (one.released_blind.right, one.released_blind.votes) == (0, 6)
    contracts = {each.name for each in read_manifest(voted).contracts}
    assert "votes" in contracts
    assert {p.path for p in read_manifest(voted).prompts} == {"vote/choice.md", "vote/open.md"}


def test_the_datasheet_and_croissant_tell_evaluators(voted: Path) -> None:
    readme = (voted / "README.md").read_text(encoding="utf-8")
    assert "## Which models voted" in readme
    assert "their own scores on this release can't be compared" in readme
    assert "| m-a | m-a-2026 | 12 of 12 (100%) | 2 of 8 (25%) |" in readme
    assert "m-a, m-b decided which items stayed" in (voted / "croissant.json").read_text(encoding="utf-8")


def test_votes_that_removed_nothing_and_could_not_are_no_filter(tmp_path: Path) -> None:
    made = world(6)
    votes = votes_on(made.candidates)
    by_item = {
        row.item_id: tuple(v.short() for v in votes if v.item_id == row.item_id) for row in made.candidates
    }
    made = replace(
        made, candidates=tuple(replace(row, votes=by_item[row.item_id]) for row in made.candidates)
    )
    recipe = make_recipe(panel={"models": ["m-a", "m-b"]}, gates={"blind_luck": 0})
    path = write_release(make_request(made=made, recipe=recipe, votes=votes), root=tmp_path).path
    assert filtered_by(path) == ()
    assert verify(path).sound
    assert "removed nothing" in (path / "README.md").read_text(encoding="utf-8")


def test_a_release_without_a_panel_says_nothing_of_one(release: Path) -> None:
    """So releases from before there were panels stay sound, byte for byte."""
    recipe = read_manifest(release).recipe
    assert "panel" not in recipe and not set(recipe["gates"]) & set(VOTE_LIMITS)
    document = read_manifest(release).document()
    assert b'\n  "panel"' not in document
    assert document == (release / "manifest.json").read_bytes()
    assert not (release / VOTES).exists()
    assert filtered_by(release) == ()
    assert verify(release).filtered_by == ()
    assert "Which models voted" not in (release / "README.md").read_text(encoding="utf-8")


def test_evaluators_get_an_error_for_what_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="not a release"):
        filtered_by(tmp_path)


def test_items_carry_the_votes_that_count(voted: Path) -> None:
    items = read_items(voted)
    assert all(len(item.votes) == (4 if item.options else 2) for item in items)
    assert {(v.model, v.version, v.n) for item in items for v in item.votes} == {
        ("m-a", "m-a-2026", 1),
        ("m-b", "m-b-2026", 1),
    }


def test_other_votes_are_another_release_and_the_same_are_not(tmp_path: Path) -> None:
    request = voted_request()
    first = write_release(request, root=tmp_path)
    assert write_release(request, root=tmp_path).unchanged
    assert not write_release(replace(request, votes=request.votes[:-1]), root=tmp_path).unchanged
    again = write_release(replace(request, votes=request.votes[::-1]), root=tmp_path / "elsewhere")
    assert files_of(again.path) == files_of(first.path)


def flip(column: str, value: Any) -> Callable[[Path], None]:
    return lambda folder: change_cell(folder / VOTES, column, lambda _: value, row=3)


LIES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a vote turned right": (
        lambda folder: change_cell(folder / VOTES, "correct", lambda right: not right),
        "what it says of the panel is not what the votes give",
    ),
    "a vote of somebody else": (flip("model", "m-c"), "its votes are not those of the votes table"),
    "a vote of another recipe": (flip("recipe", "other"), "belongs to recipe 'other'"),
    "an answer without a verdict": (flip("correct", None), "neither right nor wrong"),
    "a model left out": (
        lambda folder: change_manifest(folder, lambda m: m["panel"]["models"].pop(0)),
        "what it says of the panel is not what the votes give",
    ),
    "nothing removed": (
        lambda folder: change_manifest(folder, lambda m: m["panel"].update(items_removed={})),
        "what it says of the panel is not what the votes give",
    ),
    "no filter": (
        lambda folder: change_manifest(folder, lambda m: m["panel"].update(filters=False)),
        "what it says of the panel is not what the votes give",
    ),
    "no panel": (
        lambda folder: change_manifest(folder, lambda m: m.pop("panel")),
        "one file of votes when a panel voted, else none",
    ),
    "a datasheet without names": (
        lambda folder: (folder / "README.md").write_text(
            (folder / "README.md").read_text(encoding="utf-8").replace("m-b", "somebody"), encoding="utf-8"
        ),
        "does not name the models that filtered",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_votes_is_found(lie: str, voted: Path) -> None:
    change, words = LIES[lie]
    change(voted)
    seal_again(voted)
    assert words in told(voted)


def test_an_item_s_own_votes_are_held_against_its_answer(voted: Path) -> None:
    path = voted / "data/diagnosis_mcq/train-00000-of-00001.parquet"

    def praise(votes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**vote, "correct": True} for vote in votes]

    change_cell(path, "votes", praise)
    seal_again(voted)
    assert "is not judged by its answer" in told(voted)
    assert "its votes are not those of the votes table" in told(voted)


def test_a_missing_file_of_votes_is_found(voted: Path) -> None:
    (voted / VOTES).unlink()
    change_manifest(voted, lambda m: m.update(files=[f for f in m["files"] if f["path"] != VOTES]))
    seal_again(voted)
    assert "one file of votes when a panel voted" in told(voted)


def test_votes_stand_in_the_order_of_items_and_keep_their_particulars(voted: Path) -> None:
    table = pq.read_table(voted / VOTES)
    rows = table.to_pylist()
    assert rows == sorted(rows, key=lambda row: (row["item_id"], row["model"], row["blind"], row["n"]))
    assert {row["status"] for row in rows} == {"ok", "failed"}
    assert all(row["reason"] for row in rows if row["status"] == "failed")


def test_verify_on_the_command_line_says_who_filtered(voted: Path, release: Path) -> None:
    shown = CliRunner().invoke(cli, ["verify", str(voted)])
    assert shown.exit_code == 0, shown.output
    assert "Filtered by m-a, m-b" in shown.output
    told_as_data = json.loads(CliRunner().invoke(cli, ["verify", str(voted), "--json"]).output)
    assert told_as_data["filtered_by"] == ["m-a", "m-b"]
    assert "Filtered by" not in CliRunner().invoke(cli, ["verify", str(release)]).output


def test_a_model_s_name_has_no_power_over_page_or_terminal(tmp_path: Path) -> None:
    evil = "m\x1b[31m[x](javascript:alert(1)) | <b>"
    request = voted_request()
    votes = [replace(vote, model=evil if vote.model == "m-a" else vote.model) for vote in request.votes]
    items = [
        replace(item, votes=tuple(replace(v, model=evil if v.model == "m-a" else v.model) for v in item.votes))
        for item in request.items
    ]  # fmt: skip
    path = write_release(replace(request, votes=votes, items=items), root=tmp_path).path
    readme = (path / "README.md").read_text(encoding="utf-8")
    assert "\x1b" not in readme and "<b>" not in readme and "](javascript" not in readme.replace("\\]", "")
    assert "\x1b" not in CliRunner().invoke(cli, ["verify", str(path)]).output
