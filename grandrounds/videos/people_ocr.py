"""Rows of text in a picture, read by the program Tesseract.

It reads little of a whole frame of a film, and nearly everything of a single row that is enlarged, dark on
light. So the rows of a frame are drawn below one another on a sheet of their own, which is read at once.
A row that looks as it did in a frame before keeps its words, because overlays stay for minutes.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from grandrounds.errors import GrandRoundsError
from grandrounds.videos.quality import Box, Grey

_HIGH = 44  # pixels of a row on the sheet: letters of about 32
_SPACE = 24
_WIDEST = 3000
_MOST_ROWS = 60
_SURE = 35.0
_SECONDS = 60.0
_GLIMPSE = (96, 12)
_SAME = 7.0
_MOST_KEPT = 400


class OcrError(GrandRoundsError):
    """Tesseract could not read a sheet."""


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    box: Box
    glimpse: NDArray[np.float32]
    words: str


class RowReader:
    """Reads rows of text; remembers what it read."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._known: list[_Known] = []

    def read(self, grey: Grey, rows: Sequence[Box]) -> tuple[str, ...]:
        """The words of each row (empty where none could be read), in the order of ``rows``.

        Of more than 60 rows the last are left out: a page of text is no frame to ask about. Raises
        ``OcrError``.
        """
        rows = rows[:_MOST_ROWS]
        glimpses = [_glimpse(grey, box) for box in rows]
        words = [self._remembered(box, seen) for box, seen in zip(rows, glimpses, strict=True)]
        new = [place for place, told in enumerate(words) if told is None]
        if new:
            read = _read(self._program, [_enlarged(grey, rows[place]) for place in new])
            for place, told in zip(new, read, strict=True):
                words[place] = told
                self._known.append(_Known(rows[place], glimpses[place], told))
            self._known = self._known[-_MOST_KEPT:]
        return tuple(told or "" for told in words)

    def _remembered(self, box: Box, glimpse: NDArray[np.float32]) -> str | None:
        for known in reversed(self._known):
            near = all(abs(one - other) <= 4 for one, other in zip(known.box, box, strict=True))
            if near and float(np.abs(known.glimpse - glimpse).mean()) < _SAME:
                return known.words
        return None


def _glimpse(grey: Grey, box: Box) -> NDArray[np.float32]:
    row = np.ascontiguousarray(grey[box[1] : box[3], box[0] : box[2]])
    return np.asarray(cv2.resize(row, _GLIMPSE, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _enlarged(grey: Grey, box: Box) -> Grey:
    """A row with a little room around it, as high as the sheet's rows, dark on light."""
    x0, y0, x1, y1 = box
    room = max(3, (y1 - y0) // 3)
    row = grey[max(0, y0 - room) : y1 + room, max(0, x0 - room) : x1 + room]
    scale = min(_HIGH / row.shape[0] * 1.35, (_WIDEST - 2 * _SPACE) / row.shape[1])
    size = (max(1, round(row.shape[1] * scale)), max(1, round(row.shape[0] * scale)))
    method = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    large = np.asarray(cv2.resize(np.ascontiguousarray(row), size, interpolation=method), dtype=np.uint8)
    return large if float(np.median(large)) > 127 else np.asarray(255 - large, dtype=np.uint8)


def _read(program: str, rows: Sequence[Grey]) -> list[str]:
    """What stands in each of the rows."""
    width = max(row.shape[1] for row in rows) + 2 * _SPACE
    tops, sheet = [], [np.full((_SPACE, width), 255, dtype=np.uint8)]
    for row in rows:
        tops.append(sum(part.shape[0] for part in sheet))
        ground = int(np.median(row))
        part = np.full((row.shape[0] + _SPACE, width), ground, dtype=np.uint8)
        part[: row.shape[0], _SPACE : _SPACE + row.shape[1]] = row
        sheet.append(part)
    table = _run(program, np.concatenate(sheet))
    words: list[list[str]] = [[] for _ in rows]
    for line in table.splitlines()[1:]:
        cells = line.split("\t")
        if len(cells) < 12 or not cells[11].strip():
            continue
        try:
            middle, sure = int(cells[7]) + int(cells[9]) / 2, float(cells[10])
        except ValueError:
            continue
        if sure >= _SURE:
            place = max(0, int(np.searchsorted(tops, middle, side="right")) - 1)
            words[place].append(cells[11].strip())
    return [" ".join(told) for told in words]


def _run(program: str, sheet: Grey) -> str:
    packed, data = cv2.imencode(".png", sheet)
    if not packed:
        raise OcrError("the rows could not be packed as a picture")
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, fed by us
            [program, "stdin", "stdout", "--psm", "6", "tsv"],
            input=data.tobytes(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OcrError(type(error).__name__) from error
    if done.returncode:
        raise OcrError(f"it ended with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")
