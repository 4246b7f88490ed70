"""What machines show: ultrasound, X-ray, CT and light through a microscope or an endoscope."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from grandrounds.demo.videos.film import RATE, Picture
from grandrounds.demo.videos.stage import (
    HEIGHT,
    WIDTH,
    Plane,
    as_picture,
    coordinates,
    ease,
    grain,
    limb,
    oval,
    seen_from,
    soft,
)

# Ultrasound, the probe sliding ------------------------------------------------------------------

_VIEW = (272, 204)  # of a linear probe
_CORNER = (24, 18)
_LUNG_WIDTH, _GALL_WIDTH = 1000, 860
_LUNG_SHOWN = 0.92  # of its width: the liver's far side is not reached


def lung(seconds: float = 13.0) -> Iterator[Picture]:
    """A probe that slides down the chest: ribs with shadows, the pleural line, comet tails, an effusion,
    the diaphragm and the liver."""
    wide = _chest()
    count = round(seconds * RATE)
    far = _LUNG_SHOWN * _LUNG_WIDTH - _VIEW[0] - 4
    for number in range(count):
        left = far * number / (count - 1)
        yield _on_screen(_sub(wide, left), glow=0.04 * np.sin(number * 1.3))


def _chest() -> Plane:
    width, height = _LUNG_WIDTH, _VIEW[1]
    x, y = coordinates(width, height)
    speckle = 0.6 * grain(width, height, pixels=4, seed=41) + 0.4 * grain(width, height, pixels=13, seed=42)
    wall = (70 + 90 * speckle) * (0.75 + 0.25 * np.cos(y * 0.22))
    deep = 26 + 34 * speckle
    line = 66 + 7 * np.sin(x / 60)
    made = np.where(y < line, wall, deep)
    lung_here = x < 640
    repeats = np.exp(-(((y - line) % 52 - 26) ** 2) / 9) * 60 * np.exp(-(y - line) / 120)
    made = np.where(lung_here & (y > line), made + repeats * (x < 330), made)
    tails = np.zeros_like(made)
    for middle, wide in ((372, 5), (420, 8), (455, 6), (512, 10), (570, 7)):
        tails += np.exp(-(((x - middle) / wide) ** 2))
    made = np.where(lung_here & (y > line), made + 150 * np.clip(tails, 0, 1), made)
    made += 170 * np.exp(-(((y - line) / 2.6) ** 2)) * lung_here
    liver = 96 + 52 * speckle
    bow = 650 + 150 * ((y / height) ** 2)
    made = np.where((x > 640) & (y > line) & (x < bow + 60), 9 + 8 * speckle, made)  # effusion
    made = np.where((x > bow + 60) & (y > line), liver, made)
    made += 150 * np.exp(-(((x - bow - 60) / 4) ** 2)) * (y > line)
    for rib in (40, 158, 276, 392, 520, 634):
        made *= 1 - 0.82 * np.exp(-(((x - rib) / 17) ** 4)) * (y > 50)
        made += 165 * np.exp(-(((x - rib) / 15) ** 2) - ((y - 48 - ((x - rib) / 13) ** 2) / 3.4) ** 2)
    return np.asarray(np.clip(made * (1.08 - 0.4 * y / height), 0, 245), dtype=np.float32)


def gallbladder(seconds: float, *, start: float = 0.0, end: float = 1.0) -> Iterator[Picture]:
    """A probe that slides over the right upper belly: liver, gallbladder with stones, duct, kidney."""
    wide = _belly()
    count = round(seconds * RATE)
    far = _GALL_WIDTH - _VIEW[0] - 4
    for number in range(count):
        left = far * (start + (end - start) * number / (count - 1))
        yield _on_screen(_sub(wide, left), glow=0.05 * np.sin(number * 0.9))


def _belly() -> Plane:
    width, height = _GALL_WIDTH, _VIEW[1]
    x, y = coordinates(width, height)
    speckle = 0.6 * grain(width, height, pixels=4, seed=51) + 0.4 * grain(width, height, pixels=15, seed=52)
    made = 84 + 66 * speckle
    vessels = grain(width, height, pixels=46, seed=53)
    made = np.where((vessels > 0.74) & (x < 300), 26 + 10 * speckle, made)
    bag = np.hypot((x - 368) / 88, (y - 96 - (x - 368) * 0.12) / 42)
    made = np.where(bag < 1, 6 + 5 * speckle, made)
    made += 120 * np.exp(-(((bag - 1) * 14) ** 2))
    for middle, row, size in ((346, 122, 13), (392, 128, 10)):
        stone = np.hypot((x - middle) / size, (y - row) / size)
        made *= 1 - 0.9 * ((np.abs(x - middle) < size) & (y > row))
        made += 190 * np.exp(-(((stone - 0.7) * 3.2) ** 2)) * (y < row + 4)
    kidney = np.hypot((x - 660) / 112, (y - 112) / 60)
    made = np.where(kidney < 1, 46 + 40 * speckle, made)
    made = np.where(kidney < 0.45, 150 + 60 * speckle, made)
    made += 110 * np.exp(-(((kidney - 1) * 16) ** 2))
    made += 60 * np.exp(-(((y - 14) / 5) ** 2))
    return np.asarray(np.clip(made * (1.1 - 0.45 * y / height), 0, 245), dtype=np.float32)


def _sub(wide: Plane, left: float) -> Plane:
    """The part of a wide picture that the probe sees, to fractions of a pixel."""
    middle = (left + _VIEW[0] / 2 - 0.5, _VIEW[1] / 2 - 0.5)
    return np.asarray(cv2.getRectSubPix(wide, _VIEW, middle), dtype=np.float32)


def _on_screen(view: Plane, *, glow: float) -> Picture:
    screen = np.full((HEIGHT, WIDTH), 8.0, dtype=np.float32)
    x, y = _CORNER
    screen[y : y + _VIEW[1], x : x + _VIEW[0]] = view * (1 + glow)
    screen[y : y + 150 : 25, x + _VIEW[0] + 5 : x + _VIEW[0] + 9] = 150  # centimetres
    return as_picture(screen)


def heart(seconds: float, rate: int) -> Iterator[Picture]:
    """A heart in four chambers that beats 72 times a minute: no frame is before another for good."""
    x, y = coordinates()
    apex = (WIDTH / 2, 8.0)
    far = np.hypot(x - apex[0], y - apex[1])
    bearing = np.degrees(np.arctan2(x - apex[0], y - apex[1]))
    seen = (np.abs(bearing) < 41) & (far < 224) & (far > 8)
    speckle = 0.6 * grain(WIDTH, HEIGHT, pixels=4, seed=61) + 0.4 * grain(WIDTH, HEIGHT, pixels=11, seed=62)
    for number in range(round(seconds * rate)):
        beat = number / rate * 1.2 % 1.0
        breath = 7 * np.sin(2 * np.pi * 0.55 * number / rate)  # it goes and comes back
        u, v = x - breath, y - breath
        squeeze = ease(beat / 0.32) if beat < 0.4 else 1 - ease((beat - 0.4) / 0.4)
        made = 60 + 80 * speckle
        for middle, row, across, down, power in (
            (142, 92, 27, 46, 0.36), (186, 90, 20, 40, 0.26),
            (138, 180, 27, 25, -0.18), (190, 178, 25, 24, -0.16),
        ):  # fmt: skip
            size = 1 - power * squeeze
            gap = np.hypot((u - middle) / (across * size), (v - row) / (down * (1 - power * 0.6 * squeeze)))
            made = np.where(gap < 1, 8 + 12 * speckle, made)
            made += 70 * np.exp(-(((gap - 1.06) * 9) ** 2))
        valve = 140 + 10 * squeeze
        for middle, tilt in ((142, 1.0), (186, -1.0)):
            open_ = 14 * (1 - squeeze)
            leaf = np.abs(v - valve + open_ * tilt * np.sign(u - middle) * 0.4 - np.abs(u - middle) * 0.5)
            made += 130 * np.exp(-((leaf / 2.2) ** 2)) * (np.abs(u - middle) < 26)
        yield as_picture(np.where(seen, np.clip(made, 0, 240) * (1.05 - far / 520), 4))


# X-rays and light -------------------------------------------------------------------------------


SWALLOW_SECONDS = 2.6


def swallows() -> Iterator[Picture]:
    """Two swallows, the second one seen nearer."""
    yield from swallow(SWALLOW_SECONDS)
    for picture in swallow(SWALLOW_SECONDS):
        yield seen_from(picture[:, ::-1].copy(), centre=(150, 122), zoom=1.3, degrees=-9)


def swallow(seconds: float) -> Iterator[Picture]:
    """Fluoroscopy from the front: a bolus of contrast goes down the oesophagus."""
    x, y = coordinates()
    spine = np.abs(x - 160 - 4 * np.sin(y / 50))
    still = 176 - 62 * np.exp(-((spine / 30) ** 4)) - 16 * np.exp(-((spine / 26) ** 4)) * np.cos(y * 0.21)
    heart_shadow = np.hypot((x - 196) / 70, (y - 186) / 60)
    still -= 46 / (1 + np.exp((heart_shadow - 1) * 14))
    for rib in range(-2, 9):
        for side in (-1.0, 1.0):
            line = y - (rib * 34 + 8 + 0.0024 * (x - 160) ** 2)
            still -= 17 * np.exp(-((line / 4.5) ** 2)) * (side * (x - 160) > 26)
    still += 54 * (grain(WIDTH, HEIGHT, pixels=2.6, seed=71) - 0.5)
    base = as_picture(still)
    count = round(seconds * RATE)
    for number in range(count):
        row = 22 + 184 * number / (count - 1)
        picture = base.copy()
        oval(
            picture, (160 + 5 * np.sin(row / 40), row), (16, 24), (28, 28, 28), degrees=3 * np.sin(row / 30)
        )
        oval(picture, (160 + 5 * np.sin(row / 40), row - 24), (7, 10), (48, 48, 48))
        yield soft(picture, 0.6)


def capillaries(seconds: float = 10.0, *, seed: int = 0, pace: float = 36.0) -> Iterator[Picture]:
    """Loops of capillaries at the nail fold under a microscope; it goes by at ``pace`` pixels a second."""
    width = WIDTH + 4 + round(pace * seconds)
    wide = np.array(as_picture(_skin(width, seed)))
    place = 30.0
    number = 0
    while place < width - 20:
        tall = 62 + 34 * np.sin(1.7 * number + seed)
        across = 8 + 3 * np.sin(2.3 * number) + (16 if number % 7 == 4 else 0)
        base = 176 + 12 * np.sin(number * 0.9)
        loop = [(place - across / 2, base), (place - across, base - tall * 0.7), (place, base - tall),
                (place + across, base - tall * 0.7), (place + across / 2, base)]  # fmt: skip
        thick = 5 if number % 7 != 4 else 10
        limb(wide, loop, width=thick, colour=(150, 44, 52))
        place += 31 + 9 * np.sin(1.1 * number + seed)
        number += 1
    for spot in range(150 + 30 * seed % 90, width, 290):
        oval(wide, (spot, 206), (22, 12), (122, 30, 40))
    wide = soft(wide, 1.0)
    count = round(seconds * RATE)
    for step in range(count):
        left = (width - WIDTH - 4) * step / (count - 1)
        middle = (left + WIDTH / 2 - 0.5, HEIGHT / 2 - 0.5 + 2 * np.sin(step / 9))
        yield np.asarray(cv2.getRectSubPix(wide, (WIDTH, HEIGHT), middle), dtype=np.uint8)


def _skin(width: int, seed: int) -> Plane:
    rough = (
        grain(width, HEIGHT, pixels=60, seed=81 + seed)
        - 0.5
        + 0.5 * (grain(width, HEIGHT, pixels=7, seed=82) - 0.5)
    )
    colour = np.array((222, 166, 148), dtype=np.float32)
    return np.asarray(colour * (1 + 0.24 * rough[..., None]), dtype=np.float32)


def slices(seconds: float = 12.0) -> Iterator[Picture]:
    """CT of the belly, slice by slice from the lungs' bases to the bladder."""
    x, y = coordinates()
    fine = 10 * (grain(WIDTH, HEIGHT, pixels=3, seed=91) - 0.5)
    count = round(seconds * RATE)
    for number in range(count):
        z = number / (count - 1)
        yield as_picture(_slice(x, y, z) + fine)


