"""A stub of an OpenAI-compatible chat server: real HTTP on loopback, no model. Tests and benchmarks use it.

As a script it prints its base URL and serves until it is ended:

    python tests/support/stub_openai.py --port 0 --latency-ms 50 --share-429 0.02

In tests: ``with StubServer(...) as stub`` (a thread) or ``with StubProcess(...) as stub`` (a process of
its own); both have ``base_url`` and ``stats()``. A process can be given another plan while it runs:
``stub.reset(share_429=0.02)`` also forgets what it saw.

Every answer fits the schema of its request and is made from the request's text, so the same question
always gets the same answer and different ones get different answers. ``responder`` replaces that: a
function from the request's body to an object (in a script ``--responder FILE.py:NAME``).

Which requests go wrong is decided by their own text, never by chance: by shares (``share_429`` and so on,
over a hash of the text) or by a mark in the last message, ``[[refuse]]`` or ``[[500*2]]`` for the
first two tries. The marks are those of ``SHAPES``, ``_ODD``, and any HTTP status from 300 to 599.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.stub_answers import completion, sample_answer, text_of
from tests.support.stub_http import Exchange, HttpServer

_MARK = re.compile(r"\[\[(\w+)(?:\*(\d+))?\]\]")
_STATUS_WORDS = {
    404: "The model does not exist",
    401: "Incorrect API key provided",
    429: "Rate limit reached",
}

Responder = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the server behaves. Shares are of distinct requests; ``fail_tries`` first tries of each fail."""

    latency_ms: float = 0.0
    share_429: float = 0.0
    share_500: float = 0.0
    share_hang: float = 0.0
    fail_tries: int = 1
    retry_after: str = ""
    always: str = ""
    api_key: str = ""
    model: str = ""
    no_json_schema: bool = False
    wants_completion_tokens: bool = False


@dataclass
class Book:
    """What the server saw. ``answered`` counts complete answers by request, ``tries`` all calls;
    ``first`` and ``last`` are when the first request came and the last reply went, in seconds."""

    tries: Counter[bytes] = field(default_factory=Counter)
    answered: Counter[bytes] = field(default_factory=Counter)
    behaviours: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    open: int = 0
    most_open: int = 0
    first: float = 0.0
    last: float = 0.0

    def enter(self, key: bytes) -> None:
        self.first = self.first or time.monotonic()
        self.tries[key] += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)

    def leave(self) -> None:
        self.open -= 1

    def answer(self, key: bytes) -> None:
        self.answered[key] += 1
        self.statuses[200] += 1
        self.last = time.monotonic()

    def stats(self) -> dict[str, Any]:
        return {
            "received": self.tries.total(),
            "distinct": len(self.tries),
            "answered": self.answered.total(),
            "answered_twice": sum(count - 1 for count in self.answered.values()),
            "behaviours": dict(self.behaviours),
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "most_open": self.most_open,
            "seconds": self.last - self.first,
            "cpu_seconds": sum(os.times()[:2]),
        }


