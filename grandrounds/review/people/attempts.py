"""The rate limit of logins: by account and address together, by address, by account (ASVS 2.2.1).

An attempt is written down before the password is looked at, in one transaction with the count, so many
at once don't slip through. Names that nobody has count alike, so the limit tells nothing about them.
Somebody who guesses from one place meets the first limit and locks out nobody else; only many places
together reach an account's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select

from grandrounds.fingerprint import sha256_text
from grandrounds.review import tables
from grandrounds.review.database import Database
from grandrounds.review.people.accounts import utc_now

WINDOW = timedelta(minutes=15)
PAIR, ADDRESS, ACCOUNT = 8, 60, 25
"""Failed logins within the window: of one name from one address, from one address (which a whole hospital
may share), of one name."""
_attempts = tables.attempts.c


class Attempts:
    """The failed logins in a review database. Names and addresses are kept as hashes, for a quarter of an
    hour."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    def begin(self, name: str, address: str) -> timedelta | None:
        """Count one attempt. ``None`` when it may go on, else how long to wait (and it isn't counted)."""
        moment = self._now()
        limits = _limits(name, address)
        with self._database.writing() as connection:
            connection.execute(delete(tables.attempts).where(_attempts.at <= moment - WINDOW))
            found = connection.execute(
                select(_attempts.key, func.count().label("number"), func.min(_attempts.at).label("first"))
                .where(_attempts.key.in_(limits))
                .group_by(_attempts.key)
            ).all()
            full: list[datetime] = [row.first for row in found if row.number >= limits[row.key]]
            if full:
                return max(max(full) + WINDOW - moment, timedelta(seconds=1))
            connection.execute(insert(tables.attempts), [{"key": key, "at": moment} for key in limits])
        return None

    def succeeded(self, name: str, address: str) -> None:
        """Forget this login's attempts. Those from elsewhere stay: a guesser isn't helped by the owner, nor
        by an account of their own."""
        pair, *others = _limits(name, address)
        with self._database.writing() as connection:
            connection.execute(delete(tables.attempts).where(_attempts.key == pair))
            for key in others:
                newest = (
                    select(_attempts.sequence)
                    .where(_attempts.key == key)
                    .order_by(_attempts.sequence.desc())
                    .limit(1)
                )
                connection.execute(
                    delete(tables.attempts).where(_attempts.sequence.in_(newest.scalar_subquery()))
                )


def _limits(name: str, address: str) -> dict[str, int]:
    return {
        sha256_text(f"pair {name} {address}"): PAIR,
        sha256_text(f"address {address}"): ADDRESS,
        sha256_text(f"account {name}"): ACCOUNT,
    }
