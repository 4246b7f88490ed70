"""Where a film's packets say that something happened: read without decoding.

A picture that can be foretold from the one before takes few bytes. Where the shot changes it can't: a
packet stands out, or the encoder began anew with a keyframe. While one shot dissolves into another all
packets are larger for a while, while it goes to black they become very small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

BEFORE, AFTER = 6, 7
"""So many frames before and after a suspect are looked at with it: what a cut is compared with."""

_LESS = 0.9
_NEAR, _SPIKE, _LEAST_SPIKE = 4, 1.8, 0.12
_FAINT, _LEAST_FAINT = 3.5, 0.03
_SIDE, _STEADY_SPIKE, _STEADY_DEVIATIONS = 8, 1.3, 6.0
_BUMP, _BUMP_SIDE, _BUMP_LEAST, _BUMP_SIZE = 1.6, 30, 3, 0.1
_BUMP_OF_SIDES, _BUMP_LONGEST, _BUMP_OPEN = 1.4, 3.0, 1.2
_DIP, _DIP_LEAST, _DIP_OF_SIDES, _NOTHING = 0.25, 2, 0.4, 0.02

Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A keyframe and the frames up to the next one, which can't be decoded without it.

    ``key`` and ``stop`` are places of frames in the film; ``others`` the places of the frames between that
    others are foretold from, rising, ``sizes`` the bytes of their packets. ``key_size`` and ``next_size``
    are those of the keyframes at both ends.
    """

    key: int
    stop: int
    others: NDArray[np.int64]
    sizes: NDArray[np.int64]
    key_size: int
    next_size: int


def groups(
    places: NDArray[np.int64], sizes: NDArray[np.int64], keys: NDArray[np.bool_], frames: int
) -> Iterator[Group]:
    """The groups of a film of so many ``frames``: ``places`` of its packets in the order of decoding, their
    ``sizes``, and which of them are ``keys``."""
    foretelling = places >= np.maximum.accumulate(places)
    heads = np.flatnonzero(keys)
    for number, head in enumerate(heads.tolist()):
        last = number + 1 == len(heads)
        end = len(places) if last else int(heads[number + 1])
        inside = np.arange(head + 1, end)[foretelling[head + 1 : end]]
        order = inside[np.argsort(places[inside], kind="stable")]
        stop = frames if last else int(places[end])
        order = order[(places[order] > places[head]) & (places[order] < stop)]
        yield Group(
            key=int(places[head]),
            stop=stop,
            others=places[order],
            sizes=sizes[order],
            key_size=int(sizes[head]),
            next_size=int(sizes[head] if last else sizes[end]),
        )


def spikes(group: Group) -> list[Stretch]:
    """Stretches, each from the frame after the last one that others are foretold from to one whose packet
    stands out: by much from those just before or just after it, or by more than usual from all around."""
    sizes = group.sizes.astype(np.float64)
    least = _LEAST_SPIKE * min(group.key_size, group.next_size)
    found: list[Stretch] = []
    for number in np.flatnonzero(sizes >= least).tolist():
        before, after = sizes[max(number - _SIDE, 0) : number], sizes[number + 1 : number + 1 + _SIDE]
        near = [median(side) for side in (before[-_NEAR:], after[:_NEAR]) if len(side) >= 2]
        much = sizes[number] >= _SPIKE * min(near, default=0.0)
        if (
            number
            and found
            and found[-1][1] == group.others[number - 1]
            and sizes[number] < _LESS * sizes[number - 1]
        ):
            continue  # the one before was the beginning of what takes more
        if much or all(_stands_out(sizes[number], side) for side in (before, after)):
            last = int(group.others[number - 1]) if number else group.key
            found.append((last + 1, int(group.others[number])))
    return found


