"""How many readers a candidate needs under a review policy: asked by the desk, the rulings and releases."""

from __future__ import annotations

from grandrounds.fingerprint import unit_interval
from grandrounds.recipe import Review

UNKNOWN_SPLIT = "test"
"""What a group counts as while it has no split: the one that people measure with."""


def readers_needed(item_id: str, policy: Review, *, split: str = UNKNOWN_SPLIT) -> int:
    """The readers that the candidate ``item_id`` of ``split`` needs.

    0: it is outside the split's sample (or the policy asks for nobody) and is taken unread. All the
    policy's readers: it is in the overlap. 1: it is not. The id alone decides which, so nobody can choose,
    everybody who asks is told the same, and a larger share takes in what a smaller one did.
    """
    if policy.policy == "none" or unit_interval("sample", item_id) >= _share(policy, split):
        return 0
    return policy.readers if unit_interval("overlap", item_id) < policy.overlap else 1


def differs_by_split(policy: Review) -> bool:
    """Whether it matters to ``policy`` which split a candidate is in."""
    shares = {policy.sample.train, policy.sample.dev, policy.sample.test}
    return policy.policy != "none" and len(shares) > 1


def _share(policy: Review, split: str) -> float:
    shares = {"train": policy.sample.train, "dev": policy.sample.dev}
    return shares.get(split, policy.sample.test)
