"""Words are the same however a text spells them, and each knows where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.contamination.hashing import run_hashes, tokenise
from grandrounds.contamination.words import joined, place_of, places, words

# Letters that fold, compose, decompose, vanish, or stand alone; and marks that take what is before them.
ODD = "aA1e=<\u0338\u0301\u3099\u304b\u304c\u6f22\u5b57\uff76\uff9eﬁß²Å\u212b\u00ad\u200b\u00a0\u0130\u03a3\u03c2\u0345\u1100\u1161\u11a8\ud55c-'/ \n\x00\u2044"
TEXTS = st.text(max_size=40) | st.text(alphabet=st.sampled_from(ODD), max_size=16)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The PATIENT\u2019s beta-blocker.", "the patient s beta blocker"),
        ("5 \u00b5g/m\u00b2 and \ufb01bre", "5 \u03bcg m2 and fibre"),
        ("soft\u00adhyphen and zero\u200bwidth", "softhyphen and zerowidth"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("stra\u00dfe", "strasse"),
        ("\u60a3\u8005\u53d1\u70ed3\u5929", "\u60a3 \u8005 \u53d1 \u70ed 3 \u5929"),
        ("  \n\t ", ""),
        ("lone \ud800 half", "lone half"),
        ("nul\x00here", "nul here"),
    ],
)
def test_words_are_what_is_left_of_spelling(text: str, expected: str) -> None:
    assert words(text) == expected.encode().split()


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_every_word_has_a_place_and_the_places_hold_the_words(text: str) -> None:
    spots = places(text)
    assert len(spots) == len(words(text))
    assert [word for spot in dict.fromkeys(spots) for word in words(text[slice(*spot)])] == words(text)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.data())
def test_one_place_is_that_of_all_places(text: str, data: st.DataObject) -> None:
    spots = places(text)
    if spots:
        first = data.draw(st.integers(0, len(spots) - 1))
        last = data.draw(st.integers(first, len(spots) - 1))
        assert place_of(text, first, last) == (spots[first][0], spots[last][1])


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_many_texts_at_once_are_the_same_as_each_alone(texts: list[str]) -> None:
    tokens = tokenise(joined(texts))
    assert len(tokens.text_starts) == len(texts) + 1
    for number, text in enumerate(texts):
        first, end = int(tokens.text_starts[number]), int(tokens.text_starts[number + 1])
        assert tokens.words(first, end) == words(text)
        assert tokens.hashes[first:end].tolist() == tokenise(joined([text])).hashes.tolist()


@given(st.lists(st.text(alphabet="abcdefghij", min_size=1, max_size=90), min_size=13, max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_run_has_one_number_wherever_it_stands(row: list[str]) -> None:
    here = tokenise(joined([" ".join(row)])).hashes
    there = tokenise(joined(["before it " + " ".join(row) + " behind"])).hashes
    for length in (1, 2, 8, 13):
        one, other = run_hashes(here, (length,))[length], run_hashes(there, (length,))[length]
        assert one.tolist() == other[2 : 2 + len(one)].tolist()
    assert len(run_hashes(here, (13,))[13]) == len(row) - 12


def test_words_that_differ_anywhere_have_other_numbers() -> None:
    base = "x" * 70
    spelt = [base, base + "x", "y" + base[1:], base[:8] + "y" + base[9:], base[:63] + "y" + base[64:]]
    assert len(set(tokenise(joined([" ".join(spelt)])).hashes.tolist())) == len(spelt)
