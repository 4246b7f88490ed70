from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.records.video import VideoCut
from grandrounds.videos.candidates import MOST, scenes, wanted
from grandrounds.videos.values import CutsFound, FrameIndex


def index_of(frames, *, rate=25.0, every=50, start=0.0):
    seconds = start + np.arange(frames) / rate
    return FrameIndex(
        seconds=seconds,
        end_seconds=start + frames / rate,
        keyframe=np.arange(frames) % every == 0,
        sizes=np.full(frames, 1000),
    )


def cuts_at(*frames, rate=25.0, gradual=0):
    return CutsFound(
        cuts=tuple(
            VideoCut(
                frame=frame,
                seconds=frame / rate,
                kind="gradual" if gradual else "hard",
                start_seconds=(frame - gradual) / rate,
                score=1.0,
            )
            for frame in frames
        ),
        method="told",
        decoded=0,
    )


def costs(index, frames):
    """Frames that must be decoded for ``frames``, other than themselves and keyframes."""
    keys = np.flatnonzero(index.keyframe).tolist()
    reached: dict[int, int] = {}
    for frame in frames:
        key = keys[bisect_right(keys, frame) - 1]
        reached[key] = max(reached.get(key, key), frame)
    return sum(last - key for key, last in reached.items())


def test_scenes_lie_between_cuts():
    found = scenes(index_of(250), cuts_at(30, 76, 137))
    assert [(one.number, one.first, one.stop) for one in found] == [
        (0, 0, 30),
        (1, 30, 76),
        (2, 76, 137),
        (3, 137, 250),
    ]


def test_frames_of_a_gradual_change_belong_to_no_scene():
    first, second = scenes(index_of(200), cuts_at(100, gradual=20))
    assert (first.first, first.stop, second.first) == (0, 80, 100)


def test_a_film_without_cuts_is_one_scene_and_one_without_frames_none():
    assert [(one.first, one.stop) for one in scenes(index_of(10), cuts_at())] == [(0, 10)]
    assert scenes(index_of(0), cuts_at()) == ()
    assert wanted(index_of(0), ()) == ()


@given(
    frames=st.integers(1, 3000),
    every=st.integers(1, 400),
    cuts=st.lists(st.integers(0, 3200), max_size=20),
    gradual=st.integers(0, 30),
    cues=st.lists(st.floats(-5, 150, allow_nan=False), max_size=20),
    start=st.sampled_from([0.0, -0.4, 600.0]),
)
@settings(max_examples=80, deadline=None)
def test_whatever_the_film_frames_are_inside_scenes_rising_and_few(
    frames, every, cuts, gradual, cues, start
):
    index = index_of(frames, every=every, start=start)
    found = scenes(index, cuts_at(*cuts, gradual=gradual))
    starts = sorted(cut for cut in cuts if cut < frames)
    assert all(one.first < one.stop <= other.first for one, other in pairwise(found))
    assert all(one.number == bisect_right(starts, one.first) for one in found)
    taken = wanted(index, found, cue_seconds=[start + cue for cue in cues])
    assert list(taken) == sorted(set(taken))
    assert 0 < len(taken) <= MOST
    for frame in taken:
        own = [scene for scene in found if scene.first <= frame < scene.stop]
        assert len(own) == 1
        if own[0].stop - own[0].first > 4:
            assert own[0].first == 0 or frame >= own[0].first + 2
            assert own[0].stop == frames or frame < own[0].stop - 2


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_scenes_of_a_few_frames_give_one(frames):
    index = index_of(100)
    found = scenes(index, cuts_at(40, 40 + frames))
    assert len([one for one in wanted(index, found) if 40 <= one < 40 + frames]) == 1


def test_a_short_film_is_looked_at_twice_a_second_wherever_its_keyframes_are():
    index = index_of(300, every=300)
    taken = wanted(index, scenes(index, cuts_at()))
    assert 22 <= len(taken) <= 25
    assert np.diff(index.seconds[list(taken)]).max() <= 0.6


def test_a_long_film_is_looked_at_near_its_keyframes():
    index = index_of(25 * 180, every=250)
    cuts = cuts_at(*range(90, 4500, 90))
    found = scenes(index, cuts)
    taken = wanted(index, found)
    assert costs(index, taken) <= 0.12 * len(index)
    looked = {one.number for one in found for frame in taken if one.first <= frame < one.stop}
    assert len(looked) >= 0.5 * len(found)


def test_keyframes_at_the_cuts_give_every_scene_several_frames():
    frames = 25 * 180
    keyframe = np.zeros(frames, dtype=bool)
    keyframe[::100] = True
    index = FrameIndex(
        seconds=np.arange(frames) / 25.0,
        end_seconds=180.0,
        keyframe=keyframe,
        sizes=np.full(frames, 1000),
    )
    found = scenes(index, cuts_at(*range(100, frames, 100)))
    taken = wanted(index, found)
    assert costs(index, taken) <= 0.12 * frames
    for scene in found:
        own = [frame for frame in taken if scene.first <= frame < scene.stop]
        assert own, f"scene {scene.number}"


def test_a_film_of_two_hours_gives_no_more_than_its_share():
    index = index_of(25 * 7200, every=125)
    taken = wanted(index, scenes(index, cuts_at()))
    assert 100 <= len(taken) <= MOST
    assert all(index.keyframe[frame] for frame in taken)


def test_what_is_said_in_a_long_film_has_a_frame_near_it():
    index = index_of(25 * 3600, every=250)
    found = scenes(index, cuts_at())
    cues = [100.0 + 97.0 * place for place in range(35)]
    taken = wanted(index, found, cue_seconds=[*cues, float("nan"), -5.0, 1e9])
    times = index.seconds[list(taken)]
    assert all(np.abs(times - cue).min() <= 2.1 for cue in cues)
    assert len(taken) <= MOST
