"""``slice_mcq``, ``relation_mcq`` and ``count_mcq``: where something is largest, lies, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from grandrounds.imaging.fact import Fact, NoFact
from grandrounds.imaging.facts import fact_of, facts
from grandrounds.imaging.facts.largest_slice import slice_axis
from grandrounds.needs import VolumeNeed
from grandrounds.recipe import Task
from grandrounds.records.scan import Scan
from grandrounds.records.structure import Remark, StructureRow
from tests.support.scans import abdomen, image, lumbar_spine, mask_for, radiograph, scan_of, structure

SLICE, RELATION, COUNT = Task(name="slice_mcq"), Task(name="relation_mcq"), Task(name="count_mcq")
NEED = VolumeNeed(questions_each=50)


def made(scan: Scan, task: Task) -> tuple[Fact, ...]:
    found = facts(scan, task, NEED)
    assert isinstance(found, tuple), found
    return found


def by_name(scan: Scan, task: Task) -> dict[str, Fact]:
    names = {row.structure_id: row.name for row in scan.structures}
    return {"+".join(names[one] for one in fact.subject.split("+")): fact for fact in made(scan, task)}


def changed(scan: Scan, name: str, **values: object) -> Scan:
    rows = [replace(row, **values) if row.name == name else row for row in scan.structures]  # type: ignore[arg-type]
    return scan_of(scan.volume, scan.masks, rows, scan.measurements)


class TestLargestSlice:
    def test_wrong_slices_miss_the_structure_and_lie_off_the_right_one(self) -> None:
        for scan in (lumbar_spine(), abdomen()):
            axis = slice_axis(scan.volume)
            for fact in made(scan, SLICE):
                row = scan.structure(fact.subject)
                assert row is not None
                assert fact.answer == str(row.largest[axis])
                for option in fact.wrong:
                    index = int(option.option)
                    assert not row.box[axis] <= index < row.box[axis + 3]
                    assert abs(index - row.largest[axis]) >= 3
                    assert abs(index - row.largest[axis]) * scan.volume.spacing[axis] >= 10

    def test_each_slice_offered_is_shown_with_nothing_drawn(self) -> None:
        for fact in made(lumbar_spine(), SLICE):
            offered = {int(fact.answer), *(int(option.option) for option in fact.wrong)}
            assert [shown.index for shown in fact.slices] == sorted(offered)
            assert not any(shown.draws for shown in fact.slices)

    def test_slices_run_across_the_longest_side_of_the_voxels(self) -> None:
        assert slice_axis(image("a", shape=(9, 9, 9), spacing=(1.0, 1.0, 1.0))) == 2
        assert slice_axis(image("b", shape=(9, 9, 9), spacing=(3.0, 0.5, 0.5))) == 0
        assert slice_axis(image("c", shape=(9, 9, 9), spacing=(1.0, 1.1, 1.0))) == 2

    def test_sagittal_series_are_asked_for_sagittal_slices(self) -> None:
        volume = image("sagittal", shape=(40, 256, 256), spacing=(4.0, 0.8, 0.8))
        mask = mask_for(volume)
        rows = [
            structure(volume, mask, label=n, name=name, box=(start, 60, 60, start + 5, 120, 120))
            for n, (name, start) in enumerate({"left eye": 5, "brainstem": 17, "right eye": 30}.items(), 1)
        ]
        fact = by_name(scan_of(volume, [mask], rows), SLICE)["brainstem"]
        assert "sagittal slices (index along i" in fact.question
        assert fact.answer == "19"

    def test_one_slice_alone_is_not_asked_for(self) -> None:
        assert isinstance(facts(radiograph(), SLICE, NEED), NoFact)


class TestRelation:
    def test_the_answer_is_where_the_centre_lies(self) -> None:
        for number in range(6):
            scan = abdomen(f"abdomen {number}")
            rows = {row.structure_id: row for row in scan.structures}
            for fact in made(scan, RELATION):
                row, other = (rows[one] for one in fact.subject.split("+"))
                words = {
                    "to the right": row.centre_millimetres[0] - other.centre_millimetres[0],
                    "to the left": other.centre_millimetres[0] - row.centre_millimetres[0],
                    "in front": row.centre_millimetres[1] - other.centre_millimetres[1],
                    "behind": other.centre_millimetres[1] - row.centre_millimetres[1],
                    "above": row.centre_millimetres[2] - other.centre_millimetres[2],
                    "below": other.centre_millimetres[2] - row.centre_millimetres[2],
                }
                said = fact.answer.split(" and ")
                assert all(words[one] > 10 for one in said)
                for option in fact.wrong:
                    assert any(words[one] < -10 for one in option.option.split(" and "))

    def test_two_clear_axes_make_four_options_one_makes_two(self) -> None:
        assert {len(fact.wrong) for fact in made(abdomen(), RELATION)} <= {1, 3}
        assert {len(fact.wrong) for fact in made(lumbar_spine(), RELATION)} == {1}

    def test_names_do_not_tell_the_answer(self) -> None:
        pairs = by_name(abdomen(), RELATION)
        sides = [fact for pair, fact in pairs.items() if "left" in pair and "right" in pair]
        assert sides
        assert all("to the" not in fact.answer for fact in sides)
        for fact in made(lumbar_spine(), RELATION):
            assert fact.answer in ("in front", "behind")

    def test_a_pair_seen_from_the_other_one_is_turned_round(self) -> None:
        turned = {"above": "below", "in front": "behind", "to the left": "to the right"}
        turned |= {value: key for key, value in turned.items()}
        scan = abdomen()
        for fact in made(scan, RELATION):
            back = fact_of(scan, RELATION, NEED, "+".join(reversed(fact.subject.split("+"))))
            assert back is not None
            assert back.answer.split(" and ") == [turned[one] for one in fact.answer.split(" and ")]

    def test_near_centres_have_no_word(self) -> None:
        scan = abdomen()
        spleen = next(row for row in scan.structures if row.name == "spleen")
        x, y, z = spleen.centre_millimetres
        near = changed(scan, "pancreas", centre=spleen.centre, centre_millimetres=(x + 4, y - 9, z + 9.5))
        assert not {"spleen+pancreas", "pancreas+spleen"} & set(by_name(near, RELATION))

    def test_a_grid_that_says_otherwise_is_not_asked(self) -> None:
        """On a tilted grid a picture may show above what lies below in the patient."""
        scan = abdomen()
        spleen = next(row for row in scan.structures if row.name == "spleen")
        kidney = next(row for row in scan.structures if row.name == "left kidney")
        x, y, z = kidney.centre_millimetres
        tilted = changed(scan, "spleen", centre_millimetres=(x - 12, y + 3, z - 30))
        assert spleen.centre[2] > kidney.centre[2]
        pairs = by_name(tilted, RELATION)
        found = [fact for pair, fact in pairs.items() if set(pair.split("+")) == {"spleen", "left kidney"}]
        assert all("above" not in fact.answer and "below" not in fact.answer for fact in found)

    def test_structures_cut_by_the_edge_have_no_centre(self) -> None:
        assert not any("aorta" in pair for pair in by_name(abdomen(), RELATION))

    def test_a_film_has_no_patient_axes(self) -> None:
        assert isinstance(facts(radiograph(), RELATION, NEED), NoFact)

    def test_a_subject_that_is_no_pair_gives_nothing(self) -> None:
        scan = abdomen()
        one = scan.structures[0].structure_id
        for subject in ("", one, f"{one}+{one}", f"{one}+nobody", f"{one}+{one}+{one}"):
            assert fact_of(scan, RELATION, NEED, subject) is None


class TestCount:
    def test_whole_vertebrae_are_counted_cut_ones_are_not(self) -> None:
        fact = fact_of(lumbar_spine(), COUNT, NEED, "vertebrae")
        assert fact is not None
        assert fact.answer == "7"  # T11 to L5; T10 is cut, the sacrum is none
        assert ("8", "visible") in {(option.option, option.reference) for option in fact.wrong}
        assert {box.name for box in fact.boxes if box.role == "answer"} == {
            "T11", "T12", "L1", "L2", "L3", "L4", "L5",
        }  # fmt: skip

    def test_a_part_of_the_spine_is_asked_only_where_it_is_not_there_in_full(self) -> None:
        assert {fact.subject for fact in made(lumbar_spine(), COUNT)} == {"vertebrae", "thoracic vertebrae"}

    def test_the_right_number_stands_anywhere_among_those_offered(self) -> None:
        places = set()
        for number in range(24):
            fact = fact_of(lumbar_spine(f"spine {number}"), COUNT, NEED, "vertebrae")
            assert fact is not None
            places.add(sum(int(option.option) < int(fact.answer) for option in fact.wrong))
        assert len(places) >= 4

    @pytest.mark.parametrize("gone", [("L2",), ("T10", "T11", "T12"), ("S", "L5", "L4")])
    def test_a_mask_that_may_lack_vertebrae_is_not_counted(self, gone: Sequence[str]) -> None:
        scan = lumbar_spine()
        rows = [row for row in scan.structures if row.level not in gone]
        assert isinstance(facts(scan_of(scan.volume, scan.masks, rows), COUNT, NEED), NoFact)

    def test_a_vertebra_of_a_few_voxels_is_in_doubt(self) -> None:
        few = Remark(code="too_few_voxels", words="it has 3 of at least 10 voxels")
        scan = changed(lumbar_spine(), "L2", status="unreliable", remarks=(few,))
        assert isinstance(facts(scan, COUNT, NEED), NoFact)

    def test_bodies_do_not_count_twice(self) -> None:
        scan = lumbar_spine()
        wholes: list[StructureRow] = [row for row in scan.structures if "body" not in row.name]
        bare = scan_of(scan.volume, scan.masks, wholes)
        assert [f.answer for f in made(scan, COUNT)] == [f.answer for f in made(bare, COUNT)]
