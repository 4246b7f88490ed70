"""People who move: side views made of limbs with mass, and the tables of key points that go with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from grandrounds.demo.videos.film import RATE, Picture
from grandrounds.demo.videos.stage import (
    HEIGHT,
    WIDTH,
    Colour,
    Place,
    ease,
    ground,
    limb,
    oval,
    shape,
    turned,
)

Joints = Mapping[str, Place]

_SHANK, _THIGH, _TRUNK, _UPPER_ARM, _FOREARM, _FOOT = 36.0, 36.0, 46.0, 26.0, 24.0, 17.0
_FLOOR = 206.0
_SKIN: Colour = (205, 160, 132)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clothes:
    """Colours of a figure."""

    shirt: Colour
    trousers: Colour
    hair: Colour = (60, 44, 36)


BLUE = Clothes(shirt=(52, 86, 150), trousers=(40, 42, 54))
RED = Clothes(shirt=(168, 58, 50), trousers=(58, 54, 50), hair=(120, 116, 112))
GREEN = Clothes(shirt=(48, 120, 84), trousers=(66, 60, 92))
YELLOW = Clothes(shirt=(196, 160, 60), trousers=(50, 50, 60), hair=(30, 26, 24))


def room(seed: int, *, wall: Colour = (196, 198, 190)) -> Picture:
    """A treatment room: wall, floor, a couch and wall bars."""
    picture = np.array(ground(wall, seed=seed, rough=0.12))
    picture[int(_FLOOR) - 16 :] = ground((138, 122, 104), seed=seed + 3, rough=0.2)[int(_FLOOR) - 16 :]
    for row in range(40, 176, 17):
        limb(picture, [(16, row), (58, row)], width=4, colour=(150, 112, 70))
    for column in (16, 58):
        limb(picture, [(column, 34), (column, 188)], width=5, colour=(128, 92, 56))
    shape(picture, [(236, 148), (312, 148), (312, 164), (236, 164)], (92, 116, 128))
    for column in (242, 306):
        limb(picture, [(column, 164), (column, 198)], width=4, colour=(80, 84, 88))
    return picture


_OTHER_WALL: Colour = (84, 104, 132)
PASS_SECONDS = 2.6
"""How long a person is in the picture who walks past."""


# Walking ----------------------------------------------------------------------------------------


def walking(
    *,
    start: float,
    end: float,
    seconds: float,
    clothes: Clothes,
    seed: int,
    aid: str = "",
    wall: Colour = (196, 198, 190),
) -> Iterator[Picture]:
    """A person who walks from one column to another; ``aid``: nothing, ``stick`` or ``frame``."""
    scene = room(seed, wall=wall)
    count = round(seconds * RATE)
    way = 1.0 if end > start else -1.0
    for number in range(count):
        x = start + (end - start) * number / (count - 1)
        picture = scene.copy()
        _stride(picture, x, phase=2 * np.pi * number / RATE * 0.9, way=way, clothes=clothes, aid=aid)
        yield picture


def to_and_fro(
    *, start: float, end: float, clothes: Clothes, seed: int, aid: str = "", seconds: float = PASS_SECONDS
) -> Iterator[Picture]:
    """Two shots: the person walks past, and back again, seen from the other side of the room."""
    yield from walking(start=start, end=end, seconds=seconds, clothes=clothes, seed=seed, aid=aid)
    back = walking(
        start=start - 14,
        end=end + 10,
        seconds=seconds,
        clothes=clothes,
        seed=seed + 1,
        aid=aid,
        wall=_OTHER_WALL,
    )
    for picture in back:
        yield np.ascontiguousarray(picture[:, ::-1])


def _stride(picture: Picture, x: float, *, phase: float, way: float, clothes: Clothes, aid: str) -> None:
    swing = float(np.sin(phase))
    reach = 18.0 if aid else 24.0
    hip = (x, _FLOOR - _SHANK - _THIGH + 3.0 + 1.5 * float(np.cos(2 * phase)))
    lean = 10.0 if aid == "frame" else 3.0
    neck = turned(hip, 180.0 - way * lean, _TRUNK)
    for side, dark in ((-1.0, 0.7), (1.0, 1.0)):
        thigh = side * swing * reach
        bend = 8.0 + 26.0 * max(0.0, side * float(np.cos(phase)))
        knee = turned(hip, way * thigh, _THIGH)
        ankle = turned(knee, way * (thigh - bend), _SHANK)
        toe = (ankle[0] + way * _FOOT, ankle[1] + 4)
        limb(picture, [hip, knee, ankle], width=14, colour=_darker(clothes.trousers, dark))
        limb(picture, [ankle, toe], width=7, colour=(30, 28, 28))
        if side < 0:
            _arm(picture, neck, way=way, thigh=thigh, clothes=clothes, dark=dark, aid="")
    limb(picture, [hip, neck], width=24, colour=clothes.shirt)
    _head(picture, neck, way=way, clothes=clothes)
    _arm(picture, neck, way=way, thigh=swing * reach, clothes=clothes, dark=0.85, aid=aid)


def _arm(
    picture: Picture, neck: Place, *, way: float, thigh: float, clothes: Clothes, dark: float, aid: str
) -> None:
    angle = 28.0 if aid else -0.8 * thigh
    shoulder = (neck[0], neck[1] + 4)
    elbow = turned(shoulder, way * angle, _UPPER_ARM)
    wrist = turned(elbow, way * (angle + (42.0 if aid else 16.0)), _FOREARM)
    limb(picture, [shoulder, elbow], width=9, colour=_darker(clothes.shirt, dark))
    limb(picture, [elbow, wrist], width=7, colour=_SKIN)
    if aid == "stick":
        limb(picture, [wrist, (wrist[0] + way * 6, _FLOOR + 4)], width=4, colour=(96, 62, 30))
    if aid == "frame":
        foot = wrist[0] + way * 20
        limb(
            picture,
            [wrist, (foot, wrist[1] + 2), (foot + way * 3, _FLOOR + 4)],
            width=4,
            colour=(70, 74, 80),
        )
        limb(
            picture, [(wrist[0], wrist[1]), (wrist[0] - way * 8, _FLOOR + 4)], width=4, colour=(70, 74, 80)
        )


def _head(picture: Picture, neck: Place, *, way: float, clothes: Clothes) -> None:
    oval(picture, (neck[0] + way * 2, neck[1] - 15), (10, 13), _SKIN)
    oval(picture, (neck[0] - way * 2, neck[1] - 19), (11, 11), clothes.hair)


def _darker(colour: Colour, share: float) -> Colour:
    return (round(colour[0] * share), round(colour[1] * share), round(colour[2] * share))


# Exercises --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A movement that is repeated: ``pose`` gives the joints for how far it is done (0 to 1)."""

    repetitions: int
    period: float
    pose: Callable[[float, Place], Joints]
    clothes: Clothes
    seed: int
    rest: float = 0.8
    hold: float = 0.0

    @property
    def seconds(self) -> float:
        """How long the film is."""
        return 2 * self.rest + self.repetitions * self.period

    def joints_at(self, seconds: float) -> Joints:
        """Where the joints are."""
        done = (seconds - self.rest) / self.period
        share = 0.0
        if 0 <= done < self.repetitions:
            part = done % 1.0
            ramp = (1.0 - self.hold) / 2
            share = ease(part / ramp) if part < 0.5 else ease((1.0 - part) / ramp)
            share *= 1.0 - 0.05 * (int(done) % 2)  # no two repetitions are alike
        # Nobody comes back to quite the same place.
        drift = 5.0 * np.sin(0.55 * seconds + 0.4) + 3.4 * np.sin(1.45 * seconds)
        return self.pose(share, (150.0 + float(drift), _FLOOR))

    def pictures(self) -> Iterator[Picture]:
        """The film."""
        scene = room(self.seed, wall=(184, 194, 204))
        for number in range(round(self.seconds * RATE)):
            picture = scene.copy()
            _figure(picture, self.joints_at(number / RATE), self.clothes)
            yield picture

    def rows(self) -> list[tuple[float, Joints]]:
        """A row a frame: seconds and joints."""
        count = round(self.seconds * RATE)
        return [(number / RATE, self.joints_at(number / RATE)) for number in range(count)]


