"""Whether a review event is sound by itself, and whether its reviewer may decide so now."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from grandrounds.errors import ReviewError
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import (
    ACCEPT,
    COMMENT,
    DECISIONS,
    EDIT,
    REJECT,
    WITHDRAW,
    Rating,
    ReviewEvent,
    WrongMark,
)
from grandrounds.review.criteria import SCORES
from grandrounds.review.edits import fault_in_edits, parse_edits
from grandrounds.review.parts import KINDS, parts_of
from grandrounds.review.words import fault_in_text

REVIEWER, ADJUDICATOR = "reviewer", "adjudicator"
ROLES = (REVIEWER, ADJUDICATOR)
VERDICTS = (ACCEPT, EDIT, REJECT)

# No upper case: "Reviewer-A" and "reviewer-a" must not count as two readers. No "@": not an address.
_PSEUDONYM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_NAME = re.compile(r"[\x21-\x7e]{1,200}")  # ids and recipe names
_COMMENT, _REASON, _MOST_REASONS = 10_000, 300, 20
LONGEST_ANSWER, LONGEST_WORDS = 10_000, 1_000
"""Characters of a reader's own answer, and of what they say about a piece that they marked wrong."""
_CRITERION, _REFERENCE, _MOST_RATINGS, _MOST_MARKS = 200, 200, 50, 200
_NO_EDITS = "{}"
# What a decision that says the same may not replace: figures are made of it.
_KEPT = {"ratings": "ratings", "marks": "wrong marks", "answer": "answer"}


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
    return (
        _fault_in_words(event)
        or _fault_in_ratings(event.ratings)
        or _fault_in_marks(event.marks)
        or _fault_in_shape(event)
    )


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
    """Why the event can't be about ``candidate``: edits that can't be made to it, an answer that is none of
    its options, a mark on what it doesn't rest on. ``None`` when it can."""
    if event.answer and candidate.options and event.answer not in candidate.options:
        return "The reader's own answer is none of the options, letter for letter."
    if event.marks:
        known = {(part.kind, part.reference) for part in parts_of(candidate)}
        for mark in event.marks:
            if (mark.kind, mark.reference) not in known:
                named = f"{mark.kind} {mark.reference[:80]}"
                return f"The item rests on no {named}, so that can't be marked wrong."
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
    for name in _KEPT if own else ():
        before = getattr(own, name)
        if before and _plain(getattr(event, name)) != _plain(before):
            return (
                f"{event.reviewer} has already decided so on this item, with other {_KEPT[name]}; the "
                "earlier decision stands. To change it, import a line with the decision 'withdraw' first."
            )
    if event.role == ADJUDICATOR and (REVIEWER, event.reviewer) in standing:
        return f"{event.reviewer} read this item as a reviewer; somebody else must adjudicate it."
    return None


def _plain(value: Any) -> Any:
    """Ratings and marks in whatever order they came."""
    return value if isinstance(value, str) else frozenset(value)


def _fault_in_ratings(ratings: Sequence[Rating]) -> str | None:
    if len(ratings) > _MOST_RATINGS:
        return f"There are {len(ratings)} ratings; the limit is {_MOST_RATINGS}."
    if len({rating.criterion for rating in ratings}) < len(ratings):
        return "A criterion is rated twice."
    for rating in ratings:
        fault = fault_in_text(rating.criterion, name="A criterion", limit=_CRITERION)
        if fault or not rating.criterion.strip():
            return fault or "A rating has no criterion."
        if rating.score not in SCORES:
            return f"The rating of {rating.criterion!r} is {rating.score}: give a whole number from 1 to 5."
    return None


def _fault_in_marks(marks: Sequence[WrongMark]) -> str | None:
    if len(marks) > _MOST_MARKS:
        return f"There are {len(marks)} marks; the limit is {_MOST_MARKS}."
    if len({(mark.kind, mark.reference) for mark in marks}) < len(marks):
        return "Something is marked wrong twice."
    for mark in marks:
        if mark.kind not in KINDS:
            return f"The mark on {mark.kind[:60]!r} is on none of {', '.join(KINDS)}."
        fault = fault_in_text(mark.reference, name="What is marked wrong", limit=_REFERENCE)
        fault = fault or fault_in_text(mark.words, name="What is said of a mark", limit=LONGEST_WORDS)
        if fault:
            return fault
    return None


def _fault_in_words(event: ReviewEvent) -> str | None:
    if len(event.reasons) > _MOST_REASONS:
        return f"There are {len(event.reasons)} reasons; the limit is {_MOST_REASONS}."
    for reason in event.reasons:
        fault = fault_in_text(reason, name="A reason", limit=_REASON)
        if fault:
            return fault
    return fault_in_text(event.comment, name="The comment", limit=_COMMENT) or fault_in_text(
        event.answer, name="The reader's own answer", limit=LONGEST_ANSWER
    )


def _fault_in_shape(event: ReviewEvent) -> str | None:
    if event.decision == EDIT:
        return "The decision is 'edit', but there are no edits." if event.edits == _NO_EDITS else None
    if event.edits != _NO_EDITS:
        return f"There are edits, but the decision is {event.decision!r}: say 'edit'."
    if event.answer and (event.role != REVIEWER or event.decision not in VERDICTS):
        return "Only a reviewer's decision goes with an answer given before the marked one was shown."
    if event.decision == COMMENT and not event.comment.strip():
        return "The decision is 'comment', but the comment is empty."
    return None
