"""Subtitle files: by their formats, and as people and programs write them."""

from __future__ import annotations

import codecs
import cProfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.errors import SourceError
from grandrounds.videos import subtitles_grammar
from grandrounds.videos.subtitles import MOST_BYTES, Subtitles, read_subtitle_file, read_subtitles


def srt(*blocks: str) -> Subtitles:
    return read_subtitles("\n\n".join(blocks).encode())


def vtt(*blocks: str) -> Subtitles:
    return read_subtitles("\n\n".join(("WEBVTT", *blocks)).encode())


def one(line: str) -> str:
    """What is said in a cue of one line; nothing where no cue is left."""
    found = srt(f"1\n00:00:01,000 --> 00:00:02,000\n{line}\n").cues
    return found[0][2] if found else ""


# SubRip -----------------------------------------------------------------------------------------------


def test_a_plain_file_is_read_as_it_stands() -> None:
    read = srt(
        "1\n00:00:01,000 --> 00:00:02,500\nBend the knee\nand hold", "2\n01:00:03,040 --> 01:00:04,000\nNow"
    )
    assert read.kind == "srt"
    assert read.cues == ((1.0, 2.5, "Bend the knee and hold"), (3603.04, 3604.0, "Now"))
    assert read.notes == ()


@pytest.mark.parametrize(
    ("timing", "start", "end"),
    [
        ("00:00:01.000 --> 00:00:02.000", 1.0, 2.0),
        ("00:01,000 --> 00:02,000", 1.0, 2.0),
        ("0:0:1,0-->0:0:2,5", 1.0, 2.005),
        ("0:00:01.5 --> 0:00:02.25", 1.5, 2.25),
        ("  00:00:01,000  -->  00:00:02,000  X1:10 X2:20 Y1:1 Y2:2", 1.0, 2.0),
        ("00 : 00 : 01,000 --> 00 : 00 : 02,000", 1.0, 2.0),
        ("00:00:01:500 -> 00:00:02:500", 1.5, 2.5),
        ("-00:00:01,500 --> 00:00:02,000", -1.5, 2.0),
        ("00:00:01 --> 00:00:02", 1.0, 2.0),
        ("123:00:01,000 --> 123:00:02,000", 442801.0, 442802.0),
    ],
)
def test_times_are_read_in_every_common_spelling(timing: str, start: float, end: float) -> None:
    assert srt(f"1\n{timing}\nwords").cues == ((start, end, "words"),)


def test_numbers_and_blank_lines_may_be_missing_or_too_many() -> None:
    read = srt(
        "00:00:01,000 --> 00:00:02,000\nno number\n2\n00:00:03,000 --> 00:00:04,000\nno blank line\n\n\n\n"
        "still the same cue\n\n\n7\n00:00:05,000 --> 00:00:06,000\n\n42\n\n8\n00:00:07,000 --> 00:00:08,000\nend"
    )
    assert [text for *_, text in read.cues] == [
        "no number",
        "no blank line still the same cue",
        "42",
        "end",
    ]


def test_cues_out_of_order_are_put_in_order_and_doubles_go() -> None:
    late, early = "1\n00:00:05,000 --> 00:00:06,000\nlate", "2\n00:00:01,000 --> 00:00:02,000\nearly"
    read = srt(late, early, late)
    assert [text for *_, text in read.cues] == ["early", "late"]
    assert read.notes == ("The cues were not in order of time.", "1 cues were there twice.")


def test_cues_that_overlap_are_all_kept() -> None:
    read = srt("1\n00:00:01,000 --> 00:00:09,000\nlong", "2\n00:00:02,000 --> 00:00:03,000\nshort")
    assert [text for *_, text in read.cues] == ["long", "short"]


