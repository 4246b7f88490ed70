"""Schematic X-ray pictures: three chests, a jaw and an axial section of the head.

Seen as films are hung: the patient's right side is on the left of the picture.
"""

from __future__ import annotations

import numpy as np

from grandrounds.demo.canvas import Board, Field, Point, curve, inside, paint, stroke

CHEST_WIDTH, CHEST_HEIGHT = 300, 320


def chest_left_opacity() -> Field:
    """A frontal chest film: the left lower zone is opaque up to a curved line that rises to the side."""
    board = Board(width=CHEST_WIDTH, height=CHEST_HEIGHT)
    picture = frontal_chest(board)
    # The border climbs from the heart to the armpit: what fluid does in an upright patient.
    border = 214.0 - 58.0 * np.clip((board.x - 172.0) / 98.0, 0.0, 1.0) ** 2.2
    fluid = inside(border - board.y, soft=7.0) * inside(left_lung(board) - 9.0, soft=5.0)
    picture = paint(picture, 0.76, fluid)
    return as_film(board, picture)


def chest_right_lucency() -> Field:
    """A frontal chest film: a thin line below the right apex, and no lung markings beyond it."""
    return _lucent_chest(collapse=0.10, shift=(6.0, 22.0))


def chest_right_collapse() -> Field:
    """A frontal chest film: the right lung is small, and its field is black around it."""
    return _lucent_chest(collapse=0.34, shift=(24.0, 14.0))


def jaw_angle() -> Field:
    """The right angle of the mandible: a round lucent area about the crown of a buried molar."""
    board = Board(width=320, height=240)
    picture = 0.10 + 0.05 * board.grain(pixels=40, seed=3)
    body = curve([(58, 8), (62, 90), (82, 158), (150, 186), (240, 192), (330, 188)])
    bone = inside(board.path(body) - 52.0, soft=4.0)
    trabeculae = 0.40 + 0.13 * board.grain(pixels=5, seed=8) + 0.07 * board.grain(pixels=2.5, seed=9)
    picture = paint(picture, trabeculae, bone)
    cortex = inside(np.abs(board.path(body) - 50.0) - 3.0, soft=2.0) * inside(150.0 - board.y, soft=30.0)
    picture = paint(picture, 0.72, cortex)
    canal = board.path(curve([(52, 60), (62, 130), (92, 206), (180, 216), (330, 212)]))
    picture = paint(picture, 0.27, stroke(canal, width=7.0, soft=3.0) * bone)
    hollow = board.ellipse((112, 124), (46, 42), degrees=15)
    picture = paint(picture, 0.13 + 0.04 * board.grain(pixels=20, seed=5), inside(hollow, soft=3.0))
    picture = paint(picture, 0.84, stroke(hollow, width=2.4))
    picture = _molar(board, picture, crown=(106, 158), lean=14.0, size=0.86)
    for column in (196.0, 254.0, 310.0):
        picture = _molar(board, picture, crown=(column, 112), lean=0.0, size=1.0)
    return np.clip(picture, 0.0, 1.0)


def head_section() -> Field:
    """An axial section of the head: a bright crescent on the right, the midline pushed to the left."""
    board = Board(width=280, height=320)
    centre = (140.0, 162.0)
    skull = board.ellipse(centre, (112, 140))
    picture = np.full(board.x.shape, 0.02)
    picture = paint(picture, 0.30, inside(skull - 9.0, soft=3.0))
    picture = paint(picture, 0.97, inside(skull))
    inner = board.ellipse(centre, (102, 130))
    grey = 0.44 + 0.05 * board.grain(pixels=9, seed=14) + 0.03 * board.grain(pixels=3, seed=15)
    picture = paint(picture, grey, inside(inner, soft=2.0))
    white = board.grain(pixels=30, seed=16)
    for side in (-1.0, 1.0):
        core = board.ellipse((140 + side * 46 + 9, 160), (34, 92))
        picture = paint(picture, 0.39 + 0.04 * white, inside(core, soft=16.0) * 0.8)
    # Folds are seen on the side that isn't pressed.
    for index, angle in enumerate(range(-72, 80, 9)):
        fold = [
            (centre[0] + 102 * part * np.cos(turn), centre[1] + 130 * part * np.sin(turn))
            for part, turn in (
                (1.0, np.deg2rad(angle)),
                (0.93 - 0.02 * (index % 2), np.deg2rad(angle + 2.5)),
                (0.87 - 0.05 * (index % 3), np.deg2rad(angle - 2.0 + 3.0 * (index % 2))),
            )
        ]
        picture = paint(picture, 0.24, stroke(board.path(curve(fold, steps=4)), width=2.2, soft=3.0) * 0.9)
    falx = curve([(140, 34), (143, 80), (155, 130), (157, 175), (148, 235), (140, 290)])
    picture = paint(picture, 0.60, stroke(board.path(falx), width=1.6) * inside(inner))
    for horn in _ventricles():
        picture = paint(picture, 0.15, inside(board.path(curve(horn[0])) - horn[1], soft=3.0))
    # The crescent lies between the inner table and a second, flatter arc.
    brain_edge = board.ellipse((164, 164), (107, 135))
    crescent = inside(inner, soft=1.5) * inside(-brain_edge, soft=3.0) * inside(board.x - 140.0, soft=30.0)
    picture = paint(picture, 0.80 + 0.06 * board.grain(pixels=7, seed=21), crescent)
    return np.clip(picture, 0.0, 1.0)


