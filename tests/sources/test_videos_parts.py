"""The parts of the reader of videos that need no film: groups, notes, limits, what goes over the pipe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.needs import ClipNeed
from grandrounds.records.source import READ, Source
from grandrounds.records.video import VideoRow
from grandrounds.sources.folder import walk
from grandrounds.sources.rules import Said
from grandrounds.sources.video_groups import join_films
from grandrounds.sources.video_notes import VideoNotes
from grandrounds.videos.jobs import (
    MARKS,
    VideoJob,
    VideoLimits,
    VideoReading,
    dump_job,
    dump_reading,
    load_job,
    load_reading,
)

MARKED = tuple(f"{0x0123456789ABCDEF * (n + 3) % (1 << 64):016x}" for n in range(MARKS))


def reading(marks: tuple[str, ...] = MARKED, *, seconds: float = 60.0) -> VideoReading:
    video = VideoRow(
        video_id="", source_id="", source_sha256="", group_id="", status="read", container="mov", codec="h264",
        width=64, height=48, rotation=0, pixel_aspect=1.0, frames=10, rate=25.0, variable_rate=False,
        start_seconds=0.5, end_seconds=0.5 + seconds, sound=False, cut_method="", decoded=0, text_sha256="",
        language="und", licence="unknown",
    )  # fmt: skip
    return VideoReading(sha256="0" * 64, video=video, marks=marks)


def groups(*readings: VideoReading, named: dict[int, str] | None = None) -> list[str | None]:
    sources = [
        Source(
            source_id=str(n), path=f"{n}.mp4", kind="video", status=READ, bytes=1,
            group_id=(named or {}).get(n, f"video:{n}"),
        )
        for n in range(len(readings))
    ]  # fmt: skip
    return [
        one.group_id for one in join_films(sources, {f"{n}.mp4": each for n, each in enumerate(readings)})
    ]


def flipped(mark: str, bits: int) -> str:
    return f"{int(mark, 16) ^ ((1 << bits) - 1):016x}"


def test_films_that_look_the_same_in_their_places_are_one_group() -> None:
    near = tuple(flipped(mark, 5) for mark in MARKED)
    assert len(set(groups(reading(), reading(near)))) == 1
    half = (*near[:5], *(flipped(mark, 32) for mark in MARKED[5:]))
    assert len(set(groups(reading(), reading(half)))) == 2
    assert len(set(groups(reading(), reading(tuple(reversed(MARKED)))))) == 2


def test_films_of_other_lengths_are_others() -> None:
    assert len(set(groups(reading(), reading(seconds=61.5)))) == 1
    assert len(set(groups(reading(), reading(seconds=70.0)))) == 2


def test_pictures_of_one_colour_say_nothing() -> None:
    black = ("0" * 16,) * MARKS
    assert len(set(groups(reading(black), reading(black), reading(()), reading(())))) == 4


def test_films_are_joined_through_others_and_a_person_says_how_they_are_called() -> None:
    far = tuple(flipped(mark, 6) for mark in MARKED)
    farther = tuple(f"{int(mark, 16) ^ (0b111111 << 6):016x}" for mark in far)
    joined = groups(reading(), reading(far), reading(farther), named={2: "group:patient-7"})
    assert set(joined) == {"group:patient-7"}


@given(
    st.lists(st.lists(st.integers(0, 2**64 - 1), min_size=MARKS, max_size=MARKS), min_size=1, max_size=6)
)
def test_groups_do_not_depend_on_order(marks: list[list[int]]) -> None:
    films = [reading(tuple(f"{mark:016x}" for mark in one)) for one in marks]
    named = {n: f"video:{n}" for n in range(len(films))}
    back = {n: f"video:{len(films) - 1 - n}" for n in range(len(films))}
    assert groups(*films, named=named) == groups(*films[::-1], named=back)[::-1]


NOTE = """# Films

## Shoulder

- `talk.mp4`: arthroscopy, filmed by the clinic.

## Other (non-medical)

| file | what |
| --- | --- |
| `bikes.mp4` | traffic |
"""


def test_notes_tell_what_names_a_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "SOURCES.md").write_text(NOTE, encoding="utf-8")
    for name in ("talk.mp4", "deep/bikes.mp4", "plain.mp4"):
        (tmp_path / name).write_bytes(b"x")
    notes = VideoNotes.of(walk(tmp_path).files)
    told = notes.about("talk.mp4", Said(title="A shoulder"))
    assert told[0] == "A shoulder"
    assert "Shoulder" in told
    assert any("arthroscopy" in line for line in told)
    assert any("traffic" in line for line in notes.about("deep/bikes.mp4", Said()))
    assert notes.about("plain.mp4", Said()) == ()


def test_a_note_that_is_no_text_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "SOURCES.md").write_bytes(b"\xff\xfe talk.mp4")
    assert VideoNotes.of(walk(tmp_path).files).about("talk.mp4", Said()) == ()


def test_jobs_and_readings_come_back() -> None:
    job = VideoJob(
        path="a\xff.mp4", size=5, asked=ClipNeed(clips_each=3), subtitles=("a.srt",), protected=True
    )
    assert load_job(dump_job(job)) == job
    told = reading()
    assert told.video is not None
    odd = replace(told, video=replace(told.video, title="a\ud800b\0", rate=float("inf")))
    back = load_reading(dump_reading(odd))
    assert back.video is not None
    assert back.video.title == "a?b?"
    assert back.video.rate == 0.0
    assert load_reading(dump_reading(told)) == told


@pytest.mark.parametrize(("size", "seconds"), [(0, 60.0), (5_000_000, 70.0), (1 << 40, 720.0)])
def test_time_grows_with_the_file(size: int, seconds: float) -> None:
    assert VideoLimits(seconds=60.0).seconds_for(size) == seconds
