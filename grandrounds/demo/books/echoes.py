"""Ultrasound pictures of the demo books: grey sectors of speckle on black."""

from __future__ import annotations

import numpy as np

from grandrounds.demo.canvas import Board, Field, Point, curve, fan, inside, paint, speckle, stroke

_APEX: Point = (160.0, -60.0)


def chest_fluid() -> Field:
    """The right chest: black fluid above the bright line of the diaphragm, the liver below it."""
    board = Board(width=320, height=270)
    grain = speckle(board, apex=_APEX, seed=501)
    picture = 0.30 + 0.28 * grain
    line = curve([(20, 210), (90, 150), (160, 118), (230, 112), (310, 140)])
    height = np.interp(board.x, [p[0] for p in line], [p[1] for p in line])
    picture = paint(picture, 0.03 + 0.05 * grain, inside(board.y - height + 3.0, soft=4.0))
    lung = board.path(curve([(84, 20), (120, 62), (176, 70)])) - 15.0
    picture = paint(picture, 0.45 + 0.35 * grain, inside(lung, soft=6.0))
    picture = paint(picture, 0.95, stroke(board.path(line), width=4.0, soft=3.0))
    for vessel in ([(120, 190), (170, 172), (222, 186)], [(200, 240), (232, 214), (268, 206)]):
        picture = paint(picture, 0.10, stroke(board.path(curve(vessel)), width=9.0, soft=4.0))
    return _seen(board, picture)


def kidney_wide_pelvis() -> Field:
    """The right kidney lengthwise: black branches meet in a black middle; the rind about them is thin."""
    board = Board(width=330, height=260)
    apex = (165.0, -90.0)
    grain = speckle(board, apex=apex, seed=511)
    picture = 0.30 + 0.30 * grain
    kidney = board.ellipse((168, 150), (112, 62), degrees=-8)
    picture = paint(picture, 0.82, stroke(kidney, width=3.4, soft=3.0))
    picture = paint(picture, 0.24 + 0.24 * grain, inside(kidney, soft=3.0))
    pelvis = board.ellipse((172, 156), (42, 24), degrees=-8)
    for x, y in (
        (92, 154),
        (112, 118),
        (150, 104),
        (196, 104),
        (236, 116),
        (250, 146),
        (118, 186),
        (220, 180),
    ):
        cup = np.minimum(board.ellipse((x, y), (17, 14)), board.path([(x, y), (172, 156)]) - 8.0)
        pelvis = np.minimum(pelvis, cup)
    picture = paint(picture, 0.03 + 0.04 * grain, inside(pelvis, soft=3.0))
    picture = paint(picture, 0.70 + 0.2 * grain, inside(board.ellipse((60, 60), (70, 34)), soft=30.0) * 0.4)
    return _seen(board, picture, apex=apex, reach=346.0, half_angle=32.0)


def bladder_stone() -> Field:
    """The bladder: black, with one bright arc at its floor and a black shadow behind that."""
    board = Board(width=310, height=280)
    grain = speckle(board, apex=_APEX, seed=521)
    picture = 0.28 + 0.32 * grain
    sac = np.minimum(board.ellipse((158, 128), (92, 62)), board.ellipse((158, 150), (104, 44)))
    picture = paint(picture, 0.66, stroke(sac, width=7.0, soft=4.0))
    picture = paint(picture, 0.03 + 0.03 * grain, inside(sac, soft=3.0))
    behind = inside(-sac, soft=4.0) * inside(120.0 - board.y, soft=20.0)
    picture = np.clip(picture + 0.22 * behind * inside(np.abs(board.x - 158.0) - 80.0, soft=30.0), 0.0, 1.0)
    at = (176.0, 178.0)
    bearing = np.arctan2(board.x - _APEX[0], board.y - _APEX[1])
    ray = np.arctan2(at[0] - _APEX[0], at[1] - _APEX[1])
    deep = np.hypot(board.x - _APEX[0], board.y - _APEX[1]) > np.hypot(at[0] - _APEX[0], at[1] - _APEX[1])
    shadow = inside((np.abs(bearing - ray) - 0.062) * 250.0, soft=4.0) * deep
    picture = paint(picture, 0.04, shadow * 0.94)
    cap = inside(board.ellipse(at, (17, 12)), soft=2.0) * inside(board.y - at[1] - 1.0, soft=8.0)
    picture = paint(picture, 0.98, cap)
    return _seen(board, picture)


def _seen(
    board: Board, picture: Field, *, apex: Point = _APEX, reach: float = 324.0, half_angle: float = 34.0
) -> Field:
    window = fan(board, apex=apex, reach=reach, half_angle=half_angle)
    near = np.hypot(board.x - apex[0], board.y - apex[1])
    skin = inside(-apex[1] + 8.0 - near, soft=2.0)
    return np.clip(picture * window * skin, 0.0, 1.0)
