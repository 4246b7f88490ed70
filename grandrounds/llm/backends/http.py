"""The live backend: chat completions of any OpenAI-compatible endpoint, straight over aiohttp.

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

import aiohttp

from grandrounds.errors import ModelError
from grandrounds.llm.backends.base import Stopped
from grandrounds.llm.backends.dialect import Dialect
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.backends.faults import Fault, Refusal, fault, unreachable
from grandrounds.llm.backends.retry import RetryPolicy
from grandrounds.llm.reply import Reply, read_completion
from grandrounds.llm.request import ModelRequest

_LOG = logging.getLogger(__name__)
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_KEEPALIVE_SECONDS = 15.0

Sleep = Callable[[float], Awaitable[None]]


class HttpBackend:
    """Asks ``endpoint``.

    ``timeout_seconds`` bounds one try from the first byte sent to the last one read,
    ``connect_seconds`` the connecting in it; ``maximum_bytes`` bounds a reply; ``sleep`` waits between
    tries (tests give one that doesn't).
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout_seconds: float = 300.0,
        connect_seconds: float = 10.0,
        maximum_bytes: int = 16 * 1024 * 1024,
        retry: RetryPolicy | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._endpoint = endpoint
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=connect_seconds)
        self._maximum_bytes = maximum_bytes
        self._retry = retry or RetryPolicy()
        self._sleep = sleep
        self._dialect = Dialect()
        self._ever_answered = False
        self._proxy = endpoint.proxy
        self._session: aiohttp.ClientSession | None = None

    @property
    def name(self) -> str:
        """The base URL, which holds no secrets."""
        return self._endpoint.base_url

    @property
    def local(self) -> bool:
        """Whether the endpoint is marked local."""
        return self._endpoint.local

    async def __aenter__(self) -> HttpBackend:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._endpoint.headers,
            timeout=self._timeout,
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, request: ModelRequest, *, stopping: asyncio.Event) -> Reply:
        """See ``Backend.ask``."""
        if request.protected and not self.local:
            raise ModelError(f"Protected evidence may not go to {self.name}, which isn't marked local.")
        last = Fault(error_class="not_tried", error="no try was made", again=False)
        attempt = 0
        while attempt < self._retry.attempts:
            attempt += 1
            outcome = await self._try(request)
            if isinstance(outcome, Reply):
                return outcome if attempt == 1 else replace(outcome, attempts=attempt)
            last = outcome
            self._give_up_if_unreachable(last, attempt)
            if not last.again or attempt == self._retry.attempts:
                break
            if last.asked is not None and last.asked > self._retry.longest_asked:
                last = replace(last, error=f"{last.error} (and asks to wait {last.asked:.0f} s)")
                break
            wait = self._retry.wait(request.request_id, attempt=attempt, asked=last.asked)
            await self._pause(wait, stopping)
        return Reply(attempts=attempt, error=last.error, error_class=last.error_class)

    async def _try(self, request: ModelRequest) -> Reply | Fault:
        """One try. A server that refuses our spelling is asked once more in the next one."""
        while True:
            dialect = self._dialect
            outcome = await self._send(_ENCODE(dialect.body(request)).encode())
            if not isinstance(outcome, Refusal):
                return outcome
            if outcome.status not in {400, 422} or not self._respell(dialect, outcome):
                return fault(outcome, endpoint=self._endpoint, model=request.model)

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
        assert self._session is not None, "use the backend as a context manager"
        began = time.monotonic()
        try:
            async with self._session.post(
                self._endpoint.chat_url, data=data, allow_redirects=False, proxy=self._proxy
            ) as response:
                self._ever_answered = True
                body = await self._read(response)
        except aiohttp.ConnectionTimeoutError:
            return Fault(error_class="connect", error="no connection in time", again=True)
        except TimeoutError:
            return Fault(error_class="timeout", error="no reply in time", again=True)
        except aiohttp.ClientConnectorCertificateError as exc:
            raise ModelError(
                f"{self.name} shows a certificate that can't be trusted: {exc.certificate_error}.",
                remedy="Check the address, or add the certificate authority to this machine.",
            ) from exc
        except aiohttp.ClientConnectorError as exc:
            return Fault(error_class="connect", error=exc.strerror or str(exc.os_error), again=True)
        except (aiohttp.ClientError, OSError) as exc:
            # Only the kind: aiohttp's own words may hold addresses, with a proxy's password in them.
            words = f"the connection broke ({type(exc).__name__})"
            return Fault(error_class="connection", error=words, again=True)
        if isinstance(body, Fault):
            return body
        if response.status != 200:
            return Refusal.read(
                response.status, headers=response.headers, body=body, endpoint=self._endpoint
            )
        return self._understood(body, seconds=time.monotonic() - began, kind=response.content_type)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | Fault:
        """The reply's bytes, never more than the limit."""
        limit = self._maximum_bytes
        if response.content_length is not None and response.content_length <= limit:
            return self._unpacked(response, await response.read())
        pieces: list[bytes] = []
        size = 0
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > limit:
                response.close()
                return _too_large(limit)
            pieces.append(piece)
        return self._unpacked(response, b"".join(pieces))

    def _unpacked(self, response: aiohttp.ClientResponse, body: bytes) -> bytes | Fault:
        if response.headers.get("Content-Encoding", "identity") == "identity":
            return body
        return _unpack(body, limit=self._maximum_bytes)

    def _understood(self, body: bytes, *, seconds: float, kind: str) -> Reply | Refusal | Fault:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return Fault(
                error_class="not_json", error=f"the server's reply is not JSON but {kind}", again=False
            )
        if isinstance(document, dict) and document.get("error") and not document.get("choices"):
            return self._error_inside(document, body)
        return self._scrubbed(read_completion(document, seconds=round(seconds, 4)))

    def _scrubbed(self, reply: Reply) -> Reply:
        """A server that sends the key back as the answer must not get it into the ledger."""
        scrub = self._endpoint.scrub
        return replace(
            reply,
            text=scrub(reply.text),
            refusal=scrub(reply.refusal),
            model=scrub(reply.model),
            finish_reason=scrub(reply.finish_reason),
        )

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

    async def _pause(self, seconds: float, stopping: asyncio.Event) -> None:
        """Wait between tries, but no longer than until the run is asked to stop."""
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        stopped = asyncio.ensure_future(stopping.wait())
        try:
            await asyncio.wait({sleeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopped.cancel()
        if stopping.is_set():
            raise Stopped


def _too_large(limit: int) -> Fault:
    return Fault(error_class="too_large", error=f"the server's reply is over {limit} bytes", again=False)


def _unpack(body: bytes, *, limit: int) -> bytes | Fault:
    """A gzip or deflate reply that we did not ask for, unpacked up to the limit."""
    unpacker = zlib.decompressobj(wbits=47)  # 32 + 15: either header
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error:
        return Fault(
            error_class="not_json", error="the server's reply is packed in an unknown way", again=False
        )
    return _too_large(limit) if len(plain) > limit else plain
