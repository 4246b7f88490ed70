"""Stained tissue and one electron micrograph for the demo books."""

from __future__ import annotations

import numpy as np

from grandrounds.demo.canvas import Board, Field, curve, filled, inside, noisy, paint, paint3, stroke

_PINK = (0.91, 0.66, 0.77)
_PALE = (0.96, 0.86, 0.91)
_PURPLE = (0.36, 0.20, 0.50)
_ROSE = (0.83, 0.45, 0.62)
_GLASS = (0.97, 0.95, 0.97)


def lung_glands() -> Field:
    """Haematoxylin and eosin: crowded dark cells around crooked white spaces, pink bands between."""
    board, picture = _ground(seed=601)
    nearest, _, own = board.scatter(pixels=64, seed=602, jitter=0.6)
    shape = nearest + 9.0 * (board.grain(pixels=17, seed=603) - 0.5)
    gland = shape - 18.0 - 10.0 * own
    picture = paint3(picture, (0.70, 0.48, 0.70), inside(gland, soft=3.0))
    picture = _nuclei(board, picture, pixels=8.5, size=3.1, seed=604, share=inside(gland, soft=3.0))
    picture = paint3(picture, _GLASS, inside(gland + 15.0, soft=3.0))
    picture = _nuclei(board, picture, pixels=24, size=2.4, seed=605, share=inside(-gland + 4.0, soft=4.0))
    return _finished(board, picture, seed=606)


def node_granuloma() -> Field:
    """Haematoxylin and eosin: a pale round nest of large cells in a field of small dark ones."""
    board, picture = _ground(seed=611)
    picture = _nuclei(board, picture, pixels=6.6, size=2.5, seed=612, share=np.ones(board.x.shape))
    nest = board.ellipse((158, 136), (92, 80)) + 18.0 * (board.grain(pixels=26, seed=613) - 0.5)
    other = board.ellipse((292, 232), (46, 40)) + 12.0 * (board.grain(pixels=20, seed=614) - 0.5)
    pale = inside(np.minimum(nest, other), soft=8.0)
    picture = paint3(picture, (0.93, 0.74, 0.83), pale)
    picture = _nuclei(board, picture, pixels=19, size=3.4, seed=615, share=pale)
    giant = board.ellipse((176, 124), (26, 22))
    picture = paint3(picture, (0.88, 0.62, 0.74), inside(giant, soft=3.0))
    picture = _nuclei(board, picture, pixels=9, size=2.8, seed=616, share=stroke(giant + 6.0, width=9.0))
    return _finished(board, picture, seed=617)


def liver_bands() -> Field:
    """Haematoxylin and eosin: round islands of liver cells parted by pale fibrous bands."""
    board, picture = _ground(seed=621)
    nearest, second, _ = board.scatter(pixels=96, seed=622, jitter=0.7)
    band = 9.0 + 4.0 * board.grain(pixels=30, seed=623) - (second - nearest) / 2
    island = inside(band, soft=3.0)
    picture = paint3(picture, (0.86, 0.55, 0.62), island)
    gap, far, _ = board.scatter(pixels=15, seed=624)
    walls = inside((far - gap) / 2 - 0.8, soft=1.2) * island
    picture = paint3(picture, _PALE, walls * 0.8)
    picture = paint3(picture, _PURPLE, inside(gap - 2.8, soft=1.4) * island)
    fibres = 0.5 + 0.5 * np.sin((board.x + 2.0 * board.y) / 3.0 + 9.0 * board.grain(pixels=18, seed=625))
    picture = paint3(picture, _ROSE, (1.0 - island) * fibres * 0.35)
    picture = _nuclei(board, picture, pixels=14, size=2.0, seed=626, share=1.0 - island)
    return _finished(board, picture, seed=627)