def faint_spikes(group: Group) -> list[Stretch]:
    """As ``spikes``, of packets that are small but many times as large as those around: a page whose words
    are gone."""
    sizes = group.sizes.astype(np.float64)
    least = _LEAST_FAINT * min(group.key_size, group.next_size)
    found: list[Stretch] = []
    for number in np.flatnonzero(sizes >= least).tolist():
        around = np.concatenate(
            [sizes[max(number - _SIDE, 0) : number], sizes[number + 1 : number + 1 + _SIDE]]
        )
        if len(around) >= 2 and sizes[number] >= _FAINT * median(around):
            last = int(group.others[number - 1]) if number else group.key
            found.append((last + 1, int(group.others[number])))
    return found


def _stands_out(size: float, side: NDArray[np.float64]) -> bool:
    """Whether a packet is larger than those on one side, which are much the same."""
    if len(side) < 3:
        return True
    middle = median(side)
    spread = median(np.abs(side - middle))
    return size >= max(_STEADY_SPIKE * middle, middle + _STEADY_DEVIATIONS * spread)


def changes(group: Group, rate: float) -> list[Stretch]:
    """Stretches (first place, last place) in which packets are larger for a while, as in a dissolve, or
    next to nothing, as in the black between two shots."""
    sizes = group.sizes.astype(np.float64)
    if len(sizes) < _BUMP_LEAST:
        return []
    around = sliding_window_view(np.pad(sizes, _BUMP_SIDE, mode="reflect"), 2 * _BUMP_SIDE + 1)
    ordered = np.sort(around, axis=1)
    low, middle = ordered[:, round(0.6 * _BUMP_SIDE)], ordered[:, round(1.2 * _BUMP_SIDE)]
    found = [
        (int(group.others[first]), int(group.others[last]))
        for first, last in _runs(sizes >= _BUMP * low, _BUMP_LEAST)
        if _higher_than_sides(group, first, last, rate)
    ]
    wide = round(rate)
    for first, last in _runs(sizes <= _DIP * middle, _DIP_LEAST):
        if _lower_than_sides(group, first, last):
            found.append((int(group.others[first]) - wide, int(group.others[last]) + wide))
    return sorted(found)


def _sides(sizes: NDArray[np.int64], first: int, last: int) -> list[float]:
    """What is usual before and after a run; fewer where it goes to an end of the group."""
    sides = [sizes[max(first - _SIDE, 0) : first], sizes[last + 1 : last + 1 + _SIDE]]
    return [median(side) for side in sides if len(side) >= 2]


def _higher_than_sides(group: Group, first: int, last: int, rate: float) -> bool:
    """Whether packets are smaller again after the run as they were before it: else it is a shot that takes
    more bytes. A run that goes to an end of the group has one side, and must be short."""
    known = _sides(group.sizes, first, last)
    seconds = float(group.others[last] - group.others[first]) / rate
    if seconds > (_BUMP_LONGEST if len(known) == 2 else _BUMP_OPEN):
        return False
    run = median(group.sizes[first : last + 1])
    if run < _BUMP_SIZE * min(group.key_size, group.next_size):
        return False
    return all(run >= _BUMP_OF_SIDES * side for side in known)


def _lower_than_sides(group: Group, first: int, last: int) -> bool:
    """Whether packets are next to nothing in the run, and more on both sides: else it is a still shot."""
    run = group.sizes[first : last + 1]
    if float(run.min()) > _NOTHING * max(group.key_size, group.next_size):
        return False
    return all(median(run) <= _DIP_OF_SIDES * side for side in _sides(group.sizes, first, last))


def median(values: NDArray[Any]) -> float:
    """The middle one of a few values; NumPy's own takes longer to begin than to count."""
    ordered = sorted(values.tolist())
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def joined(stretches: list[Stretch], *, low: int, high: int, apart: int) -> list[Stretch]:
    """The stretches with what is looked at before and after them, within ``low`` and ``high``, those that
    are not ``apart`` made one."""
    found: list[Stretch] = []
    for first, last in sorted(stretches):
        begin, end = max(first - BEFORE, low), min(last + AFTER, high)
        if found and begin <= found[-1][1] + apart:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _runs(marked: NDArray[np.bool_], least: int) -> list[Stretch]:
    """First and last of each run of at least so many marks."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    ends = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(first, stop - 1) for first, stop in ends if stop - first >= least]
