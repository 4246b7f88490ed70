"""Protected evidence never reaches an endpoint not marked local: not one byte, not even a connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grandrounds.llm.config import client_from_settings
from grandrounds.llm.models import client_for
from grandrounds.settings import Settings, resolve
from tests.llm.helpers import ask
from tests.support.stub_openai import StubServer

SECRET = "a protected patient of the ward"


class Ear:
    """A listening socket that notes every connection and every byte."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.connections = 0
        self.heard = b""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(0.2)
                try:
                    while piece := connection.recv(65536):
                        self.heard += piece
                except TimeoutError:
                    pass

    def close(self) -> None:
        self._listening.close()


@contextmanager
def listening() -> Iterator[Ear]:
    ear = Ear()
    try:
        yield ear
    finally:
        ear.close()


def settings(home: Path, **environ: str) -> Settings:
    return resolve(environ={"GRANDROUNDS_HOME": str(home), **environ})


def panel(home: Path, text: str) -> Settings:
    file = home / "models.yaml"
    file.write_text(text)
    return settings(home, GRANDROUNDS_MODELS=str(file))


def test_the_settings_endpoint_hears_nothing(tmp_path: Path) -> None:
    with listening() as ear:
        chosen = settings(
            tmp_path,
            GRANDROUNDS_LLM_BASE_URL=f"http://127.0.0.1:{ear.port}/v1",
            GRANDROUNDS_LLM_MODEL="m",
            GRANDROUNDS_LLM_LOCAL="false",
        )
        asking = client_from_settings(chosen)
        assert asking is not None
        with asking:
            requests = [ask(f"{SECRET} {number}", protected=True) for number in range(50)]
            assert {answer.status for _, answer in asking.answers(requests)} == {"not_local"}
            assert asking.sent == 0

    assert (ear.connections, ear.heard) == (0, b"")


@pytest.mark.parametrize("local", ["local: false", "version: a"])
def test_a_panels_endpoint_hears_nothing(tmp_path: Path, local: str) -> None:
    """``localhost.`` by another name is not known to be this machine, so without a word it isn't local."""
    with listening() as ear:
        host = "127.0.0.1" if "false" in local else "0.0.0.0"
        text = f"models:\n  far: {{base_url: 'http://{host}:{ear.port}/v1', {local}}}\n"
        with client_for(panel(tmp_path, text), "far") as asking:
            ((_, answer),) = asking.answers([ask(SECRET, protected=True)])

    assert answer.status == "not_local"
    assert (ear.connections, ear.heard) == (0, b"")


def test_a_local_mark_of_the_file_is_not_taken_over_for_another_address(tmp_path: Path) -> None:
    """The settings send the model elsewhere; that the file's own address is local says nothing of it."""
    with listening() as ear:
        file = tmp_path / "models.yaml"
        file.write_text("models:\n  m: {base_url: 'http://gpu-box/v1', local: true}\n")
        chosen = settings(
            tmp_path,
            GRANDROUNDS_MODELS=str(file),
            GRANDROUNDS_LLM_MODEL="m",
            GRANDROUNDS_LLM_BASE_URL=f"http://0.0.0.0:{ear.port}/v1",
        )
        with client_for(chosen, "m") as asking:
            ((_, answer),) = asking.answers([ask(SECRET, protected=True)])

    assert answer.status == "not_local"
    assert ear.connections == 0


def test_in_a_mixed_run_only_the_open_requests_are_heard(tmp_path: Path) -> None:
    requests = [
        ask(f"{SECRET if number % 2 else 'open'} {number}", protected=bool(number % 2))
        for number in range(40)
    ]
    with StubServer() as stub:
        text = f"models:\n  far: {{base_url: '{stub.base_url}', local: false}}\n"
        with client_for(panel(tmp_path, text), "far") as asking:
            pairs = list(asking.answers(requests))
        bodies = stub.book.bodies

    assert [answer.status for _, answer in pairs] == ["ok", "not_local"] * 20
    assert len(bodies) == 20
    assert SECRET not in str(bodies)


def test_a_proxy_hears_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as ear:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{ear.port}")
        text = "models:\n  far: {base_url: 'http://far.example.com/v1'}\n"
        with client_for(panel(tmp_path, text), "far") as asking:
            ((_, answer),) = asking.answers([ask(SECRET, protected=True)])

    assert answer.status == "not_local"
    assert (ear.connections, ear.heard) == (0, b"")


def test_a_model_marked_local_gets_it_and_then_even_a_far_one_serves_the_answer(tmp_path: Path) -> None:
    request = ask(SECRET, protected=True)
    with StubServer() as stub, listening() as ear:
        text = (
            f"models:\n  near: {{base_url: '{stub.base_url}', model: stub, local: true}}\n"
            f"  far: {{base_url: 'http://0.0.0.0:{ear.port}/v1', model: stub}}\n"
        )
        chosen = panel(tmp_path, text)
        with client_for(chosen, "near") as near:
            ((_, answer),) = near.answers([request])
            assert answer.ok
        with client_for(chosen, "far") as far:
            ((_, served),) = far.answers([request])
            assert served.from_ledger

    assert ear.connections == 0
