"""The run over rows made from volumes: one candidate or rejection each, one look at each scan, groups, duplicates;
and admission, where every volume ends in a scan or in one rejection."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from grandrounds.contracts import contract
from grandrounds.errors import LakeError
from grandrounds.gates.duplicates import find_duplicates
from grandrounds.gates.groups import merged_groups
from grandrounds.gates.run import NAMES, gates_of, judge
from grandrounds.gates.volumes import GATES
from grandrounds.gates.volumes.admission import LEFT_OUT, admit
from grandrounds.lake import Lake
from grandrounds.records.envelope import item_id
from grandrounds.records.table import to_table
from grandrounds.records.volume import VolumeRecord
from tests.support.revisions import make_recipe as make_case_recipe
from tests.support.volume_builds import Torso, authored, make_recipe, read_torso, write_torso


def moved(mask: np.ndarray) -> np.ndarray:
    """The mask one voxel further to the front."""
    return np.roll(mask, 1, axis=1)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Torso:
    """Two torsos of two patients."""
    folder = tmp_path_factory.mktemp("torsos")
    write_torso(folder)
    # Not the same masks: those of one file's bytes count as one file.
    write_torso(folder, "sub-two", seed=2, group="patient-two", spine=moved, viscera=moved)
    return authored(read_torso(folder, Lake(str(tmp_path_factory.mktemp("lake")))))


# The run -------------------------------------------------------------------------------------------------


def test_sound_rows_all_become_candidates_and_each_file_is_opened_once(build: Torso) -> None:
    opened: Counter[str] = Counter()

    def opener(record: VolumeRecord) -> Any:
        opened[record.volume_id] += 1
        return build.open(record)

    judged = judge(
        (row for row in build.revisions), evidence=build.evidence, recipe=build.recipe, open_volume=opener
    )
    assert judged.rejections == []
    assert [row.revision_id for row in judged.candidates] == [row.revision_id for row in build.revisions]
    assert len(opened) == 6
    assert set(opened.values()) == {1}
    to_table(judged.candidates, contract("candidates"))
    for made, revision in zip(judged.candidates, build.revisions, strict=True):
        assert made.item_id == item_id(revision)
        assert made.answer_index is not None
        assert made.options[made.answer_index] == revision.answer


def test_the_order_of_rows_costs_time_but_changes_nothing(build: Torso) -> None:
    one = judge(build.revisions, evidence=build.evidence, recipe=build.recipe, open_volume=build.open)
    some = build.revisions[:2] + build.revisions[-2:]
    mixed = [some[0], some[2], some[1], some[3]]
    other = judge(mixed, evidence=build.evidence, recipe=build.recipe, open_volume=build.open)
    known = {row.item_id: row.group_id for row in one.candidates}
    assert {row.item_id: row.group_id for row in other.candidates}.items() <= known.items()


def test_without_a_way_to_open_volumes_no_row_passes(build: Torso) -> None:
    judged = judge(build.revisions, evidence=build.evidence, recipe=build.recipe)
    assert judged.candidates == []
    assert {row.gate for row in judged.rejections} == {"recompute"}


def test_a_scan_whose_file_is_gone_costs_its_own_rows_alone(build: Torso) -> None:
    lost = build.scans[0]

    def opener(record: VolumeRecord) -> Any:
        if record.volume_id == lost.evidence_id:
            raise LakeError("The file is gone.")
        return build.open(record)

    judged = judge(build.revisions, evidence=build.evidence, recipe=build.recipe, open_volume=opener)
    assert {row.evidence_id for row in judged.rejections} == {lost.evidence_id}
    assert {row.evidence_id for row in judged.candidates} == {build.scans[1].evidence_id}


def test_a_row_whose_scan_is_not_there_is_refused(build: Torso) -> None:
    judged = judge(build.revisions[:1], evidence={}, recipe=build.recipe, open_volume=build.open)
    (rejection,) = judged.rejections
    assert rejection.gate == "recompute"
    assert "not among the scans" in rejection.reason


def test_each_kind_of_evidence_has_its_gates_and_every_gate_a_name_of_its_own() -> None:
    assert gates_of(make_recipe()) == GATES
    assert len({gate.name for gate in GATES}) == len(GATES)
    assert {gate.name for gate in GATES} | {gate.name for gate in gates_of(make_case_recipe())} <= set(
        NAMES
    )
    assert len(set(NAMES)) == len(NAMES)


# Duplicates and groups -----------------------------------------------------------------------------------


def test_items_of_one_stem_are_no_duplicates_but_the_same_item_twice_is(build: Torso) -> None:
    rows = list(build.revisions)
    assert find_duplicates(rows, build.recipe).problems == {}
    again = replace(rows[0], revision_id="r2", source_id="copy", source_published=date(2020, 1, 1))
    found = find_duplicates([*rows, again], build.recipe)
    assert list(found.problems) == [0]
    assert found.pairs == ((0, len(rows)),)


def test_of_two_items_that_contradict_one_another_both_go(build: Torso) -> None:
    row = next(row for row in build.revisions if row.task == "level_mcq")
    wrong = next(option for option in row.options if option != row.answer)
    other = replace(row, answer=wrong, revision_id="r2", source_id="copy")
    found = find_duplicates([row, other], build.recipe)
    assert sorted(found.problems) == [0, 1]
    assert all("answers otherwise" in problem for problem in found.problems.values())


def test_scans_of_one_study_image_or_mask_are_one_group(build: Torso) -> None:
    one, other = build.scans
    assert len(set(merged_groups(build.evidence).values())) == 2
    same_image = replace(other, volume=replace(other.volume, sha256=one.volume.sha256))
    apart = [replace(one.masks[0], sha256="f" * 64)]
    assert len(set(merged_groups({"a": replace(one, masks=tuple(apart)), "b": same_image}).values())) == 1
    studies = [
        replace(scan, volume=replace(scan.volume, study_uid="1.2"), masks=()) for scan in build.scans
    ]
    assert len(set(merged_groups(dict(zip("ab", studies, strict=True))).values())) == 1
    strangers = [replace(scan, masks=()) for scan in build.scans]
    assert len(set(merged_groups(dict(zip("ab", strangers, strict=True))).values())) == 2


def test_the_same_masks_under_two_patients_are_one_group_in_the_candidates(build: Torso) -> None:
    first, second = build.scans
    shared = tuple(
        replace(mask, sha256=own.sha256) for mask, own in zip(second.masks, first.masks, strict=True)
    )
    assert {mask.sha256 for mask in first.masks} == {mask.sha256 for mask in shared}
    merged = merged_groups({"a": first, "b": replace(second, masks=shared)})
    assert set(merged.values()) == {min(first.group_id, second.group_id)}


# Admission -----------------------------------------------------------------------------------------------


def test_every_volume_stands_in_a_scan_or_in_one_rejection(build: Torso) -> None:
    strict = make_recipe(evidence={"kind": "volumes", "minimum_structures": 11})
    lone = replace(build.volumes[0], volume_id="lone", is_mask=False, mask_of=None)
    bad = replace(lone, volume_id="bad", status="refused", sha256=None, reason="It is cut off.")
    volumes = (*build.volumes, lone, bad)
    for recipe in (build.recipe, strict):
        scans, refused = admit(
            volumes, structures=build.structures, measurements=build.measurements, recipe=recipe
        )
        standing = [one.volume_id for scan in scans for one in (scan.volume, *scan.masks)]
        named = [row.subject_id for row in refused]
        assert sorted([*standing, *named]) == sorted(volume.volume_id for volume in volumes)
        assert {row.stage for row in refused} == {"evidence"}
        gates = {row.subject_id: row.gate for row in refused}
        assert (gates["lone"], gates["bad"]) == ("no_mask", "refused")
        assert LEFT_OUT not in gates.values()
        to_table(refused, contract("rejections"))
    assert Counter(row.gate for row in refused) == {"structures": 6, "no_mask": 1, "refused": 1}
