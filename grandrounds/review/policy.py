"""What the reviewers' decisions come to, for one candidate and for a whole recipe.

``none``: everything is accepted, and nothing is called reviewed. ``readers``: each candidate needs N
different reviewers of one mind; where they differ, an adjudicator decides. An adjudicator's decision
overrides the readers', and two adjudicators of different minds leave the item disputed. A candidate outside
the overlap needs one reader; one outside the sample of its split is taken unread, unless somebody decided
on it all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from grandrounds.errors import ReviewError
from grandrounds.needed_readers import UNKNOWN_SPLIT, readers_needed
from grandrounds.recipe import Recipe, Review
from grandrounds.records.envelope import Candidate
from grandrounds.records.parts import UNREAD
from grandrounds.records.review_event import EDIT, REJECT, ReviewEvent
from grandrounds.review.agreement import ReaderAgreement, agreement_in
from grandrounds.review.checks import ADJUDICATOR, REVIEWER, current_decisions
from grandrounds.review.edits import apply_edits, parse_edits
from grandrounds.review.store import ReviewStore, Snapshot

_NONE = "none"


class Outcome(StrEnum):
    """What a candidate has come to."""

    ACCEPTED = "accepted"
    ACCEPTED_EDITED = "accepted_edited"
    UNREAD = UNREAD
    REJECTED = "rejected"
    DISPUTED = "disputed"
    PENDING = "pending"


TAKEN = (Outcome.ACCEPTED, Outcome.ACCEPTED_EDITED, Outcome.UNREAD)
"""What goes into a release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What one candidate has come to, and by whose decisions.

    ``candidate`` is the row as accepted: edited where the outcome is ``accepted_edited``, as it was
    otherwise; ``candidate_id`` is the id it was asked under. ``decisions`` are the verdicts that
    stand, readers' and adjudicators'; ``wanted`` is how many readers it needs.
    """

    candidate_id: str
    outcome: Outcome
    candidate: Candidate
    decisions: tuple[ReviewEvent, ...]
    wanted: int
    adjudicated: bool = False

    @property
    def readers(self) -> tuple[ReviewEvent, ...]:
        """The verdicts of the readers."""
        return tuple(event for event in self.decisions if event.role == REVIEWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewStatus:
    """How far the review of a recipe is.

    ``counts`` has every outcome; ``by_reviewer`` counts the verdicts that stand. ``agreement`` is
    over all candidates with two readers or more. ``unmet`` says in
    sentences what still stands between the recipe and its release; ``met`` is that there is nothing.
    """

    recipe: str
    policy: Review
    candidates: int
    counts: Mapping[Outcome, int]
    by_reviewer: Mapping[str, int]
    agreement: ReaderAgreement
    unmet: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether the policy is met: nothing pending, nothing disputed, agreement high enough."""
        return not self.unmet

    @property
    def accepted(self) -> int:
        """How many candidates are accepted, edited ones and those taken unread included."""
        return sum(self.counts[outcome] for outcome in TAKEN)

    @property
    def shown(self) -> Mapping[Outcome, int]:
        """``counts`` without what can't be: nothing is taken unread where all is read."""
        return {name: count for name, count in self.counts.items() if count or name is not Outcome.UNREAD}

    @property
    def asked(self) -> int:
        """How many candidates people are to read, or have read."""
        return self.candidates - self.counts[Outcome.UNREAD]


def rule(
    candidate: Candidate, events: Iterable[ReviewEvent], policy: Review, *, split: str = UNKNOWN_SPLIT
) -> Ruling:
    """What ``candidate`` has come to. Events about other contents or other items count for nothing;
    the order of events of different reviewers doesn't matter."""
    wanted = readers_needed(candidate.item_id, policy, split=split)
    own = (event for event in events if event.item_id == candidate.item_id)
    decisions = tuple(current_decisions(own, candidate.content_sha256))
    adjudications = tuple(event for event in decisions if event.role == ADJUDICATOR)
    readings = tuple(event for event in decisions if event.role == REVIEWER)
    outcome, result = Outcome.ACCEPTED, candidate
    if policy.policy != _NONE:
        outcome, result = _weigh(candidate, readings, adjudications, readers=wanted)
    return Ruling(
        candidate_id=candidate.item_id,
        outcome=outcome,
        candidate=result,
        decisions=decisions,
        wanted=wanted,
        adjudicated=bool(adjudications) and policy.policy != _NONE,
    )


def rule_all(
    candidates: Iterable[Candidate],
    events: Iterable[ReviewEvent],
    policy: Review,
    *,
    splits: Mapping[str, str] | None = None,
) -> list[Ruling]:
    """The rulings on all ``candidates``, in their order. ``splits`` are by group id; a group that is not
    among them counts as test."""
    known = splits or {}
    pairs = ((candidate, known.get(candidate.group_id, UNKNOWN_SPLIT)) for candidate in candidates)
    return _rule_each(pairs, events, policy)


