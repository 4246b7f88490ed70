"""Connections are kept and reused, given up when they are broken, and never outlive their request."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
import tracemalloc
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import ModelError
from grandrounds.llm.backends.carriers import Carrier, OwnCarrier, ProxyCarrier, make_carrier
from grandrounds.llm.backends.endpoint import Endpoint
from grandrounds.llm.backends.faults import Fault
from grandrounds.llm.backends.http1 import Response
from tests.llm.helpers import FEW_TRIES, asks, client
from tests.support.raw_server import RawServer, Script, read_request, reply
from tests.support.stub_openai import StubServer

Talk = Callable[[Carrier], Coroutine[Any, Any, Any]]


def talk(
    base_url: str, what: Talk, *, timeout: float = 5.0, connect: float = 2.0, limit: int = 10_000
) -> Any:
    endpoint = Endpoint(base_url=base_url, local=True)

    async def inside() -> Any:
        carrier = make_carrier(
            endpoint, timeout_seconds=timeout, connect_seconds=connect, maximum_bytes=limit
        )
        async with carrier:
            return await what(carrier)

    return asyncio.run(inside())


def times(count: int, data: bytes = b"{}") -> Talk:
    async def posts(carrier: Carrier) -> list[Response | Fault]:
        return [await carrier.post(data) for _ in range(count)]

    return posts


def always(answer: bytes, *, exchanges: int = 1000) -> Script:
    """A script that reads requests and gives ``answer`` to each, so many times a connection."""

    def script(connection: socket.socket, _: int) -> None:
        for _turn in range(exchanges):
            if not read_request(connection)[0]:
                return
            connection.sendall(answer)

    return script


def bodies(outcomes: list[Response | Fault]) -> list[object]:
    return [one.body if isinstance(one, Response) else one.error_class for one in outcomes]


def test_one_connection_carries_one_request_after_another() -> None:
    with RawServer(always(reply(b"ok"))) as server:
        assert bodies(talk(server.base_url, times(20))) == [b"ok"] * 20
        assert server.connections == 1


def test_so_many_requests_at_once_are_so_many_connections() -> None:
    async def at_once(carrier: Carrier) -> None:
        for _ in range(3):
            await asyncio.gather(*(carrier.post(b"{}") for _ in range(10)))

    with RawServer(always(reply(b"ok"))) as server:
        talk(server.base_url, at_once)
        assert server.connections == 10


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"ok", more="Connection: close\r\n"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        reply(b"ok") + b"more than asked for",
    ],
    ids=["said so", "old protocol", "bytes too many"],
)
def test_a_connection_that_may_not_be_reused_is_not(answer: bytes) -> None:
    with RawServer(always(answer)) as server:
        assert bodies(talk(server.base_url, times(3))) == [b"ok"] * 3
        assert server.connections == 3


def test_a_body_that_ends_with_the_connection() -> None:
    with RawServer(always(b"HTTP/1.1 200 OK\r\n\r\nok", exchanges=1)) as server:
        assert bodies(talk(server.base_url, times(2))) == [b"ok"] * 2


def test_chunks() -> None:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
    with RawServer(always(answer)) as server:
        assert bodies(talk(server.base_url, times(5))) == [b"ok"] * 5
        assert server.connections == 1


def test_a_server_that_closes_an_idle_connection_costs_no_try() -> None:
    async def with_pauses(carrier: Carrier) -> list[Response | Fault]:
        outcomes = []
        for _ in range(3):
            outcomes.append(await carrier.post(b"{}"))
            await asyncio.sleep(0.1)
        return outcomes

    with RawServer(always(reply(b"ok"), exchanges=1)) as server:
        assert bodies(talk(server.base_url, with_pauses)) == [b"ok"] * 3
        assert server.connections == 3


def test_a_connection_that_breaks_is_a_fault_and_the_next_is_new() -> None:
    def script(connection: socket.socket, number: int) -> None:
        read_request(connection)
        connection.sendall(
            reply(b"ok") if number > 1 else b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"
        )

    with RawServer(script) as server:
        assert bodies(talk(server.base_url, times(2))) == ["connection", b"ok"]


def test_an_answer_before_the_whole_question_is_an_answer() -> None:
    def script(connection: socket.socket, _: int) -> None:
        connection.recv(1000)
        connection.sendall(reply(b"too much", status="413 Too Large"))
        while connection.recv(1 << 20):
            pass

    with RawServer(script) as server:
        (outcome,) = talk(server.base_url, times(1, b"x" * 20_000_000))

    assert isinstance(outcome, Response)
    assert (outcome.status, outcome.body) == (413, b"too much")


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"],
    ids=["nothing", "half a head", "half a body"],
)
def test_silence_ends_with_the_timeout_and_with_it_the_connection(answer: bytes) -> None:
    gone = threading.Event()

    def script(connection: socket.socket, number: int) -> None:
        read_request(connection)
        if number > 1:
            connection.sendall(reply(b"ok"))
        else:
            connection.sendall(answer)
            if not connection.recv(1):
                gone.set()

    with RawServer(script) as server:
        assert bodies(talk(server.base_url, times(2), timeout=0.2)) == ["timeout", b"ok"]
        assert gone.wait(5)
        assert server.connections == 2


def test_a_request_that_is_given_up_takes_its_connection_with_it() -> None:
    gone = threading.Event()

    def script(connection: socket.socket, _: int) -> None:
        read_request(connection)
        try:
            if not connection.recv(1):
                gone.set()
        except ConnectionResetError:
            gone.set()

    async def give_up(carrier: Carrier) -> None:
        asking = asyncio.ensure_future(carrier.post(b"{}"))
        await asyncio.sleep(0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await asyncio.to_thread(gone.wait, 5)

    with RawServer(script) as server:
        talk(server.base_url, give_up)


def test_no_room_for_a_connection_is_told_from_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        (outcome,) = talk(f"http://127.0.0.1:{address[1]}/v1", times(1), connect=0.3)
        for one in waiting:
            one.close()

    assert isinstance(outcome, Fault)
    assert (outcome.error_class, outcome.error) == ("connect", "no connection in time")


def test_what_is_sent_is_exact() -> None:
    seen: list[tuple[str, bytes]] = []

    def script(connection: socket.socket, _: int) -> None:
        seen.append(read_request(connection))
        connection.sendall(reply(b"ok"))

    body = '{"text":"prüfung"}'.encode()
    with RawServer(script, host="::1") as server:
        talk(server.base_url.replace("/v1", "/a path/ü/v1"), times(1, body))

    head, sent = seen[0]
    assert sent == body
    assert head.split("\r\n") == [
        "POST /a%20path/%C3%BC/v1/chat/completions HTTP/1.1",
        f"Host: [::1]:{server.port}",
        "Content-Type: application/json",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "User-Agent: grandrounds",
        f"Content-Length: {len(body)}",
    ]


def test_a_body_that_is_sent_is_not_held_until_the_answer_comes() -> None:
    """Pictures make bodies of megabytes; hundreds of them wait for their answers at a time."""
    size, count = 2_000_000, 20
    held = 0

    def script(connection: socket.socket, _: int) -> None:
        read_request(connection)
        all_read.release()
        go_on.wait(10)
        connection.sendall(reply(b"ok"))

    async def at_once(carrier: Carrier) -> list[Response | Fault]:
        nonlocal held
        tasks = [asyncio.ensure_future(carrier.post(bytes(size))) for _ in range(count)]
        for _ in range(count):
            await asyncio.to_thread(all_read.acquire)
        await asyncio.sleep(0.1)
        held = tracemalloc.get_traced_memory()[0] - before
        go_on.set()
        return await asyncio.gather(*tasks)

    all_read, go_on = threading.Semaphore(0), threading.Event()
    with RawServer(script) as server:
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        try:
            assert bodies(talk(server.base_url, at_once, timeout=20)) == [b"ok"] * count
        finally:
            tracemalloc.stop()

    assert held < 0.3 * size * count


# TLS ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that nobody signed, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    both = folder / "both.pem"
    both.write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return both


def tls_server(certificate: Path) -> RawServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return RawServer(always(reply(b"ok")), tls=context)


def test_a_trusted_certificate_is_enough(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with tls_server(certificate) as server:
        address = server.base_url.replace("127.0.0.1", "localhost")
        assert bodies(talk(address, times(3))) == [b"ok"] * 3
        assert server.connections == 1


def test_a_certificate_that_nobody_signed_stops_the_run(certificate: Path) -> None:
    with tls_server(certificate) as server:
        address = server.base_url.replace("127.0.0.1", "localhost")
        with pytest.raises(ModelError, match="can't be trusted"):
            talk(address, times(1))


def test_a_certificate_of_another_host_stops_the_run(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with tls_server(certificate) as server, pytest.raises(ModelError, match="can't be trusted"):
        talk(server.base_url, times(1))


def test_a_server_that_speaks_no_tls_is_no_server() -> None:
    with RawServer(always(reply(b"ok"))) as server:
        (outcome,) = talk(server.base_url.replace("http:", "https:"), times(1), connect=1.0)

    assert isinstance(outcome, Fault)
    assert outcome.error_class == "connect"


# Behind a proxy -----------------------------------------------------------------------------------


def test_only_far_endpoints_go_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example.com:3128")
    limits: dict[str, Any] = {"timeout_seconds": 1, "connect_seconds": 1, "maximum_bytes": 1}
    far, near = "http://far.example.com/v1", "http://127.0.0.1/v1"

    assert isinstance(make_carrier(Endpoint(base_url=far, local=False), **limits), ProxyCarrier)
    assert isinstance(make_carrier(Endpoint(base_url=far, local=True), **limits), OwnCarrier)
    assert isinstance(make_carrier(Endpoint(base_url=near, local=False), **limits), OwnCarrier)


@pytest.mark.parametrize(
    ("mark", "status", "error_class"),
    [
        ("", "ok", ""),
        ("503*1", "ok", ""),
        ("hang", "failed", "timeout"),
        ("reset", "failed", "connection"),
        ("huge", "failed", "too_large"),
        ("gzip", "failed", "too_large"),
    ],
)
def test_a_proxy_changes_no_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, status: str, error_class: str
) -> None:
    (request,) = asks(1, f"[[{mark}]]" if mark else "")
    with StubServer() as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/v1"))
        options: dict[str, Any] = {"timeout_seconds": 0.5, "maximum_bytes": 1_000_000, "retry": FEW_TRIES}
        with client("http://far.example.com/v1", tmp_path, local=False, **options) as asking:
            answer = asking.answer_all([request])[request.request_id]
        assert proxy.stats()["received"] >= 1

    assert (answer.status, answer.error_class) == (status, error_class)


def test_a_proxys_password_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://me:hunter2@127.0.0.1:{taken.getsockname()[1]}")
        with (
            client("http://far.example.com/v1", tmp_path, local=False) as asking,
            pytest.raises(ModelError) as caught,
        ):
            asking.answer_all(asks(1))

    assert "hunter2" not in str(caught.value)
