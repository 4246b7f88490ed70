"""Media to browsers: ranges by RFC 9110, types by the bytes alone, kept by one browser for one session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.review.web.views.evidence_media import UnsatisfiableError, content_type, piece_of
from tests.support.evidence_pages import FIGURES, atlas, png, queue


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", (0, 9)),
        ("bytes=90-", (90, 99)),
        ("bytes=90-500", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-500", (0, 99)),
        ("bytes=99-99", (99, 99)),
    ],
)
def test_a_single_range_gives_its_bytes(header, expected):
    piece = piece_of(header, 100)
    assert (piece.first, piece.last) == expected


@pytest.mark.parametrize(
    "header",
    ["", "bytes=", "bytes=-", "bytes=9-3", "bytes=0-1,5-6", "lines=0-9", "bytes=a-b", "bytes 0-9", "bytes=-1-2",
     "bytes=0-9\r\nx: y", "bytes=" + "9" * 40 + "-"],
)  # fmt: skip
def test_what_is_no_single_range_is_as_if_nothing_was_asked(header):
    assert piece_of(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_is_refused(header):
    with pytest.raises(UnsatisfiableError):
        piece_of(header, 100)


@given(st.text(max_size=40), st.integers(0, 10**6))
def test_whatever_is_asked_a_piece_lies_inside(words, size):
    try:
        piece = piece_of(f"bytes={words}", size)
    except UnsatisfiableError:
        return
    assert piece is None or 0 <= piece.first <= piece.last < size


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (png(1), "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "application/octet-stream"),
        (b"<!doctype html><script>alert(1)</script>", "application/octet-stream"),
        (b"%PDF-1.7", "application/octet-stream"),
        (b"", "application/octet-stream"),
        (b"\x1a\x45\xdf\xa3 webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3 matroska", "video/x-matroska"),
        (b"\0\0\0 ftypisom", "video/mp4"),
    ],
)
def test_the_bytes_say_what_they_are(head, kind):
    assert content_type(head) == kind


@pytest.fixture
def asked(app, browser, web_store):
    """A reader with the figure's item in hand, its address and the picture's bytes."""
    made = atlas(app.state.lake)
    queue(web_store, [made.candidate])
    reader = browser("reviewer-a")
    from grandrounds.review.desk.desk import Desk

    Desk(web_store).next(app.state.accounts.named("reviewer-a"), recipe=FIGURES)
    address = f"/evidence/{FIGURES}/{made.candidate.item_id}/media/{made.figure.sha256}"
    return reader, address, app.state.lake.get_media(made.figure.sha256)


def test_media_come_whole_with_what_a_browser_must_know(asked):
    reader, address, data = asked
    answer = reader.get(address)
    assert (answer.status_code, answer.content) == (200, data)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Cookie"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("inline")
    head = reader.client.head(address)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))


def test_pieces_put_together_are_the_whole(asked):
    reader, address, data = asked
    size = len(data)
    pieces = [
        reader.get(address, headers={"range": f"bytes={start}-{start + 49}"})
        for start in range(0, size, 50)
    ]
    assert {piece.status_code for piece in pieces} == {206}
    assert b"".join(piece.content for piece in pieces) == data
    assert pieces[0].headers["content-range"] == f"bytes 0-49/{size}"
    assert reader.get(address, headers={"range": "bytes=-7"}).content == data[-7:]


def test_a_range_beyond_the_end_and_one_that_is_none(asked):
    reader, address, data = asked
    beyond = reader.get(address, headers={"range": f"bytes={len(data)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")
    assert reader.get(address, headers={"range": "bytes=5-1"}).content == data


def test_what_a_browser_has_is_not_sent_again(asked):
    reader, address, data = asked
    tag = reader.get(address).headers["etag"]
    again = reader.get(address, headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    changed = reader.get(address, headers={"range": "bytes=0-3", "if-range": '"another"'})
    assert (changed.status_code, changed.content) == (200, data)
