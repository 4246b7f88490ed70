"""How much may be asked at once: as much as the server bears, up to what was set.

``Throttle`` is additive increase and multiplicative decrease, as in TCP, in rounds of about one
round-trip: it starts at the ceiling, gives way at most once a round, and in proportion. Single refusals
are the normal noise of a shared service and cost nothing; a server that refuses a tenth gets a tenth less.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from grandrounds.llm.backends.base import Try

_NOISE = 0.05  # share of troubled replies in a round that is taken as noise, to begin with
_MOST_NOISE = 0.5  # more trouble than this is never noise
_STUBBORN = 0.7  # so much of the share left at half the limit: the trouble has other causes than us
_STRONGEST = 0.5  # one round never takes away more than this share
_FEWEST = 20  # replies that make a round, however low the limit is
_PLENTY = 8  # troubled replies, at least, that end a round early
_SHARE_WEIGHT = 0.2  # of the newest round in the usual share of trouble
_ROUNDS = 5  # of trouble, before it may be taken for noise
_STEP = 0.125  # of the limit, a round; at least one
_SLOW = 3.0  # so many times the usual seconds a reply count as the server's queue growing
_SLOW_DECREASE = 0.9
_WORTH = 0.95  # a decrease that leaves less of the replies a second than this was wrong
_FORGET = 1.01  # a round: what was usual once need not be for ever
_LONGEST_HOLD = 120.0  # seconds
_TRIP_WEIGHT = 0.1  # of the newest try in the smoothed round-trip


class Throttle:
    """Watches what tries come to, and says how many may be in flight and for how long nobody may go.

    ``ceiling`` is the highest limit. The limit falls when a round has more troubled tries than noise, by
    their share, unless half the limit shows no less trouble: then so much is noise here. It falls by a
    tenth when replies take three times as long as usual, unless the tenth turns out to cost replies a
    second: then the server was not queueing, and what is slow now counts as usual. When most replies of
    a round ask for a wait, everybody waits so long.
    """

    def __init__(self, ceiling: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._ceiling = max(1, ceiling)
        self._clock = clock
        self._limit = float(self._ceiling)
        self._trip = 0.0
        self._any_good = False
        self._noise = _NOISE
        self._usual_share = 0.0
        self._before_trouble = (0.0, 0.0)  # limit and share of troubled replies
        self._rounds_of_trouble = 0
        self._usual = 0.0
        self._before_slowing: tuple[float, float] | None = None  # limit and replies a second
        self._held_until = 0.0
        self._next_round()

    @property
    def limit(self) -> int:
        """How many may be in flight now; at least one."""
        return max(1, round(self._limit))

    @property
    def cooling(self) -> float:
        """Seconds that a place stays empty after a refusal: about a round-trip.

        Refusals come back much faster than answers. A place given on at once would be refused again and
        again while the answers that the server is busy with are still on their way.
        """
        return self._trip if self._any_good else 0.0

    @property
    def hold(self) -> float:
        """Seconds until anybody may send again; mostly 0."""
        return max(0.0, self._held_until - self._clock()) if self._held_until else 0.0

    def told(self, tried: Try) -> None:
        """Take in what one try came to."""
        if tried.troubled:
            self._troubled += 1
            if tried.asked:
                self._asked.append(tried.asked)
                self._hold()
        else:
            self._good += 1
            self._seconds += tried.seconds
        self._smooth_trip(tried)
        if self._round_is_over():
            self._decide()
            self._next_round()

    def _next_round(self) -> None:
        self._began = self._clock()
        self._good = self._troubled = 0
        self._seconds = 0.0
        self._asked: list[float] = []

    def _smooth_trip(self, tried: Try) -> None:
        """Refusals come back faster than answers, so they count only while there are no answers."""
        if tried.troubled and self._any_good:
            return
        first = not self._trip or (not tried.troubled and not self._any_good)
        self._any_good |= not tried.troubled
        self._trip += (tried.seconds - self._trip) * (1.0 if first else _TRIP_WEIGHT)

    def _hold(self) -> None:
        """When most replies ask for a wait, it concerns everybody."""
        if len(self._asked) < max(min(_PLENTY, self.limit + 1), self._limit / 2):
            return
        if 2 * len(self._asked) > self._good + self._troubled:
            wait = min(median(self._asked), _LONGEST_HOLD)
            self._held_until = max(self._held_until, self._clock() + wait)

    def _round_is_over(self) -> bool:
        mostly_troubled = self._troubled >= max(_PLENTY, self._limit / 2)
        if self._good + self._troubled < max(self.limit, _FEWEST) and not mostly_troubled:
            return False
        return self._clock() - self._began >= self._trip

    def _decide(self) -> None:
        share = self._troubled / (self._good + self._troubled)
        self._usual_share += (share - self._usual_share) * _SHARE_WEIGHT
        self._noise = max(_NOISE, self._noise / _FORGET)
        if share > self._noise:
            self._before_slowing = None
            self._give_way(share)
        elif not self._slows():
            self._set(self._limit + max(1.0, self._limit * _STEP))

    def _give_way(self, share: float) -> None:
        """Ask for less at once, unless much less brought no less trouble for some rounds."""
        limit, first = self._before_trouble
        if self._limit >= limit:
            limit, first = self._before_trouble = (self._limit, share)
            self._rounds_of_trouble = 0
        self._rounds_of_trouble += 1
        stubborn = first * _STUBBORN <= self._usual_share <= _MOST_NOISE
        if stubborn and self._limit <= limit / 2 and self._rounds_of_trouble >= _ROUNDS:
            self._noise = min(_MOST_NOISE, self._usual_share / _STUBBORN)
            self._set(limit)
        else:
            self._set(self._limit * max(1 - share, _STRONGEST))

    def _slows(self) -> bool:
        """Whether replies take too long to ask for more at once; gives way where that is right."""
        passed = self._clock() - self._began
        if not self._good or passed <= 0:
            return False
        seconds, a_second = self._seconds / self._good, self._good / passed
        if self._before_slowing is not None:
            limit, before = self._before_slowing
            self._before_slowing = None
            if a_second < before * _WORTH:
                self._usual = seconds
                self._set(limit)
                return True
        self._usual = min(seconds, self._usual * _FORGET) if self._usual else seconds
        if seconds > self._usual * _SLOW:
            self._before_slowing = (self._limit, a_second)
            self._set(self._limit * _SLOW_DECREASE)
            return True
        return seconds > self._usual * (1 + _SLOW) / 2

    def _set(self, limit: float) -> None:
        self._limit = min(max(1.0, limit), float(self._ceiling))
