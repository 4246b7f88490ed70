"""Each gate of volumes that looks at one row: sound rows pass, each planted fault is refused for its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grandrounds.gates.gate import Gate, Looked
from grandrounds.gates.volumes import (
    GATES,
    box,
    box_origin,
    centroid,
    deidentify,
    grid,
    labels,
    options,
    reasoning,
    recompute,
    slices,
    spacing,
    tolerance,
    types,
)
from grandrounds.lake import Lake
from grandrounds.records.parts import MeasuredValue, OptionOrigin, Turn
from grandrounds.records.scan import Scan
from tests.support.scans import radiograph
from tests.support.volume_builds import (
    Torso,
    asking_about,
    authored,
    changed,
    looked,
    make_recipe,
    of_scan,
    read_torso,
    with_row,
    write_torso,
)


@pytest.fixture(scope="module")
def torso(tmp_path_factory: pytest.TempPathFactory) -> Torso:
    folder = write_torso(tmp_path_factory.mktemp("torso"))
    return authored(read_torso(folder, Lake(str(tmp_path_factory.mktemp("lake")))))


@pytest.fixture(scope="module")
def sound(torso: Torso) -> Looked:
    """A sound question on a vertebra's level with all that its files hold."""
    row = next(
        row
        for row in torso.revisions
        if row.task == "level_mcq" and row.answer.startswith("L") and len(row.answer) == 2
    )
    return looked(torso, row)


def told(gate: Gate, at: Looked, **changes: Any) -> str:
    """What a gate says of the sound row with changed fields."""
    return " ".join(gate.look(replace(at, revision=replace(at.revision, **changes))).problems)


def scan_of(at: Looked) -> Scan:
    assert at.scan is not None
    return at.scan


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_sound_rows_of_every_task_pass_every_gate(torso: Torso, sound: Looked, gate: Gate) -> None:
    for revision in torso.revisions:
        assert gate.look(replace(sound, revision=revision)).problems == (), revision.task


# Types and options -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stem": ""}, "The stem is empty"),
        ({"rationale": " "}, "The rationale is empty"),
        ({"subject": ""}, "The subject is empty"),
        ({"task": "diagnosis_mcq"}, "no task 'diagnosis_mcq'"),
        ({"recipe": "other"}, "belongs to recipe 'other'"),
        ({"options": ("L1",)}, "1 options; the task asks for 2 to 5"),
        ({"options": tuple("abcdefg")}, "7 options; the task asks for 2 to 5"),
        ({"answer": "L9"}, "stands 0 times"),
        ({"answer_index": 1}, "is option 0, not 1"),
        ({"answer_index": None}, "is option 0, not None"),
        ({"option_origins": ()}, "doesn't tell where options come from"),
        ({"option_origins": (OptionOrigin(option="x", origin="study"),)}, "options that are not there: x"),
    ],
)
def test_rows_of_the_wrong_shape_are_refused(sound: Looked, changes: dict[str, Any], words: str) -> None:
    assert words in told(types.GATE, sound, **changes)


def test_a_stage_whose_answer_is_not_offered_is_refused(sound: Looked) -> None:
    turn = Turn(stage="criterion", question="Which?", options=("a", "b"), answer="c", answer_index=0)
    assert "stage 'criterion' stands 0 times" in told(types.GATE, sound, turns=(turn,))
    assert told(types.GATE, sound, turns=(replace(turn, answer="a"),)) == ""


def test_as_few_as_two_options_are_enough(sound: Looked) -> None:
    two = sound.revision.options[:2]
    origins = tuple(one for one in sound.revision.option_origins if one.option in two)
    assert told(types.GATE, sound, options=two, option_origins=origins) == ""


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        (("12 mm", "12.0 mm"), "the same option"),
        (("1.50", "1.5"), "the same option"),
        (("Left kidney", "left  kidney"), "the same option"),
        (("kidney", "left kidney"), "'left kidney' contains 'kidney'"),
        (("i 3-5, j 1-2, k 0-9", "i 3-5, j 1-2, k 0-9.0"), "the same option"),
        (("L1", "none of the above"), "no answer of its own"),
        (("12 mm", "12 ml"), ""),
        (("-5 degrees", "5 degrees"), ""),
        (("L1", "L10"), ""),
        (("i 3-5, j 1-2, k 0-9", "i 3-5, j 1-2, k 1-9"), ""),
        (("23 mm", "cannot be measured"), ""),
        (("2", "12"), ""),
    ],
)
def test_options_say_different_things(sound: Looked, offered: tuple[str, ...], words: str) -> None:
    said = told(options.GATE, sound, options=offered, option_origins=(), answer=offered[0])
    assert words in said
    assert bool(words) is bool(said)


