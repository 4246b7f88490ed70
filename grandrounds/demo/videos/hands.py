"""What hands do: a vein is punctured, a wound closed, a dressing changed, a finger pricked.

Each film shows steps that its words number. Hands wear gloves and belong to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grandrounds.demo.videos.film import RATE, Picture
from grandrounds.demo.videos.spoken import Cue
from grandrounds.demo.videos.stage import (
    Colour,
    Place,
    ease,
    ground,
    limb,
    mixed,
    oval,
    seen_from,
    shape,
    soft,
)

_SKIN: Colour = (214, 168, 140)
_PALE: Colour = (196, 150, 122)
_GLOVE: Colour = (104, 150, 196)
_CUFF: Colour = (70, 110, 160)
_STEEL: Colour = (206, 210, 214)


def _hand(
    picture: Picture, tip: Place, *, way: Place = (1.0, 1.0), size: float = 1.0, colour: Colour = _GLOVE
) -> None:
    """A gloved hand whose fingers reach ``tip``; ``way`` points from there to the wrist."""
    length = float(np.hypot(*way))
    along = (way[0] / length, way[1] / length)
    aside = (-along[1], along[0])

    def at(far: float, off: float) -> Place:
        return (
            tip[0] + size * (far * along[0] + off * aside[0]),
            tip[1] + size * (far * along[1] + off * aside[1]),
        )

    limb(picture, [at(66, 0), at(150, 6)], width=46 * size, colour=_CUFF)
    for off in (-15.0, -5.0, 5.0):
        limb(
            picture,
            [at(abs(off) * 0.6, off * 0.5), at(26, off), at(56, off)],
            width=12 * size,
            colour=colour,
        )
    limb(picture, [at(6, 8), at(30, 24), at(58, 14)], width=13 * size, colour=colour)
    limb(picture, [at(52, 0), at(72, 0)], width=42 * size, colour=colour)


def _forearm() -> Picture:
    picture = np.array(ground((86, 128, 124), seed=111, rough=0.16))
    shape(
        picture,
        [(-10, 92), (110, 84), (240, 98), (340, 104), (340, 176), (240, 176), (110, 188), (-10, 186)],
        _PALE,
    )
    shape(
        picture,
        [(-10, 98), (110, 90), (240, 103), (340, 110), (340, 164), (240, 166), (110, 176), (-10, 172)],
        _SKIN,
    )
    limb(
        picture, [(20, 120), (90, 128), (160, 122), (250, 132), (330, 128)], width=5, colour=(150, 140, 152)
    )
    limb(picture, [(110, 150), (160, 122)], width=4, colour=(158, 144, 154))
    return soft(picture, 0.9)


# A vein is punctured ----------------------------------------------------------------------------

PUNCTURE_CUTS = (30, 60)
PUNCTURE_DISSOLVE = (90, 98)
PUNCTURE_WORDS: tuple[Cue, ...] = (
    (0.3, 2.7, "First, a tourniquet is tied around the upper arm."),
    (3.3, 5.7, "Then the skin over the vein is wiped with alcohol."),
    (6.3, 8.8, "Next, the needle slides into the vein at the elbow."),
    (10.1, 12.7, "Finally, a gauze pad is pressed on the forearm."),
)


def puncture() -> Iterator[Picture]:
    """Four shots: tourniquet, swab, needle, gauze; two hard cuts and a dissolve."""
    shots = [_tourniquet, _swab, _needle, _gauze]
    lengths = [30, 30, 38, 38]
    fade = PUNCTURE_DISSOLVE[1] - PUNCTURE_DISSOLVE[0]
    for number in range(30):
        yield shots[0](number / 29)
    for number in range(30):
        yield shots[1](number / 29)
    for number in range(lengths[2]):
        picture = shots[2](number / (lengths[2] - 1))
        if number >= 30:
            picture = mixed(picture, shots[3](0.0), (number - 29) / (fade + 1))
        yield picture
    for number in range(lengths[3]):
        yield shots[3](number / (lengths[3] - 1))


def _tourniquet(t: float) -> Picture:
    picture = seen_from(_forearm(), centre=(196 - 14 * t, 128), zoom=0.9, degrees=4)
    around = ease(t * 1.4)
    limb(picture, [(66, 86), (62 + 6 * around, 86 + 92 * around)], width=22, colour=(38, 66, 54))
    limb(picture, [(76, 86), (72 + 6 * around, 86 + 92 * around)], width=4, colour=(86, 120, 102))
    _hand(picture, (68 + 6 * around, 84 + 96 * around), way=(0.5, 1.0))
    _hand(picture, (72, 80), way=(-0.3, -1.0))
    return picture


def _swab(t: float) -> Picture:
    picture = seen_from(_forearm(), centre=(150, 132), zoom=1.35, degrees=-6)
    angle = 2 * np.pi * 1.4 * t
    place = (150 + 46 * t * np.cos(angle), 122 + 34 * t * np.sin(angle))
    oval(picture, (160, 122), (34 + 30 * t, 24 + 14 * t), (222, 180, 140))
    shape(picture, [(place[0] - 20, place[1] - 16), (place[0] + 18, place[1] - 18),
                    (place[0] + 22, place[1] + 14), (place[0] - 16, place[1] + 18)],
          (242, 242, 238))  # fmt: skip
    _hand(picture, place, way=(1.0, 0.7), size=1.1)
    return picture


def _needle(t: float) -> Picture:
    picture = seen_from(_forearm(), centre=(160, 126), zoom=1.9, degrees=10)
    gone = 54 * ease(t * 1.15)
    tip = (128 + gone, 92 + 0.5 * gone)
    hub = (tip[0] - 52, tip[1] - 26)
    limb(picture, [tip, hub], width=3, colour=_STEEL)
    limb(picture, [hub, (hub[0] - 18, hub[1] - 9)], width=10, colour=(224, 150, 60))
    limb(picture, [(hub[0] - 18, hub[1] - 9), (hub[0] - 78, hub[1] - 39)], width=18, colour=(226, 230, 232))
    filled = ease((t - 0.55) / 0.4)
    if filled > 0.02:
        end = (hub[0] - 20 - 52 * filled, hub[1] - 10 - 26 * filled)
        limb(picture, [(hub[0] - 20, hub[1] - 10), end], width=12, colour=(128, 16, 26))
    _hand(picture, (hub[0] - 40, hub[1] - 10), way=(-0.7, 1.0), size=1.1)
    _hand(picture, (236, 150), way=(0.8, 0.9), size=1.0)
    return picture


def _gauze(t: float) -> Picture:
    picture = seen_from(_forearm(), centre=(176 + 12 * t, 134), zoom=1.15, degrees=-12)
    down = ease(t * 1.8)
    place = (140.0 + 24 * t, 40 + 84 * down)
    shape(picture, [(place[0] - 26, place[1] - 18), (place[0] + 26, place[1] - 20),
                    (place[0] + 28, place[1] + 18), (place[0] - 24, place[1] + 20)],
          (246, 246, 242))  # fmt: skip
    if t > 0.5:
        oval(picture, (place[0] + 2, place[1] + 2), (6 * (t - 0.4) * 2, 5 * (t - 0.4) * 2), (176, 40, 46))
    _hand(picture, (place[0] + 6, place[1] - 4), way=(0.9, -0.9), size=1.2)
    return picture


# A wound is closed ------------------------------------------------------------------------------

CLOSURE_WORDS: tuple[Cue, ...] = (
    (0.2, 2.6, "First, the needle passes through the skin edge."),
    (3.0, 5.4, "Second, the thread is pulled through the subcutaneous tissue."),
    (5.9, 8.3, "Third, a knot is tied over the wound."),
    (8.9, 11.6, "Finally, the thread is cut short."),
)


def closure_times() -> tuple[int, ...]:
    """Thousandths of a second: an old telephone's film, of 7 to 14 frames a second."""
    times, now = [], 0
    while now < 12_000:
        times.append(now)
        now += (71, 83, 100, 125, 143, 90)[len(times) * 5 % 6]
    return tuple(times)


