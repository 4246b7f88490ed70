"""OWASP ASVS 4.0.3, level 1: rights (V4), input and output (V5), errors (V7), data (V8), files (V12), requests
(V13) and configuration (V14). One test a requirement, named by its number."""

from __future__ import annotations

import html
import logging
import re
from urllib.parse import quote

import pytest

from grandrounds.fingerprint import sha256_bytes
from grandrounds.lake import Lake
from grandrounds.records.parts import Media
from grandrounds.review.web.context import HERE
from grandrounds.review.web.known import MOST_BODY
from tests.review.web.conftest import PASSWORD
from tests.support.factories import picture
from tests.support.item_pages import RECIPE, fill, queue_of, rehashed

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def queue(web_store, lake):
    """Three items; the first has a picture in the lake, and the lake holds another that is nobody's."""
    cases, candidates = queue_of(3)
    data = picture(1)
    lake.put_media(data)
    media = Media(
        sha256=sha256_bytes(data), kind="image", mime="image/png", name="../../etc/passwd", label="Figure 1",
        width=48, height=32,
    )  # fmt: skip
    candidates[0] = rehashed(candidates[0], media=(media,))
    fill(web_store, lake, cases=cases, candidates=candidates)
    return candidates


def item_path(candidate) -> str:
    return f"/read/{RECIPE}/{candidate.item_id}"


def media_path(candidate, name: str) -> str:
    return f"/evidence/{RECIPE}/{candidate.item_id}/media/{name}"


# V4 Rights ----------------------------------------------------------------------------------------

ONLY_LEADS = (
    ("GET", "/people"), ("POST", "/people/invite"), ("POST", "/people/reviewer-b/rights"),
    ("POST", "/people/reviewer-b/disable"), ("POST", "/people/reviewer-b/enable"),
    ("POST", "/people/reviewer-b/sign-out"), ("POST", "/people/reviewer-b/new-password"),
    ("POST", f"/people/invitations/{'0' * 64}/take-back"),
)  # fmt: skip


@pytest.mark.parametrize("role", ["reviewer", "adjudicator", "observer"])
@pytest.mark.parametrize(("method", "path"), ONLY_LEADS)
def test_4_1_1_the_server_holds_who_may_do_what(browser, role, method, path):
    one = browser("reviewer-a", role)
    answer = one.get(path) if method == "GET" else one.post(path, {"role": "lead"})
    assert answer.status_code == 403


@pytest.mark.parametrize(("method", "path"), ONLY_LEADS)
def test_4_1_1_and_strangers_do_nothing(browser, app, method, path):
    app.state.accounts.add("reviewer-b", roles=["reviewer"], password=PASSWORD)
    one = browser()
    answer = one.get(path) if method == "GET" else one.post(path, {"role": "lead"}, csrf=one.token())
    assert answer.status_code in {303, 401}
    assert app.state.accounts.named("reviewer-b").roles == {"reviewer"}


def test_4_1_2_nobody_says_who_they_are_but_by_their_session(browser, app, queue):
    one = browser("reviewer-a")
    forged = {"x-forwarded-user": "lead-a", "remote-user": "lead-a", "x-role": "lead"}
    assert one.get("/people", headers=forged).status_code == 403
    one.client.cookies.set("role", "lead")
    one.client.cookies.set("account", "lead-a")
    assert one.get("/people").status_code == 403
    one.get(item_path(queue[0]))
    assert "reviewer-a" in one.get("/account?account=lead-a&name=lead-a").text


def test_4_1_3_each_role_reaches_what_it_needs_and_no_more(browser, queue):
    observer, lead, reader = browser("o-1", "observer"), browser("l-1", "lead"), browser("r-1", "reviewer")
    assert reader.get(f"/read/{RECIPE}").status_code == 200
    for one in (observer, lead):
        assert one.get(f"/read/{RECIPE}").status_code == 403


