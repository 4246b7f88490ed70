"""Tells where the shot changes within a stretch of frames that were looked at one by one.

A cut is a frame whose texture is not that of the one before, much less so than from frame to frame around
it, and that does not come back within three frames (that is a flash). Where the frame hardly moves, a page
whose words all change is one, too. A dissolve is a stretch of frames that are mixtures of its two ends,
with shares that change evenly; a blank moment between two changes makes one change of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grandrounds.records.video import GRADUAL, HARD
from grandrounds.videos.cuts_glimpse import Glimpse, difference, turned_page, unlike

MARGIN = 8
"""So many frames before and after a cut are compared with it."""

FLASH = 3
"""What is gone again after so many frames is a flash or a fault, not a shot."""

LEAST_UNLIKE = 0.32
"""Frames on both sides of a cut have less of their texture in common than the rest of 1."""

_LEAST_CHANGE = 2.5
_STANDS_OUT, _LITTLE = 1.4, 0.12
_UNLIKE_OF_AROUND, _SURELY_UNLIKE = 1.7, 0.55
_PAGE_STILL, _PAGE_OF_AROUND = 2.0, 3.0
_PAGE_LOST, _PAGE_CHANGED = 0.2, 0.4
_STEP = 4
_LAGS = (0.3, 0.6, 1.2)  # seconds
_MIXTURE, _ENDS_UNLIKE, _ENDS_DIFFER = 0.15, 0.5, 6.0
_BLANK_SECONDS = 1.0
_STAYS, _FLASH_STEP = 0.5, 20.0
_MARGIN_SECONDS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A change of shot: places of the first changed frame and of the first of the new shot.

    ``stays`` (0 to 1) tells of a cut how unlike the frames next to it still are when one or the other is
    replaced by the frames beyond, as a share of how unlike the two are."""

    start: int
    frame: int
    kind: str
    score: float
    stays: float = 1.0


class Judge:
    """Judges frames as they come, however many, and holds only the last few seconds of them."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._margin = max(round(_MARGIN_SECONDS * rate), 4 * MARGIN)
        self._places: list[int] = []
        self._held: list[Glimpse] = []
        self._answered = -1

    def add(self, place: int, glimpse: Glimpse) -> list[Found]:
        """Take the next frame; the changes that are certain by now, at places of the film."""
        self._places.append(place)
        self._held.append(glimpse)
        if len(self._held) < 6 * self._margin:
            return []
        found = self._judged(self._places[-self._margin])
        del self._places[: -2 * self._margin]
        del self._held[: -2 * self._margin]
        return found

    def finish(self) -> list[Found]:
        """The changes among the frames still held; those that come next are no neighbours of them."""
        found = self._judged(self._places[-1] + 1) if self._places else []
        self._places, self._held = [], []
        return found

    def _judged(self, stop: int) -> list[Found]:
        found = [
            replace(one, start=self._places[one.start], frame=self._places[one.frame])
            for one in judge(self._held, rate=self._rate)
        ]
        fresh = [one for one in found if self._answered < one.frame < stop]
        self._answered = stop - 1
        return fresh


def judge(stretch: Sequence[Glimpse], *, rate: float) -> list[Found]:
    """The changes of shot in a stretch of neighbouring frames, ``rate`` of them a second, in order."""
    if len(stretch) < 2:
        return []
    changes = np.array([0.0, *(difference(a, b) for a, b in itertools.pairwise(stretch))])
    hard = [found for place in range(1, len(stretch)) if (found := _hard(stretch, changes, place))]
    gradual = _gradual(stretch, rate, [found.frame for found in hard])
    return _through_blank(stretch, sorted([*hard, *gradual], key=lambda one: one.frame), rate)


def another_page(one: Glimpse, other: Glimpse) -> bool:
    """Whether words, or other small things all over the picture, gave way to others."""
    lost, new = turned_page(one, other)
    return lost >= _PAGE_LOST and lost + new / 2 >= _PAGE_CHANGED


def _hard(stretch: Sequence[Glimpse], changes: NDArray[np.float64], place: int) -> Found | None:
    """The cut at ``place``, if there is one."""
    change = changes[place]
    around = _around(changes, place)
    if change < _LEAST_CHANGE or change < _STANDS_OUT * float(np.median(around)):
        return None
    before, after = stretch[place - 1], stretch[place]
    lost = unlike(before, after)
    if lost >= LEAST_UNLIKE:
        if lost < _UNLIKE_OF_AROUND * _restless(stretch, changes, place):
            return None
    elif not _page(stretch, changes, place):
        return None
    stays = _stays(stretch, place, lost)
    if stays < _STAYS:
        return None
    return Found(start=place, frame=place, kind=HARD, score=round(min(lost, 1.0), 3), stays=stays)


def _page(stretch: Sequence[Glimpse], changes: NDArray[np.float64], place: int) -> bool:
    """Whether a page of words gives way to another one while all else is still."""
    rest = _second(_around(changes, place))
    if rest > _PAGE_STILL or changes[place] < _PAGE_OF_AROUND * rest:
        return False
    return another_page(stretch[place - 1], stretch[place])


def _stays(stretch: Sequence[Glimpse], place: int, lost: float) -> float:
    """How much of the change is still there within three frames, and was there three frames before: near 0
    where the picture of before is there again (a flash), and never much where its brightness is."""
    pairs = [(place - 1, place + later) for later in range(1, FLASH + 1)]
    pairs += [(place - 1 - earlier, place) for earlier in range(1, FLASH + 1)]
    known = [(a, b) for a, b in pairs if a >= 0 and b < len(stretch)]
    stays = min([1.0, *(unlike(stretch[a], stretch[b]) / lost for a, b in known)])
    light = [float(one.luma.mean()) for one in stretch[place - 1 : place + 1 + FLASH]]
    step = light[1] - light[0]
    flashed = abs(step) >= _FLASH_STEP and any(abs(one - light[0]) < abs(step) / 2 for one in light[2:])
    return min(stays, _STAYS) if flashed else stays


def _around(values: NDArray[np.float64], place: int) -> NDArray[np.float64]:
    low = max(place - MARGIN, 1)
    around = np.concatenate([values[low:place], values[place + 1 : place + 1 + MARGIN]])
    return around if len(around) else np.zeros(1)


def _restless(stretch: Sequence[Glimpse], changes: NDArray[np.float64], place: int) -> float:
    """How unlike neighbouring frames are around ``place`` without a cut: the second largest value near by,
    or of those farther off that can't be cuts themselves."""
    least = max(_LEAST_CHANGE / 2, _LITTLE * changes[place])
    far = [
        one
        for one in range(max(place - 2 * MARGIN, 1), min(place + 1 + 2 * MARGIN, len(stretch)))
        if one != place and changes[one] >= least
    ]
    lost = {one: unlike(stretch[one - 1], stretch[one]) for one in far}
    near = [value for one, value in lost.items() if abs(one - place) <= MARGIN]
    small = [value for value in lost.values() if value < _SURELY_UNLIKE]
    return max(_second(np.array(near)), _second(np.array(small)))


