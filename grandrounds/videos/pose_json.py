"""Tables of key points as JSON: COCO's annotations or results, and a list of frames with named points."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grandrounds.videos.pose_names import canonical, numbered
from grandrounds.videos.pose_raw import MOST_ROWS, RawPose, gathered, number, seen, unusable

_NUMBER = re.compile(r"([0-9]{1,9})(?!.*[0-9])")
_TIMES = ("t", "time", "seconds", "time_s", "timestamp", "timestamp_s")
_FRAMES = ("frame", "frame_number", "frame_index", "frame_id", "index")
_POINTS = ("keypoints", "landmarks", "joints", "points", "pose")

Row = tuple[float, Mapping[str, tuple[float, ...]]]
"""A moment, and for each name x, y and perhaps a confidence."""


def read_json(text: str) -> RawPose:
    """The key points of a JSON file. Raises ``SourceError`` where there are none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise unusable("it is no JSON") from exc
    if isinstance(document, dict) and isinstance(document.get("annotations"), list):
        return _coco(
            document["annotations"], images=document.get("images"), categories=document.get("categories")
        )
    if isinstance(document, dict) and isinstance(document.get("frames"), list):
        return _frames(document["frames"], unit=str(document.get("unit", document.get("units", ""))))
    if isinstance(document, list) and document and isinstance(document[0], dict):
        if "image_id" in document[0]:
            return _coco(document, images=None, categories=None)
        return _frames(document, unit="")
    raise unusable("it is neither COCO's, nor a list of frames")


def _coco(annotations: Sequence[Any], *, images: Any, categories: Any) -> RawPose:
    """COCO: a flat list x, y, v a person and picture; of several persons the one with the best score."""
    names = _category_names(categories)
    numbers = _image_numbers(images)
    best: dict[float, tuple[float, list[float]]] = {}
    for one in _bounded(annotations):
        flat = one.get("keypoints") if isinstance(one, dict) else None
        if not isinstance(flat, list) or len(flat) % 3 or not flat:
            continue
        moment = numbers.get(str(one.get("image_id")), _number_in(one.get("image_id")))
        score = number(one.get("score", one.get("num_keypoints", 0)))
        if moment is not None and (moment not in best or best[moment][0] < score):
            best[moment] = (score, [number(value) for value in flat])
    if not best:
        raise unusable("no annotation has key points")
    count = max(len(flat) for _, flat in best.values()) // 3
    called = names if len(names) == count else numbered(count)
    if called is None:
        raise unusable(f"its {count} points have no names")
    # COCO's third number is 0, 1 or 2 (not labelled, hidden, seen) in annotations, a confidence in results.
    rows = [
        (
            moment,
            {
                name: (flat[3 * k], flat[3 * k + 1], flat[3 * k + 2])
                for k, name in enumerate(called)
                if 3 * k + 2 < len(flat)
            },
        )
        for moment, (_, flat) in sorted(best.items())
    ]
    return _table(rows, times=False, unit="pixels")


def _frames(frames: Sequence[Any], *, unit: str) -> RawPose:
    """``{"frames": [{"t": 0.04, "keypoints": {"left_knee": [x, y, c]}}]}``, or lists of named points."""
    rows: list[Row] = []
    timed: set[bool] = set()
    for place, one in enumerate(_bounded(frames)):
        if not isinstance(one, dict):
            continue
        points = next((one[name] for name in _POINTS if name in one), None)
        moment = next((number(one[name]) for name in _TIMES if name in one), float("nan"))
        timed.add(bool(np.isfinite(moment)))
        if not np.isfinite(moment):
            moment = next((number(one[name]) for name in _FRAMES if name in one), float(place))
        rows.append((moment, _named(points)))
    if not rows:
        raise unusable("its frames hold none")
    if len(timed) != 1:
        raise unusable("some of its frames have a time and some have none")
    told = {"m": "metres", "metres": "metres", "meters": "metres", "px": "pixels", "pixels": "pixels"}.get(
        unit
    )
    return _table(rows, times=timed.pop(), unit=told or ("shares" if unit == "normalized" else "unknown"))


def _named(points: Any) -> dict[str, tuple[float, ...]]:
    if isinstance(points, dict):
        return {canonical(str(name)): _place(value) for name, value in points.items()}
    if isinstance(points, list) and all(isinstance(each, dict) and "name" in each for each in points):
        return {canonical(str(each["name"])): _place(each) for each in points}
    if isinstance(points, list):
        names = numbered(len(points))
        return dict(zip(names, map(_place, points), strict=True)) if names else {}
    return {}


def _place(value: Any) -> tuple[float, ...]:
    if isinstance(value, dict):
        sure = next(
            (
                value[name]
                for name in ("c", "confidence", "score", "visibility", "likelihood")
                if name in value
            ),
            1.0,
        )
        return (number(value.get("x")), number(value.get("y")), number(sure))
    if isinstance(value, list) and 2 <= len(value) <= 4:
        return tuple(number(each) for each in value)
    return (float("nan"), float("nan"))


def _table(rows: Sequence[Row], *, times: bool, unit: str) -> RawPose:
    names = list(dict.fromkeys(name for _, points in rows for name in points))
    points: dict[str, NDArray[np.float64]] = {}
    for name in names:
        told = np.full((len(rows), 3), np.nan)
        told[:, 2] = 1.0
        for place, (_, found) in enumerate(rows):
            value = found.get(name, ())
            if len(value) >= 2:
                told[place, :2] = value[:2]
                told[place, 2] = value[-1] if len(value) > 2 else 1.0
        points[name] = seen([told[:, 0], told[:, 1]], told[:, 2])
    moments = np.array([moment for moment, _ in rows], dtype=np.float64)
    return gathered(points, times=moments if times else None, frames=None if times else moments, unit=unit)


def _category_names(categories: Any) -> list[str]:
    for one in categories if isinstance(categories, list) else ():
        names = one.get("keypoints") if isinstance(one, dict) else None
        if isinstance(names, list) and names:
            return [canonical(str(name)) for name in names]
    return []


def _image_numbers(images: Any) -> dict[str, float]:
    """The frame that each picture is: as stated, by the number in its name, or its place in order of id."""
    if not isinstance(images, list):
        return {}
    known = [one for one in images if isinstance(one, dict) and "id" in one]
    stated = {
        str(one["id"]): _number_in(one.get("frame_id", one.get("frame", one.get("file_name"))))
        for one in known
    }
    numbers = {key: value for key, value in stated.items() if value is not None}
    if len(numbers) == len(known) and len(set(numbers.values())) == len(numbers):
        return numbers
    return {
        str(one["id"]): float(place)
        for place, one in enumerate(sorted(known, key=lambda one: number(one["id"])))
    }


def _number_in(value: Any) -> float | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    found = _NUMBER.search(str(value)) if value is not None else None
    return float(found[1]) if found else None


def _bounded(values: Sequence[Any]) -> Sequence[Any]:
    if len(values) > MOST_ROWS:
        raise unusable(f"it has more than {MOST_ROWS:,} entries")
    return values
