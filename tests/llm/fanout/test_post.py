"""What workers are told: complete, secret, and only for the same code and the same ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from grandrounds.errors import EngineError, LedgerError
from grandrounds.llm.fanout.post import Post, mark_of, needs_this_machine, open_client
from grandrounds.llm.ledger import open_ledger
from grandrounds.llm.prices import Prices
from grandrounds.llm.purse import Purse


def post(ledger: Path) -> Post:
    return Post(
        model="stub",
        base_url="http://127.0.0.1:9/v1",
        local=True,
        timeout_seconds=5.0,
        concurrency=4,
        grace_seconds=1.0,
        serve_refused=True,
        prices=Prices(prompt_per_million=2.0),
        api_key="sk-very-secret",
        ledger_url=f"sqlite:///{ledger}",
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    open_ledger(path).close()
    return path


def test_a_post_arrives_as_it_left(ledger: Path) -> None:
    assert Post.unpack(post(ledger).pack()) == post(ledger)


def test_a_post_shows_no_secret(ledger: Path) -> None:
    secret = replace(post(ledger), ledger_url="postgresql://me:hunter22@host/ledger")
    assert "sk-very" not in repr(secret)
    assert "hunter22" not in repr(secret)


def test_another_version_is_refused(ledger: Path) -> None:
    other = orjson.dumps({**orjson.loads(post(ledger).pack()), "version": "0.0.0"})
    with pytest.raises(EngineError, match=r"this run 0\.0\.0"):
        Post.unpack(other)


def test_a_worker_that_sees_the_same_file_gets_its_client(ledger: Path) -> None:
    marked = replace(post(ledger), ledger_mark=mark_of(f"sqlite:///{ledger}"))
    with open_client(marked, purse=Purse()) as client:
        assert client.model == "stub"


def test_a_worker_that_sees_another_file_is_sent_to_postgresql(ledger: Path, tmp_path: Path) -> None:
    marked = replace(post(ledger), ledger_mark=mark_of(f"sqlite:///{ledger}"))
    ledger.rename(tmp_path / "elsewhere.sqlite")
    with pytest.raises(LedgerError, match="GRANDROUNDS_LEDGER_URL to a PostgreSQL"):
        open_client(marked, purse=Purse())
    assert not ledger.exists()  # none is made in its place


def test_a_database_server_is_for_all_machines() -> None:
    assert not needs_this_machine("postgresql://host/ledger")
    assert not needs_this_machine("postgresql+psycopg://host/ledger")
    assert mark_of("postgresql://host/ledger") == ""
    assert needs_this_machine("sqlite:///ledger.sqlite")
