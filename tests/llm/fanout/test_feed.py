"""The feed: blocks in order, each as often as asked for; one purse, whatever becomes of workers."""

from __future__ import annotations

import asyncio

import pytest

from grandrounds.llm.backends.base import Try
from grandrounds.llm.budget import Limits, most_use
from grandrounds.llm.fanout import feed as feed_module
from grandrounds.llm.fanout.blocks import pack_requests
from grandrounds.llm.fanout.feed import Feed
from grandrounds.llm.prices import FREE
from tests.llm.helpers import asks


def make(**limits: float) -> Feed:
    return Feed(b"post", Limits(**limits), FREE)  # type: ignore[arg-type]


async def _next(feed: Feed, run: int, number: int) -> bytes | None:
    return await asyncio.wait_for(feed.next(run, number), 5)


def test_blocks_are_given_when_they_come_and_again_when_asked_again() -> None:
    async def story() -> None:
        feed = make()
        run, first = await feed.open()
        waiting = asyncio.ensure_future(feed.next(run, first))
        await asyncio.sleep(0)
        assert not waiting.done()
        await feed.put(first, b"one")
        assert await waiting == b"one"
        assert await _next(feed, run, first) == b"one"
        await feed.drop(first)
        assert await _next(feed, run, first) == b""
        await feed.finish()
        assert await _next(feed, run, first + 1) is None

    asyncio.run(story())


def test_a_run_that_is_over_gets_nothing_of_the_next() -> None:
    async def story() -> None:
        feed = make()
        old, first = await feed.open()
        left_over = asyncio.ensure_future(feed.next(old, first))
        await feed.join("worker", "life")
        await asyncio.sleep(0)
        new, first = await feed.open()
        await feed.put(first, b"new")
        assert await asyncio.wait_for(left_over, 5) is None
        assert await _next(feed, new, first) == b"new"
        assert await feed.beat("worker")  # a worker of the old run is told to stop

    asyncio.run(story())


def test_a_halt_ends_giving_and_tells_workers() -> None:
    async def story() -> None:
        feed = make()
        run, first = await feed.open()
        await feed.join("worker", "life")
        assert not await feed.beat("worker")
        await feed.halt()
        assert await _next(feed, run, first) is None
        assert await feed.beat("worker")

    asyncio.run(story())


def test_beginnings_are_counted_and_blocks_that_are_done_do_not_begin() -> None:
    async def story() -> None:
        feed = make()
        _, first = await feed.open()
        await feed.put(first, pack_requests(asks(2)))
        assert [await feed.begin(first), await feed.begin(first)] == [1, 2]
        await feed.drop(first)
        assert await feed.begin(first) == 0

    asyncio.run(story())


async def _with_block(feed: Feed, *workers: str) -> int:
    _, first = await feed.open()
    await feed.put(first, pack_requests(asks(9)))
    for worker in workers:
        await feed.join(worker, "first life")
    await feed.begin(first)
    return first


def test_all_workers_draw_on_one_budget() -> None:
    async def story() -> None:
        feed = make(requests=3)
        block = await _with_block(feed, "a", "b")
        leaves = [
            await feed.spend(worker, block, request.request_id)
            for worker, request in zip("abab", asks(4)[:3], strict=False)
        ]
        assert all(number for number, _ in leaves)
        for worker, (number, _) in zip("aba", leaves, strict=True):
            await feed.spent(worker, number, Try(prompt_tokens=1))
        number, reason = await feed.spend("b", block, asks(4)[3].request_id)
        assert number == 0
        assert "3 requests" in reason

    asyncio.run(story())


def test_a_budget_outlives_a_run() -> None:
    async def story() -> None:
        feed = make(requests=1)
        block = await _with_block(feed, "a")
        number, _ = await feed.spend("a", block, asks(1)[0].request_id)
        await feed.spent("a", number, Try())
        block = await _with_block(feed, "a")
        assert (await feed.spend("a", block, asks(1)[0].request_id))[0] == 0

    asyncio.run(story())


@pytest.mark.parametrize("dies", [True, False])
def test_what_a_dead_worker_had_leave_for_counts_as_spent(dies: bool) -> None:
    first, second = asks(2)
    most = max(most_use(request, Limits()).tokens for request in (first, second))

    async def story() -> None:
        feed = make(tokens=2 * most - 1)
        block = await _with_block(feed, "a", "b")
        number, _ = await feed.spend("a", block, first.request_id)
        if dies:
            await feed.join("a", "second life")  # Ray has started the actor again
        else:
            await feed.spent("a", number, Try(prompt_tokens=10))
        leave, reason = await asyncio.wait_for(feed.spend("b", block, second.request_id), 5)
        assert bool(leave) is not dies
        assert ("tokens" in reason) is dies

    asyncio.run(story())


def test_a_worker_that_is_not_seen_for_long_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "_UNSEEN_SECONDS", 0.0)
    monkeypatch.setattr(feed_module, "_LOOK_SECONDS", 0.0)

    async def story() -> None:
        feed = make(requests=1)
        block = await _with_block(feed, "a", "b")
        await feed.spend("a", block, asks(1)[0].request_id)
        waiting = asyncio.ensure_future(feed.spend("b", block, asks(2)[1].request_id))
        await asyncio.sleep(0.01)
        assert not waiting.done()  # what is in flight may give something back
        await feed.beat("b")
        assert (await asyncio.wait_for(waiting, 5))[0] == 0

    asyncio.run(story())


def test_a_halt_ends_the_wait_for_leave() -> None:
    async def story() -> None:
        feed = make(requests_per_minute=1)
        block = await _with_block(feed, "a")
        assert (await feed.spend("a", block, asks(1)[0].request_id))[0]
        waiting = asyncio.ensure_future(feed.spend("a", block, asks(2)[1].request_id))
        await asyncio.sleep(0.01)
        await feed.halt()
        assert await asyncio.wait_for(waiting, 5) == (0, "")

    asyncio.run(story())