def _second(values: NDArray[np.float64]) -> float:
    """The second largest: one neighbour may be a cut itself."""
    return float(np.sort(values)[-2]) if len(values) > 1 else 0.0


def _gradual(stretch: Sequence[Glimpse], rate: float, cuts: Sequence[int]) -> list[Found]:
    """Dissolves and fades between the cuts."""
    found: list[Found] = []
    for first, stop in zip([0, *cuts], [*cuts, len(stretch)], strict=True):
        found += _gradual_between(stretch, first, stop, rate)
    return found


def _gradual_between(stretch: Sequence[Glimpse], first: int, stop: int, rate: float) -> list[Found]:
    lags = sorted({max(round(one * rate), 4) for one in _LAGS})
    if stop - first <= lags[0]:
        return []
    pictures = np.stack([stretch[place].luma.ravel() for place in range(first, stop)]).astype(np.float32)
    found: list[Found] = []
    free = 0
    for start in range(0, stop - first - lags[0], _STEP):
        if start < free:
            continue
        for lag in lags:
            if start + lag < stop - first and _mixed(pictures, start, start + lag):
                low, high = _ends(pictures, start, start + lag)
                lost = unlike(stretch[first + low], stretch[first + high])
                if lost >= _ENDS_UNLIKE:
                    kind = Found(
                        start=first + low + 1, frame=first + high, kind=GRADUAL, score=round(lost, 3)
                    )
                    found.append(kind)
                    free = high
                    break
    return found


def _mixed(pictures: NDArray[np.float32], low: int, high: int) -> bool:
    """Whether the pictures between ``low`` and ``high`` are mixtures of those two, in even steps."""
    way = pictures[high] - pictures[low]
    if float(np.abs(way).mean()) < _ENDS_DIFFER:
        return False
    size = float(way @ way)
    for part in (0.25, 0.5, 0.75):
        middle = low + round(part * (high - low))
        gone = pictures[middle] - pictures[low]
        share = float(gone @ way) / size
        rest = gone - share * way
        if abs(share - part) > 0.2 or float(rest @ rest) > _MIXTURE * size:
            return False
    return True


def _ends(pictures: NDArray[np.float32], low: int, high: int) -> tuple[int, int]:
    """The last picture before and the first after the mixtures that ``low`` and ``high`` lie in: where the
    steps on the way from one to the other end, or where one is a leap (a flash, or a cut)."""
    way = pictures[high] - pictures[low]
    begin, end = max(low - 2 * (high - low), 0), min(high + 2 * (high - low), len(pictures) - 1)
    moves = np.diff(pictures[begin : end + 1], axis=0)
    sizes = np.linalg.norm(moves, axis=1)
    steps = moves @ way / float(way @ way)
    between = slice(low - begin, high - begin)
    goes_on = (steps >= 0.4 * float(np.median(steps[between]))) & (
        sizes <= 4 * float(np.median(sizes[between]))
    )
    first, last = (low + high) // 2 - begin, (low + high) // 2 - begin
    while first > 0 and goes_on[first - 1]:
        first -= 1
    while last < len(steps) and goes_on[last]:
        last += 1
    return begin + first, begin + last


def _through_blank(stretch: Sequence[Glimpse], found: list[Found], rate: float) -> list[Found]:
    """Two changes with nothing but a blank picture between them are one, from shot to shot."""
    joined: list[Found] = []
    for one in found:
        last = joined[-1] if joined else None
        if (
            last is not None
            and one.start - last.frame <= _BLANK_SECONDS * rate
            and all(stretch[place].blank for place in range(last.frame, one.start))
            and (stretch[last.frame].blank or stretch[max(one.start - 1, 0)].blank)
        ):
            blank = [place for place in range(last.frame, one.frame + 1) if not stretch[place].blank]
            joined[-1] = replace(
                one, start=last.start, frame=blank[0] if blank else one.frame, kind=GRADUAL
            )
        else:
            joined.append(one)
    return joined
