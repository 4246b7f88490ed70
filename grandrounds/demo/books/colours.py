"""Photographs, tracings and one drawing for the demo books."""

from __future__ import annotations

import numpy as np

from grandrounds.demo.canvas import Board, Field, Point, curve, filled, inside, paint3, stroke

_INK = (0.08, 0.08, 0.12)


def polyp() -> Field:
    """A look into the large gut: a red knob on a stalk hangs from a fold."""
    board, picture = _tunnel(seed=701, hue=(0.93, 0.58, 0.47), at=(150.0, 128.0))
    stalk = board.path(curve([(196, 226), (188, 196), (170, 176)])) - 11.0
    picture = paint3(picture, (0.86, 0.42, 0.36), inside(stalk, soft=4.0))
    knob = board.ellipse((158, 158), (37, 33)) + 4.0 * (board.grain(pixels=9, seed=702) - 0.5)
    picture = paint3(picture, (0.46, 0.10, 0.10), inside(knob - 4.0, soft=8.0) * 0.6)
    picture = paint3(picture, (0.80, 0.22, 0.20), inside(knob, soft=3.0))
    picture = paint3(
        picture, (0.90, 0.42, 0.36), inside(board.ellipse((150, 148), (22, 18)), soft=18.0) * 0.8
    )
    picture = paint3(picture, (1.0, 0.97, 0.94), inside(board.ellipse((146, 142), (6, 4)), soft=3.0))
    return _round(board, picture, corners=True)


def bladder_growth() -> Field:
    """A look into the bladder: fronds like seaweed stand on its pale, veined wall."""
    board, picture = _tunnel(seed=711, hue=(0.95, 0.74, 0.60), at=(120.0, 110.0), deep=0.35)
    for vein in (
        [(20, 220), (90, 180), (130, 190)],
        [(60, 30), (110, 60), (210, 40)],
        [(240, 90), (200, 130)],
    ):
        picture = paint3(
            picture, (0.78, 0.26, 0.24), stroke(board.path(curve(vein)), width=2.0, soft=2.0) * 0.7
        )
    nearest, _, own = board.scatter(pixels=17, seed=712)
    patch = board.ellipse((172, 172), (68, 58)) + 16.0 * (board.grain(pixels=15, seed=713) - 0.5)
    area = inside(patch, soft=4.0)
    picture = paint3(picture, (0.62, 0.22, 0.20), area)
    picture = paint3(picture, (0.96, 0.62, 0.55), inside(nearest - 6.0 - 2.0 * own, soft=4.0) * area)
    picture = paint3(picture, (1.0, 0.86, 0.80), inside(nearest - 2.0, soft=3.0) * area * own)
    return _round(board, picture, corners=False)


def ringworm() -> Field:
    """The skin of a forearm: a round red raised edge with scales about a paler middle."""
    board = Board(width=340, height=260)
    arm = np.abs(board.y - 130.0 - 0.06 * (board.x - 170.0)) - 116.0
    shade = 1.0 - 0.35 * np.clip((np.abs(board.y - 130.0) / 130.0) ** 2, 0.0, 1.0)
    light = shade * (
        0.95 + 0.06 * (board.grain(pixels=3, seed=721) - 0.5) + 0.08 * board.grain(pixels=40, seed=722)
    )
    skin = np.stack([0.90 * light, 0.69 * light, 0.56 * light], axis=-1)
    picture = paint3(
        filled(board, (0.16, 0.30, 0.36)), (0.0, 0.0, 0.0), 0.3 * board.grain(pixels=60, seed=723)
    )
    picture = np.where(inside(arm, soft=3.0)[..., None] > 0.5, skin, picture)
    ring = board.ellipse((172, 128), (66, 56)) + 9.0 * (board.grain(pixels=16, seed=724) - 0.5)
    picture = paint3(picture, (0.86, 0.50, 0.42), inside(ring, soft=10.0) * 0.45)
    picture = paint3(picture, (0.74, 0.22, 0.19), stroke(ring + 5.0, width=13.0, soft=9.0) * 0.85)
    scales = np.clip(board.grain(pixels=4, seed=725) - 0.66, 0.0, 0.1) * 10.0
    picture = paint3(picture, (0.97, 0.92, 0.88), scales * stroke(ring + 6.0, width=18.0, soft=6.0))
    hairs, _, own = board.scatter(pixels=23, seed=726)
    picture = paint3(
        picture, (0.35, 0.22, 0.15), inside(hairs - 0.9, soft=1.2) * (own > 0.4) * inside(arm + 6.0)
    )
    return np.clip(picture, 0.0, 1.0)


