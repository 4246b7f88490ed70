"""Looks at stretches of a film: glimpses of frames, decoded no further than it takes.

``exact`` decodes from the keyframe on; where codec and encoder allow, frames that no other is foretold
from are left out on the way. ``leap`` decodes the keyframe, leaves out all packets up to the stretch, and
goes on there: the pictures are wrong (what they are foretold from is missing), but from frame to frame they
change as the true ones do, so that a cut between two of them shows. It costs a stretch instead of a group.
"""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from av.video.frame import PictureType, VideoFrame

from grandrounds.videos.container_index import Walk
from grandrounds.videos.container_open import Film, opened
from grandrounds.videos.cuts_glimpse import Glimpse, glimpse
from grandrounds.videos.cuts_packets import Stretch
from grandrounds.videos.values import FrameIndex

_LEAPS = frozenset({"h264", "mpeg2video", "mpeg1video", "mpeg4"})
"""Codecs whose packets can be parsed without those before them. (VP9 and AV1 learn from frame to frame.)"""

_OUTPUT_CORRUPT = 1 << 3  # AV_CODEC_FLAG_OUTPUT_CORRUPT
_EQUAL = 1e-6
OUT_OF_ORDER = 17
"""A packet is at most so many places before or after its frame: what H.264 and H.265 can hold back."""

_MOST_SEEDS = 3

Seen = dict[int, Glimpse]
Placed = tuple[int | None, Any]


class Looks:
    """A film that is looked at, a stretch after the other. ``decoded`` counts frames; ``intra`` are places
    of frames that were found to be coded on their own."""

    def __init__(self, film: Film, index: FrameIndex) -> None:
        self._film, self._index = film, index
        self._context = film.stream.codec_context
        self._seconds = array("d", index.seconds)
        self._tick = film.seconds(1)
        self.decoded = 0
        self.intra: set[int] = set()
        if self._context.name == "h264":
            # After a leap, what was decoded before may seem to come later, and takes places in the queue.
            self._context.reorder_depth = min(max(self._context.reorder_depth, 2) + _MOST_SEEDS + 2, 16)

    @property
    def _needless(self) -> Literal["BIDIR", "NONREF"]:
        """Which frames can be left out on the way. Those foretold from both sides matter little to others;
        but in H.265 all may be such."""
        return "BIDIR" if self.can_leap else "NONREF"

    @property
    def can_leap(self) -> bool:
        """Whether ``leap`` works for this codec."""
        return self._context.name in _LEAPS

    def place(self, ticks: int | None) -> int | None:
        """The place of the frame with this time stamp; ``None`` for one that is not in the index."""
        return None if ticks is None else self._at(ticks * self._tick)

    def _at(self, seconds: float) -> int | None:
        known = self._seconds
        place = bisect_left(known, seconds - _EQUAL)
        return place if place < len(known) and abs(known[place] - seconds) <= _EQUAL else None

    def packets(self) -> Iterator[Placed]:
        """All packets from where the film stands, with the places of their frames."""
        for packet in self._film.packets():
            yield self.place(packet.pts), packet

    def alone(self, packet: Any) -> Glimpse | None:
        """The picture of a keyframe's packet, ``None`` where it isn't coded on its own (from some the film
        only recovers, after a while). The decoder forgets all it held."""
        seen: Seen = {}
        self._keep(self._film.decode(packet), seen)
        self._finish(seen)
        return next((one for place, one in seen.items() if place in self.intra), None)

    def leap(self, key: int, stretches: Sequence[Stretch], seeds: Collection[int] = ()) -> Iterator[Seen]:
        """Glimpses of the stretches (first and last place, in order of time) after the keyframe at
        ``key``: before each that keyframe is decoded, and of what follows nothing but ``seeds``, frames
        that brought much that was new (they may have begun another shot)."""
        packets = self._from(key)
        kept = [next(packets)]
        held: list[Placed] = []
        for first, last in stretches:
            seen: Seen = {}
            for _, packet in kept:
                self._keep(self._film.decode(packet), seen, first)
            chain, held = held, []
            for place, packet in itertools.chain(chain, packets):
                if place is None:
                    continue
                if place in seeds:
                    kept = [kept[0], *kept[1:][1 - _MOST_SEEDS :], (place, packet)]
                if first <= place <= last or (place in seeds and place < first):
                    self._keep(self._film.decode(packet), seen, first)
                if place > last:
                    held.append((place, packet))
                    if place > last + OUT_OF_ORDER:
                        break
            self._finish(seen)
            yield _within(seen, first, last)

    def exact(self, key: int, stretches: Sequence[Stretch]) -> Iterator[Seen]:
        """True glimpses of the stretches, decoded from the keyframe at ``key``; between them only frames
        that others are foretold from (a blemish now and then is the price)."""
        packets = self._from(key)
        for first, last in stretches:
            seen: Seen = {}
            for place, packet in packets:
                inside = place is not None and (place == key or first <= place <= last)
                self._context.skip_frame = "DEFAULT" if inside else self._needless
                self._keep(self._film.decode(packet), seen, first)
                if place is not None and place > last + OUT_OF_ORDER:
                    break
            yield _within(seen, first, last)
        self._finish({})

    def all(self) -> Iterator[tuple[int, Glimpse]]:
        """Every frame with its place, from the beginning, where the film must stand."""
        for seconds, frame in Walk(self._film):
            self.decoded += 1
            place = self._at(seconds)
            if place is not None:
                yield place, glimpse(frame)

    def _from(self, key: int) -> Iterator[Placed]:
        """The packets from the one of the keyframe at ``key`` on."""
        self._film.seek(float(self._index.seconds[key]))
        packets = self.packets()
        for place, packet in packets:
            if place == key:
                yield place, packet
                break
            if place is not None and place > key + OUT_OF_ORDER:
                raise OSError("a seek led elsewhere")
        yield from packets

    def _keep(self, frames: Iterable[VideoFrame], seen: Seen, first: int = 0) -> None:
        for frame in frames:
            place = self.place(frame.pts)
            self.decoded += 1
            if place is None or place < first:
                continue
            seen[place] = glimpse(frame)
            if frame.pict_type == PictureType.I:
                self.intra.add(place)

    def _finish(self, seen: Seen) -> None:
        self._keep(self._film.decode(None), seen)
        self._context.flush_buffers()
        self._film.troubles = 0  # a leap may well break what it leaves out
        self._context.skip_frame = "DEFAULT"


def _within(seen: Seen, first: int, last: int) -> Seen:
    return {place: one for place, one in seen.items() if first <= place <= last}


@contextmanager
def looking(path: Path, index: FrameIndex) -> Iterator[Looks]:
    """The film, open for looks, standing at its beginning. Raises ``SourceError``."""
    with opened(path) as film:
        context = film.stream.codec_context
        context.options = {**context.options, "skip_loop_filter": "all"}
        context.flags |= _OUTPUT_CORRUPT
        yield Looks(film, index)
