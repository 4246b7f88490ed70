"""Vertebral heights, loss, slips, angles and the canal on shapes whose values are known."""

from __future__ import annotations

import json
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.measure import levels, spine
from grandrounds.measure.measurement import NOT_MEASURABLE, OK, UNRELIABLE, MeasureError
from grandrounds.measure.structure import LabelMap, structure_of
from grandrounds.measure.vertebra import (
    BodyLandmarks,
    body_landmarks,
    genant_grade,
    height_loss,
    heights,
)
from grandrounds.volumes.geometry import Reorientation, codes_reorientation
from grandrounds.volumes.sidecars import VERSE_LEVELS, centroids


def body(
    front=25.0, back=25.0, hollow=0.0, tilt=0.0, lean=0.0, spacing=(1.0, 1.0, 1.0), centre=(0.0, 0.0, 0.0)
):
    """A vertebral body 40 mm wide and 30 mm deep; ``tilt`` seen from the side, ``lean`` from the front."""
    sides = [int(80 / s) for s in spacing]
    affine = np.diag([*spacing, 1.0])
    # Centres off the mask's faces: no surface runs through voxel centres.
    affine[:3, 3] = [-40.0 + 0.37 * s + c for s, c in zip(spacing, centre, strict=True)]
    i, j, k = np.meshgrid(*[np.arange(n) for n in sides], indexing="ij")
    x, y, z = (affine[a, 3] + n * spacing[a] - centre[a] for a, n in enumerate((i, j, k)))
    t, u = np.radians(tilt), np.radians(lean)
    y, z = np.cos(t) * y + np.sin(t) * z, np.cos(t) * z - np.sin(t) * y
    x, z = np.cos(u) * x + np.sin(u) * z, np.cos(u) * z - np.sin(u) * x
    share = (y + 15) / 30
    tall = back + (front - back) * share - hollow * 4 * share * (1 - share)
    return (np.abs(y) < 15) & (np.abs(x) < 20) & (np.abs(z) < tall / 2), affine


