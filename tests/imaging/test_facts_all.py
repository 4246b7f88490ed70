"""What holds of the facts of every task: whatever the order of rows, and whatever is asked."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from grandrounds.imaging.fact import Fact
from grandrounds.imaging.facts import fact_of, facts
from grandrounds.imaging.wording import problems
from grandrounds.needs import VolumeNeed
from grandrounds.recipe import VOLUME_TASKS, Task
from grandrounds.records.scan import Scan
from tests.support.scans import abdomen, lumbar_spine, radiograph

NEED = VolumeNeed(questions_each=6)
SCANS = [lumbar_spine(), abdomen(), abdomen("other"), radiograph(), radiograph("ap", projection="AP")]
TASKS = [Task(name=name) for name in VOLUME_TASKS]
ALL = [
    (scan, task, fact)
    for scan in SCANS
    for task in TASKS
    if isinstance(found := facts(scan, task, NEED), tuple)
    for fact in found
]


def shuffled(scan: Scan, seed: int) -> Scan:
    order = random.Random(seed)
    lists = [list(scan.structures), list(scan.measurements), list(scan.masks)]
    for rows in lists:
        order.shuffle(rows)
    return replace(scan, structures=tuple(lists[0]), measurements=tuple(lists[1]), masks=tuple(lists[2]))


def texts(fact: Fact) -> list[str]:
    return [fact.answer, *(option.option for option in fact.wrong)]


def test_every_task_is_asked_of_some_scan() -> None:
    assert {task.name for _, task, _ in ALL} == set(VOLUME_TASKS)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_order_of_rows_changes_nothing(task: Task) -> None:
    for scan in SCANS:
        for seed in range(3):
            assert facts(shuffled(scan, seed), task, NEED) == facts(scan, task, NEED)


def test_a_fact_comes_again_from_its_subject() -> None:
    for scan, task, fact in ALL:
        assert fact_of(shuffled(scan, 7), task, NEED, fact.subject) == fact
        assert fact_of(scan, task, NEED, "nothing of the scan") is None


def test_no_scan_gives_more_facts_than_asked_for_nor_one_twice() -> None:
    for scan in SCANS:
        for task in TASKS:
            found = facts(scan, task, VolumeNeed(questions_each=2))
            if isinstance(found, tuple):
                assert len({fact.subject for fact in found}) == len(found) <= 2
            else:
                assert found.task == task.name
                assert found.reason


def test_options_are_at_least_two_all_different_and_the_answer_is_none_of_the_wrong_ones() -> None:
    for _, task, fact in ALL:
        options = texts(fact)
        assert 2 <= len(options) <= task.options
        assert len({option.casefold() for option in options}) == len(options)
        assert {option.origin for option in fact.wrong} <= {"study", "criterion"}


@pytest.mark.parametrize("most", [2, 3, 10])
def test_no_more_options_than_the_recipe_says(most: int) -> None:
    for scan in SCANS:
        for name in VOLUME_TASKS:
            found = facts(scan, Task(name=name, options=most), NEED)
            for fact in found if isinstance(found, tuple) else ():
                assert 2 <= len(set(texts(fact))) <= most


def test_words_keep_to_the_fact() -> None:
    """The gate for a model's words: no number and no name but the fact's, the answer at the end alone."""
    for _, _, fact in ALL:
        assert problems(fact.question, " ".join(fact.reasoning), fact) == (), fact


def test_the_last_sentence_alone_says_the_answer() -> None:
    for _, _, fact in ALL:
        assert 2 <= len(fact.reasoning) <= 5, fact
        pattern = re.compile(rf"(?<!\w){re.escape(fact.answer)}(?!\w)", re.IGNORECASE)
        assert pattern.search(fact.reasoning[-1])
        assert not any(pattern.search(sentence) for sentence in fact.reasoning[:-1])
        assert not pattern.search(fact.question)


def test_questions_are_one_or_two_plain_sentences() -> None:
    for _, _, fact in ALL:
        assert fact.question.endswith(("?", "."))
        assert fact.question.count("?") == 1
        assert len(fact.question) < 250
        assert "  " not in fact.question
        assert fact.question[0].isupper()
        assert all(sentence[0].isupper() for sentence in fact.reasoning)


def test_key_slices_lie_in_the_volume_and_are_few() -> None:
    for scan, _, fact in ALL:
        assert 1 <= len(fact.slices) <= 6
        assert len(set(fact.slices)) == len(fact.slices)
        for shown in fact.slices:
            assert 0 <= shown.index < scan.volume.shape[shown.axis]
            assert all(scan.structure(one) for one in shown.draws)


def test_some_slice_shows_what_the_answer_rests_on() -> None:
    for _, task, fact in ALL:
        if task.name == "count_mcq":
            continue
        rests = [box for box in fact.boxes if box.role in ("asked", "answer", "shown")]
        assert any(
            box.voxels[shown.axis] <= shown.index < box.voxels[shown.axis + 3]
            for box in rests
            for shown in fact.slices
        )


def test_what_is_drawn_is_asked_or_shown_never_the_answer() -> None:
    for _, _, fact in ALL:
        roles = {box.structure_id: box.role for box in fact.boxes}
        assert len(roles) == len(fact.boxes)
        for shown in fact.slices:
            assert all(roles[one] in ("asked", "shown") for one in shown.draws)


def test_numbers_are_those_of_the_rows() -> None:
    """Each number of an answer is a box, a place, a count or a value of the scan's rows."""
    for scan, task, fact in ALL:
        if task.name == "measurement_mcq":
            row = next(row for row in scan.measurements if row.measurement_id == fact.subject)
            said = float(re.match(r"-?[\d.]+", fact.answer)[0])  # type: ignore[index]
            assert row.number is not None
            assert abs(said - row.number) <= (row.uncertainty or 0.0)
        if task.name in ("level_mcq", "box_mcq"):
            row_ = scan.structure(fact.subject)
            assert row_ is not None
            words = fact.question if task.name == "level_mcq" else fact.answer
            assert [int(n) for n in re.findall(r"(?<=[ijk] )(\d+)-", words)] == list(row_.box[:3])


def test_labels_tell_modality_structure_and_finding() -> None:
    for scan, task, fact in ALL:
        schemes = [label.scheme for label in fact.labels]
        assert schemes[0] == "modality"
        assert fact.labels[0].path == (scan.volume.modality,)
        assert "structure" in schemes
        assert ("finding" in schemes) == (task.name in ("severity_mcq", "finding_mcq"))


def test_tasks_of_case_reports_are_none_of_volumes() -> None:
    with pytest.raises(KeyError):
        facts(SCANS[0], Task(name="diagnosis_mcq"), NEED)
