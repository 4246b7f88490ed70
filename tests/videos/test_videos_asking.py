"""What a clip allows to ask: only what its frames determine, with options that tell nothing of the answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.records.clip import ClipRow
from grandrounds.videos.asking import COMPUTED, Asked, NotAsked, ask
from grandrounds.videos.asking_order import near_orders
from grandrounds.videos.asking_values import CHANGE, COUNT, FRAME, NEXT, ORDER, REASONING
from grandrounds.videos.stem import clip_stem
from grandrounds.videos.wording import time_words
from tests.support.clip_rows import LEFT, SIGHTS, STEPS, bending, clip, panning
from tests.support.clip_strategies import clips


def asked(row: ClipRow, task: str, options: int = 5) -> Asked:
    found = ask(row, task, options=options)
    assert isinstance(found, Asked), found
    return found


def refused(row: ClipRow, task: str, options: int = 5) -> str:
    found = ask(row, task, options=options)
    assert isinstance(found, NotAsked), found
    return found.reason


def kept_up(row: ClipRow, **more: Any) -> ClipRow:
    return replace(row, frames=tuple(replace(frame, **more) for frame in row.frames))


# Order ----------------------------------------------------------------------------------------


def test_order_is_asked_of_a_scene_that_moves_one_way() -> None:
    row = panning()
    made = asked(row, ORDER)
    assert "further to the left" in made.question
    in_time = {each.place: each.label for each in made.shown}
    assert made.answer == ", ".join(in_time[place] for place in range(5))
    assert [each.label for each in made.shown] == list("ABCDE")
    assert made.needed == (0, 1, 2, 3, 4)
    assert "not in order of time" in clip_stem(row, ORDER)


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ([(30, 0, 0.9), (-30, 0, 0.9), (30, 0, 0.9), (-30, 0, 0.9)], "does not move one way"),
        ([(30, 0, 0.9)] * 3 + [(-4, 29, 0.9)], "does not move one way"),
        ([(30, 0, 0.9)] * 3 + [(2, 0, 0.9)], "by only 2.0 pixels"),
        ([(30, 0, 0.9)] * 3 + [(30, 0, 0.2)], "explains only 0.20"),
        ([(0, 0, 0.0)] * 4, "explains only 0.00"),
        ([(30, 0, 0.4)] * 3 + [(30, 0, 0.7)], "explain only 0.4"),
        ([(30, 0, 0.9)] * 3 + [(float("nan"), 0, 0.9)], "not known"),
    ],
)
def test_what_swings_or_stands_has_no_order(moves: list[tuple[float, float, float]], words: str) -> None:
    assert words in refused(clip(moves=moves), ORDER)


def test_frames_that_cannot_be_compared_have_no_order_by_movement() -> None:
    assert "several shots" in refused(panning(coherence="sequence"), ORDER)
    row = panning()
    other = replace(row, frames=(*row.frames[:-1], replace(row.frames[-1], crop=(0, 0, 300, 240))))
    assert "cut differently" in refused(other, ORDER)


@pytest.mark.parametrize(
    ("move", "words"),
    [
        ((30, 2, 0.9), "further to the right"),
        ((3, -30, 0.9), "further up"),
        ((0, 30, 0.9), "further down"),
        ((-30, 30, 0.9), "further down and to the left"),
    ],
)
def test_the_question_says_which_way_time_runs(move: tuple[float, float, float], words: str) -> None:
    made = asked(clip(moves=[move] * 4), ORDER)
    assert made.keep == (words,)
    assert words in made.question


def test_order_is_asked_of_a_joint_that_only_straightens() -> None:
    made = asked(clip(poses=[bending(90, 110, 130, 150, 170)]), ORDER)
    assert "the angle at the left knee (180 degrees: straight) is larger" in made.question
    assert [value.number for value in made.measurements] == [90, 110, 130, 150, 170]
    assert "smaller" in asked(clip(poses=[bending(170, 150, 130, 110, 90)]), ORDER).question
    for values in ((90, 110, 105, 150, 170), (90, 100, 110, 120, 130), (90, 110, float("nan"), 150, 170)):
        assert "no signal" in refused(clip(poses=[bending(*values)]), ORDER)


def test_order_is_asked_of_steps_that_words_number() -> None:
    made = asked(clip(says=STEPS), ORDER)
    assert "1. \u201cThe skin over the knee is disinfected\u201d" in made.question
    assert "First" not in made.question and "Finally" not in made.question
    assert made.cues == (0, 1, 2, 3, 4)
    partly = asked(clip(says=STEPS[:3], at=(0, 2, 4)), ORDER)
    assert {each.place for each in partly.shown} == {0, 2, 4}


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (("First rib here.", "The second toe bends.", "Next to it lies the vein."), "number 0 steps"),
        (("Second, cut the skin.", "First, wash the hands.", "Then close it up."), "not in order"),
        (("First, we cut.", "Then we go on before that.", "Then we stop here."), "tell its place"),
        (("First, cut the skin.", "Then cut the skin.", "Then cut the skin open."), "nearly the same"),
        (("First, cut the skin.", "Then wash it well."), "number 2 steps"),
    ],
)
def test_words_that_number_nothing_fix_no_order(says: tuple[str, ...], words: str) -> None:
    assert words in refused(clip(count=max(3, len(says)), says=says), ORDER)


def test_an_order_is_never_that_in_which_the_pictures_are_shown() -> None:
    for seed in "abcdefghijklmnop":
        for count in (3, 4, 5):
            made = asked(clip(seed=seed, count=count, moves=[LEFT] * (count - 1)), ORDER)
            labels = [each.label for each in made.shown]
            assert labels == sorted(labels)
            assert ", ".join(labels) not in made.options


@pytest.mark.parametrize("size", [3, 4, 5])
def test_the_orders_near_one_are_those_near_each_of_them(size: int) -> None:
    for right in permutations("ABCDE"[:size]):
        near = near_orders(right)
        assert all(near_orders(other) == near for other in near)
        assert right[::-1] in near and len(near) in (6, 8)


def test_the_answer_is_not_the_order_that_the_options_share_most_with() -> None:
    """A guesser takes the option whose places agree most with the others'."""
    right = votes = 0
    for number in range(400):
        made = asked(clip(seed=f"s{number}", count=4, moves=[LEFT] * 3), ORDER)
        options = [option.split(", ") for option in sorted(made.options)]
        score = {
            ", ".join(one): sum(a == b for other in options for a, b in zip(one, other, strict=True))
            for one in options
        }
        best = [option for option, own in score.items() if own == max(score.values())]
        right += (made.answer in best) / len(best)
        votes += 1
    assert 0.13 < right / votes < 0.27  # one in five


