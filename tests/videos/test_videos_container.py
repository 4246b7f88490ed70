"""Times of all frames as ffprobe gives them, the same pixels wherever decoding begins, nothing but the file."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grandrounds.errors import SourceError
from grandrounds.videos.container import cut, pictures, probe
from grandrounds.videos.container_index import IndexLimits
from grandrounds.videos.pixels import pixels_sha256
from grandrounds.videos.values import FrameIndex
from tests.support.films import (
    absurd_header,
    absurd_pictures,
    changing_size,
    film_bytes,
    made,
    only_sound,
    scene,
    with_cover,
)

FORMATS: dict[str, dict[str, Any]] = {
    "b-frames.mp4": {"options": {"g": "20", "bf": "3"}},
    "fragments.mp4": {"container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "plain.mkv": {"options": {"g": "20", "bf": "2"}},
    "stream.ts": {"container": "mpegts", "options": {"g": "20", "bf": "2"}},
    "open.mkv": {"options": {"x264-params": "open-gop=1:keyint=12:bframes=3"}},
    "refresh.ts": {"container": "mpegts", "options": {"x264-params": "intra-refresh=1:keyint=15"}},
    "program.mpg": {"container": "mpeg", "codec": "mpeg2video", "options": {"g": "12", "bf": "2"}},
    "old.avi": {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}},
    "stills.avi": {"codec": "mjpeg"},
    "web.webm": {"codec": "libvpx-vp9", "options": {"g": "20", "cpu-used": "8", "deadline": "realtime"}},
}


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    return {name: made(folder / name, **how) for name, how in FORMATS.items()}


def ffprobe_times(path: Path) -> np.ndarray:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed: times are not compared")
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
         "frame=best_effort_timestamp_time", "-of", "json", str(path)],
        capture_output=True, check=True,
    )  # fmt: skip
    frames = json.loads(told.stdout)["frames"]
    return np.array([float(one.get("best_effort_timestamp_time", "nan")) for one in frames])


def agree(index: FrameIndex, times: np.ndarray) -> bool:
    """Whether every time that ffprobe knows is within half a frame of ours."""
    assert len(index) == len(times)
    half = np.median(np.diff(index.seconds)) / 2 if len(index) > 1 else 0.01
    return bool(np.nanmax(np.abs(index.seconds - times)) < half)


def hashes(path: Path, index: FrameIndex, frames: Any) -> dict[int, str]:
    return {number: pixels_sha256(picture) for number, picture in pictures(path, index, list(frames))}


@pytest.mark.parametrize("name", FORMATS)
def test_times_are_those_of_ffprobe(films: dict[str, Path], name: str) -> None:
    _, index = probe(films[name])
    assert len(index) == 50
    assert agree(index, ffprobe_times(films[name]))


@pytest.mark.parametrize("name", FORMATS)
def test_a_frame_has_the_same_pixels_wherever_decoding_begins(films: dict[str, Path], name: str) -> None:
    path = films[name]
    _, index = probe(path)
    whole = hashes(path, index, range(50))
    assert sorted(whole) == list(range(50))
    for some in ([49], [0, 30], [7, 8, 41], [26]):
        assert hashes(path, index, some) == {number: whole[number] for number in some}
    for number in (0, 23, 49):
        assert pixels_sha256(cut(path, seconds=float(index.seconds[number]))) == whole[number]


@pytest.mark.parametrize(
    "name", ["gait", "lung-ultrasound", "scene-cuts", "subtitles", "bad-input/truncated.mpeg"]
)
def test_times_of_the_real_films_are_those_of_ffprobe(shared_data: Path, name: str) -> None:
    place = shared_data / "videos" / name
    paths = [place] if place.is_file() else sorted(place.glob("*.m[op]*"))
    assert paths
    for path in paths:
        _, index = probe(path)
        assert agree(index, ffprobe_times(path)), path.name


def test_a_film_that_was_cut_off_keeps_its_readable_part(shared_data: Path) -> None:
    facts, index = probe(shared_data / "videos/bad-input/truncated.mpeg")
    assert facts.partial
    assert "breaks off" in facts.reason
    assert len(index) == 97
    decoded = hashes(shared_data / "videos/bad-input/truncated.mpeg", index, range(97))
    whole, long = probe(shared_data / "videos/lung-ultrasound/Reg_pat1Image_132943.mpeg")
    assert not whole.partial
    same = hashes(shared_data / "videos/lung-ultrasound/Reg_pat1Image_132943.mpeg", long, range(96))
    assert (
        decoded == same
    )  # the last one is cut in the middle: it is in the index, its picture is not given


@pytest.mark.parametrize("name", ["b-frames.mp4", "fragments.mp4", "plain.mkv", "stream.ts", "old.avi"])
def test_what_is_missing_at_the_end_is_told(films: dict[str, Path], tmp_path: Path, name: str) -> None:
    data = films[name].read_bytes()
    if name == "b-frames.mp4":
        data = film_bytes(options={"g": "20", "bf": "3"}, container_options={"movflags": "faststart"})
    path = tmp_path / f"cut-{name}"
    path.write_bytes(data[: int(0.6 * len(data))])
    facts, index = probe(path)
    assert facts.partial, facts
    assert len(facts.reason) > 20
    assert 5 < len(index) < 50


def test_times_that_vary_are_kept(tmp_path: Path) -> None:
    times = [0, 40, 80, 300, 340, 1000, 1040, 1500, 1540, 4000]
    path = made(tmp_path / "varies.mkv", frames=10, times=times)
    facts, index = probe(path)
    assert facts.variable_rate
    assert index.seconds.tolist() == [time / 1000 for time in times]
    assert index.at(0.9) == 4
    assert index.end_of(4) == 1.0


def test_a_film_may_begin_late(tmp_path: Path) -> None:
    path = made(tmp_path / "late.mkv", frames=5, times=[7_000, 7_040, 7_080, 7_120, 7_160])
    _, index = probe(path)
    assert index.seconds[0] == 7.0
    assert index.at(0.0) == 0


@pytest.mark.parametrize(("turned", "rotation"), [(0, 0), (-90, 90), (90, 270), (180, 180)])
def test_pictures_are_turned_as_they_are_shown(tmp_path: Path, turned: int, rotation: int) -> None:
    plain = made(tmp_path / "plain.mp4", frames=3, options={"qp": "0"})
    path = made(tmp_path / "turned.mp4", frames=3, rotation=turned, options={"qp": "0"})
    facts, _ = probe(path)
    assert facts.rotation == rotation
    assert (facts.width, facts.height) == ((120, 160) if rotation in (90, 270) else (160, 120))
    upright = cut(plain, seconds=0.0)
    assert np.array_equal(cut(path, seconds=0.0), np.rot90(upright, k=-rotation // 90))


def test_pixels_are_square(tmp_path: Path) -> None:
    path = made(tmp_path / "wide.mp4", frames=3, pixel_aspect=Fraction(4, 3))
    facts, index = probe(path)
    assert facts.pixel_aspect == pytest.approx(4 / 3)
    assert (facts.width, facts.height) == (213, 120)
    assert next(pictures(path, index, [1]))[1].shape == (120, 213, 3)


def test_a_picture_is_what_was_drawn(tmp_path: Path) -> None:
    path = made(tmp_path / "fine.mp4", frames=4, options={"crf": "1"})
    picture = cut(path, seconds=0.08)
    assert np.abs(picture.astype(int) - scene(2)).mean() < 6


def test_a_crop_is_cut_out(tmp_path: Path) -> None:
    path = made(tmp_path / "film.mp4", frames=4)
    assert np.array_equal(cut(path, frame=2, crop=(10, 20, 70, 60)), cut(path, frame=2)[20:60, 10:70])
    with pytest.raises(SourceError, match="within"):
        cut(path, frame=2, crop=(10, 20, 700, 60))


def test_the_nearest_frame_is_at_most_half_a_frame_away(tmp_path: Path) -> None:
    path = made(tmp_path / "film.mkv", frames=10)
    assert np.array_equal(cut(path, seconds=0.123), cut(path, frame=3))
    for nowhere in (-1.0, 0.5, 99.0):
        with pytest.raises(SourceError, match="no sound frame"):
            cut(path, seconds=nowhere)


def test_a_film_that_changes_its_size_is_shown_in_one(tmp_path: Path) -> None:
    path = changing_size(tmp_path / "changes.ts")
    facts, index = probe(path)
    assert (facts.width, facts.height) == (160, 120)
    assert len(index) == 80
    shapes = {picture.shape for _, picture in pictures(path, index, range(0, 80, 9))}
    assert shapes == {(120, 160, 3)}


def test_a_clock_that_jumps_back_ends_the_film(tmp_path: Path) -> None:
    data = film_bytes("mpegts", frames=60)
    path = tmp_path / "twice.ts"
    path.write_bytes(data + data)
    facts, index = probe(path)
    assert facts.partial
    assert "jumps back" in facts.reason
    assert index.ambiguous
    assert len(index) == 60
    assert len(hashes(path, index, [3, 50])) == 2


def test_damage_spoils_frames_up_to_the_next_keyframe_and_no_others(tmp_path: Path) -> None:
    sound = tmp_path / "sound.mkv"
    noise = np.random.default_rng(1).integers(0, 256, (60, 120, 160, 3)).astype(np.uint8)
    made(sound, frames=60, options={"g": "20", "bf": "0"}, draw=lambda number: noise[number])
    _, index = probe(sound)
    whole = hashes(sound, index, range(60))
    data = bytearray(sound.read_bytes())
    place = data.index(bytes(_packet(sound, 25)))
    data[place + 40 : place + 400] = bytes(360)
    damaged = tmp_path / "damaged.mkv"
    damaged.write_bytes(data)
    _, index = probe(damaged)
    found = hashes(damaged, index, range(60))
    assert {number: found[number] for number in found if number < 25 or number >= 40} == {
        number: whole[number] for number in range(60) if number < 25 or number >= 40
    }
    assert all(found[number] == whole[number] for number in found)
    assert hashes(damaged, index, [24, 45, 59]) == {n: whole[n] for n in (24, 45, 59)}


def test_damage_in_a_frame_that_no_other_needs_spoils_no_other(tmp_path: Path) -> None:
    sound = tmp_path / "sound.mkv"
    noise = np.random.default_rng(1).integers(0, 256, (40, 120, 160, 3)).astype(np.uint8)
    options = {"g": "20", "bf": "3", "x264-params": "b-pyramid=none:b-adapt=0:scenecut=0"}
    made(sound, frames=40, options=options, draw=lambda number: noise[number])
    _, index = probe(sound)
    whole = hashes(sound, index, range(40))
    seconds, body = _needless_packet(sound)
    needless = index.at(seconds + 1e-9)
    assert 0 < needless < 15
    data = bytearray(sound.read_bytes())
    place = data.index(body)
    slice_bytes = int.from_bytes(body[:4], "big")
    data[place + 20 : place + 4 + slice_bytes] = b"\xa5" * (slice_bytes - 16)
    damaged = tmp_path / "damaged.mkv"
    damaged.write_bytes(data)
    _, index = probe(damaged)
    for number in (needless + 4, 18, 25):
        assert hashes(damaged, index, [number]) == {number: whole[number]}
        assert pixels_sha256(cut(damaged, seconds=float(index.seconds[number]))) == whole[number]
    assert hashes(damaged, index, [needless]) == {}
    with pytest.raises(SourceError, match="no sound frame"):
        cut(damaged, seconds=seconds)


def _needless_packet(path: Path) -> tuple[float, bytes]:
    """Time and bytes of the first packet whose picture says that no other needs it."""
    import av

    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if packet.size and bytes(packet)[4] == 0b000_00001:  # a slice with nal_ref_idc 0
                return float(packet.pts * packet.time_base), bytes(packet)
    raise AssertionError


def _packet(path: Path, number: int) -> bytes:
    import av

    with av.open(str(path)) as container:
        for place, packet in enumerate(container.demux(video=0)):
            if place == number:
                return bytes(packet)[20:60]
    raise AssertionError


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("empty.mp4", b"", "0 bytes"),
        ("noise.mp4", bytes(range(256)) * 40, "can't be opened"),
        ("half.mp4", film_bytes()[:3000], "can't be opened"),
        ("coding.mp4", film_bytes().replace(b"avc1", b"qqqq"), "coded in a way"),
        ("text.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n", "can't be opened"),
    ],
)
def test_what_is_no_film_says_why(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError, match=why) as told:
        probe(path)
    assert told.value.remedy


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="sound and no pictures"):
        probe(only_sound(tmp_path / "sound.mp4"))


def test_a_cover_picture_is_no_film(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cover picture"):
        probe(with_cover(tmp_path / "song.m4a", film=False))
    facts, index = probe(with_cover(tmp_path / "film.mp4", film=True))
    assert (facts.width, facts.height, len(index)) == (160, 120, 50)


@pytest.mark.parametrize("data", [absurd_header(60_000), absurd_pictures(60_000)])
def test_an_absurd_size_is_refused_without_taking_memory(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "huge.avi"
    path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError, match=r"size|decoded"):
        probe(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_single_frame_is_a_film_of_one_frame(tmp_path: Path) -> None:
    facts, index = probe(made(tmp_path / "one.mp4", frames=1))
    assert len(index) == 1
    assert index.end_seconds > index.seconds[0]
    assert facts.rate == pytest.approx(25.0)
    assert not facts.variable_rate


def test_films_that_are_too_long_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "long.mkv", frames=3, times=[0, 1000, 3_700_000])
    with pytest.raises(SourceError, match="more than 60 minutes"):
        probe(path, limits=IndexLimits(seconds=3600))
    with pytest.raises(SourceError, match="more than 2 frames"):
        probe(path, limits=IndexLimits(frames=2))


SCRIPTS = {
    "concat": "ffconcat version 1.0\nfile '{victim}'\n",
    "playlist": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{victim}\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>{victim}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "session": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_names_in_a_file_are_never_followed(tmp_path: Path, kind: str) -> None:
    victim = made(tmp_path / "victim.mp4", frames=5)
    path = tmp_path / "script.mp4"
    path.write_text(SCRIPTS[kind].format(victim=victim), encoding="utf-8")
    with pytest.raises(SourceError, match="can't be opened"):
        probe(path)


def test_a_film_in_another_file_is_not_fetched(tmp_path: Path) -> None:
    """QuickTime may say that its pictures lie in another file (a data reference that isn't its own)."""
    victim = made(tmp_path / "victim.mov", frames=5)
    data = bytearray(victim.read_bytes())
    place = data.index(b"url \x00\x00\x00\x01")
    data[place + 4 : place + 8] = bytes(4)  # "not in this file"
    path = tmp_path / "alias.mov"
    path.write_bytes(data)
    victim.unlink()
    try:
        _, index = probe(path)
    except SourceError:
        return
    assert len(index) == 5  # read from its own bytes; there was nothing else to read from


def test_other_tracks_do_not_disturb(tmp_path: Path) -> None:
    silent = made(tmp_path / "silent.mp4", frames=30)
    loud = made(tmp_path / "loud.mp4", frames=30, sound=True)
    assert probe(loud)[0].sound
    assert not probe(silent)[0].sound
    assert np.array_equal(probe(loud)[1].seconds, probe(silent)[1].seconds)


def test_words_of_the_container_are_one_line(tmp_path: Path) -> None:
    path = made(tmp_path / "film.mp4", frames=2, metadata={"title": "A\tgait\nstudy", "comment": "x" * 900})
    facts, _ = probe(path)
    assert facts.title == "A gait study"
    assert len(facts.comment) == 500


def test_the_name_of_a_file_is_never_an_address(tmp_path: Path) -> None:
    folder = tmp_path / "http:"
    folder.mkdir()
    path = made(tmp_path / "film.mp4", frames=2).rename(folder / "concat:a|b.mp4")
    assert len(probe(path)[1]) == 2
    assert len(probe(Path(str(path).encode().decode("utf-8")))[1]) == 2


def test_frames_that_are_not_there_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "film.mp4", frames=5)
    _, index = probe(path)
    assert list(pictures(path, index, [])) == []
    for wrong in ([-1], [5], [2, 99]):
        with pytest.raises(SourceError, match="0 to 4"):
            list(pictures(path, index, wrong))


@settings(max_examples=25, deadline=None)
@given(gaps=st.lists(st.integers(1, 900), min_size=1, max_size=30), start=st.integers(0, 100_000))
def test_any_times_come_back(tmp_path_factory: pytest.TempPathFactory, gaps: list[int], start: int) -> None:
    times = [start]
    for gap in gaps:
        times.append(times[-1] + gap)
    path = tmp_path_factory.mktemp("any") / "film.mkv"
    made(
        path,
        frames=len(times),
        times=times,
        size=(32, 32),
        codec="mjpeg",
        draw=lambda _: np.zeros((32, 32, 3), np.uint8),
    )
    _, index = probe(path)
    assert [round(1000 * each) for each in index.seconds] == times
    assert all(index.at(time / 1000 + 1e-9) == number for number, time in enumerate(times))
