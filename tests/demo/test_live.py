"""The demo's two weeks: what comes, what is refused, what retires."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grandrounds.lake import Lake
from grandrounds.records.harvested import Harvested
from grandrounds.release.published import read_items
from grandrounds.release.retirement import read_retired
from grandrounds.release.verify import verify
from grandrounds.settings import resolve
from grandrounds.weeks import Week
from pipelines.commands import find_recipe
from pipelines.running import run_job

WEEKS = ("2025-W40", "2025-W41")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    before = os.environ.get("DAGSTER_HOME")
    place = tmp_path_factory.mktemp("demo-live")
    settings = resolve({"GRANDROUNDS_HOME": str(place)}, environ={})
    for week in WEEKS:
        outcome = run_job(
            "build", find_recipe("live_cases").in_week(Week.parse(week)), settings=settings, quiet=True
        )
        assert outcome.success, outcome.errors
    yield place
    if before is None:
        os.environ.pop("DAGSTER_HOME", None)
    else:
        os.environ["DAGSTER_HOME"] = before


def harvest(home: Path, week: str) -> dict[str, set[tuple[str, str]]]:
    """What became of each article in a week, by its number."""
    rows = Lake(str(home / "lake")).read_records(f"live_cases/{week}/harvest", Harvested)
    found: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        number = row.record_id.rpartition(".")[2].removeprefix("PMC")
        found.setdefault(number, set()).add((row.status, row.reason))
    return found


def test_both_weeks_are_released_and_sound(home: Path) -> None:
    for version in ("0.202540.0", "0.202541.0"):
        assert verify(home / "releases" / "live_cases" / version).problems == ()


def test_each_article_becomes_what_the_page_on_the_demo_says(home: Path) -> None:
    first, second = (harvest(home, week) for week in WEEKS)

    assert {number for number in first if ("live", "") in first[number]} >= {
        "900101",
        "900102",
        "900103",
        "900104",
    }
    assert ("retired", "retracted") in second["900103"]
    assert ("retired", "revised") in second["900104"]
    assert ("live", "") in second["900104"]
    assert all(status == "refused" for status, _ in first["900106"])
    assert ("live", "") in second["900108"]


def test_items_of_the_corrected_article_retire(home: Path) -> None:
    second = home / "releases" / "live_cases" / "0.202541.0"

    reasons = {row.reason for row in read_retired(second)}
    assert "revised" in reasons
    assert {row.item_id for row in read_retired(second)}.isdisjoint(
        row.item_id for row in read_items(second)
    )


def test_the_report_has_both_weeks(home: Path) -> None:
    reports = home / "reports" / "live_cases"

    index = (reports / "index.html").read_text(encoding="utf-8")
    assert all((reports / f"{week}.html").is_file() and f"{week}.html" in index for week in WEEKS)
    assert "retracted" in (reports / "2025-W41.html").read_text(encoding="utf-8").casefold()
