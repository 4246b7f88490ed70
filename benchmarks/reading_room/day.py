"""A day at the page: readers sign in and read, the server is killed in the middle, and what came of it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass

from sqlalchemy import func, select

from benchmarks.reading_room.queue import NAME, Filled
from benchmarks.reading_room.readers import Log, Reader
from grandrounds.needed_readers import readers_needed
from grandrounds.review import tables
from grandrounds.review.policy import Outcome, status
from grandrounds.review.store import ReviewStore
from tests.support.review_server import ReviewServer

_LOGINS_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a day came to. Percentiles are milliseconds (50th, 95th, 99th) by kind of request; ``broken``
    are the promises that did not hold, in sentences."""

    seconds: float
    requests: int
    decisions: int
    milliseconds: dict[str, tuple[float, float, float]]
    server_cpu_seconds: float
    login_seconds: float
    starts: tuple[float, ...]
    interrupted: int
    kept: int
    page_bytes: int
    broken: tuple[str, ...]

    @property
    def requests_a_second(self) -> float:
        """Answered requests a second."""
        return self.requests / self.seconds

    @property
    def cpu_milliseconds(self) -> float:
        """Processor time of the server for one request."""
        return 1000 * self.server_cpu_seconds / max(1, self.requests)


async def spend(
    server: ReviewServer, names: list[str], *, seconds: float, think: float, kill: bool
) -> tuple[Log, dict[str, float]]:
    """Let everybody sign in, then read for ``seconds``; with ``kill`` the server is killed half way and
    started again. What the readers saw, and seconds of logging in, of reading and of the processor."""
    log = Log()
    async with AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(Reader(name, server.url, log, think)) for name in names]
        began, turns = time.monotonic(), asyncio.Semaphore(_LOGINS_AT_ONCE)

        async def sign_in(reader: Reader) -> None:
            async with turns:
                await reader.sign_in()

        await asyncio.gather(*(sign_in(reader) for reader in readers))
        signed_in, before = time.monotonic(), server.used()
        until = asyncio.get_running_loop().time() + seconds
        work = asyncio.gather(
            *(
                reader.read_until(until, begin=think * place / len(readers))
                for place, reader in enumerate(readers)
            )
        )
        if kill:
            await asyncio.sleep(seconds / 2)
            server.kill()
            log.kills += 1
            await asyncio.to_thread(server.start)
        await work
    taken = {
        "login": signed_in - began,
        "reading": time.monotonic() - signed_in,
        "cpu": server.used() - before,
    }
    return log, taken


def judged(
    log: Log,
    taken: dict[str, float],
    *,
    server: ReviewServer,
    store: ReviewStore,
    filled: Filled,
    limit: float,
) -> Figures:
    """The figures of a day, and whether every promise held; ``limit`` is that for the next item, in
    milliseconds at the 95th percentile."""
    milliseconds = {
        kind: (percentile(found, 50), percentile(found, 95), percentile(found, 99))
        for kind, found in log.times.items()
    }
    broken = [*log.broken, *_in_the_database(log, store, filled)]
    if milliseconds["next"][1] > limit:
        broken.append(
            f"The next item took {milliseconds['next'][1]:.0f} ms (95th percentile) > {limit:.0f}."
        )
    return Figures(
        seconds=taken["reading"],
        requests=sum(map(len, log.times.values())),
        decisions=len(log.decided),
        milliseconds=milliseconds,
        server_cpu_seconds=taken["cpu"],
        login_seconds=taken["login"],
        starts=tuple(server.starts),
        interrupted=log.interrupted,
        kept=log.kept,
        page_bytes=log.page_bytes,
        broken=tuple(broken),
    )


def percentile(found: list[float], share: float) -> float:
    """In milliseconds: the smallest value that ``share`` of a hundred don't exceed."""
    if not found:
        return 0.0
    ordered = sorted(found)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


def _in_the_database(log: Log, store: ReviewStore, filled: Filled) -> list[str]:
    """What of the promises the database itself doesn't bear out."""
    broken, policy = [], filled.recipe.review
    events = {event.event_id: event for event in store.events(NAME)}
    for event_id, (name, item) in log.decided.items():
        event = events.get(event_id)
        if event is None or (event.reviewer, event.item_id) != (name, item):
            broken.append(f"The decision {event_id} of {name} was acknowledged, and is lost.")
    if len(events) > len(log.decided):
        broken.append(f"{len(events) - len(log.decided)} decisions are stored that nobody made.")
    pairs = Counter((event.reviewer, event.item_id) for event in events.values())
    broken += [f"{name} decided twice on {item}." for (name, item), times in pairs.items() if times > 1]
    for item, readers in log.given.items():
        if len(readers) > readers_needed(item, policy):
            broken.append(f"{item} was given to {len(readers)} readers.")
    slots = tables.slots.c
    with store.database.reading() as connection:
        places = connection.execute(
            select(slots.item_id, func.count()).where(slots.role == "reviewer").group_by(slots.item_id)
        )
        broken += [
            f"{item} has {number} places taken."
            for item, number in places
            if number > readers_needed(item, policy)
        ]
    if status(store, NAME, interval=False).counts[Outcome.DISPUTED]:
        broken.append("Items are disputed on which everybody said the same.")
    return broken
