"""Shares of right votes against guessing: exact figures, and never more certain than the votes allow."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.statistics.votes import Share, by_model, chance_of, luck, share_of
from tests.support.votes import cast


@pytest.mark.parametrize(
    ("right", "votes", "options", "expected"),
    [
        (1, 1, 5, 0.2),  # one vote right on five options is luck in one of five items
        (2, 2, 5, 0.04),
        (3, 3, 5, 0.008),
        (3, 3, 4, 0.015625),  # LiveXiv's rule: three of three on four options
        (2, 3, 5, 0.104),
        (4, 6, 5, 0.01696),
        (2, 2, 2, 0.25),
        (0, 3, 5, 1.0),
        (0, 0, 5, 1.0),
        (1, 1, 0, 0.0),  # nobody guesses an open answer
    ],
)
def test_luck_is_the_upper_tail_of_a_binomial(
    right: int, votes: int, options: int, expected: float
) -> None:
    assert luck(Share(right=right, votes=votes), chance=chance_of(options)) == pytest.approx(expected)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(2, 10))
def test_it_agrees_with_exact_fractions_and_more_right_votes_are_never_more_likely(
    right: int, votes: int, options: int
) -> None:
    right = min(right, votes)
    p = Fraction(1, options)
    exact = sum(comb(votes, k) * p**k * (1 - p) ** (votes - k) for k in range(right, votes + 1))
    found = luck(Share(right=right, votes=votes), chance=chance_of(options))
    assert found == pytest.approx(float(exact))
    assert 0.0 <= found <= 1.0
    if right:
        assert found <= luck(Share(right=right - 1, votes=votes), chance=chance_of(options)) + 1e-12


def test_only_answers_count_and_blind_ones_apart() -> None:
    votes = [
        cast("a", correct=True, blind=True),
        cast("a", correct=False, blind=True, n=2),
        cast("b", correct=True, blind=False),
        cast("b", status="refused", blind=True),
        cast("c", status="not_local", blind=True),
    ]
    assert share_of(votes, blind=True) == Share(right=1, votes=2)
    assert share_of(votes, blind=False) == Share(right=1, votes=1)
    assert by_model(votes, blind=True) == {"a": Share(right=1, votes=2)}
    assert share_of([], blind=True).share == 0.0


def test_votes_with_one_frame_are_a_view_of_their_own() -> None:
    votes = [
        cast("m", correct=True),
        cast("m", correct=False, blind=True),
        cast("m", correct=True, one_frame=True),
        cast("m", correct=True, one_frame=True, n=2),
        cast("other", correct=False),
    ]
    assert share_of(votes, blind=False) == Share(right=1, votes=2)
    assert share_of(votes, blind=True) == Share(right=0, votes=1)
    assert share_of(votes, blind=False, one_frame=True) == Share(right=2, votes=2)
    assert by_model(votes, blind=False, one_frame=True) == {"m": Share(right=2, votes=2)}
