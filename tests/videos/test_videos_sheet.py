"""The contact sheet: what it shows, and what it must never show."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from grandrounds.records.parts import Span
from grandrounds.records.video import VERDICTS, VideoCue, VideoCut, VideoFrame
from grandrounds.videos.sheet import Sheet, draw
from grandrounds.videos.sheet_drawing import WIDTH, clock, colour_of
from grandrounds.videos.values import CutsFound, FrameIndex, Scene, VideoFacts

RED = (255, 0, 0)


def facts(width: int = 640, height: int = 480) -> VideoFacts:
    return VideoFacts(
        container="mov", codec="h264", width=width, height=height, coded_width=width, coded_height=height,
        rate=25.0, variable_rate=False, sound=False,
    )  # fmt: skip


def index(frames: int) -> FrameIndex:
    return FrameIndex(
        seconds=np.arange(frames) / 25,
        end_seconds=frames / 25,
        keyframe=np.zeros(frames, bool),
        sizes=np.ones(frames, np.int64),
    )


def seen(number: int, verdict: str = "kept", *, scene: int = 0, reason: str = "") -> VideoFrame:
    return VideoFrame(
        frame=number, seconds=number / 25, scene=scene, verdict=verdict, reason=reason, crop=(0, 0, 640, 480),
        medical_area=1.0, sharpness=50.0, brightness=90.0, contrast=30.0, motion=1.0, perceptual_hash="0f" * 8,
    )  # fmt: skip


def thumbnail(colour: tuple[int, int, int] = RED) -> bytes:
    made = BytesIO()
    Image.new("RGB", (320, 240), colour).save(made, format="PNG")
    return made.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def pixels_of(data: bytes, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(opened(data)) == colour).all(axis=2).sum())


def sheet(
    frames: list[VideoFrame], *, hidden: tuple[int, ...] = (), scenes: int = 1, **more: object
) -> bytes:
    step = 100 // scenes
    parts = [Scene(number=n, first=n * step, stop=(n + 1) * step) for n in range(scenes)]
    cuts = tuple(
        VideoCut(
            frame=n * step,
            seconds=n * step / 25,
            kind="gradual",
            start_seconds=n * step / 25 - 0.2,
            score=1.0,
        )
        for n in range(1, scenes)
    )
    thumbnails = {one.frame: thumbnail() for one in frames if one.frame not in hidden}
    return draw(
        Sheet(
            facts=facts(), index=index(100), cuts=CutsFound(cuts=cuts, method="every frame", decoded=100),
            scenes=parts, looked_at=frames, thumbnails=thumbnails, **more,
        )
    )  # fmt: skip


def test_kept_frames_are_shown_in_full_and_others_pale() -> None:
    kept = sheet([seen(10)])
    dropped = sheet([seen(10, "blurred", reason="sharpness 3 of 40")])
    assert pixels_of(kept, RED) > 10_000
    assert pixels_of(dropped, RED) == 0
    assert kept != dropped


@pytest.mark.parametrize("verdict", ["face", "name"])
def test_people_are_never_shown_even_if_a_picture_is_handed_over(verdict: str) -> None:
    drawn = np.asarray(opened(sheet([seen(10, verdict)])), dtype=int)
    reddish = (drawn[..., 0] - drawn[..., 1] > 60) & (drawn[..., 0] - drawn[..., 2] > 60)
    assert reddish.sum() < 2_500  # the outline, a mark, a word
    assert pixels_of(sheet([seen(10)], hidden=(10,)), RED) == 0


def test_a_clip_marks_its_frames() -> None:
    plain = sheet([seen(10), seen(30), seen(60)])
    clipped = sheet([seen(10), seen(30), seen(60)], clips=[(10, 60), (10, 30)])
    assert plain != clipped


def test_words_and_parts_are_told() -> None:
    cue = VideoCue(start_seconds=0.5, end_seconds=1.5, span=Span(start=0, end=4))
    assert sheet([seen(10)], cues=[cue], words="vtt") != sheet([seen(10)])


@pytest.mark.parametrize("scenes", [1, 5, 100])
def test_it_stays_readable_however_many_frames_there_are(scenes: int) -> None:
    frames = [
        seen(
            number,
            VERDICTS[number % len(VERDICTS)],
            scene=number // (100 // scenes),
            reason="a long reason " * 9,
        )
        for number in range(100)
    ]
    drawn = opened(sheet(frames, scenes=scenes, clips=[(0, 13), (26, 39)]))
    assert drawn.width == WIDTH
    assert drawn.height < 60 * 700


def test_a_film_of_one_frame_has_one() -> None:
    one = Sheet(
        facts=facts(16, 4000), index=index(1), cuts=CutsFound(cuts=(), method="none", decoded=0),
        scenes=[Scene(number=0, first=0, stop=1)], looked_at=[seen(0)], thumbnails={0: b"no picture"},
    )  # fmt: skip
    assert opened(draw(one)).height > 200
    empty = Sheet(
        facts=facts(),
        index=index(1),
        cuts=CutsFound(cuts=(), method="", decoded=0),
        scenes=[],
        looked_at=[],
    )
    assert opened(draw(empty)).width == WIDTH


def test_the_same_is_drawn_the_same() -> None:
    frames = [seen(number) for number in range(0, 100, 7)]
    assert sheet(frames) == sheet(frames)


def test_every_verdict_has_a_colour() -> None:
    assert len({colour_of(verdict) for verdict in VERDICTS}) == 4


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "0:00.00"),
        (62.346, "1:02.35"),
        (59.999, "1:00.00"),
        (3723.5, "1:02:03.50"),
        (-1.5, "-0:01.50"),
    ],
)
def test_times_are_told_in_minutes(seconds: float, told: str) -> None:
    assert clock(seconds) == told
