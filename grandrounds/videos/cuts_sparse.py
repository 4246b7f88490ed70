"""Finds changes of shot in a long film without decoding most of it.

Keyframes are decoded, each alone, and compared; packets tell where else something happened. Only there is
looked closer, by a leap where that will do and by decoding from the keyframe where it won't.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grandrounds.videos.cuts_closer import Closer, Pair
from grandrounds.videos.cuts_glimpse import Glimpse
from grandrounds.videos.cuts_judge import Found
from grandrounds.videos.cuts_looks import Looks
from grandrounds.videos.cuts_packets import Group, groups

_STANDS_OUT = 2.0
_MOST_KEYS = 0.34


class UnsuitedError(Exception):
    """The film's packets or keyframes don't tell enough: every frame has to be looked at."""


@dataclass(frozen=True, slots=True)
class _Survey:
    """What one pass over the packets told: their frames' places, sizes and keys in the order of decoding,
    and how neighbouring keyframes differ."""

    places: NDArray[np.int64]
    sizes: NDArray[np.int64]
    keys: NDArray[np.bool_]
    pairs: dict[int, Pair]


def find_sparsely(looks: Looks, *, frames: int, rate: float) -> list[Found]:
    """The changes of shot in a film of so many ``frames``, at places of the film. Raises
    ``UnsuitedError``; ``OSError`` where a seek fails."""
    survey = _survey(looks)
    members = list(groups(survey.places, survey.sizes, survey.keys, frames))
    _check(members, frames)
    gaps = np.array([one.stop - one.key for one in members])
    found: list[Found] = []
    begin = 0
    for number, group in enumerate(members):
        alike = int((abs(gaps - gaps[number]) <= 1).sum())
        closer = Closer(
            looks,
            group,
            members[number + 1] if number + 1 < len(members) else None,
            pair=survey.pairs.get(group.stop),
            usual=gaps[number] >= gaps.max() - 1 or alike >= max(3, len(gaps) // 4),
            habit=alike >= 2,
            begin=begin,
            rate=rate,
        )
        found += closer.changes()
        begin = closer.until
    return found


def _survey(looks: Looks) -> _Survey:
    places, sizes, keys = array("q"), array("q"), array("b")
    pairs: dict[int, Pair] = {}
    last: Glimpse | None = None
    unknown = 0
    for place, packet in looks.packets():
        if place is None:
            unknown += 1
            continue
        places.append(place)
        sizes.append(packet.size)
        keys.append(packet.is_keyframe)
        if packet.is_keyframe:
            now = looks.alone(packet)
            if now is None:
                raise UnsuitedError
            if last is not None:
                pairs[place] = Pair.of(last, now)
            last = now
    if not places or not keys[0] or unknown > len(places) // 100 + 8:
        raise UnsuitedError
    return _Survey(
        np.frombuffer(places, np.int64),
        np.frombuffer(sizes, np.int64),
        np.frombuffer(keys, np.int8) != 0,
        pairs,
    )


def _check(members: Sequence[Group], frames: int) -> None:
    """Raises ``UnsuitedError`` where keyframes are too many, or no larger than other frames."""
    if len(members) > _MOST_KEYS * frames:
        raise UnsuitedError
    shares = [
        one.key_size / max(float(np.median(one.sizes)), 1.0) for one in members if len(one.sizes) >= 3
    ]
    if shares and float(np.median(shares)) < _STANDS_OUT:
        raise UnsuitedError
