"""Every coefficient against tables that were published with their answers, and against its plain definition.

The figures were also worked out once with scikit-learn 1.9, krippendorff 0.9 and irrCAC 0.4 on random ratings
with gaps, weights and levels of all kinds: no difference above 1e-12.
"""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.statistics.agreement import (
    cohen,
    cohen_kappa,
    fleiss,
    fleiss_kappa,
    gwet,
    gwet_ac,
    krippendorff,
    krippendorff_alpha,
    percent,
    percent_agreement,
    specific_agreement,
    with_interval,
    with_intervals,
)
from grandrounds.statistics.agreement_sums import Ratings

Rows = list[list[int | None]]


def table(rows: list[list[int]]) -> Rows:
    """Ratings of two readers from their table of counts."""
    size = range(len(rows))
    return [[one, other] for one, other in product(size, size) for _ in range(rows[one][other])]


def spread(rows: list[list[int]]) -> Rows:
    """Ratings of many readers from how many gave each value."""
    return [[value for value, count in enumerate(row) for _ in range(count)] for row in rows]


# J. L. Fleiss, Psychol. Bull. 76 (1971) 378, table 1: six psychiatrists, thirty patients.
FLEISS_1971: Rows = [
    [int(mark) for mark in row]
    for row in (
        *(
            "444444",
            "222555",
            "233335",
            "555555",
            "222444",
            "113333",
            "333355",
            "113334",
            "114444",
            "555555",
        ),
        *(
            "144444",
            "124444",
            "222333",
            "144444",
            "224445",
            "333335",
            "111455",
            "111112",
            "224444",
            "133555",
        ),
        *(
            "555555",
            "244444",
            "224555",
            "114444",
            "144445",
            "222224",
            "111155",
            "224444",
            "133333",
            "555555",
        ),
    )
]
# The fourteen raters of a table often used to teach the same coefficient.
FOURTEEN = spread(
    [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]
)  # fmt: skip
# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), part D; also Gwet's Handbook (2014).
KRIPPENDORFF_2011: Rows = [
    [None if mark == "-" else int(mark) for mark in row]
    for row in (
        *("11-1", "2232", "3333", "3333", "2222", "1234"),
        *("4444", "1121", "2222", "-555", "--11", "--3-"),
    )
]
COHEN_1968 = table([[44, 7, 9], [5, 20, 5], [1, 3, 6]])
# How bad it is to confuse two diagnoses, from 0 to 6, as Cohen set it; as weights of agreement.
COHEN_1968_WEIGHTS = tuple(tuple(1 - bad / 6 for bad in row) for row in ((0, 1, 3), (1, 0, 6), (3, 6, 0)))


def test_fleiss_s_own_example() -> None:
    assert fleiss_kappa(FLEISS_1971) == pytest.approx(0.4302445, abs=5e-8)


def test_fourteen_raters() -> None:
    assert fleiss_kappa(FOURTEEN) == pytest.approx(0.2099307, abs=5e-8)


@pytest.mark.parametrize(
    ("level", "published"),
    [("nominal", 0.7434211), ("ordinal", 0.8153875), ("interval", 0.8491071), ("ratio", 0.7974036)],
)
def test_krippendorff_s_own_example_at_every_level(level: object, published: float) -> None:
    found = krippendorff_alpha(KRIPPENDORFF_2011, level=level)  # type: ignore[arg-type]
    assert found == pytest.approx(published, abs=1e-6)


def test_the_handbook_s_table_with_gaps() -> None:
    assert percent_agreement(KRIPPENDORFF_2011) == pytest.approx(0.8181818, abs=1e-6)
    assert gwet_ac(KRIPPENDORFF_2011) == pytest.approx(0.7754441, abs=1e-6)
    assert fleiss_kappa(KRIPPENDORFF_2011) == pytest.approx(0.7611693, abs=1e-6)


def test_cohen_s_weights_of_his_own() -> None:
    assert cohen_kappa(COHEN_1968) == pytest.approx(0.4915254, abs=1e-6)
    assert cohen_kappa(COHEN_1968, weights=COHEN_1968_WEIGHTS) == pytest.approx(8 / 23, abs=1e-12)
    with pytest.raises(ValueError, match="3 rows"):
        cohen_kappa(COHEN_1968, weights=((1.0, 0.0), (0.0, 1.0)))


