"""What makes a recipe live: since when, in which time zone, and what a week waits for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, field_validator

from grandrounds.errors import GrandRoundsError

if TYPE_CHECKING:
    from grandrounds.weeks import Week


class Live(BaseModel):
    """A benchmark that is made anew every week from what feeds bring.

    Each week holds everything harvested up to its end that still stands, so the release of a week can be
    compared with the one before, and a past week can be made again. Feeds are not part of a recipe: whoever
    runs it names them (``GRANDROUNDS_FEEDS``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: str = Field(description="First week, such as 2026-W40.")
    timezone: str = Field(default="UTC", description="Where Monday begins, such as Europe/Berlin.")
    hour: int = Field(
        default=3, ge=0, le=23, description="Hour of Monday at which the week before is built."
    )
    patience_days: int = Field(
        default=6,
        ge=0,
        le=60,
        description="Days after a week's end at which it is released without what still waits for readers.",
    )
    stale_days: int = Field(
        default=9, ge=7, le=60, description="Days without a new week after which it is called stale."
    )

    @field_validator("start")
    @classmethod
    def _week(cls, value: str) -> str:
        from grandrounds.weeks import Week

        try:
            return str(Week.parse(value))
        except GrandRoundsError as exc:
            raise ValueError(str(exc)) from exc

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        from grandrounds.weeks import Week

        try:
            Week(2026, 1).begins(value)
        except GrandRoundsError as exc:
            raise ValueError(str(exc)) from exc
        return value

    @property
    def first(self) -> Week:
        """The first week."""
        from grandrounds.weeks import Week

        return Week.parse(self.start)

    def last_complete(self, now: datetime) -> Week:
        """The newest week that was over at ``now`` (aware)."""
        from grandrounds.weeks import Week

        return Week.at(now, self.timezone).before

    def ends(self, week: Week) -> datetime:
        """The moment at which ``week`` is over."""
        return week.ends(self.timezone)

    def waits_until(self, week: Week) -> datetime:
        """Until when ``week`` waits for its readers."""
        return self.ends(week) + timedelta(days=self.patience_days)
