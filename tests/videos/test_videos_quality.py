from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.videos.quality import (
    blur_fault,
    change_of,
    cropped,
    greatest_change,
    grey_of,
    is_frozen,
    light_fault,
    looks_alike,
    measure,
    sharpness_of,
    small_of,
)
from grandrounds.videos.values import grey
from tests.support.video_pictures import noisy, texture, with_walker


def measured(picture):
    told = grey_of(picture)
    return measure(told, small_of(told))


def test_grey_values_are_those_of_the_shared_rule():
    picture = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    assert np.abs(grey_of(picture).astype(float) - grey(picture)).max() <= 1.0


def test_sharpness_is_the_variance_of_the_laplacian():
    told = grey_of(texture(3))
    assert sharpness_of(told) == pytest.approx(float(cv2.Laplacian(told, cv2.CV_64F).var()), rel=1e-6)


@pytest.mark.parametrize(
    ("picture", "verdict"),
    [
        (np.zeros((200, 300, 3), np.uint8), "black"),
        (np.full((200, 300, 3), 17, np.uint8), "black"),
        (noisy(np.full((200, 300, 3), 8, np.uint8), seed=1, strength=2.0), "black"),
        (np.full((200, 300, 3), 140, np.uint8), "blank"),
        (noisy(np.full((200, 300, 3), 140, np.uint8), seed=2, strength=2.0), "blank"),
        ((texture(4).astype(float) * 0.2).astype(np.uint8), "underexposed"),
        (np.clip(texture(4).astype(int) + 150, 0, 255).astype(np.uint8), "overexposed"),
        (texture(4), ""),
    ],
)
def test_frames_that_show_nothing_are_told(picture, verdict):
    told, reason = light_fault(measured(picture))
    assert told == verdict
    assert bool(reason) == bool(verdict)


def test_a_drawing_on_white_is_not_overexposed():
    page = np.full((400, 600, 3), 255, np.uint8)
    for step in range(30):
        cv2.circle(page, (300, 200), 6 * step, (0, 0, 0), 1)
    assert light_fault(measured(page))[0] == ""


def test_a_frame_without_anything_fine_is_blurred():
    blurred = cv2.GaussianBlur(texture(5), (0, 0), 12)
    assert blur_fault(measured(texture(5)), None)[0] == ""
    assert blur_fault(measured(blurred), None)[0] == "blurred"


def test_a_frame_much_softer_than_its_scene_is_blurred():
    sharp, shaken = measured(texture(5)), measured(cv2.blur(texture(5), (21, 1)))
    assert blur_fault(shaken, None)[0] == ""
    verdict, reason = blur_fault(shaken, sharp.detail)
    assert verdict == "blurred"
    assert "of its scene's usual sharpness" in reason


@given(gain=st.floats(0.6, 1.2), offset=st.floats(-20, 20))
@settings(max_examples=25, deadline=None)
def test_a_change_of_exposure_alone_blurs_nothing(gain, offset):
    usual = measured(texture(6))
    dimmed = np.clip(texture(6).astype(float) * gain + offset, 0, 255).astype(np.uint8)
    assert blur_fault(measured(dimmed), usual.detail)[0] == ""


def test_the_same_picture_compressed_again_is_frozen_and_a_walker_is_not():
    scene = texture(8)
    packed = cv2.imdecode(cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, 97])[1], cv2.IMREAD_COLOR)
    small, again = small_of(grey_of(scene)), small_of(grey_of(packed))
    assert is_frozen(small, again)
    walked = small_of(grey_of(with_walker(scene, 300)))
    assert not is_frozen(small, walked)
    assert not looks_alike(small, walked)


def test_a_small_thing_that_moves_is_a_great_change_of_few_blocks():
    one, other = grey_of(with_walker(texture(9), 200)), grey_of(with_walker(texture(9), 260))
    assert change_of(one, other) < 12
    assert greatest_change(small_of(one), small_of(other)) > 40


@given(height=st.integers(1, 40), width=st.integers(1, 40), data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_size_can_be_measured(height, width, data):
    seed = data.draw(st.integers(0, 9))
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    told = measured(picture)
    assert told.low <= told.middle <= told.high <= told.highest <= 255
    assert greatest_change(small_of(grey_of(picture)), small_of(grey_of(picture))) == 0.0
    assert cropped(picture, (0, 0, width, height)).shape == picture.shape


def test_ultrasound_is_dark_and_soft_and_still_fit(shared_data: Path):
    from grandrounds.videos.container import pictures, probe

    for name in ("Reg_recommendations_alines_mov1.mov", "Reg_Image_181602_trimmed_crop.mp4"):
        path = shared_data / "videos" / "lung-ultrasound" / name
        _, index = probe(path)
        for _, picture in pictures(path, index, [20, 90, 160]):
            told = measured(picture)
            assert light_fault(told)[0] == ""
            assert blur_fault(told, None)[0] == ""
