from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from grandrounds.records.volume import VolumeRecord, Window
from grandrounds.volumes.pictures import (
    PRESETS,
    BoxMark,
    Picture,
    PictureError,
    Voxels,
    boxes_on,
    default_window,
    labels_on,
    letters_on,
    mid_slices,
    preset_for,
    slice_picture,
)
from grandrounds.volumes.pictures_montage import label_montage, label_picture, montage
from grandrounds.volumes.pictures_plane import LONGEST, SHORTEST, plane

WIDE = Window(center=127.5, width=255.0)


def voxels(
    data: np.ndarray, steps: tuple[float, float, float] = (1.0, 1.0, 1.0), **about: object
) -> Voxels:
    record = (
        VolumeRecord(volume_id="v", source_ids=(), format="nifti", status="ok", **about) if about else None
    )  # type: ignore[arg-type]
    return Voxels(data=data, affine=np.diag([*steps, 1.0]), record=record)


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png)))


# Where things stand -------------------------------------------------------------------------


def marked(voxel: tuple[int, int, int]) -> Voxels:
    data = np.zeros((4, 6, 8), np.int16)
    data[voxel] = 255
    return voxels(data)


@pytest.mark.parametrize(
    ("axis", "across", "down", "letters"),
    [(2, 0, 1, "RLAP"), (1, 0, 2, "RLSI"), (0, 1, 2, "APSI")],
)
def test_the_display_is_radiological(axis: int, across: int, down: int, letters: str) -> None:
    # The voxel farthest to the right, front and top must be at the top left, whatever the plane.
    far = (3, 5, 7)
    seen = slice_picture(marked(far), axis=axis, index=far[axis], window=WIDE)
    assert seen.left + seen.right + seen.top + seen.bottom == letters
    shown = pixels(seen)
    assert shown[0, 0] == 255 and shown[-1, -1] == shown[0, -1] == shown[-1, 0] == 0
    assert shown.shape == (seen.height, seen.width)
    sides = (4, 6, 8)
    assert seen.width * sides[down] == seen.height * sides[across]


def test_a_radiograph_is_not_turned_and_has_the_headers_letters() -> None:
    data = np.zeros((300, 280, 1), np.uint8)
    data[0, 0] = 255
    seen = slice_picture(
        voxels(data, space="image", patient_directions=("L", "F")), axis=2, index=0, window=WIDE
    )
    assert (seen.left, seen.right, seen.top, seen.bottom) == ("R", "L", "H", "F")
    assert pixels(seen)[0, 0] == 255 and (seen.width, seen.height) == (300, 280)


def test_pixels_are_square_millimetres() -> None:
    data = np.zeros((20, 30, 5), np.float32)
    seen = slice_picture(voxels(data, (0.5, 0.5, 7.5)), axis=0, index=3, window=WIDE)
    assert seen.height == 5 * seen.plane.pixels_per_voxel[1]
    assert seen.width / seen.height == pytest.approx((30 * 0.5) / (5 * 7.5), rel=0.02)
    assert seen.resampling == "repeated" and max(seen.width, seen.height) >= SHORTEST


def test_a_large_picture_is_reduced_to_means_and_says_so() -> None:
    data = np.zeros((3000, 2000, 1), np.uint16)
    data[::2] = 200  # every second column: nearest would show all or nothing
    seen = slice_picture(voxels(data, space="image"), axis=2, index=0, window=WIDE)
    assert (seen.width, seen.height, seen.resampling) == (LONGEST, 683, "mean")
    assert seen.mm_per_pixel == pytest.approx(3000 / 1024)
    inner = pixels(seen)[:, 1:-1]
    assert inner.min() >= 60 and inner.max() <= 140
    holed = np.full((3000, 20, 1), 200.0)
    holed[1500] = np.nan
    assert (pixels(slice_picture(voxels(holed, space="image"), axis=2, index=0, window=WIDE)) >= 130).all()


