"""Sessions: a random token in the browser, its hash in the database."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, select, update

from grandrounds.fingerprint import sha256_text
from grandrounds.review import tables
from grandrounds.review.database import Database, DatabaseError
from grandrounds.review.people.accounts import Account, account_of, end_sessions, utc_now

_sessions = tables.sessions.c
# Every request asks this: put together once.
_FIND = (
    select(tables.accounts, _sessions.csrf, _sessions.seen_at, _sessions.expires_at)
    .join_from(tables.sessions, tables.accounts, _sessions.account == tables.accounts.c.name)
    .where(_sessions.token_sha256 == bindparam("its_key"))
)
_TOUCH = timedelta(seconds=60)  # how often "seen" is written; each request would be a write


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody signed in. ``csrf`` must come back with everything that changes something."""

    account: Account
    csrf: str
    key: str


class Sessions:
    """The sessions in a review database. One ends after ``idle`` without a request, and after ``longest``
    in any case (ASVS 3.3)."""

    def __init__(
        self,
        database: Database,
        *,
        idle: timedelta = timedelta(hours=1),
        longest: timedelta = timedelta(hours=12),
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._idle = idle
        self._longest = longest
        self._now = now

    def open(self, account: Account, *, instead_of: str | None = None) -> str:
        """A new session's token. ``instead_of`` (a token) is closed: who signs in anew never goes on with
        a token that was there before."""
        token, moment = secrets.token_urlsafe(32), self._now()
        with self._database.writing() as connection:
            if instead_of:
                connection.execute(
                    delete(tables.sessions).where(tables.sessions.c.token_sha256 == sha256_text(instead_of))
                )
            connection.execute(delete(tables.sessions).where(tables.sessions.c.expires_at < moment))
            connection.execute(
                insert(tables.sessions).values(
                    token_sha256=sha256_text(token),
                    account=account.name,
                    csrf=secrets.token_urlsafe(32),
                    created_at=moment,
                    seen_at=moment,
                    expires_at=moment + self._longest,
                )
            )
        return token

    def find(self, token: str) -> Session | None:
        """The session of ``token``, when it is still open and its account may sign in."""
        if not token or len(token) > 200:
            return None
        key, moment = sha256_text(token), self._now()
        with self._database.reading() as connection:
            row = connection.execute(_FIND, {"its_key": key}).one_or_none()
        if row is None or row.disabled_at is not None:
            return None
        if row.expires_at <= moment or row.seen_at + self._idle <= moment:
            return None
        if row.seen_at + _TOUCH <= moment:
            self._touch(key, moment)
        return Session(account=account_of(row), csrf=row.csrf, key=key)

    def close(self, token: str) -> None:
        """End the session of ``token``."""
        with self._database.writing() as connection:
            connection.execute(
                delete(tables.sessions).where(tables.sessions.c.token_sha256 == sha256_text(token))
            )

    def close_all(self, account: str) -> None:
        """End every session of an account."""
        with self._database.writing() as connection:
            end_sessions(connection, account)

    def count(self, account: str) -> int:
        """How many sessions of an account are open."""
        moment = self._now()
        with self._database.reading() as connection:
            found = connection.scalar(
                select(func.count())
                .select_from(tables.sessions)
                .where(
                    tables.sessions.c.account == account,
                    tables.sessions.c.expires_at > moment,
                    tables.sessions.c.seen_at > moment - self._idle,
                )
            )
        return int(found or 0)

    def _touch(self, key: str, moment: datetime) -> None:
        """Write down that a session is in use. One that ended meanwhile stays ended."""
        try:
            with self._database.writing(lasting=False) as connection:
                connection.execute(
                    update(tables.sessions)
                    .where(tables.sessions.c.token_sha256 == key)
                    .values(seen_at=moment)
                )
        except DatabaseError:
            # Somebody else writes for long: looking at a page must not fail for that.
            return