def test_cues_that_last_no_time_or_have_no_readable_time_are_told() -> None:
    read = srt(
        "1\n00:00:01,000 --> 00:00:01,000\nnothing",
        "2\n00:00:05,000 --> 00:00:04,000\nbackwards",
        "3\n00:00:x5,000 --> 00:00:06,000\nbroken",
        "4\n00:00:07,000 --> 00:00:08,000\nfine",
    )
    assert [text for *_, text in read.cues] == ["fine"]
    assert len(read.notes) == 2


# WebVTT -----------------------------------------------------------------------------------------------


def test_webvtt_leaves_out_everything_that_is_no_cue() -> None:
    read = vtt(
        "STYLE\n::cue { color: red }",
        "REGION\nid:fred\nwidth:40%",
        "NOTE a note\nof two lines",
        "intro\n00:01.000 --> 00:02.000 align:start position:10%,line-left size:35%\nBend",
        "NOTE another",
        "00:00:03.000 --> 00:00:04.000\nHold",
        "words without a time",
    )
    assert read.kind == "vtt"
    assert read.cues == ((1.0, 2.0, "Bend"), (3.0, 4.0, "Hold"))
    assert read.notes == ()


def test_the_head_tells_the_language_and_its_other_lines_nothing() -> None:
    data = b"WEBVTT - a title\nKind: captions\nLanguage: en-US\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000\n\n00:01.000 --> 00:02.000\nBend\n"
    read = read_subtitles(data)
    assert (read.language, len(read.cues)) == ("en-US", 1)


def test_a_cue_may_follow_the_head_or_another_cue_without_a_blank_line() -> None:
    read = read_subtitles(
        b"WEBVTT\n00:01.000 --> 00:02.000\nBend\n00:03.000 --> 00:04.000\nHold\n3\n00:05.000 --> 00:06.000\nEnd"
    )
    assert [text for *_, text in read.cues] == ["Bend", "Hold", "End"]


def test_webvtt_tags_and_references_go_and_comparisons_stay() -> None:
    read = vtt(
        "00:01.000 --> 00:02.000\n<v.loud Jane Doe>Keep <b>HR</b> < 60 <c.yellow>&amp; BP &lt; 140</c></v>",
        "00:03.000 --> 00:04.000\n<lang es>dobla</lang> <ruby>knee<rt>k</rt></ruby> <00:03.500>now&nbsp;&lrm;please",
    )
    assert [text for *_, text in read.cues] == ["Keep HR < 60 & BP < 140", "dobla kneek now please"]


def test_times_beyond_the_format_are_read_and_told() -> None:
    read = vtt("1:01,5 --> 1:02,5\nBend")
    assert read.cues == ((61.005, 62.005, "Bend"),)
    assert "the format doesn't allow" in read.notes[0]


def test_a_webvtt_file_may_have_no_cue() -> None:
    assert vtt().cues == ()


def test_the_shared_file_is_read_whole(shared_data: Path) -> None:
    read = read_subtitle_file(shared_data / "videos" / "subtitles" / "subtitles_en.vtt")
    assert [(start, end) for start, end, _ in read.cues] == [(2.01, 3.5), (5.739, 6.074), (6.901, 8.0)]
    assert read.notes == ()


# Captions that roll -----------------------------------------------------------------------------------


def test_automatic_captions_that_roll_say_each_line_once() -> None:
    read = vtt(
        "00:00.000 --> 00:02.000 align:start position:0%\n \nso bend<00:00.500><c> the</c>",
        "00:02.000 --> 00:02.010\nso bend the\n ",
        "00:02.010 --> 00:04.000\nso bend the\nknee<00:03.000><c> slowly</c>",
        "00:04.000 --> 00:04.010\nknee slowly\n ",
        "00:04.010 --> 00:06.000\nknee slowly\nand hold it",
    )
    assert [text for *_, text in read.cues] == ["so bend the", "knee slowly", "and hold it"]
    assert read.notes == ("The captions roll up; what each adds was kept.",)


