"""Cuts of real films: those that are known are found to the frame, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from grandrounds.videos.container import probe
from grandrounds.videos.cuts import find_cuts

KNOWN = {
    "scene-cuts/bikes.mp4": [30, 76, 137, 187, 242],
    "scene-cuts/bigbuckbunny.mp4": [],  # a moving camera
    "gait/sports2d-demo.mp4": [],  # somebody jumps before the sun, and the exposure leaps
    "lung-ultrasound/Vir_prospective_file1.mp4": [],  # speckle
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_cuts_are_found_to_the_frame(shared_data: Path, name: str) -> None:
    film = shared_data / "videos" / name
    _, index = probe(film)
    assert [cut.frame for cut in find_cuts(film, index).cuts] == KNOWN[name]
