"""How often a movement is done: turning points of a signal that stand out of its range, counted in pairs.

A repetition is a whole movement out and back. Movements shorter than most (half repetitions) don't count,
nor do parts at the beginning and the end. The count is only as sure as the signal is plain: how like the
repetitions are to one another (autocorrelation at their own period, lengths, extents), how far they stand
out of the noise, whether anything lies between a whole and no repetition, and how much was unseen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

FEWEST = 2
"""Repetitions below this have no period."""

LEAST_CONFIDENCE = 0.5
"""Below this a count is a guess."""

_RATE = 25.0
_MOST_SAMPLES = 200_000
_LONGEST_GAP = 0.6
_SMOOTH_SECONDS = 0.12
_WHOLE = 0.7
_TOO_SHORT = 0.3
_DOUBTFUL = (0.5, 0.8)
_SHORTEST_SECONDS = 0.35
_REST_SHARE = 0.2
_FEW = 0.35
"""How much less sure two repetitions are than many: two alike movements can be chance."""

_STILL = 0.06  # of a movement's extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetitions:
    """Whole repetitions: when each begins and ends (seconds), when it turns back, the usual time from one
    to the next, and how sure the count is (0 to 1)."""

    bounds: tuple[tuple[float, float], ...]
    turns: tuple[float, ...]
    period: float
    confidence: float

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.bounds)


def repetitions(
    seconds: Values, values: Values, *, smallest: float, within: tuple[float, float] | None = None
) -> Repetitions | None:
    """The whole repetitions in a signal; ``None`` where it has no clear period.

    ``values`` at rising ``seconds`` may hold NaN where nothing was seen. ``smallest`` is the least change,
    in the signal's unit, that is a movement at all. ``within`` bounds the time looked at.
    """
    even = _evenly(seconds, values, within)
    if even is None:
        return None
    times, smooth, unseen = even
    reach = float(np.percentile(smooth, 98) - np.percentile(smooth, 2))
    if reach < smallest:
        return None
    legs, extent = _legs(smooth, reach)
    if extent < smallest:
        return None
    whole = [abs(smooth[after] - smooth[before]) >= _WHOLE * extent for before, after in legs]
    pairs = _pairs(legs, whole, smooth)
    if len(pairs) < FEWEST:
        return None
    bounds = [_moving(smooth, times, pair[0], pair[-1], turn=pair[1]) for pair in pairs]
    period = float(np.median(np.diff([times[turn] for _, turn, _ in pairs])))
    if period < _SHORTEST_SECONDS:
        return None
    sure = _sureness(legs, pairs, smooth, extent=extent)
    sure *= _repeats(smooth[pairs[0][0] : pairs[-1][2] + 1], round(period * _rate(times)))
    sure *= _seen(unseen, pairs)
    sure *= 1 - _FEW / (len(pairs) - 1)
    turns = tuple(float(times[turn]) for _, turn, _ in pairs)
    return Repetitions(
        bounds=tuple(bounds), turns=turns, period=period, confidence=round(min(sure, 1.0), 3)
    )


def movements(
    seconds: Values, values: Values, *, smallest: float, within: tuple[float, float] | None = None
) -> tuple[tuple[float, float], ...]:
    """When the signal moves one way by at least ``smallest``: begin and end of each movement, in order.
    The other arguments are those of ``repetitions``."""
    even = _evenly(seconds, values, within)
    if even is None:
        return ()
    times, smooth, _ = even
    reach = float(np.percentile(smooth, 98) - np.percentile(smooth, 2))
    if reach < smallest:
        return ()
    legs, extent = _legs(smooth, reach)
    least = max(smallest, _DOUBTFUL[0] * extent)
    return tuple(
        _moving(smooth, times, before, after, turn=after)
        for before, after in legs
        if abs(smooth[after] - smooth[before]) >= least
    )


def _evenly(
    seconds: Values, values: Values, within: tuple[float, float] | None
) -> tuple[Values, Values, NDArray[np.bool_]] | None:
    """The signal at even distances, smoothed, and where it had to be guessed; ``None`` for too little."""
    if within is not None:
        low = int(np.searchsorted(seconds, within[0] - 1e-9, side="left"))
        high = int(np.searchsorted(seconds, within[1] + 1e-9, side="right"))
        seconds, values = seconds[low:high], values[low:high]
    known = np.isfinite(values) & np.isfinite(seconds)
    times, given = seconds[known], values[known]
    if len(times) < 8 or times[-1] - times[0] < 2 * _SHORTEST_SECONDS:
        return None
    rate = min(_RATE, 1.0 / max(float(np.median(np.diff(times))), 1e-3))
    count = min(int((times[-1] - times[0]) * rate) + 1, _MOST_SAMPLES)
    if count < 8:
        return None
    even = np.linspace(times[0], times[-1], count)
    filled = np.interp(even, times, _without_spikes(given))
    after = np.clip(np.searchsorted(times, even), 1, len(times) - 1)
    unseen = (times[after] - times[after - 1] > max(_LONGEST_GAP, 3 / rate)) & (
        (even > times[after - 1]) & (even < times[after])
    )
    return even, _smoothed(filled, _SMOOTH_SECONDS * _rate(even)), unseen


def _rate(times: Values) -> float:
    return float((len(times) - 1) / (times[-1] - times[0]))


def _without_spikes(values: Values) -> Values:
    """The median of five: a point that jumps for a moment and comes back is a fault of the tracker."""
    padded = np.concatenate([values[:1], values[:1], values, values[-1:], values[-1:]])
    return np.asarray(
        np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1), dtype=np.float64
    )


def _smoothed(values: Values, deviation: float) -> Values:
    """A Gaussian's weighted mean, the ends continued."""
    reach = max(1, math.ceil(3 * deviation))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(deviation, 1e-6)) ** 2)
    padded = np.pad(values, reach, mode="edge")
    return np.convolve(padded, weights / weights.sum(), mode="valid")


