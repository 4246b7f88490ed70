"""Citations leave no residue; prose that cites by name stays."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.sources import characters, citations
from grandrounds.sources.marked_text import MarkedText


def cited(text: str) -> MarkedText:
    """``text`` with each ``<...>`` as a citation, cleaned."""
    words = MarkedText()
    for position, piece in enumerate(re.split(r"<(.*?)>", text)):
        if position % 2:
            citations.cite(words, piece, target="B1")
        else:
            words.add(piece)
    citations.remove(words)
    characters.tidy(words)
    return words.stripped()


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("population [<1>]. The", "population. The"),
        ("origin [<1>, <2>]. Acc", "origin. Acc"),
        ("origin [<1>–<3>], and", "origin, and"),
        ("squirrels [<2>, <5>, <6>], hamsters [<7>], and", "squirrels, hamsters, and"),
        ("hands<1>,<2> and", "hands and"),
        ("word.<1> Next", "word. Next"),
        ("word<1>–<3>Next", "word Next"),
        ("exists (Table 1) [<2>].", "exists (Table 1)."),
        ("exists (Table 1; <3>).", "exists (Table 1)."),
        ("exists (<3>; Table 1).", "exists (Table 1)."),
        ("rare (<Smith et al., 2010>; <Jones, 2011>).", "rare."),
        ("rare (see <1> for review).", "rare."),
        ("rare (e.g., <1>, <2> and references therein).", "rare."),
        ("Smith et al. (<2004>) said", "Smith et al. said"),
        ("rare (Smith et al. <2004>; Jones and Roe <2011>, <2012a>) here", "rare here"),
        ("by Smith, [<4>], and", "by Smith, and"),
        ("found <[1]>, <[2]> yet", "found yet"),
        ("group (12 [<3>]) was", "group (12) was"),
        ("a (14% of cases<1>) b", "a (14% of cases) b"),
        ("in 1909 [<1>] and", "in 1909 and"),
        ("range [3–5] mmol [<1>]", "range [3–5] mmol"),
        ("nothing here, [sic] (or so)", "nothing here, [sic] (or so)"),
    ],
)
def test_numbers_and_brackets_go_together(written: str, stored: str) -> None:
    assert cited(written).text == stored


@pytest.mark.parametrize(
    ("written", "stored", "marked"),
    [
        ("<Smith et al. (2010)> reported", "Smith et al. (2010) reported", "Smith et al. (2010)"),
        ("the criteria of <Sharma, 2015> are", "the criteria of Sharma, 2015 are", "Sharma, 2015"),
        ("see reference <12> for", "see reference 12 for", "12"),
    ],
)
def test_authors_named_in_a_sentence_stay_and_are_marked(written: str, stored: str, marked: str) -> None:
    words = cited(written)
    assert words.text == stored
    assert [(p.kind, words.text[p.start : p.end]) for p in words.places] == [("reference", marked)]


@given(
    st.lists(
        st.sampled_from(
            ["word", "<1>", "<2>", "[", "]", "(", ")", ",", " ", ". ", "–", "<Roe, 2001>", "7"]
        ),
        max_size=30,
    )
)
def test_no_stand_in_survives_and_words_are_kept_in_order(pieces: list[str]) -> None:
    written = "".join(pieces)
    words = cited(written)
    assert not set(words.text) & {"\uffff", "\ufffe", "<", ">"}
    assert words.text.count("word") == written.count("word")
    for place in words.places:
        assert 0 <= place.start < place.end <= len(words.text)


@pytest.mark.parametrize(
    "hostile",
    [
        "(" + "a " * 60_000,
        "[" * 60_000 + "<1>",
        "<1>" * 20_000,
        "(<1> and x " * 8_000,
        "Aa Bb et al., " * 20_000 + "<2004>",
    ],
)
def test_hostile_text_costs_linear_time(hostile: str) -> None:
    begun = time.process_time()
    cited(hostile)
    assert time.process_time() - begun < 15


@pytest.mark.parametrize(
    ("before", "above", "stored"),
    [
        ("10", "9", "10\u2079"),
        ("10", "\u22123", "10\u207b\u00b3"),
        ("Ca", "2+", "Ca\u00b2\u207a"),
        ("37", "o", "37\u00b0"),
        ("1", "st", "1st"),
        ("Haemoglobin", "a", "Haemoglobin\u1d43"),
        ("BRAF", "V600E", "BRAF V600E"),
        ("", "99m", "99m"),
    ],
)
def test_superscripts_keep_their_meaning(before: str, above: str, stored: str) -> None:
    assert before + characters.raised(above, before=before) == stored


def test_characters_are_put_right() -> None:
    assert characters.tidy_text("a\u00a0\u2009b\u00ad\u200bc\n d \x92 e") == "a bc d \u2019 e"
