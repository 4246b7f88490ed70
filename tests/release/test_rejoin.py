"""``rejoin``: frames that a release only names are cut again from one's own videos; nothing else changes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from grandrounds.cli import cli
from grandrounds.errors import ReleaseError
from grandrounds.release.manifest import read_manifest
from grandrounds.release.published import read_items
from grandrounds.release.rejoin import rejoin
from grandrounds.release.verify import verify
from tests.conftest import ROOT
from tests.support.clip_films import film
from tests.support.clip_release import (
    NOT_OPEN,
    Shot,
    Theatre,
    make_recipe,
    make_theatre,
    publish_clips,
    write_files,
)
from tests.support.releases import change_manifest, files_of, seal_again, writable
from tests.support.volume_forgery import change_rows, rows_of

FRAME = "clip_frame_mcq"


@pytest.fixture(scope="module")
def theatre() -> Theatre:
    """Of three videos two may only be named."""
    recipe = make_recipe(evidence={"index_only": True})
    shots = (Shot(seed=1), Shot(seed=2, licence=NOT_OPEN), Shot(seed=3, licence=NOT_OPEN))
    return make_theatre(*shots, recipe=recipe)


@pytest.fixture(scope="module")
def release(theatre: Theatre, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from unittest.mock import patch

    from grandrounds.release.plots import Plot
    from tests.support.factories import picture

    plots = tuple(Plot(name=f"{name}.png", alt=name, png=picture(7)) for name in ("splits", "funnel"))
    with patch("grandrounds.release.folder.draw_plots", lambda *args, **more: plots):
        return publish_clips(tmp_path_factory.mktemp("rejoin"), theatre).path


@pytest.fixture(scope="module")
def videos(theatre: Theatre, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The videos under other names, among files that are none."""
    folder = write_files(theatre, tmp_path_factory.mktemp("videos"))
    (folder / "notes.txt").write_text("no film")
    (folder / "broken.mp4").write_bytes(film(2)[:5000])
    (folder / "loop").symlink_to(folder)
    return folder


def hidden(directory: Path) -> set[str]:
    return {row["evidence_id"] for row in rows_of(directory, "clips") if row["index_only"]}


def shown(directory: Path) -> dict[str, list[bytes]]:
    """The pictures of each item, by its id."""
    return {
        row["item_id"]: [image["bytes"] for image in row["images"]]
        for path in sorted((directory / "data").rglob("*.parquet"))
        for row in pq.read_table(path, columns=["item_id", "images"]).to_pylist()
    }


# What it does ---------------------------------------------------------------------------------


def test_a_completed_copy_shows_everything_and_the_release_stays_as_it_is(
    release: Path, videos: Path, theatre: Theatre, tmp_path: Path
) -> None:
    before = files_of(release)
    done = rejoin(release, sources=videos, out=tmp_path / "copy")
    assert files_of(release) == before
    assert done.whole
    assert (done.videos, done.videos_wanted, done.frames, done.troubles) == (2, 2, 20, ())
    copy = Path(done.path)
    pictures = shown(copy)
    for item in read_items(release):
        assert pictures[item.item_id] == [theatre.media[media.sha256] for media in item.media]
    report = verify(copy)
    assert report.problems == ()
    assert [item.item_id for item in read_items(copy)] == [item.item_id for item in read_items(release)]


def test_the_copy_says_what_it_is(release: Path, videos: Path, tmp_path: Path) -> None:
    from grandrounds.fingerprint import sha256_file

    done = rejoin(release, sources=videos, out=tmp_path / "copy")
    told = read_manifest(tmp_path / "copy").rejoined
    assert told is not None
    assert told.manifest_sha256 == sha256_file(release / "manifest.json")
    assert (told.items, told.left) == (done.items, 0)
    assert "A completed copy, for yourself." in (tmp_path / "copy/README.md").read_text("utf-8")
    with pytest.raises(ReleaseError, match="is a completed copy itself"):
        rejoin(tmp_path / "copy", sources=videos, out=tmp_path / "again")


