"""Tables of key points as CSV: wide, long, and DeepLabCut's with its three rows of heads."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from grandrounds.videos.pose_names import canonical, numbered
from grandrounds.videos.pose_raw import MOST_ROWS, RawPose, gathered, number, seen, unusable


def _words(row: str) -> frozenset[str]:
    return frozenset(row.split())


_SECONDS = {
    "time": 1.0, "t": 1.0, "seconds": 1.0, "second": 1.0, "sec": 1.0, "s": 1.0, "time_s": 1.0,
    "time_sec": 1.0, "time_seconds": 1.0, "timestamp": 1.0, "timestamp_s": 1.0, "timestamps": 1.0,
    "ts": 1.0, "pts": 1.0,
    "time_ms": 1e-3, "ms": 1e-3, "msec": 1e-3, "milliseconds": 1e-3, "timestamp_ms": 1e-3, "t_ms": 1e-3,
    "time_us": 1e-6, "timestamp_us": 1e-6, "time_ns": 1e-9, "timestamp_ns": 1e-9,
}  # fmt: skip
_FRAMES = _words("frame frames frame_number frame_no frame_num frame_id frame_index frame_idx image_id")
_POINTS = (
    "keypoint", "keypoint_name", "landmark", "landmark_name", "joint", "joint_name", "bodypart",
    "body_part", "bodyparts", "part", "marker", "point", "name", "label", "landmark_id", "keypoint_id",
    "landmark_index", "keypoint_index", "joint_id", "point_id", "id",
)  # fmt: skip
_PERSONS = _words("person person_id track_id individual individuals subject instance instance_id pose_id")
_AXES = {
    "x": "x", "y": "y", "z": "z", "c": "c", "p": "c", "v": "c", "conf": "c", "confidence": "c",
    "score": "c",
    "likelihood": "c", "visibility": "c", "vis": "c", "prob": "c", "probability": "c", "presence": "c",
}  # fmt: skip
_AXIS = "|".join(sorted(_AXES, key=len, reverse=True))
_BEHIND = re.compile(rf"^(.+?)[_.\s:-]+({_AXIS})$", re.IGNORECASE)
_BEFORE = re.compile(rf"^({_AXIS})[_.\s:-]+(.+)$", re.IGNORECASE)
_CAMEL = re.compile(r"^(.*[a-z0-9])([XYZ])$")
_NUMBERED = re.compile(r"^([xyzvcp])_?([0-9]{1,3})$", re.IGNORECASE)


def read_csv(text: str) -> RawPose:
    """The key points of a CSV (commas, semicolons or tabs). Raises ``SourceError`` where there are none."""
    rows = _rows(text)
    if len(rows) < 3:
        raise unusable("it has fewer than two rows")
    first = [cell.strip().casefold() for cell in rows[0]]
    if first and first[0] == "scorer":
        return _deeplabcut(rows)
    columns: dict[str, int] = {}
    for place, name in enumerate(rows[0]):
        columns.setdefault(_plain(name), place)
    body = rows[1:]
    if "x" in columns and "y" in columns and any(name in columns for name in _POINTS):
        return _long(columns, body)
    return _wide(rows[0], columns, body)


def _rows(text: str) -> list[list[str]]:
    head = text[:20_000].split("\n", 1)[0]
    counts = {mark: head.count(mark) for mark in ",;\t"}
    mark = max(counts, key=lambda one: counts[one])
    if not counts[mark]:
        raise unusable("it has one column")
    rows: list[list[str]] = []
    try:
        for row in csv.reader(text.splitlines(), delimiter=mark):
            if any(cell.strip() for cell in row) and not (row[0].startswith("#") and not rows):
                rows.append(row)
            if len(rows) > MOST_ROWS:
                raise unusable(f"it has more than {MOST_ROWS:,} rows")
    except csv.Error as exc:
        raise unusable(f"it can't be read as a table ({exc})") from exc
    return rows


def _wide(head: Sequence[str], columns: Mapping[str, int], body: Sequence[Sequence[str]]) -> RawPose:
    """A row a moment, a column a coordinate."""
    found: dict[str, dict[str, int]] = {}
    for place, cell in enumerate(head):
        told = _coordinate(cell.strip())
        if told is not None and _plain(cell) not in _SECONDS and _plain(cell) not in _FRAMES:
            found.setdefault(told[0], {}).setdefault(told[1], place)
    whole = {name: axes for name, axes in found.items() if "x" in axes and "y" in axes}
    person = next((columns[name] for name in columns if name in _PERSONS), None)
    rows = body if person is None else _of_one(body, person)
    names = _names(list(whole))
    points: dict[str, NDArray[np.float64]] = {}
    for name, axes in whole.items():
        spatial = [_column(rows, axes[axis]) for axis in "xyz" if axis in axes]
        confidence = _column(rows, axes["c"]) if "c" in axes else None
        points.setdefault(names[name], seen(spatial, confidence))
    times, frames = _moments(columns, rows)
    return gathered(points, times=times, frames=frames)


def _long(columns: Mapping[str, int], body: Sequence[Sequence[str]]) -> RawPose:
    """A row a point and moment."""
    person = next((columns[name] for name in columns if name in _PERSONS), None)
    rows = list(body) if person is None else _of_one(body, person)
    called = next(columns[name] for name in _POINTS if name in columns)
    times, frames = _moments(columns, rows)
    moments = times if times is not None else frames
    if moments is None:
        raise unusable("no column tells the time or the frame of a row")
    known = sorted({_cell(row, called) for row in rows} - {""})
    names = _names(known)
    stamps, at = np.unique(moments, return_inverse=True)
    spatial = [_column(rows, columns[axis]) for axis in "xyz" if axis in columns]
    confidence = next(
        (_column(rows, columns[name]) for name, axis in _AXES.items() if axis == "c" and name in columns),
        None,
    )
    places = seen(spatial, confidence)
    points: dict[str, NDArray[np.float64]] = {}
    cells = np.array([_cell(row, called) for row in rows])
    for name in known:
        own = np.flatnonzero(cells == name)
        told = points.setdefault(names[name], np.full((len(stamps), places.shape[1]), np.nan))
        told[at[own]] = places[own]
    stated = np.isfinite(stamps)
    points = {name: told[stated] for name, told in points.items()}
    stamps = stamps[stated]
    return gathered(
        points, times=stamps if times is not None else None, frames=None if times is not None else stamps
    )


def _deeplabcut(rows: Sequence[Sequence[str]]) -> RawPose:
    """DeepLabCut's rows of heads: scorer, (individuals,) bodyparts, coords; frames count from 0."""
    named = ((row[0].strip().casefold(), row) for row in rows[:4] if row)
    heads = {name: row for name, row in named if name in ("scorer", "individuals", "bodyparts", "coords")}
    parts, coords = heads.get("bodyparts"), heads.get("coords")
    if parts is None or coords is None:
        raise unusable("DeepLabCut's rows of heads are not whole")
    persons = heads.get("individuals")
    body = [row for row in rows[len(heads) :] if row]
    wanted = _most_seen(persons, coords, body) if persons else ""
    found: dict[str, dict[str, int]] = {}
    for place in range(1, min(len(parts), len(coords))):
        if persons and (place >= len(persons) or persons[place] != wanted):
            continue
        axis = _AXES.get(coords[place].strip().casefold())
        if axis:
            found.setdefault(canonical(parts[place]), {}).setdefault(axis, place)
    points = {
        name: seen(
            [_column(body, axes["x"]), _column(body, axes["y"])],
            _column(body, axes["c"]) if "c" in axes else None,
        )
        for name, axes in found.items()
        if "x" in axes and "y" in axes
    }
    return gathered(points, frames=_column(body, 0), unit="pixels", upward=False)