def test_findings_of_a_criterion_may_contain_one_another(sound: Looked) -> None:
    origins = tuple(OptionOrigin(option=one, origin="criterion") for one in ("scoliosis", "no scoliosis"))
    given = {"options": ("no scoliosis", "scoliosis"), "option_origins": origins, "answer": "scoliosis"}
    assert told(options.GATE, sound, **given) == ""


# Geometry --------------------------------------------------------------------------------------------


def test_a_mask_of_another_image_or_shape_is_refused(sound: Looked) -> None:
    scan = scan_of(sound)
    strange = tuple(replace(mask, mask_of="other") for mask in scan.masks)
    small = tuple(replace(mask, shape=(54, 44, 63)) for mask in scan.masks)
    assert "made for another image" in of_scan(grid.GATE, sound, replace(scan, masks=strange))
    assert "54x44x63 voxels, its image 54x44x64" in of_scan(grid.GATE, sound, replace(scan, masks=small))


def test_a_file_with_fewer_voxels_than_its_row_is_refused(torso: Torso, sound: Looked) -> None:
    cut = changed(torso, "vert", lambda mask: np.ascontiguousarray(mask[:, :, 1:]))
    at = looked(torso, sound.revision, opener=cut)
    assert "54x44x63 voxels, its row 54x44x64" in told(grid.GATE, at)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda mask: mask - 0.5, "can't be counted"),
        (lambda mask: mask.astype(np.int16) - 1, "can't be counted"),
        (lambda mask: np.where(mask == 24, 99, mask), "not those that its row lists (labels 24, 99)"),
        (np.zeros_like, "not those that its row lists"),
    ],
)
def test_labels_that_are_no_labels_or_not_those_listed_are_refused(
    torso: Torso, sound: Looked, spoil: Callable[[np.ndarray], np.ndarray], words: str
) -> None:
    at = looked(torso, sound.revision, opener=changed(torso, "vert", spoil))
    assert words in told(labels.GATE, at)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": 77}, "lists no label 77"),
        ({"voxels": 0}, "has no voxel"),
        ({"level": "L9"}, "'L9' is no vertebral level"),
        ({"level": "L4"}, "called 'L1', but its row says L4"),
        ({"name": ""}, "Nothing names label 20"),
        ({"name": "L2"}, "2 structures of the scan are called 'L2'"),
        ({"mask_id": "gone"}, "not of its scan"),
    ],
)
def test_labels_need_a_value_a_name_and_a_level_of_their_own(
    torso: Torso, changes: dict[str, Any], words: str
) -> None:
    (scan,) = torso.scans
    names = [row.name for row in scan.structures]
    at = asking_about(scan, *names)
    assert words in of_scan(labels.GATE, at, with_row(scan, "L1", **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"centre": (1.0, 2.0, 3.0)}, "The centre of L1 lies outside its box"),
        ({"centre_millimetres": (0.0, 0.0, 0.0)}, "not where its voxel lies"),
        ({"landmark": (28.0, 17.0, 40.0)}, "The landmark of L1 lies outside its box"),
    ],
)
def test_a_centre_or_a_landmark_outside_the_box_is_refused(
    torso: Torso, changes: dict[str, Any], words: str
) -> None:
    (scan,) = torso.scans
    assert words in of_scan(centroid.GATE, asking_about(scan, "L1"), with_row(scan, "L1", **changes))


def test_a_landmark_in_a_hole_of_its_own_structure_is_no_fault(torso: Torso, sound: Looked) -> None:
    def hollow(mask: np.ndarray) -> np.ndarray:
        made = mask.copy()
        made[27:30, 16:19, :] = 0
        return made

    at = looked(torso, sound.revision, opener=changed(torso, "vert", hollow))
    assert told(centroid.GATE, at) == ""
    assert "recompute" in {gate.name for gate in GATES if gate.look(at).problems}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"box": (23, 5, 53, 23, 22, 46)}, "holds no voxel"),
        ({"box": (23, 5, 46, 33, 22, 65)}, "leaves the volume"),
        ({"box": (-1, 5, 46, 33, 22, 53)}, "leaves the volume"),
        ({"box": (23, 5, 46, 33, 21, 53)}, "in millimetres is not where its voxels lie"),
    ],
)
def test_a_box_is_half_open_inside_and_the_same_in_millimetres(
    torso: Torso, changes: dict[str, Any], words: str
) -> None:
    (scan,) = torso.scans
    assert words in of_scan(box.GATE, asking_about(scan, "L1"), with_row(scan, "L1", **changes))