def _ventricles() -> tuple[tuple[tuple[Point, ...], float], ...]:
    return (
        (((150, 122), (146, 142), (149, 164), (146, 190)), 3.5),
        (((166, 112), (172, 138), (168, 166), (178, 204)), 8.0),
    )


def frontal_chest(board: Board, *, lungs: tuple[Field, Field] | None = None, heart: float = 1.0) -> Field:
    """The usual frontal film, before grain: trunk, lungs, heart, ribs, collar bones, domes.

    ``lungs`` are the distances to the right and the left one, ``heart`` its size beside a usual one.
    """
    shoulders = curve(
        [(-20, 120), (10, 74), (70, 46), (118, 34), (150, 30), (182, 34), (230, 46), (290, 74), (320, 120)]
    )
    below = inside(
        -(board.y - np.interp(board.x, [p[0] for p in shoulders], [p[1] for p in shoulders])), soft=6.0
    )
    neck = inside(np.abs(board.x - 150.0) - 34.0, soft=6.0)
    picture = np.full(board.x.shape, 0.05)
    picture = paint(picture, 0.50 + 0.02 * board.grain(pixels=50, seed=2), np.maximum(below, neck))
    right, left = lungs if lungs is not None else (right_lung(board), left_lung(board))
    air = 0.17 + 0.05 * board.grain(pixels=18, seed=4)
    field = np.maximum(inside(right_lung(board), soft=5.0), inside(left_lung(board), soft=5.0))
    picture = paint(picture, 0.10, field)
    lung = np.maximum(inside(right, soft=4.0), inside(left, soft=4.0))
    picture = paint(picture, air, lung)
    picture = np.clip(picture + 0.15 * _markings(board) * lung, 0.0, 1.0)
    picture = _bones(board, picture)
    return _middle(board, picture, heart=heart)


def right_lung(board: Board) -> Field:
    """Distance to the right lung, which is on the left of the picture."""
    return np.maximum(board.ellipse((88, 172), (58, 122), degrees=5), board.y - dome(board, 88.0, 246.0))


def left_lung(board: Board) -> Field:
    """Distance to the left lung."""
    return np.maximum(board.ellipse((212, 172), (58, 122), degrees=-5), board.y - dome(board, 214.0, 256.0))


def dome(board: Board, middle: float, top: float) -> Field:
    """The height of a half of the diaphragm over each column, its ``top`` at the column ``middle``."""
    return top + 0.011 * (board.x - middle) ** 2


def _markings(board: Board) -> Field:
    """Vessels that spread from both hila and grow thinner."""
    drawn = np.zeros(board.x.shape)
    for side, angles in ((-1.0, range(-75, 80, 14)), (1.0, range(-75, 80, 14))):
        hilum = (150 + side * 32, 158.0)
        for index, angle in enumerate(angles):
            turn = np.deg2rad(angle)
            reach = 58.0 + 9.0 * (index % 3)
            points = curve(
                [
                    hilum,
                    (hilum[0] + side * reach * 0.45 * np.cos(turn), hilum[1] + reach * 0.75 * np.sin(turn)),
                    (
                        hilum[0] + side * reach * np.cos(turn + 0.12),
                        hilum[1] + reach * 1.6 * np.sin(turn + 0.12),
                    ),
                ],
                steps=5,
            )
            away = np.hypot(board.x - hilum[0], board.y - hilum[1])
            width = np.clip(3.6 - away / 28.0, 0.7, 3.6)
            drawn = np.maximum(
                drawn,
                inside(board.path(points) - width / 2, soft=2.0) * np.clip(1.3 - away / 120, 0.25, 1.0),
            )
    return drawn


