"""A stub of an OpenAI-compatible chat server: real HTTP on loopback, no model.

As a script it prints its base URL and serves until it is ended:

    python tests/support/stub_openai.py --port 0 --latency-ms 50 --share-429 0.02

In tests: ``with StubServer(...) as stub`` (a thread) or ``with StubProcess(...) as stub`` (a process of
its own); both have ``base_url`` and ``stats()``.

Every answer fits the schema of its request and is made from the request's text, so the same question
always gets the same answer and different ones get different answers. ``responder`` replaces that: a
function from the request's body to an object (in a script ``--responder FILE.py:NAME``).

Which requests go wrong is decided by their own text, never by chance: by shares (``share_429`` and so on,
over a hash of the text) or by a mark in the last message, ``[[refuse]]`` or ``[[500*2]]`` for the
first two tries. The marks are those of ``_SHAPES``, ``_ODD``, and any HTTP status from 300 to 599.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib.util
import json
import re
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

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
    """What the server saw. ``answered`` counts complete answers by request, ``tries`` all calls."""

    tries: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    behaviours: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    open: int = 0
    most_open: int = 0

    def stats(self) -> dict[str, Any]:
        return {
            "received": self.tries.total(),
            "distinct": len(self.tries),
            "answered": self.answered.total(),
            "answered_twice": sum(count - 1 for count in self.answered.values()),
            "behaviours": dict(self.behaviours),
            "most_open": self.most_open,
        }


class Stub:
    """The server's behaviour, without the socket."""

    def __init__(self, plan: Plan, responder: Responder | None = None, *, keep: bool = True) -> None:
        self.plan = plan
        self.book = Book()
        self._responder = responder or sample_answer
        self._keep = keep

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/admin/stats":
            return web.json_response(self.book.stats())
        if request.path == "/elsewhere/chat/completions":
            self.book.behaviours["followed_redirect"] += 1
        if not request.path.endswith("/chat/completions"):
            return _error(404, "no such path")
        body = json.loads(await request.read())
        key = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()
        self._enter(key, body, request)
        try:
            return await self._chat(request, body, key)
        finally:
            self.book.open -= 1

    def _enter(self, key: str, body: dict[str, Any], request: web.BaseRequest) -> None:
        book = self.book
        book.tries[key] += 1
        book.open += 1
        book.most_open = max(book.most_open, book.open)
        if self._keep:
            book.bodies.append(body)
            book.headers.append(dict(request.headers))

    async def _chat(self, request: web.BaseRequest, body: dict[str, Any], key: str) -> web.StreamResponse:
        refusal = self._objection(request, body)
        if refusal is not None:
            return refusal
        behaviour = self._behaviour(_text(body["messages"][-1]), key)
        self.book.behaviours[behaviour or "plain"] += 1
        if self.plan.latency_ms and behaviour != "hang":
            await asyncio.sleep(self.plan.latency_ms / 1000)
        if behaviour in _ODD:
            return await _ODD[behaviour](request)
        if behaviour.isdigit():
            return self._status(int(behaviour))
        self.book.answered[key] += 1
        return _completion(behaviour, body, json.dumps(self._responder(body)))

    def _objection(self, request: web.BaseRequest, body: dict[str, Any]) -> web.Response | None:
        plan = self.plan
        given = request.headers.get("Authorization", "")
        if plan.api_key and given != f"Bearer {plan.api_key}":
            return _error(401, f"Incorrect API key provided: {given.removeprefix('Bearer ')}")
        if plan.model and body["model"] != plan.model:
            return _error(404, f"The model `{body['model']}` does not exist", code="model_not_found")
        if plan.no_json_schema and "response_format" in body:
            return _error(400, "response_format type json_schema is not supported", param="response_format")
        if plan.wants_completion_tokens and "max_tokens" in body:
            words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return _error(400, words, param="max_tokens")
        return None

    def _behaviour(self, text: str, key: str) -> str:
        mark = _MARK.search(text)
        if mark:
            tries = int(mark.group(2) or 10**9)
            return mark.group(1) if self.book.tries[key] <= tries else ""
        if self.plan.always:
            return self.plan.always
        if self.book.tries[key] > self.plan.fail_tries:
            return ""
        place = int(key[:12], 16) / 16**12
        for name, share in (
            ("429", self.plan.share_429),
            ("500", self.plan.share_500),
            ("hang", self.plan.share_hang),
        ):
            if place < share:
                return name
            place -= share
        return ""

    def _status(self, status: int) -> web.Response:
        headers = {"Retry-After": self.plan.retry_after} if self.plan.retry_after else {}
        if 300 <= status < 400:
            headers["Location"] = "/elsewhere/chat/completions?token=hidden"
        return _error(status, _STATUS_WORDS.get(status, f"stub error {status}"), headers=headers)


