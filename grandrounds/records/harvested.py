"""One row of the ``harvest`` table: a version of a record that a feed listed, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

LIVE, RETIRED, REFUSED, LATER = "live", "retired", "refused", "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvested:
    """A version of a record, as it stands at the end of a week.

    ``status``: ``live`` (it is a source of the week), ``retired`` (it was one before), ``refused`` or
    ``later`` (it could not be had yet). ``week`` is that in which it was first seen, ``first_public`` the
    first publication of any version. ``path`` is where it lies in the week's source folder.
    """

    version_id: str
    feed: str
    record_id: str
    version: str = ""
    title: str = ""
    licence: str
    first_public: date | None = None
    week: str
    status: str
    reason: str = ""
    words: str = ""
    retired_week: str | None = None
    source_id: str | None = None
    path: str | None = None
