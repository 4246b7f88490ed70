"""Reviewed candidates become items: the split, the dates and the review summary are added, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from typing import Protocol

from grandrounds.errors import ReleaseError
from grandrounds.records.envelope import Candidate, Item
from grandrounds.records.parts import UNREAD, ReviewSummary

NOT_REVIEWED = "not-reviewed"


class ReviewedCandidate(Protocol):
    """What review hands over: the candidate as edited, the id it was asked under, the summary."""

    @property
    def candidate(self) -> Candidate:
        """The candidate as reviewers left it."""

    @property
    def candidate_id(self) -> str:
        """The id it had before any edit."""

    @property
    def review(self) -> ReviewSummary:
        """What reviewers decided."""


_CANDIDATE_FIELDS = tuple(field.name for field in fields(Candidate))


def preview_items(candidates: Iterable[Candidate], *, splits: Mapping[str, str]) -> list[Item]:
    """The items of a preview, by id: never reviewed, never available.

    ``splits`` gives the split of each group id. Raises ``ReleaseError`` for a group without one.
    """
    summary = ReviewSummary(status=NOT_REVIEWED)
    return _sorted(
        _item(candidate, split=_split(candidate, splits), review=summary) for candidate in candidates
    )


def reviewed_items(
    accepted: Iterable[ReviewedCandidate],
    *,
    splits: Mapping[str, str],
    available_from: Mapping[str, date],
) -> list[Item]:
    """The items of accepted candidates, by id.

    ``available_from`` is by item id, as the split register's ``first_days`` gives it. Raises
    ``ReleaseError`` naming the candidate that lacks a split, a review summary or a day.
    """
    return _sorted(_reviewed(each, splits, available_from) for each in accepted)


def _reviewed(
    accepted: ReviewedCandidate, splits: Mapping[str, str], available_from: Mapping[str, date]
) -> Item:
    candidate = accepted.candidate
    if accepted.review.status == NOT_REVIEWED:
        raise ReleaseError(
            f"Candidate {candidate.item_id} has no review summary.",
            remedy="Only accepted candidates become items of a reviewed release.",
        )
    if candidate.item_id not in available_from:
        raise ReleaseError(
            f"Candidate {candidate.item_id} has no day on which it becomes available.",
            remedy="Ask the split register for first_days() with the day of the release.",
        )
    return _item(
        candidate,
        split=_split(candidate, splits),
        review=accepted.review,
        candidate_id=accepted.candidate_id,
        available_from=available_from[candidate.item_id],
    )


def _item(
    candidate: Candidate,
    *,
    split: str,
    review: ReviewSummary,
    candidate_id: str = "",
    available_from: date | None = None,
) -> Item:
    return Item(
        **{name: getattr(candidate, name) for name in _CANDIDATE_FIELDS},
        candidate_id=candidate_id or candidate.item_id,
        split=split,
        reviewed=review.status not in {NOT_REVIEWED, UNREAD},
        review=review,
        available_from=available_from,
    )


def _split(candidate: Candidate, splits: Mapping[str, str]) -> str:
    if candidate.group_id not in splits:
        raise ReleaseError(
            f"Group {candidate.group_id} of candidate {candidate.item_id} has no split.",
            remedy="Assign all groups with the split register first.",
        )
    return splits[candidate.group_id]


def _sorted(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item.item_id)