def sample_answer(body: dict[str, Any]) -> Any:
    """An object that fits the request's schema, made from the request's text."""
    form = body.get("response_format") or {}
    text = _text(body["messages"][-1])
    schema = form.get("json_schema", {}).get("schema")
    if schema is None:
        start = text.rfind("\n{")
        schema = json.loads(text[start:]) if start >= 0 else {"type": "object"}
    return sample(
        schema, hashlib.sha256(text.split("\n\nAnswer with one JSON")[0].encode()).hexdigest()[:12]
    )


def sample(schema: dict[str, Any], seed: str) -> Any:
    """A small value that fits ``schema``; its strings hold ``seed``."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], seed)
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: sample(inner, seed) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        count = max(schema.get("minItems", 2), 1)
        return [sample(schema.get("items", {}), f"{seed}-{position}") for position in range(count)]
    number = schema.get("minimum", 1)
    return {"integer": number, "number": number, "boolean": True, "null": None}.get(kind, f"answer {seed}")


_SHAPES: dict[str, Callable[[str], Any]] = {
    "refuse": lambda _: None,
    "filter": lambda _: "",
    "length": lambda text: text[: len(text) // 2],
    "nonsense": lambda _: "I am afraid that the weather is nice.",
    "empty": lambda _: None,
    "fenced": lambda text: f"Of course:\n```json\n{text}\n```\nAnything else?",
    "parts": lambda text: [{"type": "text", "text": text[:5]}, {"type": "text", "text": text[5:]}],
    "wrong_shape": lambda _: '{"surprise": true}',
    "no_choices": str,
    "no_message": str,
    "": str,
}


def _completion(behaviour: str, body: dict[str, Any], text: str) -> web.Response:
    message: dict[str, Any] = {"role": "assistant", "content": _SHAPES[behaviour](text), "refusal": None}
    finish = {"filter": "content_filter", "length": "length"}.get(behaviour, "stop")
    if behaviour == "refuse":
        message["refusal"] = "I can't help with that."
    document = {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }
    if behaviour == "no_choices":
        document["choices"] = []
    if behaviour == "no_message":
        document["choices"] = [{"index": 0, "finish_reason": "stop"}]
    return web.Response(body=json.dumps(document).encode(), content_type="application/json")


def _error(status: int, words: str, *, headers: dict[str, str] | None = None, **more: str) -> web.Response:
    return web.json_response(
        {"error": {"message": words, "type": "stub", **more}}, status=status, headers=headers
    )


async def _hang(_: web.BaseRequest) -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise AssertionError("nobody waits that long")


async def _reset(request: web.BaseRequest) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _drip(request: web.BaseRequest) -> web.StreamResponse:
    """Headers and then a byte now and then: never silent, never done."""
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(10_000):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


async def _huge(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1000):
        await response.write(b"x" * 1_000_000)
    return response


async def _gzip(_: web.BaseRequest) -> web.StreamResponse:
    import gzip

    packed = gzip.compress(b" " * 20_000_000)
    return web.Response(body=packed, headers={"Content-Encoding": "gzip"}, content_type="application/json")


async def _html(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="<html><body>Bad gateway</body></html>", content_type="text/html")


async def _error_inside(_: web.BaseRequest) -> web.StreamResponse:
    return web.json_response({"error": {"message": "upstream is busy", "code": 503}})


async def _echo_key(request: web.BaseRequest) -> web.StreamResponse:
    return _error(400, f"what is {request.headers.get('Authorization')}?")


_ODD = {
    "hang": _hang,
    "reset": _reset,
    "drip": _drip,
    "huge": _huge,
    "gzip": _gzip,
    "html": _html,
    "error_inside": _error_inside,
    "echo_key": _echo_key,
}


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


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
        runner, self.base_url = await _open(self.stub, port=0)
        self._started.set()
        await self._done.wait()
        await runner.cleanup()


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
            [sys.executable, __file__, "--port", "0", *self._options], stdout=subprocess.PIPE, text=True
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
        address = self.base_url.removesuffix("/v1") + "/admin/stats"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            address, timeout=10
        ) as reply:
            return dict(json.load(reply))


async def _open(stub: Stub, *, port: int) -> tuple[web.ServerRunner, str]:
    runner = web.ServerRunner(web.Server(stub.handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=4096)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/v1"


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
    _, address = await _open(Stub(plan, responder, keep=False), port=port)
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


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
    asyncio.run(_main(chosen_port, Plan(**given), _load(place) if place else None))