def test_4_1_5_what_fails_while_looking_who_asks_lets_nobody_in(browser, app, monkeypatch):
    from grandrounds.review.database import DatabaseError

    one = browser("lead-a", "lead")

    def broken(_token):
        raise DatabaseError("The review database is gone.")

    monkeypatch.setattr(app.state.sessions, "find", broken)
    answer = one.get("/people")
    assert answer.status_code == 503
    assert "reviewer" not in answer.text


def test_4_2_1_another_readers_item_is_not_there(browser, queue):
    """Neither the page, nor its media, nor a decision; the same answer as for an item that there isn't."""
    one, other = browser("reviewer-a"), browser("reviewer-b")
    page = one.get(f"/read/{RECIPE}").text
    assert html.escape(queue[0].question) in page or queue[0].question in html.unescape(page)
    sha256 = queue[0].media[0].sha256
    assert one.get(media_path(queue[0], sha256)).status_code == 200
    missing = other.get(f"/read/{RECIPE}/item-none")
    found = other.get(item_path(queue[0]))
    assert found.status_code == missing.status_code
    assert queue[0].stem[:60] not in html.unescape(found.text)
    assert other.get(media_path(queue[0], sha256)).status_code == 404
    assert browser().get(media_path(queue[0], sha256)).status_code in {303, 401}


def test_4_2_1_nobody_decides_on_an_item_they_do_not_hold(browser, queue, web_store):
    one, other = browser("reviewer-a"), browser("reviewer-b")
    page = one.get(f"/read/{RECIPE}").text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    fields["csrf"] = other.token("/account")
    answer = other.post(
        f"{item_path(queue[0])}/decide", {**fields, "decision": "accept"}, csrf=fields["csrf"]
    )
    assert answer.status_code >= 400 or "/decide" not in answer.headers.get("location", "")
    assert web_store.events(RECIPE) == []


def test_4_2_1_a_string_in_an_item_that_names_a_file_gives_no_right_to_it(browser, lake, web_store):
    cases, candidates = queue_of(1)
    hidden = lake.put_media(picture(9))
    words = f"See /etc/passwd, ../../state/splits.json and {hidden}."
    candidates[0] = rehashed(candidates[0], rationale=words)
    fill(web_store, lake, cases=cases, candidates=candidates)
    one = browser("reviewer-a")
    one.get(f"/read/{RECIPE}")
    assert lake.has_media(hidden)
    assert one.get(media_path(candidates[0], hidden)).status_code == 404


def test_4_2_2_every_change_needs_the_sessions_token(browser, queue):
    """Each route that takes a POST, of every page, refuses one without the token."""
    one = browser("lead-a", "lead", "reviewer", "adjudicator")
    paths = _posts()
    assert len(paths) >= 15
    for path in paths:
        filled = re.sub(r"{\w+}", "x", path)
        assert one.client.post(filled, data={"csrf": "forged"}).status_code == 403, path


def _posts() -> list[str]:
    from grandrounds.review.web.app import _routers

    return [
        route.path
        for router in _routers()
        for route in router.routes
        if "POST" in (getattr(route, "methods", None) or ())
    ]


@pytest.mark.parametrize("path", ["/static/", "/static/css/", "/static", "/static/js", "/static/vendor/"])
def test_4_3_2_no_folder_is_listed(browser, path):
    answer = browser().get(path)
    assert answer.status_code == 404
    assert "viewer.css" not in answer.text


# V5 Input and output ------------------------------------------------------------------------------


def test_5_1_1_a_field_sent_twice_is_no_way_round_a_rule(browser, app):
    one = browser("reviewer-a")
    csrf = one.token("/account")
    body = f"csrf=forged&csrf={csrf}&name=x"
    sent = one.client.post("/logout", content=body, headers={"content-type": FORM})
    assert sent.status_code in {303, 403}  # one value counts, whichever; never "both"
    lead = browser("lead-a", "lead")
    token = lead.token("/account")
    body = f"csrf={token}&role=reviewer&role=root"
    sent = lead.client.post("/people/invite", content=body, headers={"content-type": FORM})
    assert sent.status_code == 409
    assert app.state.invitations.open() == []