def rulings(now: Snapshot, policy: Review) -> list[Ruling]:
    """The rulings on everything that is asked, in the queue's order."""
    return _rule_each(((entry.candidate, entry.split) for entry in now.entries), now.events, policy)


def status(store: ReviewStore, recipe: Recipe | str, *, interval: bool = True) -> ReviewStatus:
    """How far the review of ``recipe`` is. A name alone takes the policy that came with the queue.

    ``interval=False`` leaves out the interval of the agreement, which takes seconds for thousands
    of candidates.
    """
    name, policy = policy_of(store, recipe)
    return status_of(name, policy, rulings(store.snapshot(name), policy), interval=interval)


def status_of(
    recipe: str, policy: Review, ruled: Sequence[Ruling], *, interval: bool = True
) -> ReviewStatus:
    """The status that ``ruled`` make."""
    found = Counter(ruling.outcome for ruling in ruled)
    counts = {outcome: found[outcome] for outcome in Outcome}
    people = Counter(event.reviewer for ruling in ruled for event in ruling.decisions)
    by_id = sorted(ruled, key=lambda ruling: ruling.candidate_id)
    agreement = agreement_in(
        ([event.decision for event in ruling.readers] for ruling in by_id), interval=interval
    )
    return ReviewStatus(
        recipe=recipe,
        policy=policy,
        candidates=len(ruled),
        counts=counts,
        by_reviewer=dict(sorted(people.items())),
        agreement=agreement,
        unmet=_unmet(policy, counts, agreement),
    )


def policy_of(store: ReviewStore, recipe: Recipe | str) -> tuple[str, Review]:
    """The name of ``recipe`` and its review policy. Raises ``ReviewError`` when that isn't known."""
    if isinstance(recipe, Recipe):
        return recipe.name, recipe.review
    policy = store.policy(recipe)
    if policy is None:
        known = store.recipes()
        if recipe not in known:
            raise ReviewError(
                f"There is no review queue of {recipe!r} in {store.shown}.",
                remedy=f"Run `grandrounds build {recipe}` first. Queues: {', '.join(known) or 'none'}.",
            )
        raise ReviewError(
            f"The queue of {recipe!r} does not say under which policy it is reviewed.",
            remedy=f"Run `grandrounds build {recipe}` again: that writes it.",
        )
    return recipe, policy


def _rule_each(
    pairs: Iterable[tuple[Candidate, str]], events: Iterable[ReviewEvent], policy: Review
) -> list[Ruling]:
    by_item: dict[str, list[ReviewEvent]] = {}
    for event in events:
        by_item.setdefault(event.item_id, []).append(event)
    return [
        rule(candidate, by_item.get(candidate.item_id, ()), policy, split=split)
        for candidate, split in pairs
    ]


def _weigh(
    candidate: Candidate,
    readings: Sequence[ReviewEvent],
    adjudications: Sequence[ReviewEvent],
    *,
    readers: int,
) -> tuple[Outcome, Candidate]:
    if not adjudications and len(readings) < readers:
        return Outcome.PENDING, candidate
    if not adjudications and not readings:
        return Outcome.UNREAD, candidate
    # Compared by what comes of the item, not by how the edits are worded.
    results = [_result(candidate, event) for event in adjudications or readings]
    if len({result and result.content_sha256 for result in results}) > 1:
        return Outcome.DISPUTED, candidate
    result = results[0]
    if result is None:
        return Outcome.REJECTED, candidate
    same = result.content_sha256 == candidate.content_sha256
    return (Outcome.ACCEPTED, candidate) if same else (Outcome.ACCEPTED_EDITED, result)


def _result(candidate: Candidate, event: ReviewEvent) -> Candidate | None:
    """What one decision would make of the candidate; ``None`` is a rejection."""
    if event.decision == REJECT:
        return None
    return apply_edits(candidate, parse_edits(event.edits)) if event.decision == EDIT else candidate


def _unmet(policy: Review, counts: Mapping[Outcome, int], agreement: ReaderAgreement) -> tuple[str, ...]:
    found = []
    if not sum(counts.values()):
        found.append("The queue is empty.")
    elif policy.policy != _NONE and counts[Outcome.UNREAD] == sum(counts.values()):
        found.append("No candidate is in the sample that people read, so nobody has read any.")
    pending, disputed = counts[Outcome.PENDING], counts[Outcome.DISPUTED]
    if pending:
        whom = policy.readers if policy.overlap == 1 else "their readers"
        found.append(f"Not read by {whom} yet: {_candidates(pending)}.")
    if disputed:
        found.append(f"Disputed, for an adjudicator to decide: {_candidates(disputed)}.")
    least = policy.minimum_agreement
    if policy.policy != _NONE and least > 0:
        reached = agreement.percent_agreement
        if reached is None:
            found.append(f"Agreement of {least:.0%} is asked, but no candidate has two readers.")
        elif reached < least:
            found.append(f"Readers agree on {reached:.1%}; {least:.0%} is asked.")
    return tuple(found)


def _candidates(count: int) -> str:
    return "1 candidate" if count == 1 else f"{count} candidates"