def test_the_copy_loads_with_datasets(release: Path, videos: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rejoin(release, sources=videos, out=tmp_path / "copy")
    for split in ("train", "dev", "test"):
        rows = datasets.load_dataset(
            str(tmp_path / "copy"), FRAME, split=split, cache_dir=str(tmp_path / "cache"),
            verification_mode="no_checks",
        )  # fmt: skip
        assert [image.size for image in rows[0]["images"]] == [(176, 152)] * 5


def test_what_is_missing_is_told_and_the_rest_is_completed(
    release: Path, theatre: Theatre, tmp_path: Path
) -> None:
    one = [data for name, data in theatre.files.items() if "-2-" in name]
    (tmp_path / "few").mkdir()
    (tmp_path / "few/only.mp4").write_bytes(one[0])
    done = rejoin(release, sources=tmp_path / "few", out=tmp_path / "copy")
    assert not done.whole
    assert (done.videos, done.videos_wanted) == (1, 2)
    assert {trouble.what for trouble in done.troubles} == {"its video is not among the sources"}
    copy = tmp_path / "copy"
    assert verify(copy).problems == ()
    told = read_manifest(copy).rejoined
    assert told is not None
    assert (told.items, told.left) == (done.completed, done.items - done.completed)
    assert told.left > 0


def test_without_any_video_nothing_is_written(release: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    done = rejoin(release, sources=tmp_path / "none", out=tmp_path / "copy")
    assert (done.path, done.completed) == ("", 0)
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == ["none"]


def test_a_frame_that_gives_other_pixels_is_told(release: Path, videos: Path, tmp_path: Path) -> None:
    forged = Path(shutil.copytree(release, tmp_path / "forged"))
    writable(forged)

    def change(rows: list[dict[str, object]]) -> None:
        own = [row for row in rows if row["index_only"]]
        own[0]["frames"][1]["pixels_sha256"] = "0" * 64  # type: ignore[index]
        own[1]["frames"][0]["frame"] = 10**9  # type: ignore[index]
        own[2]["frames"][0]["crop"] = [0, 0, 10**6, 10**6]  # type: ignore[index]
        own[3]["frames"][0]["seconds"] = 1e9  # type: ignore[index]

    change_rows(forged, "clips", change)
    seal_again(forged)
    done = rejoin(forged, sources=videos, out=tmp_path / "copy")
    said = " ".join(trouble.what for trouble in done.troubles)
    assert "has other pixels than the release names" in said
    assert "is number 1,000,000,000 of a film that has 75" in said
    assert "has a crop that is not within the film's picture" in said
    assert "is shown at" in said
    assert (done.completed, done.path) == (0, "")


def test_a_release_that_shows_all_it_names_needs_nothing(tmp_path: Path, videos: Path) -> None:
    made = make_theatre(Shot(seed=1), Shot(seed=2), Shot(seed=3))
    path = publish_clips(tmp_path, made).path
    done = rejoin(path, sources=videos, out=tmp_path / "copy")
    assert (done.items, done.path, done.whole) == (0, "", True)
    assert not (tmp_path / "copy").exists()


# What it refuses ------------------------------------------------------------------------------


def test_nothing_is_written_over_or_into_the_release(release: Path, videos: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(ReleaseError, match="is there already"):
        rejoin(release, sources=videos, out=tmp_path / "taken")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ReleaseError, match="is there already"):
        rejoin(release, sources=videos, out=tmp_path / "link")
    with pytest.raises(ReleaseError, match="lies in the release itself"):
        rejoin(release, sources=videos, out=release / "copy")


def test_a_damaged_or_hostile_release_is_refused(release: Path, videos: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(release, tmp_path / "damaged"))
    writable(damaged)
    (damaged / "README.md").write_text("another")
    with pytest.raises(ReleaseError, match="is not a sound release"):
        rejoin(damaged, sources=videos, out=tmp_path / "copy")
    outside = Path(shutil.copytree(release, tmp_path / "outside"))
    writable(outside)
    change_manifest(outside, lambda m: m["files"][0].update(path="../../etc/passwd"))
    with pytest.raises(ReleaseError, match="is not a sound release"):
        rejoin(outside, sources=videos, out=tmp_path / "copy")
    odd = Path(shutil.copytree(release, tmp_path / "odd"))
    writable(odd)

    def change(rows: list[dict[str, object]]) -> None:
        own = next(row for row in rows if row["index_only"])
        own["frames"][0]["sha256"] = "../../../escaped"  # type: ignore[index]

    change_rows(odd, "clips", change)
    seal_again(odd)
    with pytest.raises(ReleaseError, match="which is no SHA-256"):
        rejoin(odd, sources=videos, out=tmp_path / "copy")
    assert not list(tmp_path.glob("escaped*")) and not (tmp_path / "copy").exists()


def test_a_video_that_ends_its_reader_is_a_fault_and_no_crash(
    release: Path, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grandrounds.release import cutting
    from grandrounds.workers.process import How, Lost

    monkeypatch.setattr(
        cutting.WorkerProcess, "ask", lambda *args, **more: Lost(how=How.DIED, cause="signal SIGSEGV")
    )
    done = rejoin(release, sources=videos, out=tmp_path / "copy")
    assert "broke the process that read it (signal SIGSEGV)" in done.troubles[0].what
    assert done.completed == 0


# Killed, twice, and by hand -------------------------------------------------------------------


def test_killed_it_leaves_nothing_that_looks_like_a_copy(
    release: Path, videos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "copy"
    command = [
        sys.executable,
        "-m",
        "grandrounds",
        "rejoin",
        str(release),
        "--sources",
        str(videos),
        "--out",
    ]
    for seconds in (1.5, 3.0, 4.5):
        process = subprocess.Popen(
            [*command, str(out)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if out.exists():  # it was fast enough
            break
    if out.exists():
        assert verify(out).problems == ()
        return
    done = rejoin(release, sources=videos, out=out)
    assert done.whole
    assert verify(out).problems == ()
    assert not list(tmp_path.glob(".rejoining-*"))


def test_two_at_once_write_one_copy(release: Path, videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    command = [
        sys.executable,
        "-m",
        "grandrounds",
        "rejoin",
        str(release),
        "--sources",
        str(videos),
        "--out",
    ]
    both = [
        subprocess.Popen(
            [*command, str(out)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for _ in range(2)
    ]  # fmt: skip
    codes = []
    for process in both:
        process.communicate(timeout=300)
        codes.append(process.returncode)
    assert sorted(codes)[0] == 0
    assert set(codes) <= {0, 1, 2} and codes.count(0) == 1
    assert verify(out).problems == ()


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_the_command_ends_with_0_1_or_2(release: Path, videos: Path, tmp_path: Path) -> None:
    code, told = run("rejoin", release, "--sources", videos, "--out", tmp_path / "copy")
    assert (code, "completed" in told) == (0, True)
    (tmp_path / "none").mkdir()
    code, told = run("rejoin", release, "--sources", tmp_path / "none", "--out", tmp_path / "b", "--json")
    assert code == 1
    value = json.loads(told)
    assert (value["whole"], value["completed"]) == (False, 0)
    assert value["troubles"][0]["what"] == "its video is not among the sources"
    assert run("rejoin", release, "--sources", videos, "--out", tmp_path / "copy")[0] == 2
    assert run("rejoin", release, "--sources", tmp_path / "nowhere")[0] == 2
    assert run("rejoin", tmp_path / "nowhere", "--sources", videos)[0] == 2
    assert run("rejoin", release)[0] == 2
