"""By how much cues and pictures differ: measured where the sound or cuts tell, left alone elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.records.video import VideoCut
from grandrounds.videos.container import probe
from grandrounds.videos.offset import SURE, by_cuts, by_sound, measure_offset
from grandrounds.videos.sound import Levels, levels, pieces
from grandrounds.videos.values import CutsFound, FrameIndex, Words
from tests.support.spoken_films import film, speech

NO_CUTS = CutsFound(cuts=(), method="", decoded=0)


def talk(count: int, seed: int) -> list[tuple[float, float]]:
    """Times at which somebody speaks: stretches and pauses of uneven length."""
    chance = np.random.default_rng(seed)
    spans, at = [], 2.0
    for _ in range(count):
        lasts = float(chance.uniform(1.0, 4.0))
        spans.append((at, at + lasts))
        at += lasts + float(chance.uniform(0.5, 3.5))
    return spans


def cues(spans: list[tuple[float, float]], *, early: float = 0.0) -> Words:
    """Subtitles of a talk: they begin a little before the words and stay a little longer."""
    return Words(origin="srt", cues=tuple((a - 0.1 - early, b + 0.3 - early, "words") for a, b in spans))


def measured(
    path: Path, words: Words, cuts: CutsFound = NO_CUTS, *, sound: bool = True
) -> tuple[float, float | None]:
    _, index = probe(path)
    return measure_offset(words, index, cuts, path=path if sound else None)


@pytest.mark.parametrize(("early", "begins"), [(0.0, 0.0), (3.4, 0.0), (-7.0, 0.0), (12.5, 1.5)])
def test_the_sound_tells_by_how_much_cues_are_off(tmp_path: Path, early: float, begins: float) -> None:
    spans = talk(14, 3)
    seconds = spans[-1][1] + 2
    path = film(
        tmp_path / "talk.mkv",
        seconds=seconds,
        sound=speech(spans, seconds, noise=0.01),
        rate=5,
        begins=begins,
    )
    offset, sure = measured(path, cues(spans, early=early))
    assert offset == pytest.approx(early, abs=0.3)
    assert sure is not None
    assert sure >= 0.9


def test_a_trimmed_film_is_met_by_the_rest_of_its_cues(tmp_path: Path) -> None:
    spans = talk(30, 5)
    seconds = spans[-1][1] + 2
    cut = 41.0
    kept = speech(spans, seconds)[round(cut * 16_000) :]
    path = film(tmp_path / "trimmed.mkv", seconds=seconds - cut, sound=kept, rate=5)
    offset, sure = measured(path, cues(spans))
    assert offset == pytest.approx(-cut, abs=0.3)
    assert sure is not None


def test_right_times_stay_as_they_are(tmp_path: Path) -> None:
    spans = talk(10, 7)
    seconds = spans[-1][1] + 2
    path = film(tmp_path / "talk.mkv", seconds=seconds, sound=speech(spans, seconds), rate=5)
    offset, sure = measured(path, cues(spans))
    assert offset == 0.0
    assert sure is not None


@pytest.mark.parametrize(
    "case", ["no sound", "silence", "a hum", "another talk", "two cues", "none", "heard"]
)
def test_where_nothing_tells_nothing_is_moved(tmp_path: Path, case: str) -> None:
    spans = talk(10, 9)
    seconds = spans[-1][1] + 2
    sound = {
        "no sound": None,
        "silence": np.zeros(round(seconds * 16_000)),
        "a hum": 0.2 * np.sin(2 * np.pi * 700 * np.arange(round(seconds * 16_000)) / 16_000),
        "another talk": speech(talk(12, 77), seconds),
    }.get(case, speech(spans, seconds))
    path = film(tmp_path / "talk.mkv", seconds=seconds, sound=sound, rate=5)
    words = cues(spans, early=4.0)
    if case == "two cues":
        words = Words(origin="srt", cues=words.cues[:2])
    if case == "none":
        words = Words(origin="none")
    if case == "heard":
        words = Words(origin="speech", cues=words.cues)
    assert measured(path, words) == (0.0, None)


def test_cuts_tell_where_there_is_no_sound(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    at = np.cumsum(chance.uniform(2.0, 7.0, 30))
    found = tuple(
        VideoCut(frame=1, seconds=float(each), kind="hard", start_seconds=float(each), score=1.0)
        for each in at
    )
    words = Words(origin="srt", cues=tuple((float(each) - 2.5, float(each) - 0.7, "words") for each in at))
    path = film(tmp_path / "mute.mp4", seconds=float(at[-1]) + 3, rate=5)
    offset, sure = measured(path, words, CutsFound(cuts=found, method="", decoded=0), sound=False)
    assert offset == pytest.approx(2.5, abs=0.1)
    assert sure is not None
    assert sure >= SURE


def test_cuts_that_have_nothing_to_do_with_cues_tell_nothing() -> None:
    chance = np.random.default_rng(2)
    told = 0
    for _ in range(200):
        starts = sorted(chance.uniform(0, 300, 40).tolist())
        told += by_cuts(starts, sorted(chance.uniform(0, 300, 40).tolist()), length=300.0) is not None
    assert told == 0


def test_of_unrelated_talks_hardly_one_is_taken_for_a_match() -> None:
    chance = np.random.default_rng(4)
    told = wrong = 0
    for seed in range(60):
        spans, other = (
            talk(int(chance.integers(3, 40)), seed),
            talk(int(chance.integers(3, 40)), 900 + seed),
        )
        length = other[-1][1] + 3
        loud = np.full(round(length / 0.05), -60.0) + chance.normal(0, 3, round(length / 0.05))
        for start, end in other:
            loud[round(start / 0.05) : round(end / 0.05)] = -20.0
        heard = Levels(first=0.0, step=0.05, decibels=loud)
        told += by_sound(cues(spans).cues, heard, first=0.0, length=length) is not None
        own = by_sound(cues(other, early=2.0).cues, heard, first=0.0, length=length)
        wrong += own is not None and abs(own[0] - 2.0) > 0.5
    assert (told, wrong) == (0, 0)


def test_a_film_that_can_not_be_heard_is_no_fault(tmp_path: Path) -> None:
    index = FrameIndex(
        seconds=np.arange(10.0), end_seconds=10.0, keyframe=np.ones(10, dtype=np.bool_), sizes=np.ones(10)
    )
    missing = tmp_path / "gone.mp4"
    assert measure_offset(cues(talk(5, 1)), index, NO_CUTS, path=missing) == (0.0, None)


def test_the_shared_subtitles_are_not_moved(shared_data: Path) -> None:
    path = shared_data / "videos" / "subtitles" / "video.mp4"
    words = Words(origin="vtt", cues=((2.01, 3.5, "one"), (5.739, 6.074, "two"), (6.901, 8.0, "three")))
    assert measured(path, words) == (0.0, None)


# Sound ------------------------------------------------------------------------------------------------


def test_sound_is_as_long_as_it_is_and_loud_where_somebody_speaks(tmp_path: Path) -> None:
    path = film(tmp_path / "talk.mkv", seconds=6, sound=speech([(2.0, 4.0)], 6), rate=5, begins=1.0)
    found = levels(path)
    assert found is not None
    assert found.first == pytest.approx(1.0, abs=0.06)
    assert len(found.decibels) == pytest.approx(120, abs=2)
    loud = found.decibels > -30
    assert loud[42:78].mean() > 0.9
    assert not loud[:38].any()
    heard = sum(len(values) for _, values in pieces(path, rate=16_000))
    assert heard == pytest.approx(96_000, abs=1200)


def test_films_without_sound_have_none(tmp_path: Path) -> None:
    assert levels(film(tmp_path / "mute.mp4", seconds=2)) is None


@settings(max_examples=60, deadline=None)
@given(
    spans=st.lists(st.tuples(st.floats(-50, 200), st.floats(0.05, 20)), max_size=15),
    loud=st.lists(st.floats(-100, 0), min_size=1, max_size=400),
    length=st.floats(0.1, 90),
)
def test_any_cues_and_any_sound_give_an_offset_or_none(
    spans: list[tuple[float, float]], loud: list[float], length: float
) -> None:
    told = by_sound(
        [(start, start + lasts, "x") for start, lasts in sorted(spans)] or [(0.0, 1.0, "x")],
        Levels(first=0.0, step=0.05, decibels=np.array(loud)),
        first=0.0,
        length=length,
    )
    assert told is None or (SURE <= told[1] <= 1.0 and abs(told[0]) <= 181)