def _legs(values: Values, reach: float) -> tuple[list[tuple[int, int]], float]:
    """Movements between turning points, and how far a usual one goes.

    The usual extent is the middle of those that reach at least half of the farthest: half repetitions and
    shaking don't count for it, and a trend adds to one direction what it takes from the other.
    """
    rough = _turns(values, 0.4 * reach)
    extents = sorted(abs(values[after] - values[before]) for before, after in rough)
    if not extents:
        return [], 0.0
    large = [extent for extent in extents if extent >= 0.5 * extents[-1]]
    extent = float(np.median(large))
    return _turns(values, _TOO_SHORT * extent), extent


def _turns(values: Values, least: float) -> list[tuple[int, int]]:
    """Places of successive turning points between which the signal moves by at least ``least``: each is the
    farthest value before it comes back by that much (prominence)."""
    if len(values) < 2:
        return []
    points = [0]
    low = high = 0
    rising: bool | None = None
    for place, value in enumerate(values.tolist()):
        if value > values[high]:
            high = place
        if value < values[low]:
            low = place
        if rising is not False and values[high] - value >= least and high >= points[-1]:
            if rising is None and values[high] - values[points[0]] < least:
                points[0] = high  # only shaking before the first movement
            else:
                points.append(high)
            rising, low, high = False, place, place
        elif rising is not True and value - values[low] >= least and low >= points[-1]:
            if rising is None and values[points[0]] - values[low] < least:
                points[0] = low
            else:
                points.append(low)
            rising, low, high = True, place, place
    if rising is not None:
        points.append(high if rising else low)
    return [(a, b) for a, b in pairwise(points) if b > a]