def _bones(board: Board, picture: Field) -> Field:
    for side in (-1.0, 1.0):
        for index in range(8):
            top = 62.0 + 23.0 * index
            reach = 42.0 + min(index, 4) * 13.0
            rib = board.path(
                curve(
                    [
                        (150 + side * 12, top),
                        (150 + side * reach, top - 4),
                        (150 + side * (reach + 20), top + 26),
                        (150 + side * (reach - 8), top + 54),
                    ],
                    steps=6,
                )
            )
            shade = stroke(rib, width=8.0, soft=3.0) - 0.5 * stroke(rib, width=4.0, soft=3.0)
            picture = np.clip(picture + 0.085 * shade, 0.0, 1.0)
        collar = board.path(curve([(150 + side * 14, 68), (150 + side * 60, 54), (150 + side * 112, 56)]))
        picture = np.clip(picture + 0.20 * stroke(collar, width=9.0, soft=3.0), 0.0, 1.0)
    return picture


def _middle(board: Board, picture: Field, *, heart: float) -> Field:
    """Spine, mediastinum, heart, hila, the windpipe, and the belly below the domes."""
    left = board.ellipse((172, 212), (52 * heart, 44 * heart), degrees=38)
    muscle = np.minimum(left, board.ellipse((136, 208), (26 * heart, 44 * heart)))
    trunk = np.abs(board.x - 150.0) - 22.0
    knob = board.ellipse((167, 120), (15, 15))
    belly = np.minimum(dome(board, 88.0, 246.0) - board.y, dome(board, 214.0, 256.0) - board.y)
    upper = inside(np.minimum(np.minimum(trunk, knob), muscle), soft=5.0) * inside(
        34.0 - board.y, soft=20.0
    )
    picture = paint(picture, np.maximum(picture, 0.70), upper)
    low = inside(np.minimum(belly, 250.0 - board.y + 0.004 * (board.x - 150.0) ** 2), soft=4.0)
    picture = paint(picture, 0.76, low * inside(np.abs(board.x - 150.0) - 142.0, soft=10.0))
    picture = paint(
        picture, 0.34, inside(np.abs(board.x - 149.0) - 6.5, soft=5.0) * inside(board.y - 122.0, soft=14.0)
    )
    for side in (-1.0, 1.0):
        picture = np.clip(
            picture + 0.20 * inside(board.ellipse((150 + side * 30, 158), (11, 19)), soft=10.0), 0.0, 1.0
        )
    discs = 0.05 * (np.sin(board.y / 3.4) > 0.6) * inside(np.abs(board.x - 150.0) - 14.0, soft=4.0)
    return np.clip(picture + discs, 0.0, 1.0)


def _lucent_chest(*, collapse: float, shift: Point) -> Field:
    board = Board(width=CHEST_WIDTH, height=CHEST_HEIGHT)
    shrunk = np.maximum(
        board.ellipse(
            (88 + shift[0], 172 + shift[1]), (58 * (1 - collapse), 122 * (1 - collapse)), degrees=5
        ),
        board.y - dome(board, 88.0, 246.0),
    )
    picture = frontal_chest(board, lungs=(shrunk, left_lung(board)))
    edge = (
        stroke(shrunk, width=1.6, soft=1.2)
        * inside(right_lung(board) + 3.0)
        * inside(board.x - 120.0, soft=6.0)
    )
    picture = paint(picture, 0.46, edge * inside(board.y - 238.0))
    return as_film(board, picture)


def as_film(board: Board, picture: Field) -> Field:
    """``picture`` with the grain of a film."""
    return np.clip(picture + 0.02 * (board.grain(pixels=2.2, seed=77) - 0.5), 0.0, 1.0)


def _molar(board: Board, picture: Field, *, crown: Point, lean: float, size: float) -> Field:
    """A molar: two roots, dentine, a bright cap of enamel, a dark pulp. ``lean`` in degrees."""
    turn = np.deg2rad(lean)

    def place(across: float, down: float) -> Point:
        a, d = across * size, down * size
        return (
            crown[0] + a * np.cos(turn) - d * np.sin(turn),
            crown[1] + a * np.sin(turn) + d * np.cos(turn),
        )

    roots = [curve([place(s * 11, 8), place(s * 14, 34), place(s * 10, 58)]) for s in (-1.0, 1.0)]
    for root in roots:
        taper = board.path(root) - 7.0 * size
        picture = paint(picture, 0.18, inside(taper - 2.0, soft=1.5))
        picture = paint(picture, 0.70, inside(taper, soft=1.5))
    head = board.ellipse(place(0, -4), (23 * size, 17 * size), degrees=lean)
    picture = paint(picture, 0.70, inside(head))
    cap = inside(head) * inside(-board.ellipse(place(0, 6), (21 * size, 19 * size), degrees=lean), soft=2.5)
    picture = paint(picture, 0.97, cap)
    picture = paint(
        picture, 0.42, inside(board.ellipse(place(0, 2), (9 * size, 4 * size), degrees=lean), soft=3.0)
    )
    for root in roots:
        picture = paint(picture, 0.50, stroke(board.path(root[2:]), width=2.0 * size, soft=1.5))
    return picture
