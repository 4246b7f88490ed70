"""The demo films are what their code makes, small, and become what their list says."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import av
import cv2
import numpy as np
import pytest
import yaml

from grandrounds.demo.videos.shelf import EXPECTED, FILMS, FOLDER, RESERVED, expected, files, film
from grandrounds.demo.videos.troubled import LATE
from grandrounds.lake import Lake
from grandrounds.needs import ClipNeed
from grandrounds.paths import demo_sources
from grandrounds.records.clip import ClipRow
from grandrounds.records.source import Source
from grandrounds.records.video import VideoFrame, VideoRow
from grandrounds.sources.video import Videos, read_videos
from grandrounds.videos.asking import Asked, ask
from grandrounds.videos.asking_cues import steps_of
from grandrounds.videos.asking_movement import Moves, moves_of
from grandrounds.videos.asking_values import COMPUTED, NotAsked
from grandrounds.videos.container import probe
from grandrounds.videos.pose import read_pose
from grandrounds.videos.pose_signals import signals
from grandrounds.videos.repetitions import repetitions

HERE = demo_sources() / FOLDER
LIST = demo_sources().parent / EXPECTED
ENTRIES: dict[str, dict[str, Any]] = {
    entry["file"]: entry for entry in yaml.safe_load(LIST.read_text(encoding="utf-8"))
}
READ = [name for name, entry in ENTRIES.items() if entry["status"] == "read"]
SOUND = [name for name in READ if "/troubled/" not in name]


def _with(key: str) -> list[str]:
    return [name for name, entry in ENTRIES.items() if key in entry]


# ------------------------------------------------------------------------------------------- makers


@pytest.mark.parametrize("name", FILMS)
def test_making_again_gives_what_is_committed(name: str) -> None:
    for path, data in files(name).items():
        committed = (HERE / path).read_bytes()
        # Another version of a codec may pack the same pictures into other bytes.
        assert committed == data or _look_alike(committed, data), path


def test_making_twice_gives_the_same_bytes() -> None:
    name = "troubled/one-frame-nailfold.mp4"
    assert FILMS[name]().data == FILMS[name]().data


def test_the_list_is_what_the_makers_say(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--remake-golden"):
        LIST.write_text(expected(), encoding="utf-8")
    assert LIST.read_text(encoding="utf-8") == expected()


def test_no_file_lies_in_the_folder_that_the_code_does_not_make_and_all_are_small() -> None:
    found = {path.relative_to(HERE).as_posix() for path in HERE.rglob("*") if path.is_file()}
    assert found == {RESERVED, *(path for name in FILMS for path in files(name))}
    assert sum((HERE / path).stat().st_size for path in found) < 2_500_000


def test_every_fault_has_a_reason_and_a_line_on_the_page() -> None:
    page = (demo_sources().parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    for name, entry in ENTRIES.items():
        if "/troubled/" in name:
            assert entry["why"], name
            assert f"`{name.removeprefix(f'{FOLDER}/')}`" in page, name


# ------------------------------------------------------------------------------------------- reading


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Videos:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    return read_videos(demo_sources(), lake=lake, asked=ClipNeed(), workers=2, profile="internal")


def _source(found: Videos, name: str) -> Source:
    (source,) = [one for one in found.sources if one.path == name]
    return source


def _row(found: Videos, name: str) -> VideoRow:
    source = _source(found, name)
    (row,) = [one for one in found.videos if one.source_id == source.source_id]
    return row


def _clips(found: Videos, name: str) -> list[ClipRow]:
    row = _row(found, name)
    return [one for one in found.clips if one.video_id == row.video_id]


@pytest.mark.parametrize("name", ENTRIES)
def test_a_file_becomes_what_the_list_says(name: str, found: Videos) -> None:
    entry, source = ENTRIES[name], _source(found, name)
    if entry["kind"] != "other":
        assert source.kind == entry["kind"]
    assert source.status == entry["status"], source.reason
    assert entry.get("says", "") in source.reason
    assert bool(source.reason) == (source.status == "failed")
    stem = name.rpartition(".")[0]
    for ending in entry.get("beside", []):
        assert name in _source(found, f"{stem}{ending}").reason


@pytest.mark.parametrize("name", READ)
def test_a_film_is_read_as_listed(name: str, found: Videos) -> None:
    entry, row = ENTRIES[name], _row(found, name)
    if "frames" in entry:
        assert row.frames == entry["frames"]
    if "codec" in entry:
        assert row.codec == entry["codec"]
    assert row.variable_rate == entry.get("variable_rate", False) or "size_changes" in entry
    assert bool(row.rotation) == entry.get("turned", False)
    assert (row.width < row.height) == entry.get("turned", False)
    assert row.licence == entry.get("licence", "CC-BY-4.0")
    assert row.protected == entry.get("protected", False)
    assert bool(row.topics) == entry.get("topics", True)


@pytest.mark.parametrize("name", _with("cuts"))
def test_cuts_are_where_they_were_made(name: str, found: Videos) -> None:
    entry, row = ENTRIES[name], _row(found, name)
    assert [cut.frame for cut in row.cuts] == entry["cuts"]
    assert [cut.frame for cut in row.cuts if cut.kind == "gradual"] == entry.get("gradual", [])


@pytest.mark.parametrize("name", _with("cues"))
def test_words_are_heard_where_they_were_said(name: str, found: Videos) -> None:
    entry, row = ENTRIES[name], _row(found, name)
    assert (len(row.cues), row.text_origin) == (entry["cues"], entry["origin"])
    assert row.language == entry.get("language", "en")
    assert row.offset_seconds == pytest.approx(entry.get("offset", 0.0), abs=0.15)


def test_the_language_of_words_is_known(found: Videos) -> None:
    for name in _with("language"):
        assert _row(found, name).language == ENTRIES[name]["language"]


@pytest.mark.parametrize("name", _with("verdicts"))
def test_frames_are_left_out_for_the_listed_reasons(name: str, found: Videos) -> None:
    verdicts = Counter(frame.verdict for frame in _row(found, name).looked_at)
    assert set(ENTRIES[name]["verdicts"]) <= set(verdicts)


def test_nothing_with_a_name_on_it_is_kept(found: Videos) -> None:
    assert not _clips(found, f"{FOLDER}/troubled/named-echo.mp4")
    assert {frame.verdict for frame in _row(found, f"{FOLDER}/troubled/named-echo.mp4").looked_at} == {
        "name"
    }


@pytest.mark.parametrize("name", _with("slides"))
def test_pages_of_text_are_no_frames(name: str, found: Videos) -> None:
    row = _row(found, name)
    shown = [frame for frame in row.looked_at if _inside(frame, ENTRIES[name]["slides"])]
    assert shown
    assert not any(frame.verdict == "kept" for frame in shown)
    assert any(frame.verdict == "slide" for frame in shown)
    kept = {frame.frame for clip in _clips(found, name) for frame in clip.frames}
    assert kept
    assert not kept & {frame.frame for frame in shown}


def _inside(frame: VideoFrame, spans: list[list[int]]) -> bool:
    return any(first <= frame.frame < stop for first, stop in spans)


@pytest.mark.parametrize("name", _with("repetitions"))
def test_key_points_give_the_repetitions_that_were_drawn(name: str, found: Videos) -> None:
    path = demo_sources() / name
    assert _row(found, name).pose
    (ending,) = ENTRIES[name]["beside"]
    facts, index = probe(path)
    points = read_pose(path.with_suffix(ending), facts, index)
    known = {signal.name: signal for signal in signals(points)}
    for signal, count in ENTRIES[name]["repetitions"].items():
        told = repetitions(known[signal].seconds, known[signal].values, smallest=0.1)
        assert told is not None
        assert told.count == count
        assert told.confidence >= 0.6
    assert _asked(_clips(found, name), "clip_count_mcq")


@pytest.mark.parametrize("name", _with("moves"))
def test_what_moves_one_way_fixes_an_order(name: str, found: Videos) -> None:
    told = [way for clip in _clips(found, name) if isinstance(way := moves_of(clip), Moves)]
    assert told
    assert {way.direction.split()[-1] for way in told} == set(ENTRIES[name]["moves"])


@pytest.mark.parametrize("name", _with("steps"))
def test_steps_that_words_number_become_a_sequence(name: str, found: Videos) -> None:
    steps = [told for clip in _clips(found, name) if not isinstance(told := steps_of(clip), NotAsked)]
    assert {len(told) for told in steps} == {ENTRIES[name]["steps"]}
    assert _asked(_clips(found, name), "clip_order_mcq")
    assert _asked(_clips(found, name), "clip_next_mcq")


@pytest.mark.parametrize("name", _with("no_order"))
def test_of_what_swings_no_order_is_asked(name: str, found: Videos) -> None:
    assert not _asked(_clips(found, name), "clip_order_mcq")
    assert not _asked(_clips(found, name), "clip_next_mcq")


def test_one_film_under_two_names_is_one_group(found: Videos) -> None:
    for name in _with("same_group"):
        other = f"{FOLDER}/{ENTRIES[name]['same_group']}"
        assert _row(found, name).group_id == _row(found, other).group_id
    groups = {_row(found, name).group_id for name in SOUND}
    assert len(groups) >= 12  # two persons are in two films


def test_a_film_that_was_cut_short_gives_what_arrived(found: Videos) -> None:
    (name,) = _with("fewer_frames_than")
    assert 10 < _row(found, name).frames < ENTRIES[name]["fewer_frames_than"]


def test_late_words_are_moved_back(found: Videos) -> None:
    row = _row(found, f"{FOLDER}/troubled/late-subtitles-nailfold.mp4")
    assert row.offset_seconds == pytest.approx(-LATE, abs=0.15)
    assert row.offset_confidence is not None
    assert row.offset_confidence > 0.5


def test_the_sound_films_give_questions_of_every_task(found: Videos) -> None:
    clips = [clip for name in SOUND for clip in _clips(found, name)]
    counts = {task: len(_asked(clips, task)) for task in COMPUTED}
    assert min(counts.values()) >= 1, counts
    assert 25 <= sum(counts.values()) <= 75, counts


def _asked(clips: list[ClipRow], task: str) -> list[Asked]:
    options = 5 if task == "clip_frame_mcq" else 4
    return [told for clip in clips if isinstance(told := ask(clip, task, options=options), Asked)]


# ------------------------------------------------------------------------------------------- looks


def _look_alike(committed: bytes, again: bytes) -> bool:
    """Whether two films show the same at the same times, but for what a codec rounds otherwise."""
    one, other = list(_pictures(committed)), list(_pictures(again))
    if not one or [time for time, _ in one] != [time for time, _ in other]:
        return False
    apart = [np.abs(mine - its).mean() for (_, mine), (_, its) in zip(one, other, strict=True)]
    return max(apart) < 6.0


def _pictures(data: bytes) -> Iterator[tuple[float, np.ndarray]]:
    """The time of each frame, and a coarse look at it."""
    try:
        with av.open(io.BytesIO(data)) as container:
            for frame in container.decode(video=0):
                picture = frame.to_ndarray(format="rgb24")
                coarse = cv2.resize(picture, (40, 30), interpolation=cv2.INTER_AREA)
                yield round(float(frame.time or 0.0), 3), coarse.astype(np.float32)
    except (av.error.FFmpegError, IndexError):
        return


def test_the_look_of_another_film_is_told_apart() -> None:
    one, other = film("gait/across-the-room.mp4").data, film("gait/with-a-frame.mp4").data
    assert _look_alike(one, one)
    assert not _look_alike(one, other)
    assert not _look_alike(one, b"")
