"""One row of the ``review_events`` table: one decision of one reviewer, never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ACCEPT, REJECT, EDIT, COMMENT, WITHDRAW = "accept", "reject", "edit", "comment", "withdraw"
DECISIONS = (ACCEPT, REJECT, EDIT, COMMENT, WITHDRAW)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEvent:
    """A reviewer's decision on one candidate, valid for one content hash.

    ``role`` is ``reviewer`` or ``adjudicator``. ``edits`` is a JSON object of changed envelope
    fields (only for ``edit``, which accepts the item as edited). ``withdraw`` takes back the same
    reviewer's earlier decision. ``created_at`` is UTC; ``seconds`` is the time on screen.
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
    seconds: float | None = None
    created_at: datetime
