"""One row of the ``review_events`` table: one decision of one reviewer, never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ACCEPT, REJECT, EDIT, COMMENT, WITHDRAW = "accept", "reject", "edit", "comment", "withdraw"
DECISIONS = (ACCEPT, REJECT, EDIT, COMMENT, WITHDRAW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """How well an item meets one of the recipe's written criteria: ``score`` from 1 (not at all) to 5."""

    criterion: str
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongMark:
    """A piece of evidence that a reviewer marked wrong. ``kind``: ``quote``, ``box``, ``frame``,
    ``picture`` or ``slice``; ``reference`` says which one (its place in the item's list, or its hash)."""

    kind: str
    reference: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEvent:
    """A reviewer's decision on one candidate, valid for one content hash.

    ``role`` is ``reviewer`` or ``adjudicator``. ``edits`` is a JSON object of changed envelope
    fields (only for ``edit``, which accepts the item as edited). ``withdraw`` takes back the same
    reviewer's earlier decision. ``ratings`` are by criterion, ``marks`` what of the evidence is wrong.
    ``answer`` is what the reader answered before the marked answer was shown: the option's text, or their
    words; empty where nothing was hidden from them. ``created_at`` is UTC; ``seconds`` is the time on
    screen.
    """

    event_id: str
    recipe: str
    item_id: str
    content_sha256: str
    reviewer: str
    role: str
    decision: str
    reasons: tuple[str, ...] = ()
    comment: str = ""
    edits: str = "{}"
    ratings: tuple[Rating, ...] = ()
    marks: tuple[WrongMark, ...] = ()
    answer: str = ""
    seconds: float | None = None
    created_at: datetime
