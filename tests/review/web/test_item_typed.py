"""What is filled in: read from the form, kept, made into a verdict; faults said in the page's language."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, Rating, WrongMark
from grandrounds.review.edits import Edits, fault_in_edits
from grandrounds.review.web.views.faults import fault
from grandrounds.review.web.views.typed import (
    Typed,
    answer_of,
    from_body,
    from_form,
    seconds_of,
)
from grandrounds.review.web.words import Words
from tests.support.factories import make_candidate, make_case

ITEM = make_candidate(make_case(0))
OPEN = make_candidate(make_case(0), task="diagnosis_open")
ENGLISH, CHINESE = Words("en"), Words("zh")


def form(**changes: str) -> list[tuple[str, str]]:
    """The form as the page sends it when nothing but ``changes`` was touched."""
    right = str(ITEM.options.index(ITEM.answer))
    fields = {"question": ITEM.question, "right": right, "rationale": ITEM.rationale}
    fields |= {"aliases": "\r\n".join(ITEM.answer_aliases), **changes}
    return [*fields.items(), *(("option", option) for option in ITEM.options)]


def test_an_untouched_form_edits_nothing() -> None:
    typed = from_form(form(), ITEM, before=None)
    assert not typed.edited
    assert typed.verdict(ACCEPT, seconds=3).decision == ACCEPT


def test_line_breaks_as_browsers_send_them_are_no_edit() -> None:
    item = replace(ITEM, rationale="One.\nTwo.\n")
    pairs = [(name, "One.\r\nTwo." if name == "rationale" else value) for name, value in form()]
    assert not from_form(pairs, item, before=None).edited


def test_accepting_a_changed_item_accepts_it_as_edited() -> None:
    verdict = from_form(form(question="Which disease is it most likely?"), ITEM, before=None).verdict(
        ACCEPT, seconds=1
    )
    assert verdict.decision == EDIT
    assert verdict.edits == '{"question":"Which disease is it most likely?"}'


def test_the_field_that_is_marked_right_is_the_answer() -> None:
    other = next(n for n, option in enumerate(ITEM.options) if option != ITEM.answer)
    typed = from_form(form(right=str(other)), ITEM, before=None)
    assert typed.edits == Edits(answer=ITEM.options[other])


@pytest.mark.parametrize("right", ["99", "-1", "x", "", "１", "9" * 40])
def test_a_mark_on_no_option_is_passed_over(right: str) -> None:
    assert not from_form(form(right=right), ITEM, before=None).edited


def test_too_few_options_are_passed_over() -> None:
    pairs = [pair for pair in form() if pair[0] != "option"]
    assert from_form([*pairs, ("option", "alone")], ITEM, before=None).edits.options is None


def test_a_rejected_item_keeps_no_edits_and_an_accepted_one_no_reasons() -> None:
    pairs = [*form(question="Which disease is it?"), ("reason", "outdated"), ("reason", "outdated")]
    typed = from_form(pairs, ITEM, before=None)
    assert typed.verdict(REJECT, seconds=None).edits == "{}"
    assert typed.verdict(REJECT, seconds=None).reasons == ("outdated",)
    assert typed.verdict(ACCEPT, seconds=None).reasons == ()


def test_ratings_and_marks_are_read() -> None:
    pairs = [
        *form(), ("rating:clear", "4"), ("rating:useful", "9"), ("rating:x", "no"),
        ("mark", "quote:2"), ("mark", "quote:2"), ("mark", "script:1"), ("mark", "box:"),
    ]  # fmt: skip
    typed = from_form(pairs, ITEM, before=None)
    assert typed.ratings == (Rating(criterion="clear", score=4),)
    assert typed.marks == (WrongMark(kind="quote", reference="2"),)


def test_the_form_can_not_say_that_an_answer_was_given() -> None:
    assert from_form([*form(), ("chosen", "anything")], ITEM, before=None).chosen is None
    assert from_form([*form(), ("chosen", "second")], ITEM, before=Typed(chosen="first")).chosen == "first"


def test_an_answer_is_an_option_letter_for_letter_or_words_where_there_are_none() -> None:
    assert answer_of(ITEM.options[1], ITEM) == ITEM.options[1]
    assert answer_of("two\r\nlines", replace(ITEM, options=("one", "two\nlines"))) == "two\nlines"
    for none in ("", "x", ITEM.options[1].upper(), f"{ITEM.options[0]}\n{ITEM.options[1]}"):
        assert answer_of(none, ITEM) is None
    assert answer_of("  a stone, perhaps\r\n", OPEN) == "a stone, perhaps"
    for none in ("", " \n", "x\0y", "x" * 10_001):
        assert answer_of(none, OPEN) is None


def test_what_is_wrong_with_a_piece_goes_with_its_mark_alone() -> None:
    pairs = [
        *form(),
        ("mark", "quote:0"),
        ("wrong:quote:0", "another\r\n organ "),
        ("wrong:quote:1", "unmarked"),
    ]
    typed = from_form(pairs, ITEM, before=None)
    assert typed.marks == (WrongMark(kind="quote", reference="0", words="another organ"),)
    older = from_body('{"marks": [["quote", "0"]], "ratings": [], "chosen": "first"}')
    assert (older.marks[0].words, older.chosen) == ("", "first")


@given(
    st.builds(
        Typed,
        comment=st.text(max_size=20),
        reasons=st.tuples(st.text(min_size=1, max_size=5)),
        chosen=st.none() | st.text(max_size=9),
        marks=st.tuples(
            st.builds(WrongMark, kind=st.just("quote"), reference=st.text(), words=st.text(max_size=9))
        ),
        edits=st.builds(Edits, question=st.none() | st.text(max_size=9), options=st.none()),
        ratings=st.tuples(st.builds(Rating, criterion=st.text(max_size=5), score=st.integers(1, 5))),
    )
)
def test_what_is_kept_comes_back(typed: Typed) -> None:
    assert from_body(typed.as_body(), answer=typed.chosen) == typed


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"ratings": 3, "marks": []}', '{"edits": {"evil": 1}}', "null"]
)
def test_what_cannot_be_read_counts_as_nothing(body: str) -> None:
    assert from_body(body) == Typed()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12.5", 12.5), ("-3", 0), ("nan", 0), ("inf", 0), ("", 0), ("1e300", 86400), ("x", 0)],
)
def test_seconds_are_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


FAULTS = (
    (ITEM, Edits(question="short"), "question", "fault.short_question"),
    (ITEM, Edits(question="What is this \x00 then?"), "question", "fault.character"),
    (ITEM, Edits(question="x" * 20_001), "question", "fault.long"),
    (ITEM, Edits(rationale="x" * 20_001), "rationale", "fault.long"),
    (ITEM, Edits(question="... ?!? ... ?!?"), "question", "fault.empty"),
    (ITEM, Edits(options=["a"]), "option", "fault.option_count"),
    (
        ITEM,
        Edits(options=["same", *ITEM.options[1:-1], "Same"], answer="same"),
        "option",
        "fault.same_options",
    ),
    (ITEM, Edits(answer="nowhere"), "answer", "fault.answer_no_option"),
    (ITEM, Edits(answer_aliases=["x"] * 51), "aliases", "fault.many_aliases"),
    (
        ITEM,
        Edits(question=f"Is it {ITEM.answer}, or is it not?"),
        "question",
        "fault.edited_question_names",
    ),
    (OPEN, Edits(options=["a", "b"]), "option", "fault.no_options"),
    (OPEN, Edits(answer=OPEN.stem.split()[0], answer_aliases=[]), "answer", "fault.stem_names"),
    (ITEM, Edits(question=ITEM.question), "", "fault.nothing"),
)


@pytest.mark.parametrize(("item", "edits", "field", "key"), FAULTS, ids=[each[3] for each in FAULTS])
def test_each_fault_is_said_in_the_page_s_language_at_its_field(item, edits, field, key) -> None:
    sentence = fault_in_edits(item, edits)
    assert sentence is not None
    for words in (ENGLISH, CHINESE):
        found = fault(sentence, words)
        assert f"fault.{found.key}" == key
        assert found.field == field
        assert "{" not in found.words
    assert re.search(r"[\u4e00-\u9fff]", fault(sentence, CHINESE).words)


def test_a_fault_that_is_not_known_is_shown_as_it_is() -> None:
    assert fault("A new rule says no.", CHINESE).words == "A new rule says no."