def closure() -> Iterator[Picture]:
    """Hands over a cut in the skin; held upright, so that the picture is turned in the file."""
    for moment in closure_times():
        picture = _closing(moment / 1000)
        yield np.ascontiguousarray(np.rot90(picture, 1))


def _closing(t: float) -> Picture:
    """240 wide, 320 high."""
    picture = np.array(ground((206, 160, 134), seed=121, width=240, height=320, rough=0.16))
    for edge, colour in ((0, (52, 104, 108)), (1, (60, 112, 116))):
        shape(picture, [(0, 0), (240, 0), (240, 34 - 6 * edge), (0, 52 - 6 * edge)], colour)
        shape(picture, [(0, 320), (240, 320), (240, 276 + 6 * edge), (0, 288 + 6 * edge)], colour)
    shut = ease((t - 4.0) / 4.5)
    oval(picture, (120, 168), (15 - 11 * shut, 92), (188, 96, 88), degrees=4)
    oval(picture, (120, 168), (10 - 8 * shut, 86), (112, 20, 26), degrees=4)
    for stitch in (-52, -26):
        _stitch(picture, 168 + stitch)
    away = 190 * (1 - min(ease((t - begin) / 0.9) for begin in _BEGINS if t >= begin))
    leave = max((190 * ease((t - end + 0.7) / 0.7) for end in _BEGINS[1:] if t < end), default=0.0)
    away = max(away if t > 0.95 else 0.0, leave)
    if t < _BEGINS[1]:
        pull = ease(t / 2.2)
        tip = (78 + 76 * pull - 0.6 * away, 190 - 10 * np.sin(np.pi * pull) + away)
        limb(picture, [(tip[0] - 40, tip[1] + 10), (tip[0] - 16, tip[1] + 14), tip], width=4, colour=_STEEL)
        limb(
            picture,
            [(tip[0] - 34, tip[1] + 10), (tip[0] - 120, tip[1] + 44)],
            width=9,
            colour=(150, 156, 162),
        )
        _hand(picture, (tip[0] - 66, tip[1] + 30), way=(-0.5, 1.0))
    elif t < _BEGINS[2]:
        pull = ease((t - _BEGINS[1] - 0.6) / 1.8)
        end = (172 + 44 * pull + 0.8 * away, 172 - 120 * pull - 0.3 * away)
        limb(picture, [(92, 186), (146, 184), end], width=3, colour=(24, 30, 90))
        _hand(picture, end, way=(1.0, 0.1 - 0.5 * pull), size=1.1)
    elif t < _BEGINS[3]:
        turn = 2 * np.pi * 0.6 * (t - _BEGINS[2])
        _stitch(picture, 186)
        for side in (-1, 1):
            tip = (118 + side * (26 + 12 * np.cos(turn) + 0.7 * away), 186 + side * 16 * np.sin(turn))
            if away < 80:
                limb(picture, [(120, 186), tip], width=3, colour=(24, 30, 90))
            _hand(picture, tip, way=(side * 1.0, 0.25), size=0.95)
    else:
        near = ease((t - 8.6) / 1.2) * (1 - 0.6 * ease((t - 10.6) / 1.0))
        _stitch(picture, 186)
        open_ = 12 * (1 - ease((t - 9.6) / 0.6))
        joint = (150, 398 - 184 * near)
        for side in (-1, 1):
            grip = (joint[0] + 16 - side * 10, joint[1] + 40)
            limb(picture, [(124 + side * open_, joint[1] - 32), joint, grip],
                 width=6, colour=(176, 180, 186))  # fmt: skip
        _hand(picture, (joint[0] + 6, joint[1] + 22), way=(0.5, 1.0), size=1.15)
    return picture