def squat(share: float, place: Place) -> Joints:
    """Side view of a squat, both legs in line."""
    ankle = (place[0], place[1] - 4)
    knee = turned(ankle, 180.0 - 32.0 * share, _SHANK)
    hip = turned(knee, 180.0 + 82.0 * share, _THIGH)
    return _upper(
        ankle, (ankle[0] + _FOOT, ankle[1] + 4), knee, hip, lean=4.0 + 36.0 * share, arm=4 + 78 * share
    )


def heel_raise(share: float, place: Place) -> Joints:
    """Side view of standing on the toes."""
    toe = (place[0] + _FOOT, place[1])
    lift = 3.0 + 50.0 * share
    ankle = turned(toe, 270.0 - lift, _FOOT + 1)
    knee = turned(ankle, 178.0, _SHANK)
    hip = turned(knee, 180.0, _THIGH)
    return _upper(ankle, toe, knee, hip, lean=2.0, arm=52.0)


def arm_raise(share: float, place: Place) -> Joints:
    """Side view of a straight arm that is raised forwards."""
    ankle = (place[0], place[1] - 4)
    knee = turned(ankle, 178.0, _SHANK)
    hip = turned(knee, 181.0, _THIGH)
    return _upper(ankle, (ankle[0] + _FOOT, ankle[1] + 4), knee, hip, lean=2.0, arm=6.0 + 150.0 * share)