steps = st.floats(0.2, 12.0)
sides = st.integers(1, 60)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.tuples(sides, sides, sides), st.tuples(steps, steps, steps), st.booleans())
def test_voxels_and_pixels_lead_to_one_another(
    data: st.DataObject, shape: tuple[int, int, int], spacing: tuple[float, float, float], turned: bool
) -> None:
    axis = data.draw(st.integers(0, 2))
    voxel = tuple(data.draw(st.integers(0, side - 1)) for side in shape)
    seen = plane(shape, spacing, axis=axis, index=voxel[axis], space="patient" if turned else "image")
    assert 1 <= max(seen.width, seen.height) <= LONGEST
    x, y = seen.to_pixel(voxel)
    found = seen.to_voxel(x, y)
    for own, ratio in ((seen.across, seen.pixels_per_voxel[0]), (seen.down, seen.pixels_per_voxel[1])):
        assert abs(found[own] - voxel[own]) <= (0 if ratio >= 1 else 1 / ratio)
    assert found[axis] == voxel[axis]
    # And a box's pixels are just those that show its voxels.
    stop = tuple(data.draw(st.integers(at + 1, side)) for at, side in zip(voxel, shape, strict=True))
    place = seen.rectangle((*voxel, *stop))
    columns = seen.columns()
    inside = [n for n in range(seen.width) if voxel[seen.across] <= columns[n] < stop[seen.across]]
    assert [*range(place.x0, place.x1)] == inside or not inside
    assert 0 <= place.x0 < place.x1 <= seen.width and 0 <= place.y0 < place.y1 <= seen.height


@pytest.mark.parametrize(("axis", "index", "time"), [(3, 0, 0), (2, 8, 0), (2, -1, 0), (0, 0, 1)])
def test_a_slice_that_is_not_there_is_refused(axis: int, index: int, time: int) -> None:
    with pytest.raises(PictureError):
        slice_picture(marked((0, 0, 0)), axis=axis, index=index, time=time)


def test_voxels_and_pixels_outside_are_refused() -> None:
    seen = slice_picture(marked((0, 0, 0)), axis=2, index=0)
    for call in (
        lambda: seen.plane.to_pixel((4, 0, 0)),
        lambda: seen.plane.to_pixel((-1, 0, 0)),
        lambda: seen.plane.to_voxel(seen.width, 0),
        lambda: seen.plane.rectangle((2, 2, 2, 2, 3, 3)),
        lambda: labels_on(seen, np.zeros((4, 6, 9), np.uint8)),
    ):
        with pytest.raises(PictureError):
            call()


# Values -------------------------------------------------------------------------------------


def test_a_window_is_linear_and_cut_at_its_ends() -> None:
    data = np.array([-200.0, -150.0, 50.0, 250.0, 900.0, np.nan, np.inf, -np.inf]).reshape(8, 1, 1)
    seen = slice_picture(voxels(data), axis=1, index=0, window=PRESETS["soft tissue"].window)
    shown = {seen.plane.to_voxel(x, 0)[0]: int(pixels(seen)[0, x]) for x in range(seen.width)}
    assert [shown[n] for n in range(8)] == [0, 0, 128, 255, 255, 0, 255, 0]


