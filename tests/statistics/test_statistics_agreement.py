"""Agreement and intervals against published tables."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.statistics.agreement import (
    cohen_kappa,
    gwet,
    gwet_ac1,
    percent,
    percent_agreement,
    with_interval,
)
from grandrounds.statistics.intervals import wilson


def _table(rows: list[list[int]]) -> list[list[str | None]]:
    """Ratings of two readers from their table of counts."""
    return [
        [str(one), str(other)]
        for one, other in product(range(len(rows)), repeat=2)
        for _ in range(rows[one][other])
    ]


COHEN_1960 = _table([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
GWET_2008 = _table([[118, 5], [2, 0]])

# Four readers, twelve units, gaps: the example of Krippendorff that Gwet's handbook works through.
HANDBOOK: list[list[str | None]] = [
    [None if mark == "-" else mark for mark in row]
    for row in (
        "11-1",
        "2232",
        "3333",
        "3333",
        "2222",
        "1234",
        "4444",
        "1121",
        "2222",
        "-555",
        "--11",
        "--3-",
    )
]


def test_cohen_s_own_example() -> None:
    assert percent_agreement(COHEN_1960) == pytest.approx(0.70)
    assert cohen_kappa(COHEN_1960) == pytest.approx(0.492, abs=5e-4)


def test_where_kappa_falls_apart_ac1_does_not() -> None:
    assert percent_agreement(GWET_2008) == pytest.approx(0.944)
    assert cohen_kappa(GWET_2008) == pytest.approx(-0.0234, abs=5e-5)
    assert gwet_ac1(GWET_2008) == pytest.approx(0.9408, abs=5e-5)


def test_many_readers_with_gaps_as_in_the_handbook() -> None:
    assert percent_agreement(HANDBOOK) == pytest.approx(0.8181818)
    assert gwet_ac1(HANDBOOK) == pytest.approx(0.77544, abs=5e-6)


def test_complete_agreement_and_complete_disagreement() -> None:
    same: list[list[str | None]] = [["a", "a"], ["b", "b"]]
    other: list[list[str | None]] = [["a", "b"], ["b", "a"]]
    assert (percent_agreement(same), cohen_kappa(same), gwet_ac1(same)) == (1.0, 1.0, 1.0)
    assert (percent_agreement(other), cohen_kappa(other), gwet_ac1(other)) == (0.0, -1.0, -1.0)


def test_a_single_verdict_everywhere_is_complete_agreement_for_ac1_and_nothing_for_kappa() -> None:
    assert gwet_ac1([["accept", "accept"]] * 3) == 1.0
    assert cohen_kappa([["accept", "accept"]] * 3) is None
    assert gwet_ac1([["accept", "accept"]] * 3, categories=["accept", "reject"]) == 1.0


@pytest.mark.parametrize("ratings", [[], [["a", None]], [[None, None]]])
def test_without_two_readers_of_one_item_nothing_is_known(ratings: list[list[str | None]]) -> None:
    assert percent_agreement(ratings) is None
    assert gwet_ac1(ratings) is None
    assert cohen_kappa(ratings) is None
    assert with_interval(gwet(), ratings).interval is None


def test_kappa_is_for_two_readers() -> None:
    with pytest.raises(ValueError, match="exactly two readers"):
        cohen_kappa([["a", "b", "c"]])


def test_an_interval_holds_its_value_and_is_the_same_every_time() -> None:
    made = with_interval(gwet(), GWET_2008)
    assert made == with_interval(gwet(), GWET_2008)
    assert made.interval is not None
    assert made.value is not None
    assert made.interval.low < made.value < made.interval.high
    assert made.interval.low == pytest.approx(0.885, abs=0.02)  # Gwet gives 0.8968 to 0.9848 by formula
    assert made.items == 125


def test_more_items_make_a_narrower_interval() -> None:
    few = with_interval(percent(), COHEN_1960[::10], resamples=500).interval
    many = with_interval(percent(), COHEN_1960, resamples=500).interval
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low


ratings = st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=2, max_size=4), max_size=8)


@given(ratings)
def test_coefficients_stay_in_their_range(rows: list[list[str | None]]) -> None:
    share, ac1 = percent_agreement(rows), gwet_ac1(rows)
    assert (share is None) == (ac1 is None)
    if share is not None and ac1 is not None:
        assert 0.0 <= share <= 1.0
        assert -1.0 <= ac1 <= share + 1e-12


@settings(max_examples=20, deadline=None)
@given(ratings)
def test_the_order_of_readers_changes_nothing(rows: list[list[str | None]]) -> None:
    turned = [row[::-1] for row in rows]
    assert percent_agreement(turned) == pytest.approx(percent_agreement(rows))
    assert gwet_ac1(turned) == pytest.approx(gwet_ac1(rows))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_newcombe_s_table(
    successes: int, trials: int, low: float, high: float
) -> None:
    made = wilson(successes, trials)
    assert (made.low, made.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_wilson_interval_holds_the_share_and_stays_a_share(one: int, other: int) -> None:
    successes, trials = sorted((one, other))
    made = wilson(successes, trials)
    assert 0.0 <= made.low <= made.high <= 1.0
    assert trials == 0 or made.low <= successes / trials <= made.high


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 2), (0, -1)])
def test_impossible_counts_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(successes, trials)
