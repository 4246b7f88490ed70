"""A flipped axis, two labels that changed places, another affine: none gets past the gates.

Twice: where the voxels changed after the tables were made (then nothing computes again), and where the tables
were made from the wrong voxels and agree with them (then anatomy and centroid files contradict them).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from grandrounds.gates.gate import Looked
from grandrounds.gates.run import judge
from grandrounds.gates.volumes import GATES, affine
from grandrounds.lake import Lake
from grandrounds.records.scan import Scan
from tests.support.volume_builds import (
    AFFINE,
    Change,
    Torso,
    about_everything,
    authored,
    changed,
    flipped,
    looked,
    read_torso,
    swapped,
    write_torso,
)

STALE = {
    "left to right": flipped(0),
    "front to back": flipped(1),
    "head to tail": flipped(2),
}
EXAMPLE = "studies/nifti/totalsegmentator"
L1, T12, LEFT_KIDNEY, RIGHT_KIDNEY = 31, 32, 3, 2


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Torso:
    folder = write_torso(tmp_path_factory.mktemp("torso"))
    return authored(read_torso(folder, Lake(str(tmp_path_factory.mktemp("lake")))))


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Torso:
    return _real(shared_data, tmp_path_factory, lambda mask: mask)


def _real(shared: Path, folders: pytest.TempPathFactory, change: Change) -> Torso:
    """A CT with more than a hundred organs, whose mask was changed before it was read."""
    folder = folders.mktemp("real")
    shutil.copy(shared / EXAMPLE / "example_ct_sm.nii.gz", folder)
    mask = nibabel.load(shared / EXAMPLE / "example_seg.nii.gz")
    # The label names stand in the header's extension; the affine is the image's.
    made = type(mask)(change(np.asanyarray(mask.dataobj)), mask.affine, mask.header)
    nibabel.save(made, folder / "example_seg.nii.gz")
    return read_torso(folder, Lake(str(folders.mktemp("lake"))))


def gates_that_refuse(at: Looked) -> set[str]:
    geometry = [gate for gate in GATES if gate.name not in ("types", "options", "slice", "licence")]
    return {gate.name for gate in geometry if gate.look(at).problems}


def refused_rows(torso: Torso, word: str, change: Change) -> Iterator[tuple[bool, str]]:
    """Of each revision, whether it rests on the changed mask, and the gate that refused it."""
    (scan,) = torso.scans
    spoilt = {mask.sha256 for mask in scan.masks if word in mask.name}
    judged = judge(
        torso.revisions,
        evidence=torso.evidence,
        recipe=torso.recipe,
        open_volume=changed(torso, word, change),
    )
    gate_of = {row.subject_id: row.gate for row in judged.rejections}
    for row in torso.revisions:
        touches = any(box.mask_sha256 in spoilt for box in row.boxes)
        yield touches, gate_of.get(row.revision_id, "")


# The voxels changed after the tables were made ---------------------------------------------------------


@pytest.mark.parametrize("way", STALE)
def test_masks_flipped_after_they_were_measured_take_all_their_items_along(sound: Torso, way: str) -> None:
    rows = list(refused_rows(sound, "msk", STALE[way]))
    assert len(rows) == len(sound.revisions) > 8
    assert all(touches and gate for touches, gate in rows)


@pytest.mark.parametrize(("word", "one", "other"), [("vert", 21, 22), ("vert", 20, 24), ("organs", 1, 2)])
def test_labels_swapped_after_they_were_measured_are_refused(
    sound: Torso, word: str, one: int, other: int
) -> None:
    rows = list(refused_rows(sound, word, swapped(one, other)))
    assert all(gate for touches, gate in rows if touches)


def test_one_voxel_more_is_enough(sound: Torso) -> None:
    def grown(mask: np.ndarray) -> np.ndarray:
        made = mask.copy()
        made[24, 12, 0] = 24
        return made

    assert all(gate for touches, gate in refused_rows(sound, "vert", grown) if touches)


# The tables agree with what is wrong -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "change", "gates"),
    [
        ("spine", flipped(1), {"centroid"}),
        ("spine", flipped(2), {"centroid", "levels"}),
        ("spine", swapped(21, 22), {"centroid", "levels"}),
        ("spine", swapped(20, 24), {"centroid", "levels"}),
        ("viscera", flipped(0), {"sides"}),
        ("viscera", flipped(1), {"places"}),
        ("viscera", flipped(2), {"places"}),
        ("viscera", swapped(1, 2), {"sides"}),
    ],
)
def test_a_mask_that_was_wrong_from_the_start_is_refused_by_anatomy(
    tmp_path: Path, part: str, change: Change, gates: set[str]
) -> None:
    folder = write_torso(tmp_path / "sources", **{part: change})
    torso = read_torso(folder, Lake(str(tmp_path / "lake")))
    assert gates_that_refuse(about_everything(torso)) >= gates


def test_a_sound_torso_is_refused_by_no_gate_of_geometry(sound: Torso) -> None:
    (scan,) = sound.scans
    assert len(scan.structures) == 10
    # The row is no item, so it can't be computed again; but all its structures are sound.
    assert gates_that_refuse(about_everything(sound)) <= {"recompute", "reasoning"}
    assert gates_that_refuse(looked(sound, sound.revisions[0])) == set()


# Another affine ------------------------------------------------------------------------------------------


def test_a_mask_stored_with_a_mirrored_affine_is_a_flipped_mask(tmp_path: Path) -> None:
    mirrored = AFFINE.copy()
    mirrored[2] = (0.0, 0.0, -3.0, AFFINE[2, 3] + 3.0 * 63)
    folder = write_torso(tmp_path / "sources", affine=mirrored)
    torso = read_torso(folder, Lake(str(tmp_path / "lake")))
    assert "levels" in gates_that_refuse(about_everything(torso))


def test_a_mask_that_lies_elsewhere_has_no_image_and_is_not_asked_about(tmp_path: Path) -> None:
    moved = AFFINE.copy()
    moved[0, 3] += 4.0
    torso = read_torso(write_torso(tmp_path / "sources", affine=moved), Lake(str(tmp_path / "lake")))
    (refused,) = [row for row in torso.refused if "vert" in row.row]
    assert (refused.stage, refused.gate) == ("evidence", "mask_without_image")
    assert all(not row.level for scan in torso.scans for row in scan.structures)


@pytest.mark.parametrize(("away", "refused"), [(5e-4, False), (5e-3, True), (-40.0, True)])
def test_a_table_that_moves_a_mask_by_more_than_a_micrometre_is_refused(
    sound: Torso, away: float, refused: bool
) -> None:
    (scan,) = sound.scans
    masks = tuple(replace(mask, affine=_moved(mask.affine, away)) for mask in scan.masks)
    assert _affine_problems(sound, replace(scan, masks=masks)) is refused


@pytest.mark.parametrize("flip", [0, 1, 2])
def test_a_table_that_turns_image_and_masks_together_is_refused_by_their_files(
    sound: Torso, flip: int
) -> None:
    (scan,) = sound.scans
    turned = np.array(scan.volume.affine).reshape(4, 4)
    turned[:, flip] *= -1
    whole = replace(
        scan,
        volume=replace(scan.volume, affine=tuple(turned.ravel())),
        masks=tuple(replace(mask, affine=tuple(turned.ravel())) for mask in scan.masks),
    )
    assert _affine_problems(sound, whole)


def _moved(row: tuple[float, ...], away: float) -> tuple[float, ...]:
    return (*row[:3], row[3] + away, *row[4:])


def _affine_problems(torso: Torso, scan: Scan) -> bool:
    at = about_everything(torso)
    return bool(affine.GATE.look(replace(at, evidence=scan)).problems)


# Real ones ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", STALE)
def test_a_real_mask_flipped_after_it_was_measured_is_refused(real: Torso, way: str) -> None:
    at = about_everything(real, opened=False)
    again = looked(real, at.revision, opener=changed(real, "seg", STALE[way]))
    assert "recompute" in gates_that_refuse(again)
    assert again.voxels is not None
    assert again.voxels.differences


@pytest.mark.parametrize(
    ("change", "gates"),
    [
        (flipped(0), {"sides"}),
        (flipped(1), {"places"}),
        (flipped(2), {"levels"}),
        (swapped(L1, T12), {"levels"}),
        (swapped(LEFT_KIDNEY, RIGHT_KIDNEY), {"sides"}),
    ],
)
def test_a_real_mask_that_was_wrong_from_the_start_is_refused(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory, change: Change, gates: set[str]
) -> None:
    torso = _real(shared_data, tmp_path_factory, change)
    assert gates_that_refuse(about_everything(torso, opened=False)) >= gates


def test_the_real_mask_as_it_is_is_refused_by_no_gate_of_geometry(real: Torso) -> None:
    assert gates_that_refuse(about_everything(real)) <= {"recompute", "reasoning"}