def test_an_item_can_not_say_another_box_than_the_table(sound: Looked) -> None:
    first, *rest = sound.revision.boxes
    moved = replace(first, voxels=(0, *first.voxels[1:]))
    assert "not what the table says: box" in told(box.GATE, sound, boxes=(moved, *rest))
    drawn = replace(first, origin="manual")
    assert "not what the table says: origin" in told(box.GATE, sound, boxes=(drawn, *rest))
    gone = replace(first, structure_id="gone")
    assert "has no structure gone" in told(box.GATE, sound, boxes=(gone, *rest))


def test_the_spacing_is_the_affine_s_and_within_the_recipe_s_limit(sound: Looked) -> None:
    scan = scan_of(sound)
    strict = make_recipe(evidence={"kind": "volumes", "largest_spacing": 1.5})
    assert "3 mm apart; the recipe takes at most 1.5" in told(spacing.GATE, replace(sound, recipe=strict))
    lying = replace(scan, volume=replace(scan.volume, spacing=(1.0, 3.0, 3.0)))
    assert "not that of its affine" in of_scan(spacing.GATE, sound, lying)


def test_one_thick_slice_has_no_distance_between_slices() -> None:
    film = radiograph()
    thick = replace(film, volume=replace(film.volume, spacing=(0.8, 0.8, 40.0)))
    said = spacing.GATE.look(asking_about(thick, "heart")).problems
    assert not any("apart" in one for one in said)


def test_unknown_origins_are_flagged_and_those_not_taken_refused(sound: Looked) -> None:
    assert [flag.flag for flag in box_origin.GATE.look(sound).flags] == ["box_origin_unknown"]
    strict = make_recipe(evidence={"kind": "volumes", "box_origins": ["manual"]})
    assert "the recipe takes manual" in told(box_origin.GATE, replace(sound, recipe=strict))
    boxes = tuple(replace(one, origin="drawn") for one in sound.revision.boxes)
    assert "unknown kind 'drawn'" in told(box_origin.GATE, sound, boxes=boxes)
    drawn = tuple(replace(one, origin="manual") for one in sound.revision.boxes)
    assert box_origin.GATE.look(replace(sound, revision=replace(sound.revision, boxes=drawn))).flags == ()


# Slices ----------------------------------------------------------------------------------------------


def test_a_cited_slice_must_be_there_and_go_through_its_box(sound: Looked) -> None:
    first, *rest = sound.revision.evidence
    outside = replace(first, locator=replace(first.locator, slice_index=5000))
    beside = replace(first, locator=replace(first.locator, slice_index=0))
    nowhere = replace(first, locator=replace(first.locator, slice_axis=None))
    another = replace(first, evidence_id="other")
    assert "lies outside the volume" in told(slices.GATE, sound, evidence=(outside, *rest))
    assert "does not go through the box" in told(slices.GATE, sound, evidence=(beside, *rest))
    assert "does not say where it lies" in told(slices.GATE, sound, evidence=(nowhere, *rest))
    assert "another scan or source" in told(slices.GATE, sound, evidence=(another, *rest))
    assert "cites no slice" in told(slices.GATE, sound, evidence=())


def test_a_slice_through_the_box_that_misses_the_structure_is_refused(torso: Torso, sound: Looked) -> None:
    cited = sound.revision.evidence[0].locator
    assert cited.slice_axis is not None
    where: list[Any] = [slice(None)] * 3
    where[cited.slice_axis] = cited.slice_index

    def emptied(mask: np.ndarray) -> np.ndarray:
        made = mask.copy()
        made[tuple(where)] = 0
        return made

    at = looked(torso, sound.revision, opener=changed(torso, "vert", emptied))
    assert "it has no voxel there" in told(slices.GATE, at)


def test_a_picture_that_came_from_another_object_is_refused(sound: Looked) -> None:
    media = tuple(
        replace(one, locator=replace(one.locator, sop_instance_uid="1.2.3")) if one.locator else one
        for one in sound.revision.media
    )
    assert "did not come from the object" in told(slices.GATE, sound, media=media)


# Computed again --------------------------------------------------------------------------------------


