"""Pictures that surely are not what they are called are told; what merely is odd is a remark."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from grandrounds.figures.signs import contradiction
from grandrounds.figures.statistics import PictureStatistics, measured, statistics_of
from tests.support.figure_pictures import MAKERS, ct, drawing, histology, photograph

CT, MRI = ("radiology", "ct"), ("radiology", "mri")
MICROSCOPY = ("microscopy", "light microscopy")
PHOTOGRAPH = ("photography", "clinical photograph")
ILLUSTRATION = ("graphics", "illustration")
OWN = {"ct": CT, "histology": MICROSCOPY, "drawing": ILLUSTRATION, "photograph": PHOTOGRAPH}
WRONG = (
    ("histology", CT),
    ("histology", MRI),
    ("photograph", CT),
    ("drawing", CT),
    ("drawing", MICROSCOPY),
    ("ct", MICROSCOPY),
)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("seed", range(5))
def test_nothing_contradicts_what_a_picture_is(kind: str, seed: int) -> None:
    assert contradiction(OWN[kind], measured(MAKERS[kind](seed))) is None


@pytest.mark.parametrize(("kind", "called"), WRONG)
@pytest.mark.parametrize("seed", range(5))
def test_what_it_is_not_is_certain(kind: str, called: tuple[str, ...], seed: int) -> None:
    found = contradiction(called, measured(MAKERS[kind](seed)))
    assert found is not None and found.certain, found


def test_words_that_explain_colours_leave_a_remark() -> None:
    seen = measured(histology(1))
    for text in ("Fused PET and CT.", "3D reconstruction of the skull.", "Colour-coded perfusion map."):
        found = contradiction(CT, seen, text=text)
        assert found is not None and not found.certain


def test_a_film_in_blue_light_is_odd_and_no_more() -> None:
    red, _, _ = ct(3).split()
    tinted = Image.merge("RGB", (red.point(lambda v: v // 3), red.point(lambda v: v // 2), red))
    found = contradiction(("radiology", "radiograph"), measured(tinted))
    assert found is not None and not found.certain


def test_a_modality_that_may_look_like_anything_is_never_contradicted() -> None:
    for picture in (ct(1), histology(1), drawing(1), photograph(1)):
        for called in ((), ILLUSTRATION, ("signals", "electrocardiogram"), ("no", "such thing")):
            assert contradiction(called, measured(picture)) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (3000, 2)])
def test_strange_sizes_are_measured(size: tuple[int, int]) -> None:
    seen = measured(Image.new("RGB", size, (200, 30, 40)))
    assert isinstance(seen, PictureStatistics)
    assert (seen.width, seen.height) == size


def test_what_is_no_picture_has_no_statistics() -> None:
    assert statistics_of(b"no picture") is None


def test_statistics_are_what_they_say() -> None:
    half = Image.new("RGB", (100, 100), "white")
    half.paste((0, 0, 255), (0, 0, 50, 100))
    seen = measured(half)
    assert seen.white == pytest.approx(0.5)
    assert seen.coloured == pytest.approx(0.5)
    assert seen.tint == 1.0
    assert abs(seen.hue - 240) <= 60
    assert seen.chroma == pytest.approx(127.5)
    assert seen.flat > 0.95
    assert seen.tones == 2


def test_real_radiographs_and_drawings_are_not_contradicted(shared_data: Path) -> None:
    films = sorted((shared_data / "studies/radiographs").rglob("*.png"))
    plates = sorted((shared_data / "textbooks").rglob("media/*.jpg"))
    assert len(films) >= 2
    assert len(plates) == 17
    for film in films:
        seen = statistics_of(film.read_bytes())
        assert seen is not None
        assert contradiction(("radiology", "radiograph"), seen) is None
    for plate in plates:
        seen = statistics_of(plate.read_bytes())
        assert seen is not None
        assert contradiction(ILLUSTRATION, seen) is None
