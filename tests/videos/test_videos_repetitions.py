"""How often a movement is done: right where it is sure, silent where it isn't."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.videos.repetitions import LEAST_CONFIDENCE, Repetitions, movements, repetitions

Track = tuple[np.ndarray, np.ndarray]


def exercise(
    count: int,
    *,
    period: float = 2.0,
    depth: float = 70.0,
    pause: float = 0.3,
    rate: float = 25.0,
    halves: tuple[int, ...] = (),
    uneven: float = 0.0,
    seed: int = 0,
) -> Track:
    """A joint at rest at 170 degrees that bends by ``depth`` and comes back, ``count`` times; before each
    of ``halves`` it bends by half as much once more."""
    chance = np.random.default_rng(seed)
    values: list[float] = [0.0] * round(0.8 * rate)

    def bend(by: float, lasts: float) -> None:
        steps = max(6, round(lasts * rate))
        values.extend((by * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(steps) / steps))).tolist())
        values.extend([0.0] * round(pause * rate))

    for number in range(count):
        if number in halves:
            bend(0.45 * depth, period)
        bend(depth * (1 + 0.5 * uneven * chance.normal()), period * max(0.5, 1 + uneven * chance.normal()))
    values.extend([0.0] * round(0.8 * rate))
    return np.arange(len(values)) / rate, 170.0 - np.array(values)


def counted(track: Track, smallest: float = 15.0) -> Repetitions | None:
    return repetitions(*track, smallest=smallest)


def sure(found: Repetitions | None) -> int | None:
    return found.count if found is not None and found.confidence >= LEAST_CONFIDENCE else None


@pytest.mark.parametrize("count", [2, 3, 5, 12])
def test_plain_repetitions_are_counted_surely(count: int) -> None:
    found = counted(exercise(count))
    assert found is not None
    assert found.count == count
    assert found.confidence >= (0.75 if count > 2 else 0.5)
    assert found.period == pytest.approx(2.3, abs=0.1)
    assert all(start < turn < end for (start, end), turn in zip(found.bounds, found.turns, strict=True))


def test_upwards_or_downwards_makes_no_difference() -> None:
    seconds, values = exercise(5)
    assert sure(counted((seconds, 200.0 - values))) == 5


def test_half_repetitions_are_none() -> None:
    assert sure(counted(exercise(6, halves=(2, 4)))) in (6, None)
    found = counted(exercise(6, halves=(3,)))
    assert found is not None
    assert found.count == 6


def test_a_trend_is_no_repetition() -> None:
    seconds, values = exercise(6)
    assert sure(counted((seconds, values + 1.5 * seconds))) == 6
    assert sure(counted((seconds, values - 1.5 * seconds))) == 6
    assert counted((seconds, 90.0 + 3.0 * seconds)) is None


def test_noise_spikes_and_drop_outs_change_no_count() -> None:
    chance = np.random.default_rng(3)
    seconds, values = exercise(7, uneven=0.1)
    noisy = values + chance.normal(0, 3, len(values))
    noisy[::37] = 10.0
    noisy[chance.random(len(values)) < 0.2] = np.nan
    assert sure(counted((seconds, noisy))) == 7


def test_a_repetition_that_was_not_seen_makes_the_count_unsure() -> None:
    seconds, values = exercise(6)
    hidden = values.copy()
    hidden[(seconds > 5.0) & (seconds < 7.5)] = np.nan
    assert sure(counted((seconds, hidden))) is None


def test_parts_at_both_ends_make_the_count_unsure() -> None:
    seconds = np.arange(0, 10, 0.04)
    assert sure(counted((seconds, 120 + 40 * np.sin(2 * np.pi * seconds / 2)))) is None


@pytest.mark.parametrize("kind", ["still", "noise", "one", "too small", "too short", "nothing", "step"])
def test_what_has_no_period_has_no_count(kind: str) -> None:
    chance = np.random.default_rng(1)
    seconds = np.arange(0, 12, 0.04)
    track = {
        "still": (seconds, np.full(len(seconds), 120.0)),
        "noise": (seconds, 120 + chance.normal(0, 20, len(seconds))),
        "one": exercise(1),
        "too small": exercise(5, depth=10.0),
        "too short": (seconds[:6], np.arange(6.0)),
        "nothing": (seconds, np.full(len(seconds), np.nan)),
        "step": (seconds, np.where(seconds > 6, 170.0, 90.0)),
    }[kind]
    assert sure(counted(track)) is None


def test_only_the_time_asked_for_counts() -> None:
    seconds, values = exercise(8)
    whole = repetitions(seconds, values, smallest=15.0)
    assert whole is not None
    middle = (whole.bounds[2][0], whole.bounds[5][1])
    part = repetitions(seconds, values, smallest=15.0, within=middle)
    assert part is not None
    assert part.count == 4
    assert all(middle[0] <= start < end <= middle[1] + 1e-6 for start, end in part.bounds)


def test_movements_one_way_have_a_beginning_and_an_end() -> None:
    seconds, values = exercise(1)
    (down, up) = movements(seconds, values, smallest=15.0)
    assert down == pytest.approx((0.8, 1.8), abs=0.3)
    assert up == pytest.approx((1.8, 2.8), abs=0.3)
    assert movements(seconds, np.full(len(seconds), 9.0), smallest=15.0) == ()


@settings(max_examples=200, deadline=None)
@given(
    count=st.integers(2, 14),
    period=st.floats(0.8, 4.0),
    depth=st.one_of(st.floats(40, 90), st.floats(-90, -40)),
    pause=st.sampled_from([0.0, 0.2, 0.8]),
    rate=st.sampled_from([15.0, 25.0, 30.0]),
    uneven=st.sampled_from([0.0, 0.1, 0.2]),
    noise=st.sampled_from([0.0, 1.0, 3.0, 5.0]),
    lost=st.sampled_from([0.0, 0.05, 0.2]),
    trend=st.sampled_from([0.0, 0.3, -0.6]),
    half=st.one_of(st.none(), st.integers(0, 13)),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_count_that_is_sure_is_right(
    count: int, period: float, depth: float, pause: float, rate: float, uneven: float, noise: float, lost: float,
    trend: float, half: int | None, seed: int,
) -> None:  # fmt: skip
    seconds, values = exercise(
        count, period=period, depth=depth, pause=pause, rate=rate, uneven=uneven, seed=seed,
        halves=() if half is None else (half,),
    )  # fmt: skip
    chance = np.random.default_rng(seed)
    values = values + chance.normal(0, 1, len(values)) * noise + trend * depth * seconds / seconds[-1]
    values[chance.random(len(values)) < lost] = np.nan
    found = counted((seconds, values))
    assert sure(found) in (count, None)
    if found is not None:
        assert 0.0 <= found.confidence <= 1.0
        edges = [edge for bounds in found.bounds for edge in bounds]
        assert edges == sorted(edges)


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=200))
def test_any_values_give_a_count_or_none(values: list[float]) -> None:
    repetitions(np.arange(len(values)) / 25.0, np.array(values, dtype=np.float64), smallest=1.0)
