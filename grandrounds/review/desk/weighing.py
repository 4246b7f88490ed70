"""How pressing a candidate is, from its own row, so always the same."""

from __future__ import annotations

from grandrounds.recipe import Review
from grandrounds.records.envelope import Candidate

_QUEUE = "queue"


def weigh(candidate: Candidate, policy: Review) -> float:
    """The priority of ``candidate`` under ``policy``: larger is sooner."""
    return 0.0 if policy.order == _QUEUE else uncertainty(candidate)


def uncertainty(candidate: Candidate) -> float:
    """How unsure it is that the item is good, from 0: remarks of the gates, models that got it wrong, and
    models that differ."""
    votes = [vote.correct for vote in candidate.votes if not vote.blind]
    wrong = 1 - sum(votes) / len(votes) if votes else 0.0
    spread = 4 * wrong * (1 - wrong)
    return float(len(candidate.quality_flags)) + wrong + spread
