"""The real masks: boxes, volumes, levels and vertebral heights hold what their sources state."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from grandrounds.measure import levels, size, spine
from grandrounds.measure.axes import RIGHT, UP
from grandrounds.measure.relations import relation
from grandrounds.measure.structure import LabelMap
from grandrounds.measure.vertebra import body_landmarks, height_loss, heights
from grandrounds.volumes.geometry import Reorientation

nibabel = pytest.importorskip("nibabel")

SPINE = {26: "S", 27: "L5", 28: "L4", 29: "L3", 30: "L2", 31: "L1", 32: "T12", 33: "T11"}
# Posterior, middle, anterior height in mm by the data's own report, which samples at 1.5 mm.
REPORTED = {
    "L1": (27, 24, 21),
    "L2": (25.5, 24, 28.5),
    "L3": (24, 22.5, 28.5),
    "L4": (22.5, 22.5, 28.5),
    "L5": (22.5, 25.5, 28.5),
}


@pytest.fixture(scope="module")
def nifti(shared_data: Path) -> Path:
    folder = shared_data / "studies" / "nifti"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return folder


def load(path: Path):
    image = nibabel.load(path)
    return np.asarray(image.dataobj), np.asarray(image.affine)


@pytest.fixture(scope="module")
def vertebrae(nifti: Path):
    folder = nifti / "totalsegmentator" / "spine_report"
    whole, affine = load(folder / "totalseg.nii.gz")
    bodies, _ = load(folder / "totalseg_vertebrae_body.nii.gz")
    return LabelMap(whole, affine, SPINE), LabelMap(np.where(bodies == 1, whole, 0), affine, SPINE)


def test_labels_voxels_and_places_of_the_cord_masks(nifti: Path):
    folder = nifti / "spinal-cord" / "t2"
    points = LabelMap(*load(folder / "labels.nii.gz"))
    assert points.labels == (3, 5)
    assert points[3].centre_voxel == (31, 44, 26)
    assert points[5].centre_voxel == (32, 9, 26)
    # PSR: the second array axis runs upwards; level 3 lies above level 5.
    assert relation(points[3], points[5], UP).value == "above"
    cord = LabelMap(*load(folder / "t2_seg-manual_labeled.nii.gz"))
    assert [cord[label].voxels for label in cord.labels] == [1318, 1461, 1036, 209]
    assert LabelMap(*load(folder / "t2_seg-manual.nii.gz"))[1].voxels == 4275


def test_every_organ_in_every_axis_order(nifti: Path):
    array, affine = load(nifti / "totalsegmentator" / "example_seg.nii.gz")
    plain = LabelMap(array, affine)
    assert len(plain.labels) == 41
    for axes in permutations(range(3)):
        turn = Reorientation(axes, (axes[0] == 1, True, False))
        turned = LabelMap(turn.apply(array), affine @ turn.matrix(array.shape))
        for one, two in zip(plain, turned, strict=True):
            assert two.centre == pytest.approx(one.centre)
            assert two.box.holds(two.centre_voxel)
            assert two.box.inside(turned.array.shape)
            assert size.volume(two, single=False).value == pytest.approx(one.voxels * 0.027)


def test_sides_of_paired_organs(nifti: Path):
    # The class map of the data: 2 right kidney, 3 left kidney, 5 liver, 1 spleen.
    array, affine = load(nifti / "totalsegmentator" / "example_seg.nii.gz")
    found = LabelMap(array, affine)
    assert relation(found[2], found[3], RIGHT).value == "right of"
    assert relation(found[5], found[1], RIGHT).value == "right of"
    array, affine = load(nifti / "totalsegmentator" / "example_seg_mr.nii.gz")
    found = LabelMap(array, affine)
    assert relation(found[2], found[3], RIGHT).value == "right of"


def test_levels_run_downwards_and_a_flip_shows(vertebrae):
    whole, _ = vertebrae
    centres = {SPINE[one.label]: one.centre for one in whole}
    assert levels.level_order(centres).value == "ordered"
    flipped = LabelMap(whole.array[:, :, ::-1], whole.grid.affine, SPINE)
    assert levels.level_order({SPINE[s.label]: s.centre for s in flipped}).value == "disordered"
    swapped = centres | {"L2": centres["L3"], "L3": centres["L2"]}
    assert levels.level_order(swapped).value == "disordered"
    for upper, lower in (("L1", "L2"), ("L4", "L5"), ("T12", "S")):
        assert relation(whole.named(upper), whole.named(lower), UP).value in ("above", None)


def test_body_heights_agree_with_the_report_within_a_voxel_and_a_half(vertebrae):
    _, bodies = vertebrae
    for level, (back, middle, front) in REPORTED.items():
        found = heights(body_landmarks(bodies.named(level)))
        for one, stated in zip(found, (front, middle, back), strict=True):
            assert one.value == pytest.approx(stated, abs=5.0), (level, one.name)
            # 3 mm voxels can't grade a body of 25 mm.
            assert "spacing_too_coarse" in [doubt.code for doubt in one.doubts]
        assert height_loss(found).status == "unreliable"


def test_lordosis_of_the_lumbar_spine_is_plausible(vertebrae):
    _, bodies = vertebrae
    upper, lower = (body_landmarks(bodies.named(level)) for level in ("L1", "L5"))
    lordosis = spine.cobb_from_endplates(upper, lower, plane=spine.SAGITTAL)
    assert 5 < lordosis.value < 70
    centres = {SPINE[one.label]: one.centre for one in bodies if one.label in range(27, 33)}
    assert spine.cobb_from_centroids(centres).value < 15


def test_cut_levels_are_doubted(vertebrae):
    whole, _ = vertebrae
    assert size.volume(whole.named("T11")).doubts[0].code == "cut_by_field_of_view"
    assert size.volume(whole.named("L3")).status == "ok"
