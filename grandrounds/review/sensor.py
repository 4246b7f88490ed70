"""When a reviewed recipe is due for a release. Plain data: the sensor that asks is Dagster's affair."""

from __future__ import annotations

from dataclasses import dataclass

from grandrounds.fingerprint import content_id
from grandrounds.recipe import Recipe
from grandrounds.review.accept import sort_out
from grandrounds.review.policy import Outcome, policy_of, rulings, status_of
from grandrounds.review.store import ReviewStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """A release that is due: ``key`` names the accepted set, so each set is published once."""

    recipe: str
    key: str
    accepted: int
    rejected: int


def publishable(
    store: ReviewStore, recipe: Recipe | str, *, carry_over: bool = False
) -> PublishRequest | None:
    """The release that is due for ``recipe``, or ``None``. With ``carry_over`` what is still open is left
    to a later one.

    ``None`` while anything is pending or disputed or agreement is too low, when nothing was
    accepted, and for a recipe without review (its build makes the preview itself).
    """
    name, policy = policy_of(store, recipe)
    if policy.policy == "none":
        return None
    ruled = rulings(store.snapshot(name), policy)
    if carry_over:
        ruled = [ruling for ruling in ruled if ruling.outcome not in {Outcome.PENDING, Outcome.DISPUTED}]
    if not status_of(name, policy, ruled, interval=False).met:
        return None
    sorted_out = sort_out(ruled, policy)
    if not sorted_out.reviewed:
        return None
    accepted = sorted(
        [made.candidate_id, made.candidate.item_id, made.candidate.content_sha256]
        for made in sorted_out.reviewed
    )
    return PublishRequest(
        recipe=name,
        key=content_id("publish", [name, accepted]),
        accepted=len(accepted),
        rejected=len(sorted_out.rejections),
    )
