"""From candidates and decisions to what is accepted, what is rejected, and what is still open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grandrounds.fingerprint import content_id
from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import ReviewSummary
from grandrounds.records.rejection import Rejection
from grandrounds.records.review_event import ACCEPT, EDIT, REJECT, ReviewEvent
from grandrounds.review.checks import ADJUDICATOR
from grandrounds.review.policy import TAKEN, Outcome, Ruling, rule_all
from grandrounds.review.rows import candidate_to_json

NOT_REVIEWED = "not-reviewed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """An accepted candidate, edited where reviewers edited it.

    ``candidate_id`` is the id it was asked under; ``candidate.item_id`` differs from it only where
    the edits changed what is asked or what is right.
    """

    candidate: Candidate
    candidate_id: str
    review: ReviewSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became of each candidate: exactly one of the three.

    ``undecided`` are those pending or disputed; a release is due only when there are none.
    """

    reviewed: tuple[Reviewed, ...]
    rejections: tuple[Rejection, ...]
    undecided: tuple[Candidate, ...]


def accept(
    candidates: Iterable[Candidate],
    events: Iterable[ReviewEvent],
    policy: Review,
    *,
    splits: Mapping[str, str] | None = None,
) -> Accepted:
    """Sort ``candidates`` by what ``events`` decided under ``policy``; each list keeps their order.
    ``splits`` are by group id, for policies that sample by split.

    Raises ``ReviewError`` when stored edits can't be read.
    """
    return sort_out(rule_all(candidates, events, policy, splits=splits), policy)


def carry_over(accepted: Accepted) -> Accepted:
    """``accepted`` for a release that doesn't wait: what is undecided is passed over by it, with the
    reason, and stays in the queue."""
    waiting = tuple(_carried_over(row) for row in accepted.undecided)
    return Accepted(reviewed=accepted.reviewed, rejections=(*accepted.rejections, *waiting), undecided=())


def sort_out(ruled: Sequence[Ruling], policy: Review) -> Accepted:
    """``accept`` for those who hold the rulings already.

    Two candidates that edits made into the same item are one item: the one that was so from the
    start stays, else the one with the smaller id; the other is rejected as a duplicate.
    """
    good = [ruling for ruling in ruled if ruling.outcome in TAKEN]
    keepers: dict[str, str] = {}
    for ruling in sorted(good, key=lambda r: (r.candidate.item_id != r.candidate_id, r.candidate_id)):
        keepers.setdefault(ruling.candidate.item_id, ruling.candidate_id)
    reviewed, rejections, undecided = [], [], []
    for ruling in ruled:
        if ruling.outcome is Outcome.REJECTED:
            rejections.append(_rejected(ruling))
        elif ruling.outcome in {Outcome.PENDING, Outcome.DISPUTED}:
            undecided.append(ruling.candidate)
        elif keepers[ruling.candidate.item_id] != ruling.candidate_id:
            rejections.append(_twin(ruling, keepers[ruling.candidate.item_id]))
        else:
            reviewed.append(
                Reviewed(
                    candidate=ruling.candidate,
                    candidate_id=ruling.candidate_id,
                    review=summary(ruling, policy),
                )
            )
    return Accepted(reviewed=tuple(reviewed), rejections=tuple(rejections), undecided=tuple(undecided))


def summary(ruling: Ruling, policy: Review) -> ReviewSummary:
    """The numbers behind a ruling. ``readers`` are the different people who read it as reviewers;
    ``accepted`` of them took it as it was, ``edited`` took it with edits. What was taken unread says so."""
    if policy.policy == "none":
        return ReviewSummary(status=NOT_REVIEWED)
    read = Counter(event.decision for event in ruling.readers)
    return ReviewSummary(
        status=ruling.outcome.value,
        readers=len(ruling.readers),
        accepted=read[ACCEPT],
        rejected=read[REJECT],
        edited=read[EDIT],
        adjudicated=ruling.adjudicated,
        reviewers=tuple(sorted({event.reviewer for event in ruling.decisions})),
    )


def _rejected(ruling: Ruling) -> Rejection:
    deciding = [event for event in ruling.decisions if event.role == ADJUDICATOR] or list(ruling.readers)
    who = "An adjudicator" if ruling.adjudicated else f"{len(deciding)} of {len(deciding)} readers"
    said = sorted({reason for event in deciding for reason in event.reasons})
    words = [event.comment.strip() for event in deciding if event.comment.strip()]
    why = "; ".join([*said, *words]).rstrip(" .") or "no reason given"
    gate = "adjudicator" if ruling.adjudicated else "readers"
    return _rejection(ruling.candidate, ruling.candidate_id, gate=gate, reason=f"{who} rejected it: {why}.")


def _twin(ruling: Ruling, keeper: str) -> Rejection:
    return _rejection(
        ruling.candidate,
        ruling.candidate_id,
        gate="duplicates",
        reason=f"The reviewers' edits made it the same item as candidate {keeper}.",
    )


def _carried_over(row: Candidate) -> Rejection:
    return _rejection(
        row, row.item_id, gate="carried_over", reason="It waits for readers, and is carried over."
    )


def _rejection(row: Candidate, candidate_id: str, *, gate: str, reason: str) -> Rejection:
    return Rejection(
        rejection_id=content_id("rejection", [row.recipe, "review", gate, candidate_id, reason]),
        recipe=row.recipe,
        stage="review",
        gate=gate,
        reason=reason,
        subject_id=candidate_id,
        source_id=row.source_id,
        evidence_id=row.evidence_id,
        task=row.task,
        row=candidate_to_json(row),
    )