def marked(name="L4", front=25.0, back=25.0, middle=25.0, shift=(0.0, 0.0, 0.0), turn=0.0):
    """Landmarks set by hand: a body 30 mm deep and 40 mm wide, leaning ``turn`` degrees to the right."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))

    def at(x, y, z):
        return tuple(float(v) for v in np.add((c * x + s * z, y, c * z - s * x), shift))

    spots = {
        f"{where}_{side}": at(0, y, sign * tall / 2)
        for where, y, tall in (("back", -15, back), ("middle", 0, middle), ("front", 15, front))
        for side, sign in (("top", 1), ("bottom", -1))
    }
    spots |= {
        f"{where}_{side}": at(x, 0, sign * middle / 2)
        for where, x in (("left", -20), ("right", 20))
        for side, sign in (("top", 1), ("bottom", -1))
    }
    return BodyLandmarks(name=name, **spots)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (4.0, 0.6, 0.6), (0.8, 0.8, 1.5)])
@pytest.mark.parametrize(
    ("front", "back", "hollow", "tilt", "lean"),
    [
        (25, 25, 0, 0, 0),
        (20, 25, 0, 0, 0),
        (15, 25, 0, 20, 0),
        (25, 25, 8, 0, 0),
        (22, 26, 0, 30, 0),
        (22, 26, 0, 15, 10),
    ],
)
def test_heights_of_a_body(front, back, hollow, tilt, lean, spacing):
    mask, affine = body(front, back, hollow, tilt, lean, spacing)
    found = heights(body_landmarks(structure_of(mask, affine)))
    expected = (front, (front + back) / 2 - hollow, back)
    near = 0.75 * max(spacing[1:]) + 0.6
    if lean and spacing[0] > 2:
        near = 2.5
    for measurement, height in zip(found, expected, strict=True):
        assert measurement.value == pytest.approx(height, abs=near)


TURNS = st.builds(
    Reorientation, st.sampled_from(list(permutations(range(3)))), st.tuples(*[st.booleans()] * 3)
)


@settings(max_examples=12, deadline=None)
@given(TURNS)
def test_axis_order_and_flips_change_no_height(turn):
    mask, affine = body(18, 25, 2, 12, 0, (1.5, 1.5, 1.5))
    plain = heights(body_landmarks(structure_of(mask, affine)))
    turned = structure_of(turn.apply(mask), affine @ turn.matrix(mask.shape))
    again = heights(body_landmarks(turned))
    assert [one.value for one in again] == pytest.approx([one.value for one in plain])


def test_height_loss_and_its_kind():
    def loss(front, middle, back, **more):
        return height_loss(heights(marked(front=front, middle=middle, back=back)), **more)

    assert (loss(25, 25, 25).value, loss(25, 25, 25).input("kind")) == (0, "none")
    assert (loss(18, 22, 24).value, loss(18, 22, 24).input("kind")) == (pytest.approx(25), "wedge")
    assert (loss(24, 12, 24).value, loss(24, 12, 24).input("kind")) == (pytest.approx(50), "biconcave")
    crushed = loss(15, 15, 15, reference_mm=25)
    assert (crushed.value, crushed.input("kind")) == (pytest.approx(40), "crush")
    assert loss(28, 25, 22, lumbar_wedge=True).value == 0
    assert height_loss(heights(marked())[:2]).status == NOT_MEASURABLE
    with pytest.raises(MeasureError):
        crushed.input("nothing")


@pytest.mark.parametrize(
    ("loss", "grade"), [(0, 0), (19.99, 0), (20, 1), (25, 1), (25.01, 2), (40, 2), (40.01, 3), (90, 3)]
)
def test_genants_grades(loss, grade):
    assert genant_grade(loss) == grade


def test_a_body_with_its_arch_or_cut_off_is_doubted():
    mask, affine = body()
    cut = structure_of(mask[:, : mask.shape[1] // 2], affine)
    assert "cut_by_field_of_view" in [d.code for d in body_landmarks(cut).doubts]
    arch = mask.copy()
    arch[36:44, :30, 36:44] = True
    long = body_landmarks(structure_of(arch | np.roll(arch, -20, 1), affine))
    assert heights(long)[0].status == UNRELIABLE
    coarse = body_landmarks(structure_of(*body(spacing=(3.0, 3.0, 3.0))))
    assert heights(coarse)[0].doubts[0].code == "spacing_too_coarse"
    speck = np.zeros((9, 9, 9), dtype=bool)
    speck[4, 4, 4] = True
    assert body_landmarks(structure_of(speck, affine)).code == "too_few_voxels"
    assert body_landmarks(structure_of(speck & False, affine)).code == "empty"


@pytest.mark.parametrize(("first", "second"), [(0, 0), (10, -15), (30, 5), (-45, 50)])
def test_cobb_angle_of_marked_endplates(first, second):
    angle = spine.cobb_from_endplates(marked("T6", turn=first), marked("L1", turn=second))
    assert (angle.value, angle.status) == (pytest.approx(abs(first - second)), OK)


def test_cobb_angle_from_masks():
    upper = body_landmarks(structure_of(*body(lean=12, centre=(0, 0, 100))))
    lower = body_landmarks(structure_of(*body(lean=-14)))
    assert spine.cobb_from_endplates(upper, lower).value == pytest.approx(26, abs=1.5)
    assert spine.largest_cobb([upper, lower]).value == pytest.approx(26, abs=1.5)
    upper = body_landmarks(structure_of(*body(tilt=20, centre=(0, 0, 100))))
    lower = body_landmarks(structure_of(*body(tilt=-10)))
    sagittal = spine.cobb_from_endplates(upper, lower, plane=spine.SAGITTAL)
    assert sagittal.value == pytest.approx(30, abs=1.5)
    assert spine.largest_cobb([upper]).status == NOT_MEASURABLE


def arc(degrees, names, radius=300.0):
    """Centres on an arc in the coronal plane that spans ``degrees`` from first to last tangent."""
    angles = np.radians(np.linspace(-degrees / 2, degrees / 2, len(names)))
    return {n: (radius * np.cos(a), 5.0, -radius * np.sin(a)) for n, a in zip(names, angles, strict=True)}


@pytest.mark.parametrize("degrees", [0.001, 20, 60])
def test_centroid_angle_of_an_arc_is_one_segment_less_than_its_tangents(degrees):
    names = [f"T{n}" for n in range(1, 13)]
    angle = spine.cobb_from_centroids(arc(degrees, names))
    assert angle.value == pytest.approx(degrees * 10 / 11, abs=1e-6)
    assert angle.name == "centroid_angle"
    few = spine.cobb_from_centroids(arc(degrees, names[:3]))
    assert few.status == NOT_MEASURABLE


@settings(max_examples=30, deadline=None)
@given(st.floats(-30, 30), st.tuples(*[st.floats(-100, 100)] * 3))
def test_leaning_the_whole_spine_changes_no_angle(lean, shift):
    names = [f"T{n}" for n in range(1, 13)]
    plain = arc(40, names)
    t = np.radians(lean)
    turn = np.array([[np.cos(t), 0, np.sin(t)], [0, 1, 0], [-np.sin(t), 0, np.cos(t)]])
    leaned = {name: tuple(turn @ np.array(p) + shift) for name, p in plain.items()}
    assert spine.cobb_from_centroids(leaned).value == pytest.approx(spine.cobb_from_centroids(plain).value)


@pytest.mark.parametrize(
    ("slip", "grade"), [(0, 0), (1, 0), (6, 1), (-6, 1), (12, 2), (20, 3), (29, 4), (35, 5)]
)
def test_slips(slip, grade):
    found = spine.listhesis(marked("L4", shift=(0, slip, 30)), marked("L5"))
    assert found.value == pytest.approx(slip)
    assert found.input("percent") == pytest.approx(100 * slip / 30)
    assert spine.meyerding_grade(found.input("percent")) == grade
    percent = spine.slip_percent(found)
    assert percent.value == pytest.approx(100 * abs(slip) / 30)
    assert percent.input("direction") == ("forwards" if slip > 0 else "backwards")


@pytest.mark.parametrize("tilt", [0, 15, 30])
def test_canal_diameter_is_measured_across_its_course(tilt):
    spacing = 0.5
    j, k = np.meshgrid(np.arange(160) * spacing - 40, np.arange(120) * spacing - 30, indexing="ij")
    t = np.radians(tilt)
    across = np.cos(t) * j + np.sin(t) * k
    half = np.where(np.abs(k - 5) < 4, 5.0, 8.0)
    mask = np.zeros((20, 160, 120), dtype=bool)
    mask[4:16] = np.abs(across) < half
    canal = structure_of(mask, np.diag([spacing] * 3 + [1.0]))
    found = spine.canal_diameter(canal)
    assert found.value == pytest.approx(10, abs=0.75)
    low, high = 0, 10
    assert low < found.input("slice_index") * spacing - 30 < high
    wide = spine.canal_diameter(canal, between=(10, 25))
    assert wide.value == pytest.approx(16, abs=0.75)
    assert spine.canal_diameter(canal, between=(500, 600)).status == NOT_MEASURABLE


def test_level_names_and_order():
    for value, name in VERSE_LEVELS.items():
        assert levels.level_of(name) == name, value
    assert levels.level_of("vertebrae_L1") == "L1"
    assert levels.level_of("vertebrae_S1") == "S"
    assert levels.level_of("liver") is None
    assert levels.level_of("C8") is None
    assert levels.consecutive(["T11", "T12", "L1"])
    assert levels.consecutive(["T11", "L1", "L5", "S", "L2", "L3", "L4"])
    assert not levels.consecutive(["T10", "T12"])
    assert levels.neighbours("L3", ["L1", "L2", "L3", "L4"]) == ("L2", "L4")
    names = [f"T{n}" for n in range(1, 13)]
    curve = arc(60, names)
    assert levels.level_order(curve).value == "ordered"
    swapped = curve | {"T4": curve["T5"], "T5": curve["T4"]}
    assert levels.level_order(swapped).value == "disordered"
    assert levels.level_order(swapped).input("first_wrong") == "T4 T5"
    flipped = {name: (x, y, -z) for name, (x, y, z) in curve.items()}
    assert levels.level_order(flipped).value == "disordered"
    assert levels.level_order({"L1": (0, 0, 0)}).status == NOT_MEASURABLE
    gap = {name: curve[name] for name in names if name != "T6"}
    assert levels.level_order(gap).status == UNRELIABLE


def verse_like(levels_from=20, number=5):
    """Vertebrae with arches, VerSe's labels, stacked downwards; body centres in world mm by label."""
    labels = np.zeros((60, 90, 40 * number), dtype=np.uint8)
    centres = {}
    for n in range(number):
        value, top = levels_from + n, labels.shape[2] - 40 * n - 5
        labels[10:50, 45:77, top - 27 : top] = value  # body
        labels[14:46, 12:45, top - 20 : top - 8] = value  # arch
        labels[22:38, 27:45, top - 20 : top - 8] = 0  # canal
        centres[value] = (29.5, 60.5, top - 14.0)
    return labels, centres