def _slice(x: Plane, y: Plane, z: float) -> Plane:
    wide, high = 132 - 14 * np.sin(np.pi * z), 96 - 10 * z
    body = np.hypot((x - 160) / wide, (y - 122) / high)
    made = np.where(body < 1, 62.0, 4.0)
    made = np.where(body < 0.9, 112.0, made)
    organs = (
        # middle x, y, radii, from z to z, grey
        (96, 104, 62, 66, -0.2, 0.2, 22), (226, 104, 58, 64, -0.2, 0.17, 22),
        (104, 104, 66, 58, 0.16, 0.58, 168), (236, 120, 26, 44, 0.2, 0.5, 156),
        (212, 84, 40, 28, 0.18, 0.46, 70),
        (98, 150, 24, 30, 0.42, 0.78, 196), (222, 150, 24, 30, 0.4, 0.76, 196),
        (112, 78, 18, 20, 0.36, 0.6, 56), (160, 92, 70, 34, 0.6, 0.9, 84), (160, 98, 46, 40, 0.82, 1.2, 88),
    )  # fmt: skip
    for middle, row, across, down, begin, end, value in organs:
        place = (z - (begin + end) / 2) / ((end - begin) / 2)
        if abs(place) < 1:
            size = np.sqrt(1 - place * place)
            gap = np.hypot((x - middle) / (across * size), (y - row) / (down * size))
            made = np.where((gap < 1) & (body < 0.88), value, made)
    made = np.where(np.hypot(x - 160, (y - 172) / 0.9) < 19, 232, made)
    made = np.where(np.hypot(x - 160, y - 190) < 7, 90, made)
    made = np.where(np.hypot(x - 152, y - 142) < 10, 200, made)
    for side in (-1, 1):  # hip bones come up
        wing = np.hypot((x - 160 - side * 84) / 14, (y - 140) / (70 * max(0.0, z - 0.66) + 0.1))
        made = np.where(wing < 1, 228, made)
    return np.asarray(cv2.GaussianBlur(made.astype(np.float32), (0, 0), 1.0), dtype=np.float32)