_BEGINS = (0.0, 2.8, 5.7, 8.6)
"""Seconds at which the steps of the closure begin: hands go out of the picture, and others come."""


def _stitch(picture: Picture, row: float) -> None:
    limb(picture, [(98, row - 3), (142, row + 3)], width=4, colour=(24, 30, 90))
    oval(picture, (120, row), (5, 4), (24, 30, 90))
    limb(picture, [(120, row), (130, row - 12)], width=2, colour=(24, 30, 90))


# A dressing is changed --------------------------------------------------------------------------

DRESSING_CUTS = (32, 66, 99)
DRESSING_WORDS: tuple[Cue, ...] = (
    (0.3, 2.9, "First, the old dressing is lifted off the lower leg."),
    (3.4, 6.3, "Then the ulcer is rinsed with saline."),
    (6.9, 9.6, "Next, the foam is laid on the ulcer."),
    (10.2, 12.8, "Finally, a bandage is wound from the foot upwards."),
)


def dressing() -> Iterator[Picture]:
    """A leg with an ulcer, in four shots: the dressing comes off and on."""
    for number in range(132):
        yield _dressed(number / RATE)


def _dressed(t: float) -> Picture:
    picture = np.array(ground((150, 168, 178), seed=131, rough=0.14))
    shape(picture, [(-10, 74), (190, 86), (258, 84), (262, 178), (190, 172), (-10, 188)], _SKIN)
    shape(picture, [(-10, 166), (190, 156), (262, 166), (262, 178), (190, 172), (-10, 188)], _PALE)
    shape(picture, [(236, 60), (268, 56), (288, 90), (290, 196), (262, 204), (240, 176)], _SKIN)
    oval(picture, (128, 128), (40, 27), (178, 92, 84))
    oval(picture, (128, 128), (32, 20), (150, 38, 44))
    for spot in (112, 130, 146):
        oval(picture, (spot, 124 + spot % 7), (8, 5), (206, 168, 96))
    if t < 3.2:
        off = ease((t - 0.3) / 2.6)
        edge = 176 - 96 * off
        shape(picture, [(80, 92), (edge, 90), (edge + 4, 166), (80, 166)], (226, 214, 190))
        shape(
            picture,
            [(edge, 90), (edge + 4, 166), (edge + 30, 150 - 40 * off), (edge + 26, 70 - 40 * off)],
            (238, 230, 212),
        )
        _hand(picture, (edge + 26, 84 - 30 * off), way=(0.8, -1.0))
    elif t < 6.6:
        sway = 26 * np.sin(1.5 * (t - 3.2))
        shape(
            picture, [(118 + sway, 6), (168 + sway, 0), (186 + sway, 44), (148 + sway, 62)], (212, 226, 236)
        )
        limb(picture, [(150 + sway, 60), (132 + 0.5 * sway, 118)], width=5, colour=(188, 214, 230))
        oval(picture, (128, 142), (30 + 5 * np.sin(5 * t), 9), (206, 160, 160))
        _hand(picture, (164 + sway, 30), way=(1.0, -0.35), size=1.1)
        picture = seen_from(picture, centre=(150, 116), zoom=1.1)
    elif t < 9.9:
        down = ease((t - 6.6) / 2.0)
        place = (206 - 62 * down, 50 + 76 * down)
        for across, high, colour in ((51, 37, (234, 196, 160)), (34, 24, (246, 224, 200))):
            corners = [(-across, -high), (across, -high), (across, high), (-across, high)]
            shape(picture, [(place[0] + x, place[1] + y) for x, y in corners], colour)
        _hand(picture, (place[0] + 40, place[1] + 10), way=(1.0, 0.5))
        picture = seen_from(picture, centre=(140, 124), zoom=1.5, degrees=14)
    else:
        done = ease((t - 9.9) / 3.0)
        shape(picture, [(92, 92), (168, 92), (168, 164), (92, 164)], (234, 196, 160))
        for turn in range(int(12 * done) + 1):
            left = 226 - 17 * turn
            shape(
                picture,
                [(left, 78), (left + 22, 78), (left + 12, 182), (left - 10, 182)],
                (240, 236 - 6 * (turn % 2), 224),
            )
        free = 226 - 17 * 12 * done
        _hand(picture, (free, 120), way=(-0.3, 1.0), size=1.1)
        oval(picture, (free + 4, 104), (14, 20), (246, 242, 232))
        picture = seen_from(picture, centre=(150, 124), zoom=1.4, degrees=14)
    return picture


