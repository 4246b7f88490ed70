"""Weeks of a live benchmark: ISO 8601 weeks, named ``2026-W47``, that begin on Monday at 00:00.

A week is a plain pair of numbers; only its two ends in time need a zone, because Monday begins at
another moment in another place. The ends are half open: a moment belongs to the week when
``begins <= moment < ends``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grandrounds.errors import GrandRoundsError

_NAME = re.compile(r"([0-9]{4})-W([0-9]{2})")  # not \d: digits of other scripts are no names


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """One ISO week; ``year`` is the week-numbering year. Sorts by time.

    Raises ``GrandRoundsError`` where that year has no such week.
    """

    year: int
    number: int

    def __post_init__(self) -> None:
        try:
            date.fromisocalendar(self.year, self.number, 1)
        except ValueError as exc:
            raise GrandRoundsError(
                f"There is no week {self.number} in {self.year}.",
                remedy="ISO weeks run from 1 to 52, in some years to 53.",
            ) from exc

    @classmethod
    def parse(cls, name: str) -> Week:
        """The week named ``name`` (``2026-W47``). Raises ``GrandRoundsError``."""
        found = _NAME.fullmatch(name)
        if found is None:
            raise GrandRoundsError(
                f"{name!r} is not the name of a week.", remedy="Write year and ISO week, such as 2026-W47."
            )
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Week:
        """The week in which ``day`` lies. Of a ``datetime`` the date as written counts."""
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @classmethod
    def at(cls, moment: datetime, zone: str | tzinfo) -> Week:
        """The week in which ``moment`` (aware) lies in ``zone``. Raises ``GrandRoundsError``."""
        if moment.tzinfo is None:
            raise GrandRoundsError(
                f"{moment} has no time zone, so its week is not known.", remedy="Pass an aware moment."
            )
        return cls.of(moment.astimezone(_zone(zone)))

    @property
    def monday(self) -> date:
        """The week's first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def after(self) -> Week:
        """The week after this one."""
        return Week.of(self.monday + timedelta(days=7))

    @property
    def before(self) -> Week:
        """The week before this one."""
        return Week.of(self.monday - timedelta(days=7))

    def begins(self, zone: str | tzinfo) -> datetime:
        """Monday 00:00 in ``zone`` (``Europe/Berlin``), where it is skipped the moment after the gap."""
        return datetime.combine(self.monday, time(), tzinfo=_zone(zone))

    def ends(self, zone: str | tzinfo) -> datetime:
        """The moment at which the week is over: the next Monday 00:00 in ``zone``."""
        return self.after.begins(zone)

    def __str__(self) -> str:
        return f"{self.year:04d}-W{self.number:02d}"


def _zone(zone: str | tzinfo) -> tzinfo:
    if isinstance(zone, tzinfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise GrandRoundsError(
            f"{zone!r} is not a time zone.", remedy="Name one of the IANA database, such as Europe/Berlin."
        ) from exc
