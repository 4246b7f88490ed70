"""Signing in by a login provider: a real one on loopback, honest and lying."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest

from grandrounds.review.people.accounts import Login
from grandrounds.review.people.oidc import Flow, Provider, ProviderError
from grandrounds.review.web.settings import WebSettings
from tests.support import login_provider

PUBLIC = "http://testserver"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


@pytest.fixture(scope="module")
def running():
    with login_provider.running() as found:
        yield found


@pytest.fixture
def provider(running):
    running.control()
    return running


@pytest.fixture
def settings(provider) -> WebSettings:
    given = Provider(
        issuer=provider.issuer, client_id=login_provider.CLIENT, client_secret=login_provider.SECRET
    )
    return WebSettings(public=PUBLIC, provider=given)


@pytest.fixture
def linked(app, provider):
    app.state.accounts.add(
        "reviewer-p", roles=["reviewer"], login=Login(issuer=provider.issuer, subject="person-1")
    )


def at_provider(address: str) -> str:
    """What the provider sends the browser back with, as a path of the page."""
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.build_opener(_NoRedirects).open(address, timeout=10)
    assert told.value.code == 302
    return told.value.headers["Location"].removeprefix(PUBLIC)


def there_and_back(one, *, start: str = "/login/provider", **more: str):
    gone = one.get(start)
    assert gone.status_code == 303, gone.text
    back = at_provider(gone.headers["location"])
    for name, value in more.items():
        back = re.sub(rf"{name}=[^&]*", f"{name}={value}", back)
    return one.get(back)


def is_in(one) -> bool:
    return one.get("/account").status_code == 200


def test_who_has_a_linked_account_is_let_in(browser, linked, provider):
    one = browser()
    answer = there_and_back(one)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert "reviewer-p" in one.get("/account").text


def test_the_request_has_a_state_a_nonce_and_a_challenge_of_their_own_each_time(browser, linked):
    asked = [
        parse_qs(urlsplit(browser().get("/login/provider").headers["location"]).query) for _ in range(2)
    ]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
        assert len(asked[0][name][0]) >= 43
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert asked[0]["scope"] == ["openid"]


def test_the_client_names_itself_in_the_header_and_proves_the_code(browser, linked, provider):
    there_and_back(browser())
    seen = provider.seen()
    assert seen["authorization"].startswith("Basic ")
    assert "client_secret" not in seen
    assert len(seen["code_verifier"]) >= 43


def test_after_the_login_one_is_where_one_wanted_to_be(browser, linked):
    answer = there_and_back(browser(), start="/login/provider?after=/account")
    assert answer.headers["location"] == "/account"


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_it_leads_nowhere_else(browser, linked, after):
    answer = there_and_back(browser(), start=f"/login/provider?after={after}")
    assert answer.headers["location"] == "/"


def test_somebody_whom_nobody_invited_stays_outside(browser, provider, app):
    one = browser()
    answer = there_and_back(one)
    assert answer.status_code == 403
    assert not is_in(one)
    assert app.state.accounts.all() == []


def test_a_disabled_account_stays_outside(browser, linked, app):
    app.state.accounts.add("lead-a", roles=["lead"], password="seven quiet herons")
    app.state.accounts.disable("reviewer-p")
    one = browser()
    assert there_and_back(one).status_code == 403
    assert not is_in(one)


def invited(one, app, name="reviewer-q"):
    token = app.state.invitations.invite(roles=["reviewer"], by="lead-a")
    path = f"/invitation/{token}"
    page = one.post(f"{path}/provider", {"name": name, "years": "9"}, csrf=one.token(path))
    return path, page


def test_an_invitation_makes_an_account_that_the_login_opens(browser, provider, app):
    provider.control(subject="person-7")
    one = browser()
    path, page = invited(one, app)
    assert page.status_code == 200
    assert there_and_back(one, start="/login/provider/invited").status_code == 303
    assert "reviewer-q" in one.get("/account").text
    assert app.state.accounts.named("reviewer-q").years == 9
    assert browser().get(path).status_code == 404  # it is used up
    assert there_and_back(browser()).status_code == 303  # and from now on the login is enough


def test_a_taken_name_leaves_the_invitation_usable(browser, provider, app):
    app.state.accounts.add("reviewer-q", roles=["reviewer"], password="seven quiet herons")
    provider.control(subject="person-8")
    one = browser()
    path, _ = invited(one, app)
    assert there_and_back(one, start="/login/provider/invited").status_code == 409
    assert browser().get(path).status_code == 200


def test_a_name_that_is_none_is_told_before_going(browser, app, provider):
    _, page = invited(browser(), app, name="Dr. Real Name")
    assert page.status_code == 422


def test_the_answer_counts_only_in_the_browser_that_asked(browser, linked):
    victim, attacker = browser(), browser()
    back = at_provider(attacker.get("/login/provider").headers["location"])
    victim.get("/login/provider")
    assert victim.get(back).status_code == 400
    assert not is_in(victim)
    assert browser().get(back).status_code == 400  # nor in one that never asked


def test_an_answer_counts_once(browser, linked):
    one = browser()
    back = at_provider(one.get("/login/provider").headers["location"])
    assert one.get(back).status_code == 303
    assert one.get(back).status_code == 400


@pytest.mark.parametrize("changed", [{"state": "other"}, {"state": ""}, {"code": "other"}, {"code": ""}])
def test_a_changed_answer_lets_nobody_in(browser, linked, changed):
    one = browser()
    assert there_and_back(one, **changed).status_code == 400
    assert not is_in(one)


@pytest.mark.parametrize(
    "lie",
    [
        "unsigned",
        "shared_secret",
        "public_key_as_secret",
        "own_key_inside",
        "other_key",
        "changed",
        "no_id_token",
    ],
)
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(browser, linked, provider, lie):
    provider.control(lie=lie)
    one = browser()
    assert there_and_back(one).status_code == 400
    assert not is_in(one)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another page"},
        {"aud": None},
        {"aud": ["another page", login_provider.CLIENT]},  # and doesn't say whom it was made for
        {"aud": [login_provider.CLIENT, "x"], "azp": "x"},
        {"nonce": "of another login"},
        {"nonce": None},
        {"exp": {"now_plus": -120}},
        {"exp": None},
        {"iat": {"now_plus": -4000}},
        {"iat": {"now_plus": 4000}},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 300},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_login_lets_nobody_in(browser, linked, provider, claims):
    provider.control(claims=claims)
    one = browser()
    assert there_and_back(one).status_code == 400
    assert not is_in(one)


def test_an_answer_of_another_provider_is_refused(browser, linked, provider):
    provider.control(back={"iss": "https://evil.example"})
    assert there_and_back(browser()).status_code == 400
    provider.control(back={"iss": provider.issuer})
    assert there_and_back(browser()).status_code == 303


def test_a_provider_that_says_no_is_told_without_its_words(browser, linked, provider):
    provider.control(back={"error": "<script>alert(1)</script>", "error_description": "come to evil"})
    answer = there_and_back(browser())
    assert answer.status_code == 400
    assert "<script>alert" not in answer.text
    assert "evil" not in answer.text


@pytest.mark.parametrize("lie", ["huge", "redirect", "nonsense"])
def test_a_description_that_is_none_is_told(browser, provider, lie):
    provider.control(lie=lie)
    assert browser().get("/login/provider").status_code == 502


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": "http://169.254.169.254/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
    ids=str,
)
def test_addresses_that_the_provider_names_are_not_trusted(browser, provider, description):
    provider.control(description=description)
    assert browser().get("/login/provider").status_code == 502


def test_a_provider_that_does_not_answer_is_told(browser, app):
    from dataclasses import replace

    dead = Provider(issuer="http://127.0.0.1:9", client_id="x")
    app.state.settings = replace(app.state.settings, provider=dead)
    assert browser().get("/login/provider").status_code == 502


def test_without_a_provider_there_is_no_such_page(browser, app):
    app.state.settings = WebSettings()
    assert browser().get("/login/provider").status_code == 404
    assert browser().get("/login/provider/back?code=x&state=y").status_code == 404


async def _finish(flow, seed, answer):
    return await flow.finish(seed, answer)


def test_without_a_seed_no_state_fits():
    import asyncio
    import base64
    import hashlib

    flow = Flow(Provider(issuer="http://127.0.0.1:9", client_id="x"), redirect=PUBLIC)
    state = base64.urlsafe_b64encode(hashlib.sha256(b"grandrounds state ").digest()).rstrip(b"=").decode()
    with pytest.raises(ProviderError, match="this browser"):
        asyncio.run(_finish(flow, "", {"state": state, "code": "x"}))
