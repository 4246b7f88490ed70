"""What the desk hands out and takes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from grandrounds.fingerprint import content_id
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import Rating, WrongMark

NOT_MINE, LATER, CONFLICT = "not_mine", "later", "conflict"
DECLINES = (NOT_MINE, LATER, CONFLICT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What somebody had typed when it was last saved, as the page wrote it; ``revision`` counts up.
    ``answer`` is what they answered before the marked answer was shown (``None``: it was not shown yet, or
    was never hidden)."""

    body: str
    revision: int
    seconds: float
    saved_at: datetime
    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The right to decide on one content in one role until ``expires_at``. ``token`` names this taking of
    it, so that a decision that is sent twice is stored once. ``policy`` is the queue's; ``saved`` what was
    typed on it and not sent, as it was when the slot was looked up."""

    recipe: str
    candidate: Candidate
    account: str
    role: str
    number: int
    taken_at: datetime
    expires_at: datetime
    policy: Review = field(compare=False)
    saved: Saved | None = field(default=None, compare=False)

    @property
    def item_id(self) -> str:
        """The item's id."""
        return self.candidate.item_id

    @property
    def content_sha256(self) -> str:
        """The hash of the content that is decided on."""
        return self.candidate.content_sha256

    @property
    def token(self) -> str:
        """Names this taking of the slot."""
        return self.taken_at.isoformat(timespec="microseconds")

    @property
    def event_id(self) -> str:
        """The id of the one decision that this taking of the slot can lead to."""
        return event_id(
            recipe=self.recipe, item_id=self.candidate.item_id, account=self.account, role=self.role,
            content_sha256=self.candidate.content_sha256, token=self.token,
        )  # fmt: skip


def event_id(*, recipe: str, item_id: str, content_sha256: str, account: str, role: str, token: str) -> str:
    """The id of the decision made on one taking of a slot."""
    return content_id("event", [recipe, item_id, content_sha256, account, role, token])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision as it comes from the page; the fields mean what they mean in ``ReviewEvent``."""

    decision: str
    reasons: tuple[str, ...] = ()
    comment: str = ""
    edits: str = "{}"
    ratings: tuple[Rating, ...] = ()
    marks: tuple[WrongMark, ...] = ()
    answer: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a reader is in a queue: ``mine`` decided by this account, ``left`` that it could still
    take."""

    mine: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An item that a reader gave back for somebody else to read."""

    recipe: str
    item_id: str
    kind: str
    at: datetime
    question: str
