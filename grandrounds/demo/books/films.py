"""Radiographs of the demo books: chests, a belly with levels, a wrist and a knee."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grandrounds.demo.canvas import Board, Field, Point, arrow, curve, inside, noisy, paint, stroke
from grandrounds.demo.radiographs import (
    CHEST_HEIGHT,
    CHEST_WIDTH,
    as_film,
    frontal_chest,
    right_lung,
)


def chest_clear() -> Field:
    """A frontal chest film without a finding."""
    board = Board(width=CHEST_WIDTH, height=CHEST_HEIGHT)
    return noisy(board, as_film(board, frontal_chest(board)), share=0.05, seed=301)[44:308, 22:290]


def chest_right_fluid() -> Field:
    """A frontal chest film: fluid hides the right dome up to the middle of the lung; an arrow shows it."""
    board = Board(width=CHEST_WIDTH, height=CHEST_HEIGHT)
    picture = frontal_chest(board)
    border = 176.0 - 66.0 * np.clip((128.0 - board.x) / 98.0, 0.0, 1.0) ** 2.2
    fluid = inside(border - board.y, soft=8.0) * inside(right_lung(board) - 9.0, soft=5.0)
    picture = paint(picture, 0.82, fluid)
    picture = arrow(board, picture, tip=(82, 150), tail=(50, 96))
    return noisy(board, as_film(board, picture), share=0.05, seed=305)[18:310, 8:286]


def chest_large_heart() -> Field:
    """A frontal chest film whose heart takes up two thirds of the chest's width."""
    board = Board(width=CHEST_WIDTH, height=CHEST_HEIGHT)
    picture = frontal_chest(board, heart=1.62)
    return noisy(board, as_film(board, picture), share=0.05, seed=309)[30:300, 14:292]


def chest_large_hila() -> Field:
    """A frontal chest film with lumps at both lung roots and beside the windpipe."""
    board = Board(width=CHEST_WIDTH, height=CHEST_HEIGHT)
    picture = frontal_chest(board)
    for side in (-1.0, 1.0):
        for across, down, size in ((40, 150, 21), (50, 172, 17), (34, 182, 15)):
            lump = board.ellipse((150 + side * across, down), (size, size * 0.9))
            picture = paint(picture, np.maximum(picture, 0.66), inside(lump, soft=9.0) * 0.9)
    picture = paint(picture, 0.68, inside(board.ellipse((122, 104), (17, 26)), soft=8.0))
    return noisy(board, as_film(board, picture), share=0.05, seed=313)[20:300, :]


def belly_levels() -> Field:
    """An upright film of the belly: wide loops of gut with level fluid below gas."""
    board = Board(width=300, height=330)
    ground = 0.10 + 0.50 * inside(board.ellipse((150, 170), (146, 190)), soft=16.0)
    picture = ground + 0.06 * (board.grain(pixels=44, seed=321) - 0.5)
    for number in range(6):
        middle = 26.0 + 50.0 * number
        block = np.maximum(np.abs(board.x - 150.0) - 21.0, np.abs(board.y - middle) - 19.0)
        picture = np.clip(picture + 0.17 * inside(block, soft=5.0), 0.0, 1.0)
    for side in (-1.0, 1.0):
        wing = board.ellipse((150 + side * 104, 318), (66, 74), degrees=side * 24)
        picture = np.clip(picture + 0.15 * inside(wing, soft=6.0), 0.0, 1.0)
    loops = (
        (88, 96, 62, 25),
        (206, 120, 66, 27),
        (96, 168, 68, 26),
        (196, 196, 62, 25),
        (118, 236, 56, 22),
    )
    for x, y, wide, high in loops:
        loop = board.ellipse((x, y), (wide, high), degrees=4.0)
        gas = inside(loop, soft=4.0) * inside(board.y - y - 3.0, soft=2.0)
        picture = paint(picture, 0.10 + 0.06 * board.grain(pixels=22, seed=322), gas)
        low = inside(loop, soft=4.0) * inside(y + 3.0 - board.y, soft=2.0)
        picture = paint(picture, 0.74, low * 0.85)
        folds = 0.10 * (np.sin(board.x / 2.8 + y) > 0.82) * gas
        picture = np.clip(picture + folds, 0.0, 1.0)
    return noisy(board, picture, share=0.06, seed=323)


