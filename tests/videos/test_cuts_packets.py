"""What the sizes of packets tell without decoding."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.videos.cuts_packets import (
    AFTER,
    BEFORE,
    Group,
    changes,
    faint_spikes,
    groups,
    joined,
    spikes,
)


def group(sizes: list[int], *, key_size: int = 10_000, next_size: int = 10_000) -> Group:
    """A keyframe at 0 and frames foretold from those before, four frames apart."""
    return Group(
        key=0,
        stop=4 * len(sizes) + 1,
        others=4 * np.arange(1, len(sizes) + 1),
        sizes=np.array(sizes, np.int64),
        key_size=key_size,
        next_size=next_size,
    )


def test_frames_that_come_before_what_they_are_foretold_from_are_left_out() -> None:
    places = np.array([0, 4, 2, 1, 3, 8, 6, 5, 7, 9, 12, 10, 11])
    sizes = np.arange(100, 113)
    keys = np.isin(places, [0, 9])

    first, second = groups(places, sizes, keys, 13)

    assert (first.key, first.stop, first.others.tolist()) == (0, 9, [4, 8])
    assert first.sizes.tolist() == [101, 105]
    assert (first.key_size, first.next_size) == (100, 109)
    assert (second.key, second.stop, second.others.tolist()) == (9, 13, [12])


def test_a_packet_that_stands_out_is_looked_at_with_the_frames_before_it() -> None:
    assert spikes(group([900] * 10 + [8_000] + [900] * 10)) == [(41, 44)]


def test_a_cut_to_a_shot_that_takes_less_stands_out_from_what_follows() -> None:
    assert (41, 44) in spikes(group([5_000] * 10 + [4_800] + [700] * 10))


def test_a_small_step_among_packets_that_are_all_alike_stands_out() -> None:
    steady = [5_000, 5_050, 4_980, 5_020, 5_010] * 3

    assert spikes(group([*steady, 7_000, *steady])) == [(61, 64)]
    assert spikes(group([*steady, 5_400, *steady])) == []


def test_packets_that_rise_and_fall_with_movement_do_not_stand_out() -> None:
    rng = np.random.default_rng(0)

    assert (
        spikes(
            group((3_000 + 600 * np.sin(np.arange(60) / 3) + rng.integers(0, 200, 60)).astype(int).tolist())
        )
        == []
    )


def test_a_page_whose_words_are_gone_is_faint() -> None:
    page = group([200] * 10 + [1_000] + [200] * 10)

    assert spikes(page) == []
    assert faint_spikes(page) == [(41, 44)]


def test_larger_packets_for_a_while_may_be_a_dissolve() -> None:
    assert changes(group([800] * 12 + [4_000] * 6 + [900] * 12), 25) == [(52, 72)]


def test_a_shot_that_takes_more_is_no_dissolve() -> None:
    assert changes(group([800] * 20 + [4_000] * 40), 25) == []


def test_next_to_nothing_between_two_shots_may_be_black() -> None:
    ((first, last),) = changes(group([2_000] * 12 + [40] * 3 + [1_800] * 12), 25)

    assert first < 52
    assert last > 60


def test_a_still_shot_is_not_black() -> None:
    assert changes(group([2_000] * 12 + [40] * 30), 25) == []


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), max_size=12),
    st.integers(0, 40),
    st.integers(1, 20),
)
def test_joined_stretches_hold_all_and_are_apart(
    given_stretches: list[tuple[int, int]], low: int, apart: int
) -> None:
    high = 700
    stretches = [(low + first, low + first + length) for first, length in given_stretches]

    found = joined(stretches, low=low, high=high, apart=apart)

    for first, last in stretches:
        assert any(
            begin <= max(first - BEFORE, low) and min(last + AFTER, high) <= end for begin, end in found
        )
    for (_, end), (begin, _) in itertools.pairwise(found):
        assert begin > end + apart


@given(st.lists(st.integers(0, 10**6), max_size=80), st.integers(1, 10**6), st.integers(1, 10**6))
@pytest.mark.parametrize("rate", [5.0, 25.0, 60.0])
def test_any_sizes_give_stretches_within_reach(
    rate: float, sizes: list[int], key_size: int, next_size: int
) -> None:
    one = group(sizes, key_size=key_size, next_size=next_size)

    for first, last in [*spikes(one), *faint_spikes(one)]:
        assert one.key < first <= last < one.stop
    for first, last in changes(one, rate):
        assert first <= last
