"""Changes of shot are found to the frame, whatever the film is packed as, without decoding most of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.films.canvas import Size
from benchmarks.films.collection import (
    HEVC,
    MJPEG,
    MPEG2,
    MPEG4,
    NO_KEYS,
    REFRESH,
    SMALL,
    UNEVEN,
    VP9,
    X264,
)
from benchmarks.films.film import BLACK, CUT, DISSOLVE, Part, pictures, truth
from benchmarks.films.pack import Packing, pack
from benchmarks.films.shots import (
    Camera,
    Scope,
    Shot,
    Slide,
    Ultrasound,
    exposed,
    flashed,
    timed,
    whip,
)
from grandrounds.errors import SourceError
from grandrounds.records.video import GRADUAL, HARD
from grandrounds.videos.container import probe
from grandrounds.videos.cuts import EVERY_FRAME, KEYFRAMES, find_cuts
from grandrounds.videos.values import CutsFound

SIZE = Size(width=192, height=108)
RATE = 25
WHOLE, SPARSE = 1e9, 0.0
BOTH = pytest.mark.parametrize("whole_below", [WHOLE, SPARSE], ids=["whole", "sparse"])


def room(seed: int, **settings: float) -> Shot:
    return Camera(SIZE, np.random.default_rng(seed), **settings)


def scope(seed: int) -> Shot:
    return Scope(SIZE, np.random.default_rng(seed))


def ultrasound(seed: int) -> Shot:
    return Ultrasound(SIZE, np.random.default_rng(seed))


def slide(seed: int, talker: Shot, *, bullets: bool = False) -> Shot:
    return Slide(SMALL, np.random.default_rng(seed), talker=talker, bullets=bullets)


def film(folder: Path, parts: Sequence[Part], packing: Packing = X264) -> Path:
    path = folder / f"film{packing.suffix}"
    pack(pictures(parts), {path: packing}, rate=RATE)
    return path


def cuts(path: Path, whole_below: float = WHOLE) -> CutsFound:
    _, index = probe(path)
    return find_cuts(path, index, whole_below=whole_below)


def frames(found: CutsFound) -> list[int]:
    return [one.frame for one in found.cuts]


def shots(*lengths: int) -> list[Part]:
    """Shots of several kinds, that long."""
    kinds = [room(1), ultrasound(2), room(3, speed=4), scope(4), room(5, light=0.2), ultrasound(6), room(7)]
    return [Part(shot=kinds[number], frames=length) for number, length in enumerate(lengths)]


@BOTH
@pytest.mark.parametrize(
    "packing",
    [X264, NO_KEYS, UNEVEN, MPEG2, MPEG4, MJPEG, VP9, HEVC, REFRESH],
    ids=["x264", "no-keys", "uneven", "mpeg2", "mpeg4", "mjpeg", "vp9", "x265", "refresh"],
)
def test_cuts_are_found_to_the_frame(packing: Packing, whole_below: float, tmp_path: Path) -> None:
    path = film(tmp_path, shots(40, 33, 51, 8, 30), packing)

    found = cuts(path, whole_below)

    assert frames(found) == [40, 73, 124, 132]
    assert {one.kind for one in found.cuts} == {HARD}


def test_a_cut_has_the_time_of_its_frame(tmp_path: Path) -> None:
    path = film(tmp_path, shots(40, 33), UNEVEN)
    _, index = probe(path)

    (cut,) = cuts(path).cuts

    assert cut.seconds == cut.start_seconds == index.seconds[40]
    assert 0.3 < cut.score <= 1


@BOTH
def test_a_dissolve_begins_and_ends_where_it_was_made(whole_below: float, tmp_path: Path) -> None:
    parts = [
        Part(shot=room(1), frames=60),
        Part(shot=scope(2), frames=60, join=DISSOLVE, over=18),
        Part(shot=room(3), frames=60, join=DISSOLVE, over=25),
    ]
    path = film(tmp_path, parts)
    _, index = probe(path)

    found = cuts(path, whole_below).cuts

    assert [one.kind for one in found] == [GRADUAL, GRADUAL]
    for one, true in zip(found, truth(parts).changes, strict=True):
        assert abs(one.frame - true.frame) <= 2
        assert abs(index.at(one.start_seconds) - true.start) <= 2


@BOTH
def test_a_fade_through_black_is_one_change(whole_below: float, tmp_path: Path) -> None:
    parts = [Part(shot=room(1), frames=70), Part(shot=room(2), frames=70, join=BLACK, over=15)]
    path = film(tmp_path, parts)

    (one,) = cuts(path, whole_below).cuts

    (true,) = truth(parts).changes
    assert one.kind == GRADUAL
    assert abs(one.frame - true.frame) <= 3


@BOTH
@pytest.mark.parametrize(
    "shot",
    [
        flashed(room(1), (40, 80, 81)),
        flashed(room(2, speed=5), (40, 80, 81), strength=4.0),
        exposed(room(3), (50, 90)),
        timed(room(4), rate=RATE),
        timed(ultrasound(5), rate=RATE),
        room(6, speed=14, shake=4),
        room(7, growth=0.02),
        whip(Camera(SIZE, np.random.default_rng(8), speed=12), 60, 66, times=6),
        slide(9, room(10), bullets=True),
        scope(11),
        ultrasound(12),
    ],
    ids=[
        *("flash", "strong flash", "exposure", "clock", "clock on ultrasound", "fast", "zoom", "torn"),
        *("bullets", "scope", "ultrasound"),
    ],
)
def test_what_happens_within_a_shot_is_no_cut(shot: Shot, whole_below: float, tmp_path: Path) -> None:
    path = film(tmp_path, [Part(shot=shot, frames=130)])

    assert cuts(path, whole_below).cuts == ()


@BOTH
@pytest.mark.parametrize("packing", [X264, NO_KEYS], ids=["keys", "no-keys"])
def test_shots_of_less_than_half_a_second_are_found(
    packing: Packing, whole_below: float, tmp_path: Path
) -> None:
    """Also where the shot before goes on after them, so that the keyframes around look alike."""
    long = room(1)
    parts = [
        Part(shot=long, frames=70),
        Part(shot=scope(2), frames=6),
        Part(shot=lambda frame: long(frame + 70), frames=60),
        Part(shot=room(3), frames=9),
        Part(shot=lambda frame: long(frame + 130), frames=70),
    ]

    assert frames(cuts(film(tmp_path, parts, packing), whole_below)) == [70, 76, 136, 145]


@BOTH
def test_a_new_slide_is_a_cut_although_the_talker_stays(whole_below: float, tmp_path: Path) -> None:
    talker = room(1, shake=0.3)
    parts = [
        Part(shot=slide(seed, talker, bullets=seed == 3), frames=length)
        for seed, length in ((2, 50), (3, 120), (4, 60))
    ]

    assert frames(cuts(film(tmp_path, parts), whole_below)) == [50, 170]


@pytest.mark.parametrize("packing", [X264, NO_KEYS], ids=["keys", "no-keys"])
def test_of_a_long_film_a_small_part_is_decoded(packing: Packing, tmp_path: Path) -> None:
    parts = shots(400, 450, 380, 420)
    path = film(tmp_path, parts, packing)

    found = cuts(path, whole_below=30.0)

    assert found.method == KEYFRAMES
    assert frames(found) == [one.frame for one in truth(parts).changes]
    assert found.decoded < 0.2 * truth(parts).frames


def test_every_frame_of_a_short_film_is_looked_at(tmp_path: Path) -> None:
    found = find_cuts_as_read(film(tmp_path, shots(40, 33)))

    assert (found.method, found.decoded) == (EVERY_FRAME, 73)


def test_the_same_film_gives_the_same_cuts(tmp_path: Path) -> None:
    path = film(tmp_path, shots(40, 33, 51), NO_KEYS)

    assert cuts(path, SPARSE) == cuts(path, SPARSE)
    assert cuts(path) == cuts(path)


@BOTH
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_film_of_a_frame_or_two_has_no_cuts(length: int, whole_below: float, tmp_path: Path) -> None:
    assert cuts(film(tmp_path, shots(length)), whole_below).cuts == ()


def test_a_file_that_is_gone_is_a_source_error(tmp_path: Path) -> None:
    path = film(tmp_path, shots(5))
    _, index = probe(path)
    path.unlink()

    with pytest.raises(SourceError):
        find_cuts(path, index)


@BOTH
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scene-cuts/bikes.mp4", [30, 76, 137, 187, 242]),
        ("scene-cuts/bigbuckbunny.mp4", []),
        ("gait/sports2d-demo.mp4", []),
        ("subtitles/video.mp4", []),
        ("lung-ultrasound/Reg_Image_181602_trimmed_crop.mp4", []),
        ("lung-ultrasound/Reg_pat1Image_132943.mpeg", []),
        ("lung-ultrasound/Reg_pat2Image_133824.mpeg", []),
        ("lung-ultrasound/Reg_recommendations_alines_mov1.mov", []),
        ("lung-ultrasound/Vir_prospective_file1.mp4", []),
        ("bad-input/truncated.mpeg", []),
    ],
)
def test_real_videos_have_the_cuts_that_were_seen_in_them(
    name: str, expected: list[int], whole_below: float, shared_data: Path
) -> None:
    assert frames(cuts(shared_data / "videos" / name, whole_below)) == expected


def find_cuts_as_read(path: Path) -> CutsFound:
    _, index = probe(path)
    return find_cuts(path, index)


def test_the_parts_of_a_film_are_as_long_as_is_said() -> None:
    parts = [
        Part(shot=room(1), frames=9),
        Part(shot=room(2), frames=7, join=DISSOLVE, over=5),
        Part(shot=room(3), frames=8, join=BLACK, over=3),
        Part(shot=room(4), frames=6, join=CUT),
    ]
    told = truth(parts)

    assert sum(1 for _ in pictures(parts)) == told.frames == 9 + 5 + 7 + 10 + 8 + 6
    assert [(one.start, one.frame, one.stop) for one in told.changes] == [
        (9, 14, 14),
        (21, 28, 31),
        (39, 39, 39),
    ]
