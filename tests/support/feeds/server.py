"""A loopback server that answers as a ``FeedWorld`` does, on real sockets, and misbehaves on request."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from grandrounds.demo.feed_answers import FeedAnswers
from grandrounds.demo.feed_world import FeedWorld


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong with requests whose path and query match ``pattern``, ``times`` times.

    ``how``: ``status`` (with ``headers``), ``reset``, ``cut`` (says more bytes than it sends), ``short``
    (says fewer), ``drip`` (a byte a moment), ``body`` (sends ``body`` instead), ``bomb`` (``size`` bytes
    of zeros, packed), ``flood`` (``size`` bytes without saying how many).
    """

    pattern: str
    how: str
    times: int = 10**9
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    size: int = 0
    seconds: float = 30.0


@dataclass(slots=True, kw_only=True)
class FeedServer:
    """A running server: its ``base``, the answers it gives, and the faults it has."""

    base: str
    answers: FeedAnswers
    faults: list[Fault]
    seen: list[tuple[str, dict[str, str]]]

    def fetched(self, pattern: str) -> int:
        """How many requests matched."""
        return sum(re.search(pattern, path) is not None for path, _ in self.seen)


@contextmanager
def feed_server(world: FeedWorld, *, page_size: int = 2) -> Iterator[FeedServer]:
    """Serve ``world`` at a free port of 127.0.0.1."""
    stop = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stop))
    server.daemon_threads = True
    base = f"http://127.0.0.1:{server.server_address[1]}"
    running = FeedServer(
        base=base, answers=FeedAnswers(world=world, base=base, page_size=page_size), faults=[], seen=[]
    )
    server.running = running  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(stop: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            running: FeedServer = self.server.running  # type: ignore[attr-defined]
            headers = {name.casefold(): value for name, value in self.headers.items()}
            running.seen.append((self.path, headers))
            fault = next(
                (f for f in running.faults if f.times > 0 and re.search(f.pattern, self.path)), None
            )
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            reply = running.answers.answer(parts.path, query, headers)
            if fault is None:
                self._send(reply.status, dict(reply.headers), reply.body)
                return
            fault.times -= 1
            try:
                self._fail(fault, reply.body)
            except OSError:
                self.close_connection = True

        def _send(
            self, status: int, headers: dict[str, str], body: bytes, *, says: int | None = None
        ) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body) if says is None else says))
            self.end_headers()
            self.wfile.write(body)

        def _fail(self, fault: Fault, body: bytes) -> None:
            self.close_connection = True
            if fault.how == "status":
                self._send(fault.status, fault.headers, b"trouble")
            elif fault.how == "body":
                self._send(200, fault.headers, fault.body)
            elif fault.how == "cut":
                self._send(200, {"Connection": "close"}, body[: len(body) // 2], says=len(body))
            elif fault.how == "short":
                self._send(200, {"Connection": "close"}, body, says=len(body) // 2)
            elif fault.how == "bomb":
                self._send(200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(fault.size), mtime=0))
            elif fault.how == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                self.connection.close()
            elif fault.how == "drip":
                until = time.monotonic() + fault.seconds
                for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000:
                    self.connection.sendall(bytes([byte]))
                    if stop.wait(0.05) or time.monotonic() > until:
                        return
            elif fault.how == "flood":
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                for _ in range(fault.size // 65536 + 1):
                    self.wfile.write(bytes(65536))

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler
