"""Carries requests to an endpoint and replies back: over connections of our own, or through a proxy.

``OwnCarrier`` keeps connections open and hands each to one request at a time, the most recently used
first. ``ProxyCarrier`` is aiohttp, for endpoints that the environment puts behind a proxy.
"""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Protocol
from urllib.parse import quote, urlsplit

from grandrounds.errors import ModelError
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.backends.faults import Fault
from grandrounds.llm.backends.http1 import Connection, ReplyTooLargeError, Response, WireError

_KEEPALIVE_SECONDS = 15.0
_READ_PIECE = 64 * 1024
_PATH_SAFE = "/%:@!$&'()*+,;=~"  # what may stand in a path as it is (RFC 3986)

_NO_CONNECTION = Fault(error_class="connect", error="no connection in time", again=True)
_NO_REPLY = Fault(error_class="timeout", error="no reply in time", again=True)


class Carrier(Protocol):
    """Posts to one endpoint. Used inside one event loop at a time, as a context manager."""

    async def __aenter__(self) -> Carrier:
        """Get ready in the running loop."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""

    async def post(self, data: bytes) -> Response | Fault:
        """Send a JSON body to the endpoint's chat address; the reply, or why there is none.

        Raises ``ModelError`` when the endpoint can't be trusted.
        """


class OwnCarrier:
    """Carries over plain or TLS connections of its own (``http1.py``).

    ``timeout_seconds`` bounds an exchange from connecting to the last byte, ``connect_seconds`` the
    connecting in it, ``maximum_bytes`` the reply.
    """

    def __init__(
        self, endpoint: Endpoint, *, timeout_seconds: float, connect_seconds: float, maximum_bytes: int
    ) -> None:
        self._endpoint = endpoint
        self._timeout_seconds = timeout_seconds
        self._connect_seconds = connect_seconds
        self._maximum_bytes = maximum_bytes
        parts = urlsplit(endpoint.url)
        self._host = _ascii(parts.hostname or "")
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._head = _request_head(endpoint, host=self._host, path=parts.path)
        self._tls: ssl.SSLContext | None = None
        self._open: set[Connection] = set()
        self._idle: dict[Connection, float] = {}

    async def __aenter__(self) -> OwnCarrier:
        self._tls = ssl.create_default_context() if self._secure else None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in list(self._open):
            connection.close()
        while self._open:  # each says so itself, in the loop's next rounds
            await asyncio.sleep(0)

    async def post(self, data: bytes) -> Response | Fault:
        """See ``Carrier.post``."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                connection = self._reused() or await self._connected()
                if isinstance(connection, Fault):
                    return connection
                exchange = self._exchange(connection, data)
                del data  # sent long before the answer comes
                return await exchange
        except TimeoutError:
            return _NO_REPLY
        except ReplyTooLargeError:
            return too_large(self._maximum_bytes)
        except WireError as exc:
            return Fault(error_class="connection", error=f"the connection broke ({exc})", again=True)

    async def _exchange(self, connection: Connection, data: bytes) -> Response:
        try:
            reply = connection.send(b"%bContent-Length: %d\r\n\r\n%b" % (self._head, len(data), data))
            del data
            response = await reply
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._put_back(connection)
        else:
            connection.close()
        return response

    def _reused(self) -> Connection | None:
        if not self._idle:
            return None
        connection, since = self._idle.popitem()
        if asyncio.get_running_loop().time() - since < _KEEPALIVE_SECONDS:
            return connection
        for old in (connection, *self._idle):
            old.close()
        self._idle.clear()
        return None

    def _put_back(self, connection: Connection) -> None:
        """Ready for the next one; the one unused for longest goes when it is too old."""
        now = asyncio.get_running_loop().time()
        self._idle[connection] = now
        oldest = next(iter(self._idle))
        if now - self._idle[oldest] > _KEEPALIVE_SECONDS:
            del self._idle[oldest]
            oldest.close()

    async def _connected(self) -> Connection | Fault:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, connection = await loop.create_connection(
                    self._new,
                    self._host,
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._host if self._secure else None,
                )
        except TimeoutError:
            return _NO_CONNECTION
        except ssl.SSLCertVerificationError as exc:
            raise untrusted(self._endpoint, exc) from exc
        except OSError as exc:  # that of TLS included
            return Fault(error_class="connect", error=_words(exc), again=True)
        if not connection.gone:
            self._open.add(connection)
        return connection

    def _new(self) -> Connection:
        return Connection(maximum_bytes=self._maximum_bytes, lost=self._lost)

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._idle.pop(connection, None)


