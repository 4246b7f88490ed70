"""Stretches of film: copied without decoding, and the same pixels come out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.errors import SourceError
from grandrounds.videos.container import SAME_TIME, cut, pictures, probe
from grandrounds.videos.pixels import pixels_sha256
from grandrounds.videos.repack import MIME, Repacker, repack
from tests.support.films import film_bytes, made

FILMS: dict[str, dict[str, Any]] = {
    "b-frames.mp4": {"options": {"g": "20", "bf": "3"}},
    "open.mkv": {"options": {"x264-params": "open-gop=1:keyint=12:bframes=3"}},
    "stream.ts": {"container": "mpegts", "options": {"g": "20", "bf": "2"}},
    "program.mpg": {"container": "mpeg", "codec": "mpeg2video", "options": {"g": "12", "bf": "2"}},
    "old.avi": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "stills.avi": {"codec": "mjpeg"},
    "web.webm": {"codec": "libvpx-vp9", "options": {"g": "20", "cpu-used": "8", "deadline": "realtime"}},
    "turned.mp4": {"rotation": 90, "options": {"g": "20"}},
    "varies.mkv": {"times": [number * number * 3 for number in range(50)], "options": {"g": "9"}},
}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {name: made(folder / name, **how) for name, how in FILMS.items()}


def comes_out(path: Path, first: int, last: int) -> bytes:
    """The stretch, after it was checked."""
    _, index = probe(path)
    film, mime = repack(path, index, first, last)
    assert mime == MIME
    for number, picture in pictures(path, index, range(first, last + 1)):
        again = cut(film, seconds=float(index.seconds[number]))
        assert np.array_equal(again, picture), number
    _, short = probe(film)
    assert short.seconds[0] <= index.seconds[first] + SAME_TIME
    assert short.end_seconds >= index.end_of(last) - SAME_TIME
    return film


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize(("first", "last"), [(0, 2), (23, 31), (45, 49)])
def test_the_same_pixels_come_out(films: dict[str, Path], name: str, first: int, last: int) -> None:
    comes_out(films[name], first, last)


def test_a_stretch_is_small_and_always_the_same(films: dict[str, Path]) -> None:
    path = films["b-frames.mp4"]
    _, index = probe(path)
    film, _ = repack(path, index, 42, 44)
    assert len(film) < path.stat().st_size / 2
    assert film == repack(path, index, 42, 44)[0]


def test_nothing_else_goes_along(tmp_path: Path) -> None:
    path = made(
        tmp_path / "film.mp4",
        sound=True,
        metadata={"title": "Jane Doe", "comment": "ward 7", "creation_time": "2020-02-02T02:02:02Z"},
    )
    _, index = probe(path)
    film, _ = repack(path, index, 0, 20)
    facts, _ = probe(film)
    assert not facts.sound
    assert not facts.title
    assert not facts.comment
    for secret in (b"Jane", b"ward", b"2020", b"film.mp4"):
        assert secret not in film


def test_a_film_that_can_not_be_cut_says_why(tmp_path: Path) -> None:
    data = film_bytes("mpegts", frames=40)
    path = tmp_path / "twice.ts"
    path.write_bytes(data + data)
    _, index = probe(path)
    with pytest.raises(SourceError, match="go back"):
        repack(path, index, 0, 3)
    whole = made(tmp_path / "film.mp4", frames=10)
    _, index = probe(whole)
    for first, last in ((-1, 2), (4, 2), (3, 10)):
        with pytest.raises(SourceError, match="0 to 9"):
            repack(whole, index, first, last)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_stretch_of_a_film_comes_out(films: dict[str, Path], data: st.DataObject) -> None:
    path = films[data.draw(st.sampled_from(["b-frames.mp4", "open.mkv", "program.mpg", "varies.mkv"]))]
    first = data.draw(st.integers(0, 49))
    last = data.draw(st.integers(first, min(49, first + 6)))
    comes_out(path, first, last)


def test_one_repacker_cuts_many_stretches(films: dict[str, Path]) -> None:
    path = films["program.mpg"]
    _, index = probe(path)
    repacker = Repacker(path, index)
    for first in (0, 20, 40):
        film, _ = repacker.stretch(first, first + 3)
        number, picture = next(pictures(path, index, [first + 2]))
        assert pixels_sha256(cut(film, seconds=float(index.seconds[number]))) == pixels_sha256(picture)
