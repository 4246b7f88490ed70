"""The live backend: chat completions of any OpenAI-compatible endpoint.

One request costs one POST and nothing around it. Redirects are never followed (the key stays with its
host), replies are read up to a limit, and proxies are used only for endpoints that aren't local.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

import orjson

from grandrounds.errors import ModelError
from grandrounds.llm.backends.base import Try, Turn
from grandrounds.llm.backends.carriers import make_carrier, too_large
from grandrounds.llm.backends.dialect import Dialect
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.backends.faults import Fault, Refusal, fault, unreachable
from grandrounds.llm.backends.http1 import Response
from grandrounds.llm.backends.retry import RetryPolicy
from grandrounds.llm.reply import Reply, read_completion
from grandrounds.llm.request import ModelRequest
from grandrounds.llm.wire import MediaError, MediaSource, encode

TIMEOUT_SECONDS = 300.0
"""How long one try may take, unless a setting says otherwise."""

_LOG = logging.getLogger(__name__)
_NEVER_TOLD = frozenset({"timeout", "connection", "too_large", "not_json"})  # sent, and perhaps paid

Sleep = Callable[[float], Awaitable[None]]


class HttpBackend:
    """Asks ``endpoint``; pictures of requests come from ``media`` (the lake).

    ``timeout_seconds`` bounds one try from connecting to the last byte read, ``connect_seconds`` the
    connecting in it; ``maximum_bytes`` bounds a reply; ``sleep`` waits between tries (tests give one
    that doesn't).
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        media: MediaSource | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        connect_seconds: float = 10.0,
        maximum_bytes: int = 16 * 1024 * 1024,
        retry: RetryPolicy | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._endpoint = endpoint
        self._media = media
        self._maximum_bytes = maximum_bytes
        self._retry = retry or RetryPolicy()
        self._sleep = sleep
        self._dialect = Dialect()
        self._ever_answered = False
        self._carrier = make_carrier(
            endpoint,
            timeout_seconds=timeout_seconds,
            connect_seconds=connect_seconds,
            maximum_bytes=maximum_bytes,
        )

    @property
    def name(self) -> str:
        """The base URL, which holds no secrets."""
        return self._endpoint.base_url

    @property
    def local(self) -> bool:
        """Whether the endpoint is marked local."""
        return self._endpoint.local

    async def __aenter__(self) -> HttpBackend:
        await self._carrier.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._carrier.__aexit__(kind, error, trace)

    async def ask(
        self, request: ModelRequest, *, stopping: asyncio.Event, turn: Turn | None = None
    ) -> Reply:
        """See ``Backend.ask``."""
        if request.protected and not self.local:
            raise ModelError(f"Protected evidence may not go to {self.name}, which isn't marked local.")
        turn = turn or Turn(stopping)
        attempt = 0
        while True:
            attempt += 1
            outcome = await self._tried(request, turn)
            if isinstance(outcome, Reply):
                return outcome if attempt == 1 else replace(outcome, attempts=attempt)
            self._give_up_if_unreachable(outcome, attempt)
            if not outcome.again or attempt >= self._retry.attempts:
                return Reply(attempts=attempt, error=outcome.error, error_class=outcome.error_class)
            if outcome.asked is not None and outcome.asked > self._retry.longest_asked:
                words = f"{outcome.error} (and asks to wait {outcome.asked:.0f} s)"
                return Reply(attempts=attempt, error=words, error_class=outcome.error_class)
            wait = self._retry.wait(request.request_id, attempt=attempt, asked=outcome.asked)
            await turn.rest(self._sleep(wait))

    async def _tried(self, request: ModelRequest, turn: Turn) -> Reply | Fault:
        """One try, from the turn's beginning to its end, whatever happens in between."""
        await turn.begin()
        began = time.monotonic()
        tried = Try(unknown=True)
        try:
            outcome = await self._try(request)
            tried = _told(outcome, seconds=time.monotonic() - began)
            return outcome
        finally:
            turn.end(tried)

    async def _try(self, request: ModelRequest) -> Reply | Fault:
        """One try. A server that refuses our spelling is asked once more in the next one."""
        while True:
            dialect = self._dialect
            try:
                outcome = await self._send(await self._encoded(request, dialect))
            except MediaError as exc:
                return Fault(error_class=exc.error_class, error=exc.what, again=False)
            if not isinstance(outcome, Refusal):
                return outcome
            if outcome.status not in {400, 422} or not self._respell(dialect, outcome):
                return fault(outcome, endpoint=self._endpoint, model=request.model)

    async def _encoded(self, request: ModelRequest, dialect: Dialect) -> bytes:
        """The request's body. Pictures are read in another thread: the lake may be far away."""
        if request.has_media:
            return await asyncio.to_thread(encode, request, media=self._media, dialect=dialect)
        return encode(request, dialect=dialect)

    def _respell(self, used: Dialect, refusal: Refusal) -> bool:
        """Take the spelling that the refusal asks for; whether there is a new one to try."""
        if self._dialect != used:  # another request has learnt it meanwhile
            return True
        wanted = used.after(f"{refusal.message} {refusal.parameter} {refusal.code}")
        if wanted is None:
            return False
        self._dialect = wanted
        _LOG.warning("%s refuses our spelling of requests; going on with %s", self.name, wanted)
        return True

    async def _send(self, data: bytes) -> Reply | Refusal | Fault:
        began = time.monotonic()
        posting = self._carrier.post(data)
        del data  # with pictures it is large, and the answer may take minutes
        response = await posting
        if isinstance(response, Fault):
            return response
        self._ever_answered = True
        body = self._unpacked(response)
        if isinstance(body, Fault):
            return body
        if response.status != 200:
            return Refusal.read(
                response.status, headers=response.headers, body=body, endpoint=self._endpoint
            )
        kind = response.headers.get("content-type", "without a type").partition(";")[0]
        return self._understood(body, seconds=time.monotonic() - began, kind=kind)

    def _unpacked(self, response: Response) -> bytes | Fault:
        if response.headers.get("content-encoding", "identity") == "identity":
            return response.body
        return _unpack(response.body, limit=self._maximum_bytes)

    def _understood(self, body: bytes, *, seconds: float, kind: str) -> Reply | Refusal | Fault:
        try:
            document = _loads(body)
        except (ValueError, RecursionError):
            return Fault(
                error_class="not_json", error=f"the server's reply is not JSON but {kind}", again=False
            )
        if isinstance(document, dict) and document.get("error") and not document.get("choices"):
            return self._error_inside(document, body)
        return self._scrubbed(read_completion(document, seconds=round(seconds, 4)))

    def _scrubbed(self, reply: Reply) -> Reply:
        """A server that sends the key back as the answer must not get it into the ledger."""
        given = (reply.text, reply.refusal, reply.model, reply.finish_reason)
        clean = tuple(map(self._endpoint.scrub, given))
        if clean == given:
            return reply
        text, refusal, model, finish_reason = clean
        return replace(reply, text=text, refusal=refusal, model=model, finish_reason=finish_reason)

    def _error_inside(self, document: dict[str, Any], body: bytes) -> Refusal:
        """Some gateways send errors with status 200; the code inside is what they mean."""
        error = document["error"]
        code = error.get("code") if isinstance(error, dict) else None
        status = code if isinstance(code, int) and 400 <= code < 600 else 502
        return Refusal.read(status, headers={}, body=body, endpoint=self._endpoint)

    def _give_up_if_unreachable(self, last: Fault, attempt: int) -> None:
        """Nothing listens there: that concerns every request, so the run stops."""
        if last.error_class != "connect":
            return
        tries = self._retry.attempts if self._ever_answered else self._retry.unanswered
        if attempt >= min(tries, self._retry.attempts):
            raise unreachable(self._endpoint, why=last.error)


def _told(outcome: Reply | Fault, *, seconds: float) -> Try:
    """What the one who watches limits must know of a try."""
    if isinstance(outcome, Fault):
        unknown = outcome.error_class in _NEVER_TOLD
        return Try(seconds=seconds, troubled=outcome.again, asked=outcome.asked, unknown=unknown)
    return Try(
        seconds=seconds,
        prompt_tokens=outcome.prompt_tokens,
        completion_tokens=outcome.completion_tokens,
        unknown=not outcome.prompt_tokens and not outcome.completion_tokens,
    )


def _loads(body: bytes) -> Any:
    """JSON, fast, and leniently where the fast parser is stricter (NaN, half characters)."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)


def _unpack(body: bytes, *, limit: int) -> bytes | Fault:
    """A gzip or deflate reply that we did not ask for, unpacked up to the limit."""
    unpacker = zlib.decompressobj(wbits=47)  # 32 + 15: either header
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error:
        return Fault(
            error_class="not_json", error="the server's reply is packed in an unknown way", again=False
        )
    return too_large(limit) if len(plain) > limit else plain