# A finger is pricked ----------------------------------------------------------------------------

PRICK_CUTS = (24, 50, 76, 102)
PRICK_WORDS: tuple[Cue, ...] = (
    (0.2, 2.2, "Step one, the fingertip is wiped dry."),
    (2.6, 4.8, "Step two, the lancet is set on the side of the finger."),
    (5.2, 7.4, "Step three, a drop of blood is pressed out."),
    (7.8, 10.0, "Step four, the test strip takes the drop up."),
    (10.4, 12.8, "Step five, a plaster is put around the thumb side."),
)


def prick() -> Iterator[Picture]:
    """Blood sugar from a fingertip, in five steps; what lies between them is cut out, the camera stays."""
    for number in range(130):
        yield _pricked(number / RATE)


def _pricked(t: float) -> Picture:
    picture = np.array(ground((228, 226, 218), seed=141, rough=0.07))
    shape(picture, [(0, 200), (320, 176), (320, 240), (0, 240)], (124, 170, 178))
    limb(picture, [(-20, 168), (70, 150)], width=84, colour=_PALE)
    for row, far in ((190, 120), (176, 148)):
        limb(picture, [(60, row - 6), (far, row)], width=24, colour=_PALE)
    limb(picture, [(50, 128), (118, 112), (196, 108)], width=31, colour=_SKIN)
    oval(picture, (198, 103), (12, 8), (236, 204, 190))
    tip = (212.0, 114.0)
    if t < 2.4:
        sway = 12 * np.sin(4 * t)
        shape(
            picture,
            [
                (tip[0] - 26 + sway, 88),
                (tip[0] + 18 + sway, 86),
                (tip[0] + 20 + sway, 132),
                (tip[0] - 22 + sway, 134),
            ],
            (250, 250, 250),
        )
        _hand(picture, (tip[0] + 4 + sway, 112), way=(1.0, 0.5))
    elif t < 5.0:
        near = ease((t - 2.4) / 1.6)
        end = (tip[0] + 54 - 52 * near, tip[1] - 46 + 42 * near)
        limb(picture, [end, (end[0] + 66, end[1] - 62)], width=18, colour=(70, 80, 170))
        limb(picture, [end, (end[0] + 14, end[1] - 13)], width=8, colour=(230, 230, 240))
        _hand(picture, (end[0] + 30, end[1] - 24), way=(1.0, -0.3))
    else:
        grown = ease((t - 5.0) / 1.8) * (1 - ease((t - 8.8) / 0.8))
        if t < 10.2:
            oval(picture, (tip[0] + 3, tip[1] - 2), (2 + 9 * grown, 2 + 9 * grown), (176, 18, 30))
        if t < 7.6:
            squeeze = 5 * np.sin(5 * (t - 5.0))
            _hand(picture, (150, 88 + squeeze), way=(0.3, -1.0), size=0.9)
            _hand(picture, (150, 134 - squeeze), way=(0.6, 1.0), size=0.9)
        elif t < 10.2:
            near = ease((t - 7.6) / 1.1)
            end = (tip[0] + 60 - 50 * near, tip[1] + 30 - 26 * near)
            limb(picture, [end, (end[0] + 46, end[1] + 14)], width=11, colour=(240, 240, 244))
            limb(
                picture,
                [end, (end[0] + 12, end[1] + 4)],
                width=11,
                colour=(150, 120 - round(60 * near), 90),
            )
            shape(
                picture,
                [
                    (end[0] + 40, end[1] - 14),
                    (end[0] + 108, end[1] + 2),
                    (end[0] + 96, end[1] + 62),
                    (end[0] + 30, end[1] + 44),
                ],
                (52, 58, 70),
            )
        else:
            around = ease((t - 10.2) / 1.8)
            shape(
                picture,
                [(170, 92), (196, 92), (196, 92 + 42 * around), (170, 92 + 42 * around)],
                (222, 176, 120),
            )
            shape(
                picture,
                [(176, 96), (190, 96), (190, 96 + 20 * around), (176, 96 + 20 * around)],
                (240, 210, 168),
            )
            _hand(picture, (184, 88 + 48 * around), way=(0.7, 1.0))
    return picture