def fundus_drusen() -> Field:
    """A left fundus: the disc on the left, yellow specks in clusters about the dark macula."""
    board = Board(width=310, height=310)
    far = np.hypot(board.x - 155, board.y - 155)
    glow = 1.02 - 0.35 * far / 150.0 + 0.06 * (board.grain(pixels=30, seed=731) - 0.5)
    picture = np.stack([0.88 * glow, 0.47 * glow, 0.22 * glow], axis=-1)
    disc = (84.0, 148.0)
    macula = (182.0, 160.0)
    picture = paint3(picture, (0.52, 0.20, 0.10), inside(board.ellipse(macula, (22, 20)), soft=28.0) * 0.8)
    for line in (
        ((100, 108), (150, 78), (214, 76), (270, 112)),
        ((98, 190), (148, 228), (212, 232), (268, 204)),
        ((66, 104), (44, 72), (30, 50)),
        ((66, 194), (46, 232), (36, 262)),
        ((92, 96), (110, 50), (150, 14)),
    ):
        way = curve([disc, *line])
        picture = paint3(picture, (0.70, 0.17, 0.10), stroke(board.path(way), width=2.6, soft=1.5) * 0.9)
        beside = [(x + 5.0, y + 4.0) for x, y in way]
        picture = paint3(picture, (0.44, 0.07, 0.08), stroke(board.path(beside), width=4.0, soft=1.8) * 0.9)
    picture = paint3(picture, (0.95, 0.68, 0.40), inside(board.ellipse(disc, (21, 24)), soft=6.0))
    picture = paint3(picture, (0.99, 0.88, 0.64), inside(board.ellipse(disc, (9, 10)), soft=6.0))
    nearest, _, own = board.scatter(pixels=13, seed=732)
    close = inside(np.hypot(board.x - macula[0], board.y - macula[1]) - 58.0, soft=34.0)
    specks = inside(nearest - 1.2 - 3.2 * own, soft=2.4) * close * (own > 0.25)
    picture = paint3(picture, (0.98, 0.86, 0.45), specks * 0.92)
    return np.clip(picture * inside(far - 146.0, soft=3.0)[..., None], 0.0, 1.0)


def uneven_beats() -> Field:
    """Two leads on paper: narrow beats at uneven distances, a wavering line between them and no P waves."""
    board = Board(width=460, height=240)
    picture = _paper(board)
    for row, seed in ((78.0, 741), (178.0, 742)):
        trace: list[Point] = []
        at = 14.0
        for gap in (62.0, 41.0, 88.0, 53.0, 70.0, 46.0, 95.0, 40.0):
            trace += _waver(at, at + gap - 14.0, base=row, seed=seed)
            trace += [(at + gap - 12.0, row + 3), (at + gap - 8.0, row - 42), (at + gap - 4.0, row + 9)]
            trace += curve(
                [(at + gap - 2.0, row), (at + gap + 6.0, row - 9), (at + gap + 14.0, row)], steps=4
            )
            at += gap + 2.0
        picture = paint3(picture, _INK, stroke(board.path(sorted(trace), reach=12.0), width=1.5, soft=1.1))
    return picture


def spikes_and_waves() -> Field:
    """Eight channels on white: for three seconds spikes and slow waves run through all of them."""
    board = Board(width=460, height=300)
    picture = filled(board, (1.0, 1.0, 0.99))
    grid = (np.mod(board.x, 57.5) < 1.0).astype(np.float64)
    picture = paint3(picture, (0.80, 0.88, 0.84), grid)
    for channel in range(8):
        base = 24.0 + 36.0 * channel
        trace: list[Point] = []
        for x in range(0, 462, 2):
            calm = 3.0 * np.sin(x / 4.6 + channel) + 2.2 * np.sin(x / 2.7 + 2.1 * channel)
            phase = (x - 150) % 19.2 / 19.2
            storm = -22.0 * np.exp(-(((phase - 0.12) / 0.05) ** 2)) + 9.0 * np.sin(np.pi * phase) ** 2
            trace.append((float(x), base + float(storm if 150 <= x <= 322 else calm)))
        picture = paint3(
            picture, (0.06, 0.10, 0.34), stroke(board.path(trace, reach=12.0), width=1.2, soft=1.1)
        )
    return picture


