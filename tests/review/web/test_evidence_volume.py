"""Volumes beside an item: the server's slices are those of the library, and only what is looked at is read."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grandrounds.lake import Lake
from grandrounds.records.volume import Window
from grandrounds.review.desk.desk import Desk
from grandrounds.review.web.views.evidence_slices import Slices, Wanted, presets_for
from grandrounds.review.web.views.evidence_volume import MOST_AT_ONCE, axes_of, volume_pane
from grandrounds.sources.volume import read_volume_folder
from grandrounds.volumes.pictures import labels_on, slice_picture
from grandrounds.volumes.pictures_draw import colour_of
from grandrounds.volumes.volume import open_volume
from tests.support.evidence_pages import VOLUMES, queue, torso_candidates
from tests.support.volume_builds import authored, read_torso, write_torso
from tests.support.volumes import write_nifti


@pytest.fixture(scope="module")
def torso(tmp_path_factory):
    place = tmp_path_factory.mktemp("torso")
    return authored(read_torso(write_torso(place / "studies"), Lake(str(place / "lake"))))


@pytest.fixture(scope="module")
def candidates(torso):
    return torso_candidates(torso)


@pytest.fixture
def app(web_store, torso, settings):
    from grandrounds.review.web.app import create_app

    return create_app(web_store, lake=torso.lake, settings=settings)


@pytest.fixture
def asked(app, browser, web_store, candidates, torso):
    """A reader, the item in hand, and its address."""
    item = next(one for one in candidates if one.task == "level_mcq")
    queue(web_store, [item])
    reader = browser("reviewer-a")
    Desk(web_store).next(app.state.accounts.named("reviewer-a"), recipe=VOLUMES)
    return reader, item, f"/evidence/{VOLUMES}/{item.item_id}"


def image_of(torso, item):
    return next(row for row in torso.volumes if row.volume_id == item.evidence_id)


def masks_of(torso, image):
    return [row for row in torso.volumes if row.mask_of == image.volume_id]


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_slice_is_the_librarys_to_the_byte(asked, torso, axis):
    reader, item, here = asked
    image = image_of(torso, item)
    window = Window(center=100.0, width=500.0)
    drawn = slice_picture(open_volume(torso.lake, image), axis=axis, index=20, window=window)
    answer = reader.get(f"{here}/volume/{image.sha256}/slice/{axis}/20?center=100&width=500")
    assert answer.status_code == 200
    assert answer.content == drawn.png


def test_a_mask_is_tinted_in_the_colours_of_the_boxes(asked, torso):
    reader, item, here = asked
    image = image_of(torso, item)
    mask = next(one for one in masks_of(torso, image) if one.sha256 == item.boxes[0].mask_sha256)
    colours = {box.label: colour_of(number) for number, box in reversed(list(enumerate(item.boxes)))}
    drawn = slice_picture(
        open_volume(torso.lake, image), axis=2, index=40, window=Window(center=100.0, width=500.0)
    )
    tinted = labels_on(drawn, open_volume(torso.lake, mask).stored, colours=colours, opacity=0.5)
    asked_for = (
        f"{here}/volume/{image.sha256}/slice/2/40?center=100&width=500&mask={mask.sha256}&opacity=0.5"
    )
    assert reader.get(asked_for).content == tinted.png


@pytest.mark.parametrize(
    "path",
    [
        "/slice/2/9999", "/slice/2/-1", "/slice/7/1", "/slice/2/1?time=5", "/slice/2/1?mask=" + "0" * 64,
        "/slice/2/x", "/value/a/b/c", "/slice/2/1?opacity=nan", "/slice/2/1?center=nan&width=3",
        "/slice/2/99999999999999999999999999",
    ],
)  # fmt: skip
def test_slices_that_there_are_not_break_nothing(asked, torso, path):
    reader, item, here = asked
    assert reader.get(f"{here}/volume/{image_of(torso, item).sha256}{path}").status_code in {400, 404, 422}


@pytest.mark.parametrize(
    "window", ["center=1e400&width=1", "center=0&width=0", "center=0&width=-4", "width=1e39"]
)
def test_a_window_that_shows_nothing_is_not_taken(asked, torso, window):
    reader, item, here = asked
    answer = reader.get(f"{here}/volume/{image_of(torso, item).sha256}/slice/2/3?{window}")
    assert answer.status_code in {200, 400, 422}


def test_the_value_under_the_cross_is_the_voxels(asked, torso):
    reader, item, here = asked
    image = image_of(torso, item)
    data = open_volume(torso.lake, image).data
    for place in ((0, 0, 0), (28, 17, 40), (53, 43, 63)):
        told = reader.get(f"{here}/volume/{image.sha256}/value/{place[0]}/{place[1]}/{place[2]}").json()
        assert told == {"value": float(data[place])}
    assert reader.get(f"{here}/volume/{image.sha256}/value/54/0/0").json() == {"value": None}


def test_another_volume_of_the_lake_is_not_found(asked, torso):
    reader, item, here = asked
    for mask in masks_of(torso, image_of(torso, item)):
        assert reader.get(f"{here}/volume/{mask.sha256}/slice/2/3").status_code == 404
        assert reader.get(f"{here}/media/{mask.sha256}").status_code == 200


def test_the_first_window_suits_what_is_looked_at(asked, torso):
    reader, item, here = asked
    windows = reader.get(f"{here}/volume/{image_of(torso, item).sha256}").json()
    assert windows
    assert all(window["width"] > 0 for window in windows)
    assert len({(window["center"], window["width"]) for window in windows}) == len(windows)


def test_blind_masks_names_and_the_options_boxes_are_left_out(torso, candidates):
    item = next(one for one in candidates if one.task == "level_mcq")
    image = image_of(torso, item)
    open_pane = volume_pane(image, masks_of(torso, image), item, blind=False)
    pane = volume_pane(image, masks_of(torso, image), item, blind=True)
    assert {box.role for box in open_pane.boxes} > {box.role for box in pane.boxes} <= {"asked", "shown"}
    assert [box.name for box in pane.boxes] == [""] * len(pane.boxes)
    assert (pane.masks, bool(open_pane.masks)) == ((), True)
    assert item.answer not in str(pane.told())


def test_it_starts_where_the_question_asks_and_cites_slices_the_volume_has(torso, candidates):
    for item in candidates:
        image = image_of(torso, item)
        pane = volume_pane(image, (), item, blind=False)
        assert all(0 <= at < side for at, side in zip(pane.start, image.shape, strict=True))
        for cited in pane.cited:
            assert cited.place[cited.axis] == cited.index < image.shape[cited.axis]


def test_a_large_volume_is_not_loaded_unasked(torso, candidates):
    image = image_of(torso, candidates[0])
    assert volume_pane(image, (), candidates[0], blind=False).at_once
    large = replace(image, bytes=MOST_AT_ONCE + 1)
    assert not volume_pane(large, (), candidates[0], blind=False).at_once


def test_a_slice_reads_the_slice_and_not_the_volume(torso, candidates, monkeypatch):
    image = image_of(torso, candidates[0])
    monkeypatch.setattr(Lake, "get_media", lambda *_: pytest.fail("the whole volume was read"))
    assert Slices(torso.lake).picture(image, Wanted(axis=2, index=3))


def stored(tmp_path: Path, array: np.ndarray, **changes):
    """A volume read from a file, and its lake."""
    lake = Lake(str(tmp_path / "lake"))
    write_nifti(tmp_path / "in" / "one.nii", array, **changes)
    (row,) = read_volume_folder(tmp_path / "in", lake=lake, workers=1).volumes
    return lake, row


@pytest.mark.parametrize(("slope", "intercept"), [(2.5, -40.0), (0.001, 3.0), (-2.0, 100.0)])
def test_stored_values_with_a_slope_look_as_real_ones_do(tmp_path, slope, intercept):
    array = np.random.default_rng(3).integers(-500, 900, (12, 9, 7)).astype(np.int16)
    lake, row = stored(tmp_path, array)
    scaled = replace(row, slope=slope, intercept=intercept)
    real = array * np.float64(slope) + intercept
    for window in (Window(center=float(real.mean()), width=float(np.ptp(real)) / 2), None):
        ours = pixels(Slices(lake).picture(scaled, Wanted(axis=2, index=3, window=window)))
        from grandrounds.volumes.pictures import Voxels

        canonical = np.asarray(open_volume(lake, row).stored) * np.float64(slope) + intercept
        theirs = slice_picture(
            Voxels(data=canonical, affine=np.eye(4), record=scaled), axis=2, index=3, window=window
        )
        assert np.abs(ours.astype(int) - theirs.pixels.astype(int)).max() <= 1
    assert Slices(lake).value(scaled, (1, 2, 3)) == pytest.approx(float(canonical[1, 2, 3]))


def test_moments_of_a_series_in_time_are_seen_one_by_one(tmp_path):
    array = np.zeros((6, 5, 4, 3), np.int16)
    array[..., 1] = 100
    array[..., 2] = np.arange(6)[:, None, None]
    lake, row = stored(tmp_path, array)
    slices = Slices(lake)
    window = Window(center=50.0, width=100.0)
    seen = [pixels(slices.picture(row, Wanted(axis=2, index=1, time=t, window=window))) for t in range(3)]
    assert (seen[0].max(), seen[1].min()) == (0, 255)
    assert 0 < seen[2].max() < 255
    assert slices.value(row, (0, 0, 0), time=1) == 100.0


def test_windows_of_ct_come_with_the_customary_ones_and_the_rows_own_first(torso, candidates):
    image = image_of(torso, candidates[0])
    own = Window(center=1.0, width=2.0, name="own")
    ct = replace(image, intensity="hu", windows=(own,))
    found = presets_for(ct, own)
    assert found[0] == own
    assert {"bone", "lung", "brain", "soft tissue"} <= {window.name for window in found}
    assert len(found) == 5


@pytest.mark.parametrize(
    ("shape", "axes"), [((9, 8, 7), (2, 1, 0)), ((9, 8, 1), (2,)), ((1, 8, 7), (0,)), ((9, 1, 7), (1,))]
)
def test_lines_are_no_pictures(shape, axes):
    assert axes_of(shape) == axes
