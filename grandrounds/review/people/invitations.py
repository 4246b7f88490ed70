"""Invitations: a link that makes one account, or gives an account a new password, once and not for long.

Only the hash of a link's token is kept. Looking at a link uses nothing up (mail programs look at links by
themselves); only a sent form does.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from grandrounds.errors import ReviewError
from grandrounds.fingerprint import sha256_text
from grandrounds.review import tables
from grandrounds.review.database import Database
from grandrounds.review.people import passwords
from grandrounds.review.people.accounts import (
    Account,
    Login,
    fault_in_roles,
    insert_account,
    listed,
    replace_password,
    utc_now,
)

LONGEST = timedelta(days=30)
_invited = tables.invitations.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link that was given out. ``account`` is whose password it replaces (or whom it made, once used);
    empty for somebody new."""

    roles: frozenset[str]
    specialties: tuple[str, ...]
    invited_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    account: str
    key: str


class Invitations:
    """The invitations in a review database."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    def invite(
        self,
        *,
        roles: Iterable[str],
        by: str,
        specialties: Iterable[str] = (),
        lasts: timedelta = timedelta(days=7),
    ) -> str:
        """The token of a new invitation. Raises ``ReviewError`` for a role there isn't."""
        wanted = frozenset(roles)
        fault = fault_in_roles(wanted)
        if fault:
            raise fault
        return self._keep(roles=sorted(wanted), specialties=list(specialties), by=by, lasts=lasts)

    def new_password_for(self, name: str, *, by: str, lasts: timedelta = timedelta(days=1)) -> str:
        """The token of a link by which ``name`` chooses a new password; earlier such links end."""
        with self._database.writing() as connection:
            known = connection.scalar(
                select(tables.accounts.c.name).where(
                    tables.accounts.c.name == name, tables.accounts.c.disabled_at.is_(None)
                )
            )
            if known is None:
                raise ReviewError(f"There is no account {name!r} that may sign in.")
            connection.execute(
                delete(tables.invitations).where(_invited.account == name, _invited.used_at.is_(None))
            )
        return self._keep(roles=[], specialties=[], by=by, lasts=lasts, account=name)

    def find(self, token: str) -> Invitation | None:
        """The invitation of ``token``, while it can be used."""
        with self._database.reading() as connection:
            row = self._usable(connection, token)
        return None if row is None else _invitation_of(row)

    def accept(
        self,
        token: str,
        *,
        name: str,
        password: str | None = None,
        login: Login | None = None,
        years: int | None = None,
        language: str = "en",
    ) -> Account:
        """Use an invitation up: a new account with a password, or with a provider's login.

        Raises ``ReviewError`` when the link can be used no more, or the name or login is taken; the link
        stays usable then.
        """
        kept = passwords.hashed(password) if password is not None else None
        with self._database.writing() as connection:
            row = self._usable(connection, token)
            if row is None or row.account:
                raise _used_up()
            account = insert_account(
                connection,
                name=name,
                roles=json.loads(row.roles),
                specialties=json.loads(row.specialties),
                years=years,
                language=language,
                kept=kept,
                login=login,
                now=self._now(),
            )
            self._use(connection, row, account=name)
        return account

    def change_password(self, token: str, *, password: str) -> str:
        """Use a link for a new password up; every session of the account ends. The answer is its name."""
        kept = passwords.hashed(password)
        with self._database.writing() as connection:
            row = self._usable(connection, token)
            if row is None or not row.account:
                raise _used_up()
            replace_password(connection, row.account, kept)
            self._use(connection, row, account=row.account)
        return str(row.account)

    def open(self) -> list[Invitation]:
        """Those that can still be used, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(tables.invitations)
                .where(_invited.used_at.is_(None), _invited.expires_at > self._now())
                .order_by(_invited.created_at.desc(), _invited.token_sha256)
            ).all()
        return [_invitation_of(row) for row in rows]

    def take_back(self, key: str) -> None:
        """End an invitation that nobody has used; nothing happens when somebody has."""
        with self._database.writing() as connection:
            connection.execute(
                delete(tables.invitations).where(_invited.token_sha256 == key, _invited.used_at.is_(None))
            )

    def _keep(
        self,
        *,
        roles: list[str],
        specialties: list[str],
        by: str,
        lasts: timedelta,
        account: str | None = None,
    ) -> str:
        if not timedelta() < lasts <= LONGEST:
            raise ReviewError(f"An invitation lasts up to {LONGEST.days} days.")
        token, moment = secrets.token_urlsafe(32), self._now()
        with self._database.writing() as connection:
            connection.execute(
                insert(tables.invitations).values(
                    token_sha256=sha256_text(token),
                    roles=listed(roles),
                    specialties=listed(specialties),
                    invited_by=by,
                    created_at=moment,
                    expires_at=moment + lasts,
                    account=account,
                )
            )
        return token

    def _usable(self, connection: Connection, token: str) -> Row[Any] | None:
        if not 20 <= len(token) <= 100:
            return None
        return connection.execute(
            select(tables.invitations).where(
                _invited.token_sha256 == sha256_text(token),
                _invited.used_at.is_(None),
                _invited.expires_at > self._now(),
            )
        ).one_or_none()

    def _use(self, connection: Connection, row: Row[Any], *, account: str) -> None:
        connection.execute(
            update(tables.invitations)
            .where(_invited.token_sha256 == row.token_sha256)
            .values(used_at=self._now(), account=account)
        )


def _used_up() -> ReviewError:
    return ReviewError(
        "This link can be used no more: it was used already, or it is too old.",
        remedy="Ask whoever sent it for a new one.",
    )


def _invitation_of(row: Row[Any]) -> Invitation:
    return Invitation(
        roles=frozenset(json.loads(row.roles)),
        specialties=tuple(json.loads(row.specialties)),
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        account=row.account or "",
        key=row.token_sha256,
    )