class Stub:
    """The server's behaviour, without the socket."""

    def __init__(self, plan: Plan, responder: Responder | None = None, *, keep: bool = True) -> None:
        self.plan = plan
        self.book = Book()
        self._responder = responder
        self._keep = keep
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, exchange: Exchange) -> None:
        if exchange.path == "/admin/stats":
            return exchange.reply(200, orjson.dumps(self.book.stats()))
        if exchange.path == "/admin/reset":
            self.plan = Plan(**orjson.loads(exchange.body))
            self.book = Book()
            return exchange.reply(200, b"{}")
        if exchange.path == "/elsewhere/chat/completions":
            self.book.behaviours["followed_redirect"] += 1
        if not exchange.path.endswith("/chat/completions"):
            return _error(exchange, 404, "no such path")
        try:
            body = orjson.loads(exchange.body)
        except orjson.JSONDecodeError as exc:
            return _error(exchange, 400, f"the body is not JSON: {exc}")
        key = hashlib.sha256(orjson.dumps(body["messages"])).digest()[:16]
        self.book.enter(key)
        exchange.ended = self.book.leave
        if self._keep:
            self.book.bodies.append(body)
            self.book.headers.append(exchange.headers)
        return self._chat(exchange, body, key)

    def _chat(self, exchange: Exchange, body: dict[str, Any], key: bytes) -> None:
        if self._objects(exchange, body):
            return
        behaviour = self._behaviour(text_of(body["messages"][-1]), key)
        self.book.behaviours[behaviour or "plain"] += 1
        if behaviour == "hang":
            return
        if self.plan.latency_ms:
            loop = asyncio.get_running_loop()
            loop.call_later(
                self.plan.latency_ms / 1000,
                self._behave,
                behaviour,
                exchange,
                body,
                key,
            )
        else:
            self._behave(behaviour, exchange, body, key)

    def _behave(self, behaviour: str, exchange: Exchange, body: dict[str, Any], key: bytes) -> None:
        if behaviour in _ODD:
            task = asyncio.ensure_future(_ODD[behaviour](exchange))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif behaviour.isdigit():
            self._status(exchange, int(behaviour))
        else:
            self.book.answer(key)
            exchange.reply(200, completion(behaviour, body, self._answer(body)))

    def _answer(self, body: dict[str, Any]) -> str:
        if self._responder is None:
            return sample_answer(body)
        return json.dumps(self._responder(body))

    def _objects(self, exchange: Exchange, body: dict[str, Any]) -> bool:
        """Answer with an error what the plan says this server does not take; whether it did."""
        plan = self.plan
        if plan.api_key and exchange.headers.get("Authorization") != f"Bearer {plan.api_key}":
            given = exchange.headers.get("Authorization", "").removeprefix("Bearer ")
            _error(exchange, 401, f"Incorrect API key provided: {given}")
        elif plan.model and body["model"] != plan.model:
            _error(
                exchange,
                404,
                f"The model `{body['model']}` does not exist",
                code="model_not_found",
            )
        elif plan.no_json_schema and "response_format" in body:
            words = "response_format type json_schema is not supported"
            _error(exchange, 400, words, param="response_format")
        elif plan.wants_completion_tokens and "max_tokens" in body:
            words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            _error(exchange, 400, words, param="max_tokens")
        else:
            return False
        return True

    def _behaviour(self, text: str, key: bytes) -> str:
        mark = _MARK.search(text)
        if mark:
            tries = int(mark.group(2) or 10**9)
            return mark.group(1) if self.book.tries[key] <= tries else ""
        if self.plan.always:
            return self.plan.always
        if self.book.tries[key] > self.plan.fail_tries:
            return ""
        place = int.from_bytes(key[:6], "big") / 256**6
        for name, share in (
            ("429", self.plan.share_429),
            ("500", self.plan.share_500),
            ("hang", self.plan.share_hang),
        ):
            if place < share:
                return name
            place -= share
        return ""

    def _status(self, exchange: Exchange, status: int) -> None:
        self.book.statuses[status] += 1
        headers = {"Retry-After": self.plan.retry_after} if self.plan.retry_after else {}
        if 300 <= status < 400:
            headers["Location"] = "/elsewhere/chat/completions?token=hidden"
        _error(
            exchange,
            status,
            _STATUS_WORDS.get(status, f"stub error {status}"),
            headers=headers,
        )


def _error(
    exchange: Exchange,
    status: int,
    words: str,
    *,
    headers: dict[str, str] | None = None,
    **more: str,
) -> None:
    error = {"error": {"message": words, "type": "stub", **more}}
    exchange.reply(status, json.dumps(error).encode(), headers=headers)


async def _reset(exchange: Exchange) -> None:
    exchange.abort()


_PIECEWISE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


