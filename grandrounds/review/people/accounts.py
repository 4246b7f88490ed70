"""Accounts of the clinicians' page, by pseudonym: no names, no addresses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from grandrounds.errors import ReviewError
from grandrounds.fingerprint import canonical
from grandrounds.review import tables
from grandrounds.review.checks import fault_in_pseudonym
from grandrounds.review.database import Database
from grandrounds.review.people import passwords
from grandrounds.review.people.roles import MANAGE, ROLES, may

_accounts, _sessions = tables.accounts.c, tables.sessions.c
_MOST_YEARS = 80
_MOST_SPECIALTIES, _LONGEST_SPECIALTY = 30, 80
_NOBODY = "`grandrounds review add-user NAME` makes one."


def utc_now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who a login provider says somebody is: what it calls itself, and what it calls the person."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may sign in. ``specialties`` are words of the policy's, ``years`` of practice."""

    name: str
    roles: frozenset[str]
    specialties: tuple[str, ...] = ()
    years: int | None = None
    language: str = "en"
    disabled: bool = False
    with_password: bool = True
    with_login: bool = False

    def may(self, what: str) -> bool:
        """Whether this account's roles allow ``what`` (see ``roles``)."""
        return not self.disabled and may(self.roles, what)


class Accounts:
    """The accounts in a review database."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    def add(
        self,
        name: str,
        *,
        roles: Iterable[str],
        specialties: Iterable[str] = (),
        years: int | None = None,
        language: str = "en",
        password: str | None = None,
        login: Login | None = None,
    ) -> Account:
        """A new account. Raises ``ReviewError`` when the name is taken or no pseudonym."""
        kept = passwords.hashed(password) if password is not None else None
        with self._database.writing() as connection:
            return insert_account(
                connection,
                name=name,
                roles=roles,
                specialties=specialties,
                years=years,
                language=language,
                kept=kept,
                login=login,
                now=self._now(),
            )

    def named(self, name: str) -> Account:
        """The account called ``name``. Raises ``ReviewError`` when there is none."""
        found = self.find(name)
        if found is None:
            raise ReviewError(f"There is no account {name!r}.", remedy=_NOBODY)
        return found

    def find(self, name: str) -> Account | None:
        """The account called ``name``, or ``None``."""
        with self._database.reading() as connection:
            row = connection.execute(select(tables.accounts).where(_accounts.name == name)).one_or_none()
        return None if row is None else account_of(row)

    def with_login(self, login: Login) -> Account | None:
        """The account that a provider's login belongs to, unless it may not sign in."""
        with self._database.reading() as connection:
            row = connection.execute(
                select(tables.accounts).where(
                    _accounts.issuer == login.issuer, _accounts.subject == login.subject
                )
            ).one_or_none()
        return None if row is None or row.disabled_at is not None else account_of(row)

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(tables.accounts).order_by(_accounts.name)).all()
        return [account_of(row) for row in rows]

    def check(self, name: str, password: str) -> Account | None:
        """The account, when the password is right and it isn't disabled.

        Takes as long for a name that nobody has. A hash of weaker settings than today's is made anew.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(tables.accounts).where(_accounts.name == name)).one_or_none()
        right = passwords.matches(password, None if row is None else row.password)
        if row is None or not right or row.disabled_at is not None:
            return None
        if passwords.outdated(row.password):
            self._change(name, password=passwords.hashed(password))
        return account_of(row)

    def set_password(self, name: str, password: str) -> None:
        """Another password. Every session of the account ends."""
        kept = passwords.hashed(password)
        with self._database.writing() as connection:
            replace_password(connection, name, kept)

    def link(self, name: str, login: Login) -> None:
        """Let a provider's login in as ``name``. Raises ``ReviewError`` when it is somebody else's."""
        with self._database.writing() as connection:
            _refuse_taken(connection, login, but=name)
            _changed(connection, name, issuer=login.issuer, subject=login.subject)

    def speak(self, name: str, language: str) -> None:
        """The language that the page speaks with this account."""
        self._change(name, language=language)

    def set_rights(self, name: str, *, roles: Iterable[str], specialties: Iterable[str]) -> None:
        """Other roles and specialties. Sessions end, so that nobody goes on with a right that is gone.

        Raises ``ReviewError`` when nobody would be left who may manage people.
        """
        wanted = frozenset(roles)
        fault = fault_in_roles(wanted)
        if fault:
            raise fault
        with self._database.writing() as connection:
            _changed(
                connection,
                name,
                roles=listed(sorted(wanted)),
                specialties=listed(_checked_specialties(specialties)),
            )
            _refuse_leaderless(connection)
            end_sessions(connection, name)

    def disable(self, name: str) -> None:
        """Nobody signs in with this account any more, and who is signed in is out; what it decided stays.

        Raises ``ReviewError`` when nobody would be left who may manage people.
        """
        with self._database.writing() as connection:
            _changed(connection, name, disabled_at=self._now())
            _refuse_leaderless(connection)
            end_sessions(connection, name)
            connection.execute(
                delete(tables.invitations).where(
                    tables.invitations.c.account == name, tables.invitations.c.used_at.is_(None)
                )
            )

    def enable(self, name: str) -> None:
        """Let a disabled account in again."""
        self._change(name, disabled_at=None)

    def _change(self, name: str, **values: Any) -> None:
        with self._database.writing() as connection:
            _changed(connection, name, **values)


def insert_account(
    connection: Connection,
    *,
    name: str,
    roles: Iterable[str],
    specialties: Iterable[str],
    years: int | None,
    language: str,
    kept: str | None,
    login: Login | None,
    now: datetime,
) -> Account:
    """Make an account in a transaction that somebody else holds; ``kept`` is a password's hash."""
    wanted = frozenset(roles)
    pseudonym = fault_in_pseudonym(name)
    if pseudonym:
        raise ReviewError(pseudonym)
    fault = fault_in_roles(wanted)
    if fault:
        raise fault
    if years is not None and not 0 <= years <= _MOST_YEARS:
        raise ReviewError(f"Years of practice are a number from 0 to {_MOST_YEARS}.")
    if connection.scalar(select(_accounts.name).where(_accounts.name == name)) is not None:
        raise ReviewError(f"There is an account {name!r} already.", remedy="Take another name.")
    if login is not None:
        _refuse_taken(connection, login)
    connection.execute(
        insert(tables.accounts).values(
            name=name,
            password=kept,
            roles=listed(sorted(wanted)),
            specialties=listed(_checked_specialties(specialties)),
            years=years,
            language=language,
            issuer=login.issuer if login else None,
            subject=login.subject if login else None,
            created_at=now,
        )
    )
    return account_of(connection.execute(select(tables.accounts).where(_accounts.name == name)).one())


