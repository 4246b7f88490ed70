"""As little of an HTTP/1.1 server as a stub needs: real sockets, kept-alive connections, no framework.

A framework's server costs more a request than the clients that are measured against it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import cast

_HEAD_ENDS = b"\r\n\r\n"


class Exchange:
    """One request and the way to answer it: ``reply`` once, or ``write`` piece by piece, or ``abort``."""

    def __init__(self, connection: Connection, head: bytes, body: bytes) -> None:
        self._connection = connection
        self._head = head
        self.body = body
        self.path = head.split(b" ", 2)[1].decode("latin-1")
        self.ended: Callable[[], None] = _nothing  # called once, when it is answered or the client gone

    @cached_property
    def headers(self) -> dict[str, str]:
        """Names are spelled ``Like-This``, whatever the client wrote."""
        lines = self._head.decode("latin-1").split("\r\n")[1:]
        return {name.title(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def reply(
        self,
        status: int,
        body: bytes = b"",
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A whole answer."""
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self.write(
            f"HTTP/1.1 {status} {_reason(status)}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\n{more}\r\n".encode("latin-1")
            + body
        )
        self.end()

    def write(self, data: bytes) -> None:
        """Bytes as they are."""
        transport = self._connection.transport
        if not transport.is_closing():
            transport.write(data)

    async def drained(self) -> bool:
        """Wait until the client has taken most of what was written; whether it is still there."""
        await self._connection.writable.wait()
        return not self._connection.transport.is_closing()

    def abort(self) -> None:
        """Break the connection."""
        self._connection.transport.abort()

    def end(self) -> None:
        """The exchange is over."""
        ended, self.ended = self.ended, _nothing
        ended()


class Connection(asyncio.Protocol):
    """Reads requests with a ``Content-Length`` off a socket and hands each to ``handle``."""

    transport: asyncio.Transport

    def __init__(self, handle: Callable[[Exchange], None], connected: set[Connection]) -> None:
        self._handle = handle
        self._connected = connected
        self._buffer = bytearray()
        self._needed = 0
        self._open: Exchange | None = None
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._connected.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connected.discard(self)
        self.writable.set()
        if self._open is not None:
            self._open.end()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) > self._needed:
            end = self._buffer.find(_HEAD_ENDS)
            if end < 0:
                return
            head = bytes(self._buffer[:end])
            whole = end + len(_HEAD_ENDS) + _content_length(head)
            if len(self._buffer) < whole:
                self._needed = whole - 1
                return
            body = bytes(self._buffer[end + len(_HEAD_ENDS) : whole])
            del self._buffer[:whole]
            self._needed = 0
            self._open = Exchange(self, head, body)
            self._handle(self._open)


class HttpServer:
    """Listens on loopback and hands every request to ``handle``."""

    def __init__(self, handle: Callable[[Exchange], None]) -> None:
        self._handle = handle
        self._connected: set[Connection] = set()

    async def start(self, port: int = 0) -> str:
        """The address to send requests to. Port 0 takes a free one."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._handle, self._connected), "127.0.0.1", port, backlog=4096
        )
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Refuse connections from now on, and break those that are open."""
        self._server.close()
        while self._connected:
            for connection in tuple(self._connected):
                connection.transport.abort()
            await asyncio.sleep(0)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"


def _nothing() -> None:
    return None
