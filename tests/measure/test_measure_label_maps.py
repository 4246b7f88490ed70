"""Boxes, volumes, centroids and diameters of labels hold whatever the axis order, flips, spacing and place."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grandrounds.measure import quality, size
from grandrounds.measure.axes import FRONT, RIGHT, UP, Box, grid
from grandrounds.measure.components import component_sizes, largest_component
from grandrounds.measure.intensity import core, intensities
from grandrounds.measure.measurement import NOT_MEASURABLE, OK, MeasureError
from grandrounds.measure.relations import adjacency, relation
from grandrounds.measure.structure import LabelMap, structure_of
from grandrounds.volumes.geometry import Reorientation

SMALL = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=6), elements=st.integers(0, 3)
)
TURNS = st.builds(
    Reorientation, st.sampled_from(list(permutations(range(3)))), st.tuples(*[st.booleans()] * 3)
)
SPACINGS = st.tuples(*[st.sampled_from([0.5, 0.7, 1.0, 2.0, 3.3])] * 3)
OBLIQUE = np.array([[0.9, 0.1, 0.0, 7], [-0.1, 1.2, 0.3, -8], [0.05, -0.2, 2.1, 9], [0, 0, 0, 1]])


def ellipsoid(radii=(12.0, 9.0, 7.0), spacing=(1.0, 1.0, 1.0), margin=3):
    sides = [2 * int(np.ceil(r / s)) + 2 * margin + 1 for r, s in zip(radii, spacing, strict=True)]
    axes = np.ogrid[tuple(slice(0, n) for n in sides)]
    terms = [((a - n // 2) * s / r) ** 2 for a, n, s, r in zip(axes, sides, spacing, radii, strict=True)]
    return np.asarray(sum(terms) <= 1.0), np.diag([*spacing, 1.0])


@settings(max_examples=60, deadline=None)
@given(SMALL, st.booleans(), st.sampled_from([np.uint8, np.int32, np.float64]))
def test_every_label_is_found_as_a_plain_search_finds_it(array, fortran, kind):
    array = np.asarray(array.astype(kind), order="F" if fortran else "C")
    found = LabelMap(array, OBLIQUE)
    assert found.labels == tuple(int(v) for v in np.unique(array) if v)
    for structure in found:
        places = np.argwhere(array == structure.label)
        assert structure.voxels == len(places)
        assert structure.box == Box(tuple(places.min(axis=0)), tuple(places.max(axis=0) + 1))
        assert structure.centre_voxel == pytest.approx(places.mean(axis=0))
        assert structure.box.holds(structure.centre_voxel)
        assert structure.mask.sum() == len(places)


@settings(max_examples=60, deadline=None)
@given(SMALL, TURNS, SPACINGS)
def test_turning_the_array_with_its_affine_changes_no_measure(array, turn, spacing):
    affine = OBLIQUE @ np.diag([*spacing, 1.0])
    before = LabelMap(array, affine)
    after = LabelMap(turn.apply(array), affine @ turn.matrix(array.shape))
    assert before.labels == after.labels
    for label in before.labels:
        a, b = before[label], after[label]
        assert b.centre == pytest.approx(a.centre)
        assert np.sort(b.box.corners(b.grid), axis=0) == pytest.approx(
            np.sort(a.box.corners(a.grid), axis=0)
        )
        assert size.volume(b).value == pytest.approx(size.volume(a).value)
        for world in (RIGHT, FRONT, UP):
            assert size.extent(b, world).value == pytest.approx(size.extent(a, world).value)
            assert size.largest_slice(b, world).input("area") == pytest.approx(
                size.largest_slice(a, world).input("area")
            )
        assert size.long_axis(b).value == pytest.approx(size.long_axis(a).value)
        assert len(quality.cut(a)) == len(quality.cut(b))
        area = sorted((c.label, c.faces, round(c.area_mm2, 6)) for c in quality.contacts(a))
        assert area == sorted((c.label, c.faces, round(c.area_mm2, 6)) for c in quality.contacts(b))


@settings(max_examples=30, deadline=None)
@given(SMALL, st.sampled_from([0.5, 2.0, 3.0]), st.tuples(*[st.integers(-200, 200)] * 3))
def test_scaling_and_shifting(array, scale, shift):
    scaled = np.diag([scale] * 3 + [1.0]) @ OBLIQUE
    moved = OBLIQUE.copy()
    moved[:3, 3] += shift
    plain = LabelMap(array, OBLIQUE)
    for structure in plain:
        larger, away = LabelMap(array, scaled)[structure.label], LabelMap(array, moved)[structure.label]
        assert size.volume(larger).value == pytest.approx(size.volume(structure).value * scale**3)
        assert size.long_axis(larger).value == pytest.approx(size.long_axis(structure).value * scale)
        assert size.volume(away).value == pytest.approx(size.volume(structure).value)
        assert away.centre == pytest.approx(np.add(structure.centre, shift))
        assert away.box == structure.box


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.7, 1.5), (2.0, 1.0, 0.5)])
def test_an_ellipsoid_has_its_volume_and_diameters(spacing):
    radii = (15.0, 9.0, 7.0)
    structure = structure_of(*ellipsoid(radii, spacing))
    volume = size.volume(structure)
    assert volume.status == OK
    assert volume.value == pytest.approx(4 / 3 * np.pi * np.prod(radii) / 1000, rel=0.03)
    assert size.long_axis(structure).value == pytest.approx(30, abs=max(spacing[:2]))
    assert size.short_axis(structure).value == pytest.approx(18, abs=max(spacing[:2]))
    middle = structure.grid.shape[2] // 2
    assert size.largest_slice(structure).value == middle
    # Neighbouring slices may be as long: an ellipsoid is flat at its middle.
    assert abs(size.long_axis(structure).input("slice_index") - middle) * spacing[2] <= 2.0
    for world, radius in enumerate(radii):
        assert size.extent(structure, world).value == pytest.approx(2 * radius, abs=spacing[world])


@pytest.mark.parametrize("degrees", [0, 17, 30, 45, 80])
def test_a_rotated_ellipse_keeps_its_diameters(degrees):
    x, y = np.meshgrid(np.arange(61) - 30.0, np.arange(61) - 30.0, indexing="ij")
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    disc = ((c * x + s * y) / 20) ** 2 + ((c * y - s * x) / 8) ** 2 <= 1
    mask = np.zeros((61, 61, 5), dtype=bool)
    mask[..., 1:4] = disc[..., None]
    structure = structure_of(mask, np.eye(4))
    found = size.axial_diameters(structure)
    assert (found.long_mm, found.short_mm) == (pytest.approx(40, abs=1), pytest.approx(16, abs=1))
    ends = np.subtract(*found.long_ends), np.subtract(*found.short_ends)
    assert abs(ends[0] @ ends[1]) < 1e-6
    assert np.linalg.norm(ends[0]) == pytest.approx(found.long_mm)
    assert np.linalg.norm(ends[1]) == pytest.approx(found.short_mm)


def test_a_row_of_voxels_is_as_long_as_its_voxels():
    mask = np.zeros((9, 9, 5), dtype=bool)
    mask[2:7, 4, 1:4] = True
    structure = structure_of(mask, np.diag([1.0, 0.5, 1.0, 1.0]))
    assert size.axial_diameters(structure).long_mm == pytest.approx(5.0)
    assert size.axial_diameters(structure).short_mm == pytest.approx(0.5)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=3, max_dims=3, max_side=6)), st.booleans())
def test_components_are_those_of_a_flood(mask, corners):
    sizes, seen = [], np.zeros_like(mask)
    steps = [
        step
        for step in np.ndindex(3, 3, 3)
        if step != (1, 1, 1) and (corners or sum(abs(s - 1) for s in step) == 1)
    ]
    for start in map(tuple, np.argwhere(mask)):
        if seen[start]:
            continue
        todo, count = [start], 0
        seen[start] = True
        while todo:
            at = todo.pop()
            count += 1
            for step in steps:
                there = tuple(int(a) + s - 1 for a, s in zip(at, step, strict=True))
                inside = all(0 <= t < n for t, n in zip(there, mask.shape, strict=True))
                if inside and mask[there] and not seen[there]:
                    seen[there] = True
                    todo.append(there)
        sizes.append(count)
    assert component_sizes(mask, corners=corners) == tuple(sorted(sizes, reverse=True))
    assert largest_component(mask, corners=corners).sum() == max(sizes, default=0)


def test_doubts_say_what_is_wrong():
    mask, affine = ellipsoid()
    half = mask[: mask.shape[0] // 2]
    assert [d.code for d in size.volume(structure_of(half, affine)).doubts] == ["cut_by_field_of_view"]
    two = np.concatenate([mask, mask])
    assert [d.code for d in size.volume(structure_of(two, affine)).doubts] == ["several_components"]
    assert size.volume(structure_of(two, affine), single=False).status == OK
    thick = np.diag([1.0, 1.0, 8.0, 1.0])
    assert "spacing_too_coarse" in [d.code for d in size.long_axis(structure_of(mask, thick)).doubts]
    thin = np.zeros((20, 20, 9), dtype=bool)
    thin[5:15, 5:15, 4] = True
    assert [d.code for d in size.volume(structure_of(thin, affine)).doubts] == ["too_few_slices"]
    none = size.volume(structure_of(np.zeros_like(mask), affine))
    assert (none.status, none.value, none.doubts[0].code) == (NOT_MEASURABLE, None, "empty")
    pair = np.where(mask, 1, 0).astype(np.uint8)
    pair[mask.shape[0] // 2 :][mask[mask.shape[0] // 2 :]] = 2
    one = LabelMap(pair, affine)[1]
    assert [d.code for d in quality.touching(one, [2])] == ["touching_labels"]
    assert quality.touching(one, [3]) == ()


@pytest.mark.parametrize(
    "array",
    [
        np.full((2, 2, 2), -1),
        np.full((2, 2, 2), 1.5),
        np.full((2, 2, 2), np.nan),
        np.full((2, 2, 2), np.inf),
        np.ones((2, 2)),
        np.ones((2, 2, 2, 2)),
        np.full((2, 2, 2), "a"),
    ],
)
def test_an_array_that_is_no_label_map_is_refused(array):
    with pytest.raises(MeasureError):
        LabelMap(array, np.eye(4))


@pytest.mark.parametrize("affine", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.eye(3)])
def test_an_affine_that_can_not_be_inverted_is_refused(affine):
    with pytest.raises(MeasureError):
        grid((2, 2, 2), affine)


@settings(max_examples=40, deadline=None)
@given(TURNS)
def test_sides_are_the_patients_in_any_axis_order(turn):
    array = np.zeros((30, 30, 30), dtype=np.uint8)
    array[3:8, 10:14, 10:14] = 1
    array[20:25, 20:24, 2:6] = 2
    labels = LabelMap(turn.apply(array), turn.matrix(array.shape))
    one, two = labels[1], labels[2]
    words = [relation(one, two, world).value for world in (RIGHT, FRONT, UP)]
    assert words == ["left of", "behind", "above"]
    assert [relation(two, one, world).value for world in (RIGHT, FRONT, UP)] == [
        "right of",
        "in front of",
        "below",
    ]
    assert relation(one, two, RIGHT, margin_mm=100).doubts[0].code == "within_margin"
    assert adjacency(one, two).value == "apart"


def test_intensities_inside_a_label():
    mask, affine = ellipsoid()
    image = np.random.default_rng(0).normal(60, 5, mask.shape)
    image[~mask] = -1000
    structure = structure_of(mask, affine)
    mean, deviation, low, median, high = intensities(structure, image)
    inside = image[mask]
    assert (mean.value, deviation.value) == (pytest.approx(inside.mean()), pytest.approx(inside.std()))
    assert [low.value, median.value, high.value] == pytest.approx(list(np.percentile(inside, [5, 50, 95])))
    assert mean.status == OK
    image[tuple(np.argwhere(mask)[0])] = np.nan
    assert intensities(structure, image)[0].doubts[0].code == "values_not_finite"
    with pytest.raises(MeasureError):
        intensities(structure, image[1:])
    within = core(structure, millimetres=3.0)
    assert 0 < within.sum() < mask.sum()
    assert not (within & ~structure.mask).any()


def test_boxes_are_half_open():
    box = Box((1, 2, 3), (4, 5, 6))
    assert box.shape == (3, 3, 3)
    assert box.holds((0.5, 2, 3))
    assert box.holds((3.49, 2, 3))
    assert not box.holds((3.5, 2, 3))
    assert not box.holds((0.49, 2, 3))
    assert box.overlap(box) == 1.0
    assert box.overlap(Box((4, 2, 3), (5, 5, 6))) == 0.0
    assert box.bounds(grid((9, 9, 9), np.eye(4))) == ((0.5, 1.5, 2.5), (3.5, 4.5, 5.5))
    assert box.inside((4, 5, 6))
    assert not box.inside((3, 5, 6))
    with pytest.raises(MeasureError):
        Box((1, 1, 1), (1, 2, 2))