def replace_password(connection: Connection, name: str, kept: str) -> None:
    """Another password's hash for ``name``, in a transaction that somebody else holds; sessions end."""
    _changed(connection, name, password=kept)
    end_sessions(connection, name)


def end_sessions(connection: Connection, name: str) -> None:
    """Sign ``name`` out everywhere, in a transaction that somebody else holds."""
    connection.execute(delete(tables.sessions).where(_sessions.account == name))


def fault_in_roles(wanted: frozenset[str]) -> ReviewError | None:
    """Why an account can't have these roles; ``None`` when it can."""
    strange = sorted(wanted.difference(ROLES))
    if wanted and not strange:
        return None
    return ReviewError(
        f"There is no role {strange[0]!r}." if strange else "The account has no role.",
        remedy=f"Roles are {', '.join(ROLES)}.",
    )


def account_of(row: Row[Any]) -> Account:
    """The account in a row of the table."""
    return Account(
        name=row.name,
        roles=frozenset(json.loads(row.roles)),
        specialties=tuple(json.loads(row.specialties)),
        years=row.years,
        language=row.language,
        disabled=row.disabled_at is not None,
        with_password=row.password is not None,
        with_login=row.subject is not None,
    )


def listed(words: Iterable[str]) -> str:
    """A list as the tables keep it."""
    return canonical(list(words)).decode("utf-8")


def _changed(connection: Connection, name: str, **values: Any) -> None:
    changed = connection.execute(update(tables.accounts).where(_accounts.name == name).values(**values))
    if changed.rowcount != 1:
        raise ReviewError(f"There is no account {name!r}.", remedy=_NOBODY)


def _checked_specialties(words: Iterable[str]) -> list[str]:
    found = [word.strip() for word in words if word.strip()]
    if len(found) > _MOST_SPECIALTIES or any(len(word) > _LONGEST_SPECIALTY for word in found):
        raise ReviewError(
            f"An account has at most {_MOST_SPECIALTIES} specialties of {_LONGEST_SPECIALTY} characters."
        )
    return list(dict.fromkeys(found))


def _refuse_taken(connection: Connection, login: Login, *, but: str = "") -> None:
    holder = connection.scalar(
        select(_accounts.name).where(_accounts.issuer == login.issuer, _accounts.subject == login.subject)
    )
    if holder is not None and holder != but:
        raise ReviewError("That login belongs to another account already.", remedy="Sign in with it.")


def _refuse_leaderless(connection: Connection) -> None:
    rows = connection.execute(select(tables.accounts).where(_accounts.disabled_at.is_(None))).all()
    if not any(account_of(row).may(MANAGE) for row in rows):
        raise ReviewError("Nobody would be left who may manage people.", remedy="Make another lead first.")
