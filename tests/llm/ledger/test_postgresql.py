"""A ledger in PostgreSQL outlives its connections, and never says its password."""

from __future__ import annotations

import threading
import time
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grandrounds.errors import LedgerError
from grandrounds.llm.ledger import Ledger
from grandrounds.llm.ledger.postgresql import _escaped, _restored
from tests.llm.helpers import ask, asks
from tests.llm.ledger.support import filed, python
from tests.support.postgres import PASSWORD, Server

pytestmark = pytest.mark.postgres


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def test_a_connection_that_breaks_is_made_again(postgres_url: str) -> None:
    with Ledger(postgres_url) as ledger:
        ledger.write([filed(ask("a"))])
        _run(
            postgres_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )
        ledger.write([filed(ask("b"))])
        assert len(ledger.lookup([ask("a"), ask("b")])) == 2


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_spelling_of_the_address_is_taken(postgres_url: str, scheme: str) -> None:
    with Ledger(postgres_url.replace("postgresql", scheme, 1)) as ledger:
        assert ledger.stats().answers == 0


def test_the_password_is_never_said(postgres: Server, postgres_url: str) -> None:
    spelled = quote(PASSWORD, safe="")
    with Ledger(postgres_url) as ledger:
        assert PASSWORD not in ledger.name and spelled not in ledger.name
    for address, words in (
        (postgres_url.replace("tester", "nobody"), "can't be reached"),
        (postgres_url.replace(f":{postgres.port}", ":1"), "can't be reached"),
        (postgres_url.replace("/postgres", "/none"), "can't be reached"),
        (f"postgresql://tester:{PASSWORD}%zz@127.0.0.1:{postgres.port}/postgres", "ledger"),
        (f"{postgres_url}?sslpassword=hush&nonsense=1", "ledger"),
    ):
        with pytest.raises(LedgerError, match=words) as caught:
            Ledger(address)
        assert PASSWORD not in str(caught.value) and spelled not in str(caught.value)
        assert "hush" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_ledger_held_by_another_program_is_reported_in_bounded_time(postgres_url: str) -> None:
    with Ledger(postgres_url, busy_seconds=0.3) as ledger, psycopg.connect(postgres_url) as holder:
        holder.execute("LOCK TABLE ledger_answers IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(LedgerError, match="locked by another program"):
            ledger.write([filed(ask("a"))])
        assert time.monotonic() - began < 30


def test_a_prune_waits_for_writers_and_they_for_it(postgres_url: str) -> None:
    """Else a request could go while its next answer comes."""
    from grandrounds.llm.ledger import Selection

    with Ledger(postgres_url) as ledger, Ledger(postgres_url) as other:
        ledger.write([filed(ask("a"), "failed")])
        entered = threading.Event()
        slow = threading.Thread(
            target=ledger._database.write,
            args=(lambda session: (entered.set(), time.sleep(0.5), session.rows("SELECT 1")),),
        )
        slow.start()
        entered.wait()
        began = time.monotonic()
        other.prune(Selection(statuses=("failed",)), dry_run=False)
        assert time.monotonic() - began > 0.3
        slow.join()
        assert other.stats().requests == 0


def test_a_user_who_may_only_read_is_told_before_anything_is_paid_for(postgres_url: str) -> None:
    Ledger(postgres_url).close()
    _run(postgres_url, "DROP ROLE IF EXISTS reader")
    _run(postgres_url, f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
    _run(postgres_url, "GRANT USAGE ON SCHEMA public TO reader")
    _run(postgres_url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    try:
        with pytest.raises(LedgerError, match="read-only for this user"):
            Ledger(postgres_url.replace("tester", "reader"))
        _run(postgres_url, "DROP TABLE ledger_answers, ledger_requests, ledger_schemas, ledger_version")
        with pytest.raises(LedgerError, match="may not be written"):
            Ledger(postgres_url.replace("tester", "reader"))
    finally:
        _run(postgres_url, "DROP OWNED BY reader")
        _run(postgres_url, "DROP ROLE reader")


def test_a_database_that_stores_few_characters_is_refused(postgres: Server, postgres_url: str) -> None:
    _run(postgres_url, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(LedgerError, match="stores LATIN1"):
            Ledger(postgres.url("latin"))
    finally:
        _run(postgres_url, "DROP DATABASE latin WITH (FORCE)")


def test_a_ledger_from_the_future_is_not_touched(postgres_url: str) -> None:
    Ledger(postgres_url).close()
    _run(postgres_url, "UPDATE ledger_version SET version_num = '9999'")

    with pytest.raises(LedgerError, match="newer version"):
        Ledger(postgres_url)


def test_tables_of_others_in_the_database_are_left_alone(postgres_url: str) -> None:
    _run(postgres_url, "CREATE TABLE requests (id INTEGER)")
    _run(postgres_url, "CREATE TABLE answers (id INTEGER)")
    with Ledger(postgres_url) as ledger:
        ledger.write([filed(request) for request in asks(3)])
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM requests").fetchone() == (0,)


_WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = None
from grandrounds.errors import MissingDependencyError
from grandrounds.llm.ledger import open_ledger
try:
    open_ledger("postgresql://me:hush@localhost/db")
except MissingDependencyError as error:
    print("told:", error)
"""


@pytest.mark.slow
def test_the_missing_driver_is_named_with_its_install_line() -> None:
    said = python(_WITHOUT_DRIVER)

    assert said.startswith("told:"), said
    assert 'pip install "grandrounds[postgres]"' in said


def test_a_half_made_ledger_is_reported(postgres_url: str) -> None:
    _run(postgres_url, "CREATE TABLE ledger_answers (id INTEGER)")

    with pytest.raises(LedgerError, match="can't be opened"):
        Ledger(postgres_url)


@given(text=st.text(st.sampled_from("\x00\U0010fffd01ab"), max_size=20))
def test_nul_characters_survive(text: str) -> None:
    assert "\x00" not in _escaped(text)
    assert _restored(_escaped(text)) == text