def _upper(ankle: Place, toe: Place, knee: Place, hip: Place, *, lean: float, arm: float) -> Joints:
    shoulder = turned(hip, 180.0 - lean, _TRUNK)
    elbow = turned(shoulder, arm, _UPPER_ARM)
    wrist = turned(elbow, arm + 4.0, _FOREARM)
    nose = turned(shoulder, 180.0 - lean - 14.0, 18.0)
    return {
        "nose": nose, "right_shoulder": shoulder, "right_elbow": elbow, "right_wrist": wrist,
        "right_hip": hip, "right_knee": knee, "right_ankle": ankle, "right_toe": toe,
    }  # fmt: skip


def _figure(picture: Picture, joints: Joints, clothes: Clothes) -> None:
    hip, shoulder = joints["right_hip"], joints["right_shoulder"]
    limb(picture, [joints["right_ankle"], joints["right_toe"]], width=7, colour=(30, 28, 28))
    limb(picture, [hip, joints["right_knee"], joints["right_ankle"]], width=15, colour=clothes.trousers)
    limb(picture, [hip, shoulder], width=25, colour=clothes.shirt)
    _head(picture, (shoulder[0] + 3, shoulder[1] - 3), way=1.0, clothes=clothes)
    limb(picture, [shoulder, joints["right_elbow"]], width=9, colour=_darker(clothes.shirt, 0.8))
    limb(picture, [joints["right_elbow"], joints["right_wrist"]], width=7, colour=_SKIN)


# Tables of key points ---------------------------------------------------------------------------


def as_csv(exercise: Exercise) -> str:
    """Wide: a row a frame, x and y a joint in pixels, and a confidence."""
    rows = exercise.rows()
    names = list(rows[0][1])
    lines = [
        ",".join(["time_s", *(f"{name}_{axis}" for name in names for axis in ("x", "y", "confidence"))])
    ]
    for seconds, joints in rows:
        cells = [f"{seconds:.3f}"]
        for name in names:
            x, y = joints[name]
            cells += [f"{x:.1f}", f"{y:.1f}", "0.93"]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def as_json(exercise: Exercise) -> str:
    """A list of frames with named points in pixels."""
    frames = [
        {
            "frame": number,
            "time": round(seconds, 3),
            "keypoints": {name: [round(x, 1), round(y, 1), 0.93] for name, (x, y) in joints.items()},
        }
        for number, (seconds, joints) in enumerate(exercise.rows())
    ]
    return json.dumps({"unit": "pixels", "frames": frames}, separators=(",", ":")) + "\n"


def as_trc(exercise: Exercise) -> str:
    """OpenSim's TRC in metres, upwards: a body of 1.7 m."""
    rows = exercise.rows()
    names = list(rows[0][1])
    metre = 1.7 / (_SHANK + _THIGH + _TRUNK + 34.0)
    head = [
        "PathFileType\t4\t(X/Y/Z)\theel-raises.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{RATE}\t{RATE}\t{len(rows)}\t{len(names)}\tm\t{RATE}\t1\t{len(rows)}",
        "Frame#\tTime\t" + "\t".join(f"{name}\t\t" for name in names).rstrip("\t"),
        "\t\t" + "\t".join(f"X{n}\tY{n}\tZ{n}" for n in range(1, len(names) + 1)),
        "",
    ]
    for number, (seconds, joints) in enumerate(rows, start=1):
        cells = [str(number), f"{seconds:.3f}"]
        for name in names:
            x, y = joints[name]
            cells += [f"{(x - WIDTH / 2) * metre:.4f}", f"{(HEIGHT - y) * metre:.4f}", "0.0000"]
        head.append("\t".join(cells))
    return "\n".join(head) + "\n"


SQUATS = Exercise(repetitions=4, period=2.8, pose=squat, clothes=GREEN, seed=21)
HEEL_RAISES = Exercise(repetitions=7, period=1.7, pose=heel_raise, clothes=RED, seed=27, hold=0.3)
ARM_RAISES = Exercise(repetitions=5, period=2.3, pose=arm_raise, clothes=YELLOW, seed=33)
