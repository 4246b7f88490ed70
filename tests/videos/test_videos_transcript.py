"""What is said in a video: which files belong to it, which words are taken, and when they are said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.videos.sidecars import sidecars, suffix_of
from grandrounds.videos.transcript import cues_kept, read_words, transcript
from grandrounds.videos.values import FrameIndex, Sidecars, Words
from tests.support.spoken_films import film

ENGLISH = (
    "Now bend the knee and hold it there, then straighten the leg with care and let it rest on the table."
)
FRENCH = (
    "Pliez le genou et tenez la jambe, puis tendez les bras et posez la main sur une table avec le pied."
)


def names(folder: str, *files: str, video: str = "talk.mp4") -> tuple[list[str], list[str]]:
    found = sidecars(Path(folder) / video, [Path(folder) / file for file in files])
    return [one.name for one in found.subtitles], [one.name for one in found.poses]


# Files beside -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    ["talk.srt", "Talk.SRT", "talk.en.vtt", "talk_en.vtt", "talk.en-US.auto.vtt", "talk.pt_BR.srt",
     "talk.mp4.srt", "talk (English).srt", "talk-subtitles.srt", "talk.eng.sdh.srt"],
)  # fmt: skip
def test_subtitles_of_the_same_name_belong(file: str) -> None:
    assert names("/x", "talk.mp4", file)[0] == [file]


@pytest.mark.parametrize(
    "file", ["talk_of.srt", "talking.srt", "other.srt", "talk part two.srt", "tal.srt"]
)
def test_subtitles_of_other_names_belong_to_other_videos(file: str) -> None:
    assert names("/x", "talk.mp4", "other.mp4", file)[0] == []


def test_the_longest_name_that_fits_takes_the_file() -> None:
    files = ("talk.mp4", "talk_en.mp4", "talk_en.srt", "talk.srt")
    assert names("/x", *files)[0] == ["talk.srt"]
    assert names("/x", *files, video="talk_en.mp4")[0] == ["talk_en.srt"]


def test_the_only_video_takes_the_only_subtitles_of_a_folder() -> None:
    assert names("/x", "video.mp4", "subtitles_en.vtt", video="video.mp4")[0] == ["subtitles_en.vtt"]
    both = ("video.mp4", "captions.de.srt", "captions.en.srt")
    assert names("/x", *both, video="video.mp4")[0] == ["captions.de.srt", "captions.en.srt"]
    assert names("/x", "video.mp4", "second.mov", "subtitles.vtt", video="video.mp4")[0] == []
    assert names("/x", "video.mp4", "one.vtt", "two.vtt", video="video.mp4")[0] == []


def test_files_of_other_folders_never_belong() -> None:
    assert sidecars(Path("/x/talk.mp4"), [Path("/x/talk.mp4"), Path("/y/talk.srt")]) == Sidecars()


@pytest.mark.parametrize(
    "file",
    ["talk.csv", "talk_pose.csv", "talk.json", "talk.trc", "talk_keypoints.json",
     "talkDLC_resnet50_gaitMay1shuffle1_100000.csv", "talk_Sports2D_px_person00.trc"],
)  # fmt: skip
def test_key_points_of_the_same_name_belong(file: str) -> None:
    assert names("/x", "talk.mp4", file)[1] == [file]


@pytest.mark.parametrize(
    "file", ["talk.info.json", "talks.csv", "measurements.csv", "talk_questionnaire.csv"]
)
def test_other_tables_do_not(file: str) -> None:
    assert names("/x", "talk.mp4", file)[1] == []


def test_a_suffix_tells_language_and_kind() -> None:
    told = suffix_of(Path("talk.mp4"), Path("talk.en-GB.auto.srt"))
    assert (told.language, told.weak) == ("en-GB", True)


# Which words are taken --------------------------------------------------------------------------------


def write(folder: Path, name: str, words: str) -> Path:
    path = folder / name
    path.write_text(f"1\n00:00:01,000 --> 00:00:02,000\n{words}\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def mute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("films") / "talk.mp4", seconds=3)


def test_of_several_languages_the_one_asked_for_is_taken(tmp_path: Path, mute: Path) -> None:
    both = (write(tmp_path, "talk.de.srt", "Beuge"), write(tmp_path, "talk.en.srt", "Bend"))
    assert read_words(mute, Sidecars(subtitles=both), languages=("en",)).cues[0][2] == "Bend"
    assert read_words(mute, Sidecars(subtitles=both), languages=("de",)).cues[0][2] == "Beuge"
    assert read_words(mute, Sidecars(subtitles=both[:1]), languages=("en",)).language == "de"


def test_what_a_person_wrote_goes_before_what_a_program_did(tmp_path: Path, mute: Path) -> None:
    both = (
        write(tmp_path, "talk.en.auto.srt", "ban denny"),
        write(tmp_path, "talk.en.srt", "Bend the knee"),
    )
    assert read_words(mute, Sidecars(subtitles=both), languages=("en",)).cues[0][2] == "Bend the knee"


def test_a_language_that_nobody_states_is_told_by_the_words(tmp_path: Path, mute: Path) -> None:
    files = (write(tmp_path, "talk.srt", FRENCH), write(tmp_path, "talk_2.srt", ENGLISH))
    words = read_words(mute, Sidecars(subtitles=files), languages=("en",))
    assert (words.language, words.cues[0][2]) == ("en", ENGLISH)


def test_a_file_that_can_not_be_read_is_a_note_and_the_next_is_taken(tmp_path: Path, mute: Path) -> None:
    broken = tmp_path / "talk.en.srt"
    broken.write_bytes(b"\x00" * 99)
    files = (broken, tmp_path / "gone.srt", write(tmp_path, "talk.de.srt", "Beuge"))
    words = read_words(mute, Sidecars(subtitles=files), languages=("en",))
    assert words.cues[0][2] == "Beuge"
    assert (
        sum(
            "talk.en.srt gives no words" in note or "gone.srt can't be read" in note for note in words.notes
        )
        == 2
    )


def test_nothing_said_is_no_fault(mute: Path) -> None:
    assert read_words(mute, Sidecars(), languages=("en",)) == Words(origin="none")


def test_the_shared_subtitles_reach_beyond_their_video(shared_data: Path) -> None:
    from grandrounds.videos.container import probe

    path = shared_data / "videos" / "subtitles" / "video.mp4"
    words = read_words(path, sidecars(path, path.parent.iterdir()), languages=("en",))
    assert (words.origin, words.language, len(words.cues)) == ("vtt", "en", 3)
    _, index = probe(path)
    text, cues = transcript(words, index)
    assert cues[-1].end_seconds == pytest.approx(index.end_seconds, abs=1e-6)
    assert cues[-1].span.of(text) == "And this is the third!"


# Text tracks inside -----------------------------------------------------------------------------------

_TRACK = """1
00:00:01,000 --> 00:00:02,500
<i>JOHN: First bend</i>
the knee

