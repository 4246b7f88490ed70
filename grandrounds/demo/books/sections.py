"""CT and MRI sections of the demo books: chest, belly and head, the patient's right on the left."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from grandrounds.demo.canvas import Board, Field, Point, arrow, curve, inside, noisy, paint, stroke

_WIDE, _HIGH = 340, 270
_CENTRE: Point = (170, 138)


def chest_nodule() -> Field:
    """CT of the chest at the aortic arch: a round nodule in the right lung, an arrow pointing at it."""
    board = _board()
    picture = _chest(board, seed=401, lean=0.0)
    picture = paint(picture, 0.62, inside(board.ellipse((92, 104), (15, 14)), soft=3.0))
    picture = arrow(board, picture, tip=(108, 112), tail=(148, 150))
    return noisy(board, picture, share=0.06, seed=402)


def chest_small_nodules() -> Field:
    """CT of the chest: many small nodules along the branches of the airways on both sides."""
    board = _board()
    picture = _chest(board, seed=411, lean=14.0)
    nearest, _, own = board.scatter(pixels=15, seed=412)
    beads = inside(nearest - 1.5 - 1.8 * own, soft=1.5) * _lungs(board, lean=14.0)
    near = np.clip(1.3 - np.abs(np.abs(board.x - 170.0) - 62.0) / 55.0, 0.0, 1.0)
    picture = paint(picture, 0.60, beads * near)
    return noisy(board, picture, share=0.06, seed=413)[6:262, 4:330]


def belly_left_kidney_mass() -> Field:
    """CT of the belly at the kidneys: a lump grows out of the left one, an arrow points at it."""
    board = _board()
    picture = _belly(board, seed=421)
    lump = board.ellipse((270, 176), (33, 29))
    picture = paint(picture, 0.44 + 0.16 * board.grain(pixels=13, seed=422), inside(lump, soft=3.0))
    picture = arrow(board, picture, tip=(262, 150), tail=(232, 106))
    return noisy(board, picture, share=0.07, seed=423)


def belly_wide_aorta() -> Field:
    """CT of the belly: the aorta before the spine is as wide as the vertebra, with a rim of clot."""
    board = _board()
    picture = _belly(board, seed=431, slim=0.9)
    picture = paint(picture, 0.42, inside(board.ellipse((178, 138), (36, 33)), soft=2.5))
    picture = paint(picture, 0.86, inside(board.ellipse((183, 142), (21, 20)), soft=2.5))
    picture = paint(picture, 0.95, stroke(board.ellipse((178, 138), (36, 33)), width=2.4) * (board.x < 168))
    return noisy(board, picture, share=0.07, seed=433)[:, 12:328]


def belly_liver_cyst() -> Field:
    """T2-weighted MRI of the upper belly: a white, sharply bounded round area in a grey liver."""
    board = _board()
    body = board.ellipse(_CENTRE, (158, 122))
    picture = paint(np.full(board.x.shape, 0.02), 0.66, inside(body, soft=3.0))
    picture = paint(picture, 0.24, inside(board.ellipse(_CENTRE, (144, 108)), soft=3.0))
    picture = paint(picture, 0.40, inside(board.ellipse(_CENTRE, (138, 102)), soft=6.0))
    liver = np.minimum(board.ellipse((110, 120), (84, 74)), board.ellipse((186, 86), (60, 36)))
    picture = paint(picture, 0.33 + 0.05 * board.grain(pixels=9, seed=441), inside(liver, soft=3.0))
    picture = paint(picture, 0.62, inside(board.ellipse((272, 142), (30, 46), degrees=12), soft=3.0))
    picture = paint(picture, 0.80, inside(board.ellipse((232, 100), (34, 24), degrees=20), soft=5.0))
    picture = _spine(board, picture, bone=0.42, canal=0.95, cord=0.45)
    for at, size in (((160, 170), 15.0), ((128, 158), 11.0)):
        picture = paint(picture, 0.05, inside(board.ellipse(at, (size, size)), soft=2.0))
    picture = paint(picture, 0.97, inside(board.ellipse((92, 128), (27, 25)), soft=2.0))
    bright = 0.75 + 0.45 * inside(board.ellipse((120, 130), (150, 110)), soft=160.0)
    return noisy(board, np.clip(picture * bright, 0.0, 1.0), share=0.05, seed=443)


def head_lens() -> Field:
    """CT of the head: a bright lens between the skull and the brain on the left, which pushes it aside."""
    board = Board(width=270, height=310)
    centre = (135.0, 155.0)
    picture = _skull(board, centre, (108, 136))
    inner = board.ellipse(centre, (98, 126))
    picture = paint(picture, _brain(board, seed=451), inside(inner, soft=2.0))
    picture = _folds(board, picture, centre, (98, 126), shade=0.24, angles=range(110, 256, 11))
    middle = curve([(135, 30), (131, 90), (124, 150), (128, 220), (135, 280)])
    picture = paint(picture, 0.62, stroke(board.path(middle), width=1.6) * inside(inner))
    for points in ([(118, 118), (110, 150), (116, 186)], [(136, 124), (136, 150), (134, 176)]):
        picture = paint(picture, 0.14, inside(board.path(curve(points)) - 6.0, soft=3.0))
    lens = np.maximum(inner, board.ellipse((262, 130), (66, 78)))
    picture = paint(picture, 0.84 + 0.06 * board.grain(pixels=9, seed=453), inside(lens, soft=2.0))
    return noisy(board, picture, share=0.05, seed=454)


def head_opened() -> Field:
    """CT of the head: on the left a flap of the skull stands between two gaps, air and blood below it."""
    board = Board(width=300, height=280)
    centre = (150.0, 140.0)
    picture = _skull(board, centre, (122, 118))
    inner = board.ellipse(centre, (112, 108))
    picture = paint(picture, _brain(board, seed=471), inside(inner, soft=2.0))
    picture = _folds(board, picture, centre, (112, 108), shade=0.26, angles=range(0, 360, 12))
    for side in (-1.0, 1.0):
        horn = curve([(150 + side * 10, 96), (150 + side * 16, 128), (150 + side * 34, 176)])
        picture = paint(picture, 0.14, inside(board.path(horn) - 7.0, soft=3.0))
    picture = paint(picture, 0.60, stroke(board.path([(150, 36), (152, 244)]), width=1.6) * inside(inner))
    for turn in (np.deg2rad(-38.0), np.deg2rad(26.0)):
        gap = board.path(
            [(150 + reach * np.cos(turn), 140 + reach * np.sin(turn) * 0.97) for reach in (106.0, 130.0)]
        )
        picture = paint(picture, 0.26, inside(gap - 3.6, soft=1.6))
        across = board.ellipse((150 + 126 * np.cos(turn), 140 + 122 * np.sin(turn)), (3.0, 10.0))
        picture = paint(picture, 1.0, inside(across, soft=1.5))
    rim = np.maximum(inner + 1.0, 232.0 - board.x)
    picture = paint(picture, 0.66, inside(rim, soft=3.0))
    for at, radii in (((244.0, 104.0), (9.0, 14.0)), ((250.0, 128.0), (5.0, 6.0))):
        picture = paint(picture, 0.0, inside(board.ellipse(at, radii), soft=2.0) * inside(inner))
    return noisy(board, picture, share=0.05, seed=473)


def brain_ring() -> Field:
    """T1-weighted MRI of the brain after contrast: a bright ring about a dark middle, swelling."""
    board = Board(width=290, height=310)
    centre = (145.0, 155.0)
    picture = np.full(board.x.shape, 0.02)
    picture = paint(picture, 0.80, inside(board.ellipse(centre, (122, 144)), soft=2.0))
    picture = paint(picture, 0.06, inside(board.ellipse(centre, (114, 136)), soft=2.0))
    inner = board.ellipse(centre, (106, 128))
    white = 0.56 + 0.04 * board.grain(pixels=12, seed=461)
    picture = paint(picture, white, inside(inner, soft=2.0))
    rind = stroke(inner + 7.0, width=13.0, soft=6.0)
    picture = paint(picture, 0.38, rind * inside(inner))
    picture = _folds(board, picture, centre, (106, 128), shade=0.12, angles=range(0, 360, 10))
    picture = paint(picture, 0.10, stroke(board.path([(145, 26), (145, 280)]), width=2.4) * inside(inner))
    for side in (-1.0, 1.0):
        horn = curve([(145 + side * 14, 108), (145 + side * 20, 140), (145 + side * 22, 196)])
        picture = paint(picture, 0.08, inside(board.path(horn) - 7.0, soft=3.0))
    picture = paint(picture, 0.36, inside(board.ellipse((90, 122), (48, 44)), soft=16.0))
    ring = board.ellipse((90, 122), (24, 22)) + 3.0 * (board.grain(pixels=11, seed=462) - 0.5)
    picture = paint(picture, 0.16, inside(ring, soft=2.0))
    picture = paint(picture, 0.97, stroke(ring, width=6.0, soft=2.5))
    return noisy(board, picture, share=0.05, seed=463)


def _board() -> Board:
    return Board(width=_WIDE, height=_HIGH)


def _lungs(board: Board, *, lean: float) -> Field:
    right = board.ellipse((92, 134), (56, 82), degrees=lean)
    left = board.ellipse((248, 134), (56, 82), degrees=-lean)
    middle = board.ellipse((172, 118), (44, 58))
    return np.maximum(inside(right, soft=3.0), inside(left, soft=3.0)) * inside(-middle, soft=4.0)


def _chest(board: Board, *, seed: int, lean: float) -> Field:
    """An axial section of the chest in a window for lung: wall, ribs, lungs with vessels, the middle."""
    body = board.ellipse(_CENTRE, (160, 122))
    picture = paint(np.full(board.x.shape, 0.01), 0.50, inside(body, soft=2.5))
    picture = paint(picture, 0.66, inside(board.ellipse(_CENTRE, (146, 108)), soft=4.0))
    for number in range(9):
        turn = np.deg2rad(-62 + 31 * (number % 5) + (0 if number < 5 else 180))
        at = (_CENTRE[0] + 136 * float(np.cos(turn)), _CENTRE[1] + 98 * float(np.sin(turn)))
        rib = board.ellipse(at, (20, 6), degrees=float(np.rad2deg(turn)) + 82.0)
        picture = paint(picture, 0.96, inside(rib, soft=2.5))
    lungs = _lungs(board, lean=lean)
    picture = paint(picture, 0.12 + 0.03 * board.grain(pixels=12, seed=seed), lungs)
    for side in (-1.0, 1.0):
        picture = _vessels(board, picture, side=side, within=lungs)
    picture = paint(picture, 0.74, inside(board.ellipse((172, 112), (38, 50)), soft=5.0))
    arch = board.path(curve([(158, 84), (182, 96), (200, 132)]))
    picture = paint(picture, 0.90, inside(arch - 13.0, soft=3.0))
    picture = paint(picture, 0.02, inside(board.ellipse((166, 138), (10, 11)), soft=2.0))
    return _spine(board, picture, bone=0.94, canal=0.60, cord=0.64)


def _vessels(board: Board, picture: Field, *, side: float, within: Field) -> Field:
    for angle in range(-70, 80, 20):
        turn = np.deg2rad(angle)
        start = (170 + side * 36, 132.0)
        middle = (start[0] + side * 34 * np.cos(turn), start[1] + 38 * np.sin(turn + 0.15))
        end = (start[0] + side * 76 * np.cos(turn + 0.1), start[1] + 78 * np.sin(turn + 0.1))
        branch = board.path(curve([start, middle, end], steps=5))
        away = np.hypot(board.x - start[0], board.y - start[1])
        width = np.clip(3.8 - away / 22.0, 0.5, 3.8)
        picture = paint(picture, 0.62, inside(branch - width, soft=1.6) * within)
    return picture


def _belly(board: Board, *, seed: int, slim: float = 1.0) -> Field:
    """An axial section of the belly with contrast: wall, liver, spleen, kidneys, gut, vessels, spine."""
    body = board.ellipse(_CENTRE, (160, 122 * slim))
    picture = paint(np.full(board.x.shape, 0.01), 0.22, inside(body, soft=2.5))
    picture = paint(picture, 0.52, inside(board.ellipse(_CENTRE, (142, 104 * slim)), soft=3.0))
    picture = paint(picture, 0.20, inside(board.ellipse(_CENTRE, (134, 96 * slim)), soft=4.0))
    flesh = 0.58 + 0.05 * board.grain(pixels=8, seed=seed)
    liver = np.maximum(
        board.ellipse((86, 116), (64, 66), degrees=10), board.ellipse(_CENTRE, (132, 94 * slim))
    )
    picture = paint(picture, flesh, inside(liver, soft=3.0))
    for at, radii in (
        ((196, 78), (40, 17)),
        ((246, 96), (26, 20)),
        ((222, 122), (20, 13)),
        ((150, 70), (24, 13)),
    ):
        loop = board.ellipse(at, radii, degrees=float(at[0]) / 9)
        picture = paint(picture, 0.56, inside(loop, soft=3.0))
        picture = paint(picture, 0.34, inside(loop + 5.0, soft=4.0))
    picture = paint(picture, 0.60, inside(board.path([(240, 196), (208, 214)]) - 21.0, soft=5.0))
    picture = paint(picture, 0.60, inside(board.path([(100, 196), (132, 214)]) - 21.0, soft=5.0))
    for x, lean in ((98.0, -22.0), (244.0, 22.0)):
        bean = board.ellipse((x, 166), (23, 31), degrees=lean)
        picture = paint(picture, 0.80, inside(bean, soft=2.5))
        hollow = board.ellipse((x + (14 if x < 170 else -14), 163), (12, 14))
        picture = paint(picture, 0.24, inside(hollow, soft=4.0) * inside(bean))
        picture = paint(picture, 0.70, inside(bean + 13.0, soft=5.0) * 0.7)
    picture = paint(picture, 0.88, inside(board.ellipse((184, 148), (11, 11)), soft=2.0))
    picture = paint(picture, 0.72, inside(board.ellipse((150, 150), (14, 10)), soft=2.5))
    return _spine(board, picture, bone=0.95, canal=0.45, cord=0.52)


def _spine(board: Board, picture: Field, *, bone: float, canal: float, cord: float) -> Field:
    vertebra = np.minimum(board.ellipse((170, 190), (27, 22)), board.path([(170, 222), (170, 246)]) - 5.0)
    wings = board.path([(134, 222), (156, 214), (184, 214), (206, 222)]) - 6.0
    picture = paint(picture, bone, inside(np.minimum(vertebra, wings), soft=2.5))
    picture = paint(picture, bone * 0.82, inside(board.ellipse((170, 190), (21, 16)), soft=4.0))
    picture = paint(picture, canal, inside(board.ellipse((170, 216), (12, 9)), soft=2.0))
    return paint(picture, cord, inside(board.ellipse((170, 216), (6, 5)), soft=2.0))


def _skull(board: Board, centre: Point, radii: Point) -> Field:
    bone = board.ellipse(centre, radii)
    picture = paint(np.full(board.x.shape, 0.02), 0.30, inside(bone - 9.0, soft=3.0))
    return paint(picture, 0.97, inside(bone))


def _brain(board: Board, *, seed: int) -> Field:
    return 0.44 + 0.05 * board.grain(pixels=9, seed=seed) + 0.03 * board.grain(pixels=3, seed=seed + 1)


def _folds(
    board: Board, picture: Field, centre: Point, radii: Point, *, shade: float, angles: Iterable[int]
) -> Field:
    """Dark furrows that run inwards from the edge of the brain."""
    for index, angle in enumerate(angles):
        line = [
            (centre[0] + radii[0] * part * np.cos(turn), centre[1] + radii[1] * part * np.sin(turn))
            for part, turn in (
                (1.0, np.deg2rad(angle)),
                (0.92 - 0.02 * (index % 2), np.deg2rad(angle + 3.0)),
                (0.85 - 0.05 * (index % 3), np.deg2rad(angle - 3.0 + 4.0 * (index % 2))),
            )
        ]
        picture = paint(picture, shade, stroke(board.path(curve(line, steps=4)), width=2.2, soft=3.0) * 0.9)
    return picture