def test_5_1_2_fields_that_a_form_does_not_have_change_nothing(browser, app):
    token = app.state.invitations.invite(roles=["reviewer"], by="lead-a")
    one = browser()
    path = f"/invitation/{token}"
    given = {
        "name": "reviewer-n", "password": PASSWORD, "again": PASSWORD, "role": "lead", "roles": '["lead"]',
        "specialties": "all", "disabled_at": "", "invited_by": "x", "subject": "person-1",
    }  # fmt: skip
    assert one.post(path, given, csrf=one.token(path)).status_code == 303
    made = app.state.accounts.named("reviewer-n")
    assert (made.roles, made.specialties, made.with_login) == ({"reviewer"}, (), False)


@pytest.mark.parametrize(
    "name", ["Dr. Who", "a@b.org", SCRIPT, "../lead", "a" * 65, "ａｄｍｉｎ", "reviewer-a\u202e", ""]
)
def test_5_1_3_names_are_pseudonyms_and_nothing_else(browser, app, name):
    token = app.state.invitations.invite(roles=["reviewer"], by="lead-a")
    one = browser()
    path = f"/invitation/{token}"
    answer = one.post(path, {"name": name, "password": PASSWORD, "again": PASSWORD}, csrf=one.token(path))
    assert answer.status_code == 422
    assert app.state.accounts.all() == []
    assert SCRIPT not in answer.text


@pytest.mark.parametrize("words", ["{{ 7*191 }}", "{% include '/etc/passwd' %}", "${7*191}", "#{7*191}"])
def test_5_2_5_what_looks_like_a_template_is_words(browser, words):
    lead = browser("lead-a", "lead")
    lead.post("/people/lead-a/rights", {"role": "lead", "specialties": words})
    lead = browser("lead-a")
    page = html.unescape(lead.get("/people").text)
    assert words in page
    assert "1337" not in page


