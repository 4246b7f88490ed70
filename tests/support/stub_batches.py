"""A stub of the Files and Batch API: real HTTP on loopback, no model.

``with StubBatches(...) as stub``: ``stub.base_url``, ``stub.batches`` and ``stub.files`` can be looked into. A
batch goes on with each look at it: ``validating``, ``in_progress`` for ``polls`` looks, then its end. Uploads
are checked as the real API checks them. ``stub.trouble["create"] = ["reset_after"]`` makes the next call of a
kind go wrong: ``500`` before anything was done, ``500_after``, ``reset_after`` (done, but the connection breaks),
``stall_after`` (done, but no reply ever; ``stub.stalled`` is set), ``html``.
Kinds: upload, files, content, create, list, get, cancel.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.answering import Responder, answered, completion, expired, failed, said
from tests.support.stub_openai import sample_answer

_PAGE = 3  # small, so that a listing has pages


@dataclass(kw_only=True)
class Plan:
    """How the service behaves. ``fail``: every so manieth request fails, into the error file;
    ``expire_after``: so many are answered, then the batch expires; ``refuse``: validation fails with this
    code; ``model``: what answers name instead of the model asked."""

    polls: int = 1
    api_key: str = ""
    fail: int = 0
    expire_after: int | None = None
    refuse: str = ""
    model: str = ""
    latency: float = 0.0


@dataclass
class File:
    file_id: str
    name: str
    data: bytes


@dataclass
class BatchRow:
    batch_id: str
    input_file: str
    metadata: dict[str, str]
    status: str = "validating"
    looks: int = 0
    output: str | None = None
    errors: str | None = None
    counts: dict[str, int] = field(default_factory=lambda: {"total": 0, "completed": 0, "failed": 0})
    faults: list[dict[str, Any]] = field(default_factory=list)


class StubBatches:
    """The service in a thread of this process."""

    def __init__(self, *, responder: Responder = sample_answer, **plan: Any) -> None:
        self.plan = Plan(**plan)
        self.responder = responder
        self.files: dict[str, File] = {}
        self.batches: dict[str, BatchRow] = {}
        self.calls: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.trouble: defaultdict[str, list[str]] = defaultdict(list)
        self.stalled = threading.Event()
        self.base_url = ""
        self._numbers = itertools.count(1)
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> StubBatches:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)

    def received(self) -> bytes:
        """Every byte that was ever uploaded."""
        return b"".join(file.data for file in self.files.values())

    # The service ------------------------------------------------------------------------------

    def _upload(self, request: web.Request, parts: dict[str, Any]) -> web.Response:
        made = self._keep(parts["file"][0], parts["file"][1])
        return web.json_response(_file(made))

    def _list_files(self, request: web.Request) -> web.Response:
        return _page(request, [_file(file) for file in self.files.values()])

    def _content(self, request: web.Request) -> web.Response:
        file = self.files.get(request.match_info["id"])
        return _missing() if file is None else web.Response(body=file.data)

    def _create(self, request: web.Request, given: dict[str, Any]) -> web.Response:
        assert given["endpoint"] == "/v1/chat/completions" and given["completion_window"] == "24h"
        assert all(len(name) <= 64 and len(value) <= 512 for name, value in given["metadata"].items())
        if given["input_file_id"] not in self.files:
            return _missing()
        row = BatchRow(f"batch_{next(self._numbers)}", given["input_file_id"], dict(given["metadata"]))
        self.batches[row.batch_id] = row
        return web.json_response(_batch(row))

    def _list(self, request: web.Request) -> web.Response:
        return _page(request, [_batch(row) for row in reversed(self.batches.values())])

    def _get(self, request: web.Request) -> web.Response:
        row = self.batches.get(request.match_info["id"])
        if row is None:
            return _missing()
        self._go_on(row)
        return web.json_response(_batch(row))

    def _cancel(self, request: web.Request) -> web.Response:
        row = self.batches[request.match_info["id"]]
        row.status = "cancelling"
        return web.json_response(_batch(row))

    # Batches ----------------------------------------------------------------------------------

    def _go_on(self, row: BatchRow) -> None:
        if row.status in {"completed", "failed", "expired", "cancelled"}:
            return
        row.looks += 1
        if row.status == "cancelling":
            self._answer(row, most=1, end="cancelled")
        elif fault := self._objection(row):
            row.status, row.faults = "failed", [fault]
        elif row.looks <= self.plan.polls:
            row.status = "in_progress"
        elif self.plan.expire_after is not None:
            self._answer(row, most=self.plan.expire_after, end="expired")
        else:
            self._answer(row, most=None, end="completed")

    def _objection(self, row: BatchRow) -> dict[str, Any] | None:
        if self.plan.refuse:
            return {"code": self.plan.refuse, "message": "Enqueued token limit reached", "line": None}
        data = self.files[row.input_file].data
        lines = [json.loads(line) for line in data.splitlines()]
        keys = [line["custom_id"] for line in lines]
        if len(data) > 200 * 1000 * 1000 or len(lines) > 50_000:
            return {"code": "too_large", "message": "The file is too large"}
        if len(set(keys)) != len(keys):
            return {"code": "duplicate_custom_id", "message": "The custom_id is a duplicate"}
        if len({line["body"]["model"] for line in lines}) != 1:
            return {"code": "mismatched_model", "message": "One model a file"}
        return None

    def _answer(self, row: BatchRow, *, most: int | None, end: str) -> None:
        good, bad = bytearray(), bytearray()
        counts = Counter[str]()
        for number, line in enumerate(self.files[row.input_file].data.splitlines(), 1):
            request = json.loads(line)
            if most is not None and number > most:
                bad += expired(request)
                counts["failed"] += 1
            elif self.plan.fail and number % self.plan.fail == 0:
                bad += failed(request)
                counts["failed"] += 1
            else:
                named = {"model": self.plan.model} if self.plan.model else {}
                text = said(self.responder(request["body"]))
                good += answered(request, completion(request["body"], text, **named))
                counts["completed"] += 1
            counts["total"] += 1
        row.status = end
        row.counts = {name: counts[name] for name in ("total", "completed", "failed")}
        row.output = self._keep("output.jsonl", bytes(good)).file_id if good else None
        row.errors = self._keep("errors.jsonl", bytes(bad)).file_id if bad else None

    def _keep(self, name: str, data: bytes) -> File:
        made = File(f"file-{next(self._numbers)}", name, data)
        self.files[made.file_id] = made
        return made

    # HTTP -------------------------------------------------------------------------------------

    def _route(self, kind: str, act: Callable[..., web.Response]) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.calls[kind] += 1
            self.headers.append(dict(request.headers))
            if self.plan.latency:
                await asyncio.sleep(self.plan.latency)
            given = f"Bearer {self.plan.api_key}"
            if self.plan.api_key and request.headers.get("Authorization") != given:
                return _error(401, f"Incorrect API key: {request.headers.get('Authorization')}")
            trouble = self.trouble[kind].pop(0) if self.trouble[kind] else ""
            if trouble == "500":
                return _error(500, "The server had an error")
            if trouble == "html":
                return web.Response(text="<html>Welcome</html>", content_type="text/html")
            if kind == "upload":
                reply = act(request, await _parts(request))
            elif kind == "create":
                reply = act(request, await request.json())
            else:
                reply = act(request)
            return await self._ended(request, reply, trouble)

        return handle

    async def _ended(self, request: web.Request, reply: web.Response, trouble: str) -> web.StreamResponse:
        if trouble == "stall_after":
            self.stalled.set()
            await asyncio.sleep(3600)
        if trouble == "reset_after":
            assert request.transport is not None
            request.transport.abort()
        return _error(500, "The server had an error") if trouble == "500_after" else reply

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=1 << 30)
        for method, path, kind, act in (
            ("POST", "/v1/files", "upload", self._upload),
            ("GET", "/v1/files", "files", self._list_files),
            ("GET", "/v1/files/{id}/content", "content", self._content),
            ("POST", "/v1/batches", "create", self._create),
            ("GET", "/v1/batches", "list", self._list),
            ("GET", "/v1/batches/{id}", "get", self._get),
            ("POST", "/v1/batches/{id}/cancel", "cancel", self._cancel),
        ):
            app.router.add_route(method, path, self._route(kind, act))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self._started.set()
        await self._done.wait()
        await runner.cleanup()


async def _parts(request: web.Request) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async for part in await request.multipart():
        found[part.name] = (part.filename, bytes(await part.read(decode=False)))
    assert found["purpose"][1] == b"batch"
    return found


def _page(request: web.Request, rows: list[dict[str, Any]]) -> web.Response:
    after = request.query.get("after")
    start = next((n + 1 for n, row in enumerate(rows) if row["id"] == after), 0)
    page = rows[start : start + _PAGE]
    return web.json_response(
        {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": start + _PAGE < len(rows),
        }
    )


def _file(file: File) -> dict[str, Any]:
    return {
        "id": file.file_id,
        "object": "file",
        "bytes": len(file.data),
        "created_at": 0,
        "filename": file.name,
        "purpose": "batch",
        "status": "processed",
    }


def _batch(row: BatchRow) -> dict[str, Any]:
    return {
        "id": row.batch_id,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "created_at": 0,
        "input_file_id": row.input_file,
        "status": row.status,
        "metadata": row.metadata,
        "output_file_id": row.output,
        "error_file_id": row.errors,
        "request_counts": row.counts,
        "errors": {"object": "list", "data": row.faults} if row.faults else None,
    }


def _missing() -> web.Response:
    return _error(404, "No such object")


def _error(status: int, words: str) -> web.Response:
    return web.json_response({"error": {"message": words, "type": "stub"}}, status=status)