class ProxyCarrier:
    """Carries through the proxy that the environment names. Limits as in ``OwnCarrier``."""

    def __init__(
        self, endpoint: Endpoint, *, timeout_seconds: float, connect_seconds: float, maximum_bytes: int
    ) -> None:
        import aiohttp

        self._http = aiohttp
        self._endpoint = endpoint
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=connect_seconds)
        self._maximum_bytes = maximum_bytes
        self._proxy = endpoint.proxy
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> ProxyCarrier:
        self._session = self._http.ClientSession(
            connector=self._http.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS),
            cookie_jar=self._http.DummyCookieJar(),
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

    async def post(self, data: bytes) -> Response | Fault:
        """See ``Carrier.post``."""
        assert self._session is not None, "use the carrier as a context manager"
        http = self._http
        try:
            async with self._session.post(
                self._endpoint.url, data=data, allow_redirects=False, proxy=self._proxy
            ) as response:
                pieces = []
                size = 0
                async for piece in response.content.iter_chunked(_READ_PIECE):
                    size += len(piece)
                    if size > self._maximum_bytes:
                        response.close()
                        return too_large(self._maximum_bytes)
                    pieces.append(piece)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Response(status=response.status, headers=headers, body=b"".join(pieces))
        except http.ConnectionTimeoutError:
            return _NO_CONNECTION
        except TimeoutError:
            return _NO_REPLY
        except http.ClientConnectorCertificateError as exc:
            raise untrusted(self._endpoint, exc.certificate_error) from exc
        except http.ClientConnectorError as exc:
            return Fault(error_class="connect", error=_words(exc.os_error), again=True)
        except (http.ClientError, OSError) as exc:
            # Only the kind: aiohttp's own words may hold addresses, with a proxy's password in them.
            words = f"the connection broke ({type(exc).__name__})"
            return Fault(error_class="connection", error=words, again=True)


def make_carrier(
    endpoint: Endpoint, *, timeout_seconds: float, connect_seconds: float, maximum_bytes: int
) -> Carrier:
    """The carrier for ``endpoint``: through a proxy only where the environment names one for it."""
    kind = ProxyCarrier if endpoint.proxy else OwnCarrier
    return kind(
        endpoint,
        timeout_seconds=timeout_seconds,
        connect_seconds=connect_seconds,
        maximum_bytes=maximum_bytes,
    )


def too_large(limit: int) -> Fault:
    """The fault of a reply over the limit of bytes."""
    return Fault(error_class="too_large", error=f"the server's reply is over {limit} bytes", again=False)


def untrusted(endpoint: Endpoint, why: object) -> ModelError:
    """The error for an endpoint that can't show who it is."""
    return ModelError(
        f"{endpoint.base_url} shows a certificate that can't be trusted: {why}.",
        remedy="Check the address, or add the certificate authority to this machine.",
    )


def _request_head(endpoint: Endpoint, *, host: str, path: str) -> bytes:
    """Everything before ``Content-Length``; the same for every request."""
    parts = urlsplit(endpoint.url)
    named = f"[{host}]" if ":" in host else host
    lines = [f"POST {quote(path, safe=_PATH_SAFE)} HTTP/1.1"]
    lines.append(f"Host: {named}:{parts.port}" if parts.port else f"Host: {named}")
    lines += [f"{name}: {value}" for name, value in endpoint.headers.items()]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _ascii(host: str) -> str:
    """The host as it stands in DNS and headers; one that can't stand there fails when it is looked up."""
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return "invalid.invalid"


def _words(exc: OSError) -> str:
    return exc.strerror or str(exc) or type(exc).__name__