@pytest.mark.parametrize("field", ["question", "answer", "rationale", "stem"])
def test_5_3_3_a_script_in_an_item_is_words(browser, lake, web_store, field):
    cases, candidates = queue_of(1, task="diagnosis_open")
    candidates[0] = rehashed(candidates[0], **{field: SCRIPT})
    fill(web_store, lake, cases=cases, candidates=candidates)
    one = browser("reviewer-a")
    page = one.get(f"/read/{RECIPE}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<svg/onload" not in page


def test_5_3_3_a_script_in_a_caption_or_a_medias_name_is_words(browser, lake, web_store):
    cases, candidates = queue_of(1)
    digest = lake.put_media(picture(2))
    media = Media(
        sha256=digest,
        kind="image",
        mime="text/html",
        name=SCRIPT,
        label=SCRIPT,
        caption=SCRIPT,
        width=48,
        height=32,
    )
    candidates[0] = rehashed(candidates[0], media=(media,))
    fill(web_store, lake, cases=cases, candidates=candidates)
    one = browser("reviewer-a")
    page = one.get(f"/read/{RECIPE}").text + one.get(f"/evidence/{RECIPE}/{candidates[0].item_id}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    shown = one.get(media_path(candidates[0], digest))
    assert shown.headers["content-type"] == "image/png"  # by its bytes, not by what the item calls it
    assert shown.headers["x-content-type-options"] == "nosniff"


def test_5_3_3_a_script_in_an_address_is_not_repeated(browser):
    one = browser("lead-a", "lead")
    for path in (
        f"/{quote(SCRIPT)}",
        f"/login?after={quote(SCRIPT)}",
        f"/read/{quote(SCRIPT)}",
        f"/people?x={quote(SCRIPT)}",
    ):
        assert "<script>alert" not in one.get(path).text
        assert "<script>alert" not in browser().get(path).text


@pytest.mark.parametrize(
    "name", ["' OR '1'='1", "reviewer-a' --", '"; DROP TABLE review_accounts; --', "reviewer-a\0"]
)
def test_5_3_4_what_looks_like_sql_is_a_name(browser, app, name):
    app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    assert browser().sign_in(name, PASSWORD).status_code == 401
    assert len(app.state.accounts.all()) == 1


@pytest.mark.parametrize(
    "value", ["a\r\nset-cookie: x=1", "a%0d%0aset-cookie:%20x=1", "a\nlocation: //evil.example"]
)
def test_5_3_8_no_answers_head_is_written_by_a_request(browser, app, value):
    app.state.accounts.add("reviewer-a", roles=["reviewer"], password=PASSWORD)
    one = browser()
    token = one.token()
    answer = one.post(
        "/login", {"name": "reviewer-a", "password": PASSWORD, "after": f"/{value}"}, csrf=token
    )
    assert answer.headers["location"] in {"/", f"/{value}"}
    assert "\n" not in answer.headers["location"]
    assert not any(kept.startswith("x=") for kept in answer.headers.get_list("set-cookie"))
    assert "x" not in browser().get(f"/login?after=/{quote(value)}").cookies


# V7 Errors, V8 data -------------------------------------------------------------------------------


def test_7_1_1_no_secret_is_ever_logged(browser, app, caplog, queue):
    with caplog.at_level(logging.DEBUG):
        one = browser("reviewer-a")
        browser().sign_in("reviewer-a", "a wrong secret guess")
        token = app.state.invitations.invite(roles=["reviewer"], by="lead-a")
        one.get(f"/invitation/{token}")
        page = one.get(f"/read/{RECIPE}").text
        one.post("/nowhere", {"password": PASSWORD})
    ours = "\n".join(
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("httpx", "httpcore"))
    )
    for secret in (
        PASSWORD,
        "a wrong secret guess",
        token,
        one.client.cookies["grandrounds"],
        queue[0].question,
    ):
        assert secret not in ours
    assert page


def test_7_4_1_errors_tell_a_reference_and_nothing_of_the_inside(browser, app, monkeypatch):
    one = browser("lead-a", "lead")
    monkeypatch.setattr(app.state.accounts, "all", lambda: 1 / 0)
    answer = one.get("/people")
    assert answer.status_code == 500
    assert re.search(r"<code>[0-9a-f]{8}</code>", answer.text)
    for inside in ("ZeroDivision", "Traceback", ".py", "starlette", "sqlite", "/home", "line "):
        assert inside not in answer.text


def test_8_2_1_pages_are_not_kept_by_browsers(browser, queue):
    one = browser("reviewer-a")
    for path in ("/", "/account", f"/read/{RECIPE}", "/login", "/nowhere"):
        assert one.get(path).headers["cache-control"] == "no-store"
    kept = one.get(media_path(queue[0], queue[0].media[0].sha256)).headers["cache-control"]
    assert "private" in kept


def test_8_2_2_nothing_of_an_item_is_put_into_the_browsers_storage():
    scripts = {
        path.name: path.read_text(encoding="utf-8") for path in (HERE / "static" / "js").glob("*.js")
    }
    kept = {
        name: re.findall(r"(?:localStorage|sessionStorage)\.setItem\(([^)]*)\)", text)
        for name, text in scripts.items()
    }
    assert all("csrf" not in call and "body" not in call for calls in kept.values() for call in calls)


def test_8_3_1_no_form_sends_its_fields_in_the_address():
    for template in (HERE / "templates").rglob("*.html"):
        for form in re.findall(r"<form[^>]*>", template.read_text(encoding="utf-8")):
            assert 'method="post"' in form, (template.name, form)


# V12 Files ----------------------------------------------------------------------------------------


def test_12_1_1_a_huge_upload_is_refused_before_it_is_taken(browser):
    one = browser("reviewer-a")
    files = {"file": ("x.bin", b"0" * (MOST_BODY + 1))}
    assert one.client.post("/logout", data={"csrf": one.token("/account")}, files=files).status_code == 413
    assert one.get("/account").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fstate", "....//....//etc/passwd",
        "/etc/passwd", "..\\..\\windows\\win.ini", "passwd", "%00", "0" * 63, "0" * 64, "Z" * 64, "0" * 64 + ".png",
    ],
)  # fmt: skip
def test_12_3_1_no_name_leads_out_of_the_media(browser, queue, name):
    one = browser("reviewer-a")
    one.get(f"/read/{RECIPE}")
    answer = one.get(media_path(queue[0], name))
    assert answer.status_code in {400, 404}
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "css/../../app.py",
        "css/%2e%2e%2f%2e%2e%2fapp.py",
        "//etc/passwd",
    ],
)
def test_12_3_1_nor_out_of_the_static_files(browser, name):
    answer = browser().get(f"/static/{name}")
    assert answer.status_code == 404
    assert "create_app" not in answer.text


