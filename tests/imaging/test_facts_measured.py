"""``severity_mcq``, ``measurement_mcq`` and ``finding_mcq``: values, grades, and chains to a finding."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.imaging.fact import Fact, NoFact
from grandrounds.imaging.facts import fact_of, facts
from grandrounds.imaging.facts.criterion_words import WORDS, measured_words, question_of
from grandrounds.imaging.facts.inquiry import inquire
from grandrounds.imaging.facts.values import scale_of, wrong_values
from grandrounds.imaging.facts.wording import says
from grandrounds.measure.criteria import CANNOT
from grandrounds.measure.rules import CRITERIA
from grandrounds.needs import VolumeNeed
from grandrounds.recipe import Task
from grandrounds.records.measured import MeasuredRow
from grandrounds.records.scan import Scan
from tests.support.scans import abdomen, lumbar_spine, radiograph, scan_of

SEVERITY, VALUE, FINDING = Task(name="severity_mcq"), Task(name="measurement_mcq"), Task(name="finding_mcq")
NEED = VolumeNeed(questions_each=50)


def made(scan: Scan, task: Task, need: VolumeNeed = NEED) -> tuple[Fact, ...]:
    found = facts(scan, task, need)
    assert isinstance(found, tuple), found
    return found


def row_named(scan: Scan, subject: str, name: str) -> MeasuredRow:
    return next(row for row in scan.measurements if (row.subject, row.name) == (subject, name))


def with_row(scan: Scan, row: MeasuredRow) -> Scan:
    rows = [row if one.measurement_id == row.measurement_id else one for one in scan.measurements]
    return scan_of(scan.volume, scan.masks, scan.structures, rows)


def number(text: str) -> float:
    match = re.match(r"-?[\d.]+", text)
    assert match, text
    return float(match[0])


class TestSeverity:
    def test_grades_follow_from_the_stored_loss(self) -> None:
        scan = lumbar_spine()
        grades = {fact.measurements[0].number: fact.answer for fact in made(scan, SEVERITY)}
        assert grades[31.5] == "grade 2"
        assert grades[47.9] == "grade 3"
        assert grades[3.1] == "grade 0"

    def test_all_grades_and_cannot_be_measured_are_offered(self) -> None:
        for fact in made(lumbar_spine(), SEVERITY):
            offered = {fact.answer, *(option.option for option in fact.wrong)}
            assert offered == {"grade 0", "grade 1", "grade 2", "grade 3", CANNOT}
            assert {option.origin for option in fact.wrong} == {"criterion"}

    def test_grades_near_a_limit_are_not_asked(self) -> None:
        scan = lumbar_spine(losses=(19.0, 26.0, 8.0, 39.0, 41.0, 8.0, 8.0))
        assert {fact.measurements[0].number for fact in made(scan, SEVERITY)} == {8.0}

    @pytest.mark.parametrize("most", [1, 2, 3, 4, 6, 50])
    def test_at_most_a_third_cannot_be_measured(self, most: int) -> None:
        for losses in ((3.0, None, None, None, 5.0, 31.0, None), (None, None, 4.0, None, None, None, None)):
            found = made(lumbar_spine(losses=losses), SEVERITY, VolumeNeed(questions_each=most))
            assert len(found) <= most
            assert 3 * sum(fact.answer == CANNOT for fact in found) <= len(found)
        both = made(lumbar_spine(losses=(3.0, None, 31.0, None, 5.0, None, 48.0)), SEVERITY)
        assert [fact.answer for fact in both].count(CANNOT) == 2

    def test_where_nothing_can_be_measured_nothing_is_graded(self) -> None:
        assert isinstance(facts(lumbar_spine(losses=(None,) * 7), SEVERITY, NEED), NoFact)

    def test_the_whole_vertebra_is_drawn_because_its_body_would_show_the_height(self) -> None:
        scan = lumbar_spine()
        for fact in made(scan, SEVERITY):
            (drawn,) = {one for shown in fact.slices for one in shown.draws}
            row = scan.structure(drawn)
            assert row is not None
            assert row.name == row.level
            assert fact.slices[0].axis == 0

    def test_a_stored_grade_that_does_not_follow_is_not_believed(self) -> None:
        scan = lumbar_spine()
        row = row_named(scan, "T12", "height_loss")
        lying = with_row(scan, replace(row, finding="grade 3"))
        assert fact_of(scan, SEVERITY, NEED, row.measurement_id) is not None
        assert fact_of(lying, SEVERITY, NEED, row.measurement_id) is None
        unsure = with_row(scan, replace(row, verdict="borderline"))
        assert fact_of(unsure, SEVERITY, NEED, row.measurement_id) is None
        unknown = with_row(scan, replace(row, criterion="phrenology"))
        assert fact_of(unknown, SEVERITY, NEED, row.measurement_id) is None

    def test_rules_that_the_recipe_leaves_out_are_not_asked(self) -> None:
        need = VolumeNeed(rules=("spondylolisthesis",))
        assert isinstance(facts(lumbar_spine(), SEVERITY, need), NoFact)

    def test_intact_vertebrae_do_not_crowd_out_everything(self) -> None:
        scan = lumbar_spine(losses=(3.0, 4.0, 5.0, 6.0, 3.5, 2.0, 1.0))
        assert len(made(scan, SEVERITY, VolumeNeed(questions_each=4))) == 2


class TestMeasurement:
    def test_kinds_of_measurement_are_varied(self) -> None:
        found = made(abdomen(), VALUE, VolumeNeed(questions_each=3))
        assert {fact.measurements[0].name for fact in found} == {"volume", "long_axis", "short_axis"}

    def test_values_that_their_uncertainty_swallows_are_not_asked(self) -> None:
        scan = abdomen()
        row = row_named(scan, "spleen", "volume")
        assert row.number is not None
        dull = with_row(scan, replace(row, uncertainty=0.3 * row.number))
        assert fact_of(scan, VALUE, NEED, row.measurement_id) is not None
        assert fact_of(dull, VALUE, NEED, row.measurement_id) is None

    def test_options_differ_by_more_than_the_uncertainty_and_are_written_alike(self) -> None:
        for scan in (lumbar_spine(), abdomen(), radiograph()):
            for fact in made(scan, VALUE):
                value = fact.measurements[0]
                assert value.number is not None
                assert value.uncertainty is not None
                options = [fact.answer, *(option.option for option in fact.wrong)]
                assert abs(number(fact.answer) - value.number) <= value.uncertainty
                numbers = sorted(number(option) for option in options)
                gaps = [high - low for low, high in pairwise(numbers)]
                assert min(gaps) > 0.9 * value.uncertainty
                assert len({len(option.partition(".")[2]) for option in options}) == 1
                assert len({option.lstrip("-0123456789.") for option in options}) == 1

    def test_wrong_values_come_from_the_study_first(self) -> None:
        scan = lumbar_spine()
        fact = fact_of(scan, VALUE, NEED, row_named(scan, "L2", "front_height").measurement_id)
        assert fact is not None
        measured = {row.number for row in scan.measurements if row.name == "front_height"}
        others = [number(option.option) for option in fact.wrong]
        assert all(any(abs(value - one) < 0.06 for one in measured if one) for value in others)

    def test_the_right_value_stands_anywhere_among_those_offered(self) -> None:
        places = set()
        for n in range(40):
            fact = made(radiograph(f"film {n}"), VALUE)[0]
            places.add(sum(number(option.option) < number(fact.answer) for option in fact.wrong))
        assert places >= {1, 2, 3, 4}  # four larger ones would leave the valid range

    def test_doubtful_values_are_not_asked(self) -> None:
        scan = abdomen()
        asked = {fact.subject for fact in made(scan, VALUE)}
        for row in scan.measurements:
            assert (row.measurement_id in asked) <= (row.status == "ok")
        assert isinstance(facts(radiograph(projection="AP"), VALUE, NEED), NoFact)

    def test_nothing_is_drawn_on_organs_because_a_box_measures(self) -> None:
        for fact in made(abdomen(), VALUE):
            assert not any(shown.draws for shown in fact.slices)
            assert {box.role for box in fact.boxes} == {"answer"}

    def test_a_diameter_is_shown_on_the_slice_it_was_measured_on(self) -> None:
        scan = abdomen()
        row = row_named(scan, "spleen", "long_axis")
        fact = fact_of(scan, VALUE, NEED, row.measurement_id)
        assert fact is not None
        assert [(shown.axis, shown.index) for shown in fact.slices] == [(2, 64)]

    def test_a_measurement_without_words_or_of_an_unsound_level_is_not_asked(self) -> None:
        scan = lumbar_spine()
        row = row_named(scan, "L2", "front_height")
        strange = with_row(scan, replace(row, name="phlogiston"))
        assert fact_of(strange, VALUE, NEED, row.measurement_id) is None
        rows = [one for one in scan.structures if one.level not in ("L1", "L3")]
        alone = scan_of(scan.volume, scan.masks, rows, scan.measurements)
        assert fact_of(alone, VALUE, NEED, row.measurement_id) is None

    @settings(max_examples=50, deadline=None)
    @given(
        value=st.floats(min_value=-500, max_value=5000, allow_nan=False).filter(lambda x: abs(x) > 1e-3),
        uncertainty=st.one_of(st.none(), st.floats(min_value=1e-3, max_value=80)),
        count=st.integers(min_value=1, max_value=9),
        seed=st.text(max_size=4),
    )
    def test_any_value_gets_wrong_ones_that_are_clearly_other_values(
        self, value: float, uncertainty: float | None, count: int, seed: str
    ) -> None:
        scan = radiograph(f"film {seed}")
        row = replace(
            scan.measurements[0], number=value, uncertainty=uncertainty, unit="mm", valid_range=()
        )
        asking = inquire(with_row(scan, row), VALUE, NEED)
        scale = scale_of(row, value)
        wrong = wrong_values(asking, row, count=count)
        assert len(wrong) <= count
        assert len({option.option for option in wrong} | {scale.words(value)}) == len(wrong) + 1
        step = 10.0**-scale.decimals
        for option in wrong:
            assert abs(abs(number(option.option)) - abs(value)) > scale.open - step
        assert abs(number(scale.words(value)) - value) <= step / 2 + 1e-9


class TestFinding:
    def test_a_film_is_judged_by_its_ratio_in_stages(self) -> None:
        (fact,) = made(radiograph(ratio=0.58), FINDING)
        assert fact.answer == "enlarged"
        assert {option.option for option in fact.wrong} == {"not enlarged", CANNOT}
        assert [turn.stage for turn in fact.turns] == ["criterion", "structure", "index"]
        assert [turn.answer for turn in fact.turns] == [
            "the widest heart over the widest thorax",
            "the heart and both lungs",
            "0.580",
        ]
        assert fact.chain
        assert fact.chain[-1].word == "enlarged"

    def test_cannot_be_measured_is_offered_always_and_right_where_it_is_so(self) -> None:
        (fact,) = made(radiograph(projection="AP"), FINDING)
        assert fact.answer == CANNOT
        assert fact.turns[-1].answer == CANNOT
        assert len(fact.turns[-1].options) == 5
        for scan in (lumbar_spine(), abdomen(), radiograph()):
            for one in made(scan, FINDING):
                assert CANNOT in {one.answer, *(option.option for option in one.wrong)}
                assert CANNOT in one.turns[-1].options

    def test_borderline_verdicts_are_not_asked(self) -> None:
        assert isinstance(facts(radiograph(ratio=0.502), FINDING, NEED), NoFact)

    def test_turns_hold_their_answer_once_and_other_criteria_beside_it(self) -> None:
        for scan in (lumbar_spine(), abdomen(), radiograph()):
            for fact in made(scan, FINDING):
                for turn in fact.turns:
                    assert turn.options[turn.answer_index] == turn.answer
                    assert len(set(turn.options)) == len(turn.options)
                    assert 2 <= len(turn.options) <= FINDING.options

    def test_criteria_that_read_the_same_index_are_no_wrong_options_of_one_another(self) -> None:
        (fact,) = made(abdomen(), FINDING)
        assert WORDS["lymph_node_size"].index not in fact.turns[0].options

    @pytest.mark.parametrize("most", [2, 3, 5])
    def test_few_options_hold_the_answer_and_cannot_be_measured(self, most: int) -> None:
        for fact in made(lumbar_spine(), Task(name="finding_mcq", options=most)):
            offered = [fact.answer, *(option.option for option in fact.wrong)]
            assert len(offered) == most
            assert CANNOT in offered

    def test_findings_not_asked_yet_come_first(self) -> None:
        found = made(lumbar_spine(), FINDING, VolumeNeed(questions_each=4))
        assert {fact.answer for fact in found} == {"grade 0", "grade 2", "grade 3", CANNOT}


def test_every_criterion_has_words_and_no_question_says_a_finding() -> None:
    assert set(WORDS) == set(CRITERIA)
    row = lumbar_spine().measurements[0]
    for name, criterion in CRITERIA.items():
        asked = question_of(replace(row, criterion=name, subject="L4 on L5", name=criterion.index))
        assert asked.endswith("?")
        assert not any(says(asked, finding) for finding in criterion.findings)
        assert "{" not in asked
        assert measured_words(replace(row, name=criterion.index, subject="L4 on L5"))
        words = WORDS[name]
        for text in (words.judges, words.index, words.structures):
            assert not any(says(text, finding) for finding in criterion.findings)
