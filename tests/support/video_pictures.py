"""Pictures for tests of videos, made by code: textures, screens of a scanner, pages of text, things that move."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def texture(
    seed: int = 0, *, height: int = 360, width: int = 640, low: int = 40, high: int = 210
) -> Picture:
    """A scene with coarse and fine detail, as a lawn or tissue has."""
    rng = np.random.default_rng(seed)
    made = np.zeros((height, width), dtype=np.float32)
    for size, weight in ((4, 1.0), (10, 1.0), (30, 0.8), (90, 0.7)):
        grid = rng.random((max(2, height // size), max(2, width // size)), dtype=np.float32)
        made += weight * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    made = (made - made.min()) / (made.max() - made.min())
    grey = (low + made * (high - low)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def scanner_screen(seed: int = 0, *, shift: int = 0) -> tuple[Picture, tuple[int, int, int, int]]:
    """A scanner's screen (1280 x 720, black) with a sector, words and a scale around it, and the sector's box."""
    screen = np.zeros((720, 1280, 3), dtype=np.uint8)
    field = np.roll(texture(seed, height=520, width=620, low=30, high=200), shift, axis=1)
    mask = np.zeros((520, 620), dtype=np.uint8)
    cv2.ellipse(mask, (310, 0), (310, 519), 0, 20, 160, 255, -1)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    screen[110:630, 330:950][mask > 0] = field[mask > 0]
    for text, place in (("MI 1.1  TIs 0.4", (40, 60)), ("Abd 12 cm", (40, 100)), ("FR 25 Hz", (1080, 60))):
        cv2.putText(screen, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (220, 220, 220), 2, cv2.LINE_AA)
    for y in range(140, 640, 50):
        cv2.line(screen, (1010, y), (1022, y), (200, 200, 200), 2)
    box = (330 + columns[0], 110 + rows[0], 330 + columns[-1] + 1, 110 + rows[-1] + 1)
    return screen, (int(box[0]), int(box[1]), int(box[2]), int(box[3]))


def page_of_text(rows: int = 9) -> Picture:
    """A slide: rows of words on white."""
    page = np.full((720, 1280, 3), 250, dtype=np.uint8)
    for row in range(rows):
        cv2.putText(
            page, "Stand on one leg and hold the chair", (90, 110 + 64 * row), cv2.FONT_HERSHEY_SIMPLEX,
            1.3, (30, 30, 60), 3, cv2.LINE_AA,
        )  # fmt: skip
    return page


def with_walker(background: Picture, x: int, *, y: int = 120, seed: int = 7) -> Picture:
    """The picture with an upright, dark, patterned thing of 40 x 150 pixels at ``x``."""
    made = background.copy()
    thing = texture(seed, height=150, width=40, low=0, high=60)
    left, right = max(0, x), min(made.shape[1], x + 40)
    if right > left:
        made[y : y + 150, left:right] = thing[:, left - x : right - x]
    return made


def noisy(picture: Picture, *, seed: int, strength: float = 3.0) -> Picture:
    """The picture with a camera's noise."""
    noise = np.random.default_rng(seed).normal(0.0, strength, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)
