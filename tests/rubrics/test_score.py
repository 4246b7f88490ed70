"""Scores of rubrics with points of both signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.records.parts import Criterion
from grandrounds.rubrics.score import axis_scores, interval, rubric_sha256, score


def criterion(points: int, *, name: str = "", axis: str = "accuracy") -> Criterion:
    return Criterion(
        criterion_id=name or f"c{points}",
        text="Says it.",
        axis=axis,
        points=points,
        kind="finding",
        terms=("it",),
    )


RUBRIC = (criterion(10), criterion(5, axis="safety"), criterion(-8, axis="safety"))


@pytest.mark.parametrize(
    ("met", "wanted"),
    [((), 0.0), (("c10",), 10 / 15), (("c10", "c5"), 1.0), (("c10", "c-8"), 2 / 15), (("c5", "c-8"), 0.0)],
)
def test_points_met_over_points_above_zero_cut_off_at_both_ends(
    met: tuple[str, ...], wanted: float
) -> None:
    assert score(RUBRIC, met) == pytest.approx(wanted)


def test_an_axis_has_a_score_where_points_can_be_earned_on_it() -> None:
    assert axis_scores(RUBRIC, ["c10"]) == {"accuracy": 1.0, "safety": 0.0}
    assert axis_scores((criterion(10), criterion(-3, axis="context")), []) == {"accuracy": 0.0}


def test_a_rubric_that_changes_has_another_hash() -> None:
    assert rubric_sha256(RUBRIC) != rubric_sha256(RUBRIC[:2]) != rubric_sha256(RUBRIC[1::-1])


@given(st.lists(st.integers(-10, 10).filter(bool), max_size=12), st.data())
def test_a_score_is_always_a_share(points: list[int], data: st.DataObject) -> None:
    rubric = [criterion(each, name=f"c{n}") for n, each in enumerate(points)]
    met = data.draw(st.sets(st.sampled_from([each.criterion_id for each in rubric]))) if rubric else set()
    assert 0.0 <= score(rubric, met) <= 1.0


def test_an_interval_holds_its_mean_is_the_same_every_time_and_widens_with_groups() -> None:
    values = [0.0, 0.0, 1.0, 1.0, 0.5, 0.5]
    alone = interval(values)
    grouped = interval(values, groups=["a", "a", "b", "b", "c", "c"])
    assert alone is not None and grouped is not None
    assert alone == interval(values)
    assert alone.low <= alone.mean == 0.5 <= alone.high
    assert grouped.high - grouped.low > alone.high - alone.low
    assert interval([]) is None
