"""``level_mcq`` and ``box_mcq``: what lies in a box, and which box is whose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grandrounds.imaging.fact import Fact, NoFact
from grandrounds.imaging.facts import fact_of, facts
from grandrounds.imaging.facts.options import overlap
from grandrounds.imaging.facts.wording import box_words
from grandrounds.needs import VolumeNeed
from grandrounds.recipe import Task
from grandrounds.records.scan import Scan
from tests.support.scans import abdomen, lumbar_spine, radiograph, scan_of

LEVEL, BOX = Task(name="level_mcq"), Task(name="box_mcq")
NEED = VolumeNeed(questions_each=50)


def asked(scan: Scan, task: Task, need: VolumeNeed = NEED) -> dict[str, Fact]:
    """Facts by the name of the structure they are of."""
    made = facts(scan, task, need)
    assert isinstance(made, tuple), made
    names = {row.structure_id: row.name for row in scan.structures}
    return {names[fact.subject]: fact for fact in made}


def test_the_box_of_a_vertebra_is_asked_for_its_level() -> None:
    found = asked(lumbar_spine(), LEVEL)["L3"]
    assert found.answer == "L3"
    assert "i 45-117, j 58-143, k 86-132" in found.question
    assert {option.option for option in found.wrong} < {"T11", "T12", "L1", "L2", "L4", "L5", "sacrum"}
    assert len(found.wrong) == 4


def test_the_right_level_stands_at_every_place_among_those_offered() -> None:
    places = set()
    for number in range(12):
        for level, fact in asked(lumbar_spine(f"spine {number}"), LEVEL).items():
            boxes = {box.name: box.voxels for box in fact.boxes}
            heights = sorted(box[2] for box in boxes.values())
            places.add(heights.index(boxes[level][2]))
    assert places == {0, 1, 2, 3, 4}


def test_cut_structures_are_options_but_never_asked_about() -> None:
    scan = abdomen()
    found = asked(scan, LEVEL)
    assert "urinary bladder" not in found
    assert "aorta" not in found
    assert any(option.option == "urinary bladder" for fact in found.values() for option in fact.wrong)


def test_the_other_side_is_always_offered() -> None:
    found = asked(abdomen(), LEVEL)
    assert "right kidney" in {option.option for option in found["left kidney"].wrong}
    assert "left adrenal gland" in {option.option for option in found["right adrenal gland"].wrong}


def test_who_swaps_sides_changes_the_answers() -> None:
    plain, mirrored = asked(abdomen(), LEVEL), asked(abdomen(mirrored=True), LEVEL)
    by_subject = {fact.subject: fact.answer for fact in plain.values()}
    swapped = {fact.subject: fact.answer for fact in mirrored.values()}
    assert {by_subject[one] for one in by_subject if by_subject[one] != swapped[one]} == {
        "left kidney",
        "right kidney",
        "left adrenal gland",
        "right adrenal gland",
    }


def test_the_box_asked_is_drawn_on_slices_that_cross_it() -> None:
    for scan in (lumbar_spine(), abdomen(), radiograph()):
        for fact in asked(scan, LEVEL).values():
            box = next(box for box in fact.boxes if box.role == "asked")
            for shown in fact.slices:
                assert shown.draws == (fact.subject,)
                assert box.voxels[shown.axis] <= shown.index < box.voxels[shown.axis + 3]


def test_spines_are_shown_from_the_side_and_from_the_front_abdomens_from_below_first() -> None:
    assert [shown.axis for shown in asked(lumbar_spine(), LEVEL)["L3"].slices] == [0, 1]
    assert asked(abdomen(), LEVEL)["spleen"].slices[0].axis == 2
    assert [shown.axis for shown in asked(radiograph(), LEVEL)["heart"].slices] == [2]


def test_boxes_offered_do_not_overlap_the_right_one_by_half() -> None:
    for scan in (lumbar_spine(), abdomen(), radiograph()):
        for fact in asked(scan, BOX).values():
            right = next(box for box in fact.boxes if box.role == "answer")
            wrong = [box for box in fact.boxes if box.role == "option"]
            assert fact.answer == box_words(right.voxels)
            assert {option.option for option in fact.wrong} == {box_words(box.voxels) for box in wrong}
            assert all(overlap(right.voxels, box.voxels) <= 0.5 for box in wrong)


def test_pictures_show_all_boxes_alike() -> None:
    for scan in (lumbar_spine(), abdomen()):
        for fact in asked(scan, BOX).values():
            assert all(not shown.draws for shown in fact.slices)
            for box in fact.boxes:
                assert any(
                    box.voxels[shown.axis] <= shown.index < box.voxels[shown.axis + 3]
                    for shown in fact.slices
                ), box.name


def test_one_slice_from_the_side_is_enough_where_it_crosses_all_boxes() -> None:
    for fact in asked(lumbar_spine(), BOX).values():
        assert [shown.axis for shown in fact.slices] == [0]
    assert any(len(fact.slices) > 1 for fact in asked(abdomen(), BOX).values())


def test_a_box_that_could_be_taken_for_another_is_no_wrong_option() -> None:
    scan = abdomen()
    liver = next(row for row in scan.structures if row.name == "liver")
    twin = replace(liver, structure_id="structure-twin", name="hepatic parenchyma")
    doubled = scan_of(scan.volume, scan.masks, (*scan.structures, twin))
    for task in (LEVEL, BOX):
        for fact in asked(doubled, task).values():
            names = {box.name for box in fact.boxes}
            assert not {"liver", "hepatic parenchyma"} <= names or fact.subject not in (
                liver.structure_id,
                twin.structure_id,
            )


@pytest.mark.parametrize("task", [LEVEL, BOX])
def test_swapped_levels_are_not_asked_about(task: Task) -> None:
    scan = lumbar_spine()
    turned = {"L2": "L3", "L3": "L2"}
    rows = [
        replace(row, name=turned.get(row.name, row.name), level=turned.get(row.level, row.level))
        for row in scan.structures
    ]
    assert isinstance(facts(scan_of(scan.volume, scan.masks, rows), task, NEED), NoFact)


def test_a_level_without_neighbours_is_neither_asked_about_nor_offered() -> None:
    scan = lumbar_spine()
    rows = [row for row in scan.structures if row.level not in ("L2", "L4")]
    found = asked(scan_of(scan.volume, scan.masks, rows), LEVEL)
    assert "L3" not in found
    assert all(option.option != "L3" for fact in found.values() for option in fact.wrong)
    assert {"T12", "L1", "L5"} <= set(found)


def test_two_structures_of_one_name_are_left_out() -> None:
    scan = abdomen()
    spleen = next(row for row in scan.structures if row.name == "spleen")
    again = replace(spleen, structure_id="structure-again", box=(30, 60, 10, 80, 130, 40))
    found = asked(scan_of(scan.volume, scan.masks, (*scan.structures, again)), LEVEL)
    assert "spleen" not in found


def test_a_structure_alone_has_nothing_to_be_taken_for() -> None:
    scan = abdomen()
    alone = scan_of(scan.volume, scan.masks, scan.structures[:1])
    assert isinstance(facts(alone, LEVEL, NEED), NoFact)


@pytest.mark.parametrize("task", [LEVEL, BOX])
def test_boxes_outside_the_volume_are_not_believed(task: Task) -> None:
    scan = abdomen()
    spleen = next(row for row in scan.structures if row.name == "spleen")
    rows = [
        replace(row, box=(30, 60, 50, 80, 130, 91)) if row is spleen else row for row in scan.structures
    ]
    assert "spleen" not in asked(scan_of(scan.volume, scan.masks, rows), task)


def test_masks_of_other_origins_are_left_alone() -> None:
    need = VolumeNeed(box_origins=("manual",))
    assert isinstance(facts(abdomen(), LEVEL, need), NoFact)


def test_few_options_are_enough_and_few_questions_are_asked() -> None:
    need = VolumeNeed(questions_each=2)
    found = facts(lumbar_spine(), Task(name="level_mcq", options=2), need)
    assert isinstance(found, tuple)
    assert [len(fact.wrong) for fact in found] == [1, 1]


def test_which_levels_are_asked_differs_between_scans() -> None:
    need = VolumeNeed(questions_each=1)
    answers = set()
    for number in range(12):
        found = facts(lumbar_spine(f"spine {number}"), LEVEL, need)
        assert isinstance(found, tuple)
        answers.add(found[0].answer)
    assert len(answers) > 3


def test_a_fact_can_be_had_again_by_its_subject() -> None:
    for task in (LEVEL, BOX):
        for fact in asked(lumbar_spine(), task).values():
            assert fact_of(lumbar_spine(), task, NEED, fact.subject) == fact
        assert fact_of(lumbar_spine(), task, NEED, "structure-nobody") is None
