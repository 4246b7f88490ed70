from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from grandrounds.figures.hashes import perceptual_hash
from grandrounds.needs import ClipNeed
from grandrounds.records.video import VERDICTS
from grandrounds.videos.looking import Looker, look_through, may_show
from grandrounds.videos.people import PeopleFinder
from grandrounds.videos.values import FrameIndex, Scene
from tests.support.video_pictures import noisy, page_of_text, scanner_screen, texture, with_walker

SCENE = texture(11)


class Finder(PeopleFinder):
    """A finder that sees a face in every picture whose first pixel is pure red, and reads nothing."""

    def __init__(self):
        super().__init__(faces=None, rows=None)
        self.searched = 0
        self.closely = []

    @property
    def sees_faces(self):
        return True

    def faces(self, picture, *, closely=False):
        self.searched += 1
        self.closely.append(closely)
        return self.glance(picture)

    def glance(self, picture):
        return ((0, 0, 40, 50),) if tuple(picture[0, 0]) == (255, 0, 0) else ()


def with_face(picture):
    made = picture.copy()
    made[0, 0] = (255, 0, 0)
    return made


def looked(pictures, *, asked=None, people=None, scene=0):
    looker = Looker(asked or ClipNeed(), people or Finder())
    return [looker.look(n, 0.5 * n, scene, picture) for n, picture in enumerate(pictures)]


def verdicts(rows):
    return [row.verdict for row in rows]


def test_frames_that_differ_are_kept_with_their_measures():
    rows = looked([with_walker(SCENE, x) for x in (60, 200, 340)])
    assert verdicts(rows) == ["kept"] * 3
    assert rows[0].motion == 0.0 < rows[1].motion
    assert rows[0].crop == (0, 0, 640, 360)
    assert rows[0].medical_area == 1.0
    assert 50 < rows[0].brightness < 200
    packed = cv2.imencode(".png", with_walker(SCENE, 60)[..., ::-1])[1].tobytes()
    assert rows[0].perceptual_hash == perceptual_hash(packed)


def test_a_film_that_stands_still_is_frozen_and_one_that_returns_is_a_duplicate():
    rows = looked(
        [with_walker(SCENE, 60), with_walker(SCENE, 60), with_walker(SCENE, 300), with_walker(SCENE, 61)]
    )
    assert verdicts(rows) == ["kept", "frozen", "kept", "duplicate"]
    assert "frame 0" in rows[1].reason
    assert "frame 0" in rows[3].reason


def test_a_small_thing_that_moves_keeps_its_frames_although_their_hashes_are_alike():
    rows = looked([with_walker(SCENE, x) for x in range(60, 460, 50)], asked=ClipNeed(near_frame=32))
    assert verdicts(rows) == ["kept"] * 8


def test_frames_without_a_picture_are_left_out():
    page = page_of_text()
    rows = looked(
        [
            np.zeros((720, 1280, 3), np.uint8),
            np.full((720, 1280, 3), 120, np.uint8),
            page,
            texture(12, height=720, width=1280),
            cv2.GaussianBlur(texture(13, height=720, width=1280), (0, 0), 40),
        ]
    )
    assert verdicts(rows) == ["black", "blank", "slide", "kept", "blurred"]
    assert all(row.reason for row in rows if row.verdict != "kept")
    assert set(verdicts(rows)) <= set(VERDICTS)


def test_a_small_picture_is_left_out_as_the_recipe_says():
    frame = np.zeros((720, 1280, 3), np.uint8)
    frame[200:500, 300:700] = texture(2, height=300, width=400)
    assert verdicts(looked([frame])) == ["small_area"]
    assert verdicts(looked([frame], asked=ClipNeed(smallest_area=0.1))) == ["kept"]
    assert verdicts(looked([frame], asked=ClipNeed(smallest_area=0.1, smallest_side=400))) == ["small_area"]


def test_a_shaken_frame_among_sharp_ones_is_blurred():
    sharp = [with_walker(SCENE, x) for x in (60, 150, 240, 330)]
    shaken = cv2.blur(with_walker(SCENE, 420), (25, 1))
    assert verdicts(looked([*sharp, shaken])) == ["kept"] * 4 + ["blurred"]


def test_faces_are_refused_or_marked():
    frames = [with_walker(SCENE, 60), with_face(with_walker(SCENE, 300))]
    refused = looked(frames)
    assert verdicts(refused) == ["kept", "face"]
    assert refused[1].faces == 1
    marked = looked(frames, asked=ClipNeed(people="flag"))
    assert verdicts(marked) == ["kept", "kept"]
    assert marked[1].faces == 1
    assert "50 pixels" in marked[1].reason
    assert [may_show(row) for row in (*refused, *marked)] == [True, False, True, False]


def test_without_a_detector_a_recipe_that_refuses_people_gets_no_frame():
    finder = PeopleFinder(faces=None, rows=None)
    rows = looked([SCENE], people=finder)
    assert verdicts(rows) == ["face"]
    assert "could not be looked for" in rows[0].reason
    assert not may_show(rows[0])
    assert verdicts(looked([SCENE], asked=ClipNeed(people="flag"), people=finder)) == ["kept"]


