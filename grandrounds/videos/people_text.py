"""Where text stands in a picture: a cheap test, before a slow program reads it.

Text is rows of strong edges that hold at least three letters: separate shapes of two grey values, nearly as
high as the row. Text over grass, leaves and the like is mostly missed, and so is text below about 10
pixels (docs/videos.md has the figures); handwriting is not looked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from grandrounds.videos.quality import Box, Grey

_SIDE = 800
_EDGE = 40
_JOIN = 11
_LOWEST, _HIGHEST = 6, 64
_LONGER = 1.8
_FULL = 0.5
_MOST_ROWS = 200
_LEAST_CONTRAST = 50
_LETTERS = 3
_GAP = 1.6
_SLIDE_ROWS = 4
_SLIDE_GROUND = 0.5
_SLIDE_TEXT = 0.6


def text_rows(grey: Grey) -> tuple[Box, ...]:
    """Boxes of rows of text, from top to bottom; pieces of a row that stand near one another are one."""
    scale = min(1.0, _SIDE / max(grey.shape))
    fitted = grey if scale == 1.0 else _fitted(grey, scale)
    if min(fitted.shape) < _LOWEST:
        return ()
    found = [box for box in _rows_of_edges(fitted) if _letters(fitted, box) >= _LETTERS]
    height, width = grey.shape
    rows = (
        (
            max(0, int(x0 / scale)),
            max(0, int(y0 / scale)),
            min(width, int(np.ceil(x1 / scale))),
            min(height, int(np.ceil(y1 / scale))),
        )
        for x0, y0, x1, y1 in found
    )
    return tuple(sorted(_joined(sorted(rows)), key=lambda box: (box[1], box[0])))


def is_slide(grey: Grey, rows: Sequence[Box]) -> bool:
    """Whether a picture is a page of text: several rows on an even ground, and hardly anything else."""
    if len(rows) < _SLIDE_ROWS:
        return False
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    ground = int(np.convolve(counts, np.ones(17), mode="same").argmax())
    other = np.abs(grey.astype(np.int16) - ground) > 24
    if float(other.mean()) > 1.0 - _SLIDE_GROUND:
        return False
    text = np.zeros(grey.shape, dtype=bool)
    for x0, y0, x1, y1 in rows:
        deep = (y1 - y0) // 3
        text[max(0, y0 - deep) : y1 + deep, max(0, x0 - deep) : x1 + deep] = True
    return float((other & text).sum()) >= _SLIDE_TEXT * float(other.sum())


def _fitted(grey: Grey, scale: float) -> Grey:
    """The picture made smaller: by a whole number by averaging, the rest between pixels, which is quick."""
    whole = max(1, int(1 / scale))
    if whole > 1:
        half = (max(1, grey.shape[1] // whole), max(1, grey.shape[0] // whole))
        grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        scale *= whole
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _rows_of_edges(grey: Grey) -> list[Box]:
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), dtype=np.uint8))
    strong = cv2.compare(edges, np.full_like(edges, _EDGE), cv2.CMP_GT)
    joined = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, np.ones((1, _JOIN), dtype=np.uint8))
    opened = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((3, 3), dtype=np.uint8))
    outlines, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline in outlines:
        x, y, wide, high = cv2.boundingRect(outline)
        if not _LOWEST <= high <= _HIGHEST or wide < _LONGER * high:
            continue
        if cv2.countNonZero(opened[y : y + high, x : x + wide]) >= _FULL * wide * high:
            found.append((x, y, x + wide, y + high))
    return sorted(found, key=lambda box: (box[1], box[0]))[:_MOST_ROWS]


def _letters(grey: Grey, box: Box) -> int:
    """How many shapes in a row look like letters; 0 where it doesn't consist of them."""
    x0, y0, x1, y1 = box
    row = np.ascontiguousarray(grey[y0:y1, x0:x1])
    _, lit = cv2.threshold(row, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    light: Grey = np.asarray(lit, dtype=np.uint8)
    share = float(light.mean())
    if not 0.05 < share < 0.95:
        return 0
    apart = cv2.mean(row, light)[0] - cv2.mean(row, 1 - light)[0]
    if apart < _LEAST_CONTRAST:
        return 0
    dark: Grey = np.asarray(1 - light, dtype=np.uint8)
    inks = (light,) if share < 0.35 else (dark,) if share > 0.65 else (light, dark)
    return max(_letters_of(ink) for ink in inks)


def _letters_of(ink: NDArray[np.uint8]) -> int:
    height, width = ink.shape
    _, _, told, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    told = told[1:]
    wide, high, size = told[:, 2], told[:, 3], told[:, 4]
    good = (high >= 0.4 * height) & (wide <= 1.6 * height) & (size >= 0.15 * wide * high)
    covered = float(wide[good].sum()) / width
    own = float(size[good].sum()) / max(1, int(size.sum()))
    return int(good.sum()) if covered >= 0.4 and own >= 0.6 else 0


def _joined(rows: list[Box]) -> list[Box]:
    """Rows (from left to right) without gaps of a word's distance."""
    joined: list[Box] = []
    for box in rows:
        for place, other in enumerate(joined):
            high = min(box[3] - box[1], other[3] - other[1])
            level = min(box[3], other[3]) - max(box[1], other[1])
            if level >= 0.6 * high and box[0] - other[2] <= _GAP * max(high, 6):
                joined[place] = (
                    min(box[0], other[0]),
                    min(box[1], other[1]),
                    max(box[2], other[2]),
                    max(box[3], other[3]),
                )
                break
        else:
            joined.append(box)
    return joined
