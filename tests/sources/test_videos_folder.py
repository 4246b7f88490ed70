"""A folder of videos: one row a file, one row a film, clips that can be cut again, whatever the files hold."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from grandrounds.contracts import contract
from grandrounds.fingerprint import sha256_bytes, sha256_text
from grandrounds.lake import Lake
from grandrounds.needs import ClipNeed
from grandrounds.records.clip import ClipRow
from grandrounds.records.source import Source
from grandrounds.records.table import to_table
from grandrounds.records.video import VideoRow
from grandrounds.sources.video import Videos, read_videos
from grandrounds.videos import pool
from grandrounds.videos.coherence import coherence_faults
from grandrounds.videos.container import cut
from grandrounds.videos.jobs import VideoLimits
from grandrounds.videos.pixels import pixels_sha256
from tests.conftest import ROOT
from tests.support.films import (
    absurd_header,
    changing_size,
    film_bytes,
    made,
    only_sound,
    scene,
    with_cover,
)

SIZE = (192, 144)
SRT = (
    "1\n00:00:00,300 --> 00:00:01,000\nFirst the probe is placed on the chest.\n\n"
    "2\n00:00:01,500 --> 00:00:02,600\nThen the pleural line is seen.\n"
)
Reader = Callable[..., Videos]


def film(path: Path, *, seed: int = 1, **how: Any) -> Path:
    """A film of three seconds in which a disc moves over a texture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = how.pop("size", SIZE)

    def draw(number: int) -> np.ndarray:
        return cv2.resize(scene(number, size=SIZE, seed=seed), size, interpolation=cv2.INTER_AREA)

    return made(path, **{"frames": 75, "size": size, "draw": draw, "options": {"g": "25"}, **how})


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    folder = tmp_path / "sources"
    folder.mkdir()

    def read(**how: Any) -> Videos:
        lake = how.pop("lake", "lake")
        asked = how.pop("asked", ClipNeed())
        return read_videos(folder, lake=Lake(str(tmp_path / lake)), asked=asked, workers=2, **how)

    return read


@pytest.fixture
def folder(tmp_path: Path, reader: Reader) -> Path:
    return tmp_path / "sources"


def row(videos: Videos, path: str) -> Source:
    return next(source for source in videos.sources if source.path == path)


def of_source(videos: Videos, path: str) -> VideoRow:
    return next(video for video in videos.videos if video.source_id == row(videos, path).source_id)


def clips_of(videos: Videos, path: str) -> list[ClipRow]:
    return [clip for clip in videos.clips if clip.source_id == row(videos, path).source_id]


def stored(videos: Videos) -> list[bytes]:
    """The rows as they are written."""
    tables = (("sources", videos.sources), ("videos", videos.videos), ("clips", videos.clips))
    return [
        json.dumps(to_table(rows, contract(name)).to_pylist(), default=str).encode()
        for name, rows in tables
    ]


def test_a_film_becomes_a_video_and_clips(reader: Reader, folder: Path, tmp_path: Path) -> None:
    path = film(folder / "lung ultrasound.mp4")
    (folder / "lung ultrasound.en.srt").write_text(SRT, encoding="utf-8")
    videos = reader()
    video = of_source(videos, "lung ultrasound.mp4")
    assert (video.status, video.frames, video.width, video.height) == ("read", 75, *SIZE)
    assert video.text == "First the probe is placed on the chest.\nThen the pleural line is seen."
    assert video.text_sha256 == sha256_text(video.text)
    assert [cue.span.of(video.text) for cue in video.cues] == video.text.split("\n")
    assert "name: ultrasound" in video.topics
    assert video.source_sha256 == sha256_bytes(path.read_bytes())
    clips = clips_of(videos, "lung ultrasound.mp4")
    assert clips
    lake = Lake(str(tmp_path / "lake"))
    for clip in clips:
        assert not list(coherence_faults(clip, video))
        assert clip.text_sha256 == sha256_text(clip.text)
        assert clip.language == "en"
        assert clip.medical == video.topics
        for frame in clip.frames:
            picture = lake.get_media(frame.sha256)
            with Image.open(BytesIO(picture)) as image:
                assert pixels_sha256(np.asarray(image.convert("RGB"))) == frame.pixels_sha256
            assert pixels_sha256(cut(path, seconds=frame.seconds, crop=frame.crop)) == frame.pixels_sha256
            again = cut(lake.get_media(clip.clip_sha256), seconds=frame.seconds, crop=frame.crop)
            assert pixels_sha256(again) == frame.pixels_sha256
    assert row(videos, "lung ultrasound.en.srt").reason.startswith("It belongs to lung ultrasound.mp4")
    assert lake.get_media(video.sheet_sha256).startswith(b"\x89PNG")
    assert all(lake.has_media(frame.thumbnail) for frame in video.looked_at if frame.thumbnail)
    stored(videos)


