"""Invitations: a link makes one account, once, and not for long."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from grandrounds.errors import ReviewError
from grandrounds.review import tables
from grandrounds.review.people.accounts import Login

PASSWORD = "seven quiet herons"


def test_a_link_makes_an_account_with_what_it_was_made_for(invitations, accounts):
    token = invitations.invite(roles=["reviewer"], specialties=["cardiology"], by="lead-a")
    made = invitations.accept(token, name="reviewer-a", password=PASSWORD, years=5, language="zh")
    assert made.roles == {"reviewer"}
    assert made.specialties == ("cardiology",)
    assert accounts.check("reviewer-a", PASSWORD) == made


def test_a_link_works_once(invitations):
    token = invitations.invite(roles=["reviewer"], by="lead-a")
    invitations.accept(token, name="reviewer-a", password=PASSWORD)
    assert invitations.find(token) is None
    with pytest.raises(ReviewError, match="no more"):
        invitations.accept(token, name="reviewer-b", password=PASSWORD)


def test_two_at_once_make_one_account(invitations, accounts):
    token = invitations.invite(roles=["reviewer"], by="lead-a")
    outcomes = []

    def take(name):
        try:
            invitations.accept(token, name=name, password=PASSWORD)
            outcomes.append("made")
        except ReviewError:
            outcomes.append("refused")

    threads = [threading.Thread(target=take, args=(f"reviewer-{n}",)) for n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes) == ["made"] + ["refused"] * 5
    assert len(accounts.all()) == 1


def test_a_link_ends(invitations, clock):
    token = invitations.invite(roles=["reviewer"], by="lead-a", lasts=timedelta(days=2))
    clock.move(days=2, seconds=-1)
    assert invitations.find(token)
    clock.move(seconds=1)
    assert invitations.find(token) is None
    with pytest.raises(ReviewError, match="no more"):
        invitations.accept(token, name="reviewer-a", password=PASSWORD)


def test_looking_uses_nothing_up(invitations):
    token = invitations.invite(roles=["reviewer"], by="lead-a")
    for _ in range(5):
        assert invitations.find(token)


def test_a_name_that_is_taken_leaves_the_link_usable(invitations, accounts):
    accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    token = invitations.invite(roles=["lead"], by="lead-a")
    with pytest.raises(ReviewError, match="already"):
        invitations.accept(token, name="reviewer-a", password="another good one")
    assert accounts.named("reviewer-a").roles == {"reviewer"}
    assert invitations.find(token)


def test_the_database_holds_no_token(invitations, store):
    token = invitations.invite(roles=["reviewer"], by="lead-a")
    with store.database.reading() as connection:
        assert token not in map(str, connection.execute(select(tables.invitations)).one())


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 10_000])
def test_no_other_text_is_a_link(invitations, token):
    invitations.invite(roles=["reviewer"], by="lead-a")
    assert invitations.find(token) is None


def test_a_link_for_a_new_password_is_for_that_account_alone(invitations, accounts, sessions):
    account = accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    session = sessions.open(account)
    token = invitations.new_password_for("reviewer-a", by="lead-a")
    with pytest.raises(ReviewError, match="no more"):
        invitations.accept(token, name="reviewer-b", password=PASSWORD)
    assert invitations.change_password(token, password="nine loud herons") == "reviewer-a"
    assert accounts.check("reviewer-a", PASSWORD) is None
    assert accounts.check("reviewer-a", "nine loud herons")
    assert sessions.find(session) is None
    assert invitations.find(token) is None


def test_an_invitation_changes_nobodys_password(invitations, accounts):
    accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    token = invitations.invite(roles=["reviewer"], by="lead-a")
    with pytest.raises(ReviewError, match="no more"):
        invitations.change_password(token, password="nine loud herons")


def test_a_newer_link_for_a_password_ends_the_older(invitations, accounts):
    accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    older = invitations.new_password_for("reviewer-a", by="lead-a")
    newer = invitations.new_password_for("reviewer-a", by="lead-a")
    assert invitations.find(older) is None
    assert invitations.find(newer)


def test_disabled_and_unknown_accounts_get_no_new_password(invitations, accounts):
    accounts.add("lead-a", roles=["lead"])
    accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    token = invitations.new_password_for("reviewer-a", by="lead-a")
    accounts.disable("reviewer-a")
    with pytest.raises(ReviewError, match="no account"):
        invitations.new_password_for("reviewer-a", by="lead-a")
    with pytest.raises(ReviewError, match="no account"):
        invitations.new_password_for("nobody", by="lead-a")
    assert invitations.find(token) is None


def test_open_ones_are_listed_and_taken_back(invitations, clock):
    first = invitations.invite(roles=["reviewer"], by="lead-a")
    clock.move(minutes=1)
    second = invitations.invite(roles=["observer"], by="lead-b")
    assert [one.invited_by for one in invitations.open()] == ["lead-b", "lead-a"]
    invitations.take_back(invitations.find(second).key)
    assert invitations.find(second) is None
    assert [one.invited_by for one in invitations.open()] == ["lead-a"]
    invitations.accept(first, name="reviewer-a", password=PASSWORD)
    assert invitations.open() == []


@pytest.mark.parametrize("lasts", [timedelta(), timedelta(days=-1), timedelta(days=31)])
def test_a_link_lasts_a_while_and_not_longer(invitations, lasts):
    with pytest.raises(ReviewError, match="days"):
        invitations.invite(roles=["reviewer"], by="lead-a", lasts=lasts)


def test_a_link_can_make_an_account_with_a_providers_login(invitations, accounts):
    who = Login(issuer="https://login.example.org", subject="person-1")
    token = invitations.invite(roles=["reviewer"], by="lead-a")
    made = invitations.accept(token, name="reviewer-a", login=who)
    assert accounts.with_login(who) == made
    assert made.with_login
    assert not made.with_password
