"""The main job, end to end and for real: sources in, a release out, again and again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grandrounds.authoring.rule_author import RuleAuthor
from grandrounds.fingerprint import sha256_file
from grandrounds.lake import Lake
from grandrounds.records.envelope import Item
from grandrounds.records.funnel import problems
from grandrounds.records.rejection import Rejection
from grandrounds.release.verify import verify
from pipelines.running import Outcome

Build = Callable[..., Outcome]


def digests(folder: str | Path | None) -> dict[str, str]:
    assert folder is not None
    root = Path(folder)
    return {
        str(path.relative_to(root)): sha256_file(path) for path in sorted(root.rglob("*")) if path.is_file()
    }


def rows(home: Path, table: str, record: type[Any]) -> list[Any]:
    return Lake(str(home / "lake")).read_records(f"case_diagnosis/{table}", record)


def test_case_reports_become_a_release_that_verifies_from_its_files_alone(
    build: Build, tmp_path: Path, sources: Path
) -> None:
    outcome = build(tmp_path / "home", sources)
    assert outcome.success, outcome.errors
    assert outcome.release is not None
    report = verify(Path(outcome.release))
    assert report.problems == ()
    assert report.preview

    made = rows(tmp_path / "home", "items", Item)
    refused = rows(tmp_path / "home", "rejections", Rejection)
    assert made and refused
    assert {row.gate for row in refused} >= {"licence", "clinical", "protected"}
    assert all(not row.reviewed and row.review.status == "not-reviewed" for row in made)
    assert problems(outcome.funnel) == []

    frames = [pd.read_parquet(path) for path in Path(outcome.release).glob("data/*/*.parquet")]
    assert sum(map(len, frames)) == len(made)


def test_the_same_inputs_give_the_same_bytes_and_nothing_is_read_twice(
    build: Build, tmp_path: Path, sources: Path
) -> None:
    first = build(tmp_path / "home", sources)
    before = digests(first.release)
    again = build(tmp_path / "home", sources)
    assert again.tables["sources"]["read_now"] == 0
    assert {name for name, data in again.tables.items() if "reused" not in data["made"]} == {"release"}
    assert again.tables["release"]["made"] == "this content is already published"
    assert (again.release, digests(again.release)) == (first.release, before)

    elsewhere = shutil.copytree(sources, tmp_path / "another place" / "sources")
    fresh = build(tmp_path / "another home", elsewhere)
    assert digests(fresh.release) == before


def test_adding_one_article_reads_one_and_moves_nobody(build: Build, tmp_path: Path, sources: Path) -> None:
    late = sources / "case_reports/cardiovascular/breathless-on-lying-left.xml"
    kept = tmp_path / late.name
    shutil.move(late, kept)
    first = build(tmp_path / "home", sources)
    before = {row.group_id: row.split for row in rows(tmp_path / "home", "items", Item)}
    shutil.move(kept, late)
    second = build(tmp_path / "home", sources)
    assert second.tables["sources"]["read_now"] == 1
    after = {row.group_id: row.split for row in rows(tmp_path / "home", "items", Item)}
    assert {group: after[group] for group in before if group in after} == before
    assert len(after) == len(before) + 1
    assert (first.release or "").endswith("0.1.0")
    assert (second.release or "").endswith("0.2.0")


def test_a_planted_bad_row_stops_what_is_after_it_and_is_named(
    build: Build, tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = RuleAuthor.draft

    def twice(self: RuleAuthor, cases: Any) -> Any:
        made = list(honest(self, cases))
        return [*made, made[0]]

    monkeypatch.setattr(RuleAuthor, "draft", twice)
    outcome = build(tmp_path / "home", sources)
    assert not outcome.success
    assert outcome.release is None
    assert "revisions" not in outcome.tables
    (check,) = [check for check in outcome.failed_checks if check.severity == "ERROR"]
    assert (check.asset, check.check) == ("case_diagnosis/drafts", "contract")
    (rule,) = check.metadata["failed"]
    assert rule["rule"] == "draft_id_unique"
    assert rule["row_ids"] and all(name.startswith("draft-") for name in rule["row_ids"])

    monkeypatch.undo()
    assert build(tmp_path / "home", sources).success is False, (
        "the kept table must be judged again as it is"
    )


def test_a_lost_row_is_noticed_by_the_funnel(
    build: Build, tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = RuleAuthor.revise
    monkeypatch.setattr(RuleAuthor, "revise", lambda self, drafts: list(honest(self, drafts))[1:])
    outcome = build(tmp_path / "home", sources)
    assert not outcome.success
    assert [check.asset for check in outcome.failed_checks if check.severity == "ERROR"] == [
        "case_diagnosis/funnel"
    ]
    assert outcome.release is None


def test_an_empty_folder_gives_a_message_not_a_traceback(build: Build, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    outcome = build(tmp_path / "home", tmp_path / "empty")
    assert not outcome.success
    assert len(outcome.errors) == 1
    assert "no" in outcome.errors[0].lower()
    assert "Traceback" not in outcome.errors[0]


def test_sources_are_read_where_they_are_and_never_changed(
    build: Build, tmp_path: Path, sources: Path
) -> None:
    before = hashlib.sha256(repr(digests(sources)).encode()).hexdigest()
    build(tmp_path / "home", sources)
    assert hashlib.sha256(repr(digests(sources)).encode()).hexdigest() == before
