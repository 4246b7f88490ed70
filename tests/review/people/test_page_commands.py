"""``grandrounds review add-user`` and ``invite``, as people and scripts use them; ``doctor``'s line."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from grandrounds.doctor import _page
from grandrounds.errors import ReviewError, SettingsError
from grandrounds.review.commands import review
from grandrounds.review.page_commands import _ROLES
from grandrounds.review.people.accounts import Accounts, Login
from grandrounds.review.people.invitations import Invitations
from grandrounds.review.people.roles import ROLES
from grandrounds.review.store import ReviewStore
from grandrounds.settings import resolve

PASSWORD = "seven quiet herons"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GRANDROUNDS_HOME", str(tmp_path))


def call(*arguments, code=0, said=""):
    result = CliRunner().invoke(review, arguments, input=said, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def opened():
    return ReviewStore(resolve().review_url.value)


def test_an_account_is_made_with_a_password_that_is_not_shown():
    told = call("add-user", "lead-a", "--role", "lead", said=f"{PASSWORD}\n{PASSWORD}\n").output
    assert PASSWORD not in told
    with opened() as store:
        assert Accounts(store.database).check("lead-a", PASSWORD).roles == {"lead"}


def test_scripts_give_the_password_on_standard_input():
    call(
        "add-user",
        "reviewer-a",
        "--specialty",
        "cardiology",
        "--years",
        "9",
        "--password-stdin",
        said=f"{PASSWORD}\r\n",
    )
    with opened() as store:
        made = Accounts(store.database).check("reviewer-a", PASSWORD)
    assert (made.roles, made.specialties, made.years) == ({"reviewer"}, ("cardiology",), 9)


@pytest.mark.parametrize("weak", ["", "short", "password1234", "reviewer-a-2026"])
def test_a_weak_password_is_refused_and_makes_no_account(weak):
    with pytest.raises(ReviewError, match="password"):
        call("add-user", "reviewer-a", "--password-stdin", said=f"{weak}\n")
    with opened() as store:
        assert Accounts(store.database).all() == []


def test_an_account_for_a_login_provider_has_no_password(monkeypatch):
    with pytest.raises(SettingsError, match="GRANDROUNDS_OIDC_ISSUER"):
        call("add-user", "reviewer-a", "--subject", "person-1")
    monkeypatch.setenv("GRANDROUNDS_OIDC_ISSUER", "https://login.example.org/")
    call("add-user", "reviewer-a", "--subject", "person-1")
    with opened() as store:
        # An issuer is a name: its last "/" belongs to it.
        found = Accounts(store.database).with_login(
            Login(issuer="https://login.example.org/", subject="person-1")
        )
    assert found.name == "reviewer-a"


def test_a_link_is_printed_that_opens_an_invitation():
    link = call(
        "invite", "--role", "adjudicator", "--public-url", "https://review.example.org/rounds"
    ).stdout.strip()
    assert link.startswith("https://review.example.org/rounds/invitation/")
    with opened() as store:
        found = Invitations(store.database).find(link.rpartition("/")[2])
    assert found.roles == {"adjudicator"}
    assert found.invited_by == "command-line"


def test_a_link_for_a_new_password_is_for_somebody_there_is():
    with pytest.raises(ReviewError, match="no account"):
        call("invite", "--new-password-for", "nobody")
    call("add-user", "lead-a", "--role", "lead", "--password-stdin", said=f"{PASSWORD}\n")
    link = call("invite", "--new-password-for", "lead-a").stdout.strip()
    with opened() as store:
        assert Invitations(store.database).find(link.rpartition("/")[2]).account == "lead-a"


@pytest.mark.parametrize("days", ["0", "31", "x"])
def test_a_link_lasts_a_month_at_most(days):
    call("invite", "--days", days, code=2)


@pytest.mark.parametrize("command", ["serve", "add-user", "invite"])
def test_help_teaches_with_an_example(command):
    assert f"grandrounds review {command}" in call(command, "--help").output


def test_the_commands_know_the_same_roles():
    assert _ROLES == ROLES


def test_doctor_tells_where_the_page_is():
    alone = _page(resolve({}, {}))
    assert (alone.state, "this machine only" in alone.detail) == ("ok", True)
    assert (
        "in the clear" in _page(resolve({"GRANDROUNDS_PAGE_URL": "http://review.example.org"}, {})).detail
    )
    half = _page(resolve({"GRANDROUNDS_OIDC_CLIENT_ID": "x"}, {}))
    assert (half.state, "by half" in half.detail) == ("info", True)
    whole = {
        "GRANDROUNDS_OIDC_CLIENT_ID": "x", "GRANDROUNDS_OIDC_ISSUER": "https://login.example.org",
        "GRANDROUNDS_OIDC_CLIENT_SECRET": "never shown", "GRANDROUNDS_PAGE_URL": "https://review.example.org",
    }  # fmt: skip
    told = _page(resolve(whole, {}))
    assert "https://login.example.org" in told.detail
    assert "never shown" not in str([one.shown for one in resolve(whole, {}).all()]) + told.detail
