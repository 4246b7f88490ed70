"""Seeds and mutations for videos: sound small films of every format that is read, and ways to break them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from tests.support.films import film_bytes, only_sound, with_cover

_WORDS = (
    b"moov", b"moof", b"mdat", b"trak", b"edts", b"elst", b"stsd", b"stsz", b"stco", b"co64", b"ctts", b"dref", b"alis",
    b"url \0\0\0\0", b"rmra", b"cmov", b"uuid", b"free", b"avcC", b"hvcC", b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67",
    b"\x1f\x43\xb6\x75", b"\x16\x54\xae\x6b", b"\x01\xff\xff\xff\xff\xff\xff\xff", b"RIFF", b"LIST", b"idx1", b"\0\0\x01\xba",
    b"\0\0\x01\xb3", b"\0\0\x01\xe0", b"\0\0\0\x01\x67", b"\0\0\0\x01\x65", b"\xff\xd8\xff", b"OggS", b"#EXTM3U\n",
    b"ffconcat version 1.0\n", b"file:///etc/passwd", b"http://127.0.0.1:9/x", b"\0" * 60, b"\xff" * 60,
)  # fmt: skip
_EXTREMES = (
    b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x01", b"\0\x01\0\0", b"\xff\xff\xff\xf0",
)  # fmt: skip
_HEAD = 2_000

_SUBTITLES = (
    b"1\n00:00:00,100 --> 00:00:00,400\nThe knee bends.\n\n2\n00:00:00,500 --> 99:00:00,000\nIt straightens.\n",
    b"WEBVTT\n\nNOTE x\n\n00:00.100 --> 00:00.400 align:start\n<v A>The knee bends.\n",
)
_POINTS = b"time,left_hip_x,left_hip_y,left_knee_x,left_knee_y,left_ankle_x,left_ankle_y\n" + b"".join(
    b"%.2f,30,10,30,20,%d,30\n" % (n / 25, 30 + n % 5) for n in range(20)
)


def seeds(folder: Path) -> list[bytes]:
    """Sound films."""
    folder.mkdir(parents=True, exist_ok=True)
    small = {"frames": 20, "size": (64, 48)}
    return [
        film_bytes("mp4", **small, options={"bf": "2", "g": "8"}),
        film_bytes("mp4", **small, sound=True, container_options={"movflags": "faststart"}),
        film_bytes("mp4", **small, container_options={"movflags": "frag_keyframe+empty_moov"}),
        film_bytes("mov", **small, rotation=90, codec="mpeg4"),
        film_bytes("matroska", **small, options={"bf": "2", "g": "8"}, times=[n * n for n in range(20)]),
        film_bytes("webm", **small, codec="libvpx-vp9", options={"cpu-used": "8", "deadline": "realtime"}),
        film_bytes("mpegts", **small, options={"bf": "2", "g": "8"}),
        film_bytes("mpeg", **small, codec="mpeg2video", options={"bf": "2", "g": "8"}),
        film_bytes("avi", **small, codec="mpeg4", options={"bf": "1"}),
        film_bytes("avi", **small, codec="mjpeg"),
        film_bytes("asf", **small, codec="wmv2"),
        film_bytes("flv", **small),
        film_bytes("mpeg2video", **small, codec="mpeg2video"),
        only_sound(folder / "sound.mp4").read_bytes(),
        with_cover(folder / "cover.mp4", film=True).read_bytes(),
    ]


def mutate(source: random.Random, sound: Sequence[bytes]) -> bytes:
    """A broken copy of one of the films in ``sound``; heads are hit as often as all the rest."""
    data = bytearray(source.choice(sound))
    for _ in range(source.choice((1, 1, 2, 4, 16, 64))):
        size = max(len(data), 1)
        at = source.randrange(size)
        if source.random() < 0.5:
            at = source.randrange(min(size, _HEAD))
            at = at if source.random() < 0.6 else size - 1 - at
        _change(source, data, at, sound)
    return bytes(data) or b"\0"


def companion(source: random.Random) -> tuple[str, bytes]:
    """The ending and the bytes of a broken file that lies beside a film."""
    if source.random() < 0.6:
        return source.choice(
            ((".srt", mutate(source, _SUBTITLES[:1])), (".vtt", mutate(source, _SUBTITLES[1:])))
        )
    return "_pose.csv", mutate(source, [_POINTS])


def _change(source: random.Random, data: bytearray, at: int, sound: Sequence[bytes]) -> None:
    way = source.randrange(8)
    if way == 0:
        data[at : at + 1] = bytes([source.randrange(256)])
    elif way == 1:
        data[at : at + 4] = source.choice(_EXTREMES)
    elif way == 2:
        if source.random() < 0.3:
            del data[max(at, 40) :]
    elif way == 3:
        del data[at : at + source.randrange(1, 200)]
    elif way == 4:
        data[at:at] = data[at : at + source.randrange(1, 2000)]
    elif way == 5:
        other = source.choice(sound)
        start = source.randrange(len(other))
        data[at : at + 64] = other[start : start + source.randrange(1, 400)]
    elif way == 6:
        data[at:at] = source.choice(_WORDS)
    else:
        word = source.choice(_WORDS)
        data[at : at + len(word)] = word
