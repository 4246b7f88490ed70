"""The page as browsers meet it: an app over a real database, and clients that keep cookies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from grandrounds.lake import Lake
from grandrounds.review.people import passwords
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.store import ReviewStore
from grandrounds.review.web.app import create_app
from grandrounds.review.web.settings import WebSettings

PASSWORD = "seven quiet herons"


@dataclass
class Browser:
    """A browser of one person: follows no redirects by itself, sends the form's token unless told."""

    client: TestClient
    prefix: str = ""
    seen: list[str] = field(default_factory=list)

    def get(self, path: str, **more):
        return self.client.get(self.prefix + path, **more)

    def token(self, path: str = "/login") -> str:
        """The token that a page's forms carry."""
        return re.search(r'data-csrf="([^"]*)"', self.get(path).text).group(1)

    def post(self, path: str, data: dict | None = None, *, csrf: str | None = None, **more):
        given = {"csrf": self.token(self._form_page()) if csrf is None else csrf, **(data or {})}
        return self.client.post(self.prefix + path, data=given, **more)

    def sign_in(self, name: str, password: str = PASSWORD):
        return self.post("/login", {"name": name, "password": password}, csrf=self.token("/login"))

    def _form_page(self) -> str:
        return "/account" if self.get("/account").status_code == 200 else "/login"


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is slow on purpose; its own tests and those of the real server have it as it is."""
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    nobody = quick.hash("nobody")
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)
    monkeypatch.setattr(passwords, "_nobody", lambda: nobody)


@pytest.fixture
def web_store(tmp_path: Path) -> Iterator[ReviewStore]:
    with ReviewStore(f"sqlite:///{tmp_path / 'web.sqlite'}") as store:
        yield store


@pytest.fixture
def settings() -> WebSettings:
    """Settings of the app; a test file may override it."""
    return WebSettings()


@pytest.fixture
def app(web_store: ReviewStore, tmp_path: Path, settings: WebSettings):
    return create_app(web_store, lake=Lake(str(tmp_path / "lake")), settings=settings)


@pytest.fixture
def browser(app, settings: WebSettings) -> Callable[..., Browser]:
    """``browser()`` is a new one; ``browser("lead-a", "lead")`` is signed in, its account made if missing."""

    def make(name: str = "", *roles: str) -> Browser:
        base = "https://testserver" if settings.https else "http://testserver"
        one = Browser(
            TestClient(app, base_url=base, follow_redirects=False, raise_server_exceptions=False),
            prefix=settings.prefix,
        )
        if name:
            accounts: Accounts = app.state.accounts
            if accounts.find(name) is None:
                accounts.add(name, roles=roles or ("reviewer",), password=PASSWORD)
            assert one.sign_in(name).status_code == 303
        return one

    return make