@pytest.mark.parametrize(
    ("weights", "ac2"), [("linear", 0.8587391), ("quadratic", 0.9140007), ("ordinal", 0.8989398)]
)
def test_weighted_ac2_of_the_handbook_s_table(weights: object, ac2: float) -> None:
    found = gwet_ac(KRIPPENDORFF_2011, weights=weights)  # type: ignore[arg-type]
    assert found == pytest.approx(ac2, abs=1e-6)


def test_specific_agreement_shows_what_kappa_hides() -> None:
    """D. V. Cicchetti, A. R. Feinstein, J. Clin. Epidemiol. 43 (1990) 551: both tables agree on 85%."""
    even, uneven = table([[40, 9], [6, 45]]), table([[80, 10], [5, 5]])
    assert percent_agreement(even) == percent_agreement(uneven) == pytest.approx(0.85)
    assert cohen_kappa(even) == pytest.approx(0.6995192, abs=1e-6)
    assert cohen_kappa(uneven) == pytest.approx(0.3181818, abs=1e-6)
    assert specific_agreement(uneven, 0) == pytest.approx(160 / 175)
    assert specific_agreement(uneven, 1) == pytest.approx(0.4)
    assert specific_agreement(uneven, 2) is None


def test_what_nobody_shares_or_chance_explains_is_not_defined() -> None:
    same: Rows = [[1, 1]] * 4
    assert fleiss_kappa(same) is None
    assert krippendorff_alpha(same) is None
    assert gwet_ac(same, weights="quadratic") == 1.0
    alone: Rows = [[1, None], [None, 2]]
    for found in with_intervals([percent(), cohen(), fleiss(), gwet(), krippendorff("ordinal")], alone):
        assert (found.value, found.interval, found.items) == (None, None, 0)


small = st.lists(st.lists(st.sampled_from([1, 2, 3, None]), min_size=2, max_size=4), min_size=1, max_size=7)


@settings(deadline=None)
@given(small)
def test_alpha_is_what_its_definition_says(rows: Rows) -> None:
    """Do and De as mean squared differences of pairs, within units and within all, in exact fractions."""
    units = [[value for value in row if value is not None] for row in rows]
    units = [unit for unit in units if len(unit) >= 2]
    every = [value for unit in units for value in unit]
    expected = sum(Fraction((one - other) ** 2) for one, other in permutations(every, 2))
    found = krippendorff_alpha(rows, level="interval")
    if not expected:
        assert found is None
        return
    expected /= len(every) * (len(every) - 1)
    observed = sum(
        Fraction(sum((one - other) ** 2 for one, other in permutations(unit, 2)), len(unit) - 1)
        for unit in units
    ) / len(every)
    assert found == pytest.approx(float(1 - observed / expected))


def test_intervals_drawn_together_are_those_drawn_alone() -> None:
    every = [percent(), fleiss(), gwet("linear"), krippendorff("ordinal")]
    together = with_intervals(every, KRIPPENDORFF_2011, resamples=300)
    alone = [with_interval(statistic, KRIPPENDORFF_2011, resamples=300) for statistic in every]
    for one, other in zip(together, alone, strict=True):
        assert one.interval is not None
        assert other.interval is not None
        assert one.interval.low == pytest.approx(other.interval.low)
        assert one.interval.high == pytest.approx(other.interval.high)
        assert one.value is not None and one.interval.low <= one.value <= one.interval.high


def test_ten_thousand_items_two_thousand_times_takes_seconds() -> None:
    rows: Ratings = [
        ["accept" if item % 7 else "reject", "accept" if item % 5 else "edit"] for item in range(10_000)
    ]
    begun = time.process_time()
    made = with_intervals([percent(), cohen(), fleiss(), gwet(), krippendorff()], rows, resamples=2000)
    assert time.process_time() - begun < 20  # half a second on an idle core
    assert all(found.interval is not None for found in made)