def test_captions_that_grow_are_one_cue() -> None:
    read = srt(
        *(
            f"{n}\n00:00:0{n},000 --> 00:00:0{n + 1},000\n{' '.join(['bend', 'the', 'knee', 'now'][:n])}"
            for n in (1, 2, 3, 4)
        )
    )
    assert read.cues == ((1.0, 5.0, "bend the knee now"),)


def test_people_who_repeat_themselves_are_believed() -> None:
    read = srt(
        "1\n00:00:01,000 --> 00:00:02,000\nAnd down",
        "2\n00:00:02,000 --> 00:00:03,000\nAnd down",
        *(f"{n}\n00:00:{n},000 --> 00:00:{n + 1},000\nline {n}" for n in range(10, 20)),
    )
    assert [text for *_, text in read.cues][:2] == ["And down", "And down"]


# Names and sounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("JOHN: bend the knee", "bend the knee"),
        ("Dr. Smith: bend the knee", "bend the knee"),
        ("Jane Doe (off screen): bend", "bend"),
        (">> MARY ANN: bend", "bend"),
        ("- Maria: bend", "bend"),
        ("Speaker 1: bend", "bend"),
        ("Physiotherapist: bend", "bend"),
        ("I'm Jane Doe from the clinic", "I'm [name] from the clinic"),
        ("My name is Jane Doe.", "My name is [name]."),
        ("my name is jane doe and today we bend", "my name is [name] and today we bend"),
        ("I saw Dr. Mary Poppins today", "I saw Dr. [name] today"),
    ],
)
def test_who_speaks_is_not_told(line: str, said: str) -> None:
    assert one(line) == said


@pytest.mark.parametrize(
    "line",
    [
        "Step 3: bend the knee",
        "Note: keep the back straight",
        "Left knee: flexion",
        "Bradykinesia: slowness of movement",
        "Patient position: supine",
        "At 12:30: start",
        "the ratio is 3:1",
        "This is Lateral Flexion",
        "the ACL (anterior cruciate ligament)",
        "see https://example.org: more",
    ],
)
def test_words_before_a_colon_or_in_brackets_that_say_something_stay(line: str) -> None:
    assert one(line) == line


@pytest.mark.parametrize(
    "line",
    ["[music]", "[MUSIC PLAYING]", "(applause)", "♪ la la la ♪", "*coughs*", "(soft music plays)", "..."],
)
def test_sounds_are_no_words(line: str) -> None:
    assert one(line) == ""


def test_a_term_that_stands_before_colons_again_and_again_is_a_name() -> None:
    blocks = [f"{n}\n00:00:{10 + n},000 --> 00:00:{11 + n},000\nEmma Tion: line {n}" for n in range(3)]
    assert [text for *_, text in srt(*blocks).cues] == ["line 0", "line 1", "line 2"]


# Encodings --------------------------------------------------------------------------------------------

_ACCENTS = "1\r\n00:00:01,000 --> 00:00:02,000\r\nPliez le genou, s\u2019il vous pla\u00eet\r\n"


@pytest.mark.parametrize(
    "data",
    [
        _ACCENTS.encode(),
        _ACCENTS.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + _ACCENTS.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + _ACCENTS.encode("utf-16-be"),
        _ACCENTS.encode("utf-16-le"),
        codecs.BOM_UTF32_LE + _ACCENTS.encode("utf-32-le"),
        _ACCENTS.encode("cp1252"),
        _ACCENTS.replace("\r\n", "\r").encode(),
        _ACCENTS.replace("\r\n", "\n").encode(),
    ],
)
def test_encodings_and_ends_of_lines_make_no_difference(data: bytes) -> None:
    assert read_subtitles(data).cues == ((1.0, 2.0, "Pliez le genou, s\u2019il vous pla\u00eet"),)


def test_the_language_tells_an_old_encoding() -> None:
    data = "1\n00:00:01,000 --> 00:00:02,000\nСогните колено\n".encode("cp1251")
    read = read_subtitles(data, language="ru")
    assert read.cues[0][2] == "Согните колено"
    assert "cp1251" in read.notes[0]


