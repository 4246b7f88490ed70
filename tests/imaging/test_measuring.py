"""Files in, rows out: what is measured on a torso of known sizes, in every axis order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grandrounds.errors import LakeError
from grandrounds.imaging.measuring import Measured, measure_masks
from grandrounds.lake import Lake
from grandrounds.records.measured import MeasuredRow
from tests.support import torsos
from tests.support.torsos import LEVELS, SPACING, Turn
from tests.support.volumes import write_nifti

TURNS = st.tuples(st.permutations(range(3)), st.tuples(st.booleans(), st.booleans(), st.booleans()))
FILES = (
    "p1_ct",
    "p1_vertebrae_manual_msk",
    "p1_vertebrae_body_manual_msk",
    "p1_canal_msk",
    "p1_organs_pred_msk",
)


def measure(folder: Path) -> Measured:
    volumes, opened = torsos.read(folder, Lake(str(folder / "lake")))
    (found,) = measure_masks(volumes, open_volume=opened)
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    folder = tmp_path_factory.mktemp("torso")
    torsos.write_torso(folder, torsos.torso())
    return measure(folder)


def one(found: Measured, name: str, subject: str) -> MeasuredRow:
    (row,) = [row for row in found.measurements if (row.name, row.subject) == (name, subject)]
    return row


def test_every_label_is_a_structure_with_its_box(found: Measured) -> None:
    assert found.problem == ""
    rows = {row.name: row for row in found.structures}
    organs = {"left kidney", "right kidney", "aorta", "lymph node 1", "liver tumor"}
    assert rows.keys() == {*LEVELS, *organs, "vertebral bodies", "spinal canal"}
    kidney = rows["left kidney"]
    assert (kidney.side, kidney.level, kidney.origin, kidney.status) == ("left", "", "predicted", "ok")
    assert kidney.box == (6, 24, 40, 12, 34, 60)
    assert kidney.box_millimetres == (-27.75, -3.75, 159.75, -18.75, 11.25, 189.75)
    assert kidney.largest == (6, 24, 40)
    assert kidney.centre == (8.5, 28.5, 49.5)
    assert kidney.voxels == 1200
    assert kidney.volume_ml == pytest.approx(1200 * SPACING**3 / 1000)
    assert rows["L3"].level == "L3"
    assert rows["L3"].origin == "manual"
    assert rows["spinal canal"].origin == "unknown"


def test_heights_and_their_loss(found: Measured) -> None:
    for level in ("L1", "L2", "L4"):
        for name in ("front_height", "middle_height", "back_height"):
            assert one(found, name, level).number == pytest.approx(18.0, abs=0.2)
    wedge = one(found, "height_loss", "L3")
    assert wedge.number == pytest.approx(50.0, abs=5.0)
    assert (wedge.criterion, wedge.finding, wedge.status) == ("vertebral_height_loss", "grade 3", "ok")
    assert [step.kind for step in wedge.chain][:2] == ["criterion", "structure"]
    assert wedge.chain[-1].word == "grade 3"
    assert {step.words: step.number for step in wedge.chain if step.kind == "measurement"}[
        "back_height"
    ] == pytest.approx(18.0, abs=0.2)
    whole = one(found, "height_loss", "L1")
    assert (whole.finding, whole.verdict) == ("grade 0", "decided")
    # L1 has a neighbour on either side: its back is compared with theirs.
    assert any(given.name == "reference_height" for given in whole.inputs)
    assert not any(given.name == "reference_height" for given in one(found, "height_loss", "L4").inputs)


def test_slip_canal_bone_and_aorta(found: Measured) -> None:
    slip = one(found, "slip_percent", "L4 on L5")
    assert slip.number == pytest.approx(100 * 6 / 27, abs=1.0)
    assert (slip.criterion, slip.finding) == ("spondylolisthesis", "grade I")
    assert one(found, "slip_percent", "T12 on L1").finding == "no slip"
    assert one(found, "canal_diameter", "spinal canal at L4").number == pytest.approx(9.0, abs=0.5)
    assert one(found, "canal_diameter", "spinal canal at L1").finding == "no stenosis"
    core = one(found, "mean", "L1 core")
    assert (core.number, core.unit, core.criterion) == (torsos.BODY_HU, "HU", "bone_attenuation")
    aorta = one(found, "short_axis", "abdominal aorta")
    assert aorta.number == pytest.approx(9 * SPACING, abs=SPACING)  # a disc 9 voxels wide
    assert (aorta.criterion, aorta.finding) == ("abdominal_aortic_aneurysm", "no aneurysm")


def test_angles_of_a_straight_spine(found: Measured) -> None:
    cobb = one(found, "cobb_angle", "T12 to L5")
    assert cobb.number == pytest.approx(0.0, abs=0.5)
    assert cobb.finding == "no scoliosis"
    assert one(found, "centroid_angle", "T12 to L5").number == pytest.approx(0.0, abs=0.5)


def test_nodes_and_lesions_have_their_own_rules(found: Measured) -> None:
    node = one(found, "short_axis", "lymph node 1")
    assert (node.criterion, node.status) == ("lymph_node_size", "ok")
    lesion = one(found, "long_axis", "liver tumor")
    assert (lesion.criterion, lesion.finding) == ("measurable_lesion", "measurable")
    assert not [row for row in found.measurements if row.subject == "left kidney" and row.criterion]


def test_without_bodies_nothing_is_said_of_heights(tmp_path: Path) -> None:
    torsos.write_torso(tmp_path, torsos.torso())
    (tmp_path / "p1_vertebrae_body_manual_msk.nii.gz").unlink()
    found = measure(tmp_path)
    assert not [row for row in found.measurements if "height" in row.name or "slip" in row.name]
    bone = one(found, "mean", "L1 core")
    assert (bone.status, bone.finding) == ("unreliable", "cannot be measured")
    assert "arch" in bone.reason


def test_a_body_mask_that_names_levels_needs_no_other(tmp_path: Path) -> None:
    made = torsos.torso()
    torsos.write_torso(tmp_path, made)
    for name in ("p1_vertebrae_manual_msk", "p1_vertebrae_body_manual_msk"):
        (tmp_path / f"{name}.nii.gz").unlink()
    torsos.store(tmp_path / "p1_seg-body_msk.nii.gz", made.whole * made.bodies, torsos.PLAIN)
    torsos.write_table(tmp_path, "p1_seg-body_msk", torsos.TABLE)
    found = measure(tmp_path)
    assert {"L3 body", "L5 body"} <= {row.name for row in found.structures}
    assert one(found, "height_loss", "L3").finding == "grade 3"


def test_a_curve_of_two_levels_cannot_be_measured(tmp_path: Path) -> None:
    torsos.write_torso(tmp_path, torsos.torso(("L5", "L4")))
    found = measure(tmp_path)
    cobb = one(found, "cobb_angle", "L4 to L5")
    assert (cobb.status, cobb.number, cobb.finding) == ("not_measurable", None, "cannot be measured")
    assert "2 levels" in cobb.verdict_reason


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.tuples(*(TURNS for _ in FILES)))
def test_the_axis_order_of_the_files_changes_nothing(
    found: Measured, turns: tuple[Turn, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("turned")
    torsos.write_torso(folder, torsos.torso(), turns=dict(zip(FILES, turns, strict=True)))
    again = measure(folder)

    def structures(rows: Measured) -> list[object]:
        return sorted(
            (r.name, r.side, r.level, r.box, r.box_millimetres, r.voxels) for r in rows.structures
        )

    def words(rows: Measured) -> list[object]:
        return sorted((r.name, r.subject, r.status, r.finding, r.number is None) for r in rows.measurements)

    def numbers(rows: Measured) -> list[float]:
        ordered = sorted(rows.measurements, key=lambda r: (r.name, r.subject))
        return [r.number for r in ordered if r.number is not None]

    assert structures(again) == structures(found)
    assert words(again) == words(found)
    assert numbers(again) == pytest.approx(numbers(found), rel=1e-6, abs=1e-6)


def test_a_mask_that_holds_no_labels_is_a_problem_of_its_own(tmp_path: Path) -> None:
    torsos.write_torso(tmp_path, torsos.torso())
    strange = np.zeros(torsos.SHAPE, np.int16)
    strange[10:14, 10:14, 10:14] = -3
    torsos.store(tmp_path / "p1_strange_msk.nii.gz", strange, torsos.PLAIN)
    found = measure(tmp_path)
    assert "-3" in found.problem
    assert one(found, "height_loss", "L3").finding == "grade 3"


def test_a_mask_on_another_grid_is_refused_even_if_a_row_says_otherwise(tmp_path: Path) -> None:
    from dataclasses import replace

    torsos.write_torso(tmp_path, torsos.torso())
    shifted = torsos.affine()
    shifted[0, 3] += 3.0
    torsos.store(tmp_path / "p1_other_msk.nii.gz", torsos.torso().organs, torsos.PLAIN, shifted)
    volumes, opened = torsos.read(tmp_path, Lake(str(tmp_path / "lake")))
    image = next(row for row in volumes if not row.is_mask)
    lying = [
        replace(row, mask_of=image.volume_id) if row.name.startswith("p1_other") else row for row in volumes
    ]
    (found,) = measure_masks(lying, open_volume=opened)
    assert "another grid" in found.problem
    assert len([row for row in found.structures if row.name == "left kidney"]) == 1


def test_a_file_that_is_gone_costs_its_image_alone(tmp_path: Path) -> None:
    torsos.write_torso(tmp_path, torsos.torso())
    volumes, opened = torsos.read(tmp_path, Lake(str(tmp_path / "lake")))

    def broken(row):  # type: ignore[no-untyped-def]
        if not row.is_mask:
            raise LakeError("It is gone.")
        return opened(row)

    (found,) = measure_masks(volumes, open_volume=broken)
    assert "gone" in found.problem
    assert found.structures == ()


def test_each_file_is_opened_once_and_images_come_by_id(tmp_path: Path) -> None:
    for name in ("a", "b"):
        torsos.write_torso(tmp_path / name, torsos.torso(("L5", "L4") if name == "a" else ("L3",)))
    volumes, opened = torsos.read(tmp_path, Lake(str(tmp_path / "lake")))
    seen: list[str] = []
    told: list[tuple[int, int]] = []

    def counting(row):  # type: ignore[no-untyped-def]
        seen.append(row.volume_id)
        return opened(row)

    made = list(
        measure_masks(
            volumes, open_volume=counting, on_progress=lambda done, many: told.append((done, many))
        )
    )
    assert len(seen) == len(set(seen)) == len(volumes)
    assert [one.volume.volume_id for one in made] == sorted(one.volume.volume_id for one in made)
    assert told == [(1, 2), (2, 2)]


def film(folder: Path, *, modality: str = "DX", words: str = "chest PA") -> Measured:
    """A radiograph of 60 by 80 pixels with heart and lungs, seen from the front."""
    import json

    grid = np.diag([2.0, 2.0, 2.0, 1.0])
    picture = np.arange(80 * 60, dtype=np.int16).reshape(80, 1, 60)
    mask = np.zeros((80, 1, 60), np.uint8)
    mask[10:30, 0, 10:50] = 1
    mask[50:70, 0, 10:50] = 2
    mask[32:56, 0, 12:30] = 3
    write_nifti(folder / "film.nii.gz", picture, affine=grid)
    write_nifti(folder / "film_seg.nii.gz", mask, affine=grid)
    torsos.write_table(folder, "film_seg", {1: "lung_right", 2: "lung_left", 3: "heart"})
    (folder / "film.json").write_text(json.dumps({"Modality": modality, "SeriesDescription": words}))
    return measure(folder)


def test_a_frontal_film_has_its_ratio(tmp_path: Path) -> None:
    ratio = one(film(tmp_path), "cardiothoracic_ratio", "heart")
    assert ratio.number == pytest.approx(24 / 60)
    assert (ratio.status, ratio.finding) == ("ok", "not enlarged")
    assert len(ratio.structures) == 3


@pytest.mark.parametrize(("words", "why"), [("chest AP", "AP"), ("chest", "not known")])
def test_of_another_projection_the_ratio_cannot_be_measured(tmp_path: Path, words: str, why: str) -> None:
    ratio = one(film(tmp_path, words=words), "cardiothoracic_ratio", "heart")
    assert (ratio.status, ratio.finding) == ("unreliable", "cannot be measured")
    assert why in ratio.reason


def test_a_slice_of_a_scan_is_no_film(tmp_path: Path) -> None:
    assert film(tmp_path, modality="CT").measurements == ()


def test_a_lateral_film_has_no_ratio(tmp_path: Path) -> None:
    assert film(tmp_path, words="chest lateral").measurements == ()


def test_film_and_mask_without_coordinates_find_each_other_by_name(tmp_path: Path) -> None:
    mask = np.zeros((80, 60), np.uint8)
    mask[10:30, 10:50], mask[50:70, 10:50], mask[32:56, 12:30] = 1, 2, 3
    for name, array in (("p7", np.ones((80, 60), np.int16)), ("p8", np.ones((80, 60), np.int16) * 2)):
        write_nifti(tmp_path / f"{name}.nii.gz", array, sform=0, qform=0)
    write_nifti(tmp_path / "p7_seg.nii.gz", mask, sform=0, qform=0)
    torsos.write_table(tmp_path, "p7_seg", {1: "lung_right", 2: "lung_left", 3: "heart"})
    found = measure(tmp_path)
    assert found.volume.name == "p7.nii.gz"
    assert found.volume.space == "image"
    assert one(found, "cardiothoracic_ratio", "heart").number == pytest.approx(24 / 60)


def test_a_folder_of_one_file_a_structure_names_them(tmp_path: Path) -> None:
    made = torsos.torso()
    torsos.store(tmp_path / "s1" / "ct.nii.gz", made.image, torsos.PLAIN)
    for value, name in ((1, "kidney_left"), (2, "kidney_right")):
        part = np.asarray(made.organs == value, np.uint8)
        torsos.store(tmp_path / "s1" / "segmentations" / f"{name}.nii.gz", part, torsos.PLAIN)
    assert {row.name for row in measure(tmp_path).structures} == {"left kidney", "right kidney"}


def test_structures_of_one_name_in_one_mask_are_numbered(tmp_path: Path) -> None:
    made = torsos.torso()
    torsos.store(tmp_path / "ct.nii.gz", made.image, torsos.PLAIN)
    torsos.store(
        tmp_path / "ct_seg.nii.gz", np.where(made.organs < 3, made.organs, 0).astype(np.uint8), torsos.PLAIN
    )
    torsos.write_table(tmp_path, "ct_seg", {1: "lesion", 2: "lesion"})
    assert {row.name for row in measure(tmp_path).structures} == {"lesion 1", "lesion 2"}