def test_every_file_has_a_row_and_a_reason(reader: Reader, folder: Path) -> None:
    film(folder / "sound.mp4")
    (folder / "empty.mp4").touch()
    (folder / "half.mp4").write_bytes((folder / "sound.mp4").read_bytes()[:4000])
    (folder / "huge.avi").write_bytes(absurd_header(60_000))
    only_sound(folder / "speech.mp4")
    with_cover(folder / "song.mp4", film=False)
    film(folder / "one.mp4", frames=1)
    changing_size(folder / "grows.ts")
    (folder / "list.mp4").write_text(f"ffconcat version 1.0\nfile '{folder}/sound.mp4'\n", encoding="utf-8")
    (folder / "stream.mp4").write_text(f"#EXTM3U\n#EXTINF:3,\n{folder}/sound.mp4\n", encoding="utf-8")
    (folder / "program.ts").write_text("export const answer = 42;\n", encoding="utf-8")
    (folder / "notes.txt").write_text("Nothing here is a film.\n", encoding="utf-8")
    (folder / "away.mp4").symlink_to("/etc/hostname")
    videos = reader()
    told = {source.path: (source.status, source.reason) for source in videos.sources}
    assert sorted(told) == sorted(path.name for path in folder.iterdir())
    assert {path: status for path, (status, _) in told.items()} == {
        "sound.mp4": "read", "one.mp4": "read", "grows.ts": "read",
        "empty.mp4": "failed", "half.mp4": "failed", "huge.avi": "failed", "speech.mp4": "failed",
        "song.mp4": "failed", "list.mp4": "failed", "stream.mp4": "failed",
        "program.ts": "passed_by", "notes.txt": "passed_by", "away.mp4": "passed_by",
    }  # fmt: skip
    for path, words in {
        "empty.mp4": "0 bytes", "half.mp4": "opened", "huge.avi": "size", "speech.mp4": "sound and no pictures",
        "song.mp4": "cover picture", "list.mp4": "not followed", "stream.mp4": "not followed",
        "away.mp4": "outside",
    }.items():  # fmt: skip
        assert words in told[path][1], told[path]
    still = of_source(videos, "one.mp4")
    assert still.frames == 1
    assert any("single frame" in note for note in still.notes)
    assert not clips_of(videos, "one.mp4")
    assert of_source(videos, "grows.ts").frames == 80
    stored(videos)


def test_what_was_read_is_not_read_again(reader: Reader, folder: Path) -> None:
    film(folder / "gait.mp4")
    first = reader()
    again = reader()
    assert (first.read_now, first.reused) == (1, 0)
    assert (again.read_now, again.reused) == (0, 1)
    assert stored(again) == stored(first)
    other = reader(asked=ClipNeed(need_topic=False, index_only=True))
    assert other.read_now == 0
    assert reader(asked=ClipNeed(clips_each=1)).read_now == 1


def test_words_that_come_later_are_read(reader: Reader, folder: Path) -> None:
    film(folder / "gait.mp4")
    assert not of_source(reader(), "gait.mp4").cues
    (folder / "gait.srt").write_text(SRT, encoding="utf-8")
    later = reader()
    assert later.read_now == 1
    assert len(of_source(later, "gait.mp4").cues) == 2
    (folder / "sources.yaml").write_text(
        "files:\n  - path: gait.mp4\n    licence: CC-BY-4.0\n    group: patient-7\n    title: A walk\n",
        encoding="utf-8",
    )
    told = reader()
    assert told.read_now == 0
    video = of_source(told, "gait.mp4")
    assert (video.licence, video.group_id, video.title) == ("CC-BY-4.0", "group:patient-7", "A walk")
    assert {clip.group_id for clip in told.clips} == {"group:patient-7"}