def glomerulus() -> Field:
    """Haematoxylin and eosin: a tuft of loops in a clear ring, cut tubules all around."""
    board, picture = _ground(seed=631)
    nearest, _, own = board.scatter(pixels=46, seed=632, jitter=0.4)
    tube = nearest - 17.0 - 3.0 * own
    picture = paint3(picture, (0.86, 0.52, 0.66), inside(tube, soft=2.0))
    picture = _nuclei(board, picture, pixels=11, size=2.9, seed=633, share=stroke(tube + 6.0, width=8.0))
    picture = paint3(picture, _GLASS, inside(tube + 11.0, soft=2.5))
    capsule = board.ellipse((172, 138), (92, 86))
    picture = paint3(picture, _ROSE, inside(capsule - 5.0, soft=2.0))
    picture = paint3(picture, _GLASS, inside(capsule, soft=2.0))
    tuft = board.ellipse((176, 140), (74, 68)) + 16.0 * (board.grain(pixels=22, seed=634) - 0.5)
    picture = paint3(picture, (0.85, 0.56, 0.72), inside(tuft, soft=2.5))
    loops, rim, _ = board.scatter(pixels=18, seed=635)
    picture = paint3(picture, _GLASS, inside(loops - 4.5, soft=2.0) * inside(tuft + 5.0, soft=3.0) * 0.9)
    picture = paint3(
        picture, _ROSE, inside((rim - loops) / 2 - 1.2, soft=1.0) * inside(tuft, soft=2.0) * 0.8
    )
    picture = _nuclei(board, picture, pixels=10, size=2.6, seed=636, share=inside(tuft, soft=2.0))
    return _finished(board, picture, seed=637)


def thyroid_follicles() -> Field:
    """Haematoxylin and eosin: round spaces filled with even pink, each in a single row of cells."""
    board, picture = _ground(seed=641)
    nearest, second, own = board.scatter(pixels=62, seed=642, jitter=0.5)
    wall = 5.0 + 3.0 * own - (second - nearest) / 2
    picture = paint3(picture, (0.74, 0.50, 0.68), inside(wall, soft=2.0))
    picture = paint3(picture, (0.93, 0.52, 0.68), inside(wall + 7.0, soft=2.0))
    ring = inside(wall, soft=2.0) * inside(-wall - 7.0, soft=2.0)
    picture = _nuclei(board, picture, pixels=8, size=2.8, seed=643, share=ring)
    return _finished(board, picture, seed=644)


def foot_processes() -> Field:
    """An electron micrograph, grey: a dark band with a row of even feet on one side, holes on the other."""
    board = Board(width=340, height=270)
    picture = 0.72 + 0.20 * (board.grain(pixels=7, seed=651) - 0.5)
    line = curve([(-20, 200), (60, 150), (150, 136), (240, 160), (360, 110)])
    height = np.interp(board.x, [p[0] for p in line], [p[1] for p in line])
    above = height - board.y
    cell = 0.46 + 0.26 * board.grain(pixels=5, seed=652)
    picture = paint(picture, cell, inside(above + 40.0, soft=3.0))
    feet = np.maximum(np.abs(np.mod(board.x, 19.0) - 9.5) - 6.6, np.abs(above - 17.0) - 13.0)
    picture = paint(picture, 0.50 + 0.14 * board.grain(pixels=4, seed=653), inside(feet, soft=2.5))
    picture = paint(picture, 0.18, stroke(feet, width=2.0, soft=1.4))
    picture = paint(picture, 0.24, stroke(above, width=9.0, soft=3.0))
    body = board.ellipse((120, 40), (120, 58)) + 12.0 * (board.grain(pixels=24, seed=654) - 0.5)
    picture = paint(picture, 0.42 + 0.20 * board.grain(pixels=5, seed=655), inside(body, soft=3.0))
    picture = paint(picture, 0.26, stroke(body, width=2.4))
    kernel = board.ellipse((104, 34), (56, 30)) + 6.0 * (board.grain(pixels=16, seed=656) - 0.5)
    picture = paint(picture, 0.28 + 0.22 * board.grain(pixels=10, seed=657), inside(kernel, soft=2.0))
    picture = paint(picture, 0.12, stroke(kernel, width=2.6))
    return noisy(board, np.clip(picture, 0.0, 1.0), share=0.10, seed=658)


def _ground(*, seed: int) -> tuple[Board, Field]:
    board = Board(width=340, height=270)
    picture = filled(board, _PINK)
    picture = paint3(picture, _PALE, 0.7 * board.grain(pixels=26, seed=seed))
    return board, paint3(picture, _ROSE, 0.35 * board.grain(pixels=6, seed=seed + 50))


def _nuclei(board: Board, picture: Field, *, pixels: float, size: float, seed: int, share: Field) -> Field:
    nearest, _, own = board.scatter(pixels=pixels, seed=seed)
    cover = inside(nearest - size * (0.75 + 0.5 * own), soft=1.3) * share
    return paint3(picture, _PURPLE, cover * (0.75 + 0.25 * own))


def _finished(board: Board, picture: Field, *, seed: int) -> Field:
    grain = board.grain(pixels=2.0, seed=seed) - 0.5
    return np.clip(picture + 0.05 * grain[..., None], 0.0, 1.0)
