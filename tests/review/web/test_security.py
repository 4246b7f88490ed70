"""Headers on every answer; no change from another site; no request too large or too slow."""

from __future__ import annotations

import asyncio

import pytest

from grandrounds.review.web import known
from grandrounds.review.web.cookies import place
from grandrounds.review.web.errors import RefusedError
from grandrounds.review.web.security import POLICY
from grandrounds.review.web.settings import WebSettings, web_settings
from grandrounds.settings import resolve
from tests.review.web.conftest import PASSWORD

EVERY_ANSWER = (
    "/login",
    "/account",
    "/nowhere",
    "/static/css/page.css",
    "/static/nowhere",
    "/health",
    "/people",
)


@pytest.mark.parametrize("path", EVERY_ANSWER)
def test_every_answer_carries_the_headers(browser, path):
    headers = browser().get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] in {"no-store", "no-cache"}
    assert "strict-transport-security" not in headers
    assert "server" not in headers


def test_the_policy_allows_nothing_inline_and_nobody_elses():
    assert POLICY.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in POLICY
    assert "base-uri 'none'" in POLICY
    assert "form-action 'self'" in POLICY
    for open_door in ("unsafe-inline", "'unsafe-eval'", "*", "http:", "https:", "strict-dynamic"):
        assert open_door not in POLICY


class TestByHttps:
    @pytest.fixture
    def settings(self):
        return WebSettings(https=True)

    def test_browsers_are_told_to_stay_with_https(self, browser):
        assert browser().get("/login").headers["strict-transport-security"] == (
            "max-age=31536000; includeSubDomains"
        )

    def test_cookies_are_bound_to_this_host_and_https(self, browser, app):
        app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
        one = browser()
        before = one.get("/login").headers["set-cookie"]
        assert before.startswith("__Host-grandrounds-before=")
        session = next(
            kept
            for kept in one.sign_in("reviewer-a").headers.get_list("set-cookie")
            if kept.startswith("__Host-grandrounds=")
        )
        for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"):
            assert part in session
        assert "Domain" not in session


class TestForgery:
    """Each request that changes something needs the token of its own session, and this page as its sender."""

    def test_without_the_token_nothing_changes(self, browser, app):
        one = browser("lead-a", "lead")
        for csrf in ("", "x", "x" * 43):
            assert one.post("/people/invite", {"role": "reviewer"}, csrf=csrf).status_code == 403
        assert app.state.invitations.open() == []

    def test_the_token_of_another_session_is_worth_nothing(self, browser):
        one, other = browser("lead-a", "lead"), browser("lead-b", "lead")
        assert (
            one.post("/people/invite", {"role": "reviewer"}, csrf=other.token("/account")).status_code
            == 403
        )

    def test_the_token_of_before_the_login_is_worth_nothing_after_it(self, browser, app):
        app.state.accounts.add("lead-a", roles=["lead"], password=PASSWORD)
        one = browser()
        before = one.token("/login")
        one.sign_in("lead-a")
        assert one.post("/people/invite", {"role": "reviewer"}, csrf=before).status_code == 403

    def test_the_token_may_come_as_a_header(self, browser):
        one = browser("lead-a", "lead")
        token = one.token("/account")
        answer = one.client.post(
            "/people/invite", data={"role": "reviewer"}, headers={"x-csrf-token": token}
        )
        assert answer.status_code == 201

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://testserver.evil.example"},
            {"origin": "http://testserver:81"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
        ],
        ids=str,
    )  # fmt: skip
    def test_another_sites_page_is_refused_even_with_the_token(self, browser, headers):
        one = browser("lead-a", "lead")
        assert one.post("/people/invite", {"role": "reviewer"}, headers=headers).status_code == 403

    @pytest.mark.parametrize(
        "headers", [{}, {"origin": "http://testserver", "sec-fetch-site": "same-origin"}]
    )
    def test_the_pages_own_forms_are_not(self, browser, headers):
        one = browser("lead-a", "lead")
        assert one.post("/people/invite", {"role": "reviewer"}, headers=headers).status_code == 201

    def test_signing_in_needs_a_token_too(self, browser, app):
        app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
        one = browser()
        given = {"name": "reviewer-a", "password": PASSWORD}
        assert one.client.post("/login", data=given).status_code == 403
        assert one.post("/login", given, csrf="").status_code == 403

    def test_a_planted_empty_or_short_token_is_never_taken_on(self, browser, app):
        one = browser()
        one.client.cookies.set("grandrounds-before", "short")
        assert one.token("/login") != "short"
        assert len(one.token("/login")) >= 43

    def test_a_session_that_has_ended_is_told_as_such(self, browser, app):
        one = browser("reviewer-a")
        token = one.token("/account")
        app.state.sessions.close_all("reviewer-a")
        answer = one.post("/logout", csrf=token)
        assert answer.status_code == 401
        assert "sign in again" in answer.text

    def test_looking_changes_nothing(self, browser, app):
        """Safe methods need no token; none of them is a way to what needs one."""
        one = browser("lead-a", "lead")
        for path in ("/logout", "/people/invite", "/people/lead-a/disable", "/account/password"):
            assert one.get(path).status_code in {404, 405}
        assert one.get("/account").status_code == 200


