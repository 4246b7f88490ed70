"""OWASP ASVS 4.0.3, level 1: signing in (V2) and sessions (V3). One test a requirement, named by its number.

What applies to no part of this page, and why, stands in docs/review-page.md. ``test_asvs_requests`` has the
other chapters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest

from grandrounds.review.people.attempts import ACCOUNT, PAIR, WINDOW
from grandrounds.review.people.passwords import LONGEST, SHORTEST, fault_in_password
from grandrounds.review.people.sessions import Sessions
from grandrounds.review.web.context import HERE
from grandrounds.review.web.settings import WebSettings
from tests.review.web.conftest import PASSWORD, Browser

NEW = "nine loud herons fly"


def change(one: Browser, **given: str):
    fields = {"now": PASSWORD, "password": NEW, "again": given.get("password", NEW), **given}
    return one.post("/account/password", fields)


def can_sign_in(browser: Callable[..., Browser], name: str, password: str) -> bool:
    return browser().sign_in(name, password).status_code == 303


# V2 Authentication --------------------------------------------------------------------------------


def test_2_1_1_a_password_has_twelve_characters_at_least(browser):
    assert SHORTEST == 12
    one = browser("reviewer-a")
    assert change(one, password="elf of tale").status_code == 422
    assert can_sign_in(browser, "reviewer-a", PASSWORD)


def test_2_1_2_long_passwords_are_permitted_up_to_an_end(browser):
    long = (" ".join(f"{n} herons fly over {n * n} lakes," for n in range(9)))[:LONGEST]
    assert LONGEST == 128
    one = browser("reviewer-a")
    assert change(one, password=long + "x").status_code == 422
    assert change(one, password=long).status_code == 303
    assert can_sign_in(browser, "reviewer-a", long)


def test_2_1_3_no_password_is_cut(browser):
    one = browser("reviewer-a")
    long = "seven  quiet  herons " * 5 + "end"
    assert change(one, password=long).status_code == 303
    for other in (long[:-1], long + "x", long.replace("  ", " "), long[:64]):
        assert not can_sign_in(browser, "reviewer-a", other)
    assert can_sign_in(browser, "reviewer-a", long)


@pytest.mark.parametrize(
    "password",
    [
        "sieben stille Köche",
        "七只安静的苍鹭站在湖边看日落",
        "herons 🐦🐦🐦 by the 🌊",
        "Robert'); DROP TABLE x;--",
    ],
)
def test_2_1_4_any_printable_character_is_permitted(browser, password):
    one = browser("reviewer-a")
    assert change(one, password=password).status_code == 303
    assert can_sign_in(browser, "reviewer-a", password)


def test_2_1_5_people_change_their_password(browser):
    one = browser("reviewer-a")
    assert change(one).status_code == 303
    assert can_sign_in(browser, "reviewer-a", NEW)
    assert not can_sign_in(browser, "reviewer-a", PASSWORD)


def test_2_1_6_changing_it_needs_the_present_one(browser):
    one = browser("reviewer-a")
    for now in ("", "wrong", PASSWORD.upper()):
        assert change(one, now=now).status_code == 422
    assert can_sign_in(browser, "reviewer-a", PASSWORD)


@pytest.mark.parametrize(
    "common", ["password1234", "qwertyuiop12", "123456789012", "Password2026!", "reviewer-a-2026"]
)
def test_2_1_7_common_passwords_are_refused(browser, common):
    one = browser("reviewer-a")
    answer = change(one, password=common)
    assert answer.status_code == 422
    assert "too easy to guess" in answer.text


@pytest.mark.parametrize("plain", ["seven quiet herons", "SEVEN QUIET HERONS", "72 89 13 46 50 21"])
def test_2_1_9_no_kind_of_character_is_demanded(plain):
    assert fault_in_password(plain) is None


def test_2_1_10_passwords_do_not_run_out(browser, app, web_store):
    from datetime import UTC, datetime

    from grandrounds.review.people.accounts import Accounts

    browser("reviewer-a")
    later = Accounts(web_store.database, now=lambda: datetime.now(UTC) + timedelta(days=4000))
    assert later.check("reviewer-a", PASSWORD)


def test_2_1_11_pasting_and_password_managers_are_let(browser):
    page = browser().get("/login").text
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    assert "onpaste" not in page
    scripts = " ".join(path.read_text(encoding="utf-8") for path in (HERE / "static" / "js").glob("*.js"))
    assert not re.search(r"addEventListener\(\s*[\"']paste", scripts)


def test_2_2_1_guessing_is_slowed_to_less_than_a_hundred_an_hour(browser, app):
    app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    one = browser()
    found = [one.sign_in("reviewer-a", f"wrong guess {n}").status_code for n in range(PAIR + 2)]
    assert found == [401] * PAIR + [429] * 2
    refused = one.sign_in("reviewer-a", PASSWORD)  # the right one, too, and it isn't looked at
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= WINDOW.total_seconds()
    assert ACCOUNT * (timedelta(hours=1) // WINDOW) <= 100


def test_2_3_1_what_an_invitation_is_opened_with_is_long_random_once_and_short_lived(browser, app):
    invitations = app.state.invitations
    tokens = {invitations.invite(roles=["reviewer"], by="lead-a") for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) == 43 for token in tokens)  # 256 bits
    token = tokens.pop()
    one = browser()
    path = f"/invitation/{token}"
    given = {"name": "reviewer-n", "password": PASSWORD, "again": PASSWORD}
    assert one.post(path, given, csrf=one.token(path)).status_code == 303
    assert browser().get(path).status_code == 404


def test_2_5_1_nobody_is_ever_sent_a_password(browser, app):
    app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    lead = browser("lead-a", "lead")
    page = lead.post("/people/reviewer-a/new-password").text
    assert PASSWORD not in page
    assert "/invitation/" in page


def test_2_5_2_there_are_no_hints_nor_questions():
    forms = "".join(
        (HERE / "templates" / name).read_text("utf-8") for name in ("login.html", "invitation.html")
    )
    assert set(re.findall(r'name="(\w+)"', forms)) == {
        "csrf",
        "after",
        "name",
        "password",
        "again",
        "years",
    }


def test_2_5_3_a_link_for_a_new_password_tells_nothing_of_the_old(browser, app):
    app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    token = app.state.invitations.new_password_for("reviewer-a", by="lead-a")
    one = browser()
    path = f"/invitation/{token}"
    assert PASSWORD not in one.get(path).text
    assert can_sign_in(browser, "reviewer-a", PASSWORD)  # looking at the link changed nothing
    assert one.post(path, {"password": NEW, "again": NEW}, csrf=one.token(path)).status_code == 303
    assert not can_sign_in(browser, "reviewer-a", PASSWORD)
    assert can_sign_in(browser, "reviewer-a", NEW)


def test_2_5_4_there_are_no_accounts_but_those_somebody_made(browser, app):
    assert app.state.accounts.all() == []
    for name in ("admin", "root", "lead", "lead-a", "test", "command-line"):
        assert not can_sign_in(browser, name, "admin admin admin")


def test_enumeration_an_unknown_name_is_answered_like_a_wrong_password(browser, app):
    """What 2.2.1 and 2.5.x rest on, and 7.4.1 asks for: nobody learns who has an account."""
    app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    app.state.accounts.add("reviewer-b", roles=["reviewer"], password=PASSWORD)
    app.state.accounts.add("lead-a", roles=["lead"], password=PASSWORD)
    app.state.accounts.disable("reviewer-b")
    answers = []
    for name in ("reviewer-a", "reviewer-b", "nobody", "not a name!", "' OR '1'='1"):
        one = browser()
        answer = one.sign_in(name, "a wrong guess")
        text = re.sub(r'(data-csrf|name="csrf" value)="[^"]*"', "", answer.text)
        answers.append((answer.status_code, text, sorted(answer.headers.keys())))
    assert all(answer == answers[0] for answer in answers)


# V3 Sessions --------------------------------------------------------------------------------------


def test_3_1_1_no_address_ever_holds_a_session(browser):
    one = browser("lead-a", "lead")
    token = one.client.cookies["grandrounds"]
    for path in ("/account", "/people"):
        assert token not in one.get(path).text
    other = browser()
    assert other.get(f"/account?grandrounds={token}&session={token}").status_code == 303
    assert other.get("/account", headers={"authorization": f"Bearer {token}"}).status_code == 303


def test_3_2_1_each_login_makes_a_new_token_and_takes_none_on(browser, app):
    app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    attacker, victim = browser(), browser()
    planted = "planted-by-somebody-else-planted-by-somebody"
    victim.client.cookies.set("grandrounds", planted, domain="testserver.local", path="/")
    victim.get("/login")  # the page takes the strange cookie away
    assert "grandrounds" not in victim.client.cookies
    victim.sign_in("reviewer-a")
    assert victim.client.cookies["grandrounds"] != planted
    attacker.client.cookies.set("grandrounds", planted)
    assert attacker.get("/account").status_code == 303


def test_3_2_1_signing_in_again_ends_the_session_of_before(browser):
    one = browser("reviewer-a")
    before = one.client.cookies["grandrounds"]
    token = one.token("/account")
    one.post("/login", {"name": "reviewer-a", "password": PASSWORD}, csrf=token)
    assert one.client.cookies["grandrounds"] != before
    other = browser()
    other.client.cookies.set("grandrounds", before)
    assert other.get("/account").status_code == 303


def test_3_2_2_tokens_have_256_bits(browser):
    tokens = {browser("reviewer-a").client.cookies["grandrounds"] for _ in range(3)}
    assert len(tokens) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_3_2_3_tokens_are_kept_by_the_browser_as_session_cookies_only(browser, app):
    app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    (cookie,) = [
        one
        for one in browser().sign_in("reviewer-a").headers.get_list("set-cookie")
        if one.startswith("grandrounds=")
    ]
    assert "max-age" not in cookie.lower()
    assert "expires" not in cookie.lower()
    scripts = " ".join(path.read_text(encoding="utf-8") for path in (HERE / "static" / "js").glob("*.js"))
    assert "document.cookie" not in scripts


def test_3_3_1_signing_out_ends_the_session_on_the_server(browser):
    one = browser("reviewer-a")
    token, csrf = one.client.cookies["grandrounds"], one.token("/account")
    answer = one.post("/logout", csrf=csrf)
    assert answer.status_code == 303
    assert '"cache"' in answer.headers["clear-site-data"]
    one.client.cookies.set("grandrounds", token)
    assert one.get("/account").status_code == 303
    assert one.client.post("/people/invite", headers={"x-csrf-token": csrf}).status_code == 401


def test_3_3_1_and_the_back_button_shows_nothing(browser):
    one = browser("lead-a", "lead")
    for path in ("/account", "/people"):
        assert one.get(path).headers["cache-control"] == "no-store"


def test_3_3_2_sessions_end_by_themselves(browser, app, web_store):
    from datetime import UTC, datetime

    one = browser("reviewer-a")
    token = one.client.cookies["grandrounds"]
    for hours, there in ((0.9, True), (2.0, False), (12.1, False)):
        later = Sessions(
            web_store.database, now=lambda hours=hours: datetime.now(UTC) + timedelta(hours=hours)
        )
        assert (later.find(token) is not None) is there


def test_3_3_3_a_new_password_ends_all_other_sessions(browser):
    one, elsewhere = browser("reviewer-a"), browser("reviewer-a")
    assert change(one).status_code == 303
    assert one.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303


def test_3_3_4_people_end_all_their_sessions_at_once(browser):
    one, elsewhere, other = browser("reviewer-a"), browser("reviewer-a"), browser("reviewer-b")
    one.post("/logout/everywhere")
    assert one.get("/account").status_code == elsewhere.get("/account").status_code == 303
    assert other.get("/account").status_code == 200


def test_3_3_a_disabled_account_is_out_at_once(browser):
    lead, one = browser("lead-a", "lead"), browser("reviewer-a")
    assert lead.post("/people/reviewer-a/disable").status_code == 303
    assert one.get("/account").status_code == 303
    assert not can_sign_in(browser, "reviewer-a", PASSWORD)


class TestByHttps:
    @pytest.fixture
    def settings(self):
        return WebSettings(https=True)

    @pytest.fixture
    def cookie(self, browser, app) -> str:
        app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
        kept = browser().sign_in("reviewer-a").headers.get_list("set-cookie")
        return next(one for one in kept if one.startswith("__Host-grandrounds="))

    @pytest.mark.parametrize(
        ("number", "part"),
        [
            ("3.4.1", "Secure"),
            ("3.4.2", "HttpOnly"),
            ("3.4.3", "SameSite=lax"),
            ("3.4.4", "__Host-"),
            ("3.4.5", "Path=/"),
        ],
    )
    def test_3_4_the_cookie_is_bound_in_every_way(self, cookie, number, part):
        assert part in cookie, number
        assert "Domain" not in cookie


def test_3_7_1_changing_what_one_signs_in_with_needs_the_password_again(browser):
    """... so a browser left alone, or a stolen session, is no stolen account."""
    one = browser("reviewer-a")
    assert change(one, now="").status_code == 422
    for _ in range(PAIR):
        change(one, now="guess")
    assert change(one).status_code == 429  # and it can't be guessed there either


def test_5_1_5_after_the_login_one_is_nowhere_else(browser, app):
    app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    for after in (
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/%0d%0ax: y\r\n",
    ):
        one = browser()
        assert "evil" not in one.get(f"/login?after={quote(after)}").text
        token = one.token("/login")
        given = {"name": "reviewer-a", "password": PASSWORD, "after": after}
        assert one.post("/login", given, csrf=token).headers["location"] == "/"
