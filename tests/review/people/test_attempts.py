"""The rate limit of logins."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import func, select

from grandrounds.review import tables
from grandrounds.review.people.attempts import ACCOUNT, ADDRESS, PAIR, WINDOW


def fail(attempts, name="reviewer-a", address="192.0.2.1", times=1):
    """How many of so many attempts were let through."""
    return sum(attempts.begin(name, address) is None for _ in range(times))


def test_a_name_from_one_address_has_eight_tries(attempts):
    assert fail(attempts, times=50) == PAIR == 8


def test_after_the_window_there_are_tries_again(attempts, clock):
    fail(attempts, times=PAIR)
    wait = attempts.begin("reviewer-a", "192.0.2.1")
    assert wait == WINDOW
    clock.move(seconds=wait.total_seconds() - 1)
    assert attempts.begin("reviewer-a", "192.0.2.1") == timedelta(seconds=1)
    clock.move(seconds=1)
    assert attempts.begin("reviewer-a", "192.0.2.1") is None


def test_waiting_does_not_grow_by_trying(attempts, clock):
    fail(attempts, times=PAIR)
    clock.move(minutes=10)
    fail(attempts, times=20)
    clock.move(minutes=5)
    assert attempts.begin("reviewer-a", "192.0.2.1") is None


def test_a_guesser_does_not_lock_the_owner_out(attempts):
    fail(attempts, address="198.51.100.7", times=50)
    assert attempts.begin("reviewer-a", "192.0.2.1") is None


def test_many_addresses_together_meet_the_accounts_limit(attempts):
    let = sum(fail(attempts, address=f"198.51.100.{n}", times=5) for n in range(60))
    assert let == ACCOUNT
    # ASVS 2.2.1: not more than a hundred in an hour
    assert ACCOUNT * (timedelta(hours=1) // WINDOW) <= 100


def test_one_address_cannot_try_all_names(attempts):
    assert sum(fail(attempts, name=f"reviewer-{n}") for n in range(200)) == ADDRESS


def test_names_that_nobody_has_count_alike(attempts, accounts):
    accounts.add("reviewer-a", roles=["reviewer"])
    assert fail(attempts, "reviewer-a", times=20) == fail(attempts, "nobody", "192.0.2.2", times=20)


def test_a_right_password_forgets_the_wrong_ones_of_that_place(attempts):
    fail(attempts, times=PAIR - 1)
    assert attempts.begin("reviewer-a", "192.0.2.1") is None
    attempts.succeeded("reviewer-a", "192.0.2.1")
    assert fail(attempts, times=50) == PAIR


def test_a_right_password_forgets_no_wrong_ones_of_elsewhere(attempts):
    let = 0
    for n in range(60):
        let += fail(attempts, address=f"198.51.100.{n}", times=2)
        if attempts.begin("reviewer-a", "192.0.2.1") is None:
            attempts.succeeded("reviewer-a", "192.0.2.1")
    assert let == ACCOUNT


def test_an_account_of_ones_own_buys_no_tries_on_others(attempts):
    let = 0
    for n in range(200):
        let += fail(attempts, name=f"reviewer-{n}")
        if attempts.begin("mine", "192.0.2.1") is None:
            attempts.succeeded("mine", "192.0.2.1")
    assert let <= ADDRESS


def test_many_at_once_do_not_slip_through(attempts):
    let = []
    threads = [threading.Thread(target=lambda: let.append(fail(attempts, times=4))) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(let) == PAIR


def test_neither_names_nor_addresses_are_kept_nor_anything_for_long(attempts, clock, store):
    fail(attempts, times=3)
    with store.database.reading() as connection:
        keys = list(connection.scalars(select(tables.attempts.c.key)))
    assert not any("reviewer-a" in key or "192.0.2.1" in key for key in keys)
    clock.move(minutes=16)
    fail(attempts, name="other", address="192.0.2.3")
    with store.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.attempts)) == 3
