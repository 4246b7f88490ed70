"""Which files are one film: coded anew, in another size, under another name.

Splits must not cut what is the same. A film is known again by pictures at fixed shares of its length: at
least six of eight must look the same, in their places, in films of about one length. Parts of one film, and
films joined of others, are found later, by the frames of clips (``videos.alike``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from grandrounds.records.source import READ, Source
from grandrounds.sources.books_groups import Union
from grandrounds.videos.jobs import MARKS, VideoReading

_BITS = 8
_SAME = 6
_LENGTH_SHARE, _LENGTH_SECONDS = 0.03, 1.0


def join_films(sources: Sequence[Source], readings: dict[str, VideoReading]) -> list[Source]:
    """Sources of one film with one group; ``readings`` are those of sources that were read, by path. A
    group that a person gave is kept before one that was worked out."""
    union = Union()
    mine = [one for one in sources if one.status == READ and one.group_id and one.path in readings]
    for one, other in _alike([readings[source.path] for source in mine]):
        union.join([mine[one].group_id or "", mine[other].group_id or ""])
    return [
        replace(one, group_id=str(union.root(one.group_id))) if one.status == READ and one.group_id else one
        for one in sources
    ]


def _alike(readings: Sequence[VideoReading]) -> list[tuple[int, int]]:
    """Pairs of places of readings of one film."""
    places = [n for n, one in enumerate(readings) if len(one.marks) == MARKS]
    if len(places) < 2:
        return []
    marks = np.array(
        [[int(mark or "0", 16) for mark in readings[n].marks] for n in places], dtype=np.uint64
    )
    lengths = np.array([_length(readings[n]) for n in places])
    pairs = []
    for at in range(len(places) - 1):
        others = marks[at + 1 :]
        # A picture of one colour has the mark 0: it looks like every other such picture.
        near = (np.bitwise_count(others ^ marks[at]) <= _BITS) & (others != 0) & (marks[at] != 0)
        close = np.abs(lengths[at + 1 :] - lengths[at]) <= np.maximum(
            _LENGTH_SECONDS, _LENGTH_SHARE * lengths[at]
        )
        for other in np.flatnonzero((near.sum(axis=1) >= _SAME) & close):
            pairs.append((places[at], places[at + 1 + int(other)]))
    return pairs


def _length(reading: VideoReading) -> float:
    video = reading.video
    return video.end_seconds - video.start_seconds if video else 0.0
