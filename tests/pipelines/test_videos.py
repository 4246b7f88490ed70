"""Videos become releases: whole builds of ``video_vqa``, and every frame cut again from its source."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from grandrounds.lake import Lake
from grandrounds.paths import demo_sources
from grandrounds.records.clip import ClipRow
from grandrounds.records.envelope import Item
from grandrounds.records.funnel import problems
from grandrounds.records.source import FAILED, Source
from grandrounds.records.table import from_table
from grandrounds.release.verify import verify
from grandrounds.sources.kinds import VIDEO
from grandrounds.videos.container import cut
from grandrounds.videos.pixels import pixels_sha256
from pipelines.running import Outcome

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    shutil.copytree(demo_sources() / "videos", folder / "videos")
    shutil.copy(demo_sources() / "sources.yaml", folder)
    return folder


def items_of(release: Path) -> list[Item]:
    return [
        item
        for path in sorted(release.glob("data/*/*.parquet"))
        for item in from_table(Item, pq.ParquetFile(path).read())
    ]


def frames_cut_again(items: list[Item], *, home: Path, folder: Path) -> int:
    """How many frames of items are, pixel for pixel, what the source has at their time and crop."""
    lake = Lake(str(home / "lake"))
    paths = {row.source_id: row.path for row in lake.read_records("video_vqa/sources", Source)}
    clips = {row.evidence_id: row for row in lake.read_records("video_vqa/clips", ClipRow)}
    compared = 0
    for item in items:
        clip = clips[item.evidence_id]
        for frame in clip.frames:
            again = cut(folder / paths[clip.source_id], seconds=frame.seconds, crop=frame.crop)
            assert again.shape == (frame.height, frame.width, 3)
            assert pixels_sha256(again) == frame.pixels_sha256, (clip, frame)
            compared += 1
        assert len({media.sha256 for media in item.media}) >= 2, "one frame is no clip"
    return compared


def sound(outcome: Outcome) -> list[Item]:
    assert outcome.success and outcome.release, (outcome.errors, outcome.failed_checks)
    assert problems(outcome.funnel) == []
    assert not verify(Path(outcome.release)).problems
    return items_of(Path(outcome.release))


def test_the_demo_s_videos_become_items_whose_frames_are_cut_again_from_them(
    tmp_path: Path, films: Path, build: Callable[..., Outcome]
) -> None:
    home = tmp_path / "home"
    outcome = build(home, films, recipe="video_vqa")
    items = sound(outcome)
    assert {item.task for item in items} >= {"clip_order_mcq", "clip_change_mcq", "clip_frame_mcq"}
    assert frames_cut_again(items, home=home, folder=films) >= 2 * len(items)

    again = build(home, films, recipe="video_vqa")
    assert again.tables["sources"]["read_now"] == 0
    assert again.release == outcome.release or not again.release


def test_real_videos_give_a_release_that_verifies_and_cuts_again(
    tmp_path: Path, shared_data: Path, build: Callable[..., Outcome]
) -> None:
    home, folder = tmp_path / "home", shared_data / "videos"
    items = sound(build(home, folder, recipe="video_vqa"))
    assert {item.task for item in items} == {"clip_change_mcq"}, "nobody speaks in these"
    assert frames_cut_again(items, home=home, folder=folder) >= 4 * len(items)
    assert {item.licence for item in items} <= {"CC-BY-4.0", "CC-BY-2.0"}
    rows = Lake(str(home / "lake")).read_records("video_vqa/sources", Source)
    read = {row.path: row.status for row in rows if row.kind == VIDEO or row.path.endswith(".mp4")}
    assert len(read) == 12, "every video is a row"
    assert {path for path, status in read.items() if status == FAILED} == {
        "bad-input/truncated.mp4",
        "bad-input/empty.mp4",
    }


def test_a_folder_without_videos_says_what_to_give(tmp_path: Path, build: Callable[..., Outcome]) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "note.txt").write_text("Nothing to see.")
    outcome = build(tmp_path / "home", folder, recipe="video_vqa")
    assert not outcome.success
    assert "no video" in " ".join(outcome.errors)