def _most_seen(persons: Sequence[str], coords: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    counts: Counter[str] = Counter()
    for place, name in enumerate(persons):
        if place and place < len(coords) and coords[place].strip() == "x":
            counts[name] += int(np.isfinite(_column(body, place)).sum())
    return max(sorted(counts), key=lambda name: counts[name]) if counts else ""


def _of_one(rows: Sequence[Sequence[str]], person: int) -> list[Sequence[str]]:
    """The rows of the person who has most; of several the first by name."""
    counts = Counter(_cell(row, person) for row in rows)
    chosen = max(sorted(counts), key=lambda name: counts[name])
    return [row for row in rows if _cell(row, person) == chosen]


def _moments(
    columns: Mapping[str, int], rows: Sequence[Sequence[str]]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Seconds, or numbers of frames, or neither."""
    for name, place in columns.items():
        if name in _SECONDS:
            values = _column(rows, place)
            if np.isfinite(values).sum() >= 2:
                return values * _SECONDS[name], None
    for name, place in columns.items():
        if name in _FRAMES or name == "":  # a table saved with its row numbers
            values = _column(rows, place)
            if np.isfinite(values).sum() >= 2:
                return None, values
    return None, None


def _coordinate(cell: str) -> tuple[str, str] | None:
    """Which point's coordinate a column holds."""
    told = _NUMBERED.match(cell)
    if told:
        return told[2].lstrip("0") or "0", _AXES[told[1].casefold()]
    told = _BEHIND.match(cell)
    if told:
        return told[1].strip(), _AXES[told[2].casefold()]
    told = _BEFORE.match(cell)
    if told:
        return told[2].strip(), _AXES[told[1].casefold()]
    told = _CAMEL.match(cell)
    return (told[1], told[2].casefold()) if told else None


def _names(said: Sequence[str]) -> dict[str, str]:
    """The names of points as one spelling; of numbers, those of a known order of as many points."""
    if said and all(name.isdecimal() for name in said):
        order = sorted(said, key=int)
        known = numbered(len(order))
        if known is None:
            raise unusable(f"its {len(order)} points are numbered, and no known order has as many")
        return dict(zip(order, known, strict=True))
    return {name: canonical(name) for name in said}


def _column(rows: Sequence[Sequence[str]], place: int) -> NDArray[np.float64]:
    return np.array([number(row[place]) if place < len(row) else np.nan for row in rows], dtype=np.float64)


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _plain(name: str) -> str:
    return re.sub(r"[\s\-().#\[\]/]+", "_", name.strip().casefold().lstrip("\ufeff")).strip("_")
