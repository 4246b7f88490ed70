"""What a panel is asked: what the solver sees, or what is left of it; each repeat a question of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import RecipeError
from grandrounds.recipe import Panel
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import Evidence, Locator, Media
from grandrounds.votes.asking import Ask, asks, count_asks, turned, vote_requests
from grandrounds.votes.reading import missing_vote
from tests.support.factories import make_candidate, make_case
from tests.support.revisions import make_recipe

CASE = make_case(0)
CHOICE = make_candidate(CASE)
OPEN = make_candidate(CASE, task="diagnosis_open")
PICTURE = Media(sha256="a" * 64, kind="image", mime="image/png", name="f1-1")


def asked(candidate: Candidate, **panel: Any) -> list[Ask]:
    return list(asks([candidate], panel=Panel(**panel), model="m"))


def text(ask: Ask) -> str:
    return ask.request.messages[-1].content


def test_with_the_evidence_a_model_sees_what_the_solver_sees() -> None:
    (ask,) = asked(CHOICE, blind=False)
    assert CHOICE.stem in text(ask) and CHOICE.question in text(ask)
    assert all(
        f"{letter}. {option}" in text(ask) for letter, option in zip("ABCDE", ask.shown, strict=False)
    )
    assert "withheld" not in text(ask)


def test_blind_it_sees_the_question_and_its_options_alone() -> None:
    (ask,) = asked(replace(CHOICE, media=(PICTURE,)), with_evidence=False)
    assert CHOICE.question in text(ask)
    assert all(option in text(ask) for option in CHOICE.options)
    assert not any(sentence in text(ask) for sentence in CHOICE.stem.split(". "))
    assert ask.request.messages[-1].media == ()
    assert "withheld" in text(ask)


def test_nothing_tells_which_option_is_right_nor_where_it_comes_from() -> None:
    for ask in asked(CHOICE, repeats=3):
        told = text(ask).replace(CHOICE.stem, "")
        assert told.count(CHOICE.answer) == 1  # among the options
        assert CHOICE.rationale not in told and CASE.citation not in told and CASE.title not in told


def test_an_open_question_without_its_case_is_not_asked() -> None:
    assert [ask.blind for ask in asked(OPEN)] == [False]
    assert "A. " not in text(asked(OPEN)[0])


def test_pictures_alone_can_be_withheld() -> None:
    shown = replace(OPEN, media=(PICTURE,))
    seen, blind = asked(shown, withheld="media")
    assert [part.sha256 for part in seen.request.messages[-1].media] == [PICTURE.sha256]
    assert blind.request.messages[-1].media == ()
    assert OPEN.stem in text(blind) and "pictures are withheld" in text(blind)
    assert [ask.blind for ask in asked(OPEN, withheld="media")] == [False], "there is nothing to withhold"


def test_pictures_that_no_model_can_be_shown_are_told_of() -> None:
    strange = replace(PICTURE, mime="image/tiff", sha256="b" * 64)
    (ask,) = asked(replace(CHOICE, media=(PICTURE, strange)), blind=False)
    assert len(ask.request.messages[-1].media) == 1
    assert "can't be shown here: 1" in text(ask)
    (bare,) = asked(replace(CHOICE, media=(PICTURE, strange)), blind=False, pictures=False)
    assert bare.request.messages[-1].media == ()


def test_every_repeat_is_a_request_of_its_own_and_more_repeats_keep_the_first_ones() -> None:
    three = [ask.request.request_id for ask in asked(OPEN, repeats=3)]
    five = [ask.request.request_id for ask in asked(OPEN, repeats=5)]
    assert len(set(five)) == 5
    assert five[:3] == three
    assert asked(OPEN)[0].request.request_id == three[0]


def test_what_changes_no_answer_changes_no_request() -> None:
    shuffled = replace(CHOICE, options=CHOICE.options[::-1], rationale="another", citation="another")
    assert [a.request.request_id for a in asked(shuffled)] == [a.request.request_id for a in asked(CHOICE)]


def test_a_letter_beyond_the_options_is_no_answer() -> None:
    for number in (2, 4):
        options = (CHOICE.answer, *[o for o in CHOICE.options if o != CHOICE.answer][: number - 1])
        (ask,) = asked(replace(CHOICE, options=options), blind=False)
        assert '"enum":["A","B"' in ask.request.schema
        assert ('"E"' in ask.request.schema, '"D"' in ask.request.schema) == (False, number == 4)


def test_protected_evidence_makes_protected_requests_blind_or_not() -> None:
    assert all(ask.request.protected for ask in asked(replace(CHOICE, protected=True)))


def test_what_is_counted_is_what_is_asked() -> None:
    panel = Panel(repeats=3)
    both = [CHOICE, OPEN, replace(OPEN, media=(PICTURE,))]
    assert count_asks(both, panel) == len(list(asks(both, panel=panel, model="m"))) == 12


def test_a_recipe_without_a_panel_asks_nobody() -> None:
    with pytest.raises(RecipeError, match="asks no panel"):
        list(vote_requests([CHOICE], recipe=make_recipe(), model="m"))


@given(
    st.lists(st.text(min_size=1), min_size=1, max_size=10, unique=True),
    st.text(min_size=1, max_size=8).filter(lambda name: name.isascii()),
)
def test_in_as_many_repeats_as_options_each_stands_at_each_letter_once(
    options: list[str], model: str
) -> None:
    orders = [turned(options, item_id="item-1", model=model, n=n + 1) for n in range(len(options))]
    assert all(sorted(order) == sorted(options) for order in orders)
    assert all(len({order[place] for order in orders}) == len(options) for place in range(len(options)))
    assert orders[0] == turned(options[::-1], item_id="item-1", model=model, n=1)


def test_models_and_items_begin_at_different_options() -> None:
    starts = Counter(
        turned("abcde", item_id=f"item-{item}", model=f"m{model}", n=1)[0]
        for item in range(100)
        for model in range(10)
    )
    assert set(starts) == set("abcde")
    assert max(starts.values()) < 260, "a fair start gives each option about 200 of 1,000"


# One frame alone ------------------------------------------------------------------------------


def frame(number: int, label: str) -> Media:
    place = Locator(kind="time_range", start_seconds=number, end_seconds=number + 0.04, frame=25 * number)
    digest = f"{number:064x}"
    return Media(sha256=digest, kind="image", mime="image/png", name="f", label=label, locator=place)


def film(*labels: str, **more: Any) -> Candidate:
    media = tuple(frame(number, label) for number, label in enumerate(labels, start=1))
    fields: dict[str, Any] = {"media": media, "task": "clip_reasoning_mcq", "evidence": ()}
    return replace(CHOICE, **{**fields, **more})


def named(*numbers: int) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            role="support",
            source_id="s",
            evidence_id="e",
            quote="",
            locator=Locator(kind="time_range", frame=25 * number),
        )
        for number in numbers
    )


def alone(candidate: Candidate) -> Ask:
    (ask,) = asked(candidate, with_evidence=False, blind=False, one_frame=True)
    return ask


def shown_in(ask: Ask) -> list[int]:
    return [int(part.sha256, 16) for part in ask.request.messages[-1].media]


def test_frames_are_told_apart_by_their_labels_in_order() -> None:
    (ask,) = asked(film("A", "B", "C"), blind=False)
    assert "Its pictures, in this order: A, B, C." in text(ask)
    (plain,) = asked(replace(CHOICE, media=(PICTURE, PICTURE)), blind=False)
    assert "in this order" not in text(plain), "requests of other kinds stay as they were"


def test_one_frame_is_shown_and_no_other_word_changes() -> None:
    candidate = film("Frame 1", "Frame 2", "Frame 3")
    everything, one = asked(candidate, blind=False, one_frame=True)
    assert (one.one_frame, one.blind, everything.one_frame) == (True, False, False)
    assert shown_in(one) == [3] and shown_in(everything) == [1, 2, 3]
    assert one.shown == everything.shown
    assert CHOICE.stem in text(one) and CHOICE.question in text(one)
    assert "only one is shown, Frame 3" in " ".join(text(one).split())
    assert one.request.request_id != everything.request.request_id


def test_the_frame_is_the_one_that_the_evidence_names_most_often() -> None:
    labels = ("Frame 1", "Frame 2", "Frame 3")
    assert shown_in(alone(film(*labels, evidence=named(1, 2, 2, 3)))) == [2]
    assert shown_in(alone(film(*labels, evidence=named(1, 2)))) == [2], "the latest of equals"


def test_where_a_frame_is_the_answer_showing_one_says_nothing_of_which() -> None:
    labels = ("Frame 1", "Frame 2", "Frame 3")
    chosen = Counter()
    for number in range(90):
        for answer in labels:
            made = film(*labels, options=labels, answer=answer, item_id=f"item-{number}")
            chosen[answer, shown_in(alone(replace(made, evidence=named(2, 2))))[0]] += 1
    for answer in labels:
        assert {chosen[answer, place] for place in (1, 2, 3)} == {
            chosen[labels[0], place] for place in (1, 2, 3)
        }
    assert min(chosen.values()) > 15


def test_pictures_to_choose_from_stay_beside_the_one_frame() -> None:
    made = film(
        "Frame 1", "Frame 2", "A", "B", "C", task="clip_next_mcq", options=("A", "B", "C"), answer="B"
    )
    assert shown_in(alone(made)) == [2, 3, 4, 5]
    assert "in this order: Frame 2, A, B, C." in text(alone(made))


def test_what_has_no_second_frame_is_not_asked_with_one() -> None:
    for candidate in (CHOICE, film("Frame 1"), replace(CHOICE, media=(PICTURE, PICTURE))):
        assert asked(candidate, with_evidence=False, blind=False, one_frame=True) == []
    both = [film("Frame 1", "Frame 2"), CHOICE]
    panel = Panel(one_frame=True, repeats=2)
    assert count_asks(both, panel) == len(list(asks(both, panel=panel, model="m"))) == 10


def test_a_vote_says_with_how_much_it_was_given() -> None:
    candidate = film("Frame 1", "Frame 2")
    made = [missing_vote(ask, model="m", reason="it was down") for ask in asked(candidate, one_frame=True)]
    assert [(vote.blind, vote.one_frame) for vote in made] == [(False, False), (True, False), (False, True)]
    assert len({vote.vote_id for vote in made}) == 3
    assert made[2].short().one_frame
