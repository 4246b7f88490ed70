"""Bytes become replies however they are cut, and nothing that isn't HTTP gets through."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.llm.backends.http1 import ReplyReader, ReplyTooLargeError, Response, WireError

LIMIT = 1000


def read(*pieces: bytes, limit: int = LIMIT) -> tuple[Response | None, ReplyReader]:
    reader = ReplyReader(maximum_bytes=limit)
    response = None
    for piece in pieces:
        response = reader.feed(piece)
    return response, reader


def whole(data: bytes) -> tuple[Response, ReplyReader]:
    response, reader = read(data)
    assert response is not None
    return response, reader


def test_a_reply_with_a_length() -> None:
    response, reader = whole(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: a\r\n\r\nhello")

    assert response == Response(status=200, headers={"content-length": "5", "x-one": "a"}, body=b"hello")
    assert reader.reusable


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: upgrade, Close\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", True),
    ],
)
def test_whether_a_connection_may_be_used_again(head: bytes, reusable: bool) -> None:
    assert whole(head + b"Content-Length: 0\r\n\r\n")[1].reusable == reusable


def test_bytes_after_a_reply_are_not_taken_for_the_next_one() -> None:
    response, reader = whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n")

    assert response.body == b"ok"
    assert not reader.reusable


def test_an_interim_reply_is_passed_over() -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 \r\nContent-Length: 1\r\n\r\nx"

    assert whole(data)[0].status == 201


def test_a_reply_without_a_length_ends_with_the_connection() -> None:
    response, reader = read(b"HTTP/1.1 200 OK\r\n\r\nso ", b"far")
    assert response is None
    assert reader.end().body == b"so far"
    assert not reader.reusable


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_some_replies_have_no_body_whatever_their_length_says(status: bytes) -> None:
    assert whole(b"HTTP/1.1 " + status + b"\r\nContent-Length: 9\r\n\r\n")[0].body == b""


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"]
)
def test_a_cut_reply_is_no_reply(data: bytes) -> None:
    response, reader = read(data) if data else read()
    assert response is None
    with pytest.raises(WireError):
        reader.end()


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSpace : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 2000,
        b"A" * 70_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70_000,
    ],
)
def test_what_is_not_http_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1001,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 400,
    ],
    ids=["length", "one chunk", "many chunks", "no length", "trailers"],
)
def test_a_reply_over_the_limit_is_refused_before_it_is_held(data: bytes) -> None:
    with pytest.raises(ReplyTooLargeError):
        read(data)


def test_a_length_said_twice_alike_is_forgiven() -> None:
    assert whole(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx")[0].body == b"x"


def test_a_reply_with_a_length_and_chunks_is_chunks_and_the_connection_ends() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"

    response, reader = whole(data)
    assert response.body == b"hi"
    assert not reader.reusable


_BODIES = st.binary(max_size=300)


@given(
    body=_BODIES,
    cuts=st.lists(st.integers(0, 2000), max_size=12),
    sizes=st.lists(st.integers(1, 40), min_size=1),
)
def test_however_bytes_are_cut_the_reply_is_the_same(
    body: bytes, cuts: list[int], sizes: list[int]
) -> None:
    chunks, rest, turn = b"", body, 0
    while rest:
        size = sizes[turn % len(sizes)]
        piece, rest, turn = rest[:size], rest[size:], turn + 1
        chunks += b"%X;note=1\r\n%b\r\n" % (len(piece), piece)
    head = b"HTTP/1.1 200 Fine\r\nServer: x\r\n"
    for data in (
        head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body),
        head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nTrailer: t\r\n\r\n",
    ):
        places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
        pieces = [data[start:end] for start, end in pairwise(places) if start < end]
        response, reader = read(*pieces)
        assert response is not None
        assert (response.status, response.body, reader.reusable) == (200, body, True)


@given(st.binary(max_size=400))
def test_no_bytes_at_all_do_anything_but_wait_answer_or_refuse(data: bytes) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        try:
            response, _ = read(start + data)
        except (WireError, ReplyTooLargeError):
            continue
        assert response is None or len(response.body) <= LIMIT