def wrist_broken() -> Field:
    """A frontal film of a left wrist: the radius is broken near its end, which is tilted."""
    board = Board(width=250, height=330)
    picture = 0.06 + 0.05 * board.grain(pixels=40, seed=331)
    hand = np.minimum(board.path([(128, 340), (130, 190)]) - 54.0, board.ellipse((130, 96), (78, 92)))
    picture = paint(picture, 0.22, inside(hand, soft=12.0))
    shafts = (
        ([(160, 340), (156, 262), (152, 214)], 17.0),  # radius below the break
        ([(146, 206), (146, 190), (148, 172)], 23.0),  # its end, pushed aside
        ([(94, 340), (98, 250), (100, 186)], 12.0),  # ulna
    )
    for points, half in shafts:
        picture = _bone(board, picture, points, half)
    gap = board.path(curve([(126, 208), (142, 204), (154, 210), (176, 202)]))
    picture = paint(picture, 0.16, stroke(gap, width=3.4, soft=2.0))
    for x, y, wide, high in (
        (112, 150, 13, 12), (136, 146, 15, 12), (160, 150, 14, 12), (176, 138, 9, 10),
        (108, 124, 12, 12), (130, 120, 12, 14), (152, 122, 11, 12), (172, 116, 11, 11),
    ):  # fmt: skip
        stone = board.ellipse((x, y), (wide, high))
        picture = paint(picture, 0.56, inside(stone, soft=2.5))
        picture = paint(picture, 0.78, stroke(stone + 1.5, width=2.2))
    for x, lean in ((106, -12.0), (130, -3.0), (152, 5.0), (174, 13.0)):
        picture = _bone(board, picture, [(x, 104), (x + lean, 40), (x + 1.5 * lean, -10)], 8.0)
    return noisy(board, picture, share=0.06, seed=333)


def knee() -> Field:
    """A frontal film of a knee whose inner joint space is gone, with spurs at the edges."""
    board = Board(width=280, height=320)
    picture = 0.05 + 0.04 * board.grain(pixels=40, seed=341)
    picture = paint(picture, 0.20, inside(board.path([(140, -20), (140, 340)]) - 104.0, soft=14.0))
    picture = _bone(board, picture, [(138, -20), (138, 70)], 34.0)
    for x, y in ((104, 112), (176, 112)):
        picture = paint(picture, 0.60, inside(board.ellipse((x, y), (44, 42)), soft=3.0))
    plateau = np.maximum(board.ellipse((140, 206), (84, 42)), 162.0 - board.y - 0.05 * (board.x - 140.0))
    picture = paint(picture, 0.62, inside(plateau, soft=3.0))
    picture = _bone(board, picture, [(142, 210), (144, 340)], 36.0)
    picture = _bone(board, picture, [(232, 220), (228, 340)], 11.0)
    picture = paint(picture, 0.14, inside(board.ellipse((186, 158), (44, 6), degrees=2), soft=3.0))
    picture = paint(picture, 0.92, stroke(board.path([(64, 156), (124, 160)]), width=6.0, soft=3.0))
    for spur in ([(58, 142), (46, 152)], [(56, 176), (44, 166)], [(222, 140), (232, 150)]):
        picture = paint(picture, 0.66, inside(board.path(spur) - 5.0, soft=3.0))
    texture = 0.10 * (board.grain(pixels=4, seed=342) - 0.5)
    return noisy(board, np.clip(picture + texture * (picture > 0.4), 0.0, 1.0), share=0.05, seed=343)


def _bone(board: Board, picture: Field, points: Sequence[Point], half: float) -> Field:
    """A shaft along ``points``: a bright rind about a paler core."""
    along = board.path(curve(points, steps=6), reach=90.0)
    picture = paint(picture, 0.74, inside(along - half, soft=2.5))
    core = 0.46 + 0.10 * board.grain(pixels=3.5, seed=351)
    return paint(picture, core, inside(along - half * 0.62, soft=4.0))