@pytest.mark.parametrize("codes", ["RAS", "PIR", "LPS", "SLA", "AIL"])
def test_verse_centroids_lie_in_their_boxes_and_are_not_the_masks_mean(codes):
    labels, centres = verse_like()
    turn = codes_reorientation(codes)  # from an array stored as ``codes`` to RAS
    stored_shape = [0, 0, 0]
    for new, old in enumerate(turn.axes):
        stored_shape[old] = labels.shape[new]
    to_stored = np.linalg.inv(turn.matrix(stored_shape))
    points = [{"direction": list(codes)}]
    for value, centre in centres.items():
        x, y, z = np.linalg.inv(to_stored)[:3] @ [*centre, 1.0]
        points.append({"label": value, "X": x, "Y": y, "Z": z})
    read = centroids(json.dumps(points))
    found = LabelMap(labels, np.eye(4), VERSE_LEVELS)
    for one in read.points:
        voxel = codes_reorientation(read.codes).index(one.voxel, stored_shape)
        structure = found[one.label]
        assert voxel == pytest.approx(centres[one.label])
        assert structure.box.holds(voxel)
        assert abs(structure.centre_voxel[1] - voxel[1]) > 5
        flipped = (voxel[0], voxel[1], labels.shape[2] - 1 - voxel[2])
        assert one.label == 22 or not structure.box.holds(flipped)
    assert levels.level_order({found[v].name: c for v, c in centres.items()}).value == "ordered"
    assert levels.consecutive(found[v].name for v in centres)
    fronts = [np.subtract(centres[s.label], s.centre) for s in found]
    assert all(front[1] > 5 for front in fronts)


def test_directions_without_length_are_refused():
    mask, affine = body()
    with pytest.raises(MeasureError):
        body_landmarks(structure_of(mask, affine), up=(0, 0, 0))
