"""Looks closer at one group of frames of a long film, no closer than it takes to be sure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from grandrounds.records.video import HARD
from grandrounds.videos.cuts_glimpse import Glimpse, difference, drift, unlike
from grandrounds.videos.cuts_judge import FLASH, LEAST_UNLIKE, Found, Judge, another_page
from grandrounds.videos.cuts_looks import OUT_OF_ORDER, Looks, Seen
from grandrounds.videos.cuts_packets import AFTER, Group, Stretch, changes, faint_spikes, joined, spikes

ALIKE = 2.0
"""Keyframes that differ by no more (grey values and colours, on average) show the same picture."""

_OTHER_SHOT = 0.4
_SURE, _SURE_STAYS = 0.5, 0.75
_ISOLATED, _CALM = 0.4, 0.2
_LONGEST = 400
_RUN_IN = 4
_CERTAIN_AFTER = 3
_MOVES, _SAME_WAY, _FAR_SECONDS, _AS_BRIGHT = 1.5, 0.25, 3.0, 30.0


@dataclass(frozen=True, slots=True)
class Pair:
    """How a keyframe differs from the one before: by how much, what share of its texture is another one,
    and whether it is another page of words."""

    change: float
    lost: float
    page: bool

    @classmethod
    def of(cls, one: Glimpse, other: Glimpse) -> Pair:
        """How ``other`` differs from ``one``."""
        change = difference(one, other)
        if change < ALIKE:
            return cls(change, 0.0, page=False)
        return cls(change, unlike(one, other), page=another_page(one, other))


class Closer:
    """One group: ``after`` is the one that follows, ``pair`` how the keyframes of the two differ, ``usual``
    whether their distance may be the encoder's usual one, ``habit`` whether it certainly is. Frames before
    ``begin`` were answered for already; this one answers for those before ``until``."""

    def __init__(
        self,
        looks: Looks,
        group: Group,
        after: Group | None,
        *,
        pair: Pair | None,
        usual: bool,
        habit: bool,
        begin: int,
        rate: float,
    ) -> None:
        self._looks, self._group, self._after, self._rate = looks, group, after, rate
        self._usual, self._habit, self._begin, self._pair = usual, habit, begin, pair
        self._sees_next = after is not None and (pair is None or pair.change >= ALIKE)
        self._seen: Seen = {}
        self.until = group.stop + (AFTER - _CERTAIN_AFTER if self._sees_next else 0)
        self._gradual: list[Stretch] = []
        self._other_shot = pair is None or pair.lost >= _OTHER_SHOT
        if self._other_shot:
            self._gradual = self._own(changes(group, rate))

    def changes(self) -> list[Found]:
        """The changes of shot that this group answers for."""
        group = self._group
        suspects = self._own(spikes(group))
        seeds = {last for _, last in suspects}
        found: list[Found] = []
        if (
            not suspects
            and self._out_of_turn(_CALM)
            and self._pair is not None
            and self._pair.lost >= _SURE
        ):
            found.append(
                Found(start=group.stop, frame=group.stop, kind=HARD, score=round(self._pair.lost, 3))
            )
        elif self._sees_next:
            suspects.append((group.stop, group.stop))
        if suspects and (not self._looks.can_leap or self._costly(self._joined(suspects))):
            doubtful = [*suspects, *self._gradual]
        else:
            leapt, doubtful = self._leapt(suspects, seeds)
            found += leapt
            wide = round(self._rate / 2)
            doubtful += [
                (first, last)
                for first, last in self._gradual
                if not any(first - wide <= one.frame <= last + wide for one in found)
            ]
        if doubtful:
            found += self._judged(self._looks.exact(group.key, self._joined(doubtful)))
        if self._pair is not None and (self._pair.page or (self._other_shot and not found)):
            faint = [one for one in self._own(faint_spikes(group)) if one not in suspects]
            if faint:
                found += self._judged(self._looks.exact(group.key, self._joined(faint)))
        answers = {one.frame: one for one in found if self._begin <= one.frame < self.until}
        return sorted(answers.values(), key=lambda one: one.frame)

    def _own(self, stretches: Iterable[Stretch]) -> list[Stretch]:
        return [(max(first, self._begin), last) for first, last in stretches if last >= self._begin]

    def _leapt(self, suspects: list[Stretch], seeds: set[int]) -> tuple[list[Found], list[Stretch]]:
        """The changes at the suspects, and where only an exact look will tell."""
        if not suspects:
            return [], []
        leapt = self._judged(self._looks.leap(self._group.key, self._joined(suspects), seeds))
        found: list[Found] = []
        doubtful: list[Stretch] = []
        stop = self._group.stop
        goes_on = self._goes_on()
        for one in leapt:
            alone = all(abs(one.frame - other.frame) > FLASH + 1 for other in leapt if other is not one)
            if one.frame == stop and goes_on:
                continue
            if alone and self._sure(one):
                found.append(one)
            else:
                doubtful.append((one.start, one.frame))
        if not goes_on and self._restless_at(stop) and all(one.frame != stop for one in leapt):
            doubtful.append((stop, stop))
        return found, doubtful

    def _restless_at(self, place: int) -> bool:
        """Whether the frame there is another picture than the one before, although no cut was found."""
        pair = [self._seen.get(place - 1), self._seen.get(place)]
        return pair[0] is not None and pair[1] is not None and unlike(pair[0], pair[1]) >= LEAST_UNLIKE

    def _joined(self, stretches: list[Stretch]) -> list[Stretch]:
        """The stretches with what surrounds them. One that is gradual and goes to the end of the group is
        followed beyond the keyframe, and answered for here."""
        group = self._group
        high = group.stop + AFTER if self._sees_next else group.stop - 1
        wide = round(1.5 * self._rate)
        if self._after is not None and any(
            last + wide // 4 >= group.stop for first, last in self._gradual if (first, last) in stretches
        ):
            high = group.stop + wide
            self.until = max(self.until, min(high, self._after.stop) - _CERTAIN_AFTER)
        if self._after is not None:
            high = min(high, self._after.stop - 1)
        found = joined(stretches, low=group.key, high=high, apart=OUT_OF_ORDER + 1)
        return [piece for one in found for piece in _pieces(one)]

    def _costly(self, stretches: Sequence[Stretch]) -> bool:
        """Whether leaps would decode more than half of the group, or one would be in pieces."""
        if any(low[1] + 1 == high[0] for low, high in itertools.pairwise(stretches)):
            return True
        return sum(last - first + 6 for first, last in stretches) > (self._group.stop - self._group.key) / 2

    def _judged(self, looked: Iterable[Seen]) -> list[Found]:
        """The changes in what was looked at; stretches that adjoin are judged as one. The first frames of
        a stretch may lack what they are foretold from, and aren't believed."""
        found: list[Found] = []
        judge, last, run_in = Judge(self._rate), -1, set[int]()
        for seen in looked:
            self._seen = seen
            for place in sorted(seen):
                if place > last + 2:
                    found += judge.finish()
                    if place != self._group.key:
                        run_in.update(range(place, place + _RUN_IN))
                found += judge.add(place, seen[place])
                last = place
        found += judge.finish()
        return [one for one in found if one.frame not in run_in]

    def _sure(self, found: Found) -> bool:
        """Whether a leap is proof enough: a clear cut that lasts, foretold from frames of the leap."""
        if found.kind != HARD or found.score < _SURE or found.stays < _SURE_STAYS:
            return False
        if found.frame == self._group.stop:
            return self._out_of_turn(_ISOLATED)
        return found.frame not in self._looks.intra

    def _out_of_turn(self, share: float) -> bool:
        """Whether the encoder itself tells of a cut: it began anew out of turn, amid packets that are a
        small ``share`` of its keyframe (a flash or a turn of the camera makes those large, too)."""
        if self._after is None or self._usual:
            return False
        near = [*self._group.sizes[-4:].tolist(), *self._after.sizes[:3].tolist()]
        return max(near, default=0) <= share * self._group.next_size

    def _goes_on(self) -> bool:
        """Whether the camera moves before the keyframe that comes by habit as it does after it: then it is
        the leap that makes them unlike, and the shot goes on. (What a leap shows is wrong, but it moves
        as it should, and is about as bright.)"""
        stop, seen = self._group.stop, self._seen
        places = [stop - 5, stop - 3, stop - 1, stop, stop + 2, stop + 4]
        far = stop - self._group.key >= _FAR_SECONDS * self._rate
        if not (self._habit and far) or any(place not in seen for place in places):
            return False
        if abs(float(seen[stop].luma.mean()) - float(seen[stop - 1].luma.mean())) > _AS_BRIGHT:
            return False
        before = drift(seen[stop - 5], seen[stop - 3]) + drift(seen[stop - 3], seen[stop - 1])
        after = drift(seen[stop], seen[stop + 2]) + drift(seen[stop + 2], seen[stop + 4])
        size = min(float(np.linalg.norm(before)), float(np.linalg.norm(after)))
        return size >= _MOVES and float(np.linalg.norm(before - after)) <= _SAME_WAY * size


def _pieces(stretch: Stretch) -> list[Stretch]:
    """A stretch too long to be held at once, in pieces that adjoin."""
    first, last = stretch
    return [(low, min(low + _LONGEST - 1, last)) for low in range(first, last + 1, _LONGEST)]
