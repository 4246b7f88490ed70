"""Draft against revision: nothing is lost, and what is shown can be read."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.review.web.views.diff import IN, KEPT, OUT, Piece, changes, pieces
from tests.support.factories import make_candidate, make_case

TEXTS = st.text(alphabet="ab c.,\n中文é-’", max_size=60)


def side(found: tuple[Piece, ...], *kinds: str) -> str:
    return "".join(piece.words for piece in found if piece.kind in kinds)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_off(before: str, after: str) -> None:
    found = pieces(before, after)
    assert side(found, KEPT, OUT) == before
    assert side(found, KEPT, IN) == after


@settings(deadline=None)
@given(TEXTS)
def test_equal_texts_have_no_difference(text: str) -> None:
    assert {piece.kind for piece in pieces(text, text)} <= {KEPT}


def test_a_changed_word_is_one_change() -> None:
    assert [(piece.kind, piece.words) for piece in pieces("a sharp pain", "a dull pain")] == [
        (KEPT, "a "),
        (OUT, "sharp"),
        (IN, "dull"),
        (KEPT, " pain"),
    ]


def test_numbers_and_hyphenated_words_are_not_torn() -> None:
    found = pieces("a 3.1 mmol/L of beta-blocker", "a 3.2 mmol/L of beta-agonist")
    assert (OUT, "3.1") in [(piece.kind, piece.words) for piece in found]
    assert (IN, "beta-agonist") in [(piece.kind, piece.words) for piece in found]


def test_chinese_is_compared_by_character() -> None:
    found = pieces("患者发热三天", "患者咳嗽三天")
    assert [(piece.kind, piece.words) for piece in found] == [
        (KEPT, "患者"),
        (OUT, "发热"),
        (IN, "咳嗽"),
        (KEPT, "三天"),
    ]


def test_a_sentence_written_anew_is_no_confetti() -> None:
    found = pieces("He had a fever of 39 and a cough", "She felt a chill at 41 but a rash came")
    assert sum(piece.kind == KEPT for piece in found) <= 2


def test_a_long_text_takes_no_second() -> None:
    before = "The patient was well. " * 2500
    began = time.process_time()
    found = pieces(before, before.replace("well", "ill", 40) + "He left.")
    assert time.process_time() - began < 5
    assert side(found, KEPT, OUT) == before


def test_only_fields_that_changed_are_shown() -> None:
    revision = make_candidate(make_case(0))
    draft = make_candidate(make_case(0))
    assert changes(draft, revision) == ()


def test_options_are_shown_as_a_list_with_what_stayed_first() -> None:
    from dataclasses import replace

    revision = make_candidate(make_case(0))
    draft = replace(revision, options=(*revision.options[:-1], "hiccups"))
    (change,) = changes(draft, revision)
    assert change.field == "options"
    assert [piece.kind for piece in change.pieces] == [KEPT] * (len(revision.options) - 1) + [OUT, IN]


def test_the_order_of_options_is_no_change() -> None:
    from dataclasses import replace

    revision = make_candidate(make_case(0))
    assert changes(replace(revision, options=revision.options[::-1]), revision) == ()