# Change ---------------------------------------------------------------------------------------


def test_change_is_asked_where_one_leads_clearly() -> None:
    made = asked(clip(changes=(3, 4, 12, 5)), CHANGE)
    assert made.answer == "Between frames 3 and 4"
    assert {origin.option for origin in made.wrong} == {
        "Between frames 1 and 2",
        "Between frames 2 and 3",
        "Between frames 4 and 5",
    }
    assert made.decisive == (2, 3) and "2.4 times" in made.rationale
    assert "4 of 5 options" in made.few


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ((3, 4, 5.9, 3), "only 1.5 times"),
        ((0.3, 0.4, 12, 0.5), "which is noise"),
        ((3, 9), "only 2 pairs"),
        ((9,), "fewer than two"),
        ((3, float("nan"), 12, 5), "fewer than two known"),
    ],
)
def test_change_is_not_asked_otherwise(changes: tuple[float, ...], words: str) -> None:
    assert words in refused(clip(count=len(changes) + 1, changes=changes), CHANGE)


def test_a_cut_is_no_change_to_ask_about() -> None:
    assert "a cut" in refused(clip(changes=(3, 4, 12, 5), coherence="sequence"), CHANGE)


# Frame ----------------------------------------------------------------------------------------


def test_a_frame_is_asked_for_by_words_that_name_what_others_do_not() -> None:
    row = clip(says=SIGHTS)
    made = asked(row, FRAME)
    place = made.decisive[0]
    assert made.answer == f"Frame {place + 1}"
    assert SIGHTS[place] in made.question
    assert made.cues == (place,)
    assert len(made.needed) == 5