def _moving(values: Values, times: Values, start: int, end: int, *, turn: int) -> tuple[float, float]:
    """When a movement begins and ends, without the rest before and after it. ``turn`` is where it turns
    back; for a movement one way its end."""
    out = np.abs(values[start : turn + 1] - values[start])
    begin = start + int(np.flatnonzero(out <= _STILL * out[-1])[-1])
    if turn == end:
        back = np.abs(values[start : end + 1] - values[end])
        return float(times[begin]), float(times[start + int(np.flatnonzero(back <= _STILL * back[0])[0])])
    back = np.abs(values[turn : end + 1] - values[end])
    return float(times[begin]), float(times[turn + int(np.flatnonzero(back <= _STILL * back[0])[0])])


def _pairs(
    legs: Sequence[tuple[int, int]], whole: Sequence[bool], values: Values
) -> list[tuple[int, int, int]]:
    """Out and back: start, turning point and end of each whole repetition."""
    rests_high = _rests_high(values)
    pairs = []
    place = 0
    while place + 1 < len(legs):
        if not (whole[place] and whole[place + 1]):
            place += 1
            continue
        from_high = values[legs[place][0]] > values[legs[place][1]]
        left = _run(whole, place)
        if from_high != rests_high and left % 2 == 1:
            place += 1  # the first of an odd number is what is left of a repetition before
            continue
        pairs.append((legs[place][0], legs[place][1], legs[place + 1][1]))
        place += 2
    return pairs


def _run(whole: Sequence[bool], place: int) -> int:
    end = place
    while end < len(whole) and whole[end]:
        end += 1
    return end - place


def _rests_high(values: Values) -> bool:
    """Whether the signal stays longer near its upper end than near its lower one."""
    low, high = np.percentile(values, 2), np.percentile(values, 98)
    near = _REST_SHARE * (high - low)
    return bool((values >= high - near).sum() >= (values <= low + near).sum())


def _sureness(
    legs: Sequence[tuple[int, int]],
    pairs: Sequence[tuple[int, int, int]],
    values: Values,
    *,
    extent: float,
) -> float:
    """How alike the repetitions are, and whether nothing is left that might be another one."""
    used = {start for start, _, _ in pairs} | {turn for _, turn, _ in pairs}
    extents = [abs(values[after] - values[before]) / extent for before, after in legs]
    own = [size for size, (start, _) in zip(extents, legs, strict=True) if start in used]
    lengths = [end - start for start, _, end in pairs]
    sure = math.exp(-((_spread(lengths) / 0.45) ** 2)) * math.exp(-((_spread(own) / 0.3) ** 2))
    doubtful = sum(_DOUBTFUL[0] <= size < _DOUBTFUL[1] for size in extents)
    sure *= 0.45**doubtful
    left = [size for size, (start, _) in zip(extents, legs, strict=True) if start not in used]
    sure *= 0.85 ** sum(size < _DOUBTFUL[0] for size in left)
    if sum(size >= 0.4 for size in left) >= 2 or any(size >= _WHOLE for size in left):
        # Parts at both ends, or a whole movement that is not paired: somebody might count one more.
        sure *= 0.45
    return float(sure)


def _spread(values: Sequence[float]) -> float:
    mean = float(np.mean(values)) if len(values) else 0.0
    return float(np.std(values)) / mean if mean > 0 else 1.0


def _repeats(values: Values, period: int) -> float:
    """How well the signal repeats itself after about a period: 0 for a correlation under 0.2, 1 from 0.7"""
    best = -1.0
    for lag in range(max(2, round(0.75 * period)), round(1.3 * period) + 1):
        one, other = values[:-lag], values[lag:]
        if len(one) < max(4, 0.4 * period):
            break
        deviation = float(one.std() * other.std())
        if deviation > 0:
            best = max(best, float(((one - one.mean()) * (other - other.mean())).mean()) / deviation)
    return min(max((best - 0.2) / 0.5, 0.0), 1.0)


def _seen(unseen: NDArray[np.bool_], pairs: Sequence[tuple[int, int, int]]) -> float:
    """Less where much of a repetition was not seen: another one may have been missed."""
    share = float(unseen.mean())
    worst = max(float(unseen[start : end + 1].mean()) for start, _, end in pairs)
    return (1 - share) * (1 - worst) ** 2