async def _drip(exchange: Exchange) -> None:
    """Headers and then a byte now and then: never silent, never done."""
    exchange.write(_PIECEWISE)
    while await exchange.drained():
        exchange.write(b"1\r\n \r\n")
        await asyncio.sleep(0.05)


async def _huge(exchange: Exchange) -> None:
    """A gigabyte, or as much of it as the client takes."""
    exchange.write(_PIECEWISE)
    for _ in range(1000):
        exchange.write(b"F4240\r\n" + b"x" * 1_000_000 + b"\r\n")
        if not await exchange.drained():
            return
    exchange.write(b"0\r\n\r\n")
    exchange.end()


async def _gzip(exchange: Exchange) -> None:
    import gzip

    exchange.reply(200, gzip.compress(b" " * 20_000_000), headers={"Content-Encoding": "gzip"})


async def _html(exchange: Exchange) -> None:
    exchange.reply(
        200,
        b"<html><body>Bad gateway</body></html>",
        content_type="text/html; charset=utf-8",
    )


async def _error_inside(exchange: Exchange) -> None:
    exchange.reply(200, b'{"error": {"message": "upstream is busy", "code": 503}}')


async def _echo_key(exchange: Exchange) -> None:
    _error(exchange, 400, f"what is {exchange.headers.get('Authorization')}?")


_ODD: dict[str, Callable[[Exchange], Coroutine[Any, Any, None]]] = {
    "reset": _reset,
    "drip": _drip,
    "huge": _huge,
    "gzip": _gzip,
    "html": _html,
    "error_inside": _error_inside,
    "echo_key": _echo_key,
}


class StubServer:
    """The stub in a thread of this process; its ``book`` can be looked into."""

    def __init__(self, *, responder: Responder | None = None, **plan: Any) -> None:
        self.stub = Stub(Plan(**plan), responder)
        self.base_url = ""
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def book(self) -> Book:
        return self.stub.book

    def stats(self) -> dict[str, Any]:
        return self.book.stats()

    def __enter__(self) -> StubServer:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server; its address then refuses connections."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._done.set)
            self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        server = HttpServer(self.stub.handle)
        self.base_url = f"{await server.start()}/v1"
        self._started.set()
        await self._done.wait()
        await server.stop()


class StubProcess:
    """The stub in a process of its own."""

    def __init__(self, **plan: Any) -> None:
        self._options = [
            part
            for name, value in plan.items()
            for part in ([f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)]))
        ]
        self.base_url = ""

    def __enter__(self) -> StubProcess:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--port", "0", *self._options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        assert self.base_url, "the stub did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def stats(self) -> dict[str, Any]:
        return self._admin("stats", None)

    def reset(self, **plan: Any) -> None:
        """Forget what was seen, and go on by another plan."""
        self._admin("reset", json.dumps(plan).encode())

    def _admin(self, what: str, data: bytes | None) -> dict[str, Any]:
        address = f"{self.base_url.removesuffix('/v1')}/admin/{what}"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            address, data=data, timeout=10
        ) as reply:
            return dict(json.load(reply))


def _load(place: str) -> Responder:
    file, _, name = place.partition(":")
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    responder: Responder = getattr(module, name)
    return responder


async def _main(port: int, plan: Plan, responder: Responder | None) -> None:
    address = await HttpServer(Stub(plan, responder, keep=False).handle).start(port)
    sys.stdout.write(f"{address}/v1\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """On the faster event loop where there is one."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(serving)
    else:
        uvloop.run(serving)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stub of an OpenAI-compatible chat server.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--responder", default="", help="FILE.py:NAME, a function from body to object")
    for option, default in asdict(Plan()).items():
        flag = f"--{option.replace('_', '-')}"
        if isinstance(default, bool):
            parser.add_argument(flag, action="store_true")
        else:
            parser.add_argument(flag, type=type(default), default=default)
    given = vars(parser.parse_args())
    chosen_port, place = given.pop("port"), given.pop("responder")
    serving = _main(chosen_port, Plan(**given), _load(place) if place else None)
    _run(serving)
