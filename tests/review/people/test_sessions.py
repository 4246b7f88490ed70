"""Sessions: one token each, of which only the hash is kept; they end."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from grandrounds.review import tables
from grandrounds.review.people.sessions import Sessions


@pytest.fixture
def account(accounts):
    return accounts.add("reviewer-a", roles=["reviewer"], password="seven quiet herons")


def test_a_token_opens_its_session(sessions, account):
    token = sessions.open(account)
    found = sessions.find(token)
    assert found.account == account
    assert len(token) >= 43
    assert len(found.csrf) >= 43
    assert found.csrf != token


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 10_000, "\0", "' OR 1=1 --"])
def test_no_other_text_opens_one(sessions, account, token):
    sessions.open(account)
    assert sessions.find(token) is None


def test_the_database_holds_no_token(sessions, account, store):
    token = sessions.open(account)
    with store.database.reading() as connection:
        row = connection.execute(select(tables.sessions)).one()
    assert token not in map(str, row)
    assert sessions.find(row.token_sha256) is None


def test_no_two_tokens_are_the_same(sessions, account):
    found = [sessions.find(sessions.open(account)) for _ in range(20)]
    assert len({one.key for one in found}) == len({one.csrf for one in found}) == 20


def test_signing_in_ends_the_session_that_was_there(sessions, account):
    before = sessions.open(account)
    after = sessions.open(account, instead_of=before)
    assert sessions.find(before) is None
    assert sessions.find(after)


def test_a_token_that_somebody_planted_is_never_taken_on(sessions, account):
    planted = "p" * 43
    assert sessions.open(account, instead_of=planted) != planted
    assert sessions.find(planted) is None


def test_a_session_ends_after_an_hour_without_a_request(sessions, account, clock):
    token = sessions.open(account)
    for _ in range(3):
        clock.move(minutes=59)
        assert sessions.find(token)
    clock.move(minutes=60)
    assert sessions.find(token) is None


def test_a_session_ends_after_twelve_hours_whatever_one_does(sessions, account, clock):
    token = sessions.open(account)
    for _ in range(23):
        clock.move(minutes=31)
        assert sessions.find(token)
    clock.move(minutes=10)
    assert sessions.find(token) is None


def test_ended_sessions_are_cleared_away(sessions, account, clock, store):
    for _ in range(3):
        sessions.open(account)
    clock.move(hours=13)
    sessions.open(account)
    with store.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.sessions)) == 1


def test_a_request_is_a_write_once_a_minute_at_most(sessions, account, clock, store):
    token = sessions.open(account)

    def seen():
        with store.database.reading() as connection:
            return connection.scalar(select(tables.sessions.c.seen_at))

    first = seen()
    clock.move(seconds=59)
    sessions.find(token)
    assert seen() == first
    clock.move(seconds=1)
    sessions.find(token)
    assert seen() == clock()


def test_looking_at_a_page_does_not_wait_for_a_long_writer(account, clock, store, url):
    from grandrounds.review.database import Database

    database = Database(url, wait_seconds=0.1)
    sessions = Sessions(database, now=clock)
    token = sessions.open(account)
    clock.move(minutes=2)
    with store.database.writing():
        assert sessions.find(token)
    database.close()


def test_one_session_ends_or_all_of_an_account(sessions, account, accounts):
    other = sessions.open(accounts.add("reviewer-b", roles=["reviewer"]))
    tokens = [sessions.open(account) for _ in range(3)]
    assert sessions.count("reviewer-a") == 3
    sessions.close(tokens[0])
    assert [sessions.find(one) is not None for one in tokens] == [False, True, True]
    sessions.close_all("reviewer-a")
    assert [sessions.find(one) for one in tokens] == [None] * 3
    assert sessions.count("reviewer-a") == 0
    assert sessions.find(other)
