"""``grandrounds doctor``: finds what would stop a build, before a build does."""

from __future__ import annotations

import http.server
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grandrounds.doctor import examine
from grandrounds.lake import Lake
from grandrounds.settings import resolve
from tests.test_cli import ending


def findings(home: Path, **settings: str) -> dict[str, tuple[str, str]]:
    flags = {"GRANDROUNDS_HOME": str(home), **settings}
    return {row.what: (row.state, row.detail) for row in examine(resolve(flags, environ={}))}


@contextmanager
def server(status: int, body: bytes = b"", **headers: str) -> Iterator[tuple[str, list[str]]]:
    """A server that answers every request alike, and notes path and key of each."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.path} {self.headers.get('Authorization', '')}")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{made.server_port}/v1", seen
    finally:
        made.shutdown()
        made.server_close()


def endpoint(home: Path, address: str) -> tuple[str, str]:
    return findings(
        home, GRANDROUNDS_LLM_BASE_URL=address, GRANDROUNDS_LLM_MODEL="m", OPENAI_API_KEY="sk-secret"
    )["model endpoint"]


def test_a_fresh_folder_is_fine_and_stays_empty(tmp_path: Path) -> None:
    home = tmp_path / "new home"
    found = findings(home)
    assert not [what for what, (state, _) in found.items() if state == "bad"]
    assert list(home.iterdir()) == []
    assert "made on first use" in found["ledger"][1]


def test_what_is_there_is_looked_into_and_left_as_it_is(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    lake.write_blob("kept", b"x")
    assert findings(tmp_path)["lake"][0] == "ok"
    assert [path.name for path in (tmp_path / "lake/cache").iterdir()] == ["kept"]


def test_damage_is_found_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"garbage" * 900)
    (tmp_path / "review.sqlite").write_bytes(b"garbage" * 900)
    (tmp_path / "lake").write_bytes(b"no folder")
    found = findings(tmp_path, GRANDROUNDS_SOURCES=str(tmp_path / "nowhere"))
    for what in ("ledger", "review database", "lake", "source folder"):
        state, detail = found[what]
        assert state == "bad", what
        assert str(tmp_path) in detail
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE t (x)")
    (tmp_path / "other.sqlite").replace(tmp_path / "ledger.sqlite")
    assert "not a ledger" in findings(tmp_path)["ledger"][1]


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    state, detail = findings(tmp_path / "home")["working folder"]
    assert state == "bad" and f"{tmp_path / 'home'} can't be written" in detail


def test_the_endpoint_is_asked_and_its_key_goes_nowhere_else(tmp_path: Path) -> None:
    with server(200, json.dumps({"data": [{"id": "other"}]}).encode()) as (address, seen):
        assert endpoint(tmp_path, address) == (
            "ok",
            f"{address}/models answers 200 (local, protected evidence may go there), but its list has no model 'm'",
        )
        assert seen == ["/v1/models Bearer sk-secret"]
        with server(302, Location=f"{address}/models") as (elsewhere, _):
            assert endpoint(tmp_path, elsewhere) == (
                "ok",
                f"{elsewhere}/models answers 302 (local, protected evidence may go there)",
            )
        assert len(seen) == 1, "a redirect is not followed"
    with server(401) as (address, _):
        state, detail = endpoint(tmp_path, address)
        assert state == "bad" and "OPENAI_API_KEY" in detail and "secret" not in detail
    for wrong in (address, "http://[::bad/v1", "http://127.0.0.1:99999/v1"):
        state, detail = endpoint(tmp_path, wrong)
        assert state == "bad" and "GRANDROUNDS_LLM_BASE_URL" in detail


def test_paths_are_not_cut_and_the_exit_code_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("GRANDROUNDS_HOME", "")
    home = tmp_path / "a long name that no terminal of forty columns can show in one line"
    assert ending("--home", str(home), "doctor") == 0
    shown = capsys.readouterr().out
    assert f"{home}  [flag]\n" in shown
    assert shown.endswith("Nothing would stop a build.\n")
    (home / "ledger.sqlite").write_bytes(b"x")
    assert ending("--home", str(home), "doctor") == 1
    assert capsys.readouterr().out.endswith("1 would stop a build.\n")


def test_what_reads_scanned_pages_is_told_and_can_be_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = resolve({"GRANDROUNDS_HOME": str(tmp_path / "home")}, environ={})
    missing = next(finding for finding in examine(settings) if finding.what == "Tesseract")
    assert (missing.state, "tesseract-ocr" in missing.detail) == ("info", True)
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh")
    program.chmod(0o755)
    there = next(finding for finding in examine(settings) if finding.what == "Tesseract")
    assert (there.state, there.detail) == ("ok", str(program))
