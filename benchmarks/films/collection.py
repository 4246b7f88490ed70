"""The films that cuts are looked for in; another ``edition`` is other shots, lengths and colours.

Each film is one thing that makes cuts hard: how it is packed, how shots change, or what moves in them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.films.canvas import Size, leaves
from benchmarks.films.film import BLACK, CUT, DISSOLVE, Change, Part, Truth, pictures, truth
from benchmarks.films.pack import Packing, pack
from benchmarks.films.shots import KINDS, Camera, Shot, Slide, exposed, flashed, timed, whip

SMALL = Size(width=480, height=272)
LARGE = Size(width=1280, height=720)
RATE = 25
LONG_RATE = 30

_FAST = {"preset": "veryfast"}
X264 = Packing(options=_FAST)
NO_KEYS = Packing(options={**_FAST, "x264-params": "scenecut=0:keyint=250"})
ONE_KEY = Packing(options={**_FAST, "x264-params": "scenecut=0:keyint=infinite"})
REFRESH = Packing(options={**_FAST, "x264-params": "intra-refresh=1:keyint=60:scenecut=0"})
OPEN_GOP = Packing(options={**_FAST, "x264-params": "open-gop=1:keyint=60:scenecut=0"}, suffix=".mkv")
RATED = Packing(
    options={**_FAST, "b": "600k", "maxrate": "800k", "bufsize": "800k", "x264-params": "scenecut=0"}
)
UNEVEN = Packing(options=_FAST, uneven=True, suffix=".mkv")
MPEG2 = Packing(
    codec="mpeg2video",
    suffix=".mpg",
    options={
        "g": "12",
        "bf": "2",
        "qscale": "5",
        "flags": "+qscale",
        "global_quality": "590",
        "sc_threshold": "1000000000",
    },
)
MJPEG = Packing(
    codec="mjpeg", suffix=".avi", pixels="yuvj420p", options={"flags": "+qscale", "global_quality": "590"}
)
MPEG4 = Packing(
    codec="mpeg4",
    suffix=".avi",
    options={"g": "250", "flags": "+qscale", "global_quality": "590", "sc_threshold": "1000000000"},
)
VP9 = Packing(
    codec="libvpx-vp9",
    suffix=".webm",
    options={"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "0", "g": "128"},
)
HEVC = Packing(
    codec="libx265", options={"preset": "ultrafast", "x265-params": "scenecut=0:keyint=250:log-level=none"}
)

_ALL = ("room", "pan", "zoom", "still", "scope", "ultrasound", "dark", "noisy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A film that was made: where, and the truth about it."""

    name: str
    path: Path
    truth: Truth


Rng = np.random.Generator
Plan = Callable[[Rng], list[Part]]


def _mixture(
    rng: Rng, *, kinds: Sequence[str] = _ALL, shots: int = 8, shortest: int = 30, longest: int = 160
) -> list[Part]:
    order = [kinds[int(one)] for one in rng.permutation(max(shots, len(kinds))) % len(kinds)][:shots]
    return [
        Part(shot=KINDS[kind](SMALL, rng), frames=int(rng.integers(shortest, longest))) for kind in order
    ]


def _short(rng: Rng) -> list[Part]:
    """Shots of less than half a second between long ones, some of them back to the shot before."""
    parts = []
    long = [KINDS[kind](SMALL, rng) for kind in ("room", "pan", "still", "scope")]
    at = dict.fromkeys(range(4), 0)
    for number in range(8):
        which = number // 2 % 4
        length = int(rng.integers(60, 150))
        parts.append(Part(shot=_later(long[which], at[which]), frames=length))
        at[which] += length
        kind = ("room", "still", "zoom")[int(rng.integers(3))]
        parts.append(Part(shot=KINDS[kind](SMALL, rng), frames=int(rng.integers(6, 12))))
    return [*parts, Part(shot=KINDS["room"](SMALL, rng), frames=60)]


