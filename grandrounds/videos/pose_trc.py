"""Tables of key points as TRC, the format of OpenSim and Sports2D: lines of heads, names, axes; tabs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from grandrounds.videos.pose_names import canonical
from grandrounds.videos.pose_raw import METRES, MOST_ROWS, PIXELS, RawPose, gathered, number, seen, unusable

_METRES = {"m": 1.0, "mm": 1e-3, "cm": 1e-2, "in": 0.0254, "meters": 1.0, "metres": 1.0}
_TALLEST = 6.0
"""Metres: a body larger than this is measured in pixels, whatever the file says (Sports2D's tables of
pixels state metres)."""


def read_trc(text: str) -> RawPose:
    """The key points of a TRC. Metres grow upwards, pixels downwards. Raises ``SourceError``."""
    lines = text.splitlines()
    at = next((place for place, line in enumerate(lines[:30]) if line.lower().startswith("frame#")), None)
    if at is None or at + 2 >= len(lines):
        raise unusable("it has no line that begins with Frame#")
    names = [canonical(name) for name in lines[at].rstrip().split("\t")[2:] if name.strip()]
    rows = []
    for line in lines[at + 2 :]:
        if line.strip():
            rows.append([number(cell) for cell in line.rstrip("\r\n").split("\t")])
            if len(rows) > MOST_ROWS:
                raise unusable(f"it has more than {MOST_ROWS:,} rows")
    width = 2 + 3 * len(names)
    values = np.full((len(rows), width), np.nan)
    for place, row in enumerate(rows):
        values[place, : min(len(row), width)] = row[:width]
    scale = _METRES.get(_unit(lines[:at]), 1.0)
    points: dict[str, Any] = {}
    for place, name in enumerate(names):
        own = values[:, 2 + 3 * place : 5 + 3 * place]
        points.setdefault(name, seen([own[:, axis] * scale for axis in range(3)], None))
    times = values[:, 1] if np.isfinite(values[:, 1]).sum() >= 2 else None
    raw = gathered(points, times=times, frames=None if times is not None else values[:, 0] - 1)
    metric = _extent(raw) <= _TALLEST
    return RawPose(
        names=raw.names,
        times=raw.times,
        frames=raw.frames,
        places=raw.places if metric else raw.places[..., :2] / scale,
        unit=METRES if metric else PIXELS,
        upward=metric,
    )


def _unit(head: list[str]) -> str:
    """What the head says of units: the word below ``Units``."""
    for names, values in pairwise(head):
        columns = names.split("\t")
        if "Units" in columns:
            cells = values.split("\t")
            place = columns.index("Units")
            return cells[place].strip().casefold() if place < len(cells) else ""
    return ""


def _extent(raw: RawPose) -> float:
    """How large the body is, in the middle of the rows."""
    with np.errstate(all="ignore"):
        flat = raw.places[..., :2]
        some = np.isfinite(flat).any(axis=(1, 2))
        if not some.any():
            raise unusable("no point is seen anywhere")
        return float(np.median(np.nanmax(flat[some], axis=(1, 2)) - np.nanmin(flat[some], axis=(1, 2))))
