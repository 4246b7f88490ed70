"""Option bias: an effect is found, luck is not condemned."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.recipe import Gates
from grandrounds.records.envelope import Candidate
from grandrounds.statistics.bias import _expected_best, _luck, bias_reports, is_uniquely_longest, letter
from tests.support.factories import world

GATES = Gates()
(BASE,) = world(1, tasks=("diagnosis_mcq",)).candidates
OPTIONS = ("alpha", "bravo", "delta", "gamma", "kappa")


def _rows(places: list[int], options: tuple[str, ...] = OPTIONS) -> list[Candidate]:
    return [
        replace(BASE, item_id=f"i{number}", options=options, answer=options[place], answer_index=place)
        for number, place in enumerate(places)
    ]


def test_always_b_is_found_and_failed() -> None:
    (report,) = bias_reports(_rows([1] * 60 + [0, 2, 3, 4] * 10), GATES)
    assert report.best_letter == "B"
    assert report.position.accuracy == pytest.approx(0.6)
    assert report.position.over_chance == pytest.approx(0.4)
    assert report.verdict == report.position.verdict == "fail"
    assert [part.count for part in report.letters] == [10, 60, 10, 10, 10]


def test_between_the_limits_it_warns() -> None:
    (report,) = bias_reports(_rows([0] * 280 + [1, 2, 3, 4] * 180), GATES)
    assert report.position.over_chance == pytest.approx(0.08)
    assert report.verdict == "warn"


def test_a_significant_but_tiny_bias_is_ok() -> None:
    """With 100,000 items 2 points over chance are far from luck, and still harmless."""
    (report,) = bias_reports(_rows(([0] * 22 + [1] * 20 + [2] * 20 + [3] * 19 + [4] * 19) * 1000), GATES)
    assert report.position.over_chance > report.position.luck
    assert report.verdict == "ok"


def test_even_letters_are_ok() -> None:
    (report,) = bias_reports(_rows([0, 1, 2, 3, 4] * 20), GATES)
    assert report.position.over_chance == pytest.approx(0.0)
    assert report.verdict == "ok"


def test_fewer_than_forty_items_never_fail() -> None:
    (report,) = bias_reports(_rows([2] * 39), GATES)
    assert report.verdict == "warn"
    (report,) = bias_reports(_rows([2] * 40), GATES)
    assert report.verdict == "fail"


@pytest.mark.parametrize("n", [1, 5, 18, 40, 100, 400])
def test_a_fair_shuffle_is_hardly_ever_blamed(n: int) -> None:
    generator = random.Random(n)
    blamed = 0
    for _ in range(200):
        (report,) = bias_reports(_rows([generator.randrange(5) for _ in range(n)]), GATES)
        blamed += report.position.verdict != "ok"
    assert blamed <= 6


@pytest.mark.parametrize(("n", "k"), [(1, 5), (2, 2), (7, 3), (18, 5), (60, 5), (300, 5), (2000, 4)])
def test_the_expected_best_letter_is_what_simulation_gives(n: int, k: int) -> None:
    generator = random.Random(f"{n} {k}")
    rounds = 3000 if n < 1000 else 300
    total = 0.0
    for _ in range(rounds):
        counts = [0] * k
        for _ in range(n):
            counts[generator.randrange(k)] += 1
        total += max(counts) / n
    assert _expected_best(n, k) == pytest.approx(total / rounds, rel=0.02)


def test_small_cases_by_hand() -> None:
    assert _expected_best(1, 5) == pytest.approx(1.0)
    assert _expected_best(2, 2) == pytest.approx(0.75)
    assert _luck(1, 0.5, 2) == 1.0
    assert _luck(100, 0.2, 5) == pytest.approx(0.33, abs=0.02)


def test_the_longest_option_is_measured_with_ties_shared() -> None:
    rows = [
        *_rows([0] * 50, ("the long answer", "a", "b", "c", "d")),
        *_rows([0] * 50, ("aaaa", "bbbb", "c", "d", "e")),
    ]
    (report,) = bias_reports(rows, GATES)
    assert report.longest.accuracy == pytest.approx(0.75)
    assert report.uniquely_longest == pytest.approx(0.5)
    assert report.longest.verdict == "fail"


def test_a_never_longest_answer_is_no_longest_bias() -> None:
    (report,) = bias_reports(_rows([1, 2, 3, 4] * 20, ("the longest one", "a", "b", "c", "d")), GATES)
    assert report.longest.over_chance == pytest.approx(-0.2)
    assert report.longest.verdict == "ok"


def test_tasks_are_reported_apart_and_open_questions_left_out() -> None:
    made = world(4).candidates
    assert [report.task for report in bias_reports(made, GATES)] == ["diagnosis_mcq"]
    other = [replace(row, task="another_mcq") for row in made]
    assert [report.task for report in bias_reports([*made, *other], GATES)] == [
        "another_mcq",
        "diagnosis_mcq",
    ]
    assert bias_reports([], GATES) == []


def test_mixed_numbers_of_options_have_the_mean_chance() -> None:
    (report,) = bias_reports([*_rows([0] * 10, ("a", "b")), *_rows([1] * 10, ("a", "b", "c", "d"))], GATES)
    assert report.position.chance == pytest.approx(0.375)
    assert report.options == 3.0


def test_the_report_reads_as_tables() -> None:
    (report,) = bias_reports(_rows([1] * 60 + [0, 2, 3, 4] * 10), GATES)
    text = report.markdown()
    assert "| letter B | 60.0% | +40.0% |" in text
    assert "| answers | 10 (10.0%) | 60 (60.0%) |" in text


def test_letters_and_lengths() -> None:
    assert [letter(place) for place in (0, 4)] == ["A", "E"]
    assert is_uniquely_longest(("abc", "ab"), "abc")
    assert not is_uniquely_longest(("abc", "abd"), "abc")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=80))
def test_shares_sum_to_one_and_the_best_is_the_largest(places: list[int]) -> None:
    (report,) = bias_reports(_rows(places), GATES)
    assert sum(part.share for part in report.letters) == pytest.approx(1.0)
    assert report.position.accuracy == max(part.share for part in report.letters)
    assert report.position.luck >= 0
    assert report == bias_reports(_rows(places)[::-1], GATES)[0]
