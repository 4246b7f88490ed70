"""Whether a review event is sound by itself, and whether its reviewer may decide so now."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from grandrounds.errors import ReviewError
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import ACCEPT, COMMENT, DECISIONS, EDIT, REJECT, WITHDRAW, ReviewEvent
from grandrounds.review.edits import fault_in_edits, parse_edits
from grandrounds.review.words import fault_in_text

REVIEWER, ADJUDICATOR = "reviewer", "adjudicator"
ROLES = (REVIEWER, ADJUDICATOR)
VERDICTS = (ACCEPT, EDIT, REJECT)

# No upper case: "Reviewer-A" and "reviewer-a" must not count as two readers. No "@": not an address.
_PSEUDONYM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_NAME = re.compile(r"[\x21-\x7e]{1,200}")  # ids and recipe names
_COMMENT, _REASON, _MOST_REASONS = 10_000, 300, 20
_NO_EDITS = "{}"


def fault_in_event(event: ReviewEvent) -> str | None:
    """What is wrong with ``event``, whatever it is about; ``None`` when it is sound."""
    for name in ("event_id", "recipe", "item_id", "content_sha256"):
        if not _NAME.fullmatch(getattr(event, name)):
            return f"The {name} is missing, or is no id."
    fault = fault_in_pseudonym(event.reviewer)
    if fault:
        return fault
    if event.role not in ROLES:
        return f"The role {event.role[:60]!r} is none of {', '.join(ROLES)}."
    if event.decision not in DECISIONS:
        return f"The decision {event.decision[:60]!r} is none of {', '.join(DECISIONS)}."
    if event.created_at.tzinfo is None:
        return "The time of the decision has no time zone: give UTC."
    if event.seconds is not None and not (math.isfinite(event.seconds) and event.seconds >= 0):
        return "The seconds on screen are not a number from 0 up."
    return _fault_in_words(event) or _fault_in_shape(event)


def fault_in_pseudonym(name: str) -> str | None:
    """Why ``name`` can't stand for a reviewer; ``None`` when it can. No names, no addresses."""
    if not name:
        return "The reviewer is missing: give a pseudonym such as reviewer-a."
    if not _PSEUDONYM.fullmatch(name):
        return (
            "The reviewer must be a pseudonym: small letters, digits, dots and dashes, such as reviewer-a."
        )
    return None


def fault_in_content(event: ReviewEvent, candidate: Candidate) -> str | None:
    """Why the event's edits can't be made to ``candidate``; ``None`` when they can (or there are none)."""
    if event.decision != EDIT:
        return None
    try:
        return fault_in_edits(candidate, parse_edits(event.edits))
    except ReviewError as exc:
        return exc.what


def current_decisions(events: Iterable[ReviewEvent], content_sha256: str) -> list[ReviewEvent]:
    """What stands: for each reviewer in each role the latest verdict about this content.

    A withdraw leaves its reviewer without a verdict (it never revives one that was replaced);
    comments decide nothing. Sorted by role and reviewer, so the order between reviewers is no matter.
    """
    standing: dict[tuple[str, str], ReviewEvent] = {}
    for event in events:
        if event.content_sha256 != content_sha256:
            continue
        key = (event.role, event.reviewer)
        if event.decision in VERDICTS:
            standing[key] = event
        elif event.decision == WITHDRAW:
            standing.pop(key, None)
    return [standing[key] for key in sorted(standing)]


def objection(event: ReviewEvent, earlier: Iterable[ReviewEvent]) -> str | None:
    """Why ``event`` may not follow ``earlier`` (the events of its item); ``None`` when it may.

    A decision is never overwritten in passing: who changes their mind withdraws first.
    """
    standing = {
        (other.role, other.reviewer): other for other in current_decisions(earlier, event.content_sha256)
    }
    own = standing.get((event.role, event.reviewer))
    if event.decision == COMMENT:
        return None
    if event.decision == WITHDRAW:
        return None if own else f"{event.reviewer} has no decision on this item to withdraw."
    if own and (own.decision, own.edits) != (event.decision, event.edits):
        return (
            f"{event.reviewer} has already decided {own.decision!r} on this item; the earlier decision "
            "stands. To change it, import a line with the decision 'withdraw' first."
        )
    if event.role == ADJUDICATOR and (REVIEWER, event.reviewer) in standing:
        return f"{event.reviewer} read this item as a reviewer; somebody else must adjudicate it."
    return None


def _fault_in_words(event: ReviewEvent) -> str | None:
    if len(event.reasons) > _MOST_REASONS:
        return f"There are {len(event.reasons)} reasons; the limit is {_MOST_REASONS}."
    for reason in event.reasons:
        fault = fault_in_text(reason, name="A reason", limit=_REASON)
        if fault:
            return fault
    return fault_in_text(event.comment, name="The comment", limit=_COMMENT)


def _fault_in_shape(event: ReviewEvent) -> str | None:
    if event.decision == EDIT:
        return "The decision is 'edit', but there are no edits." if event.edits == _NO_EDITS else None
    if event.edits != _NO_EDITS:
        return f"There are edits, but the decision is {event.decision!r}: say 'edit'."
    if event.decision == COMMENT and not event.comment.strip():
        return "The decision is 'comment', but the comment is empty."
    return None
