"""Schematic clinical views other than X-ray: tracing, ultrasound, endoscopy, fundus.

Grey pictures are fields of (height, width), coloured ones of (height, width, 3), all from 0 to 1.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from grandrounds.demo.canvas import (
    Board,
    Field,
    Point,
    curve,
    fan,
    filled,
    inside,
    paint,
    paint3,
    speckle,
    stroke,
)

_MILLIMETRE = 5.0  # pixels of a millimetre of paper


def electrocardiogram() -> Field:
    """Three chest leads on paper, 25 mm/s and 10 mm/mV: the ST segments are lifted by 2 to 3 mm."""
    board = Board(width=480, height=330)
    paper = filled(board, (1.0, 0.93, 0.92))
    for every, colour in ((1.0, (0.97, 0.82, 0.81)), (5.0, (0.93, 0.66, 0.65))):
        step = every * _MILLIMETRE
        lines = np.maximum(np.mod(board.x, step) < 1.0, np.mod(board.y, step) < 1.0).astype(np.float64)
        paper = paint3(paper, colour, lines)
    for row, (r_wave, s_wave, lift) in enumerate(((3.0, 6.0, 2.6), (5.0, 4.0, 3.1), (8.0, 2.0, 2.2))):
        base = 78.0 + 105.0 * row
        beat = 15.6 * _MILLIMETRE  # 96 beats a minute
        trace: list[Point] = []
        for index in range(-1, 8):
            trace += _beat(start=index * beat + 9.0 * row, base=base, r=r_wave, s=s_wave, lift=lift)
        paper = paint3(paper, (0.08, 0.08, 0.12), stroke(board.path(trace), width=1.5, soft=1.1))
    return paper


def four_chambers() -> Field:
    """The heart from the apex by ultrasound: a lumpy mass hangs from the septum into the left side."""
    board = Board(width=320, height=320)
    apex = (160.0, 8.0)
    sector = fan(board, apex=apex, reach=304.0, half_angle=41.0)
    speckles = speckle(board, apex=apex, seed=40)
    muscle = 0.42 + 0.30 * speckles
    picture = muscle * inside(board.ellipse((166, 172), (112, 136)), soft=14.0) + 0.13 * speckles
    for centre, radii, lean in (
        ((206, 128), (38, 66), 8.0),  # left ventricle
        ((122, 134), (27, 56), -10.0),  # right ventricle
        ((218, 246), (44, 42), 0.0),  # left atrium
        ((118, 240), (40, 38), 0.0),  # right atrium
    ):
        cavity = inside(board.ellipse(centre, radii, degrees=-lean), soft=6.0)
        picture = paint(picture, 0.04 + 0.04 * speckles, cavity)
    for leaflet in (
        [(176, 200), (192, 184), (196, 168)],
        [(250, 202), (238, 186), (234, 168)],
        [(92, 194), (108, 184), (116, 192)],
        [(150, 194), (138, 184), (130, 192)],
    ):
        picture = paint(picture, 0.85, stroke(board.path(curve(leaflet)), width=3.2, soft=2.5))
    picture = paint(
        picture,
        0.66,
        stroke(board.path(curve([(164, 74), (168, 140), (166, 198)])), width=13.0, soft=6.0) * 0.6,
    )
    picture = paint(
        picture, 0.72, stroke(board.path(curve([(166, 198), (166, 240), (164, 290)])), width=4.5, soft=4.0)
    )
    lumps = np.minimum(board.ellipse((206, 226), (25, 21)), board.ellipse((214, 198), (19, 26)))
    lumps = np.minimum(lumps, board.ellipse((222, 176), (12, 14)))
    stalk = board.path([(168, 238), (196, 230)]) - 4.0
    body = inside(np.minimum(lumps, stalk) + 2.5 * (board.grain(pixels=9, seed=43) - 0.5), soft=4.0)
    picture = paint(picture, 0.50 + 0.36 * speckles, body)
    return np.clip(picture * sector, 0.0, 1.0)


def gallbladder() -> Field:
    """The right upper belly by ultrasound: bright stones with shadows in a thick-walled gallbladder."""
    board = Board(width=340, height=280)
    apex = (170.0, -90.0)
    sector = fan(board, apex=apex, reach=352.0, half_angle=33.0) * inside(
        6.0 - np.hypot(board.x - 170, board.y + 90) + 90, soft=2.0
    )
    speckles = speckle(board, apex=apex, seed=50)
    picture = 0.26 + 0.30 * speckles
    for vessel in ([(60, 96), (96, 84), (128, 70)], [(232, 52), (262, 76), (290, 84)]):
        picture = paint(picture, 0.07, stroke(board.path(curve(vessel)), width=8.0, soft=3.0))
    sac = np.minimum(
        board.ellipse((150, 146), (62, 30), degrees=16), board.path([(206, 162), (236, 168)]) - 14.0
    )
    picture = paint(picture, 0.58 + 0.25 * speckles, inside(sac - 9.0, soft=4.0))
    picture = paint(picture, 0.05 + 0.03 * speckles, inside(sac, soft=3.0))
    duct = board.path(curve([(196, 232), (236, 216), (262, 190), (276, 156), (282, 122)]))
    picture = paint(picture, 0.06, stroke(duct, width=13.0, soft=3.0) * inside(board.y - 196.0, soft=8.0))
    picture = paint(
        picture,
        0.66,
        (stroke(duct, width=17.0) - stroke(duct, width=12.0)).clip(0) * inside(board.y - 196.0, soft=8.0),
    )
    behind = 0.10 + 0.10 * inside(130.0 - board.y, soft=160.0)
    for x, y, radius in (
        (112.0, 148.0, 8.0),
        (136.0, 160.0, 9.0),
        (160.0, 164.0, 7.0),
        (232.0, 166.0, 17.0),
    ):
        # Sound can't pass a stone: what lies behind it on the same ray stays dark.
        bearing = np.arctan2(board.x - apex[0], board.y - apex[1])
        ray = np.arctan2(x - apex[0], y - apex[1])
        depth = np.hypot(board.x - apex[0], board.y - apex[1]) - np.hypot(x - apex[0], y - apex[1])
        shadow = inside((np.abs(bearing - ray) - radius / 270.0) * 270.0, soft=4.0) * inside(
            -depth, soft=4.0
        )
        picture = paint(picture, behind * (0.4 + speckles), shadow * 0.92)
        face = board.ellipse((x, y), (radius, radius * 0.9))
        cap = inside(face, soft=2.0) * inside(board.y - y - radius * 0.15, soft=radius)
        picture = paint(picture, 0.97, cap)
    return np.clip(picture * sector, 0.0, 1.0)


def gullet() -> Field:
    """A look down the gullet: rings like those of a windpipe, lengthwise furrows and white specks."""
    board = Board(width=280, height=280)
    far = np.hypot((board.x - 146.0), (board.y - 134.0) * 1.05)
    bearing = np.arctan2(board.y - 134.0, board.x - 146.0)
    wobble = 5.0 * np.sin(3 * bearing + 0.6) + 3.0 * np.sin(7 * bearing)
    depth = np.log(np.maximum(far + wobble, 4.0) / 16.0)
    ring = np.sin(depth * 15.0)
    light = 0.34 + 0.42 * np.clip(depth / 2.1, 0.0, 1.0) + 0.13 * ring * np.clip(depth * 1.6, 0.0, 1.0)
    light += 0.02 * (board.grain(pixels=34, seed=60) - 0.5)
    furrows = np.clip(np.cos(9 * bearing + 0.5 * np.sin(depth * 4)) - 0.93, 0.0, 0.07) / 0.07
    light -= 0.13 * furrows * np.clip(depth, 0.0, 1.0)
    light *= inside(13.0 - far - wobble * 0.5, soft=22.0) * 0.94 + 0.06
    picture = np.stack([light * 1.18, light * 0.76, light * 0.66], axis=-1)
    vivid = board.grain(pixels=26, seed=61)
    specks = np.clip(board.grain(pixels=6, seed=62) - 0.87, 0.0, 0.06) * 16.0 * (vivid > 0.45) * (far > 40)
    picture = paint3(picture, (0.97, 0.94, 0.88), specks * 0.85)
    for x, y in ((96.0, 72.0), (212.0, 96.0), (78.0, 196.0), (196.0, 222.0)):
        picture = paint3(
            picture, (1.0, 0.98, 0.96), inside(board.ellipse((x, y), (6, 3), degrees=x), soft=3.0) * 0.9
        )
    window = inside(
        np.maximum(
            np.hypot(board.x - 140, board.y - 140) - 146.0,
            np.maximum(np.abs(board.x - 140), np.abs(board.y - 140)) - 132.0,
        )
    )
    return np.clip(picture * window[..., None], 0.0, 1.0)


def fundus() -> Field:
    """The right fundus: winding wide veins, flame-shaped bleeds in all quadrants, a blurred disc."""
    board = Board(width=320, height=320)
    round_field = inside(np.hypot(board.x - 160, board.y - 160) - 150.0, soft=3.0)
    glow = (
        1.0
        - 0.35 * np.hypot(board.x - 160, board.y - 160) / 150.0
        + 0.06 * (board.grain(pixels=30, seed=70) - 0.5)
    )
    picture = np.stack([0.86 * glow, 0.43 * glow, 0.19 * glow], axis=-1)
    picture = paint3(
        picture, (0.55, 0.20, 0.09), inside(board.ellipse((118, 164), (26, 24)), soft=30.0) * 0.75
    )
    disc = (228.0, 156.0)
    for ends in _VESSELS:
        artery = curve([disc, *ends])
        picture = paint3(picture, (0.72, 0.19, 0.11), stroke(board.path(artery), width=2.4, soft=1.5) * 0.9)
        picture = paint3(
            picture, (0.40, 0.05, 0.07), stroke(board.path(_winding(artery)), width=5.4, soft=2.0)
        )
    picture = paint3(picture, (0.93, 0.62, 0.34), inside(board.ellipse(disc, (23, 26)), soft=16.0) * 0.85)
    picture = paint3(picture, (0.98, 0.82, 0.56), inside(board.ellipse(disc, (9, 10)), soft=8.0) * 0.7)
    for index in range(84):
        turn = index * 2.39996  # the golden angle spreads them evenly over all quadrants
        away = 30.0 + 13.4 * np.sqrt(index)
        x, y = disc[0] + away * np.cos(turn) * 1.1, disc[1] + away * np.sin(turn)
        long = 10.0 - 0.055 * index + 3.0 * np.sin(index * 1.7)
        shape = (long, 2.3) if index % 3 else (3.6, 3.1)
        bleed = inside(
            board.ellipse((x, y), shape, degrees=float(np.rad2deg(turn)) + 8.0 * np.sin(index)), soft=2.4
        )
        picture = paint3(picture, (0.47, 0.03, 0.04), bleed * 0.92)
    for x, y in ((176.0, 96.0), (188.0, 222.0), (252.0, 214.0), (150.0, 118.0), (262.0, 104.0)):
        cotton = inside(
            board.ellipse((x, y), (9, 6), degrees=x) + 3.0 * board.grain(pixels=4, seed=72), soft=6.0
        )
        picture = paint3(picture, (0.98, 0.91, 0.74), cotton * 0.9)
    return np.clip(picture * round_field[..., None], 0.0, 1.0)


_VESSELS: tuple[tuple[Point, ...], ...] = (
    ((212, 116), (170, 84), (110, 76), (50, 104)),
    ((214, 198), (172, 232), (112, 240), (54, 216)),
    ((242, 118), (258, 78), (276, 40)),
    ((244, 194), (262, 232), (272, 276)),
    ((218, 108), (190, 60), (150, 22)),
    ((218, 206), (196, 256), (160, 304)),
)


def _winding(line: list[Point]) -> list[Point]:
    """A vein beside an artery, swinging from side to side."""
    made: list[Point] = []
    for index, ((x0, y0), (x1, y1)) in enumerate(pairwise(line)):
        length = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-6)
        swing = 6.0 + 4.5 * np.sin(index * 0.95)
        made.append((x0 - (y1 - y0) / length * swing, y0 + (x1 - x0) / length * swing))
    return made


def _beat(*, start: float, base: float, r: float, s: float, lift: float) -> list[Point]:
    """One heart beat: P, QRS, and an ST segment that runs ``lift`` mm above the line into the T wave."""
    shape = curve([(0.0, 0.0), (0.6, 0.9), (1.4, 1.3), (2.2, 0.7), (2.8, 0.0)], steps=4)
    shape += [(3.6, 0.0), (4.0, -0.6), (4.5, r), (5.1, -s), (5.6, lift * 0.8)]
    shape += curve(
        [(5.8, lift), (6.8, lift * 1.15), (8.6, lift * 2.0), (10.0, lift * 1.7), (11.4, 0.3), (12.2, 0.0)],
        steps=5,
    )
    shape.append((15.6, 0.0))
    return [(start + x * _MILLIMETRE, base - y * _MILLIMETRE) for x, y in shape]
