"""Puts answers into the ledger from a thread of its own, many in one commit.

``file`` returns only when the answer is on the disk: whoever waits for it keeps its place among the
requests in flight until then, so a ``kill -9`` loses at most the requests in flight. Commits group
themselves: while one is being written, the answers that arrive wait for the next.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from grandrounds.errors import LedgerError
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.ledger import Filed, Ledger

_Waiting = tuple[Filed, "asyncio.Future[ModelAnswer]"]


class Recorder:
    """Files answers for one event loop. Start it inside that loop and close it when all is filed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._closing = False
        self._ended: asyncio.Future[None] = self._loop.create_future()
        threading.Thread(target=self._work, name="ledger", daemon=True).start()

    def file(self, filed: Filed) -> asyncio.Future[ModelAnswer]:
        """File one answer; done when it is on the disk. Fails with ``LedgerError`` when it can't be."""
        done: asyncio.Future[ModelAnswer] = self._loop.create_future()
        with self._changed:
            self._waiting.append((filed, done))
            self._changed.notify()
        return done

    async def close(self) -> None:
        """File what waits, then end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        await self._ended

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                batch, self._waiting = self._waiting, []
            if not batch:
                self._loop.call_soon_threadsafe(self._ended.set_result, None)
                return
            try:
                answers = self._ledger.write([filed for filed, _ in batch])
            except LedgerError as exc:
                self._loop.call_soon_threadsafe(_fail, batch, exc)
            else:
                self._loop.call_soon_threadsafe(_settle, batch, answers)


def _settle(batch: Sequence[_Waiting], answers: Sequence[ModelAnswer]) -> None:
    for (_, done), answer in zip(batch, answers, strict=True):
        if not done.done():
            done.set_result(answer)


def _fail(batch: Sequence[_Waiting], error: LedgerError) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)
