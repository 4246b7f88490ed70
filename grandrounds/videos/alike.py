"""Which clips show the same: for duplicates, groups and ``verify``, which must all say the same of them.

Two clips of different videos look alike when most of the frames of the one that has fewer (at least two)
have a frame in the other that looks the same, in the same order of time. A single frame tells little: two
ultrasound pictures of the same organ may well look alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from grandrounds.figures.hashes import distance, near_pairs
from grandrounds.records.clip import ClipFrame, ClipRow

FEWEST = 2
"""Frames that must look the same before clips do."""


def alike_clips(rows: Sequence[ClipRow], *, bits: int) -> list[tuple[int, int]]:
    """Pairs of places (the smaller first, sorted) of clips of different videos that look alike. Frames look
    the same when their perceptual hashes differ by at most ``bits``; those of one colour look like nothing.
    """
    return [
        (one, other)
        for one, other in _sharing(rows, bits)
        if rows[one].video_id != rows[other].video_id and look_alike(rows[one], rows[other], bits=bits)
    ]


def look_alike(one: ClipRow, other: ClipRow, *, bits: int) -> bool:
    """Whether most frames of the shorter one are in the other, in order."""
    common = _common(one.frames, other.frames, bits)
    return common >= FEWEST and 2 * common > min(len(one.frames), len(other.frames))


def _sharing(rows: Sequence[ClipRow], bits: int) -> list[tuple[int, int]]:
    """Pairs of clips that have at least ``FEWEST`` frames with a near one in the other."""
    holders: defaultdict[str, set[int]] = defaultdict(set)
    for place, row in enumerate(rows):
        for frame in row.frames:
            if frame.perceptual_hash.strip("0"):
                holders[frame.perceptual_hash].add(place)
    hashes = sorted(holders)
    near: defaultdict[str, list[str]] = defaultdict(list)
    for first, second in near_pairs(hashes, bits=bits):
        near[hashes[first]].append(hashes[second])
        near[hashes[second]].append(hashes[first])
    found: set[tuple[int, int]] = set()
    for place, row in enumerate(rows):
        shared: Counter[int] = Counter()
        for frame in row.frames:
            own = frame.perceptual_hash
            shared.update({other for each in (own, *near[own]) for other in holders.get(each, ())})
        found |= {(place, other) for other, times in shared.items() if other > place and times >= FEWEST}
    return sorted(found)


def _common(one: Sequence[ClipFrame], other: Sequence[ClipFrame], bits: int) -> int:
    """How many frames of the two stand for each other, in order: the longest common run with gaps."""
    best = [0] * (len(other) + 1)
    for frame in one:
        before = list(best)
        for place, against in enumerate(other, start=1):
            same = _same(frame, against, bits)
            best[place] = max(before[place], best[place - 1], before[place - 1] + same)
    return best[-1]


def _same(one: ClipFrame, other: ClipFrame, bits: int) -> bool:
    both = one.perceptual_hash.strip("0") and other.perceptual_hash.strip("0")
    return bool(both) and distance(one.perceptual_hash, other.perceptual_hash) <= bits
