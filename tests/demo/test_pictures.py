"""The demo's pictures are what their code draws, small, and without a word in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grandrounds.demo.canvas import Board, curve, inside, stroke
from grandrounds.demo.pictures import PICTURES, draw, write_all
from grandrounds.paths import demo_sources


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB")).astype(int)


@pytest.mark.parametrize("name", PICTURES)
def test_drawing_again_gives_the_committed_pixels(name: str) -> None:
    committed = _pixels(Image.open(demo_sources() / name))
    drawn = _pixels(draw(name))
    assert drawn.shape == committed.shape
    # Another processor may round a sine otherwise; that may move single pixels by one grey level.
    assert (drawn != committed).any(axis=-1).mean() < 0.001


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_a_small_sound_png_without_text(name: str) -> None:
    path = demo_sources() / name
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert not image.info, "a text chunk could give the answer away"
        assert min(image.size) >= 200
    assert path.stat().st_size < 15_000


def test_no_picture_lies_in_the_folder_that_the_code_does_not_draw() -> None:
    found = {path.relative_to(demo_sources()).as_posix() for path in demo_sources().rglob("*.png")}
    assert {name for name in found if not name.startswith("textbooks/")} == set(PICTURES)


def test_no_two_reports_share_a_picture() -> None:
    in_reports = [name for name in PICTURES if name.startswith("case_reports/")]
    assert len({(demo_sources() / name).read_bytes() for name in in_reports}) == len(in_reports)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "case_reports/neurological/head-ct.png"
    monkeypatch.setattr("grandrounds.demo.pictures.PICTURES", {name: PICTURES[name]})
    (first,) = write_all(tmp_path / "a")
    (second,) = write_all(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()


def test_the_findings_are_in_the_pixels() -> None:
    """What a picture is there to show can be measured in it."""
    sources = demo_sources() / "case_reports"
    chest = _pixels(Image.open(sources / "respiratory/chest-left-opacity.png"))[..., 0]
    assert (
        chest[225:240, 225:250].mean() > chest[225:240, 50:75].mean() + 60
    )  # left base white, right black
    other = _pixels(Image.open(sources / "respiratory/chest-right-lucency.png"))[..., 0]
    assert other[70:90, 60:80].mean() < other[70:90, 220:240].mean() - 8  # black beyond the line
    head = _pixels(Image.open(sources / "neurological/head-ct.png"))[..., 0]
    assert head[150:174, 44:52].min() > head[150:174, 70:110].max() + 40  # bright crescent on the right
    assert head[150:174, 228:236].max() < 150  # and none on the left


def test_shapes_cover_their_inside_and_nothing_else() -> None:
    board = Board(width=40, height=30)
    disc = inside(board.ellipse((20, 15), (8, 8)), soft=1.0)
    assert disc[15, 20] == 1.0
    assert disc[2, 2] == 0.0
    assert disc.sum() == pytest.approx(np.pi * 64, rel=0.03)
    line = stroke(board.path(curve([(5, 15), (20, 15), (35, 15)])), width=4.0, soft=0.5)
    assert line[:, 20].sum() == pytest.approx(4.0, abs=0.6)


def test_a_path_far_away_is_far_and_near_is_exact() -> None:
    board = Board(width=200, height=20)
    distance = board.path([(10.5, 0.0), (10.5, 20.0)], reach=30.0)
    assert distance[10, 30] == pytest.approx(20.0)
    assert distance[10, 199] > 30.0


def test_grain_repeats_and_differs_by_seed() -> None:
    board = Board(width=64, height=64)
    grain = board.grain(pixels=5, seed=1)
    assert (grain == board.grain(pixels=5, seed=1)).all()
    assert (grain != board.grain(pixels=5, seed=2)).mean() > 0.9
    assert 0.0 <= grain.min() < 0.2 < 0.8 < grain.max() < 1.0
