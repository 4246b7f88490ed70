"""The real server, as a process of its own."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grandrounds.review.people.accounts import Accounts
from grandrounds.review.people.invitations import Invitations
from grandrounds.review.store import ReviewStore
from grandrounds.review.web import patience

pytestmark = pytest.mark.slow
PASSWORD = "seven quiet herons"


@contextmanager
def serving(home: Path, *arguments: str, **environment: str) -> Iterator[tuple[int, Path]]:
    """A server on a free port; where its output goes."""
    said = home / "said.txt"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "grandrounds", "review", "serve", "--port", "0", *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "GRANDROUNDS_HOME": str(home), "PYTHONUNBUFFERED": "1", **environment},
        )
    try:
        until = time.monotonic() + 60
        while not (found := re.search(r"http://[^ ]*?:(\d+)", said.read_text())):
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        yield int(found.group(1)), said
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def ask(port: int, method: str, path: str, body: str = "", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    if body:
        headers["content-type"] = "application/x-www-form-urlencoded"
    connection.request(
        method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    answer.body = answer.read().decode()
    connection.close()
    return answer


def dripped(slow: socket.socket) -> float:
    """For how many seconds the other side takes a byte now and then; 15 at most."""
    began = time.monotonic()
    try:
        while time.monotonic() - began < 60:
            slow.sendall(b"x")
            time.sleep(0.1)
    except OSError:
        pass
    return time.monotonic() - began


def sign_in(port: int, name: str, password: str) -> http.client.HTTPResponse:
    page = ask(port, "GET", "/login")
    cookie = page.getheader("set-cookie").split(";")[0]
    csrf = re.search(r'data-csrf="([^"]*)"', page.body).group(1)
    return ask(port, "POST", "/login", f"csrf={csrf}&name={name}&password={password}", cookie=cookie)


def test_it_starts_soon_serves_and_says_nothing_of_anybody(tmp_path):
    with ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}") as store:
        Accounts(store.database).add("reviewer-a", roles=["reviewer"], password=PASSWORD)
        token = Invitations(store.database).invite(roles=["reviewer"], by="lead-a")
    began = time.monotonic()
    with serving(tmp_path) as (port, said):
        assert ask(port, "GET", "/health").body == "ok"
        # The goal is 3 s (docs/review-page.md has figures); here other tests may run beside it.
        assert time.monotonic() - began < 60
        answer = sign_in(port, "reviewer-a", PASSWORD)
        assert answer.status == 303
        session = answer.getheader("set-cookie").split(";")[0]
        assert "reviewer-a" in ask(port, "GET", "/account", cookie=session).body
        assert ask(port, "GET", f"/invitation/{token}").status == 200
        assert sign_in(port, "reviewer-a", "a wrong secret guess").status == 401
        assert ask(port, "GET", "/health").getheader("server") is None
    told = said.read_text()
    for secret in (token, session.split("=")[1], PASSWORD, "a wrong secret guess"):
        assert secret not in told
    assert len(told.splitlines()) == 1


@pytest.mark.postgres
def test_it_serves_a_postgresql_database(tmp_path, postgres):
    url = postgres.empty()
    with ReviewStore(url) as store:
        Accounts(store.database).add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    with serving(tmp_path, GRANDROUNDS_REVIEW_URL=url) as (port, _):
        assert sign_in(port, "reviewer-a", PASSWORD).status == 303
        assert sign_in(port, "reviewer%00a", PASSWORD).status == 401
        assert ask(port, "GET", "/account%00").status == 400


def test_a_session_survives_the_servers_end(tmp_path):
    with ReviewStore(f"sqlite:///{tmp_path / 'review.sqlite'}") as store:
        Accounts(store.database).add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    with serving(tmp_path) as (port, _):
        session = sign_in(port, "reviewer-a", PASSWORD).getheader("set-cookie").split(";")[0]
    with serving(tmp_path) as (port, _):
        assert ask(port, "GET", "/account", cookie=session).status == 200


def test_a_name_that_is_not_its_own_is_not_answered(tmp_path):
    with serving(tmp_path) as (port, _):
        assert ask(port, "GET", "/login", host="evil.example").status == 400
        assert ask(port, "GET", "/login", host=f"localhost:{port}").status == 200


def test_forwarded_headers_count_only_from_a_proxy_that_was_named(tmp_path):
    """Else a guesser would have as many addresses as they like."""
    guess = "name=reviewer-{n}&password=x&csrf="

    def guesses(port: int) -> list[int]:
        page = ask(port, "GET", "/login")
        cookie = page.getheader("set-cookie").split(";")[0]
        csrf = re.search(r'data-csrf="([^"]*)"', page.body).group(1)
        return [
            ask(
                port,
                "POST",
                "/login",
                guess.format(n=0) + csrf,
                cookie=cookie,
                x_forwarded_for=f"198.51.100.{n}",
            ).status
            for n in range(9)
        ]

    with serving(tmp_path) as (port, _):
        assert guesses(port)[-1] == 429
    (tmp_path / "review.sqlite").unlink()
    with serving(tmp_path, "--behind-proxy", "127.0.0.1") as (port, _):
        assert set(guesses(port)) == {401}


def test_a_head_that_never_ends_is_not_waited_for(tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import grandrounds.review.web.patience as patience\npatience.SECONDS = 0.5\n"
    )
    assert patience.SECONDS == 15
    with serving(tmp_path, PYTHONPATH=f"{site}{os.pathsep}{Path.cwd()}") as (port, _):
        for first in (b"", b"GET / HTTP/1.1\r\n", b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\nGET /"):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as slow:
                slow.sendall(first)
                assert dripped(slow) < 10
        assert ask(port, "GET", "/health").status == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\nabcde",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nx: a\rset-cookie: b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
)
def test_what_is_no_request_is_refused_and_the_server_goes_on(tmp_path, raw):
    with serving(tmp_path) as (port, said):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
            one.sendall(raw)
            one.shutdown(socket.SHUT_WR)
            answer = one.recv(65536)
        assert answer == b"" or answer.split(b" ")[1].startswith((b"3", b"4"))
        assert ask(port, "GET", "/health").status == 200
    assert "Traceback" not in said.read_text()


def test_an_address_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "grandrounds", "review", "serve", "--port", str(port)],
            env={**os.environ, "GRANDROUNDS_HOME": str(tmp_path)},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert "Give another --port" in done.stderr
    assert "Traceback" not in done.stderr