class TestBodies:
    def test_a_large_one_is_refused_by_what_it_says(self, browser):
        one = browser()
        answer = one.post("/login", {"name": "x" * (known.MOST_BODY + 1)})
        assert answer.status_code == 413
        assert "<h1>" in answer.text

    def test_a_large_one_that_does_not_say_so_is_refused_while_it_comes(self, browser):
        one = browser()
        sent = 0

        def pieces():
            nonlocal sent
            while sent < 50 * known.MOST_BODY:
                sent += 65536
                yield b"name=" + b"x" * 65531

        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert one.client.post("/login", content=pieces(), headers=headers).status_code == 413

    @pytest.mark.parametrize("length", ["-1", "1e9", "x", "99999999999999999999", "١٢"])
    def test_a_length_that_is_none_is_refused(self, browser, length):
        headers = {b"content-length": length.encode()}
        assert browser().client.post("/login", content=b"", headers=headers).status_code in {400, 413}

    def test_who_manages_may_send_a_file(self, browser):
        """... which still is refused for what it is, not for its size."""
        one = browser("lead-a", "lead")
        files = {"file": ("decisions.csv", b"x" * (2 * known.MOST_BODY))}
        answer = one.client.post("/people/invite", data={"csrf": one.token("/account")}, files=files)
        assert answer.status_code == 409  # no role was given
        reader = browser("reviewer-a")
        answer = reader.client.post("/logout", data={"csrf": reader.token("/account")}, files=files)
        assert answer.status_code == 413

    def test_many_fields_are_refused(self, browser):
        one = browser()
        data = "&".join(f"a{n}=1" for n in range(5000))
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert one.client.post("/login", content=data, headers=headers).status_code == 400

    def test_a_body_that_never_ends_is_not_waited_for(self):
        async def never():
            await asyncio.sleep(60)

        bounded = known._limited(never, limit=10, patience=0.05)
        with pytest.raises(RefusedError) as told:
            asyncio.run(bounded())
        assert told.value.status_code == 408

    def test_a_body_that_drips_is_not_waited_for_either(self):
        async def drip():
            await asyncio.sleep(0.02)
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def read():
            bounded = known._limited(drip, limit=1000, patience=0.1)
            for _ in range(100):
                await bounded()

        with pytest.raises(RefusedError) as told:
            asyncio.run(read())
        assert told.value.status_code == 408


@pytest.mark.parametrize(
    "path", ["/", "/read/case_diagnosis/item-1", "/people?sort=name&page=2", "/a~b/%E4%B8%AD"]
)
def test_a_path_of_the_page_is_a_place_to_go_to(path):
    assert place(path) == path


@pytest.mark.parametrize(
    "elsewhere",
    [
        "", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "evil.example",
        "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " //evil.example", "/%0d%0aset-cookie:x=1\r\n",
        "/..//evil.example", "/a/../..//evil", "///evil.example", "/a\r\nlocation: //evil.example", "/\u2028x", "/" + "x" * 600,
    ],
)  # fmt: skip
def test_nothing_else_is(elsewhere):
    assert place(elsewhere) == "/"


class TestSettings:
    def of(self, **more):
        names = {name: value for name, value in more.items() if name.isupper()}
        rest = {name: value for name, value in more.items() if not name.isupper()}
        return web_settings(resolve(names, {}), **rest)

    def test_all_follows_from_the_address_that_browsers_use(self):
        found = self.of(GRANDROUNDS_PAGE_URL="https://review.example.org/rounds/")
        assert found.prefix == "/rounds"
        assert found.https
        assert "review.example.org" in found.hosts
        assert found.public == "https://review.example.org/rounds"

    def test_alone_it_answers_to_this_machines_names_only(self):
        assert set(self.of().hosts) == {"localhost", "127.0.0.1", "[::1]"}

    def test_where_others_reach_it_by_unknown_names_it_answers_to_all(self):
        assert self.of(host="0.0.0.0").hosts == ()

    @pytest.mark.parametrize("prefix", ["/a b", "/a?b", "/../x", "/a//b", '/"><script>', "/a\r\nb"])
    def test_a_prefix_is_a_plain_path(self, prefix):
        from grandrounds.errors import SettingsError

        with pytest.raises(SettingsError, match="prefix"):
            self.of(prefix=prefix)

    @pytest.mark.parametrize(
        "half",
        [
            {"GRANDROUNDS_OIDC_ISSUER": "https://login.example.org"},
            {"GRANDROUNDS_OIDC_CLIENT_ID": "x", "GRANDROUNDS_PAGE_URL": "https://r.example.org"},
            {"GRANDROUNDS_OIDC_ISSUER": "https://login.example.org", "GRANDROUNDS_OIDC_CLIENT_ID": "x"},
        ],
    )
    def test_half_a_login_provider_is_told(self, half):
        from grandrounds.errors import SettingsError

        with pytest.raises(SettingsError, match="by half"):
            self.of(**half)

    def test_a_login_provider_is_reached_by_https(self):
        from grandrounds.errors import SettingsError

        with pytest.raises(SettingsError, match="https"):
            self.of(
                GRANDROUNDS_OIDC_ISSUER="http://login.example.org", GRANDROUNDS_OIDC_CLIENT_ID="x",
                GRANDROUNDS_PAGE_URL="https://r.example.org",
            )  # fmt: skip

    def test_its_secret_is_never_shown(self):
        found = resolve({"GRANDROUNDS_OIDC_CLIENT_SECRET": "do not show"}, {})
        assert found.oidc_client_secret.shown == "(set)"
