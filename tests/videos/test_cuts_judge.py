"""What makes a cut between two glimpses, and what a stretch of them tells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.films.canvas import Picture, Size, leaves, view
from grandrounds.records.video import GRADUAL, HARD
from grandrounds.videos.cuts_glimpse import Glimpse, difference, drift, turned_page, unlike
from grandrounds.videos.cuts_judge import Judge, judge

SEEDS = st.integers(0, 2**31)


def seen(picture: Picture) -> Glimpse:
    """The glimpse of a grey picture of 160 by 90."""
    fine = np.asarray(picture, np.uint8)
    rows = np.linspace(0, 90, 37).astype(int)
    columns = np.linspace(0, 160, 65).astype(int)
    luma = np.add.reduceat(np.add.reduceat(fine.astype(float), rows[:-1], 0), columns[:-1], 1)
    luma /= np.outer(np.diff(rows), np.diff(columns))
    return Glimpse(luma=luma.astype(np.uint8), fine=fine, colour=np.full((2, 18, 32), 128, np.uint8))


def scenery(seed: int, *, width: int = 240, height: int = 135) -> Picture:
    return leaves(Size(width=width, height=height), np.random.default_rng(seed)).mean(2).astype(np.uint8)


def part(picture: Picture, x: float, y: float = 67) -> Glimpse:
    return seen(view(picture, Size(width=160, height=90), x=x, y=y))


def shot(seed: int, frames: int, speed: float = 0.3) -> list[Glimpse]:
    """A camera that goes to and fro before a scenery."""
    picture = scenery(seed)
    return [part(picture, 115 + 10 * np.sin(speed * frame / 10)) for frame in range(frames)]


def mixed(old: Glimpse, new: Glimpse, share: float) -> Glimpse:
    planes = [
        np.rint((1 - share) * np.float64(a) + share * np.float64(b)).astype(np.uint8)
        for a, b in ((old.luma, new.luma), (old.fine, new.fine), (old.colour, new.colour))
    ]
    return Glimpse(luma=planes[0], fine=planes[1], colour=planes[2])


@settings(max_examples=40, deadline=None)
@given(SEEDS, SEEDS)
def test_unlikeness_is_a_share_and_the_same_both_ways(one: int, other: int) -> None:
    a, b = part(scenery(one), 120), part(scenery(other), 120)

    assert 0 <= unlike(a, b) <= 1
    assert unlike(a, b) == pytest.approx(unlike(b, a))
    assert unlike(a, a) < 0.001
    assert difference(a, a) == 0
    assert difference(a, b) == difference(b, a)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.floats(0.5, 1.5), st.integers(-20, 20))
def test_brightness_does_not_count(seed: int, gain: float, more: int) -> None:
    picture = view(scenery(seed), Size(width=160, height=90), x=120, y=67) * 0.5 + 30
    lit = np.clip(picture * gain + more, 0, 255)

    assert unlike(seen(picture), seen(lit)) < 0.05


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(-10, 10), st.integers(-8, 8))
def test_movement_counts_little_and_another_picture_much(seed: int, x: int, y: int) -> None:
    picture, other = scenery(seed), scenery(seed + 1)

    moved = unlike(part(picture, 120), part(picture, 120 + x, 67 + y))
    cut = unlike(part(picture, 120), part(other, 120))

    assert moved < 0.35
    assert cut > 0.5
    assert moved < cut / 1.5


def test_a_blank_picture_has_nothing_in_common_with_another() -> None:
    blank = seen(np.full((90, 160), 255, np.uint8))

    assert unlike(blank, part(scenery(1), 120)) == 1
    assert unlike(blank, blank) == 0
    assert blank.blank
    assert not part(scenery(1), 120).blank


@pytest.mark.parametrize(("x", "y"), [(3, 0), (-4, 2), (0, -3)])
def test_drift_is_how_far_each_quarter_moved(x: int, y: int) -> None:
    picture = scenery(5)

    moved = drift(part(picture, 120), part(picture, 120 + x, 67 + y)).reshape(4, 2)

    assert np.abs(moved - (-x, -y)).max() < 1


def test_words_that_come_are_no_new_page_and_words_that_give_way_are() -> None:
    def page(lines: int, seed: int) -> Picture:
        paper = np.full((90, 160), 250, np.uint8)
        words = np.random.default_rng(seed)
        for line in range(lines):
            paper[20 + 11 * line : 24 + 11 * line, 10 : 10 + 120] = words.choice([40, 250], (4, 120))
        return paper

    added, _ = turned_page(seen(page(3, 1)), seen(page(5, 1)))
    lost, new = turned_page(seen(page(4, 1)), seen(page(4, 2)))

    assert added < 0.4  # blocks that hold a new line beside an old one count as lost
    assert lost > 0.8
    assert new > 0.8


def test_a_cut_is_found_where_the_shot_changes() -> None:
    (found,) = judge([*shot(1, 30), *shot(2, 25)], rate=25)

    assert (found.frame, found.start, found.kind) == (30, 30, HARD)


def test_a_dissolve_is_found_from_its_first_mixture_to_the_first_frame_after_it() -> None:
    old, new = shot(1, 60, 0.05), shot(2, 60, 0.05)
    mixtures = [mixed(old[40 + step], new[step], (step + 1) / 17) for step in range(16)]

    (found,) = judge([*old[:40], *mixtures, *new[16:]], rate=25)

    assert found.kind == GRADUAL
    assert abs(found.start - 40) <= 1
    assert abs(found.frame - 56) <= 1


@pytest.mark.parametrize("length", [1, 2, 3])
def test_what_is_gone_after_three_frames_was_no_shot(length: int) -> None:
    first = shot(1, 60)

    assert judge([*first[:30], *shot(2, length), *first[30:]], rate=25) == []


def test_a_cut_to_black_and_out_of_it_is_one_change() -> None:
    black = [seen(np.full((90, 160), 16, np.uint8))] * 8

    (found,) = judge([*shot(1, 30), *black, *shot(2, 30)], rate=25)

    assert (found.start, found.frame, found.kind) == (30, 38, GRADUAL)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(2, 60), st.floats(0, 1))
def test_one_shot_has_no_cut(seed: int, frames: int, speed: float) -> None:
    assert judge(shot(seed, frames, speed), rate=25) == []


def test_frames_that_stand_still_have_no_cut() -> None:
    assert judge(shot(1, 1) * 50, rate=25) == []
    assert judge([], rate=25) == []


def test_a_long_film_is_judged_as_it_comes_as_it_would_be_at_once() -> None:
    lengths = [400, 37, 6, 260, 90, 777, 45]
    frames = [one for number, length in enumerate(lengths) for one in shot(number, length)]
    streaming = Judge(25)

    found = [one for place, glimpse in enumerate(frames) for one in streaming.add(place, glimpse)]
    found += streaming.finish()

    assert [one.frame for one in found] == np.cumsum(lengths)[:-1].tolist()
    assert found == judge(frames, rate=25)