@pytest.mark.parametrize(
    "says",
    [
        ("Here is the liver.", "The liver, again.", "And the liver from below."),
        ("Here it is.", "You see it well.", "And so on and on."),
        ("Later you will see the kidney.", "No spleen is seen.", "If there were a gallstone."),
        ("First, the liver.", "The last one is the spleen.", "Then the kidney in the end."),
    ],
)
def test_words_that_fit_several_frames_or_tell_their_place_ask_for_none(says: tuple[str, ...]) -> None:
    assert "names what only one frame" in refused(clip(count=3, says=says), FRAME)


def test_only_frames_with_words_of_their_own_are_offered() -> None:
    made = asked(clip(says=SIGHTS[:3], at=(0, 2, 4)), FRAME)
    assert set(made.options) == {"Frame 1", "Frame 3", "Frame 5"}
    assert "only 2 frames" in refused(clip(says=SIGHTS[:2], at=(0, 2)), FRAME)


def test_what_is_named_while_no_frame_is_shown_counts_against_it() -> None:
    says = (*SIGHTS[:3], "The liver once more, and kidney, spleen and diaphragm.")
    assert "names what only one frame" in refused(clip(says=says, at=(0, 2, 4, None)), FRAME)


# Next -----------------------------------------------------------------------------------------


def test_the_next_picture_is_asked_of_five_frames_that_move() -> None:
    row = panning()
    made = asked(row, NEXT)
    assert [each.label for each in made.shown] == ["Frame 1", "Frame 2", "A", "B", "C"]
    assert [each.place for each in made.shown[:2]] == [1, 2]
    assert {each.label: each.place for each in made.shown}[made.answer] == 3
    assert set(made.options) == set("ABC")
    assert "in no order" in clip_stem(row, NEXT)
    assert "4 frames leave too few" in refused(clip(count=4, moves=[LEFT] * 3), NEXT)


def test_the_next_step_is_asked_of_steps_that_words_number() -> None:
    seen = set()
    for seed in "abcdefghijklmnopqrstuvwxyz":
        made = asked(clip(seed=seed, says=STEPS), NEXT, 4)
        shown = len(made.shown)
        assert [each.place for each in made.shown] == list(range(shown)) and shown >= 2
        assert made.answer.casefold() in STEPS[shown].casefold()
        assert len(made.options) == 4
        assert not any(option in made.question for option in made.options)
        seen.add(shown)
    assert seen == {2, 3, 4}
    assert "only 3 steps" in refused(clip(says=STEPS[:3]), NEXT)


# Count ----------------------------------------------------------------------------------------


def test_repetitions_are_asked_where_the_frames_show_every_turn() -> None:
    row = clip(poses=[bending(170, 90, 168, 95, 171, repetitions=2, confidence=0.9)])
    made = asked(row, COUNT)
    assert made.answer == "2" and "whole repetitions" in made.question
    numbers = sorted(map(int, made.options))
    assert numbers == list(range(numbers[0], numbers[0] + 5)) and 2 in numbers


@pytest.mark.parametrize(
    "pose",
    [
        bending(170, 140, 168, 130, 171, repetitions=4, confidence=0.9),
        bending(170, 90, 168, 95, 171, repetitions=2, confidence=0.3),
        bending(170, 90, 168, 125, 171, repetitions=1, confidence=0.9),
        bending(170, 165, 168, 166, 171, repetitions=2, confidence=0.9),
        bending(170, 90, 168, 95, repetitions=2, confidence=0.9),
        bending(170, 90, 168, 95, 171, repetitions=2, confidence=0.9, signal="gait_speed", unit="metres"),
    ],
)
def test_what_the_frames_do_not_show_is_not_counted(pose: Any) -> None:
    assert refused(clip(poses=[pose]), COUNT)