def test_time_and_colour() -> None:
    data = np.zeros((4, 4, 4, 2), np.int16)
    data[..., 1] = 255
    assert pixels(slice_picture(voxels(data), axis=2, index=0, window=WIDE, time=1)).min() == 255
    colour = np.zeros((300, 300, 1), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    colour["G"] = 77
    seen = slice_picture(voxels(colour, space="image"), axis=2, index=0)
    assert seen.window is None and pixels(seen)[5, 5].tolist() == [0, 77, 0]


@pytest.mark.parametrize(
    ("names", "preset"),
    [
        (["vertebrae_L1"], "bone"),
        (["L3", "T12"], "bone"),
        (["lung_upper_lobe_left"], "lung"),
        (["brain"], "brain"),
        (["liver", "spleen"], "soft tissue"),
        (["iliac_artery_left"], "soft tissue"),
        (["lung_upper_lobe_left", "rib_left_4"], "soft tissue"),
        ([], "soft tissue"),
    ],
)
def test_ct_is_shown_in_the_window_of_its_structures(names: list[str], preset: str) -> None:
    ct = voxels(np.zeros((2, 2, 2), np.int16), intensity="hu")
    assert default_window(ct.record, ct.data, names) == PRESETS[preset].window
    assert PRESETS[preset].source


def test_the_rows_window_wins_unless_it_shows_nothing() -> None:
    own = Window(center=30.0, width=300.0, name="own")
    row = voxels(np.zeros((2, 2, 2)), intensity="hu", windows=(Window(center=0.0, width=0.0), own)).record
    assert default_window(row, np.zeros((2, 2, 2)), ["liver"]) == own
    assert preset_for("liver").window.name == "soft tissue"


def test_other_volumes_are_shown_by_percentiles() -> None:
    data = np.linspace(0, 1000, 20**3).reshape(20, 20, 20)
    data[0, 0, 0] = np.nan
    window = default_window(None, data)
    assert window is not None and window.name == "percentiles"
    assert window.center - window.width / 2 == pytest.approx(10, abs=8)
    assert window.center + window.width / 2 == pytest.approx(995, abs=8)
    for flat in (np.zeros((3, 3, 3)), np.full((3, 3, 3), np.nan)):
        assert slice_picture(voxels(flat), axis=2, index=0).png


# Boxes, labels, letters, montage ------------------------------------------------------------


def blob() -> tuple[Voxels, np.ndarray, BoxMark]:
    data = np.full((40, 30, 20), 100, np.int16)
    mask = np.zeros((40, 30, 20), np.uint8)
    mask[10:20, 5:15, 4:9] = 3
    return voxels(data, (1.0, 1.0, 2.0)), mask, BoxMark(name="liver", box=(10, 5, 4, 20, 15, 9), label=3)


def test_a_box_is_outlined_on_the_slices_that_it_crosses_and_no_others() -> None:
    volume, _, mark = blob()
    for index in range(20):
        seen = slice_picture(volume, axis=2, index=index, window=WIDE)
        drawn = boxes_on(seen, [mark], names=False)
        changed = np.argwhere((drawn.pixels != 100).any(axis=2))
        assert bool(len(changed)) == (4 <= index < 9)
        found = [drawn.plane.to_voxel(int(x), int(y)) for y, x in changed]
        if found:
            spans = [(min(v[axis] for v in found), max(v[axis] for v in found)) for axis in (0, 1)]
            assert spans == [(10, 19), (5, 14)]
            assert not any(11 <= v[0] < 19 and 6 <= v[1] < 14 for v in found)
    assert (seen.pixels == 100).all()  # the picture that was given stays as it is


def test_labels_are_tinted_where_they_are() -> None:
    volume, mask, _ = blob()
    seen = labels_on(slice_picture(volume, axis=1, index=7, window=WIDE), mask, colours={3: (255, 0, 0)})
    for y in range(0, seen.height, 7):
        for x in range(0, seen.width, 7):
            tinted = seen.pixels[y, x].tolist() != [100, 100, 100]
            assert tinted == bool(mask[seen.plane.to_voxel(x, y)])
    assert labels_on(seen, mask, only={4}).pixels.tolist() == seen.pixels.tolist()


def test_three_slices_meet_in_the_middle_of_what_is_marked() -> None:
    volume, mask, mark = blob()
    seen = mid_slices(volume, mask=mask, boxes=[mark])
    assert [(one.axis, one.index) for one in seen] == [(2, 6), (1, 10), (0, 14)]
    assert [one.index for one in mid_slices(volume, mask=mask)] == [6, 10, 14]
    assert [one.index for one in mid_slices(volume)] == [10, 14, 20]
    single = voxels(np.zeros((30, 40, 1), np.uint8), space="image")
    assert [one.axis for one in mid_slices(single)] == [2]


def test_the_same_voxels_give_the_same_bytes() -> None:
    volume, mask, mark = blob()
    once, twice = (
        [letters_on(one).png for one in mid_slices(volume, mask=mask, boxes=[mark])] for _ in range(2)
    )
    assert once == twice


def test_a_montage_has_one_tile_a_label_and_says_what_it_left_out() -> None:
    volume, mask, mark = blob()
    made = label_montage(volume, mask, [mark, mark], tile=64)
    assert made.tiles == 2 and made.left_out == 0
    shown = np.asarray(Image.open(io.BytesIO(made.png)))
    assert shown.shape == (made.height, made.width, 3)
    one = label_picture(volume, mask, mark)
    assert 4 <= one.index < 9 and one.axis == 2
    most = montage([one] * 5, ["Größe\u4e00 " * 30] * 5, tile=64, most=4)
    assert (most.tiles, most.left_out) == (4, 1)
    with pytest.raises(PictureError):
        montage([], [])
    with pytest.raises(PictureError, match="no voxel"):
        label_picture(volume, mask, BoxMark(name="x", box=(0, 0, 0, 3, 3, 3), label=3))


def test_a_real_ct_shows_the_liver_on_the_left_and_the_spine_below(shared_data: Path) -> None:
    import nibabel

    folder = shared_data / "studies/nifti/totalsegmentator"
    image, mask = (nibabel.load(folder / f"example_{name}.nii.gz") for name in ("ct_sm", "seg"))  # type: ignore[attr-defined]
    labels = np.asarray(mask.dataobj)
    volume = Voxels(data=np.asarray(image.dataobj), affine=np.diag([3.0, 3.0, 3.0, 1.0]))
    seen = slice_picture(volume, axis=2, index=20)
    liver, spleen, bone = (np.argwhere(labels == value).mean(axis=0) for value in (5, 1, 31))
    assert seen.plane.to_pixel(liver)[0] < seen.width / 2 < seen.plane.to_pixel(spleen)[0]
    assert seen.plane.to_pixel(bone)[1] > seen.height / 2
