"""Places are given in order, retries first, and one request's rest is no other's."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from grandrounds.llm.backends.base import Stopped, Try
from grandrounds.llm.gate import Gate
from grandrounds.llm.limits import Throttle


def go(what: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(what, 20))


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_as_many_as_there_are_places_and_then_in_order() -> None:
    async def inside() -> None:
        gate, entered = Gate(Throttle(2), most_resting=2), []

        async def one(name: int) -> None:
            await gate.enter()
            entered.append(name)

        tasks = [asyncio.ensure_future(one(name)) for name in range(5)]
        await turns()
        assert entered == [0, 1]
        gate.leave()
        await turns()
        assert entered == [0, 1, 2]
        gate.leave()
        gate.leave()
        await asyncio.gather(*tasks)
        assert entered == [0, 1, 2, 3, 4]

    go(inside())


def test_retries_go_before_new_ones() -> None:
    async def inside() -> None:
        gate, entered = Gate(Throttle(1), most_resting=9), []

        async def one(name: str, *, retry: bool) -> None:
            await gate.enter(retry=retry)
            entered.append(name)

        await gate.enter()
        tasks = [asyncio.ensure_future(one("new", retry=False))]
        await turns()
        tasks.append(asyncio.ensure_future(one("retry", retry=True)))
        await turns()
        for _ in range(2):
            gate.leave()
            await turns()
        await asyncio.gather(*tasks)
        assert entered == ["retry", "new"]

    go(inside())


def test_who_rests_leaves_the_place_to_others_but_only_so_many_may() -> None:
    async def inside() -> None:
        gate = Gate(Throttle(1), most_resting=2)
        for _ in range(2):
            await gate.enter()
            gate.rest()
        new = asyncio.ensure_future(gate.enter())
        await turns()
        assert not new.done()  # there is a place, but two rest already
        await gate.enter(retry=True)
        gate.rested()
        await turns()
        assert not new.done()
        gate.leave()
        await new

    go(inside())


def test_a_refused_place_cools_for_a_round_trip() -> None:
    async def inside() -> None:
        throttle = Throttle(1)
        throttle.told(Try(seconds=0.1))
        gate = Gate(throttle, most_resting=5)
        loop = asyncio.get_running_loop()
        await gate.enter()
        began = loop.time()
        gate.rest()
        await gate.enter()
        assert 0.08 < loop.time() - began < 30

    go(inside())


def test_a_hold_lets_nobody_in_until_it_is_over() -> None:
    async def inside() -> None:
        throttle = Throttle(4)
        gate = Gate(throttle, most_resting=100)
        for _ in range(8):
            throttle.told(Try(seconds=0.01, troubled=True, asked=0.2))
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(gate.enter(), gate.enter(retry=True))
        assert 0.15 < loop.time() - began < 30

    go(inside())


def test_closing_stops_those_who_wait_and_those_who_come() -> None:
    async def inside() -> None:
        gate = Gate(Throttle(1), most_resting=5)
        await gate.enter()
        waiting = [asyncio.ensure_future(gate.enter(retry=retry)) for retry in (True, False)]
        await turns()
        gate.close()
        for one in waiting:
            with pytest.raises(Stopped):
                await one
        with pytest.raises(Stopped):
            await gate.enter()

    go(inside())


def test_a_place_that_comes_to_somebody_who_is_gone_goes_to_the_next() -> None:
    async def inside() -> None:
        gate = Gate(Throttle(1), most_resting=5)
        await gate.enter()
        first, second = asyncio.ensure_future(gate.enter()), asyncio.ensure_future(gate.enter())
        await turns()
        gate.leave()
        first.cancel()  # in the same moment
        with pytest.raises(asyncio.CancelledError):
            await first
        await second

    go(inside())
