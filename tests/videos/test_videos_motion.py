from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.videos.motion import SURE_SHARE, background_of, between, is_one_way, movements
from grandrounds.videos.values import Movement
from tests.support.video_pictures import noisy, texture, with_walker


def pan(steps, *, seed=1):
    wide = texture(seed, height=500, width=1200)
    return [noisy(wide[60:420, x : x + 640], seed=x + 1) for x in steps]


def moved(x, y, share=0.8):
    return Movement(change=10.0, x=x, y=y, share=share)


def test_a_pan_is_a_movement_of_the_whole_picture():
    told = movements(pan([300, 340, 385, 420]))
    assert told[0] == Movement(change=0.0, x=0.0, y=0.0, share=0.0)
    assert [step.x for step in told[1:]] == pytest.approx([-40, -45, -35], abs=2.5)
    assert all(abs(step.y) < 2.5 and step.share > 0.6 for step in told[1:])
    assert is_one_way(told[1:])


@given(x=st.integers(-120, 120), y=st.integers(-70, 70))
@settings(max_examples=30, deadline=None)
def test_shifts_of_the_whole_picture_are_measured_to_a_few_pixels(x, y):
    wide = texture(2, height=560, width=960)
    before, after = wide[100:460, 160:800], wide[100 - y : 460 - y, 160 - x : 800 - x]
    step = between(before, after)
    if max(abs(x), abs(y)) >= 10:
        assert (step.x, step.y) == pytest.approx((x, y), abs=3)
        assert step.share > 0.5
    back = between(after, before)
    assert (back.x, back.y) == pytest.approx((-step.x, -step.y), abs=3)


def test_a_walker_before_a_still_picture_is_followed():
    still = texture(3)
    clip = [noisy(with_walker(still, x), seed=x) for x in (520, 400, 280, 170)]
    told = movements(clip)[1:]
    assert [step.x for step in told] == pytest.approx([-120, -120, -110], abs=6)
    assert all(step.share > SURE_SHARE and abs(step.y) < 6 for step in told)
    assert is_one_way(told)


def test_two_frames_alone_do_not_tell_which_place_is_the_old_one():
    clip = [with_walker(texture(3), x) for x in (400, 280)]
    assert background_of(clip) is None
    assert movements(clip)[1].share == 0.0


def test_what_swings_back_and_forth_goes_no_way():
    assert not is_one_way(movements(pan([300, 360, 300, 240, 300]))[1:])
    swinging = [noisy(with_walker(texture(4), x), seed=x) for x in (100, 300, 120, 310)]
    assert not is_one_way(movements(swinging)[1:])


@pytest.mark.parametrize("strength", [2.0, 8.0, 20.0])
def test_noise_is_no_movement(strength):
    clip = [noisy(texture(5), seed=seed, strength=strength) for seed in range(5)]
    assert all(step.share == 0.0 and step.x == 0.0 for step in movements(clip))


def test_a_jump_of_exposure_is_no_movement_and_hides_none():
    scene = texture(6)
    brighter = np.clip(scene.astype(float) * 1.3 + 12, 0, 255).astype(np.uint8)
    step = between(scene, brighter)
    assert step.change > 20
    assert step.share == 0.0
    one, other = pan([300, 345], seed=6)
    light = np.clip(other.astype(float) * 1.25, 0, 255).astype(np.uint8)
    assert between(one, light).x == pytest.approx(-45, abs=3)


def test_a_zoom_and_a_turn_are_no_shift():
    scene = texture(7)
    for matrix in (
        cv2.getRotationMatrix2D((320, 180), 0, 1.15),
        cv2.getRotationMatrix2D((320, 180), 12, 1.0),
    ):
        step = between(scene, cv2.warpAffine(scene, matrix, (640, 360), borderMode=cv2.BORDER_REFLECT))
        assert step.share < SURE_SHARE


def test_new_pictures_have_no_movement_between_them():
    clip = [texture(seed) for seed in range(20, 25)]
    assert not is_one_way(movements(clip)[1:])


def test_movements_that_are_unsure_or_turn_off_are_not_one_way():
    assert is_one_way([moved(-10, 0), moved(-12, 3)])
    assert not is_one_way([moved(-10, 0), moved(-12, 3, share=SURE_SHARE - 0.01)])
    assert not is_one_way([moved(-10, 0), moved(0, 12)])
    assert not is_one_way([moved(-10, 0), moved(0, 0)])
    assert not is_one_way([])


def test_pictures_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="sizes"):
        between(texture(1), texture(1, height=300))


@pytest.mark.parametrize("shape", [(1, 1), (8, 400), (16, 16), (17, 900)])
def test_odd_sizes_are_measured(shape):
    rng = np.random.default_rng(1)
    clip = [rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for _ in range(3)]
    assert all(0.0 <= step.share <= 1.0 for step in movements(clip))


def _clip(path: Path, frames: list[int]):
    from grandrounds.videos.container import pictures, probe

    _, index = probe(path)
    return [picture for _, picture in pictures(path, index, frames)]


def test_the_walker_of_the_gait_clip_goes_left(shared_data: Path):
    clip = _clip(shared_data / "videos" / "gait" / "sports2d-demo.mp4", [80, 95, 110, 125])
    told = movements(clip)[1:]
    assert is_one_way(told)
    assert all(-170 < step.x < -130 for step in told)  # he walks 9.8 pixels a frame


def test_ultrasound_never_moves_one_way(shared_data: Path):
    for path in sorted((shared_data / "videos" / "lung-ultrasound").iterdir()):
        for start in range(0, 75, 25):
            clip = _clip(path, [start, start + 15, start + 30, start + 45])
            assert not is_one_way(movements(clip)[1:]), f"{path.name} from frame {start}"