def test_what_can_not_be_computed_again_is_refused(sound: Looked) -> None:
    assert "not among the scans" in " ".join(recompute.GATE.look(replace(sound, evidence=None)).problems)
    assert "can't be opened here" in " ".join(recompute.GATE.look(replace(sound, voxels=None)).problems)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"answer": "L2"}, "Computed again the answer is"),
        ({"options": ("L1", "L2")}, "the options are others"),
        ({"boxes": ()}, "the boxes are others"),
        ({"stem": "Another one."}, "The stem is not what"),
        ({"media": ()}, "The volume that it shows is not that of its scan"),
        ({"subject": "gone"}, "does not give this level_mcq any more"),
        ({"source_id": "gone"}, "Its scan is of source"),
    ],
)
def test_an_item_that_says_something_else_than_its_voxels_is_refused(
    sound: Looked, changes: dict[str, Any], words: str
) -> None:
    if changes.get("answer") == sound.revision.answer:
        changes = {"answer": "L3"}
    assert words in told(recompute.GATE, sound, **changes)


def test_a_missing_file_refuses_the_row_and_does_not_end_the_run(torso: Torso, sound: Looked) -> None:
    from grandrounds.errors import LakeError

    def opener(record: Any) -> Any:
        raise LakeError(f"There is no {record.volume_id}.")

    at = looked(torso, sound.revision, opener=opener)
    assert "can't be measured again" in told(recompute.GATE, at)


# Numbers and words -----------------------------------------------------------------------------------


def test_a_number_is_compared_by_a_share_of_its_size_whatever_its_sign() -> None:
    assert tolerance.within(-100.0, -100.00005)
    assert not tolerance.within(-100.0, -100.5)
    assert not tolerance.within(100.0, -100.0)
    assert tolerance.within(0.0, 1e-10)
    assert not tolerance.within(1e-3, 1.1e-3)


def measured_item(torso: Torso, sound: Looked, *offered: str, number: float, uncertainty: float) -> str:
    (scan,) = torso.scans
    row = next(row for row in scan.measurements if row.number is not None)
    value = MeasuredValue(
        measurement_id=row.measurement_id, name=row.name, number=number, unit=row.unit, status="ok",
        uncertainty=uncertainty,
    )  # fmt: skip
    again = replace(
        scan,
        measurements=tuple(replace(one, number=number) if one is row else one for one in scan.measurements),
    )
    at = replace(sound, evidence=again, voxels=None)
    given: dict[str, Any] = {"task": "measurement_mcq", "subject": row.measurement_id}
    return told(tolerance.GATE, at, **given, options=offered, answer=offered[0], measurements=(value,))


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        (("21.3 mm", "24.0 mm", "18.1 mm"), ""),
        (("21.3 mm", "22.0 mm"), ""),  # 21.27 and 22.04 are 0.77 apart, more than 0.75
        (("21.3 mm", "21.9 mm"), "lie no further apart than the uncertainty"),
        (("25.0 mm", "30.0 mm"), "is not the value measured"),
        (("21.3 mm", "cannot be measured"), ""),
    ],
)
def test_options_lie_further_apart_than_the_uncertainty(
    torso: Torso, sound: Looked, offered: tuple[str, ...], words: str
) -> None:
    said = measured_item(torso, sound, *offered, number=21.27, uncertainty=0.75)
    assert words in said
    assert bool(words) is bool(said)


def test_a_measurement_that_is_not_the_scan_s_is_refused(torso: Torso, sound: Looked) -> None:
    (scan,) = torso.scans
    row = next(row for row in scan.measurements if row.number is not None)
    value = MeasuredValue(
        measurement_id=row.measurement_id, name=row.name, number=(row.number or 0) * 1.01 + 1,
        unit=row.unit, status="ok",
    )  # fmt: skip
    assert "measuring again gives" in told(tolerance.GATE, sound, measurements=(value,))
    gone = replace(value, measurement_id="gone")
    assert "has no measurement gone" in told(tolerance.GATE, sound, measurements=(gone,))


def test_reasoning_may_not_name_the_answer_early_nor_bring_numbers_along(sound: Looked) -> None:
    words, answer = sound.revision.rationale, sound.revision.answer
    assert told(reasoning.GATE, sound) == ""
    assert "before its last sentence" in told(reasoning.GATE, sound, rationale=f"It is {answer}. {words}")
    assert "4711" in told(reasoning.GATE, sound, rationale=f"It measures 4711 mm. {words}")


def test_no_text_of_the_row_may_point_to_a_person(sound: Looked) -> None:
    words = sound.revision.rationale
    assert "an e-mail address" in told(deidentify.GATE, sound, rationale=f"{words} Ask a.b@example.org.")
    assert "a person's name" in told(deidentify.GATE, sound, answer_aliases=("Mr Smith",))
