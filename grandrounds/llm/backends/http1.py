"""HTTP/1.1, as far as posting JSON needs it: one exchange at a time on a connection.

A full client costs more CPU a request than everything else the model stage does; this does only what a
chat completion needs. No redirects, cookies, compression, pipelining or proxies (those go over aiohttp,
see ``carriers.py``). Framing follows RFC 9112, section 6; what is ambiguous there is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

_MAXIMUM_HEAD = 64 * 1024
_HEAD_ENDS = b"\r\n\r\n"
_LONGEST_SIZE_LINE = 1024  # a chunk's size in hex, with extensions that nobody reads
_BODILESS = frozenset({204, 304})


class WireError(Exception):
    """The other side broke the connection or the protocol; nothing of the exchange can be used."""


class ReplyTooLargeError(Exception):
    """The reply is over the limit of bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One whole reply. Names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ReplyReader:
    """Reads one reply from bytes as they come, however they are cut. Does no input or output.

    ``reusable`` says, after the reply, whether the connection may carry another exchange.
    """

    def __init__(self, *, maximum_bytes: int) -> None:
        self._maximum_bytes = maximum_bytes
        self._buffer = bytearray()
        self._pieces: list[bytes] = []
        self._size = 0
        self._status = 0
        self._headers: dict[str, str] = {}
        self._step: Callable[[], bool] = self._head
        self._expected = 0
        self._response: Response | None = None
        self.began = False
        self.reusable = False

    def feed(self, data: bytes) -> Response | None:
        """Take more bytes; the reply when it is whole.

        Raises ``WireError`` for what is not HTTP, ``ReplyTooLargeError`` as soon as the limit is passed.
        """
        self.began = True
        self._buffer += data
        while self._response is None and self._step():
            pass
        if self._response is not None and self._buffer:
            self.reusable = False  # bytes that nobody asked for
        return self._response

    def end(self) -> Response:
        """The other side has closed: the reply, if it is whole now. Raises ``WireError`` if not."""
        if self._response is None and self._step == self._until_closed:
            self._finish()
        if self._response is None:
            raise WireError("closed inside a reply" if self.began else "closed without a reply")
        return self._response

    # Each step takes what it can from the buffer; False means that it needs more bytes.

    def _head(self) -> bool:
        end = self._buffer.find(_HEAD_ENDS)
        if end < 0 and len(self._buffer) <= _MAXIMUM_HEAD:
            return False
        if not 0 <= end <= _MAXIMUM_HEAD:
            raise WireError("a head of a reply without end")
        lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + len(_HEAD_ENDS)]
        version, self._status = _status_line(lines[0])
        self._headers = _headers(lines[1:])
        if self._status < 200:
            if self._status == 101:
                raise WireError("another protocol than HTTP")
            return True  # an interim reply; the real one follows
        self.reusable = _stays_open(version, self._headers)
        return self._framing()

    def _framing(self) -> bool:
        coding = self._headers.get("transfer-encoding")
        length = self._headers.get("content-length")
        if self._status in _BODILESS:
            self._finish()
        elif coding is not None:
            if coding.casefold() != "chunked":
                raise WireError("a transfer coding that we don't know")
            if length is not None:
                self.reusable = False
            self._step = self._chunk_size
        elif length is not None:
            self._expected = _length(length)
            self._grow(self._expected)
            self._step = self._counted
        else:
            self.reusable = False
            self._step = self._until_closed
        return True

    def _counted(self) -> bool:
        if len(self._buffer) < self._expected:
            return False
        self._pieces.append(bytes(self._buffer[: self._expected]))
        del self._buffer[: self._expected]
        self._finish()
        return True

    def _until_closed(self) -> bool:
        self._grow(len(self._buffer))
        if self._buffer:
            self._pieces.append(bytes(self._buffer))
            self._buffer.clear()
        return False

    def _chunk_size(self) -> bool:
        end = self._buffer.find(b"\r\n", 0, _LONGEST_SIZE_LINE)
        if end < 0:
            if len(self._buffer) >= _LONGEST_SIZE_LINE:
                raise WireError("a chunk without a size")
            return False
        digits = bytes(self._buffer[:end]).split(b";", 1)[0].strip()
        if not digits or digits.strip(b"0123456789abcdefABCDEF") or len(digits) > 16:
            raise WireError("a chunk without a size")
        del self._buffer[: end + 2]
        self._expected = int(digits, 16)
        self._grow(self._expected)
        self._step = self._chunk if self._expected else self._trailer
        return True

    def _chunk(self) -> bool:
        size = self._expected
        if len(self._buffer) < size + 2:
            return False
        if self._buffer[size : size + 2] != b"\r\n":
            raise WireError("a chunk longer than its size")
        self._pieces.append(bytes(self._buffer[:size]))
        del self._buffer[: size + 2]
        self._step = self._chunk_size
        return True

    def _trailer(self) -> bool:
        if self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
            self._finish()
            return True
        end = self._buffer.find(b"\r\n")
        if end > 0:
            self._grow(end)
            del self._buffer[: end + 2]
            return True
        if len(self._buffer) > _MAXIMUM_HEAD:
            raise WireError("a trailer of a reply without end")
        return False

    def _grow(self, more: int) -> None:
        self._size += more
        if self._size > self._maximum_bytes:
            raise ReplyTooLargeError

    def _finish(self) -> None:
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._response = Response(status=self._status, headers=self._headers, body=body)


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time. ``lost`` is called once, when it is ``gone``.

    ``reusable`` says, after an exchange, whether the connection may carry another.
    """

    def __init__(self, *, maximum_bytes: int, lost: Callable[[Connection], None]) -> None:
        self._maximum_bytes = maximum_bytes
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._reader: ReplyReader | None = None
        self._reply: asyncio.Future[Response] | None = None
        self.reusable = False
        self.gone = False

    def send(self, data: bytes) -> asyncio.Future[Response]:
        """Send a whole request; the reply, or ``WireError`` or ``ReplyTooLargeError``."""
        assert self._transport is not None
        assert self._reply is None, "one exchange at a time"
        self.reusable = False
        reply: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            reply.set_exception(WireError("closed before it was used"))
            return reply
        self._reply = reply
        self._reader = ReplyReader(maximum_bytes=self._maximum_bytes)
        self._transport.write(data)
        return reply

    def close(self) -> None:
        """Close at once; an exchange in progress is lost."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        if self._reader is None:  # nobody asked
            self.close()
            return
        try:
            response = self._reader.feed(data)
        except (WireError, ReplyTooLargeError) as exc:
            self._fail(exc)
            self.close()
            return
        if response is not None:
            self._deliver(response, reusable=self._reader.reusable)

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self.gone = True
        if self._reader is not None and exc is None:
            try:
                self._deliver(self._reader.end(), reusable=False)
            except WireError as broken:
                self._fail(broken)
        else:
            self._fail(WireError(type(exc).__name__ if exc else "closed"))
        self._lost(self)

    def _deliver(self, response: Response, *, reusable: bool) -> None:
        assert self._transport is not None
        # A reply before the whole request is sent: the rest of it would be taken for the next one.
        self.reusable = reusable and not self._transport.get_write_buffer_size()
        self._reader = None
        reply, self._reply = self._reply, None
        if reply is not None and not reply.done():
            reply.set_result(response)

    def _fail(self, exc: Exception) -> None:
        self._reader = None
        reply, self._reply = self._reply, None
        if reply is not None and not reply.done():
            reply.set_exception(exc)


def _status_line(line: bytes) -> tuple[bytes, int]:
    version, _, rest = line.partition(b" ")
    digits = rest[:3]
    if version not in {b"HTTP/1.1", b"HTTP/1.0"} or not digits.isdigit() or rest[3:4] not in {b"", b" "}:
        raise WireError("a reply that is not HTTP")
    return version, int(digits)


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise WireError("a header that can't be read")
        name, value = name.lower(), value.strip()
        if name in headers:
            value = f"{headers[name]}, {value}"
        headers[name] = value
    return headers


def _length(value: str) -> int:
    """One length, also where a careless server says the same twice."""
    lengths = {part.strip() for part in value.split(",")}
    digits = lengths.pop()
    if lengths or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise WireError("a reply without a readable length")
    return int(digits)


def _stays_open(version: bytes, headers: Mapping[str, str]) -> bool:
    words = {word.strip() for word in headers.get("connection", "").lower().split(",")}
    return "close" not in words and (version == b"HTTP/1.1" or "keep-alive" in words)
