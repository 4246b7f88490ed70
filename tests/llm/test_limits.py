"""As much at once as the server bears: on simulated servers, in simulated time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from grandrounds.fingerprint import unit_interval
from grandrounds.llm.backends.base import Try
from grandrounds.llm.limits import Throttle

CEILING = 256
REFUSED_SECONDS = 0.002  # a refusal comes back at once

#: Seconds that a request takes when so many are in flight; ``None`` for a refusal.
Server = Callable[[int, int], float | None]


@dataclass
class World:
    """A throttle before a server, with as many requests as it likes and a clock that only it moves."""

    server: Server
    ceiling: int = CEILING
    asked: float | None = None
    now: float = 0.0
    good: int = 0
    refused: int = 0
    number: int = 0
    limits: list[int] = field(default_factory=list)
    ends: list[tuple[float, int, float | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.throttle = Throttle(self.ceiling, clock=lambda: self.now)

    def run(self, seconds: float) -> World:
        """Let so much time pass."""
        until = self.now + seconds
        while True:
            while len(self.ends) < self.throttle.limit and not self.throttle.hold:
                self.number += 1
                asked = sum(number > 0 for _, number, _ in self.ends)
                took = self.server(asked + 1, self.number)
                heapq.heappush(self.ends, (self.now + (took or REFUSED_SECONDS), self.number, took))
            if not self.ends or self.ends[0][0] > until:
                break
            self.now, number, took = heapq.heappop(self.ends)
            if number < 0:  # a place has cooled
                continue
            self.good += took is not None
            self.refused += took is None
            self.throttle.told(
                Try(
                    seconds=took or REFUSED_SECONDS,
                    troubled=took is None,
                    asked=self.asked if took is None else None,
                )
            )
            self.limits.append(self.throttle.limit)
            if took is None:
                heapq.heappush(self.ends, (self.now + self.throttle.cooling, -1, None))
        self.now = until
        return self


def plain(open_: int, number: int) -> float | None:
    return 0.05


def noisy(share: float) -> Server:
    return lambda _, number: None if unit_interval("noise", str(number)) < share else 0.05


def bounded(capacity: int) -> Server:
    """Refuses whatever is more than it can do."""
    return lambda open_, _: 0.05 if open_ <= capacity else None


def sharing(capacity: int) -> Server:
    """Does no more than ``capacity`` at full speed; with more, all get slower."""
    return lambda open_, _: 0.05 * max(1.0, open_ / capacity)


def test_it_starts_at_the_ceiling_and_stays_there() -> None:
    world = World(plain).run(5)

    assert set(world.limits) == {CEILING}
    assert world.good > 0.99 * CEILING * 5 / 0.05 - CEILING


@pytest.mark.parametrize("share", [0.02, 0.035])
def test_single_refusals_cost_next_to_nothing(share: float) -> None:
    quiet, rough = World(plain).run(10), World(noisy(share)).run(10)

    assert min(rough.limits) > 0.8 * CEILING
    assert rough.good > 0.93 * quiet.good


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_refusals_that_do_not_depend_on_us_are_noise_however_many(share: float) -> None:
    world = World(noisy(share)).run(20)

    late = world.limits[len(world.limits) // 2 :]
    assert sum(late) / len(late) > 0.7 * CEILING
    assert world.good > 0.65 * (1 - share) * CEILING * 20 / 0.05


def test_a_server_that_refuses_a_share_gets_so_much_less() -> None:
    world = World(bounded(40)).run(1)
    assert world.refused < 2 * CEILING  # until it is found out
    world.good = world.refused = 0
    world.limits.clear()
    world.run(10)

    assert 20 <= min(world.limits) <= max(world.limits) <= 60
    assert world.good > 0.8 * 40 * 10 / 0.05
    assert world.refused < 0.12 * world.good


def test_when_the_server_recovers_so_does_the_limit() -> None:
    world = World(bounded(20)).run(5)
    assert world.throttle.limit < 40
    world.server = plain
    world.run(3)

    assert world.throttle.limit == CEILING


def test_one_round_trip_takes_half_at_most() -> None:
    clock = 0.0
    throttle = Throttle(CEILING, clock=lambda: clock)
    clock = 1.0
    for _ in range(CEILING):  # all were sent before any came back
        throttle.told(Try(seconds=1.0, troubled=True))

    assert throttle.limit == CEILING // 2


def test_the_limit_never_falls_below_one() -> None:
    clock = 0.0
    throttle = Throttle(CEILING, clock=lambda: clock)
    for _ in range(1000):
        clock += 1.0
        throttle.told(Try(seconds=0.5, troubled=True))

    assert throttle.limit == 1


@pytest.mark.parametrize("ceiling", [1, 2, 5])
def test_a_low_ceiling_works_too(ceiling: int) -> None:
    world = World(noisy(0.02), ceiling=ceiling).run(20)

    assert set(world.limits) <= set(range(1, ceiling + 1))
    assert world.good > 0.9 * ceiling * 20 / 0.05


# Slower and slower --------------------------------------------------------------------------------


def test_a_server_that_slows_down_under_the_load_is_asked_less_at_once() -> None:
    world = World(sharing(CEILING)).run(2)
    assert world.throttle.limit == CEILING
    world.server = sharing(20)  # somebody else uses most of it
    before = world.good
    world.run(20)

    assert world.throttle.limit <= 0.5 * CEILING
    assert world.good - before > 0.85 * 20 * 20 / 0.05  # and it answers as much as it can


def test_a_server_that_only_became_slower_is_asked_as_much_as_before() -> None:
    world = World(plain).run(2)
    world.server = lambda _, __: 0.4  # longer answers: fewer at once would only be fewer answers
    before = world.good
    world.run(40)

    late = world.limits[len(world.limits) // 2 :]
    assert min(late) >= 0.85 * CEILING
    assert world.good - before > 0.9 * CEILING * 40 / 0.4


# Waits that the server asks for -------------------------------------------------------------------


def test_when_most_replies_ask_for_a_wait_everybody_waits() -> None:
    world = World(lambda _, __: None, ceiling=32, asked=30.0).run(1)

    assert 28 < world.throttle.hold <= 30
    assert world.number <= 2 * 32
    world.run(20)
    assert world.number <= 2 * 32


def test_a_single_one_that_asks_for_a_wait_holds_nobody_else() -> None:
    world = World(noisy(0.02), asked=30.0).run(5)

    assert world.refused > 100
    assert world.throttle.hold == 0


def test_nobody_waits_for_hours() -> None:
    world = World(lambda _, __: None, asked=86_400.0).run(1)

    assert world.throttle.hold <= 120
