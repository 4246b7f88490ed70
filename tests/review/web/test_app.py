"""The app as a whole: errors are pages, addresses lie below the prefix, answers carry their headers."""

from __future__ import annotations

import json
import logging
import re

import pytest
from starlette.requests import Request

from grandrounds.errors import LakeError, ReviewError, SettingsError
from grandrounds.lake import Lake
from grandrounds.review.database import DatabaseError
from grandrounds.review.web.app import create_app
from grandrounds.review.web.settings import WebSettings

SECRET = "the patient in bed nine"


@pytest.fixture
def failing(app):
    """Routes that fail in the ways that code fails."""

    @app.get("/fails/{how}")
    def fails(request: Request, how: str):
        raise {
            "code": ValueError(f"could not read {SECRET}"),
            "rule": ReviewError("Somebody else has this item.", remedy="Take the next one."),
            "database": DatabaseError("The review database /srv/secret/review.sqlite is locked."),
            "lake": LakeError("/srv/secret/lake/tables/x.parquet can't be read."),
        }[how]

    app.router.routes.insert(0, app.router.routes.pop())
    return app


def test_a_fault_in_the_code_is_a_page_with_a_reference(failing, browser, caplog):
    with caplog.at_level(logging.ERROR):
        answer = browser().get("/fails/code")
    assert answer.status_code == 500
    reference = re.search(r"<code>([0-9a-f]{8})</code>", answer.text).group(1)
    assert reference in caplog.text
    for told in (SECRET, "ValueError", "Traceback", "test_app.py", "line "):
        assert told not in answer.text
    assert "ValueError" in caplog.text
    assert "test_app.py" in caplog.text
    assert SECRET not in caplog.text


def test_a_rule_of_the_review_is_said_in_its_words(failing, browser):
    answer = browser().get("/fails/rule")
    assert answer.status_code == 409
    assert "Somebody else has this item. Take the next one." in answer.text


@pytest.mark.parametrize(("how", "status"), [("database", 503), ("lake", 500)])
def test_where_things_lie_on_the_server_is_never_told(failing, browser, how, status):
    answer = browser().get(f"/fails/{how}")
    assert answer.status_code == status
    assert "/srv/secret" not in answer.text


def test_scripts_get_errors_as_json(failing, browser):
    answer = browser().get("/fails/code", headers={"accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"
    assert set(json.loads(answer.text)) == {"error", "reference"}


def test_even_when_the_pages_own_frame_is_broken_an_answer_comes(failing, browser, monkeypatch, caplog):
    from grandrounds.review.web import failures

    def broken(*_args, **_more):
        raise KeyError("page.skip")

    monkeypatch.setattr(failures, "render", broken)
    answer = browser().get("/fails/code")
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/plain")
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404), ("GET", "/static/nowhere.css", 404), ("PUT", "/login", 405),
        ("DELETE", "/people", 405), ("GET", "/logout", 405), ("TRACE", "/login", 405),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_page_too(browser, method, path, status):
    one = browser()
    answer = one.client.request(method, path, headers={"x-csrf-token": "x"})
    if status == 405 and answer.status_code == 403:  # refused before anybody looked at the method
        status = 403
    assert answer.status_code == status
    assert "<h1>" in answer.text
    assert "detail" not in answer.text


def test_a_page_that_needs_somebody_leads_to_the_login_and_back(browser):
    one = browser()
    answer = one.get("/account?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?after=/account%3Fx%3D1"
    page = one.get(answer.headers["location"])
    assert 'name="after" value="/account?x=1"' in page.text


def test_the_page_speaks_the_browsers_language_until_somebody_signs_in(browser, app):
    one = browser()
    assert 'lang="zh"' in one.get("/login", headers={"accept-language": "zh-CN,zh;q=0.9"}).text
    assert 'lang="en"' in one.get("/login", headers={"accept-language": "xx,de;q=0.5"}).text
    assert 'lang="en"' in one.get("/login", headers={"accept-language": '"><script>'}).text


class TestBelowAPrefix:
    @pytest.fixture
    def settings(self):
        return WebSettings(prefix="/rounds", https=True)

    def test_every_address_lies_below_it(self, browser, app):
        app.state.accounts.add("lead-a", roles=["lead"], password="seven quiet herons")
        one = browser("lead-a")
        for path in ("/login", "/people", "/account"):
            found = re.findall(r'(?:href|src|action|formaction)="(/[^"]*)"', one.get(path).text)
            assert all(address.startswith("/rounds/") for address in found), found

    def test_a_proxy_may_take_the_prefix_off_or_leave_it(self, browser):
        one = browser()
        assert one.client.get("/rounds/login").status_code == 200
        assert one.client.get("/login").status_code == 200
        assert one.client.get("/rounds").status_code in {303, 404}
        assert one.client.get("/roundsabout/login").status_code == 404

    def test_redirects_lie_below_it(self, browser):
        assert browser().get("/account").headers["location"].startswith("/rounds/login")

    def test_cookies_go_nowhere_else(self, browser, app):
        app.state.accounts.add("reviewer-a", roles=["reviewer"], password="seven quiet herons")
        answer = browser().sign_in("reviewer-a")
        (session,) = [
            one for one in answer.headers.get_list("set-cookie") if one.startswith("__Secure-grandrounds=")
        ]
        assert "Path=/rounds;" in session


def test_a_prefix_that_is_a_path_of_the_page_is_refused(web_store, tmp_path):
    with pytest.raises(SettingsError, match="also a path"):
        create_app(web_store, lake=Lake(str(tmp_path)), settings=WebSettings(prefix="/login"))


class TestHosts:
    @pytest.fixture
    def settings(self):
        return WebSettings(hosts=("review.example.org", "[::1]"))

    @pytest.mark.parametrize("host", ["review.example.org", "REVIEW.example.org:8300", "[::1]:8300"])
    def test_its_own_names_are_answered(self, browser, host):
        assert browser().get("/login", headers={"host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "review.example.org.evil.example", "", "review.example.org@evil.example", "x:y"],
    )
    def test_no_other_name_is(self, browser, host):
        answer = browser().get("/login", headers={"host": host})
        assert answer.status_code == 400
        assert "evil" not in answer.text


def test_static_files_are_asked_for_again_and_told_unchanged(browser):
    one = browser()
    first = one.get("/static/css/page.css")
    assert first.headers["cache-control"] == "no-cache"
    again = one.get("/static/css/page.css", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


def test_the_page_needs_no_dagster_no_model_and_no_network():
    import subprocess
    import sys

    code = (
        "import sys, grandrounds.review.web.app; "
        "sys.exit(','.join(sorted({'dagster', 'openai', 'pandas', 'torch', 'ray', 'aiohttp', 'authlib'} & set(sys.modules))) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