# Hostile input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b" \n ", b"\x00" * 500, b"just words\n", b"\xff\xfe", b"1\n2\n3\n", bytes(range(256)) * 40],
)
def test_what_is_no_subtitles_is_told(data: bytes) -> None:
    with pytest.raises(SourceError) as told:
        read_subtitles(data)
    assert told.value.remedy


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="bytes, more than"):
        read_subtitles(b" " * (MOST_BYTES + 1))
    monkeypatch.setattr(subtitles_grammar, "MOST_CUES", 100)
    cue = b"00:01 --> 00:02\nx\n"
    assert read_subtitles(cue * 100).cues
    with pytest.raises(SourceError, match="more than 100 cues"):
        read_subtitles(cue * 101)


@pytest.mark.parametrize(
    "text",
    [
        "1\n00:00:01,000 --> 00:00:02,000\n" + "<" * 200_000,
        "1\n00:00:01,000 --> 00:00:02,000\n" + "<i " * 100_000,
        "1\n00:00:01,000 --> 00:00:02,000\n" + "[" * 200_000,
        "1\n00:00:01,000 --> 00:00:02,000\n" + "{\\" * 100_000,
        "1\n00:00:01,000 --> 00:00:02,000\n" + "A" * 200_000 + ":",
        "1\n00:00:01,000 --> 00:00:02,000\n" + "Dr. " * 60_000,
        "1\n00:00:01,000 --> 00:00:02,000\n" + "my name is " * 40_000,
        "-->" * 100_000,
        "0" * 300_000 + " --> 1",
        ("00:00:01,000 --> " * 3000 + "\n") * 20,
        "\n" * 1_000_000 + "1\n00:00:01,000 --> 00:00:02,000\nx",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    with suppress(SourceError):
        read_subtitles(text.encode())
    assert time.process_time() - began < 5


def test_many_cues_are_read_without_looking_back_at_all_before() -> None:
    def calls(count: int) -> int:
        text = "\n".join(
            f"{n}\n{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},000 --> {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02},900\n"
            f"<i>bend it {n}</i>\n"
            for n in range(count)
        )
        done = cProfile.Profile()
        assert len(done.runcall(read_subtitles, text.encode()).cues) == count
        return sum(entry.callcount for entry in done.getstats())

    assert calls(2_000) < 12 * calls(200)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_are_words_or_an_error(data: bytes) -> None:
    for text in (b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + data, b"00:01 --> 00:02\n" + data, data):
        with suppress(SourceError):
            read_subtitles(text)


# Round trips ------------------------------------------------------------------------------------------

_WORD = st.text(st.characters(categories=["Ll"], max_codepoint=0x24F), min_size=1, max_size=9)
_LINE = st.lists(_WORD, min_size=1, max_size=6).map(" ".join)
_CUES = st.lists(
    st.tuples(st.integers(0, 10_000_000), st.integers(1, 60_000), _LINE), min_size=1, max_size=30
).map(lambda cues: sorted({(start, start + lasts): line for start, lasts, line in cues}.items()))


def stamp(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest:03}"


@settings(max_examples=150, deadline=None)
@given(cues=_CUES, kind=st.sampled_from(["srt", "vtt"]), end=st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_by_the_format_is_read_back(
    cues: list[tuple[tuple[int, int], str]], kind: str, end: str
) -> None:
    mark = "," if kind == "srt" else "."
    blocks = [
        f"{number}\n{stamp(start, mark)} --> {stamp(stop, mark)}\n{line}\n"
        for number, ((start, stop), line) in enumerate(cues, start=1)
    ]
    text = ("WEBVTT\n\n" if kind == "vtt" else "") + "\n".join(blocks)
    read = read_subtitles(text.replace("\n", end).encode())
    expected = [(start / 1000, stop / 1000, line) for (start, stop), line in cues]
    if not any("captions" in note for note in read.notes):
        assert list(read.cues) == expected
    assert not any("format" in note or "left out" in note for note in read.notes)
