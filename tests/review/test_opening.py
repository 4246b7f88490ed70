"""Opening the database: migrations, two at once, and everything that can stand in the way."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from grandrounds.errors import MissingDependencyError, ReviewError
from grandrounds.review import database, migrations, tables
from grandrounds.review.database import Database, _upgrade
from grandrounds.review.store import ReviewStore
from tests.support.postgres import PASSWORD

RECIPE = "case_diagnosis"
FOLDER = Path(migrations.__file__).parent


def driver_url(url):
    return url.replace("postgresql://", "postgresql+psycopg://")


def at_revision(url, revision):
    """The database as the version of that revision left it, with what it could hold in it."""
    engine = create_engine(driver_url(url))
    with engine.begin() as connection:
        _upgrade(connection, revision)
        connection.execute(text("INSERT INTO review_recipes (name) VALUES ('old')"))
        connection.execute(
            text(
                "INSERT INTO review_queue (recipe, item_id, content_sha256, state, position, run_id, candidate) VALUES ('old', 'item-1', 'aa', 'open', 1, 'run', '{}')"
            )
        )
    engine.dispose()


# Migrations


def test_the_list_of_revisions_is_what_the_folder_holds():
    script = ScriptDirectory(FOLDER)
    found = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(found)) == migrations.REVISIONS
    assert script.get_current_head() == migrations.HEAD


def test_migrations_make_what_the_tables_say(url):
    opened = Database(url)
    with opened.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": tables.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, tables.metadata) == []
    assert opened.version() == migrations.HEAD
    opened.close()


@pytest.mark.parametrize("revision", migrations.REVISIONS[:-1])
def test_each_earlier_version_is_brought_up_with_what_it_holds(url, candidates, decide, revision):
    at_revision(url, revision)
    with ReviewStore(url) as store:
        assert store.recipes() == ["old"]
        store.enqueue(RECIPE, candidates)
        assert store.append([decide(candidates[0])]).added == 1
        assert store._database.version() == migrations.HEAD


def test_what_was_decided_and_typed_before_answers_were_kept_is_there_unchanged(url):
    at_revision(url, "0007")
    engine = create_engine(driver_url(url))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO review_events (event_id, recipe, item_id, content_sha256, reviewer, role, decision,"
                " reasons, comment, edits, created_at) VALUES ('e', 'old', 'item-1', 'aa', 'reviewer-a',"
                " 'reviewer', 'accept', '[]', 'kept', '{}', '2026-03-02T09:00:00.000000Z')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO review_accounts (name, roles, specialties, language, created_at)"
                " VALUES ('reviewer-a', '[]', '[]', 'en', '2026-03-02T09:00:00.000000Z')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO review_unsent (recipe, item_id, content_sha256, role, account, body, revision,"
                " seconds, saved_at) VALUES ('old', 'item-1', 'aa', 'reviewer', 'reviewer-a', '{\"x\": 1}', 3,"
                " 1.5, '2026-03-02T09:00:00.000000Z')".replace(":", "\\:")
            )
        )
    engine.dispose()
    with ReviewStore(url) as store:
        (event,) = store.events("old")
        assert (event.comment, event.answer) == ("kept", "")
        with store.database.reading() as connection:
            row = connection.execute(tables.unsent.select()).one()
        assert (row.body, row.revision, row.answer) == ('{"x": 1}', 3, None)


def test_a_migration_that_fails_leaves_the_version_before(url, monkeypatch):
    at_revision(url, "0001")

    def half(connection, revision=migrations.HEAD):
        _upgrade(connection, revision)
        raise KeyboardInterrupt

    monkeypatch.setattr(database, "_upgrade", half)
    with pytest.raises(KeyboardInterrupt):
        ReviewStore(url)
    monkeypatch.undo()
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        assert connection.scalar(text(f"SELECT version_num FROM {tables.VERSION_TABLE}")) == "0001"
    engine.dispose()
    with ReviewStore(url) as store:
        assert store.events() == []


@pytest.mark.slow
def test_many_processes_may_open_an_empty_database_at_once(url):
    code = (
        "import sys; from grandrounds.review.store import ReviewStore; ReviewStore(sys.argv[1]).recipes()"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0], said
    with ReviewStore(url) as store:
        assert store._database.version() == migrations.HEAD


def test_an_open_database_is_opened_without_alembic(tmp_path):
    url = f"sqlite:///{tmp_path / 'review.sqlite'}"
    ReviewStore(url).close()
    code = (
        "import sys; from grandrounds.review.store import ReviewStore; ReviewStore(sys.argv[1]); "
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, url], check=False, timeout=60).returncode == 0


# What can stand in the way


def test_a_database_of_a_newer_version_is_refused_and_left_alone(url):
    ReviewStore(url).close()
    engine = create_engine(driver_url(url))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {tables.VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(ReviewError, match="newer version") as caught:
        ReviewStore(url)
    assert "Install that version" in caught.value.remedy
    with engine.connect() as connection:
        assert connection.scalar(text(f"SELECT version_num FROM {tables.VERSION_TABLE}")) == "9999"
    engine.dispose()


def test_a_file_that_is_not_a_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "review.sqlite"
    path.write_text("these are somebody's notes, long enough to be looked at\n" * 100)
    before = path.read_bytes()
    with pytest.raises(ReviewError, match="not a SQLite database") as caught:
        ReviewStore(f"sqlite:///{path}")
    assert str(path) in caught.value.what
    assert path.read_bytes() == before


def test_another_programs_sqlite_file_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE requests (id TEXT)")
    with pytest.raises(ReviewError, match=r"something else.*'requests'"):
        ReviewStore(f"sqlite:///{path}")
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("requests",)]


@pytest.mark.postgres
def test_a_postgresql_database_may_hold_other_tables_too(postgres):
    import psycopg

    url = postgres.empty()
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("CREATE TABLE runs (id TEXT); CREATE TABLE alembic_version (version_num TEXT)")
        other.execute("INSERT INTO alembic_version VALUES ('somebody elses')")
    with ReviewStore(url) as store:
        assert store.recipes() == []


def test_a_locked_sqlite_file_says_what_to_do(tmp_path, candidates):
    path = tmp_path / "review.sqlite"
    with ReviewStore(f"sqlite:///{path}", wait_seconds=0.2) as store:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(ReviewError, match="is locked") as caught:
            store.enqueue(RECIPE, candidates)
        assert "Close that program" in caught.value.remedy
        assert store.recipes() == []  # reading goes on
        holder.execute("ROLLBACK")
        assert store.enqueue(RECIPE, candidates).added == 12
        holder.close()


@pytest.mark.postgres
def test_a_locked_postgresql_database_says_what_to_do(postgres, candidates):
    url = postgres.empty()
    with ReviewStore(url, wait_seconds=0.3) as store, ReviewStore(url) as holder:
        with holder._database.writing(), pytest.raises(ReviewError, match="is locked"):
            store.enqueue(RECIPE, candidates)
        assert store.enqueue(RECIPE, candidates).added == 12


def test_the_folder_of_the_file_is_made(tmp_path):
    with ReviewStore(f"sqlite:///{tmp_path / 'deep' / 'er' / 'review.sqlite'}") as store:
        assert store.recipes() == []


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(ReviewError, match="can't be made"):
        ReviewStore(f"sqlite:///{tmp_path / 'home' / 'review.sqlite'}")


def test_a_folder_in_place_of_the_file_is_told(tmp_path):
    with pytest.raises(ReviewError, match="can't be opened"):
        ReviewStore(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("review.sqlite", "not a database address"),
        ("", "not a database address"),
        ("mysql://user@host/db", "not supported"),
        ("oracle://user@host/db", "not supported"),
        ("sqlite://", "not a plain file"),
        ("sqlite:///:memory:", "not a plain file"),
        ("sqlite:////tmp/x?mode=ro", "not a plain file"),
    ],
)
def test_an_address_that_can_not_be_is_told(url, said):
    with pytest.raises(ReviewError, match=said) as caught:
        ReviewStore(url)
    assert caught.value.remedy


def test_without_its_driver_postgresql_names_the_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "grandrounds\[postgres\]"'):
        ReviewStore("postgresql://user@localhost/db")


# Passwords


def all_that_is_said(error):
    said = ""
    while error is not None:
        said += f"{error} {getattr(error, 'remedy', '')} {error.args}"
        error = error.__cause__
    return said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hush-hush@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?user=u&password=hush-hush",
        "postgresql+nonsense://user:hush-hush@127.0.0.1/db",
        "mysql://user:hush-hush@127.0.0.1/db",
        "postgresql://user:hush-hush@127.0.0.1:notaport/db",
        "postgresql://user:hush-hush@h@127.0.0.1:1/db",
        "postgresql://user:hush-hush/x@127.0.0.1:1/db",
    ],
)
def test_no_message_shows_the_password(url):
    with pytest.raises((ReviewError, MissingDependencyError)) as caught:
        ReviewStore(url)
    assert "hush" not in all_that_is_said(caught.value)


@pytest.mark.postgres
def test_a_refused_password_is_not_shown_either(postgres):
    wrong = postgres.url("postgres").replace("s3cret", "s3cret-wrong")
    with pytest.raises(ReviewError, match=r"can't be reached.*password authentication failed") as caught:
        ReviewStore(wrong)
    assert "s3cret" not in all_that_is_said(caught.value)


@pytest.mark.postgres
def test_the_address_of_an_open_store_hides_the_password(postgres):
    with ReviewStore(postgres.empty()) as store:
        assert store.shown.startswith("postgresql://tester:***@127.0.0.1")
        assert PASSWORD not in store.shown