def _dissolves(rng: Rng, join: str = DISSOLVE) -> list[Part]:
    parts = _mixture(
        rng,
        kinds=("room", "still", "scope", "ultrasound", "pan", "zoom"),
        shots=7,
        shortest=60,
        longest=150,
    )
    return [
        Part(shot=one.shot, frames=one.frames, join=join if number else CUT, over=int(rng.integers(10, 32)))
        for number, one in enumerate(parts)
    ]


def _flashes(rng: Rng) -> list[Part]:
    parts = []
    for kind in ("room", "pan", "still", "scope", "room"):
        frames = int(rng.integers(90, 160))
        places = sorted(int(one) for one in rng.integers(10, frames - 10, 3))
        shot = KINDS[kind](SMALL, rng)
        lit: Shot = flashed(
            shot, (places[0], places[1], places[1] + 1), strength=float(rng.uniform(1.8, 4))
        )
        parts.append(
            Part(shot=exposed(lit, (places[2],), gain=float(rng.uniform(0.5, 0.7))), frames=frames)
        )
    return parts


def _fast(rng: Rng) -> list[Part]:
    """Cameras that never rest, torn from side to side now and then."""
    parts = []
    for number in range(6):
        frames = int(rng.integers(80, 170))
        camera = Camera(
            SMALL,
            rng,
            speed=float(rng.uniform(8, 22)),
            shake=float(rng.uniform(1, 5)),
            growth=0.01 * (number % 2),
        )
        turn = int(rng.integers(20, frames - 20))
        shot: Shot = (
            whip(camera, turn, turn + int(rng.integers(4, 8)), times=int(rng.integers(3, 8)))
            if number % 2
            else camera
        )
        parts.append(Part(shot=shot, frames=frames))
    return parts


def _lecture(rng: Rng) -> list[Part]:
    talker = Camera(SMALL, rng, shake=0.3)
    parts = [Part(shot=KINDS["room"](SMALL, rng), frames=70)]
    for number in range(5):
        slide = Slide(SMALL, rng, talker=talker, bullets=number % 2 == 1)
        parts.append(Part(shot=slide, frames=int(rng.integers(90, 200))))
    return [*parts, Part(shot=KINDS["scope"](SMALL, rng), frames=90)]


def _alike(rng: Rng) -> list[Part]:
    """Several cameras in one room: the same colours, other views."""
    large = Size(width=SMALL.width * 3, height=SMALL.height * 3)
    room = leaves(large, rng, spread=12)
    return [
        Part(
            shot=Camera(
                SMALL,
                rng,
                canvas=np.ascontiguousarray(np.roll(room, int(rng.integers(200, 900)), 1)),
                shake=0.6,
            ),
            frames=int(rng.integers(40, 130)),
        )
        for _ in range(8)
    ]


def _clinic(rng: Rng) -> list[Part]:
    """Ultrasound after ultrasound, a clock burned in, and the room between."""
    order = ("ultrasound", "ultrasound", "room", "ultrasound", "dark", "ultrasound", "ultrasound")
    return [
        Part(shot=timed(KINDS[kind](SMALL, rng), rate=RATE), frames=int(rng.integers(50, 140)))
        for kind in order
    ]


def _none(rng: Rng) -> list[Part]:
    """One shot: a camera that goes round, flashes, and the light that changes."""
    camera = Camera(SMALL, rng, speed=4, growth=0.01, people=3)
    return [Part(shot=timed(exposed(flashed(camera, (100, 300, 301)), (200, 420)), rate=RATE), frames=600)]


def _later(shot: Shot, frames: int) -> Shot:
    return lambda frame: shot(frame + frames)


