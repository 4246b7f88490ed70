"""What the other tests and the benchmarks take for granted about the stub server."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from typing import Any

import jsonschema
import pytest

from benchmarks.support.work import SCHEMA, body
from tests.support.stub_openai import StubProcess, StubServer


def post(base_url: str, data: bytes, *, timeout: float = 10.0) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(f"{base_url}/chat/completions", data=data)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as exc:
        return exc.code, json.load(exc)


def ask(base_url: str, text: str, *, timeout: float = 10.0) -> tuple[int, dict[str, Any]]:
    return post(base_url, json.dumps(body(text)).encode(), timeout=timeout)


def content(reply: dict[str, Any]) -> str:
    return str(reply["choices"][0]["message"]["content"])


def test_answers_fit_the_schema_and_differ_by_question() -> None:
    with StubServer() as stub:
        one, same, other = (content(ask(stub.base_url, text)[1]) for text in ("a", "a", "b"))

        jsonschema.validate(json.loads(one), SCHEMA)
        assert one == same != other
        assert stub.stats()["received"] == 3
        assert stub.stats()["distinct"] == 2
        assert stub.stats()["answered_twice"] == 1


def test_the_same_share_of_questions_fails_once_for_everybody() -> None:
    def refused(stub: StubProcess) -> set[int]:
        return {number for number in range(60) if ask(stub.base_url, str(number))[0] == 429}

    with StubProcess(share_429=0.2) as stub:
        first = refused(stub)
        assert 3 <= len(first) <= 25
        assert refused(stub) == set()
        assert stub.stats()["statuses"] == {"429": len(first), "200": 120 - len(first)}
        stub.reset(share_429=0.2)
        assert refused(stub) == first
        stub.reset()
        assert refused(stub) == set()


def test_a_hung_socket_never_answers_and_is_given_up_by_the_client() -> None:
    with StubServer(share_hang=1.0) as stub:
        with pytest.raises(TimeoutError):
            ask(stub.base_url, "a", timeout=0.2)
        assert ask(stub.base_url, "a")[0] == 200


def test_a_body_that_is_no_json_is_told_so() -> None:
    with StubServer() as stub:
        assert post(stub.base_url, b"{")[0] == 400


def test_a_stopped_server_drops_open_connections_and_takes_no_new_ones() -> None:
    with StubServer() as stub:
        host, port = stub.base_url.split("/")[2].split(":")
        with socket.create_connection((host, int(port)), timeout=5) as kept:
            kept.sendall(b"GET /admin/stats HTTP/1.1\r\n\r\n")
            assert kept.recv(9) == b"HTTP/1.1 "
            stub.stop()
            while kept.recv(65536):
                pass
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((host, int(port)), timeout=5)


def test_a_request_may_come_in_any_pieces() -> None:
    data = json.dumps(body("in pieces")).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\ncontent-length: {len(data)}\r\n\r\n".encode()
    with StubServer() as stub:
        host, port = stub.base_url.split("/")[2].split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            for cut in (1, 30, len(head) + 5):
                whole = head + data
                for piece in (whole[:cut], whole[cut:]):
                    connection.sendall(piece)
                received = b""
                while not received.endswith(b"}"):
                    received += connection.recv(65536)
                assert received.startswith(b"HTTP/1.1 200 OK\r\n")
