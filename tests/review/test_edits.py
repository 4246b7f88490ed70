"""What a reviewer may change, what is refused, and the item that comes of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import ReviewError
from grandrounds.records.envelope import content_sha256, item_id
from grandrounds.review.edits import EDITABLE, Edits, apply_edits, fault_in_edits, parse_edits
from tests.support.factories import make_candidate, make_case

MCQ = make_candidate(make_case(0))  # acute pericarditis, alias AP
OPEN = make_candidate(make_case(0), task="diagnosis_open")
WRONG = [option for option in MCQ.options if option != MCQ.answer]


def with_option(old, new):
    return [new if option == old else option for option in MCQ.options]


def test_the_stem_is_not_among_what_may_be_changed():
    assert set(EDITABLE) == {"question", "options", "answer", "rationale", "answer_aliases"}
    with pytest.raises(ReviewError, match="unknown key 'stem'"):
        parse_edits('{"stem":"Another patient."}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "3",
        '{"options":"one"}',
        '{"options":[1]}',
        '{"answer":7}',
        '{"answer":"\\ud800"}',
        "[" * 9999,
    ],
)
def test_edits_of_another_shape_are_told(text):
    with pytest.raises(ReviewError, match="edits can't be used"):
        parse_edits(text)


def test_a_new_distractor_takes_the_place_of_the_old_one():
    edited = apply_edits(MCQ, Edits(options=with_option(WRONG[1], "migraine")))
    assert edited.options == tuple(with_option(WRONG[1], "migraine"))
    assert edited.options[edited.answer_index] == edited.answer == MCQ.answer
    origins = {origin.option: origin.origin for origin in edited.option_origins}
    assert origins["migraine"] == "reviewer"
    assert origins[MCQ.answer] == "answer"
    assert origins[WRONG[0]] == "terminology"


def test_ids_are_made_anew_and_only_where_the_identity_changed():
    asked = apply_edits(MCQ, Edits(question="What is the best diagnosis here?"))
    assert asked.item_id == item_id(asked) != MCQ.item_id
    assert asked.content_sha256 == content_sha256(asked) != MCQ.content_sha256
    explained = apply_edits(MCQ, Edits(rationale="Because of the rub."))
    assert explained.item_id == MCQ.item_id
    assert explained.content_sha256 != MCQ.content_sha256
    assert explained.stem == MCQ.stem
    assert explained.evidence == MCQ.evidence


def test_another_option_can_be_made_the_answer():
    edits = Edits(answer=WRONG[0], answer_aliases=[])
    assert fault_in_edits(MCQ, edits) is None
    edited = apply_edits(MCQ, edits)
    assert edited.options == MCQ.options
    assert edited.options[edited.answer_index] == WRONG[0]
    origins = {origin.option: origin.origin for origin in edited.option_origins}
    assert (origins[WRONG[0]], origins[MCQ.answer]) == ("answer", "reviewer")


@pytest.mark.parametrize(
    ("candidate", "edits", "reason"),
    [
        (MCQ, {"options": list(MCQ.options[:4])}, "5 options, the edit gives 4"),
        (MCQ, {"options": [*MCQ.options, "gout"]}, "5 options, the edit gives 6"),
        (MCQ, {"options": with_option(WRONG[0], WRONG[1].upper())}, "are the same"),
        (MCQ, {"options": with_option(MCQ.answer, "gout")}, "not among the options"),
        (MCQ, {"answer": "gout"}, "not among the options"),
        (MCQ, {"answer": MCQ.answer + "."}, "letter for letter"),
        (MCQ, {"answer": WRONG[0]}, "aliases are the old"),
        (MCQ, {"options": with_option(WRONG[0], "AP")}, "two answers would be right"),
        (MCQ, {"answer_aliases": [WRONG[0]]}, "two answers would be right"),
        (MCQ, {"options": with_option(WRONG[0], " \n")}, "no words"),
        (MCQ, {"options": with_option(WRONG[0], "x" * 501)}, "501"),
        (MCQ, {"question": "Why?"}, "shorter than 8"),
        (MCQ, {"question": "        "}, "no words"),
        (MCQ, {"question": "Is this acute pericarditis or not?"}, "names the answer"),
        (MCQ, {"question": "Does AP explain this picture?"}, "names the answer"),
        (MCQ, {"rationale": "a\x00b"}, r"U+0000"),
        (MCQ, {"rationale": "x" * 20_001}, "20,001"),
        (MCQ, {"rationale": MCQ.rationale}, "change nothing"),
        (MCQ, {"options": list(reversed(MCQ.options))}, "change nothing"),
        (MCQ, {"answer_aliases": ["x"] * 51}, "more than 50"),
        (OPEN, {"options": ["one", "two"]}, "open question"),
        (OPEN, {"answer": "chest pain", "answer_aliases": []}, "stem names 'chest pain'"),
        (OPEN, {"answer_aliases": ["chest pains"]}, "stem names"),
        (OPEN, {"answer": ""}, "no words"),
        (OPEN, {}, "change nothing"),
    ],
)
def test_an_edit_that_breaks_the_item_is_refused_with_the_reason(candidate, edits, reason):
    fault = fault_in_edits(candidate, parse_edits(json.dumps(edits)))
    assert fault is not None
    assert reason in fault


@pytest.mark.parametrize(
    ("candidate", "edits"),
    [
        (MCQ, {"options": with_option(WRONG[0], "gout")}),
        (MCQ, {"options": with_option(MCQ.answer, "Acute pericarditis"), "answer": "Acute pericarditis"}),
        (MCQ, {"answer_aliases": []}),
        (OPEN, {"answer": "viral pericarditis", "answer_aliases": ["VP"]}),
        (OPEN, {"rationale": ""}),
        (OPEN, {"rationale": "Acute pericarditis, as the rub tells."}),
    ],
)
def test_a_sound_edit_passes(candidate, edits):
    assert fault_in_edits(candidate, parse_edits(json.dumps(edits))) is None


names = st.text(st.characters(codec="utf-8", categories=["L", "N", "Zs"]), max_size=8)
some_options = st.lists(st.one_of(st.sampled_from(MCQ.options), names), max_size=6)
some_edits = st.fixed_dictionaries(
    {},
    optional={
        "question": st.one_of(names, st.just("Which disease is the likeliest?")),
        "options": some_options,
        "answer": st.one_of(st.sampled_from(MCQ.options), names),
        "answer_aliases": st.lists(names, max_size=2),
        "rationale": names,
    },
)


@given(some_edits)
def test_whatever_passes_leaves_a_sound_item(fields):
    edits = parse_edits(json.dumps(fields))
    if fault_in_edits(MCQ, edits) is not None:
        return
    edited = apply_edits(MCQ, edits)
    assert len(set(edited.options)) == 5
    assert edited.options[edited.answer_index] == edited.answer
    assert [origin.option for origin in edited.option_origins] == list(edited.options)
    assert edited.item_id == item_id(edited)
    assert edited.content_sha256 == content_sha256(edited) != MCQ.content_sha256
    if "options" in fields:
        assert set(edited.options) == set(fields["options"])
    kept = [i for i, option in enumerate(MCQ.options) if option in edited.options]
    assert all(edited.options[i] == MCQ.options[i] for i in kept)


@given(some_edits, st.randoms(use_true_random=False))
def test_the_order_in_which_options_were_typed_makes_no_other_item(fields, random):
    edits = parse_edits(json.dumps(fields))
    if edits.options is None or fault_in_edits(MCQ, edits) is not None:
        return
    mixed = list(edits.options)
    random.shuffle(mixed)
    other = apply_edits(MCQ, edits.model_copy(update={"options": mixed}))
    assert other.content_sha256 == apply_edits(MCQ, edits).content_sha256
