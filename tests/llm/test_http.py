"""Each way in which an endpoint can misbehave has one documented outcome."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from grandrounds.errors import ModelError, SettingsError
from grandrounds.llm.answer import ModelAnswer
from grandrounds.llm.backends.endpoint import Endpoint, is_loopback
from grandrounds.llm.backends.retry import RetryPolicy, retry_after
from tests.llm.helpers import FEW_TRIES, Naps, ask, asks, backend, client
from tests.support.stub_openai import StubServer

KEY = "sk-test-0123456789abcdef"


@pytest.fixture(scope="module")
def shared_stub() -> Iterator[StubServer]:
    with StubServer() as running:
        yield running


def answered(base_url: str, folder: Path, text: str, **options: Any) -> ModelAnswer:
    request = ask(text)
    with client(base_url, folder, **options) as asking:
        return asking.answer_all([request])[request.request_id]


@pytest.mark.parametrize(
    ("mark", "status", "error_class", "attempts"),
    [
        ("", "ok", "", 1),
        ("fenced", "ok", "", 1),
        ("parts", "ok", "", 1),
        ("refuse", "refused", "refusal", 1),
        ("filter", "refused", "content_filter", 1),
        ("length", "truncated", "length", 1),
        ("nonsense", "unparsable", "unparsable", 2),
        ("nonsense*1", "ok", "", 2),
        ("empty", "unparsable", "unparsable", 2),
        ("wrong_shape", "unparsable", "unparsable", 2),
        ("html", "failed", "not_json", 1),
        ("no_choices", "failed", "no_choices", 1),
        ("no_message", "failed", "no_message", 1),
        ("huge", "failed", "too_large", 1),
        ("gzip", "failed", "too_large", 1),
        ("400", "failed", "http_400", 1),
        ("413", "failed", "http_413", 1),
        ("422", "failed", "http_422", 1),
        ("408", "failed", "http_408", 3),
        ("429", "failed", "http_429", 3),
        ("500", "failed", "http_500", 3),
        ("502", "failed", "http_502", 3),
        ("503", "failed", "http_503", 3),
        ("504", "failed", "http_504", 3),
        ("429*2", "ok", "", 3),
        ("503*1", "ok", "", 2),
        ("error_inside", "failed", "http_503", 3),
        ("reset", "failed", "connection", 3),
        ("reset*2", "ok", "", 3),
        ("hang", "failed", "timeout", 3),
        ("hang*1", "ok", "", 2),
        ("drip", "failed", "timeout", 3),
    ],
)
def test_a_reply_becomes_a_status(
    shared_stub: StubServer, tmp_path: Path, mark: str, status: str, error_class: str, attempts: int
) -> None:
    answer = answered(
        shared_stub.base_url,
        tmp_path,
        f"[[{mark}]]" if mark else "plain",
        timeout_seconds=0.3 if mark[:4] in {"hang", "drip"} else 10.0,
        maximum_bytes=1_000_000,
        retry=FEW_TRIES,
    )

    assert (answer.status, answer.error_class, answer.attempts) == (status, error_class, attempts)
    assert bool(answer.parsed) == (status == "ok")
    assert bool(answer.error) == (status != "ok")
    if status in {"ok", "refused", "truncated", "unparsable"}:
        assert (answer.prompt_tokens, answer.completion_tokens) == (100, 10)


def test_the_servers_words_are_kept(shared_stub: StubServer, tmp_path: Path) -> None:
    assert "stub error 400" in answered(shared_stub.base_url, tmp_path, "[[400]]").error


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("401", "OPENAI_API_KEY"),
        ("403", "OPENAI_API_KEY"),
        ("402", "nothing left to spend"),
        ("404", "no model 'stub' at http://127.0.0.1"),
        ("307", "the key is not sent elsewhere"),
        ("302", "GRANDROUNDS_LLM_BASE_URL"),
    ],
)
def test_what_no_request_can_survive_stops_the_run_and_keeps_what_was_answered(
    tmp_path: Path, mark: str, words: str
) -> None:
    requests = [*asks(20), ask(f"last [[{mark}]]")]
    with StubServer() as stub:
        with (
            client(stub.base_url, tmp_path, concurrency=1) as asking,
            pytest.raises(ModelError, match=words),
        ):
            asking.answer_all(requests)
        assert stub.book.behaviours["followed_redirect"] == 0

        with client(stub.base_url, tmp_path) as again:
            again.answer_all(requests[:20])
            assert (again.sent, again.served) == (0, 20)


def test_an_endpoint_where_nothing_listens_is_given_up_soon(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, never listening
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        naps = Naps()
        with (
            client(address, tmp_path, sleep=naps, concurrency=4) as asking,
            pytest.raises(ModelError, match="Nothing answers at") as caught,
        ):
            asking.answer_all(asks(50))

    assert address in str(caught.value)
    assert "GRANDROUNDS_LLM_BASE_URL" in str(caught.value)
    assert 0 < len(naps.seconds) <= 2 * 4 * 3  # those in flight, and as many that rest between tries


def test_a_name_that_does_not_resolve_is_given_up(tmp_path: Path) -> None:
    with (
        client("http://no-such-host.invalid/v1", tmp_path, retry=FEW_TRIES) as asking,
        pytest.raises(ModelError, match="Nothing answers at"),
    ):
        asking.answer_all(asks(1))


def test_a_server_that_goes_away_in_the_middle_stops_the_run(tmp_path: Path) -> None:
    with StubServer() as stub, client(stub.base_url, tmp_path) as asking:
        asking.answer_all(asks(5))
        stub.stop()
        with pytest.raises(ModelError, match="Nothing answers at"):
            asking.answer_all(asks(20))


def test_waits_grow_and_are_spread(tmp_path: Path) -> None:
    policy = RetryPolicy()
    for attempt, ceiling in enumerate([0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0], start=1):
        waits = [policy.wait(f"req-{n}", attempt=attempt, asked=None) for n in range(200)]
        assert 0 <= min(waits) < ceiling * 0.1
        assert ceiling * 0.9 < max(waits) <= ceiling


@pytest.mark.parametrize(("asked", "least"), [("7", 7.0), ("0.5", 0.5)])
def test_the_wait_that_the_server_asks_for_is_kept(tmp_path: Path, asked: str, least: float) -> None:
    naps = Naps()
    with StubServer(retry_after=asked) as stub:
        assert answered(stub.base_url, tmp_path, "[[429*1]]", sleep=naps).ok

    assert len(naps.seconds) == 1
    assert naps.seconds[0] >= least


def test_a_wait_of_hours_is_not_waited_for(tmp_path: Path) -> None:
    naps = Naps()
    with StubServer(retry_after="7200") as stub:
        answer = answered(stub.base_url, tmp_path, "[[429]]", sleep=naps)

    assert answer.status == "failed"
    assert "asks to wait 7200 s" in answer.error
    assert naps.seconds == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("12", 12.0),
        ("0", 0.0),
        ("Mon, 02 Mar 2026 10:00:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 09:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, now=datetime(2026, 3, 2, 10, 0, tzinfo=UTC)) == seconds


def test_a_server_without_json_schema_gets_the_schema_in_the_prompt(tmp_path: Path) -> None:
    with StubServer(no_json_schema=True) as stub, client(stub.base_url, tmp_path) as asking:
        answers = asking.answer_all(asks(30))

        assert all(answer.ok for answer in answers.values())
        assert "JSON schema" in stub.book.bodies[-1]["messages"][-1]["content"]
        assert stub.stats()["received"] <= 30 + 8  # learnt once, by those in flight


def test_a_server_that_wants_the_other_name_of_the_limit_gets_it(tmp_path: Path) -> None:
    with StubServer(wants_completion_tokens=True) as stub, client(stub.base_url, tmp_path) as asking:
        assert all(answer.ok for answer in asking.answer_all(asks(5)).values())
        assert stub.book.bodies[-1]["max_completion_tokens"] == 64


# The key ------------------------------------------------------------------------------------------


def test_the_key_is_sent_and_seen_nowhere_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    requests = [*asks(3), ask("[[echo_key]]"), ask("[[500]]"), ask("[[html]]")]
    with StubServer(responder=lambda _: {"diagnosis": f"your key is {KEY}", "quotes": []}) as stub:
        with client(stub.base_url, tmp_path, api_key=KEY) as asking:
            answers = asking.answer_all(requests)
            shown = repr(asking) + repr(asking._backend) + repr(answers)
        assert {headers["Authorization"] for headers in stub.book.headers} == {f"Bearer {KEY}"}

    assert "[api key]" in shown
    assert KEY not in shown
    assert KEY not in caplog.text
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes()


def test_a_refused_key_is_not_shown(tmp_path: Path) -> None:
    with (
        StubServer(api_key="another-key-altogether") as stub,
        client(stub.base_url, tmp_path, api_key=KEY) as asking,
        pytest.raises(ModelError) as caught,
    ):
        asking.answer_all(asks(3))

    assert "Incorrect API key provided: [api key]" in str(caught.value)
    assert KEY not in repr(caught.value)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
        Endpoint(base_url="http://localhost/v1", local=True, api_key=key)

    assert key not in str(caught.value)


def test_the_line_break_of_a_key_file_is_forgiven() -> None:
    endpoint = Endpoint(base_url="http://localhost/v1", local=True, api_key=f"{KEY}\n")

    assert endpoint.headers["Authorization"] == f"Bearer {KEY}"


# The address --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("http://localhost:8000/v1", True),
        ("http://LOCALHOST./v1", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.8.8.8/v1", True),
        ("http://[::1]:8000/v1", True),
        ("https://api.example.com/v1", False),
        ("http://localhost.example.com/v1", False),
        ("http://127.0.0.1.example.com/v1", False),
        ("http://10.0.0.5/v1", False),
        ("http://0.0.0.0/v1", False),
        ("http://notlocalhost/v1", False),
    ],
)
def test_loopback_is_told_from_the_host_alone(address: str, loopback: bool) -> None:
    assert is_loopback(address) == loopback


@pytest.mark.parametrize(
    "address",
    [
        "http://user:secret@localhost/v1",
        "ftp://localhost/v1",
        "http:///v1",
        "http://localhost/v1?key=1",
        "http://localhost:notaport/v1",
        "http://[::1/v1",
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Endpoint(base_url=address, local=False)

    assert "secret" not in str(caught.value)


def test_a_full_address_is_taken_for_its_base() -> None:
    endpoint = Endpoint(base_url="http://localhost/v1/chat/completions/", local=True)

    assert endpoint.url == "http://localhost/v1/chat/completions"


def test_proxies_are_for_far_endpoints_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.example.com:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert Endpoint(base_url="http://127.0.0.1:1/v1", local=False).proxy is None
    assert Endpoint(base_url="http://gpu-box/v1", local=True).proxy is None
    assert (
        Endpoint(base_url="https://api.example.com/v1", local=False).proxy
        == "http://proxy.example.com:3128"
    )


def test_a_proxy_in_the_environment_does_not_keep_us_from_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with StubServer() as stub:
        assert answered(stub.base_url, tmp_path, "plain").ok


def test_a_backend_refuses_protected_evidence_by_itself() -> None:
    async def go() -> None:
        async with backend("http://127.0.0.1:9/v1", local=False) as far:
            await far.ask(ask("x", protected=True), stopping=asyncio.Event())

    with pytest.raises(ModelError, match="Protected evidence"):
        asyncio.run(go())
