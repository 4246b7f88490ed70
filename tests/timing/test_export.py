"""A release cut by date: the rows of the stretch, what they rest on, and a manifest that says the filter."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from grandrounds.cli import cli
from grandrounds.errors import TimingError
from grandrounds.fingerprint import sha256_file
from grandrounds.release.plots import Plot
from grandrounds.release.published import read_items
from grandrounds.timing.dates import DateFilter, dated_items
from grandrounds.timing.export import NAME, export, read_export
from tests.support.factories import picture
from tests.support.releases import publish, writable


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reviewed release, available from 2025-06-01."""
    plots = (Plot(name="splits.png", alt="splits", png=picture(7)),)
    monkeypatch.setattr("grandrounds.release.folder.draw_plots", lambda *args, **more: plots)
    path = publish(tmp_path / "releases", reviewed=True).path
    writable(path)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["export", *map(str, arguments)])


def middle(release: Path) -> date:
    days = sorted({item.source_published for item in read_items(release) if item.source_published})
    return days[len(days) // 2]


def test_two_halves_are_the_whole(release: Path, tmp_path: Path) -> None:
    cut = middle(release)
    _, before = export(release, DateFilter(before=cut), out=tmp_path / "before")
    _, after = export(release, DateFilter(after=cut), out=tmp_path / "after")
    items = {item.item_id: item for item in read_items(release)}
    ids = [[row.item_id for row in dated_items(tmp_path / name)] for name in ("before", "after")]
    assert sorted(ids[0] + ids[1]) == sorted(items)
    assert all(items[one].source_published < cut for one in ids[0])
    assert all(items[one].source_published >= cut for one in ids[1])
    assert before.counts.items + after.counts.items == len(items)
    assert before.counts.outside == after.counts.items > 0
    assert sum(after.counts.by_month.values()) == after.counts.items


def test_rows_are_as_in_the_release_pictures_and_all(release: Path, tmp_path: Path) -> None:
    export(release, DateFilter(after=date(1900, 1, 1)), out=tmp_path / "all")
    for path in sorted((release / "data").rglob("*.parquet")):
        copy = tmp_path / "all" / path.relative_to(release)
        assert pq.read_table(copy).equals(pq.read_table(path))
        assert (pq.read_schema(copy).metadata or {})[b"huggingface"]


def test_the_manifest_says_the_filter_the_release_and_every_file(release: Path, tmp_path: Path) -> None:
    cut = middle(release)
    place, made = export(release, DateFilter(after=cut), out=tmp_path / "part")
    assert read_export(place) == made
    assert (made.filter.by, made.filter.after, made.filter.before) == ("source_published", cut, None)
    assert made.release.manifest_sha256 == sha256_file(release / "manifest.json")
    listed = {file.path: file for file in made.files}
    there = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
    assert there == set(listed) | {NAME}
    assert all(sha256_file(place / path) == file.sha256 for path, file in listed.items())
    cases = pq.read_table(place / "evidence" / "cases.parquet").column("evidence_id").to_pylist()
    kept = {
        row["evidence_id"]
        for file in place.rglob("data/*/*.parquet")
        for row in pq.read_table(file, columns=["evidence_id"]).to_pylist()
    }
    assert set(cases) == kept
    assert made.canary in (place / "README.md").read_text()


def test_datasets_loads_an_export(release: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    place, made = export(release, DateFilter(after=middle(release)), out=tmp_path / "part")
    for task, splits in made.counts.by_task.items():
        loaded = datasets.load_dataset(str(place), task, cache_dir=str(tmp_path / "cache"))
        assert {split: len(rows) for split, rows in loaded.items()} == splits


def test_the_same_cut_gives_the_same_bytes(release: Path, tmp_path: Path) -> None:
    chosen = DateFilter(by="available_from", after=date(2025, 6, 1))
    for name in ("one", "other"):
        export(release, chosen, out=tmp_path / name)
    one, other = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "other")
    )
    assert one == other
    assert (
        export(release, replace(chosen, after=date(2025, 6, 2)), out=tmp_path / "none")[1].counts.items == 0
    )


def test_items_without_the_date_are_left_out_and_counted(tmp_path: Path, release: Path) -> None:
    preview = publish(tmp_path / "previews").path
    with pytest.raises(TimingError, match=r"No item of .* has the date available_from"):
        export(preview, DateFilter(by="available_from", after=date(2020, 1, 1)), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob(".exporting-*")) == []


def test_a_damaged_release_and_a_taken_place_are_refused(release: Path, tmp_path: Path) -> None:
    chosen = DateFilter(after=date(1900, 1, 1))
    (tmp_path / "taken").mkdir()
    with pytest.raises(TimingError, match="there already"):
        export(release, chosen, out=tmp_path / "taken")
    with pytest.raises(TimingError, match="never changes"):
        export(release, chosen, out=release / "part")
    (release / "README.md").write_text("other")
    with pytest.raises(TimingError, match="no sound release"):
        export(release, chosen, out=tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda value: value | {"files": [value["files"][0] | {"path": "../../secret"}]},
            "leaves its folder",
        ),
        (lambda value: value | {"strange": 1}, "strange"),
        (lambda value: [], "not an export"),
    ],
)
def test_a_forged_manifest_opens_nothing(release: Path, tmp_path: Path, change, words: str) -> None:
    place, _ = export(release, DateFilter(after=date(1900, 1, 1)), out=tmp_path / "part")
    writable(place)
    value = json.loads((place / NAME).read_text())
    (place / NAME).write_text(json.dumps(change(value)))
    with pytest.raises(TimingError, match=words):
        dated_items(place)


def test_the_command_tells_what_it_wrote(release: Path, tmp_path: Path) -> None:
    done = run(release, "--after", "2025-06-01", "--date", "available_from", "--out", tmp_path / "part")
    assert done.exit_code == 0, done.output
    assert "0 lie outside, 0 have no available_from" in done.output
    done = run(release, "--before", "1900-01-01", "--json")
    value = json.loads(done.output)
    assert value["counts"]["items"] == 0
    assert Path(value["path"]).name == "1.0.0-before-1900-01-01"
    assert run(release).exit_code == 2
    assert run(release, "--after", "yesterday").exit_code == 2