def test_media_that_are_gone_are_made_again(reader: Reader, folder: Path, tmp_path: Path) -> None:
    film(folder / "gait.mp4")
    first = reader()
    lost = first.clips[0].frames[0].sha256
    for path in (tmp_path / "lake").rglob(f"*{lost}*"):
        path.unlink()
    again = reader()
    assert again.read_now == 1
    assert stored(again) == stored(first)
    assert Lake(str(tmp_path / "lake")).has_media(lost)


def test_the_same_folder_gives_the_same_rows(reader: Reader, folder: Path) -> None:
    film(folder / "a.mp4")
    film(folder / "b.mkv", seed=2, options={"g": "12", "bf": "2"})
    (folder / "b.srt").write_text(SRT, encoding="utf-8")
    assert stored(reader(lake="one")) == stored(reader(lake="two"))


def test_of_copies_the_one_with_words_is_read(reader: Reader, folder: Path) -> None:
    film(folder / "a.mp4")
    (folder / "z.mp4").write_bytes((folder / "a.mp4").read_bytes())
    (folder / "z.srt").write_text(SRT, encoding="utf-8")
    videos = reader()
    assert row(videos, "a.mp4").status == "duplicate"
    assert "z.mp4" in row(videos, "a.mp4").reason
    assert len(of_source(videos, "z.mp4").cues) == 2
    assert len({source.source_id for source in videos.sources}) == len(videos.sources)


def test_one_film_coded_twice_is_one_group(reader: Reader, folder: Path) -> None:
    film(folder / "a.mp4")
    film(
        folder / "b/small.webm",
        size=(160, 120),
        codec="libvpx-vp9",
        options={"cpu-used": "8", "deadline": "realtime"},
    )
    film(folder / "other.mp4", seed=5)
    videos = reader()
    groups = {source.path: source.group_id for source in videos.sources}
    assert groups["a.mp4"] == groups["b/small.webm"] != groups["other.mp4"]
    (folder / "sources.yaml").write_text(
        "files:\n  - path: b/small.webm\n    group: patient-7\n", encoding="utf-8"
    )
    assert row(reader(), "a.mp4").group_id == "group:patient-7"


@pytest.mark.parametrize(
    ("licence", "asked", "named"),
    [
        ("CC-BY-ND-4.0", True, True),
        ("CC-BY-ND-4.0", False, False),
        ("CC-BY-4.0", True, False),
        ("unknown", True, False),
    ],
)
def test_what_may_not_be_shown_is_named_only(
    reader: Reader, folder: Path, licence: str, asked: bool, named: bool
) -> None:
    film(folder / "gait.mp4")
    (folder / "sources.yaml").write_text(
        f"files:\n  - path: gait.mp4\n    licence: {licence}\n", encoding="utf-8"
    )
    videos = reader(asked=ClipNeed(index_only=asked))
    assert videos.clips
    for clip in videos.clips:
        assert clip.index_only is named
        assert bool(clip.clip_sha256) is not named
        assert all(frame.pixels_sha256 for frame in clip.frames)


