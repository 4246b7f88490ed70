"""Accounts: who may sign in and as what."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from grandrounds.errors import ReviewError
from grandrounds.review import tables
from grandrounds.review.people.accounts import Login
from grandrounds.review.people.roles import ADJUDICATE, MANAGE, READ_ITEMS, ROLES, WATCH, may

PASSWORD = "seven quiet herons"
WHO = Login(issuer="https://login.example.org", subject="person-1")


def test_an_account_is_found_as_it_was_made(accounts):
    made = accounts.add(
        "reviewer-a", roles=["reviewer", "adjudicator"], specialties=["cardiology"], years=12, language="zh",
        password=PASSWORD,
    )  # fmt: skip
    assert accounts.named("reviewer-a") == made
    assert made.roles == {"reviewer", "adjudicator"}
    assert (made.specialties, made.years, made.language) == (("cardiology",), 12, "zh")


@pytest.mark.parametrize("name", ["", "Dr Who", "a@b.org", "Reviewer-A", "a/b", "x" * 65, "../a", "a\nb"])
def test_only_pseudonyms_are_names(accounts, name):
    with pytest.raises(ReviewError, match="pseudonym"):
        accounts.add(name, roles=["reviewer"], password=PASSWORD)


@pytest.mark.parametrize("roles", [[], ["admin"], ["reviewer", "root"]])
def test_only_known_roles_are_given(accounts, roles):
    with pytest.raises(ReviewError, match="role"):
        accounts.add("reviewer-a", roles=roles, password=PASSWORD)


def test_a_name_is_given_once(accounts):
    accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    with pytest.raises(ReviewError, match="already"):
        accounts.add("reviewer-a", roles=["lead"], password=PASSWORD)
    assert accounts.named("reviewer-a").roles == {"reviewer"}


@pytest.mark.parametrize("years", [-1, 81, 10**9])
def test_years_are_of_a_life(accounts, years):
    with pytest.raises(ReviewError, match="Years"):
        accounts.add("reviewer-a", roles=["reviewer"], years=years)


def test_only_the_right_password_opens(accounts):
    accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    assert accounts.check("reviewer-a", PASSWORD).name == "reviewer-a"
    for wrong in ("", PASSWORD[:-1], PASSWORD + " ", PASSWORD.upper(), PASSWORD + "\0"):
        assert accounts.check("reviewer-a", wrong) is None
    assert accounts.check("nobody", PASSWORD) is None


def test_no_password_opens_an_account_that_has_none(accounts):
    accounts.add("reviewer-a", roles=["reviewer"], login=WHO)
    for tried in ("", "nobody", "a password of nobody"):
        assert accounts.check("reviewer-a", tried) is None


def test_the_password_itself_is_not_kept(accounts, store):
    accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    with store.database.reading() as connection:
        kept = connection.scalar(select(tables.accounts.c.password))
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


def test_a_hash_of_weaker_settings_is_made_anew_at_the_next_login(accounts, store, monkeypatch):
    from argon2 import PasswordHasher

    from grandrounds.review.people import passwords

    accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    stronger = PasswordHasher(time_cost=2, memory_cost=128, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: stronger)
    assert accounts.check("reviewer-a", PASSWORD)
    with store.database.reading() as connection:
        assert "m=128,t=2" in connection.scalar(select(tables.accounts.c.password))
    assert accounts.check("reviewer-a", PASSWORD)


def test_disabling_ends_sessions_and_logins_at_once(accounts, sessions):
    accounts.add("lead-a", roles=["lead"], password=PASSWORD)
    account = accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD, login=WHO)
    token = sessions.open(account)
    accounts.disable("reviewer-a")
    assert sessions.find(token) is None
    assert accounts.check("reviewer-a", PASSWORD) is None
    assert accounts.with_login(WHO) is None
    accounts.enable("reviewer-a")
    assert sessions.find(token) is None  # the old session stays ended
    assert accounts.check("reviewer-a", PASSWORD)


def test_other_rights_end_sessions(accounts, sessions):
    accounts.add("lead-a", roles=["lead"], password=PASSWORD)
    token = sessions.open(accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD))
    accounts.set_rights("reviewer-a", roles=["observer"], specialties=[" oncology ", "oncology", ""])
    assert sessions.find(token) is None
    assert accounts.named("reviewer-a").roles == {"observer"}
    assert accounts.named("reviewer-a").specialties == ("oncology",)


def test_another_password_ends_sessions(accounts, sessions):
    token = sessions.open(accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD))
    accounts.set_password("reviewer-a", "nine loud herons")
    assert sessions.find(token) is None
    assert accounts.check("reviewer-a", PASSWORD) is None
    assert accounts.check("reviewer-a", "nine loud herons")


def test_somebody_stays_who_may_manage_people(accounts):
    accounts.add("lead-a", roles=["lead"], password=PASSWORD)
    with pytest.raises(ReviewError, match="Nobody would be left"):
        accounts.disable("lead-a")
    with pytest.raises(ReviewError, match="Nobody would be left"):
        accounts.set_rights("lead-a", roles=["reviewer"], specialties=[])
    assert accounts.named("lead-a").may(MANAGE)
    accounts.add("lead-b", roles=["lead"], password=PASSWORD)
    accounts.disable("lead-a")
    assert not accounts.named("lead-a").may(MANAGE)


def test_a_login_belongs_to_one_account(accounts):
    accounts.add("reviewer-a", roles=["reviewer"], login=WHO)
    accounts.add("reviewer-b", roles=["reviewer"], password=PASSWORD)
    with pytest.raises(ReviewError, match="another account"):
        accounts.link("reviewer-b", WHO)
    with pytest.raises(ReviewError, match="another account"):
        accounts.add("reviewer-c", roles=["reviewer"], login=WHO)
    accounts.link("reviewer-a", WHO)
    assert accounts.with_login(WHO).name == "reviewer-a"
    assert accounts.with_login(Login(issuer="https://other.example.org", subject="person-1")) is None


def test_what_is_done_to_nobody_is_told(accounts):
    for act in (accounts.disable, accounts.enable, accounts.named):
        with pytest.raises(ReviewError, match="no account 'nobody'"):
            act("nobody")


def test_each_role_may_its_own_and_no_more():
    allowed = {
        role: {what for what in (READ_ITEMS, ADJUDICATE, MANAGE, WATCH) if may([role], what)}
        for role in ROLES
    }
    assert allowed == {
        "reviewer": {READ_ITEMS}, "adjudicator": {ADJUDICATE}, "lead": {MANAGE, WATCH}, "observer": {WATCH},
    }  # fmt: skip
    assert not may(["admin", "LEAD", ""], MANAGE)
