"""One row of the ``retired`` table: an item of an earlier week that no longer counts, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

RETRACTED, REVISED, LICENCE_CHANGED, REMOVED, REFUSED, REMADE = (
    "retracted", "revised", "licence_changed", "removed", "refused", "remade",
)  # fmt: skip
REASONS = (RETRACTED, REVISED, LICENCE_CHANGED, REMOVED, REFUSED, REMADE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """An item that is in no release from ``week`` on; nothing of its content is kept.

    ``reason``: its source was ``retracted``, ``revised`` (a newer version of it was harvested), ``removed``
    from the feed, or had its ``licence_changed``; or the source stands, and a gate or its readers
    ``refused`` the item, or it was ``remade`` otherwise (by other code, prompts or settings). ``words`` say
    more.
    ``retired_at`` is the day of the release that first lacked it; in previews, of the end of that week.
    """

    item_id: str
    task: str
    source_id: str
    group_id: str
    available_from: date | None = None
    retired_at: date
    week: str
    reason: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Why a source no longer counts: one of the first four reasons of ``Retired``, and words."""

    reason: str
    words: str = ""