def tract_drawing() -> Field:
    """A drawing: two kidneys, two ureters and the bladder in flat colours on white, without a word."""
    board = Board(width=300, height=340)
    picture = filled(board, (1.0, 1.0, 1.0))
    for side in (-1.0, 1.0):
        x = 150 + side * 72
        tube = board.path(curve([(x - side * 18, 104), (x - side * 34, 190), (150 + side * 24, 262)]))
        picture = paint3(picture, (0.93, 0.78, 0.42), inside(tube - 5.0, soft=1.4))
        picture = paint3(picture, (0.35, 0.25, 0.16), stroke(tube - 5.0, width=1.6))
        bean = np.maximum(
            board.ellipse((x, 92), (38, 58), degrees=side * 8),
            -board.ellipse((x - side * 38, 96), (18, 22)),
        )
        picture = paint3(picture, (0.72, 0.27, 0.24), inside(bean, soft=1.4))
        picture = paint3(picture, (0.35, 0.10, 0.10), stroke(bean, width=2.0))
        cap = board.ellipse((x - side * 10, 32), (22, 11), degrees=side * 18)
        picture = paint3(picture, (0.95, 0.74, 0.30), inside(cap, soft=1.4))
    sac = np.minimum(board.ellipse((150, 284), (52, 40)), board.path([(150, 316), (150, 338)]) - 7.0)
    picture = paint3(picture, (0.95, 0.84, 0.55), inside(sac, soft=1.4))
    return paint3(picture, (0.35, 0.25, 0.16), stroke(sac, width=2.0))


def _waver(start: float, end: float, *, base: float, seed: int) -> list[Point]:
    return [
        (x, base + 2.2 * float(np.sin(x / 2.1 + seed) + 0.6 * np.sin(x / 1.3)))
        for x in np.arange(start, end, 1.5).tolist()
    ]


def _paper(board: Board) -> Field:
    picture = filled(board, (1.0, 0.95, 0.93))
    for step, colour in ((5.0, (0.97, 0.84, 0.82)), (25.0, (0.92, 0.64, 0.62))):
        lines = np.maximum(np.mod(board.x, step) < 1.0, np.mod(board.y, step) < 1.0).astype(np.float64)
        picture = paint3(picture, colour, lines)
    return picture


def _tunnel(
    *, seed: int, hue: tuple[float, float, float], at: Point, deep: float = 1.0
) -> tuple[Board, Field]:
    board = Board(width=290, height=290)
    far = np.hypot(board.x - at[0], board.y - at[1])
    bearing = np.arctan2(board.y - at[1], board.x - at[0])
    depth = np.log(np.maximum(far + 8.0 * np.sin(3 * bearing + seed), 5.0) / 20.0)
    light = 0.42 + 0.34 * np.clip(depth / 2.0, 0.0, 1.0) + 0.08 * deep * np.sin(depth * 7.0)
    light += 0.05 * (board.grain(pixels=5, seed=seed) - 0.5) + 0.06 * (
        board.grain(pixels=24, seed=seed + 1) - 0.5
    )
    light *= 1.0 - deep * (1.0 - (inside(18.0 - far, soft=40.0) * 0.9 + 0.1))
    return board, np.stack([light * 1.15 * c for c in hue], axis=-1)


def _round(board: Board, picture: Field, *, corners: bool) -> Field:
    """What an endoscope's window shows: a circle, or a square whose corners are cut."""
    far = np.hypot(board.x - 145, board.y - 145)
    edge = far - 138.0
    if corners:
        edge = np.maximum(far - 158.0, np.maximum(np.abs(board.x - 145), np.abs(board.y - 145)) - 137.0)
    return np.clip(picture * inside(edge)[..., None], 0.0, 1.0)