# V13 Requests, V14 configuration ------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", [{"x-http-method-override": "DELETE"}, {"x-http-method": "PUT"}, {"x-method-override": "POST"}]
)
def test_13_2_1_the_method_is_what_was_sent(browser, app, how):
    one = browser("lead-a", "lead")
    assert one.get("/people/lead-a/disable", headers=how).status_code == 405
    assert one.get("/logout?_method=POST", headers=how).status_code == 405
    assert one.get("/account").status_code == 200


def test_13_2_3_a_request_from_another_sites_page_is_refused(browser):
    one = browser("lead-a", "lead")
    headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert one.post("/people/invite", {"role": "lead"}, headers=headers).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/xml", ""])
def test_13_2_5_a_change_in_a_strange_shape_is_refused(browser, app, kind):
    one = browser("lead-a", "lead")
    token = one.token("/account")
    body = f'{{"csrf": "{token}", "role": "lead"}}'
    assert (
        one.client.post("/people/invite", content=body, headers={"content-type": kind}).status_code == 403
    )
    with_header = {"content-type": kind, "x-csrf-token": token}
    assert one.client.post("/people/invite", content=body, headers=with_header).status_code in {400, 409}
    assert app.state.invitations.open() == []


@pytest.mark.parametrize(
    "path",
    ["/docs", "/redoc", "/openapi.json", "/debug", "/metrics", "/.git/config", "/.env", "/server-status"],
)
def test_14_3_2_there_are_no_pages_for_developers(browser, path):
    assert browser("lead-a", "lead").get(path).status_code == 404


def test_14_3_3_no_answer_tells_what_made_it(browser):
    for path in ("/login", "/nowhere", "/static/css/page.css"):
        answer = browser().get(path)
        assert not {"server", "x-powered-by", "via"} & set(answer.headers)
        assert not re.search(r"fastapi|starlette|uvicorn|python/\d", answer.text, re.IGNORECASE)


def test_14_4_1_texts_tell_their_character_set(browser):
    for path in ("/login", "/nowhere", "/health", "/static/css/page.css"):
        kind = browser().get(path).headers["content-type"]
        assert "charset=utf-8" in kind, path


@pytest.mark.parametrize(
    ("number", "header", "part"),
    [
        ("14.4.3", "content-security-policy", "default-src 'none'"), ("14.4.4", "x-content-type-options", "nosniff"),
        ("14.4.6", "referrer-policy", "same-origin"), ("14.4.7", "content-security-policy", "frame-ancestors 'none'"),
        ("14.4.7", "x-frame-options", "DENY"),
    ],
)  # fmt: skip
def test_14_4_every_page_carries_the_headers(browser, queue, number, header, part):
    one = browser("reviewer-a", "reviewer", "lead", "adjudicator")
    for path in ("/", "/login", "/people", f"/read/{RECIPE}", "/nowhere"):
        assert part in one.get(path).headers[header], (number, path)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_14_5_1_no_other_methods_are_taken(browser, method):
    one = browser("lead-a", "lead")
    answer = one.client.request(method, "/people", headers={"x-csrf-token": one.token("/account")})
    assert answer.status_code == 405


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver"])
def test_14_5_3_no_other_site_may_read_an_answer(browser, origin):
    one = browser("lead-a", "lead")
    for path in ("/people", "/static/css/page.css"):
        headers = one.get(path, headers={"origin": origin}).headers
        assert "access-control-allow-origin" not in headers
        assert headers["cross-origin-resource-policy"] == "same-origin"
