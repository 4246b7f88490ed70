"""Plans of clips: which frames belong together, and why."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.figures.hashes import distance
from grandrounds.needs import ClipNeed
from grandrounds.records.clip import SCENE, SEQUENCE
from grandrounds.records.video import KEPT, VideoFrame
from grandrounds.videos.clips import plan, turning_moments
from grandrounds.videos.clips_hearing import clip_words
from grandrounds.videos.values import FrameIndex, KeyPoints, PlannedClip, Scene, Words

RATE = 25.0


def index_of(seconds: float, *, begins: float = 0.0) -> FrameIndex:
    count = round(seconds * RATE)
    return FrameIndex(
        seconds=begins + np.arange(count) / RATE,
        end_seconds=begins + count / RATE,
        keyframe=np.ones(count, dtype=np.bool_),
        sizes=np.full(count, 1000),
    )


def scenes_of(index: FrameIndex, cuts: Sequence[float] = ()) -> tuple[Scene, ...]:
    starts = [0, *(index.at(cut) for cut in cuts)]
    stops = [*starts[1:], len(index)]
    return tuple(
        Scene(number=n, first=a, stop=b) for n, (a, b) in enumerate(zip(starts, stops, strict=True))
    )


def looked(
    index: FrameIndex,
    scenes: Sequence[Scene],
    *,
    every: float = 0.5,
    hashes: Sequence[int] | None = None,
    verdict: str = KEPT,
) -> list[VideoFrame]:
    chance = random.Random(7)
    frames = []
    for number in range(0, len(index), round(every * RATE)):
        scene = next(one.number for one in scenes if one.first <= number < one.stop)
        bits = chance.getrandbits(64) if hashes is None else hashes[len(frames) % len(hashes)]
        frames.append(
            VideoFrame(
                frame=number,
                seconds=float(index.seconds[number]),
                scene=scene,
                verdict=verdict,
                crop=(0, 0, 64, 48),
                medical_area=1.0,
                sharpness=chance.uniform(50, 500),
                brightness=100.0,
                contrast=40.0,
                motion=5.0,
                perceptual_hash=f"{bits:016x}",
            )
        )
    return frames


def said(*cues: tuple[float, float, str]) -> Words:
    return Words(origin="srt", language="en", cues=cues)


NOTHING = Words(origin="none")


def planned(
    index: FrameIndex,
    scenes: Sequence[Scene],
    frames: Sequence[VideoFrame],
    words: Words = NOTHING,
    *,
    offset: float = 0.0,
    points: Sequence[KeyPoints] = (),
    **asked: object,
) -> tuple[PlannedClip, ...]:
    return plan(index, scenes, frames, words=words, offset=offset, points=points, asked=ClipNeed(**asked))


# By what is said --------------------------------------------------------------------------------------


def test_each_of_a_few_cues_gets_a_frame_of_its_own() -> None:
    index = index_of(20)
    scenes = scenes_of(index)
    words = said((2, 4, "bend the knee"), (6, 8, "hold it"), (10, 12, "and straighten"))
    first = planned(index, scenes, looked(index, scenes), words, clips_each=1)[0]
    assert first.cues == (0, 1, 2)
    times = [float(index.seconds[number]) for number in first.frames]
    assert [sum(low <= time <= high for time in times) for low, high, _ in words.cues] == [1, 1, 1]


def test_cues_are_moved_by_the_offset_before_frames_are_taken() -> None:
    index = index_of(30)
    scenes = scenes_of(index)
    words = said((2, 4, "bend the knee"), (6, 8, "hold it"))
    first = planned(index, scenes, looked(index, scenes), words, offset=10.0, clips_each=1)[0]
    times = [float(index.seconds[number]) for number in first.frames]
    assert 12 <= times[0] <= 14
    assert 16 <= times[1] <= 18


def test_cues_count_from_the_first_frame_whatever_its_time_stamp() -> None:
    index = index_of(20, begins=100.0)
    scenes = scenes_of(index)
    first = planned(
        index, scenes, looked(index, scenes), said((2, 4, "bend the knee"), (6, 8, "hold it")), clips_each=1
    )[0]
    assert 102 <= float(index.seconds[first.frames[0]]) <= 104


def test_one_speech_over_several_scenes_joins_them_by_name() -> None:
    index = index_of(12)
    scenes = scenes_of(index, [4.0, 8.0])
    words = said((1, 3.9, "first bend"), (4.1, 7.9, "then hold"), (8.1, 11, "finally straighten"))
    clips = planned(index, scenes, looked(index, scenes, every=4.0), words)
    assert [(clip.coherence, clip.sequence) for clip in clips] == [(SEQUENCE, "scenes 0-2")]


def test_without_a_speech_that_joins_them_scenes_stay_apart() -> None:
    index = index_of(60)
    scenes = scenes_of(index, [20.0, 40.0])
    words = said((15, 17, "bend"), (35, 37, "hold"))
    clips = planned(index, scenes, looked(index, scenes), words)
    assert {clip.coherence for clip in clips} == {SCENE}


def test_steps_that_are_numbered_make_a_clip_though_much_is_said_between() -> None:
    index = index_of(120)
    scenes = scenes_of(index)
    cues = [(float(at), at + 2.0, f"well {at}") for at in range(0, 118, 3)]
    for at, words in ((9, "First lift the leg"), (45, "Then hold the foot"), (93, "Finally let it down")):
        cues[at // 3] = (cues[at // 3][0], cues[at // 3][1], words)
    clips = planned(index, scenes, looked(index, scenes), said(*cues), clips_each=1)
    times = [float(index.seconds[number]) for number in clips[0].frames]
    assert len(times) == 3
    assert all(at - 0.01 <= time <= at + 2 for time, at in zip(times, (9, 45, 93), strict=True))


def test_the_words_of_a_clip_are_those_near_its_frames_and_none_of_other_scenes() -> None:
    index = index_of(40)
    scenes = scenes_of(index, [10.0])
    words = said((1, 2, "one"), (5, 6, "two"), (11, 12, "other scene"), (38, 39, "far away"))
    clips = planned(index, scenes, looked(index, scenes), words, window_seconds=4.0)
    early = next(clip for clip in clips if clip.frames[0] < 250 and clip.coherence == SCENE)
    assert 2 not in early.cues
    assert 3 not in early.cues


def test_the_words_of_a_clip_stand_in_its_text_and_stress_the_nearest_frame() -> None:
    index = index_of(20)
    words = said((2, 4, "bend the knee"), (6, 8, "hold it"))
    text, cues = clip_words((0, 1), words, index, offset=0.0, seconds=(3.0, 7.0), window=2.0)
    assert [cue.span.of(text) for cue in cues] == ["bend the knee", "hold it"]
    assert [(cue.frames, cue.stressed) for cue in cues] == [((0,), 0), ((1,), 1)]
    _, wide = clip_words((0, 1), words, index, offset=0.0, seconds=(3.0, 7.0), window=8.0)
    assert [(cue.frames, cue.stressed) for cue in wide] == [((0, 1), 0), ((0, 1), 1)]


# By spreading -----------------------------------------------------------------------------------------


def test_frames_that_look_the_same_are_never_in_one_clip() -> None:
    index = index_of(20)
    scenes = scenes_of(index)
    alike = [0x0, 0x1, 0x3, 0xFFFF000000000000]
    frames = looked(index, scenes, hashes=alike)
    for clip in planned(index, scenes, frames, near_frame=6):
        by_number = {frame.frame: frame.perceptual_hash for frame in frames}
        hashes = [by_number[number] for number in clip.frames]
        assert all(distance(one, other) > 6 for one, other in pairwise(hashes))


def test_a_scene_that_changes_step_by_step_is_preferred_to_one_that_swings() -> None:
    index = index_of(20)
    scenes = scenes_of(index, [10.0])
    swings = [0xFF, 0xFF00, 0xFF0000] * 7
    steps = [(1 << (3 * place)) - 1 for place in range(21)]
    frames = looked(index, scenes, hashes=[*swings[:20], *steps[:20]])
    assert planned(index, scenes, frames, clips_each=1)[0].frames[0] >= 250


def test_long_scenes_give_several_clips_that_share_no_frame() -> None:
    index = index_of(300)
    scenes = scenes_of(index)
    clips = planned(index, scenes, looked(index, scenes, every=2.0), clips_each=6)
    assert len(clips) == 6
    numbers = [number for clip in clips for number in clip.frames]
    assert len(set(numbers)) == len(numbers)


def test_frames_that_only_time_put_together_do_not_mingle() -> None:
    index = index_of(60)
    scenes = scenes_of(index)
    clips = planned(index, scenes, looked(index, scenes, every=0.5), clips_each=12, most_frames=3)
    assert len(clips) > 2
    assert all(before.frames[-1] < after.frames[0] for before, after in pairwise(clips))


def test_scenes_keep_their_numbers_where_some_are_missing() -> None:
    index = index_of(12)
    scenes = tuple(
        Scene(number=number, first=first, stop=stop)
        for number, first, stop in ((0, 0, 95), (2, 100, 200), (3, 200, 300))
    )
    frames = [
        replace(frame, scene=scenes[place].number)
        for place, frame in enumerate(looked(index, scenes_of(index, [4.0, 8.0]), every=4.0))
    ]
    words = said((0.5, 3.9, "bend"), (4.1, 7.9, "hold"), (8.1, 11, "straighten"))
    (clip,) = planned(index, scenes, frames, words)
    assert (clip.sequence, clip.cues) == ("scenes 0-3", (0, 1, 2))


def test_nothing_kept_gives_no_clip() -> None:
    index = index_of(20)
    scenes = scenes_of(index)
    assert planned(index, scenes, looked(index, scenes, verdict="blurred")) == ()
    assert planned(index, scenes, looked(index, scenes, every=30.0)) == ()


# By movement ------------------------------------------------------------------------------------------


def squats(index: FrameIndex, *, begin: float, each: float, count: int) -> KeyPoints:
    """A left leg that bends to 90 degrees and straightens ``count`` times."""
    seconds = index.seconds
    phase = np.clip((seconds - seconds[0] - begin) / each, 0, count)
    bend = np.radians(45 * (1 - np.cos(2 * np.pi * phase)))
    hip, knee = np.zeros((len(seconds), 2)), np.zeros((len(seconds), 2))
    knee[:, 1] = 100.0
    ankle = knee + 100 * np.stack([np.sin(bend), np.cos(bend)], axis=1)
    return KeyPoints(
        name="talk_pose.csv",
        seconds=seconds.copy(),
        names=("left_hip", "left_knee", "left_ankle"),
        places=np.stack([hip, knee, ankle], axis=1),
        unit="pixels",
    )


def test_two_whole_repetitions_are_shown_at_each_of_their_turning_points() -> None:
    index = index_of(20)
    scenes = scenes_of(index)
    points = squats(index, begin=2.0, each=4.0, count=4)
    clips = planned(index, scenes, looked(index, scenes, every=0.2), points=(points,))
    counted = [clip for clip in clips if clip.poses and clip.poses[0].repetitions]
    assert counted
    knee = counted[0].poses[0]
    assert (knee.signal, knee.unit, knee.repetitions) == ("left_knee_angle", "degrees", 2)
    assert knee.confidence >= 0.7
    assert len(counted[0].frames) == 5
    assert [round(value / 90) for value in knee.values] == [2, 1, 2, 1, 2]
    assert counted[0].end_seconds - counted[0].start_seconds == pytest.approx(8.0, abs=0.5)


def test_a_movement_one_way_gives_frames_whose_values_only_fall_or_rise() -> None:
    index = index_of(20)
    scenes = scenes_of(index)
    points = squats(index, begin=2.0, each=8.0, count=1)
    clips = planned(index, scenes, looked(index, scenes, every=0.2), points=(points,))
    ways = [clip.poses[0].values for clip in clips if clip.poses and clip.poses[0].repetitions is None]
    steps = [[after - before for before, after in pairwise(values)] for values in ways if len(values) >= 3]
    assert any(all(step >= 15 for step in way) or all(step <= -15 for step in way) for way in steps)


def test_turning_points_are_moments_worth_looking_at() -> None:
    index = index_of(20, begins=5.0)
    moments = turning_moments(index, scenes_of(index), [squats(index, begin=2.0, each=4.0, count=3)])
    assert [round(moment) for moment in moments if abs(moment - round(moment)) < 0.1] == [9, 13, 17]
    assert list(moments) == sorted(set(moments))
    assert all(7.0 <= moment <= 19.0 for moment in moments)
    assert turning_moments(index, scenes_of(index), []) == ()


def test_repetitions_over_a_cut_are_not_of_one_clip() -> None:
    index = index_of(20)
    scenes = scenes_of(index, [10.0])
    clips = planned(
        index,
        scenes,
        looked(index, scenes, every=0.2),
        points=(squats(index, begin=2.0, each=4.0, count=4),),
    )
    assert clips
    assert all((clip.frames[0] < 250) == (clip.frames[-1] < 250) for clip in clips)


# Always -----------------------------------------------------------------------------------------------


@st.composite
def videos(draw: st.DrawFn) -> tuple[FrameIndex, tuple[Scene, ...], list[VideoFrame], Words, float]:
    length = draw(st.floats(1, 90))
    index = index_of(length, begins=draw(st.sampled_from([0.0, 3.5])))
    cuts = sorted(draw(st.sets(st.integers(1, max(int(length), 1)), max_size=4)))
    scenes = scenes_of(index, [float(index.seconds[0]) + cut for cut in cuts if cut < length - 0.5])
    frames = looked(
        index,
        scenes,
        every=draw(st.sampled_from([0.08, 0.4, 1.0, 3.0])),
        hashes=draw(st.one_of(st.none(), st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=9))),
    )
    verdicts = draw(st.lists(st.sampled_from([KEPT, KEPT, "blurred", "face"]), min_size=1, max_size=7))
    frames = [replace(frame, verdict=verdicts[place % len(verdicts)]) for place, frame in enumerate(frames)]
    cues = draw(
        st.lists(
            st.tuples(
                st.floats(-5, 95), st.floats(0.1, 9), st.sampled_from(["Then", "First bend", "knee"])
            ),
            max_size=12,
        )
    )
    words = said(*sorted((start, start + lasts, text) for start, lasts, text in cues))
    return index, scenes, frames, words, draw(st.sampled_from([0.0, -2.5, 4.0]))


@settings(max_examples=150, deadline=None)
@given(video=videos(), most=st.integers(2, 5), each=st.integers(1, 8), window=st.floats(0, 12))
def test_every_clip_keeps_its_promises(
    video: tuple[FrameIndex, tuple[Scene, ...], list[VideoFrame], Words, float],
    most: int,
    each: int,
    window: float,
) -> None:
    index, scenes, frames, words, offset = video
    asked = {"most_frames": most, "clips_each": each, "window_seconds": window}
    clips = planned(index, scenes, frames, words, offset=offset, **asked)
    assert clips == planned(index, scenes, list(reversed(frames)), words, offset=offset, **asked)
    assert len(clips) <= each
    assert list(clips) == sorted(clips, key=lambda clip: clip.frames)
    known = {frame.frame: frame for frame in frames}
    for clip in clips:
        own = [known[number] for number in clip.frames]
        assert 2 <= len(own) <= most
        assert all(frame.verdict == KEPT for frame in own)
        assert all(after.seconds - before.seconds >= 0.2 - 1e-6 for before, after in pairwise(own))
        assert clip.start_seconds <= own[0].seconds < own[-1].seconds < clip.end_seconds
        told = sorted({frame.scene for frame in own})
        if clip.coherence == SCENE:
            assert len(told) == 1 and clip.sequence == ""
        else:
            assert clip.sequence == f"scenes {told[0]}-{told[-1]}"
        first = float(index.seconds[0])
        for place in clip.cues:
            start, end, _ = words.cues[place]
            start, end = max(first + start + offset, first), min(first + end + offset, index.end_seconds)
            far = [max(start - frame.seconds, frame.seconds - end, 0.0) for frame in own]
            assert min(far) <= window + 1e-6
