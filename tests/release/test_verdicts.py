"""A verdict of ``verify`` holds for the very bytes that it was made of, and for no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grandrounds.lake import Lake
from grandrounds.release.findings import VerifyReport
from grandrounds.release.verdicts import keep_verdict, recall_verdict
from grandrounds.release.verify import verify
from grandrounds.release.writer import write_release
from tests.support.releases import make_request


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_the_writer_hands_over_what_verify_said_before_the_release_had_a_name(tmp_path: Path) -> None:
    result = write_release(make_request(), root=tmp_path)
    assert result.report == verify(result.path)
    assert write_release(make_request(), root=tmp_path).report is None


def test_a_kept_verdict_is_the_report_word_for_word(lake: Lake, release: Path) -> None:
    (release / "README.md").write_text("other")
    report = verify(release)
    assert report.problems
    assert recall_verdict(lake, release) is None
    keep_verdict(lake, release, report)
    assert recall_verdict(lake, release) == report


@pytest.mark.parametrize("change", ["byte", "gone", "more"])
def test_a_folder_that_changed_has_none(lake: Lake, release: Path, change: str) -> None:
    keep_verdict(lake, release, verify(release))
    readme = release / "README.md"
    if change == "byte":
        readme.write_bytes(readme.read_bytes()[:-1] + b"!")
    elif change == "gone":
        readme.unlink()
    else:
        (release / "more.txt").write_text("")
    assert recall_verdict(lake, release) is None


def test_a_verdict_that_was_tampered_with_counts_for_nothing(lake: Lake, release: Path) -> None:
    (release / "README.md").write_text("other")
    keep_verdict(lake, release, verify(release))
    (kept,) = Path(str(lake.root)).rglob("verdicts/*/*.json")
    digest, value = json.loads(kept.read_text())
    kept.write_text(json.dumps([digest, value | {"problems": []}]))
    assert recall_verdict(lake, release) is None
    kept.write_text("[]")
    assert recall_verdict(lake, release) is None
    assert isinstance(verify(release), VerifyReport)