def test_text_that_nobody_can_read_is_refused_as_a_name():
    screen, _ = scanner_screen(4)
    asked = ClipNeed()
    rows = looked([screen], asked=asked)
    assert verdicts(rows) == ["name"]
    assert "could not be read" in rows[0].reason
    assert verdicts(looked([screen], asked=ClipNeed(people="flag"))) == ["kept"]


def test_frames_left_out_before_are_still_glanced_at_so_that_no_thumbnail_shows_a_face():
    blurred = with_face(cv2.GaussianBlur(SCENE, (0, 0), 30))
    row = looked([blurred])[0]
    assert row.verdict == "blurred"
    assert not may_show(row)
    frozen = looked([with_face(SCENE), with_face(SCENE)])
    assert verdicts(frozen) == ["face", "frozen"]
    assert not may_show(frozen[1])


def test_repeats_are_not_searched_again():
    finder = Finder()
    looked([SCENE] * 6, people=finder)
    assert finder.searched == 1


def test_after_a_face_the_scene_is_searched_closely():
    finder = Finder()
    places = (60, 160, 260, 360)
    frames = [with_walker(SCENE, x) for x in places]
    frames[1] = with_face(frames[1])
    looker = Looker(ClipNeed(), finder)
    for number, frame in enumerate(frames):
        looker.look(number, 0.5 * number, 0, frame)
    looker.look(9, 5.0, 1, frames[0])
    assert finder.closely == [False, False, True, True, False]


def test_scenes_are_told_apart():
    looker = Looker(ClipNeed(), Finder())
    first = looker.look(0, 0.0, 0, SCENE)
    other = looker.look(9, 1.0, 1, SCENE)
    assert (first.verdict, other.verdict) == ("kept", "kept")
    assert other.motion == 0.0


def test_a_film_that_changes_its_size_is_looked_at():
    rows = looked([SCENE, cv2.resize(SCENE, (320, 180)), SCENE])
    assert [row.crop for row in rows] == [(0, 0, 640, 360), (0, 0, 320, 180), (0, 0, 640, 360)]


def test_frames_of_a_scene_share_one_crop_and_each_is_decoded_at_most_twice():
    frames = {}
    for number in range(12):
        frame = np.zeros((480, 640, 3), np.uint8)
        height = 120 + 20 * number
        frame[60 : 60 + height, 80:560] = texture(number, height=height, width=480)
        frames[number] = noisy(frame, seed=number, strength=1.0)
    decoded: list[int] = []

    def pictures(numbers):
        for number in numbers:
            decoded.append(number)
            yield number, frames[number]

    index = FrameIndex(
        seconds=np.arange(12) / 2.0,
        end_seconds=6.0,
        keyframe=np.arange(12) == 0,
        sizes=np.ones(12, dtype=np.int64),
    )
    looker = Looker(ClipNeed(smallest_area=0.05), Finder())
    found = list(
        look_through(range(12), index, [Scene(number=0, first=0, stop=12)], pictures, looker=looker)
    )
    assert [row.frame for row, _ in found] == list(range(12))
    assert len({row.crop for row, _ in found}) == 1
    assert found[0][0].crop[3] >= 390
    assert len(decoded) == 12 + 5
    assert all(np.array_equal(picture, frames[row.frame]) for row, picture in found)


def test_frames_that_cannot_be_decoded_or_lie_in_no_scene_are_passed_by():
    index = FrameIndex(
        seconds=np.arange(20) / 2.0,
        end_seconds=10.0,
        keyframe=np.ones(20, dtype=bool),
        sizes=np.ones(20, dtype=np.int64),
    )
    shots = [Scene(number=0, first=0, stop=8), Scene(number=1, first=10, stop=20)]

    def pictures(numbers):
        yield from ((n, with_walker(SCENE, 25 * n)) for n in numbers if n not in (3, 12))

    found = look_through((1, 3, 8, 9, 12, 15), index, shots, pictures, looker=Looker(ClipNeed(), Finder()))
    assert [(row.frame, row.scene) for row, _ in found] == [(1, 0), (15, 1)]


def test_moving_ultrasound_keeps_nearly_all_its_frames(shared_data: Path):
    from grandrounds.videos.container import pictures, probe

    for path in sorted((shared_data / "videos" / "lung-ultrasound").iterdir()):
        _, index = probe(path)
        numbers = list(range(5, len(index) - 3, 20))
        rows = looked([picture for _, picture in pictures(path, index, numbers)])
        kept = verdicts(rows).count("kept")
        assert kept >= 0.8 * len(rows), f"{path.name}: {verdicts(rows)}"


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (16, 16)])
def test_tiny_frames_have_a_verdict(shape):
    rng = np.random.default_rng(3)
    rows = looked([rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for _ in range(3)])
    assert set(verdicts(rows)) <= set(VERDICTS)
