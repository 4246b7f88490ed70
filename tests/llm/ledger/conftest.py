"""The ledger's tests run on both kinds of database; those on PostgreSQL skip, saying why, without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grandrounds.llm.ledger import Ledger
from tests.support.postgres import Server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a ledger on SQLite is to be."""
    return tmp_path / "home" / "ledger.sqlite"


@pytest.fixture
def postgres_url(postgres: Server) -> str:
    """The address of an empty database in PostgreSQL."""
    return postgres.empty()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def where(request: pytest.FixtureRequest, path: Path) -> str:
    """Where a ledger is to be: each test that asks runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def ledger(where: str) -> Iterator[Ledger]:
    with Ledger(where) as opened:
        yield opened
