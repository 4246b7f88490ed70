"""People on both databases, with a clock that stands still until moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from grandrounds.review.people import passwords
from grandrounds.review.people.accounts import Accounts
from grandrounds.review.people.attempts import Attempts
from grandrounds.review.people.invitations import Invitations
from grandrounds.review.people.sessions import Sessions

PASSWORD = "seven quiet herons"


class Clock:
    """Now, as the rooms of people see it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **how: float) -> None:
        self.moment += timedelta(**how)


@pytest.fixture(autouse=True)
def _quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is slow on purpose; only the tests of it need that."""
    if "test_passwords" in request.node.nodeid:
        return
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)
    monkeypatch.setattr(passwords, "_nobody", lambda: quick.hash("nobody"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(store, clock) -> Accounts:
    return Accounts(store.database, now=clock)


@pytest.fixture
def sessions(store, clock) -> Sessions:
    return Sessions(store.database, now=clock)


@pytest.fixture
def invitations(store, clock) -> Invitations:
    return Invitations(store.database, now=clock)


@pytest.fixture
def attempts(store, clock) -> Attempts:
    return Attempts(store.database, now=clock)
