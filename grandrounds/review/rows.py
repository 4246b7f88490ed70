"""Rows of the review database to values and back; candidates and policies are kept as JSON text.

Strict when writing, lenient when reading: what a newer version added is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row

from grandrounds.errors import ReviewError
from grandrounds.fingerprint import canonical
from grandrounds.needed_readers import UNKNOWN_SPLIT
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.review_event import Rating, ReviewEvent, WrongMark

_BATCH = 500  # rows a statement: SQLite allows 32,766 variables


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """One content of one item in the queue.

    ``state``: ``open`` (asked), ``replaced`` (the item has another content now) or ``withdrawn``
    (no longer produced). ``position`` is the order of arrival; ``run_id`` the run that brought it;
    ``split`` that of its group, where the policy samples by split.
    """

    recipe: str
    item_id: str
    content_sha256: str
    state: str
    position: int
    run_id: str
    candidate: Candidate
    split: str = UNKNOWN_SPLIT


def candidate_to_json(candidate: Candidate) -> str:
    """The row as JSON with one spelling only, so that equal rows are equal texts."""
    return canonical(candidate_adapter().dump_python(candidate, mode="json")).decode("utf-8")


def candidate_from_json(text: str) -> Candidate:
    """The row that ``candidate_to_json`` wrote, by this version or an older one."""
    try:
        candidate: Candidate = candidate_adapter().validate_json(text)
    except ValidationError as exc:
        first = exc.errors()[0]
        raise ReviewError(
            f"A candidate in the review database can't be read: "
            f"field {'.'.join(str(part) for part in first['loc'])}: {first['msg']}.",
            remedy="Build the recipe again: that writes the row anew and keeps the decisions.",
        ) from exc
    return candidate


@lru_cache(maxsize=512)
def known_candidate(text: str) -> Candidate:
    """``candidate_from_json`` for those who read the same few rows again and again."""
    return candidate_from_json(text)


def policy_to_json(policy: Review) -> str:
    """A review policy as JSON."""
    return canonical(policy.model_dump(mode="json")).decode("utf-8")


@lru_cache(maxsize=64)
def policy_from_json(text: str) -> Review:
    """The policy that ``policy_to_json`` wrote; keys that this version does not know are refused,
    because publishing under half a policy would be worse than not publishing."""
    try:
        return Review.model_validate(json.loads(text))
    except (ValidationError, json.JSONDecodeError) as exc:
        raise ReviewError(
            "The review policy in the review database was written by another version.",
            remedy="Build the recipe again with this version.",
        ) from exc


def entry_from_row(
    row: Row[Any], candidate: Callable[[str], Candidate] = candidate_from_json
) -> QueueEntry:
    """The queue's row as a value; ``candidate`` reads the candidate in it."""
    return QueueEntry(
        recipe=row.recipe,
        item_id=row.item_id,
        content_sha256=row.content_sha256,
        state=row.state,
        position=row.position,
        run_id=row.run_id,
        candidate=candidate(row.candidate),
        split=row.split,
    )


def event_from_row(row: Row[Any]) -> ReviewEvent:
    """The event's row as a value."""
    return ReviewEvent(
        event_id=row.event_id,
        recipe=row.recipe,
        item_id=row.item_id,
        content_sha256=row.content_sha256,
        reviewer=row.reviewer,
        role=row.role,
        decision=row.decision,
        reasons=tuple(json.loads(row.reasons)),
        comment=row.comment,
        edits=row.edits,
        ratings=tuple(Rating(**part) for part in json.loads(row.ratings)),
        marks=tuple(WrongMark(**part) for part in json.loads(row.marks)),
        answer=row.answer,
        seconds=row.seconds,
        created_at=row.created_at,
    )


def event_values(event: ReviewEvent) -> dict[str, Any]:
    """The columns of an event, all but its place in the sequence."""
    values = asdict(event)
    lists = {
        name: canonical(list(values[name])).decode("utf-8") for name in ("reasons", "ratings", "marks")
    }
    return {**values, **lists}


def batches(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """``rows`` in pieces that fit into one statement."""
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]


@cache
def candidate_adapter() -> TypeAdapter[Any]:
    """Reads and writes candidates; made once."""
    return TypeAdapter(Candidate)
