"""Tables of key points beside a video: where joints of a person are, moment by moment.

The parts: ``pose_csv``, ``pose_json``, ``pose_trc`` (formats), ``pose_names`` (one spelling of names),
``pose_signals`` (angles and heights), ``repetitions`` (how often a movement is done).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grandrounds.errors import SourceError
from grandrounds.videos.pose_csv import read_csv
from grandrounds.videos.pose_json import read_json
from grandrounds.videos.pose_raw import METRES, PIXELS, SHARES, UNKNOWN, RawPose, unusable
from grandrounds.videos.pose_trc import read_trc
from grandrounds.videos.values import FrameIndex, KeyPoints, VideoFacts

MOST_BYTES = 128 * 1024 * 1024
_EDGE = 0.5  # seconds beyond the film that a table may go
_LARGEST_SHARE = 2.0  # places beyond the picture are guessed by some models, but not farther than this
_HIGH = ("nose", "head", "neck", "left_eye", "right_eye", "left_shoulder", "right_shoulder")
_LOW = ("left_ankle", "right_ankle", "left_heel", "right_heel", "left_knee", "right_knee")


def read_pose(path: Path, facts: VideoFacts, index: FrameIndex) -> KeyPoints:
    """The key points of the table at ``path``, in the video's own seconds.

    Places are pixels of the shown picture (y downwards), or metres (y upwards). Points with a confidence
    below 0.3 are unseen. Raises ``SourceError``, naming the file, for what is no such table, is of another
    video's length, or too large.
    """
    try:
        raw = _read(path)
        seconds, rows = _times(raw, index)
        places, unit = _placed(raw, facts)
        order = rows[np.argsort(seconds[rows], kind="stable")]
        _, once = np.unique(seconds[order], return_index=True)
        order = order[once]
        if len(order) < 2 or not np.isfinite(places[order]).any():
            raise unusable("no two of its rows lie within the video")
    except SourceError as exc:
        raise SourceError(f"{path.name} can't be used. {exc.what}", remedy=exc.remedy) from exc
    return KeyPoints(
        name=path.name, seconds=seconds[order], names=raw.names, places=places[order], unit=unit
    )


def _read(path: Path) -> RawPose:
    try:
        with path.open("rb") as handle:
            data = handle.read(MOST_BYTES + 1)
    except (OSError, ValueError) as exc:
        raise SourceError(
            f"It can't be read: {getattr(exc, 'strerror', None) or exc}.", remedy="Check its rights."
        ) from exc
    if len(data) > MOST_BYTES:
        raise unusable(f"it has more than {MOST_BYTES:,} bytes")
    text = _text(data)
    ending = path.suffix.casefold()
    if text.lstrip()[:1] in "{[" and text.strip():
        return read_json(text)
    if ending == ".trc" or text.startswith("PathFileType"):
        return read_trc(text)
    return read_csv(text)


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _times(raw: RawPose, index: FrameIndex) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The rows' times in the video's seconds, and the places of those that lie in it."""
    first, end = float(index.seconds[0]), index.end_seconds
    if raw.times is not None:
        seconds = _in_seconds(raw.times, end - first)
        if np.nanmin(seconds) < first - 1e-3:
            seconds = seconds + first  # counted from the first frame
        within = np.isfinite(seconds) & (seconds >= first - _EDGE) & (seconds <= end + _EDGE)
        return seconds, np.flatnonzero(within)
    if raw.frames is not None:
        numbers = raw.frames.copy()
        if np.nanmin(numbers) >= 1 and np.nanmax(numbers) == len(index):
            numbers -= 1  # counted from 1
        known = (
            np.isfinite(numbers) & (numbers >= 0) & (numbers < len(index)) & (numbers == np.floor(numbers))
        )
        seconds = np.full(len(numbers), np.nan)
        seconds[known] = index.seconds[numbers[known].astype(np.int64)]
        return seconds, np.flatnonzero(known)
    if len(raw.places) != len(index):
        raise unusable(
            f"no column tells the time or the frame, and its {len(raw.places):,} rows are not the video's "
            f"{len(index):,} frames"
        )
    return index.seconds.copy(), np.arange(len(index))


def _in_seconds(times: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Times that are far too long for the film are thousandths or smaller parts of a second."""
    span = float(np.nanmax(times) - np.nanmin(times))
    for scale in (1.0, 1e-3, 1e-6, 1e-9):
        if span * scale <= 2.0 * length + 2.0:
            return times * scale
    return times


def _placed(raw: RawPose, facts: VideoFacts) -> tuple[NDArray[np.float64], str]:
    """Places as pixels of the shown picture or metres, the one downwards and the other upwards."""
    unit, places = raw.unit, raw.places
    flat = np.abs(places[..., :2][np.isfinite(places[..., :2])])
    if not flat.size:
        raise unusable("no point is seen anywhere")
    if unit == UNKNOWN:
        unit = SHARES if float(np.percentile(flat, 99)) <= _LARGEST_SHARE else PIXELS
    if unit == METRES:
        return (places if _is_upward(raw, default=True) else _flipped(places)), METRES
    plane = places[..., :2].copy()  # a depth that a model guessed is in no unit
    if unit == SHARES:
        plane *= np.array([facts.width, facts.height], dtype=np.float64)
    if _is_upward(raw, default=False):
        plane[..., 1] = facts.height - plane[..., 1]
    return plane, PIXELS


def _is_upward(raw: RawPose, *, default: bool) -> bool:
    """Whether y grows upwards: heads are above feet in most moments of most films."""
    if raw.upward is not None:
        return raw.upward
    high = [place for place, name in enumerate(raw.names) if name in _HIGH]
    low = [place for place, name in enumerate(raw.names) if name in _LOW]
    if raw.unit != METRES or not high or not low:
        return default
    with np.errstate(all="ignore"):
        above = np.nanmedian(raw.places[:, high, 1]) - np.nanmedian(raw.places[:, low, 1])
    return bool(above > 0) if np.isfinite(above) else default


def _flipped(places: NDArray[np.float64]) -> NDArray[np.float64]:
    turned = places.copy()
    turned[..., 1] = -turned[..., 1]
    return turned
