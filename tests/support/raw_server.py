"""A server of bare sockets, for what no proper server would ever do."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

Script = Callable[[socket.socket, int], None]


class RawServer:
    """Calls ``script`` with each connection and its number, in a thread of its own; then closes it.

    ``heads`` are what clients sent before their bodies, as far as ``read_request`` read them.
    """

    def __init__(
        self, script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        self._script = script
        self._tls = tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family)
        self.port = self._listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        self.base_url = f"{'https' if tls else 'http'}://{shown}:{self.port}/v1"
        self.connections = 0

    def __enter__(self) -> RawServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(accepted, self.connections), daemon=True).start()

    def _serve(self, accepted: socket.socket, number: int) -> None:
        with suppress(OSError), accepted:
            talking = self._tls.wrap_socket(accepted, server_side=True) if self._tls else accepted
            with talking:
                self._script(talking, number)


def read_request(connection: socket.socket) -> tuple[str, bytes]:
    """The head and the body of the next request; an empty head at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return "", b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    words = head.decode("latin-1")
    length = next(
        int(line.split(":")[1]) for line in words.split("\r\n") if line.lower().startswith("content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return words, body


def reply(body: bytes, *, status: str = "200 OK", more: str = "") -> bytes:
    """A whole reply."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body
