"""What shows that a video is medical, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.videos.container import probe
from grandrounds.videos.sidecars import sidecars
from grandrounds.videos.topics import MOST, topics
from grandrounds.videos.transcript import read_words
from grandrounds.videos.values import VideoFacts, Words


def facts(title: str = "", comment: str = "") -> VideoFacts:
    return VideoFacts(
        title=title, comment=comment, container="mov", codec="h264", width=64, height=48, coded_width=64,
        coded_height=48, rate=25.0, variable_rate=False, sound=False,
    )  # fmt: skip


def said(*lines: str) -> Words:
    return Words(origin="srt", cues=tuple((float(at), at + 1.0, line) for at, line in enumerate(lines)))


NOTHING = Words(origin="none")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("videos/gait/sports2d-demo.mp4", ("name: gait",)),
        ("lung-ultrasound/Reg_pat1.mpeg", ("name: lung", "name: ultrasound")),
        ("rehab/KneeExercise1.mp4", ("name: rehab", "name: knee", "name: exercise")),
        ("IMG_TKA.mp4", ("name: tka",)),
    ],
)
def test_names_of_folders_and_files_tell(name: str, expected: tuple[str, ...]) -> None:
    assert topics(name, facts(), NOTHING) == expected


@pytest.mark.parametrize(
    "name",
    [
        "scene-cuts/bikes.mp4",
        "scene-cuts/bigbuckbunny.mp4",
        "subtitles/video.mp4",
        "fitness/squat exercise.mp4",
        "talks/prison rehab.mp4",
        "music/left hand.mp4",
        "IMG_0001.MOV",
        "",
        "../..",
    ],
)
def test_other_names_tell_nothing(name: str) -> None:
    assert topics(name, facts(), NOTHING) == ()


@pytest.mark.parametrize(
    "lines",
    [
        ("my doctor said I should rest", "my back hurts", "pain"),
        ("be patient", "very patient", "patient people"),
        ("he injured his knee", "an MRI will tell"),
        ("cut the bone", "the heart of the artichoke", "chop with your hand"),
    ],
)
def test_people_who_talk_of_doctors_make_no_medical_film(lines: tuple[str, ...]) -> None:
    assert topics("talk.mp4", facts(), said(*lines)) == ()


def test_what_is_said_tells_when_it_says_it_twice_or_again_and_again() -> None:
    assert topics("a.mp4", facts(), said("physiotherapy helps", "the range of motion grows")) == (
        "words: physiotherapy",
        "words: range of motion",
    )
    again = said("look at the gait", "this gait is slow", "a normal gait")
    assert topics("a.mp4", facts(), again)[0] == "words: gait"


def test_titles_comments_and_notes_tell() -> None:
    assert topics("a.mp4", facts("Shoulder arthroscopy"), NOTHING) == ("title: arthroscopy",)
    assert topics("a.mp4", facts(), NOTHING, ["Viral pneumonia, curved probe"])[0] == "note: viral"


def test_what_is_called_non_medical_is_not_medical() -> None:
    for text in ("Scene cuts (non-medical)", "non medical films", "nonclinical, Non-Medical"):
        assert topics("a.mp4", facts(), NOTHING, [text]) == ()


def test_no_more_words_are_told_than_anybody_reads() -> None:
    long = " ".join(["gait ultrasound arthroscopy colonoscopy tremor ataxia seizure scoliosis dysphagia spirometry "
                     "auscultation palpation radiology neurology cardiology"])  # fmt: skip
    assert len(topics("a.mp4", facts(long), NOTHING)) == MOST


def test_the_shared_videos_are_told_apart(shared_data: Path) -> None:
    medical = {}
    for path in sorted((shared_data / "videos").rglob("*.m*")):
        if path.suffix == ".md" or path.parent.name == "bad-input":
            continue
        own, _ = probe(path)
        words = read_words(path, sidecars(path, path.parent.iterdir()), languages=("en",))
        name = str(path.relative_to(shared_data))
        medical.setdefault(path.parent.name, set()).add(bool(topics(name, own, words)))
    assert medical == {
        "gait": {True}, "lung-ultrasound": {True}, "scene-cuts": {False}, "subtitles": {False},
    }  # fmt: skip
