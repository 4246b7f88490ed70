"""The clients that are measured, each a process of its own: this file with a client's name.

``stage`` is the model stage as the product uses it. ``openai`` is what people write first: the vendor's
client behind a semaphore, nothing kept. ``reference`` is what a careful person would write by hand for
just this job: raw aiohttp, answers checked by pydantic, kept in SQLite, looked up before they are asked
for again, and nothing else.

It prints the number of good answers. What a
client doesn't need it doesn't import: importing is part of the time of a re-run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.support.work import MAXIMUM_TOKENS, MODEL, SCHEMA, SYSTEM, body, passages

_TRIES = 7


def stage(options: argparse.Namespace) -> int:
    from grandrounds.llm.backends.endpoint import Endpoint
    from grandrounds.llm.backends.http import HttpBackend
    from grandrounds.llm.client import ModelClient
    from grandrounds.llm.ledger import open_ledger
    from grandrounds.llm.request import Message, ModelRequest

    system = Message(role="system", content=SYSTEM)
    requests = (
        ModelRequest.of(
            messages=(system, Message(role="user", content=passage)),
            schema_name="question",
            schema=SCHEMA,
            model=MODEL,
            max_tokens=MAXIMUM_TOKENS,
            prompt_name="benchmark",
            prompt_version="1",
            prompt_sha256="0" * 64,
        )
        for passage in passages(options.requests)
    )
    with ModelClient(
        open_ledger(options.folder / "ledger.sqlite"),
        HttpBackend(Endpoint(base_url=options.base_url, local=True)),
        model=MODEL,
        concurrency=options.concurrency,
    ) as client:
        return sum(answer.ok for _, answer in client.answers(requests))


def openai(options: argparse.Namespace) -> int:
    from openai import AsyncOpenAI

    async def ask(client: AsyncOpenAI, places: asyncio.Semaphore, passage: str) -> bool:
        async with places:
            reply = await client.chat.completions.create(**body(passage))
        return isinstance(json.loads(reply.choices[0].message.content or ""), dict)

    async def run() -> int:
        places = asyncio.Semaphore(options.concurrency)
        async with AsyncOpenAI(base_url=options.base_url, api_key="none", max_retries=_TRIES) as client:
            asked = [ask(client, places, passage) for passage in passages(options.requests)]
            return sum(await asyncio.gather(*asked))

    return asyncio.run(run())


def reference(options: argparse.Namespace) -> int:
    from benchmarks.support.reference import Loop

    loop = Loop(options.folder / "answers.sqlite", base_url=options.base_url)
    return loop.run(passages(options.requests), workers=options.concurrency)


CLIENTS: dict[str, Callable[[argparse.Namespace], int]] = {
    "stage": stage,
    "openai": openai,
    "reference": reference,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="One client of the model stage's benchmark.")
    parser.add_argument("client", choices=CLIENTS)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where it keeps what it keeps")
    options = parser.parse_args()
    print(CLIENTS[options.client](options))


if __name__ == "__main__":
    main()