2
00:00:03,000 --> 00:00:04,000
Then <b>straighten</b> it
"""


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("m.mp4", "mov_text"),
        ("s.mkv", "subrip"),
        ("v.mkv", "webvtt"),
        ("a.mkv", "ass"),
        ("w.mov", "mov_text"),
    ],
)
@pytest.mark.parametrize("begins", [0.0, 2.0])
def test_text_tracks_are_read_without_names_or_markup(
    tmp_path: Path, name: str, codec: str, begins: float
) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg, which writes the tracks, is not installed")
    plain = film(tmp_path / "plain.mkv", seconds=5)
    (tmp_path / "words.srt").write_text(_TRACK, encoding="utf-8")
    made = tmp_path / name
    subprocess.run(
        [ffmpeg, "-v", "error", "-i", plain, "-i", tmp_path / "words.srt", "-map", "0:v", "-map", "1", "-c:v", "copy",
         "-c:s", codec, "-metadata:s:s:0", "language=eng", "-output_ts_offset", str(begins), made],
        check=True,
    )  # fmt: skip
    words = read_words(made, Sidecars(), languages=("en",), start_seconds=begins)
    assert (words.origin, words.language) == ("embedded", "en")
    assert [text for *_, text in words.cues] == ["First bend the knee", "Then straighten it"]
    assert [round(start, 2) for start, *_ in words.cues] == [1.0, 3.0]


def test_subtitles_beside_a_video_go_before_tracks_of_another_language(tmp_path: Path, mute: Path) -> None:
    beside = Sidecars(subtitles=(write(tmp_path, "talk.en.srt", "Bend"),))
    assert read_words(mute, beside, languages=("en",)).origin == "srt"


# Transcripts ------------------------------------------------------------------------------------------


@given(
    cues=st.lists(
        st.tuples(st.floats(-20, 40), st.floats(0.01, 30), st.text("ab ", min_size=1, max_size=8)),
        max_size=12,
    ),
    begins=st.sampled_from([0.0, 7.5]),
    offset=st.floats(-15, 15),
)
def test_a_transcript_keeps_every_cue_that_is_heard_and_cuts_it_to_the_video(
    cues: list[tuple[float, float, str]], begins: float, offset: float
) -> None:
    index = FrameIndex(
        seconds=begins + np.arange(200) / 10,
        end_seconds=begins + 20.0,
        keyframe=np.ones(200, dtype=np.bool_),
        sizes=np.ones(200, dtype=np.int64),
    )
    words = Words(origin="srt", cues=tuple((start, start + lasts, text) for start, lasts, text in cues))
    text, told = transcript(words, index, offset=offset)
    kept = cues_kept(words, index, offset=offset)
    assert [cue.span.of(text) for cue in told] == [words.cues[place][2] for place in kept]
    for cue, place in zip(told, kept, strict=True):
        assert begins <= cue.start_seconds <= cue.end_seconds <= begins + 20.0
        start = words.cues[place][0] + offset + begins
        assert cue.start_seconds == pytest.approx(max(start, begins), abs=1e-5)
    assert text.count("\n") == max(len(told) - 1, 0)
