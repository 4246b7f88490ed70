from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.videos.area import area_share, medical_area
from tests.support.video_pictures import noisy, scanner_screen, texture


def near(box, other, by):
    return all(abs(one - two) <= by for one, two in zip(box, other, strict=True))


@pytest.mark.parametrize("colour", [0, 16, 128, 255])
def test_bars_and_borders_are_left_out(colour):
    frames = []
    for seed in range(3):
        frame = np.full((480, 640, 3), colour, np.uint8)
        frame[60:420, 80:560] = texture(seed, height=360, width=480)
        frames.append(noisy(frame, seed=seed, strength=1.0))
    assert near(medical_area(frames), (80, 60, 560, 420), 3)


def test_a_picture_that_fills_the_frame_is_taken_whole():
    assert medical_area([texture(1), texture(2)]) == (0, 0, 640, 360)


def test_words_and_scales_around_a_sector_stay_outside():
    frames, box = [], (0, 0, 0, 0)
    for shift in range(5):
        frame, box = scanner_screen(3, shift=8 * shift)
        frames.append(noisy(frame, seed=shift, strength=1.0))
    assert near(medical_area(frames), box, 8)


def test_two_views_side_by_side_are_one_area():
    frames = []
    for seed in (1, 2, 3):
        frame = np.zeros((480, 1000, 3), np.uint8)
        frame[40:440, 40:460] = texture(seed, height=400, width=420)
        frame[40:440, 540:960] = texture(seed + 9, height=400, width=420)
        frames.append(frame)
    assert near(medical_area(frames), (40, 40, 960, 440), 4)


def test_the_part_that_moves_wins_over_a_still_panel():
    frames = []
    panel = texture(50, height=400, width=300, low=60, high=120)
    for seed in range(4):
        frame = np.zeros((480, 1000, 3), np.uint8)
        frame[40:440, 660:960] = panel
        frame[60:420, 60:460] = texture(seed, height=360, width=400)
        frames.append(frame)
    box = medical_area(frames)
    assert near(box[:2], (60, 60), 24)
    assert area_share(box, frames[0]) > 0.25


def test_the_dim_end_of_a_picture_belongs_to_it():
    fading = np.linspace(1.0, 0.06, 400)[:, None, None]
    frames = []
    for seed in range(4):
        frame = np.zeros((480, 640, 3), np.uint8)
        frame[20:420, 100:540] = (texture(seed, height=400, width=440) * fading).astype(np.uint8)
        frames.append(frame)
    assert medical_area(frames)[3] >= 395


def test_black_and_tiny_frames_have_their_own_size():
    assert medical_area([np.zeros((200, 300, 3), np.uint8)]) == (0, 0, 300, 200)
    assert medical_area([np.zeros((3, 2, 3), np.uint8)]) == (0, 0, 2, 3)
    with pytest.raises(ValueError, match="at least one"):
        medical_area([])


def test_a_frame_of_another_size_is_passed_by():
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[60:420, 80:560] = texture(1, height=360, width=480)
    assert near(medical_area([frame, cv2.resize(frame, (320, 240))]), (80, 60, 560, 420), 3)


@given(
    left=st.integers(0, 120), top=st.integers(0, 120), right=st.integers(0, 120), bottom=st.integers(0, 120)
)
@settings(max_examples=30, deadline=None)
def test_any_border_is_found_to_a_few_pixels(left, top, right, bottom):
    frames = []
    for seed in (1, 2):
        frame = np.zeros((400, 500, 3), np.uint8)
        frame[top : 400 - bottom, left : 500 - right] = texture(
            seed, height=400 - top - bottom, width=500 - left - right
        )
        frames.append(frame)
    found = medical_area(frames)
    assert 0 <= found[0] < found[2] <= 500
    assert 0 <= found[1] < found[3] <= 400
    # Where fewer than half of the edges' pixels are border, the frame is taken whole: nothing is lost.
    assert near(found, (left, top, 500 - right, 400 - bottom), 4) or found == (0, 0, 500, 400)
