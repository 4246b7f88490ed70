"""A careful hand-written loop for just the benchmark's work, and nothing else: what we are measured by.

aiohttp with a worker for each place, answers checked by pydantic and kept in SQLite (write-ahead log, one
commit for many), looked up before they are asked for again, tried again with backoff.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import aiohttp
import orjson
from pydantic import BaseModel, ConfigDict, Field

from benchmarks.support.work import body

_TRIES = 7
_COMMIT_AT = 256
_COMMIT_SECONDS = 0.1


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: str
    options: list[str] = Field(min_length=4, max_length=5)
    answer: Annotated[int, Field(ge=0, le=4, strict=True)]
    rationale: str
    quotes: list[str]
    difficulty: Literal["easy", "medium", "hard"]


class Loop:
    """Asks, checks and keeps. ``run`` once."""

    def __init__(self, path: Path, *, base_url: str) -> None:
        self._url = f"{base_url}/chat/completions"
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID"
        )
        self._known: dict[str, str] = dict(self._database.execute("SELECT key, text FROM answers"))
        self._waiting: list[tuple[str, str]] = []
        self._good = 0

    def run(self, passages: Iterator[str], *, workers: int) -> int:
        """The number of good answers."""
        asyncio.run(self._work(passages, workers))
        self._database.close()
        return self._good

    async def _work(self, passages: Iterator[str], workers: int) -> None:
        committing = asyncio.ensure_future(self._commit_now_and_then())
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), headers={"Content-Type": "application/json"}
        ) as session:
            await asyncio.gather(*(self._worker(session, passages) for _ in range(workers)))
        committing.cancel()
        self._commit()

    async def _worker(self, session: aiohttp.ClientSession, passages: Iterator[str]) -> None:
        for passage in passages:
            data = orjson.dumps(body(passage))
            key = hashlib.sha256(data).hexdigest()
            text = self._known.get(key)
            if text is None:
                text = await self._ask(session, data)
                self._keep(key, text)
            Question.model_validate_json(text)
            self._good += 1

    async def _ask(self, session: aiohttp.ClientSession, data: bytes) -> str:
        for attempt in range(_TRIES):
            async with session.post(self._url, data=data) as reply:
                received = await reply.read()
            if reply.status == 200:
                return str(orjson.loads(received)["choices"][0]["message"]["content"])
            spread = 0.75 + 0.25 * hashlib.sha256(data).digest()[attempt] / 256
            await asyncio.sleep(min(8.0, 0.5 * 2**attempt) * spread)
        raise RuntimeError("a request failed every time")

    def _keep(self, key: str, text: str) -> None:
        self._waiting.append((key, text))
        if len(self._waiting) >= _COMMIT_AT:
            self._commit()

    async def _commit_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_COMMIT_SECONDS)
            self._commit()

    def _commit(self) -> None:
        if self._waiting:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", self._waiting)
            self._database.execute("COMMIT")
            self._waiting.clear()