def test_frames_that_show_a_bent_joint_or_a_raised_hand_are_counted() -> None:
    bent = asked(clip(poses=[bending(170, 90, 168, 95, 171, repetitions=6, confidence=0.9)]), COUNT)
    assert bent.answer == "2" and "the left knee bent to an angle of less than 120" in bent.question
    hand = bending(0.3, -0.2, 0.25, 0.4, -0.1, signal="left_wrist_height", unit="body_heights")
    raised = asked(clip(poses=[replace(hand, confidence=0.9)]), COUNT)
    assert raised.answer == "3" and "higher than the hips" in raised.question


# All ------------------------------------------------------------------------------------------


def test_of_reasoning_rules_know_nothing() -> None:
    assert "only a model" in refused(panning(), REASONING)


@pytest.mark.parametrize("task", COMPUTED)
def test_a_row_that_is_not_sound_is_asked_nothing(task: str) -> None:
    row = panning(says=STEPS)
    assert "is not in order" not in str(ask(row, task, options=5))
    assert "not in order of time" in refused(replace(row, frames=row.frames[::-1]), task)
    assert "same picture" in refused(kept_up(row, sha256="a" * 64), task)
    assert "1 frames" in refused(replace(row, frames=row.frames[:1]), task)
    assert "a frame that it does not have" in refused(replace(row, frames=row.frames[:4]), task)


@settings(max_examples=100, deadline=None)
@given(clips(), st.sampled_from((*COMPUTED, REASONING, "no_such_task")), st.integers(-1, 99))
def test_no_number_of_options_breaks_it(row: ClipRow, task: str, options: int) -> None:
    made = ask(row, task, options=options)
    assert isinstance(made, Asked | NotAsked)


@settings(max_examples=300, deadline=None)
@given(clips(), st.sampled_from(COMPUTED), st.integers(2, 10))
def test_every_question_is_whole_and_comes_out_again(row: ClipRow, task: str, options: int) -> None:
    made = ask(row, task, options=options)
    if isinstance(made, NotAsked):
        assert made.reason
        return
    assert made.answer and made.question.endswith(("?", "\u201d")) and made.rationale
    assert min(3, options) <= len(made.options) <= options
    assert len(set(made.options)) == len(made.options)
    assert {origin.option for origin in made.wrong} <= made.known_wrong
    assert made.answer not in made.known_wrong
    assert all(phrase in made.question for phrase in made.keep)
    assert len(set(made.needed)) >= 2 and set(made.decisive) <= set(made.needed)
    assert set(made.needed) <= {each.place for each in made.shown}
    assert len({each.label for each in made.shown}) == len(made.shown)
    assert bool(made.few) == (len(made.options) < options) or task == COUNT
    assert replace_few(ask(row, task, options=len(made.options))) == replace_few(made)


def replace_few(made: Asked | NotAsked) -> Asked:
    """The question as it is, but for the remark that there were to be more options."""
    assert isinstance(made, Asked)
    return replace(made, few="")


def test_the_place_of_the_answer_among_natural_options_is_spread() -> None:
    first = Counter(
        sorted(asked(clip(seed=f"s{n}", says=SIGHTS), FRAME).options).index(
            asked(clip(seed=f"s{n}", says=SIGHTS), FRAME).answer
        )
        for n in range(200)
    )
    assert set(first) == set(range(5)) and max(first.values()) < 70


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0:00.0"),
        (3.24, "0:03.2"),
        (59.96, "1:00.0"),
        (3599.99, "1:00:00.0"),
        (3723.4, "1:02:03.4"),
        (-1.5, "-0:01.5"),
        (-0.01, "0:00.0"),
    ],
)
def test_times_are_minutes_and_seconds(seconds: float, words: str) -> None:
    assert time_words(seconds) == words
