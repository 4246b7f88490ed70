"""Books become releases: whole builds of ``figure_vqa``, from folders to verified files and back to the page."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from grandrounds.figures.desk import Desk
from grandrounds.figures.sampling import COLUMNS
from grandrounds.figures.scores import pair_sha256
from grandrounds.fingerprint import sha256_bytes
from grandrounds.lake import Lake
from grandrounds.paths import demo_sources
from grandrounds.records.envelope import Item
from grandrounds.records.figure import PAIRED, FigureRow
from grandrounds.records.funnel import problems
from grandrounds.records.source import Source
from grandrounds.records.table import from_table
from grandrounds.release.verify import verify
from grandrounds.sources.textbook import cut
from pipelines.running import Outcome

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    shutil.copytree(demo_sources() / "textbooks", folder / "textbooks")
    shutil.copy(demo_sources() / "sources.yaml", folder)
    return folder


def items_of(release: Path) -> list[Item]:
    return [
        item
        for path in sorted(release.glob("data/*/*.parquet"))
        for item in from_table(Item, pq.ParquetFile(path).read())
    ]


def cut_again(items: list[Item], *, home: Path, folder: Path) -> int:
    """How many items' pictures are the bytes at their page and box in the source; fails where one is not."""
    lake = Lake(str(home / "lake"))
    paths = {row.source_id: row for row in lake.read_records("figure_vqa/sources", Source)}
    compared = 0
    for item in items:
        (media,) = item.media
        if media.locator is None or media.locator.page is None:
            continue  # markup names a file: its bytes are the picture
        source = folder / paths[item.source_id].path
        again = cut(source, page=media.locator.page, box=media.locator.box)
        assert sha256_bytes(again.picture) == media.sha256, (source, media.locator)
        compared += 1
    return compared


def record_verdicts(home: Path, figures: Iterable[FigureRow]) -> None:
    """A person's verdicts on every pair: the first is wrong, the others are right."""
    pairs = sorted((row for row in figures if row.status == PAIRED), key=lambda row: row.evidence_id)
    written = io.StringIO(newline="")
    lines = csv.writer(written)
    lines.writerow(COLUMNS)
    for position, row in enumerate(pairs):
        verdict = "right" if position else "wrong"
        lines.writerow(["figure_vqa", "all", row.evidence_id, pair_sha256(row), verdict, "reviewer-a"])
    desk = Desk(lake=Lake(str(home / "lake")), recipe="figure_vqa", folder=home)
    desk.record(written.getvalue().encode(), scorer="reviewer-a", lock=home / "locks" / "scores.lock")


def test_the_demo_s_books_become_items_that_verify_and_cut_again_from_their_pages(
    tmp_path: Path, books: Path, build: Callable[..., Outcome]
) -> None:
    home = tmp_path / "home"
    outcome = build(home, books, recipe="figure_vqa")
    assert outcome.success and outcome.release, (outcome.errors, outcome.failed_checks)
    assert problems(outcome.funnel) == []
    assert not verify(Path(outcome.release)).problems

    items = items_of(Path(outcome.release))
    assert {item.task for item in items} >= {
        "figure_modality_mcq",
        "figure_anatomy_mcq",
        "figure_finding_mcq",
        "figure_panel_mcq",
        "figure_description_open",
    }
    assert cut_again(items, home=home, folder=books) > len(items) // 3
    figures = {
        row.evidence_id: row
        for row in Lake(str(home / "lake")).read_records("figure_vqa/figures", FigureRow)
    }
    for item in items:
        row = figures[item.evidence_id]
        assert row.status == PAIRED
        assert item.media[0].caption == "", "the caption would give the answer away"
        for quote in item.evidence:
            span = quote.locator.span or pytest.fail(f"{item.item_id}: a quote without a place")
            assert row.text[span.start : span.end] == quote.quote

    again = build(home, books, recipe="figure_vqa")
    made = {table: metadata.get("made") for table, metadata in again.tables.items() if "made" in metadata}
    assert all("reused" in str(how) or "already" in str(how) for how in made.values()), made
    assert again.tables["sources"]["read_now"] == 0

    record_verdicts(home, figures.values())
    told = build(home, books, recipe="figure_vqa")
    assert told.release and told.release != outcome.release
    assert "in 1 of " in (Path(told.release) / "README.md").read_text(encoding="utf-8")
    assert "reused" in str(told.tables["figures"]["made"])
    assert verify(Path(told.release)).sound


def test_real_books_and_articles_give_a_release_that_verifies_and_cuts_again(
    tmp_path: Path, shared_data: Path, build: Callable[..., Outcome]
) -> None:
    outcome = build(tmp_path / "home", shared_data, recipe="figure_vqa")
    assert outcome.success and outcome.release, (outcome.errors, outcome.failed_checks)
    assert problems(outcome.funnel) == []
    assert verify(Path(outcome.release)).sound
    items = items_of(Path(outcome.release))
    assert len(items) >= 60
    assert cut_again(items, home=tmp_path / "home", folder=shared_data) >= 40
    assert "unknown" not in {item.licence for item in items}


def test_a_folder_without_figures_says_what_to_give(tmp_path: Path, build: Callable[..., Outcome]) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "note.txt").write_text("Nothing to see.")
    outcome = build(tmp_path / "home", folder, recipe="figure_vqa")
    assert not outcome.success
    assert "no figure" in " ".join(outcome.errors)
