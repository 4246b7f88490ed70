"""What people may do on the page."""

from __future__ import annotations

from collections.abc import Iterable

REVIEWER, ADJUDICATOR, LEAD, OBSERVER = "reviewer", "adjudicator", "lead", "observer"
ROLES = (REVIEWER, ADJUDICATOR, LEAD, OBSERVER)

READ_ITEMS, ADJUDICATE, MANAGE, WATCH = "read_items", "adjudicate", "manage", "watch"
"""Decide on one's own items; decide where readers differ; people, gold and downloads; figures only."""

_MAY = {
    REVIEWER: frozenset({READ_ITEMS}),
    ADJUDICATOR: frozenset({ADJUDICATE}),
    LEAD: frozenset({MANAGE, WATCH}),
    OBSERVER: frozenset({WATCH}),
}


def may(roles: Iterable[str], what: str) -> bool:
    """Whether somebody with ``roles`` may do ``what``; unknown roles may nothing."""
    return any(what in _MAY.get(role, ()) for role in roles)