def bowel(seconds: float = 13.0) -> Iterator[Picture]:
    """An endoscope that is drawn back through the colon: folds, a polyp, a diverticulum, a lipoma."""
    x, y = coordinates()
    lens = np.hypot(x - 160, y - 120)
    rough = grain(WIDTH, HEIGHT, pixels=17, seed=95) - 0.5
    count = round(seconds * RATE)
    for number in range(count):
        t = number / RATE
        centre = (160 + 62 * np.sin(0.62 * t), 118 + 40 * np.sin(0.93 * t + 1))
        dx, dy = x - centre[0], y - centre[1]
        far = np.hypot(dx, dy) + 6
        turn = np.arctan2(dy, dx)
        depth = 150 / far - 0.75 * t
        folds = np.cos(2 * np.pi * (depth * 0.75 + 0.10 * np.sin(3 * turn + 0.4)))
        light = np.clip(far / 120, 0.05, 1.0) * (0.78 + 0.2 * np.clip(folds, -0.7, 1)) + 0.12 * rough
        made = light[..., None] * np.array((228, 138, 116), dtype=np.float32)
        for begin, end, angle, size, colour in (
            (3.3, 6.6, 0.6, 34, (206, 84, 78)), (7.0, 9.8, 3.5, 26, (46, 16, 18)),
            (10.2, 13.2, 5.2, 40, (236, 214, 140)),
        ):  # fmt: skip
            if begin <= t <= end:
                near = 34 + 66 * np.sin(np.pi * (t - begin) / (end - begin))
                gap = np.hypot(x - centre[0] - near * np.cos(angle), y - centre[1] - near * np.sin(angle))
                share = np.clip((size * near / 90 - gap) / 5, 0, 1)[..., None]
                made = made * (1 - share) + np.array(colour, dtype=np.float32) * share * (
                    0.75 + 0.5 * rough[..., None]
                )
        yield as_picture(np.where((lens < 117)[..., None], made, 3.0))