def test_a_process_that_is_lost_costs_one_video(
    reader: Reader, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_MODULE", "tests.support.odd_videos")
    sound = film(folder / "sound.mp4").read_bytes()
    odd = {
        "kill.mp4": (b"ODD KILL", "died (signal SIGKILL)"),
        "crash.mp4": (b"ODD CRASH", "died (signal SIGSEGV)"),
        "eat.mp4": (b"ODD EAT", "memory"),
        "nonsense.mp4": (b"ODD NONSENSE", "lost on its way"),
    }
    for name, (word, _) in odd.items():
        (folder / name).write_bytes(sound + word)
    videos = reader()
    assert row(videos, "sound.mp4").status == "read"
    for name, (_, why) in odd.items():
        assert row(videos, name).status == "failed"
        assert why in row(videos, name).reason
    assert not list((tmp_path / "lake/incoming/books").iterdir())
    stored(videos)
    monkeypatch.undo()
    healed = reader()
    assert (healed.read_now, healed.reused) == (4, 1)  # what was lost is tried again
    assert {row(healed, name).status for name in odd} == {"read"}


@pytest.mark.slow
def test_a_video_that_takes_too_long_is_given_up(
    reader: Reader, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_MODULE", "tests.support.odd_videos")
    (folder / "slow.mp4").write_bytes(film(tmp_path / "sound.mp4").read_bytes() + b"ODD SLEEP")
    videos = reader(limits=VideoLimits(seconds=3.0))
    assert "more than 3 seconds" in row(videos, "slow.mp4").reason
    assert not list((tmp_path / "lake/incoming/books").iterdir())


@pytest.mark.slow
def test_two_at_once_share_a_lake(folder: Path, reader: Reader, tmp_path: Path) -> None:
    for seed in range(2):
        film(folder / f"{seed}.mp4", seed=seed)
    program = (
        "import sys; from pathlib import Path; from grandrounds.lake import Lake\n"
        "from grandrounds.needs import ClipNeed; from grandrounds.sources.video import read_videos\n"
        "found = read_videos(Path(sys.argv[1]), lake=Lake(sys.argv[2]), asked=ClipNeed(), workers=1)\n"
        "print([clip.evidence_id for clip in found.clips])\n"
    )
    command = [sys.executable, "-c", program, str(folder), str(tmp_path / "lake")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) for _ in range(2)]
    told = [one.communicate(timeout=300)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert told[0] == told[1] == f"{[clip.evidence_id for clip in reader().clips]}\n"


def test_a_protected_video_stays_protected(reader: Reader, folder: Path) -> None:
    film(folder / "gait.mp4")
    (folder / "sources.yaml").write_text(
        "files:\n  - path: '*.mp4'\n    protected: true\n", encoding="utf-8"
    )
    videos = reader()
    assert row(videos, "gait.mp4").protected
    assert all(one.protected for one in (*videos.videos, *videos.clips))


def test_a_single_file_is_a_folder_of_one(reader: Reader, folder: Path, tmp_path: Path) -> None:
    path = film(folder / "gait.mp4")
    videos = read_videos(path, lake=Lake(str(tmp_path / "lake")), asked=ClipNeed())
    assert [source.path for source in videos.sources] == ["gait.mp4"]
    assert len(videos.videos) == 1


def test_names_of_any_bytes_are_read(reader: Reader, folder: Path) -> None:
    data = film_bytes(frames=30, size=SIZE)
    Path(str(folder) + "/" + b"n\xe4me\x1b.mp4".decode("utf-8", "surrogateescape")).write_bytes(data)
    videos = reader()
    assert [source.status for source in videos.sources] == ["read"]
    assert videos.sources[0].path.isprintable()
    stored(videos)


def test_a_reading_of_other_bytes_counts_for_those(
    reader: Reader, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file changes between the look at it and its reading."""
    from grandrounds.sources import video as module

    path = film(folder / "gait.mp4")
    other = film(tmp_path / "other.mp4", seed=3).read_bytes()
    hashed = module.sha256_file

    def changed(place: Path) -> str:
        found = hashed(place)
        path.write_bytes(other)
        return found

    monkeypatch.setattr(module, "sha256_file", changed)
    videos = reader()
    assert row(videos, "gait.mp4").sha256 == sha256_bytes(other)
    assert of_source(videos, "gait.mp4").source_sha256 == sha256_bytes(other)


def test_limits_of_the_recipe_count(reader: Reader, folder: Path) -> None:
    film(folder / "long.mp4")
    videos = reader(asked=ClipNeed(maximum_minutes=0.02))
    assert "minutes" in row(videos, "long.mp4").reason
    few = reader(asked=ClipNeed(clips_each=1, most_frames=2))
    assert len(few.clips) <= 1
    assert all(len(clip.frames) == 2 for clip in few.clips)


def test_rows_are_ordered_by_path_and_time(reader: Reader, folder: Path) -> None:
    for name in ("b.mp4", "a.mp4"):
        film(folder / name, seed=len(name) + ord(name[0]))
    videos = reader()
    paths = {source.source_id: source.path for source in videos.sources}
    assert [paths[video.source_id] for video in videos.videos] == ["a.mp4", "b.mp4"]
    keys = [(paths[clip.source_id], clip.frames[0].seconds) for clip in videos.clips]
    assert keys == sorted(keys)
    assert replace(videos.videos[0]) == videos.videos[0]


def test_every_real_video_is_a_row(shared_data: Path, tmp_path: Path) -> None:
    """The truncated film, which is the quickest of the real ones, and what can't be read."""
    videos = read_videos(
        shared_data / "videos/bad-input", lake=Lake(str(tmp_path / "lake")), asked=ClipNeed()
    )
    assert {source.path: source.status for source in videos.sources} == {
        "empty.mp4": "failed", "truncated.mp4": "failed", "truncated.mpeg": "read",
    }  # fmt: skip
    (video,) = videos.videos
    assert video.status == "partial"
    assert video.frames == 97
    assert videos.clips