FILMS: dict[str, tuple[Packing, Plan]] = {
    "x264": (X264, _mixture),
    "x264-no-keys": (NO_KEYS, _mixture),
    "x264-one-key": (ONE_KEY, _mixture),
    "x264-refresh": (REFRESH, _mixture),
    "x264-open-gop": (OPEN_GOP, _mixture),
    "x264-rated": (RATED, _mixture),
    "x264-uneven": (UNEVEN, _mixture),
    "x265-no-keys": (HEVC, _mixture),
    "vp9": (VP9, _mixture),
    "mpeg2": (MPEG2, _mixture),
    "mpeg4": (MPEG4, _mixture),
    "mjpeg": (MJPEG, _mixture),
    "short": (X264, _short),
    "short-no-keys": (NO_KEYS, _short),
    "dissolves": (X264, _dissolves),
    "blacks": (X264, lambda rng: _dissolves(rng, BLACK)),
    "flashes": (X264, _flashes),
    "flashes-no-keys": (NO_KEYS, _flashes),
    "fast": (X264, _fast),
    "fast-no-keys": (NO_KEYS, _fast),
    "lecture": (X264, _lecture),
    "alike": (X264, _alike),
    "alike-no-keys": (NO_KEYS, _alike),
    "clinic": (X264, _clinic),
    "no-cuts": (X264, _none),
}


def make(folder: Path, *, edition: int, names: Sequence[str] = tuple(FILMS)) -> list[Made]:
    """The films of an edition; those that lie in the folder already are taken as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_made(folder, name, edition) for name in names]


def _made(folder: Path, name: str, edition: int) -> Made:
    packing, plan = FILMS[name]
    rng = np.random.default_rng([edition, *name.encode()])
    path = folder / f"{name}-{edition}{packing.suffix}"
    known = path.with_suffix(".json")
    if not known.exists():
        parts = plan(rng)
        pack(pictures(parts), {path: packing}, rate=RATE)
        known.write_text(json.dumps(asdict(truth(parts))))
    return Made(name=name, path=path, truth=read_truth(known))


def make_long(folder: Path, *, edition: int, moving: bool = False, minutes: int = 3) -> list[Made]:
    """A film of some minutes in 1280x720, and its twin without keyframes at cuts. ``moving``: the camera
    never rests."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "long-moving" if moving else "long"
    paths = [folder / f"{name}{twin}-{edition}.mp4" for twin in ("", "-no-keys")]
    known = folder / f"{name}-{edition}.json"
    if not known.exists():
        rng = np.random.default_rng([edition, *name.encode()])
        parts = _long(rng, frames=minutes * 60 * LONG_RATE, moving=moving)
        pack(pictures(parts), dict(zip(paths, (X264, NO_KEYS), strict=True)), rate=LONG_RATE)
        known.write_text(json.dumps(asdict(truth(parts))))
    return [Made(name=path.stem.rpartition("-")[0], path=path, truth=read_truth(known)) for path in paths]


def _long(rng: Rng, *, frames: int, moving: bool) -> list[Part]:
    parts: list[Part] = []
    talker = Camera(SMALL, rng, shake=0.3)
    kinds = (
        ("pan", "zoom", "fast")
        if moving
        else ("room", "slide", "room", "pan", "still", "scope", "zoom", "ultrasound")
    )
    left = frames
    while left > 0:
        kind = kinds[len(parts) % len(kinds)]
        length = int(rng.integers(3 * LONG_RATE, 18 * LONG_RATE))
        length = left if left - length < 3 * LONG_RATE else length
        if kind == "slide":
            shot: Shot = Slide(LARGE, rng, talker=talker, bullets=True)
        elif kind == "fast":
            shot = Camera(LARGE, rng, speed=float(rng.uniform(6, 14)), shake=4)
        else:
            shot = KINDS[kind](LARGE, rng)
        parts.append(Part(shot=shot, frames=length))
        left -= length
    return parts


def read_truth(path: Path) -> Truth:
    """What was written beside a film."""
    told = json.loads(path.read_text())
    return Truth(frames=told["frames"], changes=tuple(Change(**one) for one in told["changes"]))
